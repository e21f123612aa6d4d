"""How a web process leaves: nobody who was let in is turned away, so that a restart fails no webhook.

A listener that is closed resets whoever the system has let in and nobody has greeted yet, and whoever was greeted and
has not said anything is taken for idle. So the last in line are let in before the door goes, have a moment to say what
they want, and every answer of a process that leaves says that it is the last on its connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp import hdrs, web

from gateway.hosting.ports import Listeners, close, waiting
from gateway.web.greeting import greet
from gateway.web.keys import STOPPING

MOMENT = 1.0  # seconds for whoever was let in last to say what they want


async def leave(runner: web.AppRunner, doors: Sequence[asyncio.Server], others: Sequence[Listeners]) -> None:
    """Close the doors, answer those who are in, and clean up. `others` are sockets of other processes on this port."""
    listeners = [listener.dup() for door in doors for listener in door.sockets]
    for door in doors:
        door.close()
    last = []
    for held in (listeners, *others):
        last += waiting(held)
        close([held])  # with nothing in between, should we be the last to hold them
    await greet(runner, last)
    await asyncio.sleep(MOMENT)
    await runner.cleanup()


async def say_goodbye(request: web.Request, response: web.StreamResponse) -> None:
    """Signal on every answer: of a process that leaves it is the last on its connection."""
    if request.app[STOPPING].is_set():
        response.force_close()
        response.headers[hdrs.CONNECTION] = "close"
