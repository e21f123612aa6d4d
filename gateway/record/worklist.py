"""What the console lists: the cases to work on, in the order in which they should be worked on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gateway.record.agents import EVERYTHING, Reach
from gateway.record.cases import OPEN, Listed, case_of
from gateway.record.db import Database, statements

SQL = statements("worklist")


async def work(
    db: Database,
    *,
    queue: str | None = None,
    assignee: str | None = None,
    free: bool = False,
    called: str | None = None,
    reach: Reach = EVERYTHING,
    narrowed: Mapping[str, Any] = MappingProxyType({}),
    offset: int = 0,
    limit: int = 100,
) -> tuple[list[Listed], int]:
    """Open cases of a queue or an agent, or (`free`) those that nobody holds, and how many there are in all.

    `called` are those in which that agent is named in a note and has not looked yet; `narrowed` asks for a priority,
    line, category or site.
    """
    given = {
        "status": list(OPEN),
        "queue": queue,
        "assignee": assignee,
        "free": free,
        "called": called,
        **reach.given,
        **{name: narrowed.get(name) for name in ("priority", "line", "category", "site")},
        "offset": offset,
        "limit": limit,
    }
    rows = await db.rows(SQL["work"], given)
    return [_listed(row) for row in rows], rows[0]["total"] if rows else 0


async def counts(db: Database, agent: str, reach: Reach = EVERYTHING) -> Mapping[str, int]:
    """How many open cases there are: all, mine, unassigned, urgent (P1)."""
    row = await db.row(SQL["counts"], {"agent": agent, **reach.given})
    assert row is not None
    return row


def _listed(row: Mapping[str, Any]) -> Listed:
    return Listed(
        case=case_of(row),
        channels=tuple(row["channels"]),
        reports=row["reports"],
        subject=row["subject"],
        text=row["text"],
        sender_name=row["sender_name"],
        reasons=row["reasons"] or {},
    )
