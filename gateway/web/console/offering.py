"""Work that is offered to an agent, on every page of the console: taken with one key, declined with another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from gateway import casenumber, desk, dispatch
from gateway.languages import N_
from gateway.record import cases
from gateway.web.keys import AGENT, runtime_of
from gateway.web.login import onward
from gateway.web.problems import Problem

GONE = N_("That offer had run out; it went to somebody else.")


def add_routes(app: web.Application) -> None:
    app.router.add_post("/console/offers/{id:[0-9]{1,18}}/accept", accept)
    app.router.add_post("/console/offers/{id:[0-9]{1,18}}/decline", decline)


async def offered(request: web.Request) -> Sequence[Mapping[str, Any]]:
    """What is offered to the agent now, most urgent first: the offer's row and, for a case, the case."""
    runtime, agent = runtime_of(request), request[AGENT]
    rows = await dispatch.offers_to(runtime.db, agent.id)
    return [{**row, "case": await cases.find(runtime.db, row["case_id"]) if row["case_id"] else None} for row in rows]


async def accept(request: web.Request) -> web.StreamResponse:
    """Take what is offered, and go to its case."""
    runtime, agent = runtime_of(request), request[AGENT]
    actor = desk.Actor("agent", agent.id, agent.role)
    try:
        case = await dispatch.accept(runtime, actor, int(request.match_info["id"]))
    except desk.Unknown:
        raise Problem(404, "There is no such offer.") from None
    except (desk.Refused, desk.Taken):
        raise web.HTTPSeeOther("/console?done=gone") from None
    raise web.HTTPSeeOther(f"/console/cases/{casenumber.number(case)}?done=claim" if case else "/console?done=accepted")


async def decline(request: web.Request) -> web.StreamResponse:
    """Leave what is offered to others."""
    runtime, agent = runtime_of(request), request[AGENT]
    try:
        await dispatch.decline(runtime, desk.Actor("agent", agent.id, agent.role), int(request.match_info["id"]))
    except desk.Unknown:
        raise Problem(404, "There is no such offer.") from None
    except desk.Refused:
        raise web.HTTPSeeOther("/console?done=gone") from None
    raise web.HTTPSeeOther(onward(request.query.get("back")))
