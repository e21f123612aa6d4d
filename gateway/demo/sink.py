"""The demo's mail server: it takes every mail and delivers none.

What cannot be kept is refused with a temporary error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.demo.mails import Mails

log = structlog.get_logger()

LARGEST = 10 << 20  # bytes


@asynccontextmanager
async def serve_sink(mails: Mails, host: str, port: int) -> AsyncIterator[int]:
    """Take mail for as long as the block lasts; yields the port. Raises OSError."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(_Handler(mails), data_size_limit=LARGEST, enable_SMTPUTF8=True, hostname=host, loop=loop)

    server = await loop.create_server(protocol, host, port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


class _Handler:
    def __init__(self, mails: Mails) -> None:
        self._mails = mails

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        await self._mails.keep(content if isinstance(content, bytes) else str(content).encode())
        return "250 2.0.0 Kept"

    async def handle_exception(self, error: Exception) -> str:
        log.warning("demo.sink_failed", error=type(error).__name__)
        return "451 4.3.0 Try again later"
