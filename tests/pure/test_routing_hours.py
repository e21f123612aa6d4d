"""Clocks that run in opening hours: against a model that counts minutes, over clock changes and holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.hours import Hours, after_working, is_day_off, is_open, working_time
from routing.ladder import StepKind, next_step
from routing.sla import deadlines
from routing.values import Priority
from tests.fakes.desk import rules

STOCKHOLM = "Europe/Stockholm"
ALWAYS = Hours("always", 0, 1440)
DAYTIME = Hours("daytime", 7 * 60, 22 * 60)
OFFICE = Hours("office", 8 * 60, 17 * 60, working_days=True)
MINUTE = timedelta(minutes=1)
HOURS = st.sampled_from([ALWAYS, DAYTIME, OFFICE])
ZONES = st.sampled_from([STOCKHOLM, "Europe/Helsinki", "UTC"])
# Around both clock changes, Easter, midsummer, Christmas and New Year.
STARTS = st.sampled_from(
    [datetime(2026, m, d, tzinfo=UTC) for m, d in ((3, 27), (4, 2), (6, 17), (10, 23), (12, 22), (12, 30), (9, 14))]
)
MOMENTS = st.builds(lambda day, minutes: day + minutes * MINUTE, STARTS, st.integers(0, 3 * 1440))


def counts(at: datetime, hours: Hours, zone: str) -> bool:
    """The model: is this minute open?"""
    local = at.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    return hours.open <= minute < hours.close and not (hours.working_days and is_day_off(local.date(), "SE"))


@settings(max_examples=60, deadline=None)
@given(MOMENTS, st.integers(0, 4 * 1440), HOURS, ZONES)
def test_working_time_is_the_open_minutes(start: datetime, length: int, hours: Hours, zone: str):
    end = start + length * MINUTE
    model = sum(counts(start + i * MINUTE, hours, zone) for i in range(length))
    assert working_time(start, end, hours, zone) == model * MINUTE


@settings(max_examples=100, deadline=None)
@given(MOMENTS, st.integers(1, 60 * 60), HOURS, ZONES)
def test_after_working_undoes_working_time(start: datetime, minutes: int, hours: Hours, zone: str):
    due = after_working(start, minutes * MINUTE, hours, zone)
    assert working_time(start, due, hours, zone) == minutes * MINUTE
    assert working_time(start, due - timedelta(seconds=1), hours, zone) < minutes * MINUTE


@settings(max_examples=60, deadline=None)
@given(MOMENTS, MOMENTS, MOMENTS, HOURS, ZONES)
def test_intervals_add_up(a: datetime, b: datetime, c: datetime, hours: Hours, zone: str):
    a, b, c = sorted((a, b, c))
    parts = working_time(a, b, hours, zone) + working_time(b, c, hours, zone)
    assert parts == working_time(a, c, hours, zone)


@settings(max_examples=60, deadline=None)
@given(MOMENTS, HOURS, ZONES)
def test_open_is_what_the_model_says(at: datetime, hours: Hours, zone: str):
    assert is_open(at, hours, zone) is counts(at, hours, zone)


@pytest.mark.parametrize(
    ("day", "off"),
    [
        (date(2026, 6, 19), True),  # Midsummer Eve
        (date(2026, 12, 24), True),
        (date(2026, 12, 31), True),
        (date(2026, 6, 6), True),
        (date(2026, 5, 14), True),
        (date(2026, 5, 15), False),
        (date(2026, 9, 20), True),  # a Sunday
        (date(2026, 9, 21), False),
    ],
)
def test_swedish_days_off(day: date, off: bool):
    assert is_day_off(day, "SE") is off


def local(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(STOCKHOLM))


@pytest.mark.parametrize(
    ("priority", "level", "start", "first", "solution"),
    [
        # Danger runs on through the night of the clock change, which is an hour longer.
        (Priority.P1, "basic", local(10, 25, 1), local(10, 25, 1, 2), datetime(2026, 10, 25, 3, tzinfo=UTC)),
        (Priority.P2, "premium", local(9, 20, 23), local(9, 20, 23, 5), local(9, 21, 5)),
        # A report in the evening is answered in the morning.
        (Priority.P3, "plus", local(9, 20, 21), local(9, 21, 8), local(9, 23, 21)),
        # A question on the eve of a holiday waits for the working day after it.
        (Priority.P4, "premium", local(12, 23, 16), local(12, 28, 11), local(12, 30, 16)),
    ],
)
def test_deadlines_of_the_contract(
    priority: Priority, level: str, start: datetime, first: datetime, solution: datetime
):
    due = deadlines(priority, level, STOCKHOLM, start, rules())
    assert (due.first_response, due.solution) == (first, solution)
    assert due.first_response.tzinfo is UTC


def test_an_unknown_level_counts_as_basic():
    at = local(9, 21, 10)
    assert deadlines(Priority.P3, "gold", STOCKHOLM, at, rules()) == deadlines(
        Priority.P3, "basic", STOCKHOLM, at, rules()
    )


def test_the_first_line_hands_on_by_itself_and_the_second_tells_its_lead():
    at = local(9, 21, 10)
    first = next_step(Priority.P2, "basic", 1, at, STOCKHOLM, rules())
    assert (first.kind, first.line, first.due) == (StepKind.ESCALATE, 2, at + timedelta(minutes=30))
    second = next_step(Priority.P2, "basic", 2, at, STOCKHOLM, rules())
    assert (second.kind, second.line, second.due) == (StepKind.TELL_LEAD, 2, at + timedelta(minutes=30))
    third = next_step(Priority.P2, "basic", 3, at, STOCKHOLM, rules())
    assert (third.kind, third.line, third.due) == (StepKind.TELL_LEAD, 3, at + timedelta(hours=24))


def test_hours_that_never_come_are_told():
    with pytest.raises(ValueError, match="never reach"):
        after_working(local(9, 21, 10), timedelta(days=100_000), OFFICE, STOCKHOLM)
