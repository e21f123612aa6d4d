"""The certificate that the mail door shows: read at the start, again when it was renewed, and seen as from outside."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

import structlog

from gateway.config import Config

log = structlog.get_logger()
AGAIN = 60.0  # seconds between looks whether there is a new one


def certificate(config: Config) -> ssl.SSLContext | None:
    """The certificate for STARTTLS; None without one. Raises OSError when it cannot be read or used."""
    if config.smtp_tls_cert is None or config.smtp_tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.smtp_tls_cert, config.smtp_tls_key, password="")  # nobody is asked for one
    return context


async def renew(config: Config, show: Callable[[ssl.SSLContext], None], again: float = AGAIN) -> NoReturn:
    """Show a certificate that was renewed; one that cannot be used is looked at again when it has changed. It is shown
    as a whole: a context that is given another key of another kind goes on to show the one before."""
    known = _changed(config)
    while True:
        await asyncio.sleep(again)
        if (now := _changed(config)) == known:
            continue
        known = now
        try:
            context = certificate(config)
        except OSError as problem:
            log.error("smtp.certificate_unusable", reason=str(problem))
        else:
            assert context
            show(context)
            log.info("smtp.certificate_renewed")


def shown(config: Config) -> Mapping[str, Any]:
    """The certificate as a client is told of it (`getpeercert`); empty without one. Raises SSLCertVerificationError
    when it has ended or has not begun, OSError when it cannot be read or used."""
    context = certificate(config)
    if context is None:
        return {}
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # itself is trusted, whoever has signed it
    trusting.load_verify_locations(config.smtp_tls_cert)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    client = trusting.wrap_bio(to_client, to_server)
    while True:
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            with suppress(ssl.SSLWantReadError):
                server.do_handshake()
        else:
            return client.getpeercert() or {}


def _changed(config: Config) -> tuple[int, ...]:
    """When the files were changed; of one that is not there at the moment nothing."""
    times = []
    for path in (config.smtp_tls_cert, config.smtp_tls_key):
        with suppress(OSError):
            times.append(path.stat().st_mtime_ns if path else 0)
    return tuple(times)
