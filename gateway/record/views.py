"""What agents keep for themselves and each other: saved lists, and who was named in a note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.record.db import Connection, Database, statements

SQL = statements("views")


@dataclass(frozen=True, slots=True)
class View:
    """A saved list; `query` is its address without its path."""

    id: int
    agent_id: str
    name: str
    query: str
    shared: bool


async def saved(db: Database, agent: str) -> list[View]:
    """An agent's own lists, then those that are everybody's."""
    return [View(**row) for row in await db.rows(SQL["saved"], {"agent": agent})]


async def save(db: Database, agent: str, name: str, query: str, shared: bool, now: datetime) -> None:
    """Keep a list; one's own of the same name is replaced."""
    given = {"agent": agent, "name": name, "query": query, "shared": shared, "now": now}
    await db.run(SQL["save"], given)


async def remove(db: Database, agent: str, view: int, leads: bool) -> None:
    """Forget a list: one's own, or for those who lead, one that is everybody's."""
    await db.run(SQL["remove"], {"agent": agent, "view": view, "leads": leads})


async def mention(conn: Connection, note: int, case: int, agents: Sequence[str]) -> list[str]:
    """Put colleagues' names on a note; returns those who work here."""
    given = {"note": note, "case": case, "agents": list(agents)}
    return [row["agent_id"] for row in await (await conn.execute(SQL["mention"], given)).fetchall()]


async def seen(db: Database, agent: str, case: int, now: datetime) -> None:
    """The agent has looked at the case that they were called to."""
    await db.run(SQL["seen"], {"agent": agent, "case": case, "now": now})


async def mentioned(db: Database, agent: str) -> int:
    """How many cases an agent was called to and has not looked at."""
    row = await db.row(SQL["mentioned"], {"agent": agent})
    return int(row["cases"]) if row else 0
