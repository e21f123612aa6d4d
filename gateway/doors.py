"""The roles of the mail doors: everything opened in order, mail taken until SIGTERM, everything closed in reverse.

On SIGTERM the mail door finishes what has been sent whole and sends the rest away with a temporary error.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import structlog

from channels.imap import ImapDoor
from channels.imap_session import Account
from channels.parsing import Parsers
from channels.smtp import SmtpDoor
from gateway.config import Config
from gateway.record.mailboxes import RecordedCursors
from gateway.runtime import Runtime, open_runtime
from gateway.stopping import until_stopped

log = structlog.get_logger()


async def serve_smtp(config: Config) -> None:
    """The role `smtp`. Raises OSError when the port or the certificate cannot be used."""
    async with open_runtime(config, "smtp") as runtime, smtp_door(runtime, config.smtp_port) as port:
        log.info("smtp.open", host=config.smtp_host, port=port)
        await until_stopped()
    log.info("smtp.closed")


async def serve_imap(config: Config) -> None:
    """The role `imap`; without mailboxes it only waits."""
    async with open_runtime(config, "imap") as runtime, imap_door(runtime) as door:
        log.info("imap.open", mailboxes=len(door.health()))
        await until_stopped()
    log.info("imap.closed")


@asynccontextmanager
async def smtp_door(runtime: Runtime, port: int) -> AsyncIterator[int]:
    """An open mail door; yields the port it listens on."""
    config = runtime.config
    async with parsers(config) as parser:
        door = SmtpDoor(
            runtime.intake,
            parser,
            runtime.clock,
            domains=config.mail_domains,
            addresses={ours.address: ours.queue for ours in config.mail_addresses},
            hostname=host_name(config),
            tls_context=certificate(config),
            help_url=f"{config.public_url.rstrip('/')}/report",
        )
        try:
            yield await door.start(config.smtp_host, port)
        finally:
            await door.stop()


@asynccontextmanager
async def imap_door(runtime: Runtime) -> AsyncIterator[ImapDoor]:
    """Readers of all mailboxes, for as long as the block lasts; at its end each finishes the batch under way."""
    config = runtime.config
    accounts = [
        Account(box.host, box.port, box.user, box.password, box.folder, box.tls, box.queue) for box in config.imap_urls
    ]
    url = config.database_direct_url or config.database_url or ""
    async with parsers(config) as parser:
        cursors = RecordedCursors(runtime.db, url, runtime.clock, runtime.crash)
        door = ImapDoor(runtime.intake, parser, runtime.clock, accounts, cursors)
        await door.start()
        try:
            yield door
        finally:
            await door.stop()


@asynccontextmanager
async def parsers(config: Config) -> AsyncIterator[Parsers]:
    """The processes that read mails, for as long as the block lasts."""
    pool = Parsers(domains=config.mail_domains, trusted_authserv=config.mail_authserv)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


def host_name(config: Config) -> str:
    """What our mail server calls itself: the host of PUBLIC_URL, else the first mail domain."""
    host = urlsplit(config.public_url).hostname or ""
    return host if "." in host and not host.replace(".", "").isdigit() else next(iter(config.mail_domains), "localhost")


def certificate(config: Config) -> ssl.SSLContext | None:
    """The certificate for STARTTLS; None without one. Raises OSError when it cannot be read or used."""
    if config.smtp_tls_cert is None or config.smtp_tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.smtp_tls_cert, config.smtp_tls_key)
    return context
