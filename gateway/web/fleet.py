"""What a charger itself says now: asked for by a piece of the case page, because the answer may take seconds."""

from __future__ import annotations

from aiohttp import web

from gateway import casenumber, desk
from gateway.record import cases
from gateway.web import caseview
from gateway.web.keys import runtime_of
from gateway.web.pages import page
from gateway.web.problems import Problem


def add_routes(app: web.Application) -> None:
    app.router.add_get("/console/cases/{number}/charger", charger)


async def charger(request: web.Request) -> web.StreamResponse:
    """The status of the case's charger and the acts that may be tried from here."""
    runtime = runtime_of(request)
    number = casenumber.parse(request.match_info["number"])
    case = await cases.find(runtime.db, number) if number is not None else None
    if case is None or case.charger_id is None:
        raise Problem(404, "There is no such charger.")
    context = {
        "case": case,
        "timezone": case.timezone,
        "state": await runtime.chargers.status(case.charger_id),
        "place": caseview.place(case, runtime.directory()),
        "acts": desk.possible(runtime, case),
        "open": case.status not in ("concluded", "closed"),
    }
    return page(request, "console/charger.html", context)
