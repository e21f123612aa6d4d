"""What a charger itself says now: asked for by a piece of the case page, because the answer may take seconds."""

from __future__ import annotations

from aiohttp import web

from gateway.web.console import caseview
from gateway.web.keys import runtime_of
from gateway.web.pages import page
from gateway.web.problems import Problem
from gateway.web.within import case_within


def add_routes(app: web.Application) -> None:
    app.router.add_get("/console/cases/{number}/charger", charger)


async def charger(request: web.Request) -> web.StreamResponse:
    """The status of the case's charger."""
    runtime = runtime_of(request)
    case = await case_within(request, request.match_info["number"])
    if case.charger_id is None:
        raise Problem(404, "There is no such charger.")
    context = {
        "case": case,
        "timezone": case.timezone,
        "state": await runtime.chargers.status(case.charger_id),
        "place": caseview.place(case, runtime.directory()),
    }
    return page(request, "console/charger.html", context)
