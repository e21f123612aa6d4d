"""What left this installation in the demo: the newest mails and texts, in a Maildir, to be read.

A text lies there as a mail without a subject between telephone numbers. What cannot be read any more is not listed.
"""

from __future__ import annotations

import asyncio
import mailbox
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

KEPT = 500  # mails
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


class Mails:
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


def _by_age(box: mailbox.Maildir) -> list[str]:
    return sorted(box.keys(), key=_when, reverse=True)


def _when(name: str) -> datetime:
    """When a mail was kept: its name begins with seconds, then `.M` and microseconds (the Maildir convention)."""
    seconds, _, rest = name.partition(".")
    micros = rest[1:].partition("P")[0] if rest.startswith("M") else ""
    stamp = float(f"{int(seconds)}.{int(micros):06d}" if micros.isdigit() and seconds.isdigit() else "0")
    return datetime.fromtimestamp(stamp, UTC)
