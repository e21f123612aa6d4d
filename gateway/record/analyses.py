"""Fault analyses: what a line found out. At most one stands for a case; a newer one takes its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.record.db import Connection, Database, statements

SQL = statements("analyses")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: the component, its code if there is one, and in words the likely cause and what shows it."""

    component: str
    fault_code: str | None
    cause: str
    evidence: str
    reproduced: bool


@dataclass(frozen=True, slots=True)
class Analysis:
    """The words are None when they were erased; the analysis stands all the same."""

    id: int
    agent_id: str | None
    at: datetime
    component: str
    fault_code: str | None
    reproduced: bool
    cause: str | None
    evidence: str | None


async def standing(db: Database, case: int) -> Analysis | None:
    """What is known about the fault of a case."""
    async with db.connection() as conn:
        return await within(conn, case)


async def within(conn: Connection, case: int) -> Analysis | None:
    """The same in the caller's transaction."""
    row = await (await conn.execute(SQL["standing"], {"case": case})).fetchone()
    return Analysis(**row) if row else None


async def file(conn: Connection, case: int, agent: str | None, found: Finding, now: datetime) -> int:
    """Let a new analysis stand in the place of an older one; returns its id."""
    await conn.execute(SQL["end"], {"case": case, "now": now})
    codes = {"component": found.component, "fault_code": found.fault_code, "reproduced": found.reproduced}
    row = await (await conn.execute(SQL["add"], {"case": case, "agent": agent, "now": now, **codes})).fetchone()
    assert row is not None
    words = {"analysis": row["id"], "cause": found.cause, "evidence": found.evidence}
    await conn.execute(SQL["add_contents"], words)
    return int(row["id"])
