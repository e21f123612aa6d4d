"""Who calls the API: a bearer token (RFC 6750) of the record, or the bootstrap token of the configuration.

A token is known by its SHA-256 alone; one that is revoked, unknown, or of an agent who left is worth nothing (401).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from aiohttp import web

from gateway.people.tokens import hashed
from gateway.record import agents
from gateway.web.keys import runtime_of
from gateway.web.problems import Problem


@dataclass(frozen=True, slots=True)
class Caller:
    """A token's holder. `token` names it in keys and limits; `agent` or `owner` is whom it speaks for.

    `scopes` narrow what its role may; None narrows nothing.
    """

    token: str
    role: str
    agent: str | None = None
    owner: str | None = None
    scopes: tuple[str, ...] | None = None


async def caller(request: web.Request) -> Caller:
    """Who asks. Raises Problem 401; Unavailable when the record that knows is away."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise _who()
    runtime = runtime_of(request)
    if hmac.compare_digest(hashed(token), hashed(runtime.config.admin_token)) and runtime.config.admin_token:
        return Caller("admin", "admin")
    known = await agents.token(runtime.db, hashed(token))
    if known is None:
        raise _who()
    mine = {"owner": known.for_id} if known.role == "owner" else {"agent": known.for_id}
    scopes = None if known.scopes is None else tuple(known.scopes)
    return Caller(str(known.id), known.role, **mine, scopes=scopes)


def _who() -> Problem:
    return Problem(401, "Send a valid token as Authorization: Bearer.", headers={"WWW-Authenticate": "Bearer"})
