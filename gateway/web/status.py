"""The page behind a report's own link: how far we are, by state and time alone, and the reporter's word at the end.

Whoever has the link sees what it shows and may say whether the problem is solved; fetching it changes nothing. Nothing
of what was said, by whom, or noted is ever here.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import asdict

from aiohttp import web

from gateway import desk
from gateway.record import reports
from gateway.record.reports import StatusView
from gateway.web.bodies import form
from gateway.web.keys import runtime_of
from gateway.web.pages import page
from gateway.web.problems import Problem
from gateway.web.sayings import PHOTO_FAULTS

SLOW_ANSWER = 1.0  # seconds
MISSES = 20  # wrong links a minute from one address before answers slow down
SCORES = ("1", "2", "3", "4", "5")
DONE = {"yes": "confirmed", "no": "reopened"}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/s/{token}", status)
    app.router.add_get("/s/{token}/receipt", receipt)
    app.router.add_post("/s/{token}", answer)
    app.router.add_post("/s/{token}/rating", rating)


async def receipt(request: web.Request) -> web.StreamResponse:
    """What somebody who has reported takes along: number, code, link; and which photo is missing."""
    view = await _view(request)
    fault = PHOTO_FAULTS.get(request.query.get("photo", ""))
    context = {
        "number": view.number,
        "code": view.code,
        "status_url": f"{runtime_of(request).config.public_url.rstrip('/')}/s/{view.token}",
        "priority": view.priority,
        "repeated": False,
        "photo_faults": [fault] if fault else [],
    }
    return private(page(request, "help/receipt.html", context, language=view.language))


async def status(request: web.Request) -> web.StreamResponse:
    """How far we are with one report: state and times, nothing that others said."""
    view = await _view(request)
    done = request.query.get("done")
    site = runtime_of(request).directory().sites.get(view.site or "")
    shown = {
        "view": asdict(view) | {"number": view.number, "site": f"{site.name}, {site.city}" if site else None},
        "timezone": view.timezone,
        "scores": SCORES,
        "done": done if done in (*DONE.values(), "rated") else None,
    }
    return private(page(request, "help/status.html", shown, language=view.language))


async def answer(request: web.Request) -> web.StreamResponse:
    """The reporter's word: solved closes the case, not solved opens it again. Asked twice, answered once."""
    view = await _view(request)
    said = (await form(request)).get("solved")
    if said not in DONE:
        raise Problem(400, "Say whether it is solved: yes or no.")
    with suppress(desk.Refused):
        await desk.confirm(runtime_of(request), desk.CUSTOMER, view.case, said == "yes", view.report)
    raise web.HTTPSeeOther(f"/s/{view.token}?done={DONE[said]}")


async def rating(request: web.Request) -> web.StreamResponse:
    """How it went, 1 to 5, and words if they like; once for each report, when the problem is said to be solved."""
    view = await _view(request)
    fields = await form(request)
    score = fields.get("score", "")
    if score not in SCORES:
        raise Problem(400, "Give it one to five.")
    if view.status == "closed" or view.confirmed:
        await desk.rate(runtime_of(request), desk.CUSTOMER, view.case, view.report, int(score), fields.get("text", ""))
    raise web.HTTPSeeOther(f"/s/{view.token}?done=rated")


async def _view(request: web.Request) -> StatusView:
    runtime = runtime_of(request)
    view = await reports.by_token(runtime.db, request.match_info["token"])
    if view is None:
        if not await runtime.live.within(f"miss:{request.remote}", MISSES, 60):
            await asyncio.sleep(SLOW_ANSWER)
        raise Problem(404, "There is no such link.")
    return view


def private(response: web.Response) -> web.Response:
    """A page behind a link that only its holder knows: not kept, not indexed, not passed on."""
    response.headers.update({"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "Cache-Control": "no-store"})
    return response
