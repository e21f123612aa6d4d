"""The alarms that stand, what to do about each, and those of the last week; a button says who takes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from gateway import alerts
from gateway.web.bodies import form
from gateway.web.console.frame import frame
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import language_of, page

WEEK = timedelta(days=7)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers/alarms", show)
    app.router.add_post("/managers/alarms/take", take)


async def show(request: web.Request) -> web.StreamResponse:
    runtime = runtime_of(request)
    since = runtime.clock.now() - WEEK
    shown = {
        "standing": [worded(request, row) for row in await alerts.standing(runtime)],
        "lately": [worded(request, row) for row in await runtime.db.rows(alerts.SQL["lately"], {"since": since})],
    }
    return page(request, "managers/alarms.html", await frame(request, None) | shown)


async def take(request: web.Request) -> web.StreamResponse:
    """Say that one looks after it; whoever was first stays."""
    runtime, fields = runtime_of(request), await form(request)
    alarm = fields.get("alarm", "")
    if alarm.isdecimal() and len(alarm) < 19:
        given = {"alarm": int(alarm), "by": request[AGENT].id, "now": runtime.clock.now()}
        await runtime.db.run(alerts.SQL["take"], given)
    raise web.HTTPSeeOther("/managers/alarms")


def worded(request: web.Request, row: Mapping[str, Any]) -> dict[str, Any]:
    """An alarm with its words."""
    language = language_of(request)
    title, advice = alerts.words(runtime_of(request), row["kind"], row["key"], row["value"] or 0, language)
    return {**row, "title": title, "advice": advice, "urgent": alerts.LIMITS[row["kind"]].urgent}
