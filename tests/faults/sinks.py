"""Where the product's own words arrive: a mail server that notes every mail before it answers, the provider's API."""

from __future__ import annotations

import asyncio
import email
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.hosting.ports import unclaimed
from tests.fakes.provider import Provider


@dataclass
class MailSink:
    """`arrived` counts, for each recipient, how often each Message-ID came."""

    port: int = field(default_factory=unclaimed)
    arrived: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def total(self) -> int:
        return sum(sum(ids.values()) for ids in self.arrived.values())

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        mail = email.message_from_bytes(content)
        for recipient in envelope.rcpt_tos:
            self.arrived[recipient.lower()][str(mail["Message-ID"])] += 1
        return "250 OK"


@asynccontextmanager
async def mail_sink() -> AsyncIterator[MailSink]:
    sink = MailSink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, hostname="sink.example"), "127.0.0.1", sink.port)
    try:
        yield sink
    finally:
        server.close()


@asynccontextmanager
async def provider_server(provider: Provider, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(provider.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()
