"""Opening hours and the time that counts: working time between two moments, and the moment when so much has passed.

All moments are aware; answers are in UTC. Days are those of the given time zone, so a night on which the clocks change
is an hour shorter or longer in elapsed time, as it is for the people who work it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

_SPAN = timedelta(days=3700)


@dataclass(frozen=True, slots=True)
class Hours:
    """From `open` to `close` (minutes of the day, 0..1440) every day, or on working days of `country` only."""

    name: str
    open: int
    close: int
    working_days: bool = False
    country: str = "SE"

    @property
    def day(self) -> timedelta:
        """The open time of one ordinary day."""
        return timedelta(minutes=self.close - self.open)

    @property
    def always(self) -> bool:
        return not self.working_days and self.open == 0 and self.close == 1440


def is_open(at: datetime, hours: Hours, timezone: str) -> bool:
    """Whether a moment lies within the opening hours."""
    return any(start <= at < end for start, end in _openings(at, hours, timezone, at + timedelta(seconds=1)))


def working_time(start: datetime, end: datetime, hours: Hours, timezone: str) -> timedelta:
    """How much open time lies between two moments; nothing when the end is not after the start."""
    if end <= start:
        return timedelta()
    if hours.always:
        return end - start
    return sum(
        (min(end, shut) - max(start, begun) for begun, shut in _openings(start, hours, timezone, end)), timedelta()
    )


def after_working(start: datetime, duration: timedelta, hours: Hours, timezone: str) -> datetime:
    """The first moment at which so much open time has passed since `start`, in UTC.

    Raises ValueError when ten years of these hours do not hold so much.
    """
    start = start.astimezone(UTC)
    if hours.always:
        return start + duration
    left = duration
    for begun, shut in _openings(start, hours, timezone, start + _SPAN):
        begun = max(begun, start)
        if begun + left <= shut:
            return begun + left
        left -= shut - begun
    raise ValueError(f"hours {hours.name} never reach {duration}")


def _openings(start: datetime, hours: Hours, timezone: str, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The open stretches, in UTC, that end after `start` and begin before `end`."""
    zone = ZoneInfo(timezone)
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    day = start.astimezone(zone).date()
    while True:
        begun, shut = _opening(day, hours, timezone)
        if begun >= end:
            return
        if shut > start and shut > begun:
            yield begun, shut
        day += timedelta(days=1)


@lru_cache(maxsize=1024)  # every case of a day counts from the same days
def _opening(day: date, hours: Hours, timezone: str) -> tuple[datetime, datetime]:
    """When a day opens and closes, in UTC: at one moment when it stays shut."""
    zone = ZoneInfo(timezone)
    begun = _moment(day, hours.open, zone)
    shut = hours.working_days and is_day_off(day, hours.country)
    return begun, begun if shut else _moment(day, hours.close, zone)


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    if minute >= 1440:
        day, minute = day + timedelta(days=1), minute - 1440
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC)


def is_day_off(day: date, country: str) -> bool:
    """Saturday, Sunday, or a holiday on which offices of the country are shut (in Sweden the eves too)."""
    return day.weekday() >= 5 or day in _holidays(country, day.year)


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> frozenset[date]:
    calendar = country_holidays(country, years=year)
    found = set(calendar)
    if "de_facto" in calendar.supported_categories:
        found |= set(country_holidays(country, years=year, categories=("de_facto",)))
    return frozenset(found)
