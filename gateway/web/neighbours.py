"""Who a process depends on, each asked with a time limit: PostgreSQL, Redis, spool, files, provider, mailboxes, mail
relay; and whether the rules are in force and somebody is on call.

Those beyond this installation are asked at most every half minute, however often somebody asks us, and but for the
store of files only connected to; a certificate of theirs that ends soon is a fault, and so is our own, that of the mail
door and that at PUBLIC_URL, as far as it can be seen from here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import psycopg

from gateway.blobs import ABSENT, BlobsUnavailable
from gateway.config import Config
from gateway.hosting.certificates import shown
from gateway.phone import watch
from gateway.record.db import Unavailable, statements
from gateway.runtime import Runtime

Question = Callable[[Runtime], Awaitable[tuple[bool, str]]]  # whether all is well, and what was found

PATIENCE = 2.0  # seconds for one check
WARNED = timedelta(days=14)  # before a certificate ends
TLS = ("https", "smtps")
LASTING = 30.0  # seconds that an answer about somebody outside is good for
PORTS = {"http": 80, "https": 443, "smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    detail: str
    ms: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody outside is; with `tls` they show a certificate at once."""

    host: str
    port: int
    tls: bool


@dataclass(slots=True)
class Neighbours:
    """The neighbours of one process, with what was last heard of those outside."""

    runtime: Runtime
    _heard: dict[str, tuple[float, Check]] = field(default_factory=dict)

    async def ask(self) -> list[Check]:
        """One check a neighbour; never raises and takes at most `PATIENCE` seconds."""
        near = (
            ("postgresql", postgresql),
            ("redis", _redis),
            ("spool", _spool),
            ("rules", _rules),
            ("on_call", _on_call),
        )
        outside, ours = places(self.runtime.config), public(self.runtime.config)
        return list(
            await asyncio.gather(
                *(check(self.runtime, name, question) for name, question in near),
                self._outside("files", _files),
                *(self._outside(name, partial(_connects, place)) for name, place in outside.items()),
                *([self._outside("public_url", partial(_shows, ours))] if ours else []),
                *([self._outside("mail_certificate", _mail_certificate)] if self.runtime.config.smtp_tls_cert else []),
            )
        )

    async def _outside(self, name: str, question: Question) -> Check:
        now = self.runtime.clock.monotonic()
        at, known = self._heard.get(name, (0.0, None))
        if known is None or now - at > LASTING:
            known = await check(self.runtime, name, question)
            self._heard[name] = now, known
        return known


def places(config: Config) -> dict[str, Place]:
    """Everybody outside that this configuration names."""
    urls = {}
    if config.twilio_account_sid:
        urls["provider"] = config.twilio_api_url
    if config.outbound_smtp_url:
        urls["mail_relay"] = config.outbound_smtp_url
    found = {name: _place(url) for name, url in urls.items()}
    for nth, mailbox in enumerate(config.imap_urls, 1):
        found[f"mailbox_{nth}"] = Place(mailbox.host, mailbox.port, mailbox.tls)
    return found


def public(config: Config) -> Place | None:
    """Where the provider and everybody else reaches us, if they are shown a certificate there."""
    place = _place(config.public_url)
    return place if place.tls else None


def _place(url: str) -> Place:
    parts = urlsplit(url)
    return Place(parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443), parts.scheme in TLS)


async def check(runtime: Runtime, name: str, ask: Question) -> Check:
    """Ask one neighbour; no answer in time is an answer too."""
    began = runtime.clock.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            ok, detail = await ask(runtime)
    except (Unavailable, TimeoutError, OSError) as error:
        ok, detail = False, f"no answer ({type(error).__name__})"
    return Check(name, ok, detail, round((runtime.clock.monotonic() - began) * 1000, 1))


async def postgresql(runtime: Runtime) -> tuple[bool, str]:
    """Whether the record answers and has its tables."""
    try:
        await runtime.db.row(statements("sites")["version"])
    except psycopg.ProgrammingError:
        return False, "not migrated"
    return True, "answers"


async def _redis(runtime: Runtime) -> tuple[bool, str]:
    if not runtime.config.redis_url:
        return True, "not configured; pages poll"
    ok = await runtime.live.answers()
    return ok, "answers" if ok else "no answer; pages poll"


async def _spool(runtime: Runtime) -> tuple[bool, str]:
    oldest = await asyncio.to_thread(runtime.spool.oldest)
    return oldest is None, "empty" if oldest is None else f"waiting since {oldest.isoformat(timespec='seconds')}"


async def _files(runtime: Runtime) -> tuple[bool, str]:
    try:
        await runtime.blobs.read(ABSENT)
    except BlobsUnavailable as error:
        return False, f"no answer ({error}): what has files cannot be taken in"
    return True, "answers"


async def _rules(runtime: Runtime) -> tuple[bool, str]:
    faults = runtime.rule_faults()
    return not faults, "in force" if not faults else f"a change was refused: {'; '.join(faults)}"


async def _on_call(runtime: Runtime) -> tuple[bool, str]:
    if not runtime.config.twilio_account_sid:
        return True, "not configured: nobody can be rung"
    return await watch.on_call(runtime)


async def _connects(place: Place, runtime: Runtime) -> tuple[bool, str]:
    _, writer = await asyncio.open_connection(place.host, place.port, ssl=place.tls or None)
    ending = certificate_ends(writer.get_extra_info("peercert"), runtime.clock.now())
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return ending is None, ending or "answers"


async def _shows(place: Place, runtime: Runtime) -> tuple[bool, str]:
    """Our own door as others find it; who stands before it need not let us in from inside."""
    try:
        async with asyncio.timeout(PATIENCE / 2):
            return await _connects(place, runtime)
    except ssl.SSLCertVerificationError as error:
        return False, f"its certificate is not good ({error.verify_message})"
    except OSError:
        return True, "cannot be seen from here"


async def _mail_certificate(runtime: Runtime) -> tuple[bool, str]:
    try:
        ending = certificate_ends(await asyncio.to_thread(shown, runtime.config), runtime.clock.now())
    except ssl.SSLCertVerificationError as error:
        return False, f"it is not good ({error.verify_message})"
    except OSError as error:
        return False, f"it cannot be used ({type(error).__name__})"
    return ending is None, ending or "good"


def certificate_ends(certificate: Mapping[str, Any] | None, now: datetime) -> str | None:
    """What is wrong with the time that a certificate is still good for; None when nothing is."""
    ends = (certificate or {}).get("notAfter")
    if ends is None:
        return None
    last = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
    return f"its certificate ends {last.date().isoformat()}" if last - now < WARNED else None
