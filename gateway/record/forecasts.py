"""What forecasts of calls are made from, and how those of past weeks came out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime

from gateway.record.db import Database, statements
from gateway.record.facts import TIMEZONE
from measuring.arrivals import Tested
from measuring.patience import Patience, estimate

SQL = statements("forecasts")


async def calls(db: Database, since: date, until: date) -> tuple[Mapping[tuple[date, int], int], Patience]:
    """Calls that stood in line, by day of the house and half hour, and how long their callers were willing to wait."""
    rows = await db.rows(SQL["calls"], {"since": since, "until": until, "timezone": TIMEZONE})
    came = {(row["day"], row["slot"]): row["calls"] for row in rows}
    waited, hung_up, answered = (sum(row[name] for row in rows) for name in ("waited", "hung_up", "answered"))
    return came, estimate(int(waited), hung_up, answered)


async def newest(db: Database) -> date | None:
    """The last week whose forecast was held against what came."""
    row = await db.row(SQL["newest"])
    return row["week"] if row else None


async def tested(db: Database) -> list[tuple[Tested, datetime]]:
    """How the forecasts of the last weeks came out, and when that was reckoned; the oldest first."""
    rows = await db.rows(SQL["tested"])
    return [(Tested(**{name: row[name] for name in Tested.__slots__}), row["tested_at"]) for row in rows]


async def keep(db: Database, weeks: Iterable[Tested], now: datetime) -> int:
    """Keep how forecasts came out; what was kept before stays as it was. Returns how many were new."""
    return sum([await db.run(SQL["keep"], asdict(one) | {"now": now}) for one in weeks])
