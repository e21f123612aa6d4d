"""What is kept about a person: found, handed over as one file, erased. For managers and administrators who see all.

Whoever asks has to be known to be that person: the page shows which addresses are proven. Each hand-over and each
erasure is on the audit. An address that is looked for stands in no URL.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.blobs import BlobsUnavailable
from gateway.casenumber import number
from gateway.languages import N_
from gateway.people.privacy import Deferred, Nobody, erase_person, export_person, find_person, note_export
from gateway.people.takeout import take_out
from gateway.record.timeline import Actor
from gateway.web.bodies import form
from gateway.web.console.frame import frame
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import HEADERS, page
from gateway.web.problems import Problem
from gateway.web.within import sees_everything

NOBODY = N_("Nobody is known by that. Try another address, or the number with its country code.")
UNSURE = N_("Tick that you are sure.")
AWAY = N_("The store of files does not answer. Nothing was taken along; try again in a while.")
DONE = {
    "erased": N_("Erased. What remains are ids, times and figures."),
    "waiting": N_("Erased. The store of files does not answer: their files are erased by themselves in the night."),
    "deferred": N_("There is an open emergency. They are erased by themselves in the night after it is over."),
}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers/personal", index)
    app.router.add_post("/managers/personal", look)
    app.router.add_get("/managers/personal/{id:[0-9]{1,18}}", show)
    app.router.add_post("/managers/personal/{id:[0-9]{1,18}}/export", take)
    app.router.add_post("/managers/personal/{id:[0-9]{1,18}}/erase", erase)


async def index(request: web.Request) -> web.StreamResponse:
    """Where to look for somebody."""
    sees_everything(request)
    return page(request, "managers/personal.html", await frame(request, None))


async def look(request: web.Request) -> web.StreamResponse:
    """Find somebody by number, address or id."""
    sees_everything(request)
    who = (await form(request)).get("who", "")
    try:
        person = await find_person(runtime_of(request).db, who)
    except Nobody:
        context = await frame(request, None) | {"who": who, "error": NOBODY}
        return page(request, "managers/personal.html", context, 422)
    raise web.HTTPSeeOther(f"/managers/personal/{person}")


async def show(request: web.Request) -> web.StreamResponse:
    """What is kept about somebody, in figures, and what can be done."""
    return await _person(request)


async def take(request: web.Request) -> web.StreamResponse:
    """Everything as a ZIP."""
    sees_everything(request)
    runtime, person = runtime_of(request), await _known(request)
    try:
        file = await take_out(runtime.db, runtime.blobs, person)
    except BlobsUnavailable:
        return await _person(request, AWAY, 503)
    await note_export(runtime.db, person, Actor("agent", request[AGENT].id), runtime.clock.now())
    response = web.Response(body=file, content_type="application/zip")
    named = {"Content-Disposition": f'attachment; filename="person-{person}.zip"', "Cache-Control": "no-store"}
    response.headers.update({**HEADERS, **named})
    return response


async def erase(request: web.Request) -> web.StreamResponse:
    """Erase somebody; while they have an open emergency, later."""
    sees_everything(request)
    runtime, person = runtime_of(request), await _known(request)
    if (await form(request)).get("sure") != "yes":
        return await _person(request, UNSURE, 422)
    actor = Actor("agent", request[AGENT].id)
    try:
        counts = await erase_person(runtime.db, runtime.blobs, person, actor, runtime.clock.now())
        done = "waiting" if counts["waiting"] else "erased"
    except Deferred:
        done = "deferred"
    raise web.HTTPSeeOther(f"/managers/personal/{person}?done={done}")


async def _known(request: web.Request) -> int:
    try:
        return await find_person(runtime_of(request).db, request.match_info["id"])
    except Nobody as error:
        raise Problem(404, "There is no such person.") from error


async def _person(request: web.Request, error: str | None = None, status: int = 200) -> web.Response:
    sees_everything(request)
    told = await export_person(runtime_of(request).db, await _known(request))
    context: dict[str, Any] = await frame(request, None) | {
        "person": told["person"],
        "addresses": told["identities"],
        "cases": [number(case) for case in sorted({report["case_id"] for report in told["reports"]}, reverse=True)],
        "kept": {name: len(told[name]) for name in ("reports", "attachments", "messages", "calls", "recordings")},
        "error": error,
        "done": DONE.get(request.query.get("done", "")),
    }
    return page(request, "managers/personal_of.html", context, status)
