"""A line to a server that a test can cut: forwards TCP to a TCP or unix address, until it is cut and mended again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit


class Wire:
    """Listens on loopback; `url` leads to the same place as the URL it was made for."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._port = 0
        self._flows: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.delay = 0.0  # seconds that whatever is sent takes, in each direction

    @property
    def url(self) -> str:
        parts = urlsplit(self._target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items() if name not in ("host", "port")}
        user = f"{parts.username or query.pop('user', '')}" + (f":{parts.password}" if parts.password else "")
        place = f"{user}@127.0.0.1:{self._port}" if user else f"127.0.0.1:{self._port}"
        return urlunsplit((parts.scheme, place, parts.path, urlencode(query), ""))

    async def mend(self) -> None:
        """Let traffic through (again)."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection and refuse new ones."""
        if self._server:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.gather(*self._flows, return_exceptions=True)

    def stall(self) -> None:
        """Take everything and deliver nothing, as a line does whose other end has vanished."""
        self._open.clear()

    def flow(self) -> None:
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._flows.add(task)
        try:
            far_reader, far_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            self._flows.discard(task)
            return
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            for end in (writer, far_writer):
                end.transport.abort()
                self._writers.discard(end)
            self._flows.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await asyncio.sleep(self.delay)
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self._target)
        query = parse_qs(parts.query)
        host = query.get("host", [parts.hostname or "127.0.0.1"])[0]
        port = int(query.get("port", [parts.port or 5432])[0])
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)


@asynccontextmanager
async def wire(target: str) -> AsyncIterator[Wire]:
    """A mended wire to a PostgreSQL URL."""
    line = Wire(target)
    await line.mend()
    try:
        yield line
    finally:
        await line.cut()
