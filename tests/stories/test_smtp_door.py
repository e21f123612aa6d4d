"""A mail is acknowledged once it is kept, and never before; what cannot be kept is asked for again."""

from __future__ import annotations

import asyncio
import ssl
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

import aiosmtplib
import pytest
import pytest_asyncio

from channels.lmtp import LocalConversation
from channels.outbound import Deferred
from channels.outbound import send as send_out
from channels.parsing import Parsers
from channels.report import NotStored, Report
from channels.smtp import SmtpDoor
from channels.smtp_limits import Limits
from channels.smtp_session import Conversation
from tests.fakes.mail import Away, RealClock, Shelf

MAIL = (
    b"From: Anna <anna@example.org>\r\nTo: help@support.example\r\nSubject: Hej\r\nMessage-ID: <1@example.org>\r\n"
    b"\r\nDen laddar inte.\r\n"
)
VOUCHED = b"Authentication-Results: mx.support.example; dmarc=pass header.from=example.org\r\n" + MAIL
US = "help@support.example"
pytestmark = pytest.mark.asyncio(loop_scope="module")


LINES: list[Line] = []


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def hang_up() -> AsyncIterator[None]:
    """Nobody stays on the line after a test."""
    yield
    for line in LINES:
        line.writer.close()
    for line in LINES:
        with suppress(ConnectionError):
            await line.writer.wait_closed()
    LINES.clear()


@asynccontextmanager
async def door(
    shelf: Shelf,
    parsers: Parsers,
    kind: type[Conversation] = Conversation,
    into: list[SmtpDoor] | None = None,
    **changes: object,
) -> AsyncIterator[int]:
    settings: dict[str, object] = {
        "domains": ("support.example",),
        "addresses": {US: None, "ekonomi@support.example": "billing", "drift@support.example": None},
        "hostname": "mx.support.example",
        "help_url": "https://help.example/",
    }
    opened = SmtpDoor(shelf, parsers, RealClock(), **(settings | changes))  # type: ignore[arg-type]
    if into is not None:
        into.append(opened)
    port = await opened.start("127.0.0.1", 0, kind)
    try:
        yield port
    finally:
        await opened.stop()


class Line:
    """A client that says exactly what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> Line:
        line = cls(*await asyncio.open_connection("127.0.0.1", port))
        LINES.append(line)
        return line

    @classmethod
    async def open(cls, port: int) -> Line:
        line = await cls.connect(port)
        assert (await line.answer()).startswith("220")
        return line

    async def answer(self) -> str:
        text = ""
        while True:
            got = await asyncio.wait_for(self.reader.readline(), 20)
            text += got.decode()
            if got[3:4] != b"-":
                return text

    async def say(self, *lines: str | bytes) -> str:
        answer = ""
        for line in lines:
            data = line.encode() if isinstance(line, str) else line
            self.writer.write(data + b"\r\n")
            answer = await self.answer()
        return answer

    async def to_data(self, recipient: str = US) -> str:
        return await self.say("EHLO t.example", "MAIL FROM:<anna@example.org>", f"RCPT TO:<{recipient}>", "DATA")

    def close(self) -> None:
        self.writer.close()


async def send(port: int, raw: bytes = MAIL, to: list[str] | str = US, sender: str = "anna@example.org") -> str:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False) as client:
        _, answer = await client.sendmail(sender, to, raw)
        return answer


async def test_e2_a_mail_is_kept_before_it_is_acknowledged(parsers: Parsers) -> None:
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    async with door(shelf, parsers) as port:
        line = await Line.open(port)
        await line.to_data()
        line.writer.write(MAIL + b".\r\n")
        await asyncio.wait_for(shelf.entered.wait(), 10)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(line.reader.read(1)), 0.2)
        assert not shelf.reports
        shelf.gate.set()
        await _until(lambda: len(shelf.reports) == 1)


async def test_what_comes_is_what_was_sent(parsers: Parsers) -> None:
    shelf = Shelf()
    raw = MAIL + b"..leading dot\r\n.\xc3\xa5ter\r\n" + b"x" * 5000 + b"\r\nend."
    async with door(shelf, parsers) as port:
        await send(port, raw)
    assert shelf.only.raw.rstrip() == raw.rstrip()
    assert shelf.only.sender.email == "anna@example.org"
    assert shelf.only.recipients == (US,)


@pytest.mark.parametrize(
    "recipient",
    [
        "x@evil.example",
        "user%evil.example@support.example",
        '"a@evil.example"@support.example',
        "@support.example:x@evil.example",
    ],
)
async def test_b25_relay_refused(parsers: Parsers, recipient: str) -> None:
    async with door(Shelf(), parsers) as port:
        line = await Line.open(port)
        assert (await line.say("EHLO t.example", "MAIL FROM:<a@example.org>", f"RCPT TO:<{recipient}>")).startswith(
            "550 5.7.1"
        )


async def test_b26_unknown_address_refused_at_once(parsers: Parsers) -> None:
    async with door(Shelf(), parsers) as port:
        line = await Line.open(port)
        assert (await line.say("EHLO t", "MAIL FROM:<a@b.example>", "RCPT TO:<nobody@support.example>")).startswith(
            "550 5.1.1"
        )
        for ours in (
            "HELP@Support.Example",
            "help+tag@support.example",
            "postmaster@support.example",
            "reply+1.x@support.example",
        ):
            assert (await line.say(f"RCPT TO:<{ours}>")).startswith("250"), ours


async def test_b27_bounce_from_the_null_sender_is_taken(parsers: Parsers) -> None:
    shelf = Shelf()
    with open("tests/data/mail/14_dsn_bounce.eml", "rb") as file:
        raw = file.read()
    async with door(shelf, parsers) as port:
        line = await Line.open(port)
        assert (await line.say("EHLO t", "MAIL FROM:<>", f"RCPT TO:<{US}>", "DATA")).startswith("354")
        line.writer.write(raw.rstrip() + b"\r\n.\r\n")
        assert (await line.answer()).startswith("250")
    assert shelf.only.bounce
    assert shelf.only.deliveries[0].recipient == "t.axelman@example.com"


@pytest.mark.parametrize("kind", [Conversation, LocalConversation])
async def test_b27_b66_nobody_answers_the_null_sender(parsers: Parsers, kind: type[Conversation]) -> None:
    raw = MAIL.replace(b"Hej", b"Ert mail har kommit fram")
    shelf = Shelf()
    async with door(shelf, parsers, kind=kind) as port:
        line = await Line.open(port)
        hello = "LHLO t.example" if kind is LocalConversation else "EHLO t.example"
        for sender in ("", "info@bolag.example"):
            assert (await line.say(hello, f"MAIL FROM:<{sender}>", f"RCPT TO:<{US}>", "DATA")).startswith("354")
            line.writer.write(raw + b".\r\n")
            assert (await line.answer()).startswith("250")
    from_nobody, from_somebody = shelf.seen
    assert (from_nobody.flags, from_somebody.flags) == (("no_answer",), ())
    assert (from_nobody.raw, from_somebody.raw) == (b"Return-Path: <>\r\n" + raw, raw)
    assert from_nobody.digest() == from_somebody.digest()


async def test_b27_the_null_sender_says_that_a_machine_tells_of_a_mail(parsers: Parsers) -> None:
    raw = MAIL.replace(b"Anna <anna@example.org>", b"post@bolag.example").replace(
        b"Hej", b"Your mail to drift@bolag.example could not be delivered.\r\n\r\n550 5.1.1 User unknown"
    )
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        line = await Line.open(port)
        for sender in ("", "info@bolag.example"):
            assert (await line.say("EHLO t.example", f"MAIL FROM:<{sender}>", f"RCPT TO:<{US}>", "DATA")).startswith(
                "354"
            )
            line.writer.write(raw + b".\r\n")
            assert (await line.answer()).startswith("250")
    from_nobody, from_somebody = shelf.seen
    assert (from_nobody.bounce, from_somebody.bounce) == (True, False)


@pytest.mark.parametrize(
    "junk", ["NOOP", "RSET", "HELP", "EHLO x", "AUTH PLAIN x", "RCPT TO:<x@y>", "GET / HTTP/1.1", "é"]
)
async def test_b28_junk_is_cut_off_and_others_are_served(parsers: Parsers, junk: str) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        line = await Line.open(port)
        answers = []
        for _ in range(1000):
            try:
                answers.append(await line.say(junk))
            except (ConnectionError, OSError):
                break
            if not answers[-1] or answers[-1].startswith("421"):
                break
        assert 2 <= len(answers) <= 21
        rest = "".join(answers) + (await line.reader.read()).decode()
        assert "421" in rest
        assert "250 2.0.0" in "250 " + await send(port)
    assert len(shelf.reports) == 1


async def test_b29_k4_idle_connections_keep_nobody_out(parsers: Parsers) -> None:
    limits = Limits(connections=60, connections_per_peer=50, silent=1.0)
    shelf = Shelf()
    async with door(shelf, parsers, limits=limits, relays=()) as port:
        idle = [await Line.connect(port) for _ in range(80)]
        greetings = [(await line.reader.readline())[:3] for line in idle]
        assert greetings.count(b"421") >= 20
        assert greetings.count(b"220") >= 48
        async with asyncio.timeout(10):
            while not shelf.reports:
                with suppress(aiosmtplib.SMTPException):
                    await asyncio.wait_for(send(port), 2)


async def test_b29_who_said_who_a_mail_is_from_and_no_more_keeps_nobody_out(parsers: Parsers) -> None:
    limits = Limits(size=1024 * 1024, connections=5, kept_free=0.2, silent=0.2)
    async with door(Shelf(), parsers, limits=limits, relays=()) as port:
        refused, sending, *silent = [await Line.open(port) for _ in range(4)]
        await refused.to_data()
        assert (await refused.say(b"y" * 2 * limits.size + b"\r\n.")).startswith("552")
        await sending.to_data()
        for line in silent:
            assert (await line.say("EHLO t.example", "MAIL FROM:<a@b.example>", f"RCPT TO:<{US}>")).startswith("250")
        async with asyncio.timeout(10):
            for gone in (refused, *silent):
                while not (greeting := await (await Line.connect(port)).answer()).startswith("220"):
                    assert greeting.startswith("421")
                    for line in silent:
                        line.writer.write(b"N")  # whoever says a letter now and then is silent, too
                assert (await gone.answer()).startswith("421"), "whoever was silent for longest goes first"
        sending.writer.write(MAIL + b".\r\n")
        assert (await sending.answer()).startswith("250")


async def test_b31_authentication_is_not_offered(parsers: Parsers) -> None:
    async with door(Shelf(), parsers) as port:
        line = await Line.open(port)
        assert "AUTH" not in await line.say("EHLO t.example")
        assert (await line.say("AUTH PLAIN AGEAYg==")).startswith("502")


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n", b"\r\n\0.\r\n"])
async def test_b32_k6_only_one_end_of_a_mail(parsers: Parsers, end: bytes) -> None:
    shelf = Shelf()
    smuggled = (
        b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<help@support.example>\r\nDATA\r\nFrom: evil@example.org\r\n\r\nx"
    )
    async with door(shelf, parsers) as port:
        line = await Line.open(port)
        await line.to_data()
        line.writer.write(MAIL + b"one" + end + smuggled + b"\r\n.\r\n")
        assert (await line.answer()).startswith("250")
        assert (await line.say("NOOP")).startswith("250")
    assert shelf.only.sender.email == "anna@example.org"
    assert smuggled in shelf.only.raw


async def test_b33_e11_too_large_is_refused_with_a_way_to_help_and_shown_to_people(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers, limits=Limits(size=2 * 1024 * 1024)) as port:
        line = await Line.open(port)
        told = await line.say("EHLO t.example", "MAIL FROM:<a@b.example> SIZE=99999999999")
        assert told.startswith("552 5.3.4")
        assert "https://help.example/" in told
        await line.to_data()
        line.writer.write(MAIL)
        for _ in range(40):
            line.writer.write(b"y" * 77_000 + b"\r\n")
            await line.writer.drain()
        line.writer.write(b".\r\n")
        assert (await line.answer()).startswith("552 5.3.4")
        assert (await line.to_data()).startswith("354")
        line.writer.write(MAIL + b".\r\n")
        assert (await line.answer()).startswith("250")
    told_before, cut, taken = shelf.reports.values()
    assert taken.quarantined is None
    for refused in (told_before, cut):
        assert refused.quarantined == "larger than 2 MB: it was refused and its sender told"
        assert len(refused.raw) <= 64 * 1024
    assert told_before.sender.email == "a@b.example"
    assert (cut.sender.email, cut.subject) == (taken.sender.email, taken.subject)


async def test_b33_mails_that_come_at_once_are_held_only_up_to_the_limit(parsers: Parsers) -> None:
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    raw = MAIL + (b"y" * 70_000 + b"\r\n") * 13
    async with door(shelf, parsers, limits=Limits(size=1024 * 1024, in_flight=2 * 1024 * 1024)) as port:
        lines = [await Line.open(port) for _ in range(10)]
        for line in lines:
            assert (await line.to_data()).startswith("354")
        sent = [asyncio.create_task(line.say(raw + b".")) for line in lines]
        with suppress(TimeoutError):
            await _until(lambda: sum(task.done() for task in sent) == 8)
        shelf.gate.set()
        assert sorted([(await task)[:9] for task in sent]) == ["250 2.0.0"] * 2 + ["452 4.3.1"] * 8
        again = lines[next(n for n, task in enumerate(sent) if task.result().startswith("452"))]
        assert (await again.to_data()).startswith("354")
        assert (await again.say(raw + b".")).startswith("250"), "a mail alone has room"
    assert shelf.only.raw == raw


async def test_b33_short_lines_take_no_more_room_than_long_ones(parsers: Parsers) -> None:
    lines = b"..\r\n" * 50_000
    doors: list[SmtpDoor] = []
    async with door(Shelf(), parsers, into=doors) as port:
        line = await Line.open(port)
        await line.to_data()
        tracemalloc.start()
        try:
            line.writer.write(lines)
            await _until(lambda: doors[0].keeper.in_flight == len(lines))
            assert tracemalloc.get_traced_memory()[0] < 4 * len(lines)
        finally:
            tracemalloc.stop()


async def test_b36_a_mail_whose_client_hung_up_is_counted_until_it_is_kept(parsers: Parsers) -> None:
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    doors: list[SmtpDoor] = []
    async with door(shelf, parsers, into=doors) as port:
        keeper = doors[0].keeper
        line = await Line.open(port)
        await line.to_data()
        line.writer.write(MAIL + b".\r\n")
        await asyncio.wait_for(shelf.entered.wait(), 10)
        line.writer.transport.abort()
        await _until(lambda: not keeper.guests)
        held = keeper.in_flight
        shelf.gate.set()
        await _until(lambda: keeper.in_flight == 0)
    assert held == len(MAIL)


async def test_b34_long_lines_are_taken(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        await send(port, MAIL + b"z" * 300_000 + b"\r\nlast")
    assert shelf.only.raw.count(b"z") == 300_000


async def test_b35_eight_bit_is_taken_but_not_in_an_address_without_smtputf8(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        line = await Line.open(port)
        assert (await line.say("EHLO t.example", "MAIL FROM:<åsa@example.org>")).startswith("553 5.6.7")
        assert (await line.say("MAIL FROM:<a@b.example>", "RCPT TO:<åsa@support.example>")).startswith("553 5.6.7")
        assert (await line.say("RSET", "MAIL FROM:<åsa@example.org> SMTPUTF8")).startswith("250")
        assert (await line.say(f"RCPT TO:<{US}>", "DATA")).startswith("354")
        line.writer.write("From: åsa@example.org\r\nSubject: Räksmörgås\r\n\r\nÄr död.\r\n.\r\n".encode())
        assert (await line.answer()).startswith("250")
    assert (shelf.only.sender.email, shelf.only.subject, shelf.only.text) == (
        "åsa@example.org",
        "Räksmörgås",
        "Är död.",
    )


async def test_b36_f29_k2_dropped_lines(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        before = await Line.open(port)
        await before.to_data()
        before.writer.write(MAIL)
        inside = await Line.open(port)
        await inside.to_data()
        inside.writer.write(MAIL + b".\r")
        await inside.writer.drain()
        before.close()
        inside.close()
        shelf.gate = asyncio.Event()
        after = await Line.open(port)
        await after.to_data()
        after.writer.write(MAIL + b".\r\n")
        await asyncio.wait_for(shelf.entered.wait(), 10)
        after.writer.transport.abort()
        await asyncio.sleep(0)
        shelf.gate.set()
        await _until(lambda: len(shelf.seen) == 1)
        await send(port)
    assert len(shelf.seen) == 2
    assert len(shelf.reports) == 1


@pytest.mark.parametrize("kind", [Conversation, LocalConversation])
@pytest.mark.parametrize("behind", [b"", b"QUIT\r\n"])
async def test_b36_who_says_no_more_after_the_dot_still_hears_the_answer(
    parsers: Parsers, kind: type[Conversation], behind: bytes
) -> None:
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    hello = "EHLO t.example" if kind is Conversation else "LHLO t.example"
    async with door(shelf, parsers, kind) as port:
        line = await Line.open(port)
        await line.say(hello, "MAIL FROM:<anna@example.org>", f"RCPT TO:<{US}>", "DATA")
        line.writer.write(MAIL + b".\r\n" + behind)
        line.writer.write_eof()
        await asyncio.wait_for(shelf.entered.wait(), 10)
        shelf.gate.set()
        assert (await line.answer()).startswith("250")
        assert await asyncio.wait_for(line.reader.read(), 10) == b""
    assert len(shelf.reports) == 1


async def test_b36_a_mail_that_ends_without_its_dot_is_none(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        line = await Line.open(port)
        await line.to_data()
        line.writer.write(MAIL + b".\r")
        line.writer.write_eof()
        assert await asyncio.wait_for(line.reader.read(), 10) == b""
        await send(port)
    assert len(shelf.reports) == 1


@pytest.mark.parametrize("failure", [Away, NotStored, RuntimeError, OSError])
async def test_b37_e3_k1_what_cannot_be_stored_is_asked_for_again(parsers: Parsers, failure: type[Exception]) -> None:
    shelf = Shelf()
    shelf.failing = failure
    async with door(shelf, parsers) as port:
        with pytest.raises(aiosmtplib.SMTPDataError) as told:
            await send(port)
        assert told.value.code == 451
        assert "store is away" not in told.value.message
        shelf.failing = None
        await send(port)
    assert len(shelf.reports) == 1


async def test_b37_too_late_is_asked_for_again(parsers: Parsers) -> None:
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    async with door(shelf, parsers, limits=Limits(answer=1.5)) as port:
        with pytest.raises(aiosmtplib.SMTPDataError) as told:
            await send(port)
        assert told.value.code == 451
        shelf.gate.set()
        await send(port)
    assert len(shelf.reports) == 1


async def test_b38_e6_the_same_mail_again_is_the_same(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        await send(port)
        await send(port, b"Received: from elsewhere by here; Mon, 1 Jan 2026 00:00:00 +0000\r\nX-Spam: no\r\n" + MAIL)
    assert len(shelf.seen) == 2
    assert len(shelf.reports) == 1


async def test_b39_a_stolen_message_id_hides_nothing(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        await send(port, MAIL.replace(b"Den laddar", b"Falsk"))
        await send(port)
    assert len(shelf.reports) == 2


async def test_b40_bare_mails_are_kept(parsers: Parsers) -> None:
    shelf, begun = Shelf(), datetime.now(UTC)
    async with door(shelf, parsers) as port:
        for raw in (
            b"hej",
            b"\r\n",
            b"Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n\r\nx",
            b"Date: Fri, 31 Dec 9999 23:59:59 +0000\r\n\r\nx",
            VOUCHED.replace(b"From: Anna <anna@example.org>", b"From: anna@example.org\r\nFrom: c@d.example"),
        ):
            await send(port, raw)
    assert len(shelf.reports) == 5
    assert all(begun <= report.received_at <= datetime.now(UTC) for report in shelf.seen)
    assert not any(report.sender.verified for report in shelf.seen)


async def test_b41_several_of_our_addresses_are_one_report(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        await send(port, to=[US, "ekonomi@support.example", "drift@support.example"])
        await send(port, to=["drift@support.example"])
    assert len(shelf.reports) == 1
    assert shelf.only.recipients == (US, "ekonomi@support.example", "drift@support.example")
    assert shelf.only.queue == "billing"


async def test_b42_only_our_own_mail_server_vouches(parsers: Parsers) -> None:
    relayed, direct = Shelf(), Shelf()
    async with door(relayed, parsers) as port:
        await send(port, VOUCHED)
    async with door(direct, parsers, relays=()) as port:
        await send(port, VOUCHED)
    assert relayed.only.sender.verified
    assert not direct.only.sender.verified


@pytest.mark.parametrize("hello", ["HELO localhost", "EHLO [127.0.0.1]", "HELO", "EHLO"])
async def test_b43_any_greeting_will_do(parsers: Parsers, hello: str) -> None:
    async with door(Shelf(), parsers) as port:
        line = await Line.open(port)
        assert (await line.say(hello)).startswith("250")
        assert (await line.say("MAIL FROM:<a@b.example>")).startswith("250")


async def test_b67_a_mail_that_runs_in_circles_is_refused(parsers: Parsers) -> None:
    async with door(Shelf(), parsers) as port:
        with pytest.raises(aiosmtplib.SMTPDataError) as told:
            await send(port, b"Received: by x\r\n" * 26 + MAIL)
        assert (told.value.code, told.value.message[:5]) == (554, "5.4.6")


async def test_b67_the_way_of_a_mail_that_comes_back_within_another_is_not_its_own(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        await send(port, b"received: by x\r\n" * 25 + MAIL + b"\r\n" + b"Received: by x\r\n" * 26)
    assert shelf.only.quarantined is None


async def test_k4_fifty_recipients_and_no_more(parsers: Parsers) -> None:
    async with door(Shelf(), parsers, addresses={}) as port:
        line = await Line.open(port)
        await line.say("EHLO t.example", "MAIL FROM:<a@b.example>")
        answers = [await line.say(f"RCPT TO:<a{n}@support.example>") for n in range(51)]
        assert all(answer.startswith("250") for answer in answers[:50])
        assert answers[50].startswith("452 4.5.3")


async def test_k5_a_trickling_sender_is_cut_off_and_a_slow_one_is_not(parsers: Parsers) -> None:
    shelf = Shelf()
    limits = Limits(floor_bytes=2000, floor_seconds=0.5, command_timeout=0.4)
    async with door(shelf, parsers, limits=limits) as port:
        trickle, slow = await Line.open(port), await Line.open(port)
        await trickle.to_data()
        await slow.to_data()
        slow.writer.write(MAIL)

        async def upload() -> None:
            for _ in range(10):
                slow.writer.write(b"photo " * 200 + b"\r\n")
                trickle.writer.write(b"x\r\n")
                await asyncio.sleep(0.15)
            slow.writer.write(b".\r\n")

        sending = asyncio.create_task(upload())
        assert (await trickle.answer()).startswith("421")
        assert (await slow.answer()).startswith("250")
        await sending
    assert len(shelf.reports) == 1


async def test_the_envelope_carries_the_reply_token(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers) as port:
        await send(port, to=["reply+1042.abc-x_y@support.example"])
        assert shelf.only.thread.token == "1042.abc-x_y"


async def test_draining_finishes_what_was_sent(parsers: Parsers) -> None:
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    opened = SmtpDoor(shelf, parsers, RealClock(), domains=("support.example",), addresses={}, hostname="mx")
    port = await opened.start("127.0.0.1", 0)
    line, idle = await Line.open(port), await Line.open(port)
    await line.to_data()
    line.writer.write(MAIL + b".\r\n")
    await asyncio.wait_for(shelf.entered.wait(), 10)
    draining = asyncio.create_task(opened.drain())
    assert (await idle.answer()).startswith("421 4.3.2 closing")
    shelf.gate.set()
    await draining
    assert (await line.answer()).startswith("250")
    assert (await line.say("MAIL FROM:<a@b.example>")).startswith("421")
    await opened.stop()
    assert len(shelf.reports) == 1


async def test_what_nobody_can_parse_is_kept_raw() -> None:
    class Helpless:
        async def read(self, raw: bytes, received_at: object, found: str | None = None) -> Report:
            from channels.mail import quarantined

            return replace(quarantined(raw, received_at, "too complex"))  # type: ignore[arg-type]

    shelf = Shelf()
    async with door(shelf, Helpless()) as port:  # type: ignore[arg-type]
        await send(port)
    assert shelf.only.quarantined
    assert (shelf.only.subject, shelf.only.sender.email) == ("Hej", "anna@example.org")


async def _until(holds: object) -> None:
    async with asyncio.timeout(10):
        while not holds():  # type: ignore[operator]
            await asyncio.sleep(0.01)


def certificate() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain("tests/data/tls/cert.pem", "tests/data/tls/key.pem")
    return context


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile="tests/data/tls/cert.pem")


async def test_mail_over_tls(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers, tls_context=certificate()) as port:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=True, tls_context=trusting())
        async with client:
            await client.ehlo()
            assert not client.supports_extension("starttls")
            assert not client.supports_extension("auth")
            await client.sendmail("anna@example.org", US, MAIL + b"x" * 300_000)
        outgoing = await send_out(MAIL, "anna@example.org", US, f"smtp+starttls://127.0.0.1:{port}")
    assert len(shelf.reports) == 1
    assert isinstance(outgoing, Deferred), "an untrusted certificate is not talked to"


async def test_b30_commands_before_the_handshake_are_forgotten(parsers: Parsers) -> None:
    shelf = Shelf()
    async with door(shelf, parsers, tls_context=certificate()) as port:
        line = await Line.open(port)
        await line.say("EHLO t.example")
        line.writer.write(b"STARTTLS\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<help@support.example>\r\n")
        assert (await line.answer()).startswith("220")
        await line.writer.start_tls(trusting(), server_hostname="127.0.0.1")
        assert (await line.say("DATA")).startswith("503")
        assert (await line.say("EHLO t.example", f"RCPT TO:<{US}>")).startswith("503")
    assert not shelf.seen
