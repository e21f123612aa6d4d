"""Deadlines: when the targets of sla.toml fall due for a case.

A pure function of priority, SLA level, time zone and the moment the clock started.
"""

from __future__ import annotations

from datetime import datetime

from routing.hours import after_working
from routing.rules import Rules
from routing.targets import targets
from routing.values import Deadlines, Priority


def deadlines(priority: Priority, sla_level: str, timezone: str, at: datetime, rules: Rules) -> Deadlines:
    """When each target of a priority falls due for a clock that started at `at`; in UTC. An unknown level is basic."""
    promise = targets(rules.sla, priority, sla_level)
    return Deadlines(
        first_response=after_working(at, promise.first_response, promise.hours, timezone),
        line=after_working(at, promise.line, promise.hours, timezone),
        next_update=after_working(at, promise.next_update, promise.hours, timezone),
        solution=after_working(at, promise.solution, promise.hours, timezone),
    )
