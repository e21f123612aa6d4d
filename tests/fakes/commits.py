"""A line to PostgreSQL that swallows the answer to a COMMIT, or never lets it through: the client cannot tell which."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from tests.fakes.wire import Wire

COMMIT = b"COMMIT\0"


class CommitWire(Wire):
    """`answers_lost` and `commits_lost` are how many of the next COMMITs meet that end; then the line breaks."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.answers_lost = self.commits_lost = 0

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await super()._connect()
        line = _Line(self, reader, writer)
        return cast(asyncio.StreamReader, line), cast(asyncio.StreamWriter, line)


class _Line:
    """Both ends towards PostgreSQL of one connection."""

    def __init__(self, wire: CommitWire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._wire, self._reader, self._writer = wire, reader, writer
        self._swallow = False

    @property
    def transport(self) -> asyncio.WriteTransport:
        return self._writer.transport

    def write(self, data: bytes) -> None:
        if COMMIT in data and self._wire.commits_lost:
            self._wire.commits_lost -= 1
            self._writer.transport.abort()
            return
        if COMMIT in data and self._wire.answers_lost:
            self._wire.answers_lost -= 1
            self._swallow = True
        self._writer.write(data)

    async def drain(self) -> None:
        await self._writer.drain()

    async def read(self, most: int) -> bytes:
        data = await self._reader.read(most)
        return b"" if self._swallow else data


@asynccontextmanager
async def commit_wire(target: str) -> AsyncIterator[CommitWire]:
    """A mended wire to a PostgreSQL URL."""
    line = CommitWire(target)
    await line.mend()
    try:
        yield line
    finally:
        await line.cut()
