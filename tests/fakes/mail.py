"""Peers of the mail doors: an SMTP server that takes our mails, an IMAP server with a mailbox, and a store in memory.

The servers are real ones (aiosmtpd, pymap) on loopback; what they answer can be set, so that a test can be the relay
that greylists, refuses or hangs.
"""

from __future__ import annotations

import asyncio
import ssl
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from aiosmtpd.smtp import SMTP
from imapclient import IMAPClient
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer, IMAPService
from pysasl import SASLAuth
from pysasl.creds.plain import PlainCredentials
from pysasl.hashing import BuiltinHash
from pysasl.mechanism.oauth import OAuth2Mechanism

from channels.imap_cursor import Cursor
from channels.report import NotStored, Outcome, Receipt, Report

T = TypeVar("T")
PATIENT = 1800.0  # seconds of silence, its own included, before it hangs up


class Shelf:
    """An `Intake` that keeps reports in memory by their digest, and can be told to fail or to wait."""

    def __init__(self) -> None:
        self.reports: dict[bytes, Report] = {}
        self.seen: list[Report] = []
        self.failing: type[Exception] | None = None
        self.gate: asyncio.Event | None = None
        self.entered = asyncio.Event()

    async def accept(self, report: Report) -> Receipt:
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.failing is not None:
            raise self.failing("the store is away")
        self.seen.append(report)
        outcome = Outcome.REPEATED if report.digest() in self.reports else Outcome.OPENED
        self.reports.setdefault(report.digest(), report)
        return Receipt("1-0", len(self.reports), outcome, "token", "1234", "P3", "other", "helpdesk")

    @property
    def only(self) -> Report:
        (report,) = self.reports.values()
        return report


class Away(NotStored):
    """The store does not answer."""


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(slots=True)
class Taken:
    """One mail that the sink took."""

    sender: str
    recipients: list[str]
    raw: bytes


@dataclass  # without slots: aiosmtpd looks at all that a handler has, and Python 3.11.2 fails on theirs
class MailServer:
    """An SMTP server for outgoing mails. `answer_rcpt` and `answer_data` decide what it says; None means yes. With
    `ungraceful` it is gone once it has taken a mail, with `tls` it speaks so from the first byte; `international`
    whether it takes addresses beyond ASCII.
    """

    mails: list[Taken] = field(default_factory=list)
    answer_rcpt: Callable[[str], str | None] = lambda address: None
    answer_data: Callable[[], Awaitable[str | None]] | None = None
    ungraceful: bool = False
    tls: ssl.SSLContext | None = None
    open_to_tokens: bool = False
    international: bool = True
    commands: list[str] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None
    _conversations: list[SMTP] = field(default_factory=list)

    async def __aenter__(self) -> MailServer:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._conversation, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.hang_up()
        await self._server.wait_closed()

    def hang_up(self) -> None:
        """Drop every line without a word."""
        for conversation in self._conversations:
            if conversation.transport is not None:
                conversation.transport.abort()

    @property
    def met(self) -> bool:
        """Whether anybody ever connected."""
        return bool(self._conversations)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        self.commands.append(f"MAIL {address}")
        envelope.mail_from = address
        return "250 ok"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        if self.ungraceful:
            self.hang_up()
        return "221 bye"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        refusal = self.answer_rcpt(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(Taken(envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        if self.answer_data is not None and (answer := await self.answer_data()) is not None:
            return answer
        return "250 ok"

    def _conversation(self) -> SMTP:
        conversation = SMTP(
            self,
            hostname="sink.example",
            enable_SMTPUTF8=self.international,
            timeout=PATIENT,
            auth_require_tls=not self.open_to_tokens,
            loop=asyncio.get_running_loop(),
        )
        self._conversations.append(conversation)
        return conversation


class CursorShelf:
    """`Cursors` in memory; a mailbox that is in `held_elsewhere` belongs to another process."""

    def __init__(self) -> None:
        self.cursors: dict[str, Cursor] = {}
        self.history: list[Cursor] = []
        self.held_elsewhere: set[str] = set()
        self.held: set[str] = set()

    async def load(self, mailbox: str) -> Cursor | None:
        return self.cursors.get(mailbox)

    async def save(self, mailbox: str, cursor: Cursor) -> None:
        self.cursors[mailbox] = cursor
        self.history.append(cursor)

    async def hold(self, mailbox: str) -> bool:
        if mailbox in self.held_elsewhere:
            return False
        self.held.add(mailbox)
        return True

    async def release(self, mailbox: str) -> None:
        self.held.discard(mailbox)


class _Token(OAuth2Mechanism):
    """XOAUTH2 where the token is held against the account's password."""

    def server_attempt(self, responses: Any) -> Any:
        given, end = super().server_attempt(responses)
        return PlainCredentials(given.authzid, given._token), end


class Mailbox:
    """A real IMAP server (pymap) with one account; mails are put in and looked at by an IMAP client."""

    user, password = "support", "s3cret"

    def __init__(self, by_token: bool = False) -> None:
        """`by_token`: its password is a token, and a password is not taken."""
        self.port = 0
        self._by_token = by_token

    async def __aenter__(self) -> Mailbox:
        parser = ArgumentParser()
        IMAPService.add_arguments(parser)
        DictBackend.add_subparser("dict", parser.add_subparsers(dest="backend"))
        args = parser.parse_args(["--no-tls", "dict", "--demo-user", self.user, "--demo-password", self.password])
        args.debug, args.passlib_cfg = False, None
        backend, config = await DictBackend.init(args, hash_context=BuiltinHash(rounds=1))
        config.apply_context()
        if self._by_token:
            config.__class__ = type("ByToken", (type(config),), {"tls_auth": property(lambda _: SASLAuth([_Token()]))})
        serve = IMAPServer(backend.login, config)
        self._server = await asyncio.start_server(
            ProxyProtocolReader(config.proxy_protocol).get_callback(serve), "127.0.0.1", 0
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def ask(self, work: Callable[[IMAPClient], T]) -> T:
        """Do something at the mailbox as a person with another client would."""

        def asked() -> T:
            with IMAPClient("127.0.0.1", self.port, ssl=False) as client:
                if self._by_token:
                    client.oauth2_login(self.user, self.password)
                else:
                    client.login(self.user, self.password)
                client.select_folder("INBOX")
                return work(client)

        return await asyncio.to_thread(asked)

    async def put(self, *mails: bytes) -> None:
        await self.ask(lambda client: [client.append("INBOX", mail) for mail in mails])

    async def seen(self) -> dict[int, bool]:
        """Each UID in the inbox, and whether it is marked as seen."""
        flags = await self.ask(lambda client: client.get_flags(client.search("ALL")))
        return {uid: b"\\Seen" in found for uid, found in flags.items()}
