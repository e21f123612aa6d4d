"""Live news for open pages, as server-sent events: `case` and `case-<id>` when a case changed, `offer` when what is
offered to this agent did, `talk` when a talk on the telephone did; nothing of its content.

An event is a hint; the page fetches what it shows anew and so never sees more than its agent may. Without Redis other
processes are not heard, so `refresh` is sent every few seconds instead. A stream ends within 5 s when its agent may no
longer see it, and at once when the server stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from gateway import presence
from gateway.record.db import Unavailable
from gateway.web.access import still_admitted
from gateway.web.keys import AGENT, STOPPING, runtime_of
from gateway.web.pages import HEADERS

LOOK = 4.0  # seconds between looks at whether the stream may go on
GATHER = 0.25  # seconds in which many changes become one event


def add_routes(app: web.Application) -> None:
    app.router.add_get("/console/events", events)


async def events(request: web.Request) -> web.StreamResponse:
    """The stream for the pages of one agent."""
    runtime, stopping = runtime_of(request), request.app[STOPPING]
    changed: set[int | str] = set()
    rang = asyncio.Event()
    async with runtime.live.subscribe() as news, sse_response(request, headers=dict(HEADERS)) as stream:
        listener = asyncio.create_task(_listen(news, changed, rang, request[AGENT].id))
        looked = runtime.clock.monotonic()
        try:
            await stream.send("", event="hello")
            while not stopping.is_set() and request.transport is not None and stream.is_connected():
                await _wait(rang, stopping)
                await _tell(stream, changed)
                if runtime.clock.monotonic() - looked >= LOOK:
                    looked = runtime.clock.monotonic()
                    if not await _welcome(request):
                        break
                    await presence.sign(runtime, request[AGENT].id)
                    if not await runtime.live.answers():
                        await stream.send("", event="refresh")
        except ConnectionError:
            return stream
        finally:
            listener.cancel()
            with suppress(asyncio.CancelledError):
                await listener
    return stream


async def _listen(
    news: AsyncIterator[Mapping[str, Any]], changed: set[int | str], rang: asyncio.Event, agent: str
) -> None:
    """Gather the cases that changed, by number, and the names of what else did."""
    async for event in news:
        if event.get("type") == "case" and isinstance(event.get("case"), int):
            changed.add(event["case"])
        elif event.get("type") == "offer" and event.get("agent") == agent:
            changed.add("offer")
        elif event.get("type") == "talk":
            changed.add("talk")
        rang.set()


async def _wait(rang: asyncio.Event, stopping: asyncio.Event) -> None:
    """Until something was heard and others had time to join it, the server stops, or it is time to look around."""
    waits = [asyncio.create_task(event.wait()) for event in (rang, stopping)]
    try:
        await asyncio.wait(waits, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
        if rang.is_set():
            await asyncio.wait(waits[1:], timeout=GATHER)
            rang.clear()
    finally:
        for wait in waits:
            wait.cancel()


async def _tell(stream: EventSourceResponse, changed: set[int | str]) -> None:
    cases = sorted(one for one in changed if isinstance(one, int))
    others = sorted(one for one in changed if isinstance(one, str))
    changed.clear()
    for case in cases:
        await stream.send(str(case), event=f"case-{case}")
    if cases:
        await stream.send("", event="case")
    for name in others:
        await stream.send("", event=name)


async def _welcome(request: web.Request) -> bool:
    try:
        return await still_admitted(request)
    except Unavailable:
        return True
