"""What is counted of the house as a whole: agents' time, uptime of our roles and of the charging platform, the backlog.

Days that are over are counted once and kept; parts of days are read from what was written down at the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gateway.record.db import Database, statements
from gateway.record.facts import TIMEZONE, day_of, midnight, whole_days
from gateway.record.heartbeats import forget

SQL = statements("house")
ROLES = ["web", "worker", "smtp"]
KEPT = timedelta(days=60)  # that heartbeats stay after their day was counted
COUNTS = ("busy", "present", "up", "slots", "answered", "asked")


async def span(db: Database, since: datetime, to: datetime) -> Mapping[str, float]:
    """The counts of a period, from counted days and from parts of days."""
    first, end = whole_days(since, to)
    counted = await db.row(SQL["counted"], {"first": first, "end": end})
    if counted is None or counted["last"] is None:
        return await _read(db, since, to)
    last = midnight(counted["last"] + timedelta(days=1))
    parts = [counted, await _read(db, since, midnight(first)), await _read(db, last, to)]
    return {name: sum(part[name] for part in parts) for name in COUNTS}


async def count_days(db: Database, now: datetime) -> int:
    """Count days that are over, and let go of what was written down about long counted ones; returns how many."""
    rows = await db.rows(SQL["uncounted"], {"today": day_of(now), "timezone": TIMEZONE})
    for row in rows:
        day = row["day"]
        found = await _read(db, midnight(day), midnight(day + timedelta(days=1)))
        await db.run(SQL["count"], {"day": day, **found})
    if rows:
        await forget(db, midnight(rows[0]["day"] - KEPT))
    return len(rows)


async def backlog(db: Database, now: datetime) -> Mapping[str, Any]:
    row = await db.row(SQL["backlog"], {"now": now})
    return row or {"open": 0}


async def visits(db: Database, since: datetime, to: datetime) -> tuple[int, int]:
    """Visits, and those at a charger that was visited within 30 days before."""
    row = await db.row(SQL["visits"], {"from": since, "to": to, "timezone": TIMEZONE})
    return (row["visits"], row["again"]) if row else (0, 0)


async def _read(db: Database, since: datetime, to: datetime) -> Mapping[str, float]:
    if since >= to:
        return dict.fromkeys(COUNTS, 0)
    row = await db.row(SQL["span"], {"from": since, "to": to, "roles": ROLES})
    assert row is not None
    return row
