"""F4: the mailbox's reader killed after it fetched, after it kept and before it marked: each mail is one report."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from gateway.config import Config
from tests.fakes.dovecot import Dovecot, why_not
from tests.fakes.mail import Mailbox
from tests.fakes.product import ROOT

MAIL = "From: Anna <anna@example.com>\r\nSubject: Laddare 21052\r\nMessage-ID: <{0}@example.com>\r\n\r\nNr {0}\r\n"
POINTS = ["imap.intake.before_commit", "imap.intake.after_commit", "imap.cursor.before_save", "imap.cursor.after_save"]
if why_not():  # on pymap those between which a mail is kept, marked and accounted for: each costs a start of the role
    POINTS = POINTS[1:3]


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """On Dovecot where it is installed, what most mailboxes are."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        Path(folder).chmod(0o755)
        async with Mailbox() if why_not() else Dovecot(Path(folder)) as opened:
            yield opened


@contextmanager
def imap_role(
    environ: dict[str, str], config: Config, mailbox: Mailbox, points: Path
) -> Iterator[subprocess.Popen[bytes]]:
    given = {
        "PATH": os.environ["PATH"],
        **environ,
        "DATABASE_URL": config.database_url or "",
        "REDIS_URL": config.redis_url or "",
        "IMAP_URLS": f"imap://{mailbox.user}:{mailbox.password}@127.0.0.1:{mailbox.port}/INBOX",
        "CRASH_AT": str(points),
    }
    with (points.parent / "said").open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "imap"], cwd=ROOT, env=given, stdout=said, stderr=said
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_f4_killed_at_each_moment_no_mail_is_lost_or_doubled(
    config: Config, environ: dict[str, str], tmp_path: Path, mailbox: Mailbox
) -> None:
    points = tmp_path / "points"
    points.mkdir()
    for nth, point in enumerate(POINTS):
        await mailbox.put(MAIL.format(nth).encode())
        (points / point).touch()
        with imap_role(environ, config, mailbox, points) as process:
            assert await asyncio.to_thread(process.wait, 120) == -signal.SIGKILL, (tmp_path / "said").read_text()
    await mailbox.put(MAIL.format(len(POINTS)).encode())
    with imap_role(environ, config, mailbox, points):
        async with asyncio.timeout(120):
            while not all((await mailbox.seen()).values()) or len(kept(config)) <= len(POINTS):
                await asyncio.sleep(0.2)
    assert kept(config) == list(range(len(POINTS) + 1))


def kept(config: Config) -> list[int]:
    """Which mails are reports, each as often as it is one."""
    with psycopg.connect(config.database_url or "") as connection:
        found = connection.execute("SELECT text FROM report_contents").fetchall()
    return sorted(int(text.removeprefix("Nr ")) for (text,) in found)
