"""What the help center's pages tell of faults that we know of: they wait for it a moment, and go on without it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from aiohttp import web

from gateway import outages
from gateway.known import Known, known_at
from gateway.outages import Outage
from gateway.record.asks import Asks
from gateway.record.db import Unavailable
from gateway.web.helpcenter.places import Place
from gateway.web.keys import RUNTIME, runtime_of

KNOWING = 2.0  # seconds
ASKS = web.AppKey("asks", Asks)


def setup(app: web.Application) -> None:
    app[ASKS] = Asks(app[RUNTIME].db)


async def everywhere(request: web.Request) -> Sequence[Outage]:
    """Faults of no place, the newest first; `due` only while it is to come."""
    now = runtime_of(request).clock.now()
    with suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(KNOWING):
            found = await outages.of_all(request.app[ASKS], now)
            return [one if one.due and one.due > now else replace(one, due=None) for one in found]
    return ()


async def at_place(request: web.Request, place: Place) -> Known | None:
    """The fault at a charger or its whole site."""
    runtime = runtime_of(request)
    with suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(KNOWING):
            return await known_at(runtime.db, place.charger, place.id, runtime.clock.now())
    return None
