"""The mail door's process killed at each moment of a mail: whoever has a `250` has a report, and nobody has two."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from gateway.config import Config
from gateway.hosting.ports import unclaimed
from tests.fakes.product import ROOT, eventually
from tests.stories.test_twins import greets

MAIL = "From: Anna <anna@example.com>\r\nSubject: Laddare 21052\r\nMessage-ID: <{0}@example.com>\r\n\r\nNr {0}\r\n"


@contextmanager
def smtp_role(environ: dict[str, str], config: Config, points: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The role in a process of its own, answering; and its port."""
    port = unclaimed()
    servers = {"DATABASE_URL": config.database_url or "", "REDIS_URL": config.redis_url or ""}
    given = {"PATH": os.environ["PATH"], **environ, **servers, "SMTP_PORT": str(port), "CRASH_AT": str(points)}
    with (points.parent / "said").open("ab") as said:
        command = [sys.executable, "-m", "gateway", "smtp"]
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=said, stderr=said)
    try:
        assert eventually(lambda: greets(port), 60), (points.parent / "said").read_text()
        yield process, port
    finally:
        process.kill()
        process.wait()


def send(port: int, mail: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail("anna@example.com", ["support@support.example"], mail)


def begin(port: int, mail: str, data: bool) -> smtplib.SMTP:
    """A conversation that has said all before DATA, or half of the mail."""
    client = smtplib.SMTP("127.0.0.1", port, timeout=30)
    client.ehlo()
    client.mail("anna@example.com")
    client.rcpt("support@support.example")
    if data:
        client.docmd("DATA")
        client.send(mail[: len(mail) // 2])
    return client


def test_f1_killed_at_each_moment_no_mail_is_lost_or_doubled(
    config: Config, environ: dict[str, str], tmp_path: Path
) -> None:
    points = tmp_path / "points"
    points.mkdir()
    mails = [MAIL.format(nth) for nth in range(5)]
    with smtp_role(environ, config, points) as (process, port):
        conversations = [begin(port, mails[0], data=False), begin(port, mails[1], data=True)]
        send(port, mails[2])  # this one is told 250
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
        for conversation in conversations:
            conversation.close()
    assert kept(config) == [2]
    for nth, point in ((3, "before_commit"), (4, "after_commit")):
        with smtp_role(environ, config, points) as (process, port):
            (points / f"smtp.intake.{point}").touch()
            with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
                send(port, mails[nth])
            assert process.wait(30) == -signal.SIGKILL
    assert kept(config) == [2, 4]  # of one of them nobody was told
    with smtp_role(environ, config, points) as (_, port):
        for nth in (0, 1, 3, 4):  # as a mail server does that heard no answer
            send(port, mails[nth])
    assert kept(config) == [0, 1, 2, 3, 4]


def kept(config: Config) -> list[int]:
    """Which mails are reports, each as often as it is one."""
    with psycopg.connect(config.database_url or "") as connection:
        found = connection.execute("SELECT text FROM report_contents").fetchall()
    return sorted(int(text.removeprefix("Nr ")) for (text,) in found)
