"""Visits at a site as they are read: of a case, behind a link, and for the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.casenumber import number
from gateway.record.db import Connection, Database, statements

SQL = statements("visits")


@dataclass(frozen=True, slots=True)
class Time:
    nth: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """`starts_at` and `ends_at` are None until one of `times` was chosen."""

    id: int
    case: int
    agent: str
    report: int | None
    token: str
    language: str
    state: str
    sequence: int
    starts_at: datetime | None
    ends_at: datetime | None
    changed_at: datetime
    verified: bool | None
    times: tuple[Time, ...] = ()

    @property
    def open(self) -> bool:
        return self.state in ("proposed", "booked")


@dataclass(frozen=True, slots=True)
class Link:
    """What whoever has the link of a visit may see."""

    visit: Visit
    case_status: str
    timezone: str
    site: str | None
    charger: str | None
    category: str
    report_token: str | None

    @property
    def number(self) -> str:
        return number(self.visit.case)


async def of_case(db: Database, case: int) -> list[Visit]:
    """All visits of a case, oldest first."""
    async with db.connection() as conn:
        rows = await (await conn.execute(SQL["of_case"], {"case": case})).fetchall()
        return [await _whole(conn, row) for row in rows]


async def by_token(db: Database, token: str) -> Link | None:
    """What a link shows; None when there is no such link."""
    if "\0" in token:
        return None
    async with db.connection() as conn:
        row = await (await conn.execute(SQL["by_token"], {"token": token})).fetchone()
        if row is None:
            return None
        return Link(
            await _whole(conn, row),
            row["case_status"],
            row["timezone"],
            row["site_id"],
            row["charger_id"],
            row["category"],
            row["report_token"],
        )


async def open_visit(conn: Connection, case: int) -> Visit | None:
    """The visit of a case that is not over, in the caller's transaction."""
    row = await (await conn.execute(SQL["open"], {"case": case})).fetchone()
    return await _whole(conn, row) if row else None


async def _whole(conn: Connection, row: dict[str, Any]) -> Visit:
    times = await (await conn.execute(SQL["times"], {"visit": row["id"]})).fetchall()
    return Visit(
        id=row["id"],
        case=row["case_id"],
        agent=row["agent_id"],
        report=row["report_id"],
        token=row["token"],
        language=row["language"],
        state=row["state"],
        sequence=row["sequence"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        changed_at=row["changed_at"],
        verified=row["verified"],
        times=tuple(Time(**time) for time in times),
    )
