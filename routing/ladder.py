"""What is due next for a case that its line has not solved: hand on by itself, or tell the lead.

The first line hands on by itself. The second cannot: the third takes a case only with an action proposal that a person
wrote, so the lead is told instead; so it is for the third. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from routing.hours import after_working
from routing.rules import Rules
from routing.targets import targets
from routing.values import Priority, Reason


class StepKind(StrEnum):
    ESCALATE = "escalate"  # to `line`, by itself
    TELL_LEAD = "tell_lead"  # the line keeps the case


@dataclass(frozen=True, slots=True)
class Step:
    """What happens at `due` (UTC) unless the line solves or hands on before; `line` is who has the case after it."""

    kind: StepKind
    line: int
    due: datetime
    reasons: tuple[Reason, ...]


def next_step(priority: Priority, sla_level: str, line: int, at: datetime, timezone: str, rules: Rules) -> Step:
    """The step that is due for a case which its `line` (1..3) got at `at`."""
    promise = targets(rules.sla, priority, sla_level)
    span = promise.line if line < 3 else promise.solution
    due = after_working(at, span, promise.hours, timezone)
    minutes = round(span.total_seconds() / 60)
    if line == 1:
        return Step(StepKind.ESCALATE, 2, due, (Reason("line_time_over", {"line": 1, "to": 2, "minutes": minutes}),))
    return Step(StepKind.TELL_LEAD, line, due, (Reason("line_needs_lead", {"line": line, "minutes": minutes}),))
