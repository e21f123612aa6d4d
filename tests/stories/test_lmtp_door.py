"""Our own mail server hands mails over by LMTP: an answer for each recipient after the dot, one report of it all."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from channels.lmtp import LocalConversation
from channels.parsing import Parsers
from channels.report import NotStored
from channels.smtp import SmtpDoor
from channels.smtp_limits import Limits
from gateway import doors
from gateway.config import Config
from gateway.runtime import open_runtime
from tests.fakes.mail import RealClock, Shelf

MAIL = (
    b"From: Anna <anna@example.org>\r\nTo: help@support.example\r\nSubject: Hej\r\nMessage-ID: <1@example.org>\r\n"
    b"\r\nDen laddar inte.\r\n"
)
OURS = ("help@support.example", "ekonomi@support.example", "drift@support.example")
pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def door(shelf: Shelf, parsers: Parsers, limits: Limits | None = None) -> AsyncIterator[int]:
    opened = SmtpDoor(
        shelf,
        parsers,
        RealClock(),
        domains=("support.example",),
        addresses=dict.fromkeys(OURS),
        hostname="mx.support.example",
        limits=limits,
    )
    try:
        yield await opened.start("127.0.0.1", 0, LocalConversation)
    finally:
        await opened.stop()


def hand_over(port: int, recipients: tuple[str, ...], raw: bytes = MAIL) -> tuple[list[int], list[int]]:
    """What a client that does as RFC 2033 says is answered: for each recipient, and after the dot for those taken."""
    with smtplib.LMTP("127.0.0.1", port, timeout=30) as client:
        assert client.ehlo_or_helo_if_needed() is None
        assert client.does_esmtp
        assert {"pipelining", "enhancedstatuscodes", "8bitmime"} <= set(client.esmtp_features)
        assert client.mail("anna@example.org")[0] == 250
        taken = [client.rcpt(address)[0] for address in recipients]
        kept = []
        if 250 in taken:
            kept.append(client.data(raw)[0])
            kept += [client.getreply()[0] for _ in range(taken.count(250) - 1)]
        assert client.noop()[0] == 250, "no answer is left over, and none is missing"
    return taken, kept


async def said(port: int, *recipients: str, raw: bytes = MAIL) -> tuple[list[int], list[int]]:
    return await asyncio.to_thread(hand_over, port, recipients, raw)


async def test_each_recipient_has_an_answer_and_the_mail_is_one_report(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        assert await said(port, *OURS) == ([250] * 3, [250] * 3)
        assert await said(port, OURS[1]) == ([250], [250]), "the same again is the same report"
    (report,) = shelf.reports.values()
    assert set(report.recipients) <= set(OURS)
    assert report.text == "Den laddar inte."


async def test_who_was_refused_has_no_answer_after_the_dot(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        taken = await said(port, OURS[0], "nobody@support.example", OURS[2], "all@elsewhere.example", OURS[0])
        assert taken == ([250, 550, 250, 550, 250], [250] * 3)
        assert await said(port, "nobody@support.example") == ([550], [])
    assert len(shelf.reports) == 1


@pytest.mark.parametrize("failure", [NotStored, RuntimeError])
async def test_what_cannot_be_kept_is_to_come_again_for_everybody(parsers: Parsers, failure: type[Exception]) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        shelf.failing = failure
        assert await said(port, *OURS) == ([250] * 3, [451] * 3)
        shelf.failing = None
        assert await said(port, *OURS) == ([250] * 3, [250] * 3)
    assert len(shelf.reports) == 1


async def test_a_mail_that_is_too_large_is_refused_for_each(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers, replace(Limits(), size=2000)) as port:
        assert await said(port, *OURS[:2], raw=MAIL + b"x" * 70 + b"\r\n" * 2000) == ([250] * 2, [552] * 2)


@pytest.mark.parametrize("word", ["EHLO", "HELO"])
async def test_whoever_says_helo_is_told_what_this_is(parsers: Parsers, word: str) -> None:
    def greeted(port: int) -> tuple[tuple[int, bytes], int]:
        with smtplib.LMTP("127.0.0.1", port, timeout=30) as client:
            return client.docmd(word, "mx"), client.docmd("MAIL", "FROM:<anna@example.org>")[0]

    async with door(Shelf(), parsers) as port:
        (code, text), mail = await asyncio.to_thread(greeted, port)
    assert (code, b"LHLO" in text, mail) == (500, True, 503)


async def test_commands_may_come_all_at_once(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = [b"LHLO mx", b"MAIL FROM:<a@example.org>", *(b"RCPT TO:<%b>" % one.encode() for one in OURS), b"DATA"]
        writer.write(b"\r\n".join([*lines, b""]))
        heard = b""
        while b"354 " not in heard:
            heard += await reader.readline()
        writer.write(MAIL + b".\r\nQUIT\r\n")
        after = (await reader.read()).splitlines()
        writer.close()
    assert heard.startswith(b"220 mx.support.example LMTP")
    assert [line[:3] for line in after] == [b"250"] * 3 + [b"221"]
    assert len(shelf.reports) == 1


async def test_the_role_listens_where_it_is_told(config: Config, unused_tcp_port: int) -> None:
    wanted: dict[str, Any] = {"lmtp_port": unused_tcp_port, "mail_domains": ("support.example",)}
    async with (
        open_runtime(config.model_copy(update=wanted), "smtp") as runtime,
        doors.smtp_door(runtime, 0),
    ):
        assert await said(unused_tcp_port, *OURS[:2]) == ([250] * 2, [250] * 2)
        row = await runtime.db.row("SELECT count(*) AS n FROM reports")
        assert row == {"n": 1}
