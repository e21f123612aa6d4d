"""Deadlines: when the targets of sla.toml fall due for a case, and what a pause does to them.

Pure functions of priority, SLA level, time zone and the moments at which the clock ran. A clock that stood still has as
much open time left afterwards as it had before: the due time is where the sum of its running intervals reaches the
target, whatever nights, holidays or changes of the clocks lie between.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from routing.hours import after_working, working_time
from routing.rules import Rules
from routing.targets import targets
from routing.values import Deadlines, Priority

WARNING = {
    Priority.P1: timedelta(minutes=1),
    Priority.P2: timedelta(minutes=5),
    Priority.P3: timedelta(minutes=15),
    Priority.P4: timedelta(hours=1),
}


def deadlines(priority: Priority, sla_level: str, timezone: str, at: datetime, rules: Rules) -> Deadlines:
    """When each target of a priority falls due for a clock that started at `at`; in UTC. An unknown level is basic."""
    promise = targets(rules.sla, priority, sla_level)
    return Deadlines(
        first_response=after_working(at, promise.first_response, promise.hours, timezone),
        line=after_working(at, promise.line, promise.hours, timezone),
        next_update=after_working(at, promise.next_update, promise.hours, timezone),
        solution=after_working(at, promise.solution, promise.hours, timezone),
    )


def shifted(
    due: datetime, start: datetime, to: datetime, priority: Priority, level: str, timezone: str, rules: Rules
) -> datetime:
    """When a target is due if as much open time is left at `to` as was left at `start`; what was missed stays missed.

    A clock that stands still is shifted forward; one that runs on earlier than was thought, back.
    """
    if due <= start:
        return due
    hours = targets(rules.sla, priority, level).hours
    return after_working(to, working_time(start, due, hours, timezone), hours, timezone)


def ran(
    intervals: Iterable[tuple[datetime, datetime]], priority: Priority, level: str, timezone: str, rules: Rules
) -> timedelta:
    """How much open time has passed in the intervals in which a clock ran."""
    hours = targets(rules.sla, priority, level).hours
    return sum((working_time(start, end, hours, timezone) for start, end in intervals), timedelta())


def warning(due: datetime, priority: Priority) -> datetime:
    """From when on people are warned that a target is due."""
    return due - WARNING[priority]
