"""Opening a case by hand: what somebody told an agent, written down while they talk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from channels import form as words
from channels.report import Channel
from gateway import casenumber, desk, languages, seals
from gateway.web.bodies import form
from gateway.web.console.frame import frame
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import page
from gateway.web.sayings import SAY_SOMETHING

FIELDS = ("name", "phone", "email", "charger", "site", "connector", "language", "text")
CHANNELS = (Channel.PHONE, Channel.EMAIL, Channel.SMS, Channel.FORM)
MANY = 500  # sites; more are typed, not chosen


def add_routes(app: web.Application) -> None:
    app.router.add_get("/console/new", show)
    app.router.add_post("/console/new", open_case)


async def show(request: web.Request) -> web.StreamResponse:
    """An empty form; what the address says stands in it already."""
    return await _page(request, {name: request.query.get(name, "") for name in FIELDS})


async def open_case(request: web.Request) -> web.StreamResponse:
    """Keep what was told as a report, and give the agent its case. The page's key makes a repeated post harmless."""
    runtime, agent, fields = runtime_of(request), request[AGENT], await form(request)
    if not fields.get("text", "").strip():
        return await _page(request, fields, {"text": SAY_SOMETHING}, 422)
    channel = Channel(fields["channel"]) if fields.get("channel") in CHANNELS else Channel.PHONE
    given = {name: fields[name] for name in FIELDS if fields.get(name, "").strip()}
    key = f"agent:{agent.id}:{fields.get('key') or seals.fresh()}"[:200]
    report = words.read(given, key=key, received_at=runtime.clock.now(), channel=channel)
    actor = desk.Actor("agent", agent.id, agent.role)
    case = await desk.open_case(runtime, actor, report)
    try:
        await desk.claim(runtime, actor, case)
    except (desk.Taken, desk.Refused):
        raise web.HTTPSeeOther(f"/console/cases/{casenumber.number(case)}") from None
    raise web.HTTPSeeOther(f"/console/cases/{casenumber.number(case)}?done=open")


async def _page(
    request: web.Request, typed: Mapping[str, str], errors: Mapping[str, str] | None = None, status: int = 200
) -> web.Response:
    sites = list(runtime_of(request).directory().sites.values())
    context: dict[str, Any] = {
        "typed": typed,
        "errors": errors or {},
        "key": typed.get("key") or seals.fresh(),
        "channels": [str(one) for one in CHANNELS],
        "customers": languages.CUSTOMERS,
        "sites": sites if len(sites) <= MANY else [],
    }
    return page(request, "console/new.html", await frame(request, None) | context, status)
