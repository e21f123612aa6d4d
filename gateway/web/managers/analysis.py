"""The managers' analysis: every measure by every dimension over any days, compared, plotted, drilled into, exported.

Pages and the export read `gateway.figures.measures`, as the API does. Every figure stands beside its formula and what
it was made of, and leads to the cases behind it; every plot is drawn from the table under it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from gateway import casenumber, languages
from gateway.csvs import csv_bytes
from gateway.figures import measures
from gateway.record import agents, facts
from gateway.web.bodies import UNKEEPABLE
from gateway.web.console.frame import frame
from gateway.web.keys import runtime_of
from gateway.web.managers.figures import label, sections, tiles
from gateway.web.managers.periods import Period, period_of
from gateway.web.pages import language_of, page
from measuring.figures import BY_NAME, KINDS, Figure, figures
from measuring.tally import ALL, Tally

NAMES = (
    "response_time_median",
    "response_time_p90",
    "response_in_target",
    "sla_attainment",
    "calls_queued",
    "cases_opened",
)
PLOTTED = tuple(BY_NAME[name] for name in NAMES)  # over time
HOURLY = 8  # days up to which plots go by hours
PAGE = 100
OUTCOMES = ("ended", "lost", "open", "met", "missed")


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers", index)
    app.router.add_get("/managers/figures.csv", export)
    app.router.add_get("/managers/cases", behind)


async def index(request: web.Request) -> web.StreamResponse:
    """`?period=day|week|month|quarter|year` or `?from=&to=` (days), `&by=` a dimension, `&compare=no`."""
    runtime, language = runtime_of(request), language_of(request)
    period, now = period_of(request), runtime.clock.now()
    await measures.catch_up(runtime.db)
    told, before, trend, context = await asyncio.gather(
        measures.of_period(runtime.db, period.since, period.to, period.by, now),
        _before(request, period, now),
        _trend(request, period, now),
        frame(request, None),
    )
    shown = {
        "period": period,
        "nothing": not any(one.measure in BY_NAME for one in told),
        "dimensions": measures.DIMENSIONS,
        "tiles": tiles(told, before, period, language),
        "sections": sections(told, before, period, language, runtime.directory(), await _people(request, period.by)),
        "reasons": [one for one in told if one.key is None and one.measure.startswith("sla_missed_") and one.numerator],
        "trend": trend,
        "hourly": period.days <= HOURLY,
        "timezone": facts.TIMEZONE,
        "board": context["queues"],
        "measure_of": BY_NAME,
    }
    return page(request, "managers/index.html", context | shown)


async def export(request: web.Request) -> web.StreamResponse:
    """The same figures as a CSV file, to the last digit. No cell is read as a formula by a spreadsheet."""
    runtime, period = runtime_of(request), period_of(request)
    told = await measures.of_period(runtime.db, period.since, period.to, period.by, runtime.clock.now())
    book, directory = languages.catalogue(language_of(request)), runtime.directory()
    people = await _people(request, period.by)
    head = ("measure", period.by, "name", "value", "unit", "numerator", "denominator", "formula")
    rows = [
        (
            one.measure,
            one.key,
            label(period.by, one.key, book, directory, people),
            one.value,
            one.unit,
            one.numerator,
            one.denominator,
            book.gettext(one.formula),
        )
        for one in told
    ]
    file = f"switchyard-{facts.day_of(period.since)}-{period.by}.csv"
    return web.Response(
        body=csv_bytes(head, rows),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"},
    )


async def behind(request: web.Request) -> web.StreamResponse:
    """The cases behind one figure, the worst first."""
    runtime, period = runtime_of(request), period_of(request)
    asked = request.query
    kind = asked.get("kind", "")
    kind = kind if kind in KINDS else KINDS[0]
    outcome = asked.get("outcome", "")
    outcome = outcome if outcome in OUTCOMES or outcome in {one.shown for one in BY_NAME.values()} else ""
    by, key = (period.by, UNKEEPABLE.sub("", asked["key"])[:100]) if asked.get("key") else (ALL, "")
    offset = int(asked["offset"]) if asked.get("offset", "").isdecimal() and len(asked["offset"]) < 7 else 0
    given: Mapping[str, Any] = {
        "kind": kind,
        "from": period.since,
        "to": period.to,
        "timezone": facts.TIMEZONE,
        "by": by,
        "key": key,
        "outcome": outcome,
        "now": runtime.clock.now(),
        "limit": PAGE,
        "offset": offset,
    }
    total = await measures.behind(runtime.db, period.since, period.to, kind, by, key, outcome, runtime.clock.now())
    rows = await runtime.db.rows(facts.SQL["behind"], given)
    context = await frame(request, None)
    book, people = languages.catalogue(language_of(request)), await _people(request, by)
    same = {"kind": kind, "outcome": outcome, "key": key, "by": by if key else ""}
    shown = {
        "period": period,
        "kind": kind,
        "outcome": outcome,
        "group": label(by, key, book, runtime.directory(), people) if key else None,
        "rows": [{**row, "number": casenumber.number(row["case_id"])} for row in rows],
        "total": total,
        "back": f"/managers?{period.query()}",
        "more": f"/managers/cases?{period.query(**same, offset=str(offset + PAGE))}" if total > offset + PAGE else None,
        "counts": kind in ("case", "rating", "asked", "visit", "disposed"),
    }
    return page(request, "managers/cases.html", context | shown)


async def _people(request: web.Request, by: str) -> dict[str, str]:
    """The names of agents, where figures are told by them."""
    return {one.id: one.name for one in await agents.everyone(runtime_of(request).db)} if by == "agent" else {}


async def _before(request: web.Request, period: Period, now: datetime) -> list[Figure]:
    if not period.compared:
        return []
    return await measures.of_period(runtime_of(request).db, *period.before, period.by, now)


async def _trend(request: web.Request, period: Period, now: datetime) -> list[dict[str, Any]]:
    db, kinds = runtime_of(request).db, {measure.kind for measure in PLOTTED}
    if period.days <= HOURLY:
        found = await facts.hourly(db, period.since, period.to, kinds, now, 1 if period.days < 3 else 6)
    else:
        found = await facts.daily(db, period.since, period.to, kinds, now)
    return await asyncio.to_thread(lambda: [_slot(begin, of) for begin, of in found.items()])


def _slot(begin: datetime, of: Mapping[str, Tally]) -> dict[str, Any]:
    told = {one.measure: one.value for one in figures(None, of, PLOTTED)}
    return {"at": begin, **{measure.name: told.get(measure.name) for measure in PLOTTED}}
