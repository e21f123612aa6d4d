"""The only clock. Everything that needs the time is given a `Clock`; nothing else asks the operating system."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for measuring durations."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class SetClock:
    """A clock that stands where it is put: for replays and for tests that age things."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return self._elapsed

    def put(self, at: datetime) -> None:
        self._elapsed += max(0.0, (at - self._at).total_seconds())
        self._at = at.astimezone(UTC)

    def forward(self, by: timedelta) -> None:
        self.put(self._at + by)
