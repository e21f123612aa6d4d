"""The mail door: mails for our addresses, taken in by SMTP and acknowledged once they are kept.

`250` is said after `Intake.accept` has returned and never otherwise; whatever keeps a mail from being stored, or from
being stored within the deadline, is answered with a temporary error, so that the sender keeps it and tries again. A
mail to several of our addresses is one report. A client that hangs up after the final dot changes nothing: its mail is
kept, and recognised when it comes again. Foreign recipients are refused; there is no way to relay. A mail that is too
large is refused for good, its sender told where to find help, and what there is of it goes to people to look at.

Where the door has checks of its own, they are made before a mail is read and never for long; what they found is written
above the mail, as a mail server does, and vouches for the sender in place of whatever else stands there.

That a mail came from the null sender (`MAIL FROM:<>`) is written above it as well (RFC 5321 section 4.4): by nothing
else do some answering machines and bounces say what they are, and it is never answered (RFC 3834 section 2).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

import structlog

from channels.mail.headers import header_end, one_line
from channels.mail.reading import quarantined
from channels.mail.threads import token_of
from channels.report import Intake, NotStored, Report
from channels.smtp_limits import Doorkeeper, Limits
from channels.smtp_session import TOO_MANY, Conversation
from channels.vouching.values import Origin

log = structlog.get_logger()
_NULL_PATH = b"Return-Path: <>\r\n"
_ALWAYS = ("postmaster", "abuse")  # RFC 5321 section 4.5.1, RFC 2142
NEAR = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
    )
)
CLOSING = "4.3.2 closing, try again later"
_LATER = "451 4.3.0 temporary failure, try again later"


class Clock(Protocol):
    def now(self) -> datetime: ...


class Parser(Protocol):
    async def read(self, raw: bytes, received_at: datetime, found: str | None = None) -> Report:
        """What a mail says; `found` is what our own checks say of its sender. Never raises."""
        ...


class Checks(Protocol):
    async def find(self, raw: bytes, origin: Origin) -> str:
        """What is found of where a mail comes from, as a value of Authentication-Results. Never raises."""
        ...


class SmtpDoor:
    """A mail server, listening on one port or several. `addresses` maps ours to a queue or None; when it is empty every
    address of `domains` is ours. `relays` are networks of mail servers of our own (by default this machine and private
    networks): only they may bring mail with verified senders, and no cap per client holds them back. `help_url` is
    where somebody finds help whose mail is too large. `checks` are made of what comes by SMTP from anybody but a relay.
    """

    def __init__(
        self,
        intake: Intake,
        parser: Parser,
        clock: Clock,
        *,
        domains: Collection[str],
        addresses: Mapping[str, str | None],
        hostname: str,
        tls_context: ssl.SSLContext | None = None,
        relays: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = NEAR,
        limits: Limits | None = None,
        help_url: str = "",
        checks: Checks | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.keeper = Doorkeeper(self.limits, relays)
        self._most = f"{self.limits.size // (1024 * 1024)} MB"
        self.too_large = f"552 5.3.4 mails may have {self._most} at most. {help_url}".rstrip()
        self._intake, self._parser, self._clock, self._checks = intake, parser, clock, checks
        self._domains = frozenset(domain.lower() for domain in domains)
        self._addresses = {address.lower(): queue for address, queue in addresses.items()}
        self._hostname, self._tls = hostname, tls_context
        self._servers: list[asyncio.Server] = []
        self._keeping: set[asyncio.Task[object]] = set()
        self._draining = False

    def show(self, tls_context: ssl.SSLContext) -> None:
        """Whoever comes from now on is shown another certificate."""
        self._tls = tls_context

    async def start(self, host: str, port: int, kind: type[Conversation] = Conversation) -> int:
        """Listen for clients who talk in a kind; returns the port. Raises OSError when it is taken."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: self._conversation(kind), host, port, backlog=1024)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def drain(self, within: float = 30.0) -> None:
        """Take no more mails, finish those that have been sent whole, and send the clients away."""
        self._draining = True
        for server in self._servers:
            server.close()
        for guest in list(self.keeper.guests.values()):
            if not guest.has_mail:
                guest.send_away(CLOSING)
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=within)

    async def stop(self) -> None:
        """Drain, then hang up on everybody."""
        await self.drain()
        for guest in list(self.keeper.guests.values()):
            guest.send_away(CLOSING)
        for server in self._servers:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(server.wait_closed(), 5)

    def joined(self, conversation: Conversation) -> str | None:
        if self._draining:
            return f"421 {CLOSING}"
        if not self.keeper.admit(conversation, asyncio.get_running_loop().time()):
            return f"421 {TOO_MANY}"
        return None

    def left(self, conversation: Conversation) -> None:
        self.keeper.leave(conversation)

    def refused(self, sender: str, beginning: bytes) -> None:
        """File what is known of a mail that was too large, once a day where only its sender is."""
        now = self._clock.now()
        log.warning("smtp.too_large", sender=sender)
        head = beginning or f"From: <{sender}>\r\nDate: {now:%d %b %Y}\r\n\r\n".encode()
        report = quarantined(head, now, f"larger than {self._most}: it was refused and its sender told")
        self._keep_on(self._intake.accept(report))

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        offered = [line for line in responses[1:] if line[4:8] not in ("AUTH", "HELP")]
        lines = [responses[0][4:], *(line[4:] for line in offered), *server.extensions]
        return [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if not address.isascii() and not envelope.smtp_utf8:
            return "553 5.6.7 SMTPUTF8 is needed for this address"
        if self._draining:
            return f"421 {CLOSING}"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if not address.isascii() and not envelope.smtp_utf8:
            return "553 5.6.7 SMTPUTF8 is needed for this address"
        if len(envelope.rcpt_tos) >= self.limits.recipients:
            return "452 4.5.3 too many recipients"
        if refusal := self._refusal(address.lower()):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        raw, recipients = envelope.content, tuple(dict.fromkeys(address.lower() for address in envelope.rcpt_tos))
        if _hops(raw) > self.limits.hops:
            return "554 5.4.6 too many hops, this mail runs in circles"
        from_relay = self.keeper.is_relay(server.peer)
        sender = envelope.mail_from.strip("<>")
        origin = None
        if self._checks is not None and server.from_afar and not from_relay:
            origin = Origin(server.peer, session.host_name or "", sender)
        task = self._keep_on(self._keep(raw, sender, recipients, from_relay, origin))
        self.keeper.hold(server.peer, len(raw))
        task.add_done_callback(lambda _: self.keeper.let_go(server.peer, len(raw)))
        try:
            async with asyncio.timeout(self.limits.answer):
                await asyncio.shield(task)
        except TimeoutError:
            log.warning("smtp.too_late", peer=server.peer)
            return _LATER
        except Exception:  # `_done` tells of it; by LMTP each recipient is owed this answer
            return _LATER
        self.keeper.brought_mail(server.peer)
        return "250 2.0.0 kept"

    async def handle_exception(self, error: Exception) -> str:
        log.error("smtp.failed", error=type(error).__name__, exc_info=error)
        return _LATER

    async def _keep(
        self, raw: bytes, sender: str, recipients: tuple[str, ...], from_relay: bool, origin: Origin | None
    ) -> None:
        now = self._clock.now()
        found = await self._checks.find(raw, origin) if self._checks is not None and origin is not None else None
        if not sender:
            raw = _NULL_PATH + raw
        report = await self._parser.read(raw, now, found)
        if found is not None:
            if "=temperror" in found:
                log.warning("smtp.not_checked")
            report = replace(report, raw=_above(found) + raw)
        elif report.sender.verified and not from_relay:
            report = replace(report, sender=replace(report.sender, verified=False))
        thread = report.thread
        if thread.token is None and (token := token_of(recipients, self._domains)):
            thread = replace(thread, token=token)
        queue = next((queue for address in recipients if (queue := self._addresses.get(_plain(address)))), None)
        await self._intake.accept(
            replace(
                report,
                recipients=recipients,
                queue=queue,
                thread=thread,
            )
        )

    def _keep_on(self, keeping: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        """Keep something whoever hangs up meanwhile; `drain` waits for it."""
        task = asyncio.create_task(keeping)
        self._keeping.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[object]) -> None:
        self._keeping.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, NotStored):
            log.error("smtp.not_kept", error=type(error).__name__, exc_info=error)

    def _refusal(self, address: str) -> str | None:
        """Why a recipient is not ours, as an answer."""
        local, _, domain = address.rpartition("@")
        if not local and address == "postmaster":
            return None
        if domain not in self._domains or any(character in local for character in '%!"@'):
            return "550 5.7.1 relaying denied"
        if not self._addresses or _plain(address) in self._addresses or local in _ALWAYS or local.startswith("reply+"):
            return None
        return f"550 5.1.1 no such address: {one_line(address)[:100]}"

    def _conversation(self, kind: type[Conversation]) -> Conversation:
        return kind(
            self,
            self,
            data_size_limit=self.limits.size,
            enable_SMTPUTF8=True,
            hostname=self._hostname,
            ident="ESMTP",
            tls_context=self._tls,
            timeout=self.limits.command_timeout,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )


def _above(found: str) -> bytes:
    """What was found as the header field that a mail server writes above a mail."""
    return b"Authentication-Results: " + found.replace("; ", ";\r\n ").encode("ascii", "replace") + b"\r\n"


def _hops(raw: bytes) -> int:
    """How many servers a mail has passed; those of a mail that comes back within it are not its own."""
    return (b"\n" + raw[: header_end(raw)].lower()).count(b"\nreceived:")


def _plain(address: str) -> str:
    """An address without what stands behind a plus."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
