"""Files that colleagues put beside a case: logs of a charger, a maker's manual, photos from the site.

They are taken along, never opened here; what lies beyond an agent's reach does not exist.
"""

from __future__ import annotations

from aiohttp import web

from gateway import casenumber, desk
from gateway.record import cards
from gateway.web.console.deskforms import enclosed
from gateway.web.files import saved
from gateway.web.keys import AGENT, runtime_of
from gateway.web.problems import Problem
from gateway.web.uploads import MULTIPART, UploadLimits, begun
from gateway.web.within import case_within

LIMITS = UploadLimits(file=16 << 20, whole=40 << 20)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/console/documents/cases/{number}", put)
    app.router.add_get("/console/documents/{id:[0-9]{1,18}}", taken_along)


async def put(request: web.Request) -> web.StreamResponse:
    """Put files beside a case, and onto its visit when one is open."""
    runtime, agent = runtime_of(request), request[AGENT]
    case = await case_within(request, request.match_info["number"])
    if request.content_type != MULTIPART:
        raise Problem(415, "Send files from the form.")
    upload = begun(request, LIMITS)
    try:
        await upload.fields()
        files = enclosed(await upload.files())
        for file in files:
            actor = desk.Actor("agent", agent.id, agent.role)
            await desk.add_document(runtime, actor, case.id, file.name or "–", file.media_type, file.content)
    except desk.Refused:
        raise web.HTTPSeeOther(_page(case.id, "files_lost")) from None
    finally:
        await upload.close()
    raise web.HTTPSeeOther(_page(case.id, "document" if files else "files_none"))


async def taken_along(request: web.Request) -> web.StreamResponse:
    """A file as it was put there, to be saved."""
    found = await cards.document(runtime_of(request).db, int(request.match_info["id"]))
    if found is None:
        raise Problem(404, "There is no such file.")
    await case_within(request, found.case)
    return await saved(request, found)


def _page(case: int, done: str) -> str:
    return f"/console/cases/{casenumber.number(case)}?done={done}"
