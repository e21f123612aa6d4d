"""The forecast of calls and its own error: every week that is over is held against what had been forecast before it.

The worker does that once for each week; what it found is kept with its date, and is not made better afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from gateway.figures import measures
from gateway.record import facts, forecasts
from gateway.runtime import Runtime
from measuring.arrivals import back_test
from measuring.patience import Patience

WEEKS = 12  # from which a forecast is made
TESTED = 4  # weeks that are tested together at first
REST = 3600.0  # seconds between looks


async def test_weeks(runtime: Runtime) -> int:
    """Hold the forecasts of weeks that are over against what came; returns how many weeks that was."""
    now = runtime.clock.now()
    monday = monday_of(facts.day_of(now))
    newest = await forecasts.newest(runtime.db)
    if newest is not None and newest >= monday - timedelta(weeks=1):
        return 0
    await measures.catch_up(runtime.db)
    came, begin, _ = await known(runtime, monday)
    found = back_test(came, begin, monday, TESTED)
    return await forecasts.keep(runtime.db, [one for one in found if newest is None or one.week > newest], now)


async def known(runtime: Runtime, monday: date) -> tuple[Mapping[tuple[date, int], int], date, Patience]:
    """Calls by day and half hour before a week, the Monday since when there were any, and their callers' patience."""
    begin = monday - timedelta(weeks=WEEKS)
    came, patience = await forecasts.calls(runtime.db, begin, monday)
    first = min((day for day, _ in came), default=monday)
    return came, max(begin, monday_of(first)), patience


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())
