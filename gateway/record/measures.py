"""Figures as the database computes them, and the timeline entries from which they can be computed again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.record.db import Database, statements

SQL = statements("measures")
BATCH = 2000  # cases read at once


@dataclass(frozen=True, slots=True)
class Response:
    """Response times of the intervals that began in a period, in seconds. `key` None is the whole.

    `opened` counts the intervals, `answered` those with a human response; the figures are of the answered ones.
    """

    key: str | None
    opened: int
    answered: int
    total: float | None
    average: float | None
    median: float | None
    p90: float | None


async def response_times(
    db: Database, since: datetime, to: datetime, by: str | None, slot: int = 3600
) -> list[Response]:
    """The whole first, then a group for each value of `by`; by `slot`, keys are numbers of slots since 1970."""
    given = {"from": since, "to": to, "by": by, "slot": slot}
    rows = await db.rows(SQL["response_times"], given)
    kept = [row for row in rows if row["whole"] or by is not None]
    return [Response(**{name: row[name] for name in Response.__slots__}) for row in kept]


async def entries(db: Database) -> AsyncIterator[tuple[Sequence[Mapping[str, Any]], Mapping[int, datetime | None]]]:
    """The whole timeline in pieces: entries that matter to response times, and what the cases' columns say."""
    row = await db.row(SQL["last_case"])
    last = row["id"] if row else 0
    for after in range(0, last, BATCH):
        given = {"after": after, "upto": after + BATCH}
        columns = {one["id"]: one["first_response_at"] for one in await db.rows(SQL["columns"], given)}
        yield await db.rows(SQL["entries"], given), columns
