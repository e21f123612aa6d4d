"""Chargers, models and sites that fail again and again, beside what is usual; a button opens a case for a charger."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from channels.report import Channel, Report
from gateway import casenumber, desk
from gateway.desk import Actor
from gateway.figures import measures
from gateway.languages import catalogue
from gateway.record import facts, floor
from gateway.web.bodies import form
from gateway.web.console.frame import frame
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import HOUSE_LANGUAGE, page
from gateway.web.problems import Problem

DAYS = (30, 90)
MOST = 20  # models and sites shown, the worst first


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers/recurring", show)
    app.router.add_post("/managers/recurring", prevent)


async def show(request: web.Request) -> web.StreamResponse:
    """`?days=30|90`: chargers with more than one fault case."""
    runtime = runtime_of(request)
    days = 90 if request.query.get("days") == "90" else 30
    await measures.catch_up(runtime.db)
    since = facts.day_of(runtime.clock.now()) - timedelta(days=days)
    rows = await runtime.db.rows(floor.SQL["recurring"], {"since": since})
    kinds = await runtime.db.rows(floor.SQL["recurring_kinds"], {"since": since})
    shown = {
        "days": days,
        "choices": DAYS,
        "kinds": {kind: [row for row in kinds if row["kind"] == kind][:MOST] for kind in ("model", "site")},
        "rows": [{**row, "number": casenumber.number(row["open_case"]) if row["open_case"] else None} for row in rows],
    }
    return page(request, "managers/recurring.html", await frame(request, None) | shown)


async def prevent(request: web.Request) -> web.StreamResponse:
    """Open a preventive case for a charger, once a day."""
    runtime, agent, fields = runtime_of(request), request[AGENT], await form(request)
    charger, now = fields.get("charger", ""), runtime.clock.now()
    if charger not in runtime.directory().chargers:
        raise Problem(404, "There is no such charger.")
    words = catalogue(HOUSE_LANGUAGE).gettext("recurring.case") % {
        "charger": charger,
        "days": fields.get("days", "30")[:3],
    }
    key = f"preventive {charger} {facts.day_of(now).isoformat()}"
    report = Report(channel=Channel.API, key=key, received_at=now, text=words, charger=charger)
    case = await desk.open_case(runtime, Actor("agent", agent.id, agent.role), report)
    raise web.HTTPSeeOther(f"/console/cases/{casenumber.number(case)}")
