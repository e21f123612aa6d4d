"""Agents: who works here, what they are doing, their log-in sessions, and the tokens of the API.

Secrets are never here: a session and a token are known by the SHA-256 of what their holder shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from gateway.record.db import Connection, Database, statements
from gateway.record.timeline import Actor

SQL = statements("agents")


@dataclass(frozen=True, slots=True)
class Reach:
    """Which cases exist for somebody: their own always, and those of these queues and sites; empty means all."""

    agent: str | None = None
    queues: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()

    def holds(self, queue: str, site: str | None, assignee: str | None) -> bool:
        """Whether a case is within reach."""
        if self.agent is not None and assignee == self.agent:
            return True
        return (not self.queues or queue in self.queues) and (not self.sites or site in self.sites)

    @property
    def given(self) -> dict[str, Any]:
        """The same, as parameters of statements that list cases."""
        return {"reaching": self.agent, "queues": list(self.queues), "sites": list(self.sites)}


EVERYTHING = Reach()


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as the console and the dispatcher see one."""

    id: str
    name: str
    email: str
    phone: str | None
    role: str
    line: int
    languages: tuple[str, ...]
    skills: tuple[str, ...]
    queues: tuple[str, ...]
    sites: tuple[str, ...]
    region: str | None
    max_calls: int
    max_cases: int
    language: str
    theme: str
    activity: str
    activity_at: datetime
    disabled_at: datetime | None

    @property
    def may_work(self) -> bool:
        return self.disabled_at is None

    @property
    def reach(self) -> Reach:
        """Which cases exist for this agent."""
        return Reach(self.id, self.queues, self.sites)


@dataclass(frozen=True, slots=True)
class Credentials:
    agent: str
    password_hash: str | None
    totp_secret: str | None


@dataclass(frozen=True, slots=True)
class Token:
    """An API token's holder: `for_id` is an agent's or an owner's id; no `scopes` means all that the role may."""

    id: int
    role: str
    for_id: str | None
    scopes: Sequence[str] | None = None


async def find(db: Database, agent: str) -> Agent | None:
    row = await db.row(SQL["find"], {"id": agent})
    return _agent(row) if row else None


async def within(conn: Connection, agent: str) -> Agent | None:
    """An agent as a transaction sees them."""
    row = await (await conn.execute(SQL["find"], {"id": agent})).fetchone()
    return _agent(row) if row else None


async def everyone(db: Database) -> list[Agent]:
    """All agents, by id."""
    return [_agent(row) for row in await db.rows(SQL["everyone"])]


async def credentials(db: Database, email: str) -> Credentials | None:
    """What a log-in with this address is checked against; None for the unknown and the disabled."""
    row = await db.row(SQL["credentials"], {"email": email})
    return Credentials(row["id"], row["password_hash"], row["totp_secret"]) if row else None


async def set_password(db: Database, agent: str, password_hash: str) -> bool:
    """Give an agent a new password and end all their sessions; False when there is no such agent."""
    async with db.transaction() as connection:
        changed = await connection.execute(SQL["set_password"], {"id": agent, "hash": password_hash})
        await connection.execute(SQL["end_sessions"], {"agent": agent})
        return changed.rowcount == 1


async def set_activity(connection: Connection, agent: str, activity: str) -> bool:
    """Say what an agent is doing: available, busy, away or offline. False when there is no such agent."""
    cursor = await connection.execute(SQL["set_activity"], {"id": agent, "activity": activity})
    return cursor.rowcount == 1


async def set_preferences(db: Database, agent: str, *, language: str | None = None, theme: str | None = None) -> None:
    async with db.connection() as connection:
        await connection.execute(SQL["set_preferences"], {"id": agent, "language": language, "theme": theme})


async def session(db: Database, key: bytes, now: datetime) -> dict[str, Any] | None:
    """What a session holds; None when it does not exist or has expired."""
    row = await db.row(SQL["session"], {"id": key, "now": now})
    return row["data"] if row else None


async def keep_session(
    db: Database, key: bytes, agent: str | None, data: Mapping[str, Any], now: datetime, expires: datetime
) -> None:
    async with db.connection() as connection:
        await connection.execute(
            SQL["keep_session"], {"id": key, "agent": agent, "data": Jsonb(data), "now": now, "expires": expires}
        )


async def end_session(db: Database, key: bytes) -> None:
    async with db.connection() as connection:
        await connection.execute(SQL["end_session"], {"id": key})


async def token(db: Database, hashed: bytes) -> Token | None:
    """Whose token this is; None when it is unknown or revoked."""
    row = await db.row(SQL["token"], {"hash": hashed})
    return Token(**row) if row else None


async def add_token(
    db: Database, hashed: bytes, role: str, for_id: str | None, name: str | None, by: Actor, now: datetime
) -> int:
    """Let a token in; returns its id. Creating one is on the audit."""
    async with db.transaction() as connection:
        parameters = {"hash": hashed, "role": role, "for": for_id, "name": name, "now": now}
        row = await (await connection.execute(SQL["add_token"], parameters)).fetchone()
        assert row is not None
        await connection.execute(SQL["audit"], _audit("token_created", str(row["id"]), {"role": role}, by, now))
        return int(row["id"])


async def tokens(db: Database) -> list[DictRow]:
    """The tokens that are not revoked: id, role, for whom, for which system, since when."""
    return await db.rows(SQL["tokens"])


async def revoke_token(db: Database, token_id: int, by: Actor, now: datetime) -> bool:
    """End a token; False when it was unknown or ended before."""
    async with db.transaction() as connection:
        cursor = await connection.execute(SQL["revoke_token"], {"id": token_id, "now": now})
        if cursor.rowcount:
            await connection.execute(SQL["audit"], _audit("token_revoked", str(token_id), {}, by, now))
        return cursor.rowcount == 1


def _audit(act: str, object_id: str, data: Mapping[str, Any], by: Actor, now: datetime) -> dict[str, Any]:
    return {"now": now, "actor_kind": by.kind, "actor": by.id, "act": act, "object": object_id, "data": Jsonb(data)}


def _agent(row: Mapping[str, Any]) -> Agent:
    lists = {name: tuple(row[name]) for name in ("languages", "skills", "queues", "sites")}
    return Agent(**{**row, **lists})
