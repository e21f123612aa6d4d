"""The wallboard: what is going on now, large enough to hang on a wall; it looks again every five seconds."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway import alerts, casenumber, languages
from gateway.figures import measures
from gateway.figures.figure_words import TARGETS, better_down, formula_of, made_of, written
from gateway.phone import talks
from gateway.record import facts, floor
from gateway.runtime import Runtime
from gateway.web.keys import AGENT, runtime_of
from gateway.web.managers.alarms import worded
from gateway.web.pages import language_of, page
from measuring.figures import Figure

ACTIVITIES = ("available", "busy", "away", "offline")
TODAY = (
    "call_response_average",
    "answered_within",
    "abandonment",
    "response_in_target",
    "sla_attainment",
    "satisfaction",
    "uptime",
    "occupancy",
)
GOOD_ENOUGH = {"answered_within": 0.8, "response_in_target": 0.9, "sla_attainment": 0.9, "abandonment": 0.05}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers/wall", wall)


async def wall(request: web.Request) -> web.StreamResponse:
    """Who waits and how long, who is there, today against its targets, every open P1, raised hands."""
    runtime, language = runtime_of(request), language_of(request)
    now, db = runtime.clock.now(), runtime.db
    book = languages.catalogue(language)
    midnight = facts.midnight(facts.day_of(now))
    told = {one.measure: one for one in await measures.of_period(db, midnight, now, None, now)}
    calls = await db.row(floor.SQL["calls_waiting"])
    agents = {row["activity"]: row["agents"] for row in await db.rows(floor.SQL["activities"])}
    shown = {
        "calls": calls,
        "work": await _work(runtime),
        "agents": [(activity, agents.get(activity, 0)) for activity in ACTIVITIES],
        "today": [_tile(told.get(name), name, book) for name in TODAY],
        "urgent": [{**row, "number": casenumber.number(row["id"])} for row in await db.rows(floor.SQL["urgent"])],
        "hands": [talk for talk in await talks.live(runtime, request[AGENT].reach) if talk["hand_at"]],
        "alarms": [worded(request, row) for row in await alerts.standing(runtime)],
    }
    return page(request, "managers/wall.html", shown)


async def _work(runtime: Runtime) -> list[dict[str, Any]]:
    rows = {row["queue"]: row for row in await runtime.db.rows(floor.SQL["work_waiting"])}
    known = [*runtime.rules().queues, *sorted(set(rows) - set(runtime.rules().queues))]
    empty = {"waiting": 0, "since": None, "serving": None}
    return [{"queue": queue, **(rows.get(queue) or empty)} for queue in known]


def _tile(one: Figure | None, name: str, book: languages.Catalogue) -> dict[str, Any]:
    target = TARGETS.get(name, GOOD_ENOUGH.get(name))
    good = None
    if one is not None and one.value is not None and target is not None:
        good = one.value <= target if better_down(name) else one.value >= target
    return {
        "name": name,
        "value": written(one.value, one.unit, book) if one else "–",
        "made_of": made_of(one, book) if one else "",
        "target": written(target, "s" if name == "call_response_average" else "1", book) if target is not None else "",
        "good": good,
        "formula": formula_of(name),
    }
