"""How a web process leaves: nobody who was let in is turned away, so that a restart fails no webhook.

A listener that is closed resets whoever the system has let in and nobody has greeted yet, and whoever was greeted and
has not said anything is taken for idle. So the last in line are let in before the door goes, have a moment to say what
they want, and every answer of a process that leaves says that it is the last on its connection.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

from aiohttp import hdrs, web

from gateway.web.keys import STOPPING

MOMENT = 1.0  # seconds for whoever was let in last to say what they want


async def open_door(runner: web.AppRunner, host: str, port: int) -> asyncio.Server:
    """Listen. Raises OSError."""
    assert runner.server is not None
    return await asyncio.get_running_loop().create_server(runner.server, host, port, backlog=128)


async def leave(runner: web.AppRunner, door: asyncio.Server) -> None:
    """Close the door, answer those who are in, and clean up."""
    loop = asyncio.get_running_loop()
    listeners = [listener.dup() for listener in door.sockets]
    door.close()
    last = [guest for listener in listeners for guest in _last_in(listener)]
    for guest in last:
        assert runner.server is not None
        await loop.connect_accepted_socket(runner.server, guest)
    await asyncio.sleep(MOMENT)
    await runner.cleanup()


async def say_goodbye(request: web.Request, response: web.StreamResponse) -> None:
    """Signal on every answer: of a process that leaves it is the last on its connection."""
    if request.app[STOPPING].is_set():
        response.force_close()
        response.headers[hdrs.CONNECTION] = "close"


def _last_in(listener: socket.socket) -> list[socket.socket]:
    """Whoever waits behind a listener, which is closed with nothing in between."""
    guests = []
    listener.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            guest, _ = listener.accept()
            guest.setblocking(False)
            guests.append(guest)
    listener.close()
    return guests
