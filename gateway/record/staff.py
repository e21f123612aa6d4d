"""What the house decides about its agents, their sessions and second factor. Every change of rights is on the audit.

A change of role, reach or credentials ends the agent's sessions in the same transaction: an open page is asked to log
in again, an open stream ends within seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from gateway.record.agents import SQL as AGENTS
from gateway.record.agents import find
from gateway.record.db import Connection, Database, statements
from gateway.record.timeline import Actor

SQL = statements("staff")
RIGHTS = ("role", "queues", "sites")


class AddressTaken(Exception):
    """Another agent logs in with this address."""


async def save(db: Database, fields: Mapping[str, Any], by: Actor, now: datetime) -> None:
    """Take in an agent, new or known; `fields` are the columns that the house decides."""
    before = await find(db, fields["id"])
    async with db.transaction() as conn:
        try:
            await conn.execute(SQL["save"], fields)
        except psycopg.errors.UniqueViolation:
            raise AddressTaken from None
        changed = [name for name in RIGHTS if before and _plain(getattr(before, name)) != _plain(fields[name])]
        if changed:
            await conn.execute(SQL["end_sessions"], {"id": fields["id"], "but": None})
        data = {"role": fields["role"], "changed": changed}
        await audit(conn, "agent_changed" if before else "agent_added", fields["id"], data, by, now)


async def disable(db: Database, agent: str, by: Actor, now: datetime) -> bool:
    """Let somebody go: all sessions end, and every token of theirs is worth nothing."""
    async with db.transaction() as conn:
        gone = (await conn.execute(SQL["disable"], {"id": agent})).rowcount == 1
        await conn.execute(SQL["end_sessions"], {"id": agent, "but": None})
        if gone:
            await audit(conn, "agent_disabled", agent, {}, by, now)
    return gone


async def enable(db: Database, agent: str, by: Actor, now: datetime) -> bool:
    async with db.transaction() as conn:
        back = (await conn.execute(SQL["enable"], {"id": agent})).rowcount == 1
        if back:
            await audit(conn, "agent_enabled", agent, {}, by, now)
    return back


async def set_password(
    db: Database, agent: str, hashed: str, by: Actor, now: datetime, keep: bytes | None = None
) -> bool:
    """Give an agent a password; their sessions end, all but `keep`."""
    async with db.transaction() as conn:
        known = (await conn.execute(AGENTS["set_password"], {"id": agent, "hash": hashed})).rowcount == 1
        await conn.execute(SQL["end_sessions"], {"id": agent, "but": keep})
        if known:
            await audit(conn, "password_set", agent, {}, by, now)
    return known


async def secrets_of(db: Database, agent: str) -> Mapping[str, Any]:
    """What an agent's own page is made of; the hashes and secrets themselves never leave the house."""
    row = await db.row(SQL["secrets"], {"id": agent})
    assert row is not None
    return row


async def propose_totp(db: Database, agent: str, secret: str) -> None:
    """Keep a second factor that counts only once a code of it was shown."""
    await db.run(SQL["propose_totp"], {"id": agent, "secret": secret})


async def confirm_totp(
    db: Database, agent: str, step: int, hashes: Sequence[bytes], now: datetime, keep: bytes | None
) -> bool:
    """The proposed second factor counts from now on, with these recovery codes; other sessions end."""
    async with db.transaction() as conn:
        given = {"id": agent, "step": step, "hashes": list(hashes)}
        if (await conn.execute(SQL["confirm_totp"], given)).rowcount == 0:
            return False
        await conn.execute(SQL["end_sessions"], {"id": agent, "but": keep})
        await audit(conn, "totp_begun", agent, {}, Actor("agent", agent), now)
    return True


async def end_totp(db: Database, agent: str, by: Actor, now: datetime) -> None:
    """Log in without a second factor again."""
    async with db.transaction() as conn:
        await conn.execute(SQL["end_totp"], {"id": agent})
        await audit(conn, "totp_ended", agent, {}, by, now)


async def use_step(db: Database, agent: str, step: int) -> bool:
    """Spend a one-time code; False when it, or a later one, was spent before."""
    return await db.run(SQL["use_step"], {"id": agent, "step": step}) == 1


async def use_recovery(db: Database, agent: str, hashed: bytes, now: datetime) -> bool:
    """Spend a recovery code; False when it is not one, or was spent before."""
    async with db.transaction() as conn:
        used = (await conn.execute(SQL["use_recovery"], {"id": agent, "hash": hashed})).rowcount == 1
        if used:
            await audit(conn, "recovery_used", agent, {}, Actor("agent", agent), now)
    return used


async def sessions(db: Database, agent: str, now: datetime) -> Sequence[Mapping[str, Any]]:
    """Where an agent is logged in, newest first."""
    return await db.rows(SQL["sessions"], {"id": agent, "now": now})


async def end_session(db: Database, agent: str, session: str) -> None:
    """End one of an agent's sessions, by the beginning of its hash."""
    await db.run(SQL["end_session"], {"id": agent, "session": session})


async def end_sessions(db: Database, agent: str, by: Actor, now: datetime, keep: bytes | None = None) -> None:
    """Log an agent out everywhere, but here when `keep` is the session here."""
    async with db.transaction() as conn:
        await conn.execute(SQL["end_sessions"], {"id": agent, "but": keep})
        await audit(conn, "sessions_ended", agent, {}, by, now)


async def audit(conn: Connection, act: str, about: str, data: Mapping[str, Any], by: Actor, now: datetime) -> None:
    """Write down who did what to whose rights, or heard what."""
    given = {"now": now, "actor_kind": by.kind, "actor": by.id, "act": act, "object": about, "data": Jsonb(dict(data))}
    await conn.execute(AGENTS["audit"], given)


async def acts(db: Database, limit: int = 50) -> Sequence[Mapping[str, Any]]:
    """The last entries of the audit."""
    return await db.rows(SQL["acts"], {"limit": limit})


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list | tuple) else value
