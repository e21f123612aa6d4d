"""Action proposals: what the 3rd line must know before anybody drives out. At most one stands for a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.record.db import Connection, Database, statements

SQL = statements("proposals")
FIELDS = ("fault", "parts", "tools", "access", "safety")


@dataclass(frozen=True, slots=True)
class Proposal:
    """The words are None when they were erased; the proposal stands all the same."""

    id: int
    agent_id: str | None
    at: datetime
    fault: str | None
    parts: str | None
    tools: str | None
    access: str | None
    safety: str | None


async def standing(db: Database, case: int) -> Proposal | None:
    """The proposal that a case may be handed to the 3rd line with."""
    row = await db.row(SQL["standing"], {"case": case})
    return Proposal(**row) if row else None


async def stands(conn: Connection, case: int) -> int | None:
    """The id of the proposal that stands, in the caller's transaction."""
    row = await (await conn.execute(SQL["standing"], {"case": case})).fetchone()
    return int(row["id"]) if row else None


async def file(conn: Connection, case: int, agent: str | None, words: Mapping[str, str], now: datetime) -> int:
    """Let a new proposal stand in the place of an older one; returns its id."""
    await end(conn, case, now)
    row = await (await conn.execute(SQL["add"], {"case": case, "agent": agent, "now": now})).fetchone()
    assert row is not None
    await conn.execute(SQL["add_contents"], {"proposal": row["id"], **{name: words[name] for name in FIELDS}})
    return int(row["id"])


async def end(conn: Connection, case: int, now: datetime) -> None:
    """The proposal of a case stands no longer."""
    await conn.execute(SQL["end"], {"case": case, "now": now})
