"""The rota as a page for those who lead: who is on call, where nobody is, ladders that are being climbed right now.

A shift that cannot be taken in comes back with what was typed and why (422); a file is taken in whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway import casenumber, languages
from gateway.languages import N_
from gateway.phone import rota
from gateway.record import agents, oncall
from gateway.record.db import statements
from gateway.record.timeline import Actor
from gateway.web.bodies import form
from gateway.web.console.frame import frame
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import language_of, page
from gateway.web.problems import Problem

SQL = statements("oncall")
WHY = {
    "must be after from": N_("The end must be after the beginning."),
    "there is no such agent": N_("There is no such colleague."),
    "this agent has no telephone": N_("This colleague has no telephone: give a number."),
    "is no telephone number": N_("That is not a telephone number."),
}
UNREADABLE = N_("This cannot be read.")
NO_TABLE = N_("This is no table with the columns agent_id, line, from and until, or it is too long.")
DONE = {"added": N_("The rota has been changed."), "removed": N_("The shift is off the rota.")}
SHOWN = 12  # faults of a file


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers/rota", show)
    app.router.add_post("/managers/rota", add)
    app.router.add_post("/managers/rota/file", take_file)
    app.router.add_post(r"/managers/rota/{shift:\d{1,18}}/remove", remove)


async def show(request: web.Request) -> web.StreamResponse:
    """The page."""
    done = DONE.get(request.query.get("done", ""))
    return await _page(request, done=done)


async def add(request: web.Request) -> web.StreamResponse:
    """Put one shift on the rota."""
    fields = await form(request)
    row = {name: fields.get(name, "") for name in rota.COLUMNS}
    try:
        await _take(request, [row])
    except rota.RotaFaults as wrong:
        errors = {column: WHY.get(what, UNREADABLE) for _, column, what in wrong.faults}
        return await _page(request, typed=row, errors=errors, status=422)
    raise web.HTTPSeeOther("/managers/rota?done=added")


async def take_file(request: web.Request) -> web.StreamResponse:
    """Take in what was pasted from a table."""
    text = (await form(request)).get("rows", "")
    try:
        rows = rota.read_csv(text)
        await _take(request, rows)
    except rota.RotaFaults as wrong:
        faults = [
            {"row": row, "column": column, "what": WHY.get(what, UNREADABLE if row else NO_TABLE)}
            for row, column, what in wrong.faults[:SHOWN]
        ]
        return await _page(request, typed={"rows": text}, file_faults=faults, status=422)
    raise web.HTTPSeeOther("/managers/rota?done=added")


async def remove(request: web.Request) -> web.StreamResponse:
    """Take a shift off the rota."""
    runtime = runtime_of(request)
    if not await oncall.remove(runtime.db, int(request.match_info["shift"]), _actor(request), runtime.clock.now()):
        raise Problem(404, "There is no such shift.")
    raise web.HTTPSeeOther("/managers/rota?done=removed")


async def _take(request: web.Request, rows: list[dict[str, Any]]) -> None:
    runtime = runtime_of(request)
    await rota.take_in(runtime.db, rows, _actor(request), runtime.clock.now())


async def _page(
    request: web.Request,
    *,
    done: str | None = None,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    file_faults: list[dict[str, Any]] | None = None,
    status: int = 200,
) -> web.Response:
    runtime = runtime_of(request)
    now = runtime.clock.now()
    seen = await rota.outlook(runtime.db, now)
    climbs = [row | {"number": casenumber.number(row["case_id"])} for row in await runtime.db.rows(SQL["open_climbs"])]
    everyone = [agent for agent in await agents.everyone(runtime.db) if agent.may_work]
    book = languages.catalogue(language_of(request))
    today = now.astimezone(ZoneInfo(rota.TIMEZONE))
    tomorrow = today + timedelta(days=1)
    suggested = {"from": today.strftime("%Y-%m-%dT17:00"), "until": tomorrow.strftime("%Y-%m-%dT08:00")}
    context = {
        "outlook": seen,
        "present": [one for one in seen.shifts if one.shift.starts <= now],
        "later": [one for one in seen.shifts if one.shift.starts > now],
        "climbs": climbs,
        "last_resort": runtime.config.last_resort_number,
        "leads": [agent for agent in everyone if agent.role == "lead" and agent.phone],
        "staff": everyone,
        "regions": sorted({agent.region for agent in everyone if agent.region}),
        "timezone": rota.TIMEZONE,
        "typed": {**suggested, **(typed or {})},
        "errors": errors or {},
        "file_faults": file_faults or [],
        "notice": {"kind": "good", "text": book.gettext(done)} if done else None,
    }
    return page(request, "rota/index.html", await frame(request, None) | context, status)


def _actor(request: web.Request) -> Actor:
    return Actor("agent", request[AGENT].id, request[AGENT].role)
