"""The page behind the code on a charger: what is known there at once, news when it works again, and the report form."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from aiohttp import web
from yarl import URL

from channels.form import telephone
from gateway.known import maintenance_until
from gateway.record.db import Unavailable
from gateway.web.access import from_our_pages
from gateway.web.bodies import UNKEEPABLE, form
from gateway.web.helpcenter.knowing import KNOWING, at_place, everywhere
from gateway.web.helpcenter.news import wants_news
from gateway.web.helpcenter.places import Place, place_of
from gateway.web.helpcenter.reporting import key_of, report_form
from gateway.web.keys import runtime_of
from gateway.web.sayings import NO_NUMBER


def add_routes(app: web.Application) -> None:
    app.router.add_get("/c", looked_up)
    app.router.add_get("/c/{charger}", at_charger)
    app.router.add_post("/c/{charger}/follow", follow)


async def looked_up(request: web.Request) -> web.StreamResponse:
    """From a number that was typed to the charger's own page."""
    number = " ".join(UNKEEPABLE.sub("", request.query.get("number", "")).split())[:60]
    raise web.HTTPSeeOther(URL("/c") / number if number else URL("/report"))


async def at_charger(request: web.Request) -> web.StreamResponse:
    """What is known about a charger at once, and the form of somebody who stands there; an unknown number is kept as it
    was scanned."""
    number = _scanned(request)
    place = place_of(request, number)
    if place is None:
        return report_form(request, {"charger": number}, unknown=number, outages=await everywhere(request))
    category = UNKEEPABLE.sub("", request.query.get("category", ""))[:60]
    return await _shown(request, {"charger": place.charger, "category": category}, place)


async def follow(request: web.Request) -> web.StreamResponse:
    """Tell somebody by SMS when a known fault is mended: a report like any other, of what we know already."""
    fields, place = dict(await form(request)), place_of(request, _scanned(request))
    if place is None or key_of(request, fields) is None or not from_our_pages(request):
        raise web.HTTPSeeOther(URL("/c") / _scanned(request))
    if telephone(fields.get("phone", "")) is None:
        given = {"charger": place.charger, "phone": fields.get("phone", "")}
        return await _shown(request, given, place, {"follow": NO_NUMBER}, 422)
    known = await at_place(request, place)
    return await wants_news(request, {**fields, "charger": place.charger}, known.case if known else None)


async def _shown(
    request: web.Request,
    fields: Mapping[str, str],
    place: Place,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.StreamResponse:
    runtime = runtime_of(request)
    with suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(KNOWING):
            until = await maintenance_until(runtime.db, place.id, runtime.clock.now())
        place = replace(place, known=await at_place(request, place), maintenance=until)
    known = await everywhere(request)
    return report_form(request, fields, errors=errors, place=place, outages=known, status=status)


def _scanned(request: web.Request) -> str:
    return UNKEEPABLE.sub("", request.match_info["charger"])[:60]
