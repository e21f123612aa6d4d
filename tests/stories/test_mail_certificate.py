"""The certificate of the mail door: one that was renewed is shown, and one that ends is told before senders see it."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiosmtplib
import pytest

from channels.parsing import Parsers
from channels.smtp import SmtpDoor
from gateway.clock import SetClock
from gateway.config import Config
from gateway.hosting.certificates import certificate, renew, shown
from tests.fakes.house import open_house
from tests.fakes.mail import Shelf
from tests.stories.test_smtp_door import door as smtp_door

TLS = Path(__file__).parents[1] / "data" / "tls"
ENDS = datetime(2126, 10, 29, 16, 9, 56, tzinfo=UTC)  # of cert.pem


@pytest.fixture
def showing(config: Config, tmp_path: Path) -> Config:
    for name in ("cert.pem", "key.pem"):
        shutil.copy(TLS / name, tmp_path)
    return config.model_copy(update={"smtp_tls_cert": tmp_path / "cert.pem", "smtp_tls_key": tmp_path / "key.pem"})


def put(config: Config, cert: Path, key: Path) -> None:
    assert config.smtp_tls_cert
    assert config.smtp_tls_key
    for source, target in ((cert, config.smtp_tls_cert), (key, config.smtp_tls_key)):
        new = target.with_suffix(".new")
        new.write_bytes(source.read_bytes())
        new.replace(target)


@asynccontextmanager
async def door(config: Config, parsers: Parsers) -> AsyncIterator[int]:
    """A mail door whose certificate is looked at all the time."""
    opened: list[SmtpDoor] = []
    async with smtp_door(Shelf(), parsers, into=opened, tls_context=certificate(config)) as port:
        renewing = asyncio.create_task(renew(config, opened[0].show, again=0.01))
        yield port
        renewing.cancel()


async def met(port: int) -> bytes:
    """The certificate that is shown to somebody new."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=True, tls_context=context) as client:
        return bytes(client.get_transport_info("ssl_object").getpeercert(binary_form=True))


def written(cert: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(cert.read_text())


async def test_a_certificate_that_was_renewed_is_shown_without_a_new_start(
    showing: Config,
    parsers: Parsers,
) -> None:
    async with door(showing, parsers) as port, asyncio.timeout(20):
        assert await met(port) == written(TLS / "cert.pem")
        put(showing, TLS / "ended.pem", TLS / "ended_key.pem")
        while await met(port) != written(TLS / "ended.pem"):
            pass


async def test_one_that_cannot_be_used_leaves_the_one_before(
    showing: Config, parsers: Parsers, caplog: pytest.LogCaptureFixture
) -> None:
    async with door(showing, parsers) as port, asyncio.timeout(20):
        assert await met(port) == written(TLS / "cert.pem")
        put(showing, TLS / "ended.pem", TLS / "key.pem")
        while "smtp.certificate_unusable" not in caplog.text:
            assert await met(port) == written(TLS / "cert.pem")
        put(showing, TLS / "ended.pem", TLS / "ended_key.pem")
        while await met(port) != written(TLS / "ended.pem"):
            pass


def test_what_is_shown_is_what_the_file_says(showing: Config, config: Config) -> None:
    assert shown(showing)["notAfter"] == f"{ENDS:%b %d %H:%M:%S %Y} GMT"
    assert shown(config) == {}


@pytest.mark.parametrize(
    ("days", "cert", "key", "detail"),
    [
        (15, "cert", "key", "good"),
        (13, "cert", "key", "its certificate ends 2126-10-29"),
        (15, "ended", "ended_key", "it is not good (certificate "),
        (15, "ended", "key", "it cannot be used (SSLError)"),
    ],
)
async def test_f33_the_mail_doors_certificate_degrades_14_days_before_it_ends_and_when_it_has(
    showing: Config, days: int, cert: str, key: str, detail: str
) -> None:
    put(showing, TLS / f"{cert}.pem", TLS / f"{key}.pem")
    async with open_house(showing, clock=SetClock(ENDS - timedelta(days=days))) as house:
        checks = (await (await house.client.get("/readyz")).json())["checks"]
    assert checks["mail_certificate"]["ok"] is (detail == "good")
    assert checks["mail_certificate"]["detail"].startswith(detail)
