"""Tokens for the API: `token create ROLE [--for ID]`. The token is shown once and never stored."""

from __future__ import annotations

from gateway.clock import SystemClock
from gateway.config import Config
from gateway.record import agents
from gateway.record.db import Database
from gateway.web.bearer import hashed, new_token

ROLES = ("agent", "lead", "manager", "owner", "admin", "platform")


class UnknownRole(ValueError):
    """No token has this role, or it must say whom it is for."""


async def create(config: Config, role: str, for_id: str | None = None) -> str:
    """Make a token and return it. Raises UnknownRole; Unavailable when the database is away."""
    if role not in ROLES:
        raise UnknownRole(f"role must be one of {', '.join(ROLES)}")
    if role == "owner" and not for_id:
        raise UnknownRole("an owner's token needs --for OWNER")
    token = new_token()
    db = Database(config.database_url or "", size=1)
    await db.open()
    try:
        await agents.add_token(db, hashed(token), role, for_id, SystemClock().now())
    finally:
        await db.close()
    return token
