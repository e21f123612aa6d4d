"""Cases as they are read: a row, a list of them, and everything about one.

Nothing here changes anything; the verbs of `gateway.desk` and `gateway.intake` do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from gateway.casenumber import number
from gateway.record.agents import EVERYTHING, Reach
from gateway.record.db import Connection, Database, statements

SQL = statements("cases")
TIMELINE = statements("timeline")
OPEN = ("open", "assigned", "waiting", "planned")


@dataclass(frozen=True, slots=True)
class Case:
    """One row of `cases`; every time is aware."""

    id: int
    status: str
    line: int
    queue: str
    priority: str
    category: str
    language: str
    fault_code: str | None
    charger_id: str | None
    site_id: str | None
    owner_id: str | None
    sla_level: str
    timezone: str
    whole_site: bool
    mass: bool
    incident: bool
    opened_at: datetime
    last_report_at: datetime
    first_response_at: datetime | None
    concluded_at: datetime | None
    confirmed_at: datetime | None
    closed_at: datetime | None
    reopened_at: datetime | None
    due_first_response: datetime | None
    due_line: datetime | None
    due_next_update: datetime | None
    due_solution: datetime | None
    waiting_until: datetime | None
    paused_at: datetime | None
    told_solution: datetime | None
    assignee: str | None
    assigned_at: datetime | None
    disposition: str | None
    merged_into: int | None
    version: int
    muted: bool

    @property
    def number(self) -> str:
        return number(self.id)

    @property
    def due(self) -> Mapping[str, datetime | None]:
        """The targets still to be met; None where one is met or does not count."""
        return {
            "first_response": self.due_first_response,
            "next_update": self.due_next_update,
            "solution": self.due_solution,
        }

    @property
    def due_at(self) -> datetime | None:
        """The earliest unmet target."""
        return min((moment for moment in self.due.values() if moment), default=None)


@dataclass(frozen=True, slots=True)
class Listed:
    """A case in a list, with what its first report said and by which channels people reported."""

    case: Case
    channels: tuple[str, ...]
    reports: int
    subject: str | None
    text: str | None
    sender_name: str | None
    reasons: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filters:
    """What to list; None means all."""

    status: tuple[str, ...] | None = None
    queue: str | None = None
    line: int | None = None
    priority: str | None = None
    category: str | None = None
    charger: str | None = None
    site: str | None = None
    owner: str | None = None
    assignee: str | None = None
    case: int | None = None
    q: str | None = None
    reach: Reach = EVERYTHING


@dataclass(frozen=True, slots=True)
class FullCase:
    """Everything about a case; the mappings are rows of the statements of `cases.sql`."""

    listed: Listed
    reports: Sequence[Mapping[str, Any]]
    attachments: Sequence[Mapping[str, Any]]
    timeline: Sequence[Mapping[str, Any]]
    notes: Sequence[Mapping[str, Any]]
    messages: Sequence[Mapping[str, Any]]
    neighbours: Sequence[Case]


@dataclass(frozen=True, slots=True)
class QueueCount:
    queue: str
    priority: str
    open: int
    waiting: int
    longest: datetime | None
    late: int


NAMES = tuple(entry.name for entry in fields(Case))


def case_of(row: Mapping[str, Any]) -> Case:
    return Case(*(row[name] for name in NAMES))


async def find(db: Database, case: int) -> Case | None:
    row = await db.row(SQL["find"], {"case": case})
    return case_of(row) if row else None


async def lock(conn: Connection, case: int) -> Case | None:
    """The case, held against every other verb until the transaction ends."""
    row = await (await conn.execute(SQL["lock"], {"case": case})).fetchone()
    return case_of(row) if row else None


async def listing(
    db: Database, filters: Filters, limit: int, before: tuple[datetime, int] | None = None
) -> tuple[list[Listed], tuple[datetime, int] | None]:
    """A page of cases, newest report first, and where the next page starts (None at the end)."""
    parameters = {name: getattr(filters, name) for name in filters.__slots__ if name != "reach"} | {
        **filters.reach.given,
        "status": list(filters.status) if filters.status else None,
        "before_at": before[0] if before else None,
        "before_id": before[1] if before else None,
        "limit": limit + 1,
    }
    async with db.connection() as conn:
        rows = await (await conn.execute(SQL["listing"], parameters)).fetchall()
        cases = [case_of(row) for row in rows]
        found = await _listed(conn, cases[:limit])
    following = (found[-1].case.last_report_at, found[-1].case.id) if len(cases) > limit else None
    return found, following


async def full(db: Database, case: int) -> FullCase | None:
    """Everything about one case, read in one snapshot."""
    async with db.snapshot() as conn:
        row = await (await conn.execute(SQL["find"], {"case": case})).fetchone()
        if row is None:
            return None
        parameters = {"case": case, "site": row["site_id"]}
        listed = (await _listed(conn, [case_of(row)]))[0]
        rows = {
            name: await (await conn.execute(statement, parameters)).fetchall()
            for name, statement in {
                "reports": SQL["reports"],
                "attachments": SQL["attachments"],
                "timeline": TIMELINE["of_case"],
                "notes": SQL["notes"],
                "messages": SQL["messages"],
                "neighbours": SQL["neighbours"],
            }.items()
        }
    neighbours = [case_of(row) for row in rows.pop("neighbours")]
    return FullCase(listed=listed, neighbours=neighbours, **rows)


async def said(db: Database, case: int, limit: int) -> list[Mapping[str, Any]]:
    """What the first who reported a case said; not what a charger sent, was erased or could not be read."""
    return list(await db.rows(SQL["said"], {"case": case, "limit": limit}))


async def board(db: Database, now: datetime) -> list[QueueCount]:
    """Open cases by queue and priority: how many, how many wait, since when, how many are late."""
    return [QueueCount(**row) for row in await db.rows(SQL["board"], {"now": now})]


async def _listed(conn: Connection, cases: Sequence[Case]) -> list[Listed]:
    parameters = {"cases": [case.id for case in cases]}
    channels = {r["case_id"]: r for r in await (await conn.execute(SQL["channels"], parameters)).fetchall()}
    first = {r["case_id"]: r for r in await (await conn.execute(SQL["first_reports"], parameters)).fetchall()}
    listed = []
    for case in cases:
        counted, opening = channels.get(case.id, {}), first.get(case.id, {})
        listed.append(
            Listed(
                case=case,
                channels=tuple(counted.get("channels", ())),
                reports=counted.get("reports", 0),
                subject=opening.get("subject"),
                text=opening.get("text"),
                sender_name=opening.get("sender_name"),
                reasons=opening.get("reasons", {}),
            )
        )
    return listed
