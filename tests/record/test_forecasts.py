"""Every week that is over is held against its forecast once, and what was found is kept as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.clock import SetClock
from gateway.config import Config
from gateway.figures import forecasting
from gateway.record import forecasts
from gateway.record.facts import ZONE, midnight
from gateway.runtime import Runtime, open_runtime

MONDAY = date(2026, 3, 30)  # the clocks went forward the day before
WEEK = timedelta(weeks=1)
CALL = """
INSERT INTO facts (case_id, nth, kind, at, day, ended, lost, tags, channel, queue, line, priority, sla_level, language,
                   timezone, category)
SELECT %(case)s, n, 'queue', %(at)s, %(day)s, CASE WHEN n > 1 THEN 30000000 END, CASE WHEN n = 1 THEN 90000000 END,
       CASE WHEN n = 1 THEN '{abandoned}'::text[] ELSE '{}' END, 'phone', 'helpdesk', 1, 'P3', 'basic', 'sv',
       'Europe/Stockholm', 'other'
FROM generate_series(1, %(calls)s) AS n
"""


async def calls(runtime: Runtime, monday: date, many: int) -> None:
    """So many calls at half past nine of every day of a week."""
    async with runtime.db.connection() as conn:
        for nth in range(7):
            day = monday + timedelta(days=nth)
            at = datetime(day.year, day.month, day.day, 9, 40, tzinfo=ZONE)
            await conn.execute(CALL, {"case": day.toordinal(), "at": at, "day": day, "calls": many})


async def test_a_week_that_is_over_is_held_against_its_forecast_once(config: Config) -> None:
    clock = SetClock(midnight(MONDAY).astimezone(UTC))
    async with open_runtime(config, "test", clock=clock) as runtime:
        assert await forecasting.test_weeks(runtime) == 0
        for back in (3, 2, 1):
            await calls(runtime, MONDAY - back * WEEK, 10)
        assert await forecasting.test_weeks(runtime) == 2  # nothing was known before the first
        assert await forecasting.test_weeks(runtime) == 0
        (one, at), (two, _) = await forecasts.tested(runtime.db)
        assert (one.week, two.week, at) == (MONDAY - 2 * WEEK, MONDAY - WEEK, clock.now())
        assert (two.arrived, one.arrived) == (70, 70)
        assert two.error is not None
        assert two.error < 0.7
        clock.forward(WEEK)
        await calls(runtime, MONDAY, 20)
        assert await forecasting.test_weeks(runtime) == 1
        three, at = (await forecasts.tested(runtime.db))[-1]
        assert (three.week, three.arrived, at) == (MONDAY, 140, clock.now())
        assert three.expected == pytest.approx(70)
        assert three.error == pytest.approx(0.5, abs=0.2)
        await calls(runtime, MONDAY + WEEK, 5)
        assert await forecasting.test_weeks(runtime) == 0
        assert (await forecasts.tested(runtime.db))[-1] == (three, at)
        came, begin, patience = await forecasting.known(runtime, MONDAY)
        assert begin == MONDAY - 3 * WEEK
        assert came == {(begin + timedelta(days=nth), 19): 10 for nth in range(21)}
        assert (patience.mean, patience.hung_up, patience.waited) == (90 + 9 * 30, 21, 210)
