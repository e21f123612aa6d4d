"""The owner's sites: how each stands, its service card, and planned maintenance that keeps its alarms quiet.

Muting is for planned work and has an end: at most two weeks, and danger to people is never muted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway import casenumber, desk
from gateway.languages import N_
from gateway.record import cards, owners
from gateway.record.timeline import SYSTEM
from gateway.web.bodies import form
from gateway.web.files import saved
from gateway.web.keys import OWNER, runtime_of
from gateway.web.portal.cases import manager, portal_page, sites_of
from gateway.web.problems import Problem

LONGEST = timedelta(days=14)
AHEAD = timedelta(days=365)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/portal/sites", index)
    app.router.add_get("/portal/sites/{site}", show)
    app.router.add_get("/portal/documents/{document:[0-9]{1,18}}", document)
    app.router.add_post("/portal/sites/{site}/maintenance", plan)
    app.router.add_post("/portal/sites/{site}/maintenance/{window}/end", end)


async def index(request: web.Request) -> web.StreamResponse:
    """All sites with what is open there and what is planned."""
    runtime, user = runtime_of(request), request[OWNER]
    now = runtime.clock.now()
    shown = {
        "standing": await owners.sites(runtime.db, user.owner_id, now),
        "windows": await _windows(request, now),
        "chargers": runtime.directory().site_chargers,
    }
    return portal_page(request, "portal/sites.html", shown)


async def show(request: web.Request) -> web.StreamResponse:
    """One site: chargers, service card, maintenance."""
    return await _site_page(request)


async def document(request: web.Request) -> web.StreamResponse:
    """A document of the work at a site of the owner's own, to be saved."""
    runtime, wanted = runtime_of(request), int(request.match_info["document"])
    mine = await owners.has_document(runtime.db, request[OWNER].owner_id, wanted)
    found = await cards.document(runtime.db, wanted) if mine else None
    if found is None:
        raise Problem(404, "There is no such document.")
    return await saved(request, found)


async def plan(request: web.Request) -> web.StreamResponse:
    """Plan maintenance: this site's alarms wait until it is over."""
    site, user, runtime = _site(request), manager(request), runtime_of(request)
    fields, now = await form(request), runtime.clock.now()
    zone = ZoneInfo(site.timezone or "Europe/Stockholm")
    since, until = (_moment(fields.get(name), zone) for name in ("from", "until"))
    since = since or now
    errors = {}
    if until is None:
        errors["until"] = N_("Say until when.")
    elif until <= max(since, now):
        errors["until"] = N_("It must end after it begins, and not in the past.")
    elif until - since > LONGEST or since - now > AHEAD:
        errors["until"] = N_("At most two weeks, and within a year.")
    if until is None or errors:
        return await _site_page(request, errors=errors, fields=fields, status=422)
    await owners.plan(runtime.db, user.owner_id, site.id, since, until, user.id, now)
    raise web.HTTPSeeOther(f"/portal/sites/{site.id}?done=planned")


async def end(request: web.Request) -> web.StreamResponse:
    """End it now; what was kept meanwhile becomes work."""
    site, user, runtime = _site(request), manager(request), runtime_of(request)
    text = request.match_info["window"]
    window = int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0
    ended, case = await owners.end_maintenance(runtime.db, user.owner_id, site.id, window, runtime.clock.now())
    if not ended:
        raise Problem(404, "There is no such maintenance.")
    if case is not None:
        await desk.resume(runtime, SYSTEM, case)
    raise web.HTTPSeeOther(f"/portal/sites/{site.id}?done=ended")


async def _site_page(
    request: web.Request,
    *,
    errors: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    site, user, runtime = _site(request), request[OWNER], runtime_of(request)
    directory, now = runtime.directory(), runtime.clock.now()
    card = [
        {**row, "number": casenumber.number(row["case_id"])}
        for row in await owners.card(runtime.db, user.owner_id, site.id)
    ]
    shown = {
        "site": site,
        "timezone": site.timezone,
        "standing": (await owners.sites(runtime.db, user.owner_id, now)).get(site.id),
        "chargers": [directory.chargers[one] for one in directory.site_chargers.get(site.id, ())],
        "windows": (await _windows(request, now)).get(site.id, []),
        "card": card,
        "errors": dict(errors or {}),
        "fields": dict(fields or {}),
    }
    return portal_page(request, "portal/site.html", shown, status)


async def _windows(request: web.Request, now: datetime) -> dict[str, list[owners.Window]]:
    windows: dict[str, list[owners.Window]] = {}
    for window in await owners.maintenance(runtime_of(request).db, request[OWNER].owner_id, now):
        windows.setdefault(window.site_id, []).append(window)
    return windows


def _site(request: web.Request) -> Any:
    site = sites_of(request).get(request.match_info["site"])
    if site is None:
        raise Problem(404, "There is no such site.")
    return site


def _moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    """A moment as a browser's field writes it, in the site's own time."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
