"""The page behind a report's own link: how far we are, by state and time alone, and the reporter's word at the end.

Whoever has the link sees what it shows and may say whether the problem is solved; fetching it changes nothing. Nothing
of what was said, by whom, or noted is ever here. A link that does not exist is answered in the time of one that does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta

from aiohttp import web

from channels.report import RemoteAct
from gateway import desk, seals
from gateway.languages import CUSTOMERS
from gateway.record import cases, reports
from gateway.record.reports import StatusView
from gateway.runtime import Runtime
from gateway.web.bodies import form
from gateway.web.keys import runtime_of
from gateway.web.pages import language_of, page
from gateway.web.problems import Problem
from gateway.web.sayings import PHOTO_FAULTS

SLOW_ANSWER = 1.0  # seconds
MISSES = 20  # wrong links a minute from one address before answers slow down
SCORES = ("1", "2", "3", "4", "5")
DONE = {"yes": "confirmed", "no": "reopened"}
SAID = ("rated", "added", "texted", "untexted", "helped")
ADDITION = "addition"  # the purpose of the form tokens
THERE = timedelta(minutes=45)  # for so long after a report somebody is taken to stand at the charger


def add_routes(app: web.Application) -> None:
    app.router.add_get("/s/{token}", status)
    app.router.add_get("/s/{token}/receipt", receipt)
    app.router.add_post("/s/{token}", answer)
    app.router.add_post("/s/{token}/rating", rating)


async def receipt(request: web.Request) -> web.StreamResponse:
    """What somebody who has reported takes along: number, code, link; and which photo is missing."""
    runtime, view = runtime_of(request), await following(request)
    fault = PHOTO_FAULTS.get(request.query.get("photo", ""))
    sender = await reports.sender(runtime.db, view.report)
    context = {
        "number": view.number,
        "code": view.code,
        "status_url": f"{runtime.config.public_url.rstrip('/')}/s/{view.token}",
        "priority": view.priority,
        "repeated": False,
        "photo_faults": [fault] if fault else [],
        "expected_at": view.expected_at if view.expected_at and view.expected_at > runtime.clock.now() else None,
        "timezone": view.timezone,
        "reached": sender.phone or sender.email or view.texted,
        "remote": await offered(runtime, view),
        "add_url": f"/s/{view.token}/more",
        "text_url": f"/s/{view.token}/text",
        "form_token": seals.seal(runtime.config.secret_keys, ADDITION, seals.fresh()),
    }
    return private(page(request, "help/receipt.html", context, language=view.language))


async def status(request: web.Request) -> web.StreamResponse:
    """How far we are with one report: state and times, nothing that others said."""
    return await status_page(request, await following(request))


async def answer(request: web.Request) -> web.StreamResponse:
    """The reporter's word: solved closes the case, not solved opens it again. Asked twice, answered once."""
    view = await following(request)
    said = (await form(request)).get("solved")
    if said not in DONE:
        raise Problem(400, "Say whether it is solved: yes or no.")
    with suppress(desk.Refused):
        await desk.confirm(runtime_of(request), desk.CUSTOMER, view.case, said == "yes", view.report)
    raise web.HTTPSeeOther(f"/s/{view.token}?done={DONE[said]}")


async def rating(request: web.Request) -> web.StreamResponse:
    """How it went, 1 to 5, and words if they like; once for each report, when the problem is said to be solved."""
    view = await following(request)
    fields = await form(request)
    score = fields.get("score", "")
    if score not in SCORES:
        raise Problem(400, "Give it one to five.")
    if view.status == "closed" or view.confirmed:
        await desk.rate(runtime_of(request), desk.CUSTOMER, view.case, view.report, int(score), fields.get("text", ""))
    raise web.HTTPSeeOther(f"/s/{view.token}?done=rated")


async def following(request: web.Request) -> StatusView:
    """The report behind the link. Raises Problem 404, later and later for whoever guesses."""
    runtime = runtime_of(request)
    view = await reports.by_token(runtime.db, request.match_info["token"])
    if view is None:
        if not await runtime.live.within(f"miss:{request.remote}", MISSES, 60):
            await asyncio.sleep(SLOW_ANSWER)
        raise Problem(404, "There is no such link.")
    return view


async def status_page(
    request: web.Request, view: StatusView, errors: Mapping[str, str] | None = None, status: int = 200
) -> web.StreamResponse:
    """The page, with what may be done from it now."""
    runtime = runtime_of(request)
    done, fault = request.query.get("done"), PHOTO_FAULTS.get(request.query.get("photo", ""))
    site, charger = runtime.directory().sites.get(view.site or ""), runtime.directory().chargers.get(view.charger or "")
    is_open = view.status not in ("concluded", "closed")
    language = language_of(request, CUSTOMERS, view.language)
    shown = {
        "view": asdict(view) | {"number": view.number, "site": f"{site.name}, {site.city}" if site else None},
        "timezone": view.timezone,
        "scores": SCORES,
        "done": done if done in (*DONE.values(), *SAID) else None,
        "photo_faults": [fault] if fault else [],
        "errors": dict(errors or {}),
        "form_token": seals.seal(runtime.config.secret_keys, ADDITION, seals.fresh()),
        "remote": await offered(runtime, view) if is_open else None,
        "connectors": charger.connectors.split(";") if charger else [],
        "solutions": runtime.solutions.find(view.category, language, charger.model if charger else None)[:1]
        if is_open
        else [],
        "about_sites": (view.site,) if view.site else (),
    }
    return private(page(request, "help/status.html", shown, status, language=view.language))


async def offered(runtime: Runtime, view: StatusView) -> RemoteAct | None:
    """What may be done from afar for this reporter now, by a button of theirs."""
    fresh = runtime.clock.now() - view.opened_at < THERE
    if view.tried or not fresh or view.own_charger is None or view.own_charger != view.charger:
        return None
    case = await cases.find(runtime.db, view.case)
    return await desk.offered(runtime, case) if case else None


def private(response: web.Response) -> web.Response:
    """A page behind a link that only its holder knows: not kept, not indexed, not passed on."""
    response.headers.update({"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "Cache-Control": "no-store"})
    return response
