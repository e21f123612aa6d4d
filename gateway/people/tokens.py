"""Tokens for the API: the commands `token create|list|revoke`, and what the page of keys shares with them. A token is
shown once and never stored.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from gateway.clock import SystemClock
from gateway.config import Config
from gateway.record import agents, imports
from gateway.record.db import Database, opened
from gateway.record.timeline import SYSTEM, Actor

PREFIX = "swy_"
ROLES = ("agent", "lead", "manager", "owner", "admin", "platform")


class UnknownRole(ValueError):
    """No token has this role, or whom it is for is missing or unknown."""


async def create(config: Config, role: str, for_id: str | None = None, name: str | None = None) -> str:
    """Make a token and return it. Raises UnknownRole; Unavailable when the database is away."""
    async with opened(config.direct_url) as db:
        return await make(db, role, for_id, name, SYSTEM, SystemClock().now())


async def make(db: Database, role: str, for_id: str | None, name: str | None, by: Actor, now: datetime) -> str:
    """Make a token, `name` says for which system, and return it. Raises UnknownRole; Unavailable."""
    if role not in ROLES:
        raise UnknownRole(f"role must be one of {', '.join(ROLES)}")
    if role == "owner" and not for_id:
        raise UnknownRole("an owner's token needs --for OWNER")
    if for_id and not await _exists(db, role, for_id):
        raise UnknownRole(f"there is no {'owner' if role == 'owner' else 'agent'} {for_id}")
    token = new_token()
    await agents.add_token(db, hashed(token), role, for_id, name, by, now)
    return token


async def everyone(config: Config) -> list[str]:
    """The tokens that are worth something, one line each. Raises Unavailable."""
    async with opened(config.direct_url) as db:
        return [
            f"{one['id']}  {one['role']}  {one['for_id'] or '–'}  since {one['created_at'].date().isoformat()}"
            f"{'  ' + one['name'] if one['name'] else ''}"
            for one in await agents.tokens(db)
        ]


async def revoke(config: Config, number: int) -> bool:
    """Make a token worthless at once; False when there is none of that number, or not any more. Raises Unavailable."""
    async with opened(config.direct_url) as db:
        return await agents.revoke_token(db, number, SYSTEM, SystemClock().now())


def new_token() -> str:
    """A fresh token of 256 bits; shown once."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(token: str) -> bytes:
    """Under which the record knows a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def _exists(db: Database, role: str, for_id: str) -> bool:
    if role == "owner":
        return ("owner", for_id) in await imports.known(db)
    return await agents.find(db, for_id) is not None
