"""Which period, dimension and comparison a managers' page was asked for; what makes no sense is left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from aiohttp import web

from gateway.figures import measures
from gateway.record.facts import day_of, midnight
from gateway.web.keys import runtime_of

LENGTHS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
LONGEST = 3660


@dataclass(frozen=True, slots=True)
class Period:
    """[since, to) in days of the house; `name` is one of LENGTHS, or "own" with days that were typed in."""

    name: str
    since: datetime
    to: datetime
    by: str
    compared: bool
    now: datetime

    @property
    def before(self) -> tuple[datetime, datetime]:
        """As many days before this period; of a period still going on, as much of it as has passed."""
        begin = midnight(day_of(self.since) - timedelta(days=self.days))
        return begin, min(begin + (max(self.now, self.since) - self.since), self.since)

    @property
    def last_moment(self) -> datetime:
        return self.to - timedelta(seconds=1)

    @property
    def last(self) -> date:
        return day_of(self.last_moment)

    @property
    def days(self) -> int:
        return (self.last - day_of(self.since)).days + 1

    def query(self, **more: str) -> str:
        """The same period as part of a link."""
        given = {"from": day_of(self.since).isoformat(), "to": self.last.isoformat()} if self.name == "own" else {}
        parts = {"period": self.name, **given, "by": self.by, **more}
        return urlencode({name: value for name, value in parts.items() if value})


def period_of(request: web.Request, name: str = "day", by: str = "channel") -> Period:
    """The period of a request: the last days up to and with today, or from day to day."""
    given = request.query
    now = runtime_of(request).clock.now()
    today = day_of(now)
    name = given.get("period", name)
    begin, last = _day(given.get("from", "")), _day(given.get("to", ""))
    if begin and last:
        begin, last = min(begin, last), max(begin, last)
    if begin and last and (last - begin).days < LONGEST:
        name = "own"
    elif name in LENGTHS:
        begin, last = today - timedelta(days=LENGTHS[name] - 1), today
    else:
        name, begin, last = "day", today, today
    wanted = given.get("by", by)
    return Period(
        name,
        midnight(begin),
        midnight(last + timedelta(days=1)),
        wanted if wanted in measures.DIMENSIONS else by,
        given.get("compare") != "no",
        now,
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None
