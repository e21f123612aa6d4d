"""How many people are needed: arrivals to expect by half hour, patience as callers show it, Erlang A and C.

Everything is estimated from our own ledger and says from how much; below that stands how earlier forecasts came out.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import cache
from typing import Any

from aiohttp import web

from gateway.figures import forecasting, measures
from gateway.record import facts, forecasts
from gateway.web.console.frame import frame
from gateway.web.keys import runtime_of
from gateway.web.pages import page
from measuring.arrivals import forecast
from measuring.erlang import agents_for, erlang_a, erlang_c, with_shrinkage
from measuring.waits import MICROSECONDS

TARGET = 90.0
HANDLING, PATIENCE, SHRINKAGE = 300, 180, 30
ENOUGH = 20  # calls below which their handling time says nothing


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers/staffing", show)


async def show(request: web.Request) -> web.StreamResponse:
    """`?weekday=1..7&handling=seconds&shrinkage=percent`."""
    runtime = runtime_of(request)
    await measures.catch_up(runtime.db)
    now = runtime.clock.now()
    today = facts.day_of(now)
    monday = forecasting.monday_of(today)
    came, begin, patience = await forecasting.known(runtime, monday)
    weekday = _number(request, "weekday", today.isoweekday(), 1, 7)
    talked = await measures.groups(runtime.db, facts.midnight(begin), facts.midnight(monday), None, now, ["handled"])
    own = talked[None].get("handled")
    usual = round(own.total / own.answered / MICROSECONDS) if own and own.answered >= ENOUGH else HANDLING
    handling = _number(request, "handling", min(max(usual, 10), 3600), 10, 3600)
    shrinkage = _number(request, "shrinkage", SHRINKAGE, 0, 80)
    expected = forecast(came, begin, monday)[weekday - 1]
    mean = patience.mean or float(PATIENCE)
    needed = await asyncio.to_thread(
        lambda: [_needed(round(one.mean, 1), float(handling), round(mean), shrinkage / 100) for one in expected]
    )
    midnight = facts.midnight(monday + timedelta(days=weekday - 1))
    shown = {
        "weekday": weekday,
        "handling": handling,
        "shrinkage": shrinkage,
        "patience": patience,
        "assumed": PATIENCE,
        "rows": [
            {"at": midnight + timedelta(minutes=30 * slot), "expected": one, **people}
            for slot, (one, people) in enumerate(zip(expected, needed, strict=True))
        ],
        "tested": await forecasts.tested(runtime.db),
        "calls": sum(came.values()),
        "measured": own.answered if own and own.answered >= ENOUGH else 0,
        "timezone": facts.TIMEZONE,
    }
    return page(request, "managers/staffing.html", await frame(request, None) | shown)


@cache
def _needed(calls: float, handling: float, patience: float, shrinkage: float) -> dict[str, Any]:
    """The fewest agents with whom callers wait at most the target on average, by both formulas."""
    rate = calls / 1800
    fewest = agents_for(lambda n: erlang_a(rate, handling, patience, n, TARGET).average <= TARGET) or 0
    service = erlang_a(rate, handling, patience, max(fewest, 1), TARGET)
    plain = agents_for(lambda n: erlang_c(rate, handling, n, TARGET).average <= TARGET) or 0
    return {"service": service, "plain": plain, "paid": with_shrinkage(fewest, shrinkage)}


def _number(request: web.Request, name: str, otherwise: int, least: int, most: int) -> int:
    text = request.query.get(name, "")
    return min(max(int(text), least), most) if text.isdecimal() and len(text) < 6 else otherwise
