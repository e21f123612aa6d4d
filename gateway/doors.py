"""The roles of the mail doors: everything opened in order, mail taken until SIGTERM, everything closed in reverse.

On SIGTERM the mail door finishes what has been sent whole and sends the rest away with a temporary error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from urllib.parse import urlsplit

import structlog

from channels.domains import spellings, spellings_of_address
from channels.imap import ImapDoor
from channels.imap_cursor import Reconciliation
from channels.imap_session import Account
from channels.lmtp import LocalConversation
from channels.parsing import Parsers
from channels.smtp import Checks, SmtpDoor
from gateway.config import Config
from gateway.hosting.certificates import certificate, renew
from gateway.hosting.stopping import until_stopped
from gateway.keeping.readers import Born
from gateway.messages.post import mail_tokens
from gateway.record import mailboxes
from gateway.record.db import Unavailable
from gateway.record.mailboxes import RecordedCursors
from gateway.runtime import Runtime, open_runtime

log = structlog.get_logger()
FIRST_ACCOUNT, ACCOUNT = 20.0, 900.0  # seconds between accounts of the mailboxes
SIGNS = 15.0  # seconds between notes of which mailboxes can be read


async def serve_smtp(config: Config, reader: Born | None = None) -> None:
    """The role `smtp`. Raises OSError when the port or the certificate cannot be used."""
    async with open_runtime(config, "smtp", reader=reader) as runtime, smtp_door(runtime, config.smtp_port) as port:
        log.info("smtp.open", host=config.smtp_host, port=port)
        await until_stopped()
    log.info("smtp.closed")


async def serve_imap(config: Config) -> None:
    """The role `imap`; without mailboxes it only waits."""
    async with open_runtime(config, "imap") as runtime, imap_door(runtime) as door:
        log.info("imap.open", mailboxes=len(door.health()))
        drawing = asyncio.create_task(_draw_up_accounts(runtime, door))
        try:
            await until_stopped()
        finally:
            drawing.cancel()
    log.info("imap.closed")


@asynccontextmanager
async def smtp_door(runtime: Runtime, port: int) -> AsyncIterator[int]:
    """An open mail door, by LMTP too where that is wanted; yields the port it listens on by SMTP."""
    config = runtime.config
    context = certificate(config)
    async with parsers(config) as parser, checks(config) as own:
        door = SmtpDoor(
            runtime.intake,
            parser,
            runtime.clock,
            domains=_domains(config),
            addresses={one: ours.queue for ours in config.mail_addresses for one in spellings_of_address(ours.address)},
            hostname=host_name(config),
            tls_context=context,
            help_url=f"{config.public_url.rstrip('/')}/report",
            checks=own,
        )
        renewing = asyncio.create_task(renew(config, door.show)) if context else None
        try:
            opened = await door.start(config.smtp_host, port)
            if config.lmtp_port is not None:
                local = await door.start(config.smtp_host, config.lmtp_port, LocalConversation)
                log.info("lmtp.open", host=config.smtp_host, port=local)
            yield opened
        finally:
            if renewing:
                renewing.cancel()
            await door.stop()


async def account(config: Config) -> list[tuple[str, Reconciliation | None]]:
    """The account of each configured mailbox, drawn up now; None for one that was never read or cannot be reached."""
    async with open_runtime(config, "mailboxes") as runtime:
        door, cursors = _imap_door(runtime, Parsers())
        drawn = {one.mailbox: one for one in await door.account()}
        for one in drawn.values():
            await cursors.keep_account(one)
    return [(name, drawn.get(name)) for name in door.health()]


async def _draw_up_accounts(runtime: Runtime, door: ImapDoor) -> None:
    """Keep the accounts for the managers' page, and complain in the log about one that does not add up."""
    cursors = RecordedCursors(runtime.db, "", runtime.clock)
    pause = FIRST_ACCOUNT
    while True:
        await asyncio.sleep(pause)
        pause = ACCOUNT
        try:
            for one in await door.account():
                await cursors.keep_account(one)
                if not one.adds_up:
                    log.error("imap.does_not_add_up", **{n: v for n, v in asdict(one).items() if n != "mailbox"})
        except Unavailable:
            log.warning("imap.account_not_kept")


@asynccontextmanager
async def imap_door(runtime: Runtime) -> AsyncIterator[ImapDoor]:
    """Readers of all mailboxes, for as long as the block lasts; at its end each finishes the batch under way."""
    async with parsers(runtime.config) as parser:
        door, _ = _imap_door(runtime, parser)
        await door.start()
        noting = asyncio.create_task(_note_signs(runtime, door))
        try:
            yield door
        finally:
            noting.cancel()
            await door.stop()


async def _note_signs(runtime: Runtime, door: ImapDoor) -> None:
    """Note which mailboxes are read as they should be, so that one that is not becomes an alarm."""
    while True:
        await asyncio.sleep(SIGNS)
        found = list(enumerate(door.health().values(), 1))
        failing = [nth for nth, health in found if health.failing is not None or health.restless]
        read = [nth for nth, health in found if health.read and not health.restless]
        with suppress(Unavailable):
            await mailboxes.note(runtime.db, failing, read, len(found))


def _imap_door(runtime: Runtime, parser: Parsers) -> tuple[ImapDoor, RecordedCursors]:
    config = runtime.config
    accounts = [
        Account(box.host, box.port, box.user, box.password, box.folder, box.tls, box.queue, box.move, box.since)
        for box in config.imap_urls
    ]
    cursors = RecordedCursors(runtime.db, config.direct_url, runtime.clock, runtime.crash)
    tokens = mail_tokens(config)
    return ImapDoor(runtime.intake, parser, runtime.clock, accounts, cursors, tokens=tokens), cursors


@asynccontextmanager
async def parsers(config: Config) -> AsyncIterator[Parsers]:
    """The processes that read mails, for as long as the block lasts."""
    pool = Parsers(domains=_domains(config), trusted_authserv=config.mail_authserv)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


@asynccontextmanager
async def checks(config: Config) -> AsyncIterator[Checks | None]:
    """The process that checks where mails come from, for as long as the block lasts; None where that is not wanted."""
    if config.mail_checks == "off":
        yield None
        return
    from channels.vouching.apart import Checks as Own

    own = Own(host_name(config), config.mail_checks_dns)
    await own.start()
    try:
        yield own
    finally:
        await own.stop()


def _domains(config: Config) -> list[str]:
    """Our domains as any mail may spell them."""
    return [one for domain in config.mail_domains for one in spellings(domain)]


def host_name(config: Config) -> str:
    """What our mail server calls itself: the host of PUBLIC_URL, else the first mail domain."""
    host = urlsplit(config.public_url).hostname or ""
    return host if "." in host and not host.replace(".", "").isdigit() else next(iter(config.mail_domains), "localhost")
