"""The targets of sla.toml: what a priority promises at an SLA level, checked when read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise, product
from typing import Any

from routing.hours import Hours
from routing.values import Priority

LEVELS = ("basic", "plus", "premium")
TARGETS = ("first_response", "line", "next_update", "solution")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([mhd])")


@dataclass(frozen=True, slots=True)
class Targets:
    """What one priority promises at one SLA level: durations of open time, and the hours that count."""

    hours: Hours
    first_response: timedelta
    line: timedelta
    next_update: timedelta
    solution: timedelta


Sla = Mapping[tuple[str, str], Targets]


def targets(sla: Sla, priority: Priority, level: str) -> Targets:
    """The promise for a priority at a level; an unknown level counts as basic."""
    return sla[(priority, level if level in LEVELS else "basic")]


def parse_sla(table: Mapping[str, Any], faults: list[str]) -> Sla:
    """The targets of sla.toml; every fault is added to `faults`, one line each."""
    hours = {name: _hours(name, row, faults) for name, row in table.get("hours", {}).items()}
    found: dict[tuple[str, str], Targets] = {}
    for priority in Priority:
        row = table.get(priority)
        if not isinstance(row, dict):
            faults.append(f"sla.toml: {priority} is missing")
            continue
        counted = hours.get(row.get("hours", ""))
        if counted is None:
            faults.append(f"sla.toml: {priority} names unknown hours {row.get('hours')!r}")
            continue
        for place, level in enumerate(LEVELS):
            spans = {t: _span(row.get(t), place, counted, f"{priority}.{t}", faults) for t in TARGETS}
            found[(priority, level)] = Targets(counted, **spans)
    _check_order(found, faults)
    return found


def _hours(name: str, row: Mapping[str, Any], faults: list[str]) -> Hours:
    try:
        start, end = (int(h) * 60 + int(m) for h, _, m in (row[k].partition(":") for k in ("open", "close")))
        if not 0 <= start < end <= 1440:
            raise ValueError("not open at all")
        if row["days"] not in ("every", "working"):
            raise ValueError(f"days {row['days']!r}")
        return Hours(name, start, end, row["days"] == "working", row.get("country", "SE"))
    except (KeyError, ValueError, AttributeError, TypeError) as wrong:
        faults.append(f"sla.toml: hours {name}: {wrong}")
        return Hours(name, 0, 1440)


def _span(value: object, place: int, hours: Hours, where: str, faults: list[str]) -> timedelta:
    if isinstance(value, list):
        value = value[place] if len(value) == len(LEVELS) else None
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        faults.append(f"sla.toml: {where}: not a duration or three")
        return timedelta(hours=1)
    amount = float(found[1])
    match found[2]:
        case "m":
            span = timedelta(minutes=amount)
        case "h":
            span = timedelta(hours=amount)
        case _:
            span = hours.day * amount
    if not span:
        faults.append(f"sla.toml: {where}: nothing is due at once")
    return span


def _check_order(found: Sla, faults: list[str]) -> None:
    for priority, (lower, higher), target in product(Priority, pairwise(LEVELS), TARGETS):
        if (priority, lower) in found:
            slower, faster = (getattr(found[(priority, level)], target) for level in (lower, higher))
            if faster > slower:
                faults.append(f"sla.toml: {priority}.{target}: {higher} waits longer than {lower}")
