"""One SMTP conversation (RFC 5321), on aiosmtpd's protocol, with what that leaves open.

Mails are read up to the one true end, CRLF dot CRLF, lines of any length in them. A sender that is slower than a
floor, says junk, or is silent for too long is told to come back (4xx) and cut off; no error text of ours ever goes
out. AUTH is not offered: nobody sends mail through this door. Of a mail that is too large, or for which there is no
room, nothing is held while the rest of it comes.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, Protocol

import structlog
from aiosmtpd.smtp import SMTP

from channels.smtp_limits import Doorkeeper, Limits

log = structlog.get_logger()
TOO_MANY = "4.7.0 too many connections, try again later"
_CHUNK = 64 * 1024
_END = b"\r\n.\r\n"
_BEGINNING = 64 * 1024  # bytes that are kept of a mail that is too large
_NO_ROOM = "452 4.3.1 too much mail at once, try again later"

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN_PATH = re.compile(rf"<({_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)>[ \t]*")


class Door(Protocol):
    """What a conversation asks of its door."""

    limits: Limits
    keeper: Doorkeeper
    too_large: str  # the answer to a mail that is too large

    def joined(self, conversation: Conversation) -> str | None:
        """A greeting's replacement (an error line) when the client must go at once."""
        ...

    def left(self, conversation: Conversation) -> None: ...

    def refused(self, sender: str, beginning: bytes) -> None:
        """A mail was too large. `beginning` is empty when its size was told before it was sent."""
        ...


class TooLarge(Exception):
    """A mail is larger than is taken; the argument is how it begins."""


class NoRoom(Exception):
    """Too much mail is held already."""


class Conversation(SMTP):
    """One client."""

    envelope: Any
    transport: Any

    from_afar = True  # it may be anybody
    line_length_limit = _CHUNK
    extensions: tuple[str, ...] = ("ENHANCEDSTATUSCODES",)

    def __init__(self, door: Door, handler: Any, **settings: Any) -> None:
        super().__init__(handler, **settings)
        self.door = door
        self.peer = ""
        self.last_heard = 0.0
        self.has_mail = False
        self._junk = 0
        self._asked = ""
        self._received = 0
        self._floor: asyncio.TimerHandle | None = None
        self._patient_until = 0.0
        self._gone = False
        self._said_all = False

    def connection_made(self, transport: Any) -> None:
        if self.transport is not None:  # after STARTTLS
            super().connection_made(transport)
            return
        name = transport.get_extra_info("peername")
        self.peer = str(name[0]) if isinstance(name, tuple) else "local"
        self.last_heard = self.loop.time()
        refusal = self.door.joined(self)
        if refusal:
            self._gone = True
            transport.write(f"{refusal}\r\n".encode())
            transport.close()
            return
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._gone:
            return
        self._received += len(data)
        super().data_received(data)

    def eof_received(self) -> bool | None:
        """Who says no more in the midst of a mail may still listen for its answer (not so over TLS)."""
        if self._gone:
            return False
        if not self.has_mail or self._tls_protocol is not None or not self.door.keeper.may_listen(self):
            return super().eof_received()
        self._said_all = True
        return asyncio.StreamReaderProtocol.eof_received(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.door.left(self)
        self._stop_floor()
        if self.session is not None:
            super().connection_lost(error)

    def send_away(self, reason: str = TOO_MANY) -> None:
        """Tell the client to come back, and hang up. `reason` begins with an enhanced status code (RFC 3463)."""
        transport = self.transport
        if transport is not None and not transport.is_closing():
            transport.write(f"421 {reason}\r\n".encode())
            transport.close()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """An address as nearly everybody writes it is read at once; the library takes its time for the others."""
        plain = _PLAIN_PATH.match(arg)
        if plain and plain[1].index("@") <= (self.local_part_limit or 64):
            return plain[1], arg[plain.end() :]
        return super()._getaddr(arg)

    async def push(self, status: str | bytes) -> None:
        """Answer; count what no honest sender says often."""
        line = status.decode("utf-8", "replace") if isinstance(status, bytes) else status
        if line.startswith("502 5.5.1 Too many unrecognized"):
            line = "421 4.7.0 too many errors"
        elif line.startswith("552 Error: message size"):
            line = self.door.too_large
            self.door.refused(self._asked, b"")
        elif line.startswith("553 5.1.3"):
            line = "553 5.1.3 malformed address"
        if line[0] == "5":
            self._junk += 1
        await super().push(line)
        if self._junk >= self.door.limits.junk and not line.startswith("421"):
            self._junk = 0
            self.send_away("4.7.0 too many errors")

    async def smtp_HELO(self, hostname: str | None) -> None:
        self._counted()
        await super().smtp_HELO(hostname or "unknown")

    async def smtp_EHLO(self, hostname: str | None) -> None:
        self._counted()
        await super().smtp_EHLO(hostname or "unknown")

    async def smtp_NOOP(self, arg: str | None) -> None:
        self._counted()
        await super().smtp_NOOP(arg)

    async def smtp_RSET(self, arg: str | None) -> None:
        self._counted()
        await super().smtp_RSET(arg)

    async def smtp_VRFY(self, arg: str | None) -> None:
        self._counted()
        await self.push("252 2.5.0 cannot verify, send it and see")

    async def smtp_HELP(self, arg: str | None) -> None:
        self._counted()
        await self.push("214 2.0.0 see RFC 5321")

    async def smtp_AUTH(self, arg: str | None) -> None:
        await self.push("502 5.5.1 no authentication here")

    async def smtp_EXPN(self, arg: str | None) -> None:
        await self.push("502 5.5.1 not implemented")

    async def smtp_MAIL(self, arg: str | None) -> None:
        path = _PLAIN_PATH.search(arg or "")
        self._asked = path[1] if path else ""
        await super().smtp_MAIL(arg)

    async def smtp_DATA(self, arg: str | None) -> None:
        if await self.check_helo_needed():
            return
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 need RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 no argument after DATA")
            return
        if not self.door.keeper.fits(self.peer, 1):
            await self.push(_NO_ROOM)
            return
        recipients = len(self.envelope.rcpt_tos)
        self.has_mail = True
        try:
            await self.push("354 end with a dot on a line of its own")
            status = await self._taken()
            await self.conclude(status, recipients)
            self._reset_timeout()
            if self._said_all:
                raise asyncio.CancelledError  # as when the line is cut, but it has heard
        finally:
            self.envelope = self._create_envelope()
            self.has_mail = False

    async def _taken(self) -> str:
        """Read a mail and hand it to the door; the answer to its final dot."""
        self._reset_timeout(self.door.limits.data_timeout)
        self._start_floor()
        try:
            content = await self._content()
        except TooLarge as error:
            self.door.refused(self._asked, error.args[0])
            return self.door.too_large
        except NoRoom:
            return _NO_ROOM
        finally:
            self._stop_floor()
        self._reset_timeout(self.door.limits.answer * 2 + 10)
        self.envelope.content = self.envelope.original_content = content
        status: str = await self._call_handler_hook("DATA")
        if status.startswith("250"):
            self._junk = 0
        return status

    async def conclude(self, status: str, recipients: int) -> None:
        """Answer the final dot of a mail to so many recipients."""
        await self.push(status)

    async def _content(self) -> bytes:
        """The mail with its dots unstuffed. Raises TooLarge or NoRoom once it ends."""
        limit, keeper = self.door.limits.size + 3, self.door.keeper
        mail = bytearray()  # one buffer: chunks may be as short as a line, and each would cost more than what is in it
        total, tail = 0, b"\r\n"
        refusal: TooLarge | NoRoom | None = None
        try:
            while tail != _END:
                chunk = await self._chunk()
                total += len(chunk)
                tail = (tail + chunk[-5:])[-5:]
                if refusal is not None:
                    continue
                if total > limit:
                    refusal = TooLarge(bytes(mail[:_BEGINNING]))
                elif not keeper.fits(self.peer, len(chunk)):
                    refusal = NoRoom()
                else:
                    keeper.hold(self.peer, len(chunk))
                    mail += chunk
                    continue
                keeper.let_go(self.peer, len(mail))
                mail = bytearray()
        finally:
            keeper.let_go(self.peer, len(mail))
        if refusal is not None:
            raise refusal
        content = bytes(mail[:-3])
        if content.startswith(b"."):
            content = content[1:]
        return content.replace(b"\r\n.", b"\r\n")

    async def _chunk(self) -> bytes:
        """What comes up to the next dot before a line end, or a full buffer without one."""
        try:
            found: bytes = await self._reader.readuntil(b".\r\n")
        except asyncio.LimitOverrunError as error:
            found = await self._reader.read(error.consumed)
        except asyncio.IncompleteReadError:
            raise asyncio.CancelledError from None
        return found

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Give it so long from now on: a timer that rings earlier is left as it is, and looks again when it does."""
        self.last_heard = self.loop.time()
        self._patient_until = self.last_heard + (duration or self._timeout_duration)
        if self._timeout_handle is None or self._timeout_handle.when() > self._patient_until:
            super()._reset_timeout(duration)

    def _timeout_cb(self) -> None:
        left = self._patient_until - self.loop.time()
        if left > 0:
            self._timeout_handle = self.loop.call_later(left, self._timeout_cb)
        else:
            super()._timeout_cb()  # type: ignore[no-untyped-call]

    def _counted(self) -> None:
        self._junk += 1

    def _start_floor(self) -> None:
        limits = self.door.limits
        before = self._received

        def check() -> None:
            if self._received - before < limits.floor_bytes:
                log.info("smtp.too_slow", peer=self.peer)
                self.send_away("4.7.0 too slow, try again later")
            else:
                self._start_floor()

        self._floor = self.loop.call_later(limits.floor_seconds, check)

    def _stop_floor(self) -> None:
        if self._floor is not None:
            self._floor.cancel()
            self._floor = None
