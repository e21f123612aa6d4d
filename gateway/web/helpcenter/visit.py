"""The page behind a visit's own link: the times to choose from, the booked one, a calendar file.

Whoever has the link may choose and may say that none fits; both are buttons, and fetching the page changes nothing. It
shows where and when, and nothing of what anybody said.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from gateway import desk
from gateway.calendars import calendar
from gateway.languages import catalogue
from gateway.record import visits
from gateway.record.visits import Link
from gateway.web.bodies import form
from gateway.web.helpcenter.status import MISSES, SLOW_ANSWER, private
from gateway.web.keys import runtime_of
from gateway.web.pages import page
from gateway.web.problems import Problem

LONGEST_WISH = 2000


def add_routes(app: web.Application) -> None:
    app.router.add_get("/v/{token}", show)
    app.router.add_get("/v/{token}/visit.ics", ics)
    app.router.add_post("/v/{token}", answer)


async def show(request: web.Request) -> web.StreamResponse:
    """When somebody may come, or comes."""
    return _shown(request, await _link(request), request.query.get("done"))


async def ics(request: web.Request) -> web.StreamResponse:
    """The booked visit for a calendar."""
    link = await _link(request)
    visit = link.visit
    if visit.starts_at is None or visit.ends_at is None or not visit.open:
        raise Problem(404, "No time is booked.")
    runtime = runtime_of(request)
    site = runtime.directory().sites.get(link.site or "")
    place = ", ".join(filter(None, (site.name, site.street, f"{site.postcode} {site.city}"))) if site else ""
    base = runtime.config.public_url.rstrip("/")
    host = base.partition("://")[2].partition("/")[0].partition(":")[0]
    body = calendar(
        f"visit-{visit.id}@{host}",
        visit.sequence,
        visit.starts_at,
        visit.ends_at,
        visit.changed_at,
        f"{catalogue(visit.language).gettext('A technician comes to the charger')} ({link.number})",
        place,
        f"{base}/v/{visit.token}",
    )
    response = web.Response(body=body, content_type="text/calendar", charset="utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="visit-{link.number}.ics"'
    return private(response)


async def answer(request: web.Request) -> web.StreamResponse:
    """Choose a time, or say that none fits. Asked twice, answered once."""
    link = await _link(request)
    fields = await form(request)
    visit, runtime = link.visit, runtime_of(request)
    done = ""
    try:
        if fields.get("none"):
            await desk.refuse_visit(runtime, desk.CUSTOMER, visit.case, fields.get("wish", "")[:LONGEST_WISH], visit.id)
            done = "refused"
        else:
            chosen = fields.get("time", "")
            nth = int(chosen) if chosen.isascii() and chosen.isdecimal() and len(chosen) < 3 else 0
            await desk.book_visit(runtime, desk.CUSTOMER, visit.case, nth, visit.id)
            done = "booked"
    except (desk.Refused, desk.Unknown):
        done = "late"
    raise web.HTTPSeeOther(f"/v/{visit.token}?done={done}")


def _shown(request: web.Request, link: Link, done: str | None) -> web.StreamResponse:
    runtime = runtime_of(request)
    site, now = runtime.directory().sites.get(link.site or ""), runtime.clock.now()
    shown = {
        "number": link.number,
        "visit": link.visit,
        "times": [time for time in link.visit.times if time.starts_at > now],
        "timezone": link.timezone,
        "place": f"{site.name}, {site.street}, {site.city}" if site else None,
        "charger": link.charger,
        "status_url": f"/s/{link.report_token}" if link.report_token else None,
        "done": done if done in ("booked", "refused", "late") else None,
    }
    return private(page(request, "help/visit.html", shown, language=link.visit.language))


async def _link(request: web.Request) -> Link:
    runtime = runtime_of(request)
    link = await visits.by_token(runtime.db, request.match_info["token"])
    if link is None:
        if not await runtime.live.within(f"miss:{request.remote}", MISSES, 60):
            await asyncio.sleep(SLOW_ANSWER)
        raise Problem(404, "There is no such link.")
    return link
