"""The managers' page: response time by channel and over time, and what is open by queue and priority.

Every figure stands beside its formula and its denominator; the plot is drawn from the table under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from gateway import languages, measures
from gateway.languages import N_
from gateway.record import mailboxes as record_mailboxes
from gateway.record import measures as record
from gateway.record.measures import Response
from gateway.web.filters import TIMEZONE
from gateway.web.frame import frame
from gateway.web.keys import runtime_of
from gateway.web.pages import language_of, page

ANSWERED_OF = N_("%(answered)s of %(opened)s answered")


@dataclass(frozen=True, slots=True)
class Period:
    """How far back the page looks, and the seconds of one slot of its plot."""

    length: timedelta
    slot: int


PERIODS: Mapping[str, Period] = {
    "day": Period(timedelta(days=1), 3600),
    "week": Period(timedelta(days=7), 6 * 3600),
    "month": Period(timedelta(days=30), 86400),
}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers", index)
    app.router.add_get("/managers/mailboxes", mailboxes)


async def mailboxes(request: web.Request) -> web.StreamResponse:
    """Whether everything that lay in the mailboxes was taken in: an account of each that must add up."""
    context = await frame(request, None)
    accounts = await record_mailboxes.accounts(runtime_of(request).db)
    return page(request, "managers/mailboxes.html", context | {"accounts": accounts, "timezone": TIMEZONE})


async def index(request: web.Request) -> web.StreamResponse:
    """The page; `?period=day|week|month`, the last 24 hours by default."""
    runtime = runtime_of(request)
    name = request.query.get("period", "day")
    period = PERIODS.get(name, PERIODS["day"])
    now = runtime.clock.now()
    to = datetime.fromtimestamp((now.timestamp() // period.slot + 1) * period.slot, UTC)
    since = to - period.length
    by_channel = await record.response_times(runtime.db, since, to, "channel")
    slots = await record.response_times(runtime.db, since, to, "slot", period.slot)
    context = await frame(request, None)
    shown = {
        "period": name if name in PERIODS else "day",
        "tiles": _tiles(request, by_channel),
        "by_channel": by_channel[1:] + by_channel[:1] if by_channel[0].opened else [],
        "trend": _trend(slots, period, since, to),
        "timezone": TIMEZONE,
        "board": context["queues"],
        "formula": measures.FORMULA,
    }
    return page(request, "managers/index.html", context | shown)


def _tiles(request: web.Request, by_channel: list[Response]) -> list[dict[str, str]]:
    book = languages.catalogue(language_of(request))
    whole = by_channel[0]
    calls = next((one for one in by_channel[1:] if one.key == "phone"), None)

    def tile(label: str, value: float | None, of: Response | None, formula: str) -> dict[str, str]:
        counted = {"answered": of.answered if of else 0, "opened": of.opened if of else 0}
        return {
            "label": book.gettext(label),
            "value": languages.format_clock(timedelta(seconds=value), exact=True) if value is not None else "–",
            "share": book.gettext(ANSWERED_OF) % counted,
            "formula": book.gettext(formula),
        }

    return [
        tile(N_("Average"), whole.average, whole, N_("sum of the waits ÷ answered")),
        tile(N_("Median"), whole.median, whole, N_("half of the answered waited no longer")),
        tile(N_("90th percentile"), whole.p90, whole, N_("nine of ten answered waited no longer")),
        tile(N_("Calls, average"), calls.average if calls else None, calls, N_("target: 90 s from ring to voice")),
    ]


def _trend(slots: list[Response], period: Period, since: datetime, to: datetime) -> list[dict[str, Any]]:
    """A row for every slot of the period, also for those in which nothing happened."""
    found = {one.key: one for one in slots if one.key is not None}
    rows = []
    for number in range(int(since.timestamp()) // period.slot, int(to.timestamp()) // period.slot):
        one = found.get(str(number))
        rows.append(
            {
                "at": datetime.fromtimestamp(number * period.slot, UTC),
                "median": one.median if one else None,
                "p90": one.p90 if one else None,
                "answered": one.answered if one else 0,
            }
        )
    return rows
