"""How a web process greets visitors: those who come to it, and those whom another process on this port leaves waiting.

A process that has died, stands still or is about to leave greets nobody. Its visitors wait for it no longer than until
the next look of another one.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from gateway.hosting.ports import BACKLOG, Listeners, waiting
from gateway.hosting.stopping import end

LOOK = 0.1  # seconds between looks at who waits for others


async def open_doors(runner: web.AppRunner, listeners: Listeners) -> list[asyncio.Server]:
    """Greet whoever comes to these."""
    loop = asyncio.get_running_loop()
    assert runner.server is not None
    return [await loop.create_server(runner.server, sock=listener, backlog=BACKLOG) for listener in listeners]


@asynccontextmanager
async def standing_in(runner: web.AppRunner, others: Sequence[Listeners]) -> AsyncIterator[None]:
    """Look after the visitors of the other processes while the block lasts."""
    looking = asyncio.create_task(_look(runner, others))
    try:
        yield
    finally:
        await end([looking])


async def greet(runner: web.AppRunner, visitors: Iterable[socket.socket]) -> None:
    """Let in those who were accepted already."""
    loop = asyncio.get_running_loop()
    for visitor in visitors:
        assert runner.server is not None
        await loop.connect_accepted_socket(runner.server, visitor)


async def _look(runner: web.AppRunner, others: Sequence[Listeners]) -> None:
    while others:
        await asyncio.sleep(LOOK)
        for listeners in others:
            await greet(runner, waiting(listeners))
