"""The demo's mail server: it takes every mail, delivers none, and keeps the newest in a Maildir to be read.

Texts that leave by the demo's provider lie in the same Maildir as mails without an @ in their addresses. What cannot be
written is refused with a temporary error; what cannot be read any more is not listed.
"""

from __future__ import annotations

import asyncio
import mailbox
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

log = structlog.get_logger()

KEPT = 500  # mails
LARGEST = 10 << 20  # bytes
TEXT_LIMIT = 64 << 10  # characters shown


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail as it is listed; `id` is its name in the Maildir. `text` is empty in lists."""

    id: str
    at: datetime
    sender: str
    to: str
    subject: str
    text: str = ""


class Sink:
    """A Maildir of what left this installation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = asyncio.Lock()

    async def keep(self, raw: bytes) -> None:
        """Add a mail; the oldest beyond `KEPT` are thrown away. Raises OSError."""
        async with self._turn:
            await asyncio.to_thread(self._keep, raw)

    async def keep_text(self, sender: str, to: str, text: str) -> None:
        """Add a text message. Raises OSError."""
        message = EmailMessage()
        message["From"], message["To"] = sender, to
        message.set_content(text)
        await self.keep(message.as_bytes())

    async def newest(self, limit: int = 100) -> list[SentMail]:
        """What was kept, newest first, without the words."""
        return await asyncio.to_thread(self._newest, limit)

    async def read(self, name: str) -> SentMail | None:
        """One mail with its words; None when there is none of this name."""
        return await asyncio.to_thread(self._read, name)

    def _box(self) -> mailbox.Maildir:
        return mailbox.Maildir(self._folder, factory=None)

    def _keep(self, raw: bytes) -> None:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        box = self._box()
        box.add(raw)
        for name in _by_age(box)[KEPT:]:
            box.discard(name)

    def _newest(self, limit: int) -> list[SentMail]:
        if not self._folder.is_dir():
            return []
        box = self._box()
        found = (self._mail(box, name, words=False) for name in _by_age(box)[:limit])
        return [mail for mail in found if mail]

    def _read(self, name: str) -> SentMail | None:
        return self._mail(self._box(), name, words=True) if self._folder.is_dir() else None

    def _mail(self, box: mailbox.Maildir, name: str, *, words: bool) -> SentMail | None:
        try:
            message = message_from_bytes(box.get_bytes(name), policy=default)
        except (KeyError, OSError):
            return None
        shown = ""
        if words and (body := message.get_body(("plain", "html"))) is not None:
            with suppress(LookupError, UnicodeError):
                shown = str(body.get_content())[:TEXT_LIMIT]
        return SentMail(
            id=name,
            at=_when(name),
            sender=str(message.get("From", "")),
            to=str(message.get("To", "")),
            subject=str(message.get("Subject", "")),
            text=shown,
        )


@asynccontextmanager
async def serve_sink(sink: Sink, host: str, port: int) -> AsyncIterator[int]:
    """Take mail for as long as the block lasts; yields the port. Raises OSError."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(_Handler(sink), data_size_limit=LARGEST, enable_SMTPUTF8=True, hostname=host, loop=loop)

    server = await loop.create_server(protocol, host, port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


class _Handler:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        await self._sink.keep(content if isinstance(content, bytes) else str(content).encode())
        return "250 2.0.0 Kept"

    async def handle_exception(self, error: Exception) -> str:
        log.warning("demo.sink_failed", error=type(error).__name__)
        return "451 4.3.0 Try again later"


def _by_age(box: mailbox.Maildir) -> list[str]:
    return sorted(box.keys(), key=_when, reverse=True)


def _when(name: str) -> datetime:
    """When a mail was kept: its name begins with seconds, then `.M` and microseconds (the Maildir convention)."""
    seconds, _, rest = name.partition(".")
    micros = rest[1:].partition("P")[0] if rest.startswith("M") else ""
    stamp = float(f"{int(seconds)}.{int(micros):06d}" if micros.isdigit() and seconds.isdigit() else "0")
    return datetime.fromtimestamp(stamp, UTC)
