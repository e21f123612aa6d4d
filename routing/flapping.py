"""How an alarm that comes and goes is heard: what is news, what is only kept. Pure.

A change between well and faulty is news. Many within an hour are one piece of news, "it flaps"; after it nothing is
news until the connector has kept still for an hour. What has been well for ten minutes, and does not flap, is well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

WINDOW = timedelta(hours=1)
MANY = 5  # changes within a window
CALM = timedelta(minutes=10)


class News(StrEnum):
    """What a case's timeline is told."""

    RAISED = "alarm_raised"
    CLEARED = "alarm_cleared"
    RETURNED = "alarm_returned"
    FLAPPING = "alarm_flapping"


@dataclass(frozen=True, slots=True)
class State:
    """What a connector (0: the charger) last said."""

    charger: str
    connector: int
    faulty: bool
    code: str | None
    since: datetime
    changes: int
    window_from: datetime
    flapping_until: datetime | None
    case: int | None

    def flaps(self, now: datetime) -> bool:
        return self.flapping_until is not None and now < self.flapping_until

    def well(self, now: datetime) -> bool:
        """Whether it has been well for long enough to be believed."""
        return not self.faulty and not self.flaps(now) and now - self.since >= CALM


def heard(
    state: State | None, charger: str, connector: int, faulty: bool, code: str | None, now: datetime
) -> tuple[State, News | None]:
    """The state after one more word of the charger, and what of it is news."""
    if state is None:
        fresh = State(charger, connector, faulty, code if faulty else None, now, 0, now, None, None)
        return fresh, News.RAISED if faulty else None
    kept = replace(state, code=code if faulty else state.code)
    if state.faulty == faulty:
        return kept, None
    opened = state.window_from if now - state.window_from < WINDOW else now
    changes = state.changes + 1 if opened == state.window_from else 1
    kept = replace(kept, faulty=faulty, since=now, changes=changes, window_from=opened)
    if state.flaps(now):
        return replace(kept, flapping_until=now + WINDOW), None
    if changes >= MANY:
        return replace(kept, flapping_until=now + WINDOW), News.FLAPPING
    return kept, News.RETURNED if faulty else News.CLEARED
