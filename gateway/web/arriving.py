"""A body as it arrives, for aiohttp's multipart reader: what came before the line broke can still be read.

The server's own stream forgets what it holds when the connection is lost, and its multipart reader wants to see beyond
each part before it gives it out. Here a broken line is an end like any other, and `by_line` hands out one line at a
time, so that fields are known as soon as they have arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from aiohttp import StreamReader
from aiohttp.http_exceptions import LineTooLong

from gateway.web.bodies import BROKEN

MOST = 1 << 20  # bytes held before the sender has to wait


class Arriving:
    """The part of a stream's interface that the multipart reader uses. `total` counts the bytes that came."""

    def __init__(self, source: StreamReader) -> None:
        self._source = source
        self._held = bytearray()
        self._ended = False
        self._changed = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None
        self.by_line = True
        self.total = 0

    def start(self) -> None:
        self._reading = asyncio.create_task(self._take())

    async def stop(self) -> None:
        if self._reading:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading

    def at_eof(self) -> bool:
        return self._ended and not self._held

    def unread_data(self, data: bytes) -> None:
        self._held[:0] = data

    async def read(self, size: int = -1) -> bytes:
        await self._wait(lambda: bool(self._held))
        end = len(self._held) if size < 0 else min(size, len(self._held))
        if self.by_line:
            line = self._held.find(b"\n", 0, end)
            end = line + 1 if line >= 0 else end
        return await self._give(end)

    async def readline(self, *, max_line_length: int | None = None) -> bytes:
        limit = max_line_length or MOST
        await self._wait(lambda: b"\n" in self._held or len(self._held) > limit)
        end = self._held.find(b"\n") + 1 or len(self._held)
        if end > limit:
            raise LineTooLong(bytes(self._held[:100]), limit)
        return await self._give(end)

    async def _take(self) -> None:
        try:
            while chunk := await self._source.readany():
                async with self._changed:
                    self._held += chunk
                    self.total += len(chunk)
                    self._changed.notify_all()
                    await self._changed.wait_for(lambda: len(self._held) < MOST)
        except BROKEN:
            pass
        finally:
            self._ended = True
            async with self._changed:
                self._changed.notify_all()

    async def _wait(self, enough: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._ended or enough())

    async def _give(self, end: int) -> bytes:
        given = bytes(self._held[:end])
        del self._held[:end]
        async with self._changed:
            self._changed.notify_all()
        return given
