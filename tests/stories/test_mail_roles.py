"""The roles of the mail doors over the real record: a mail becomes a case once, by whatever way it came."""

from __future__ import annotations

import asyncio
import smtplib
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from channels import imap
from gateway import alerts, doors
from gateway.config import Config
from gateway.doors import account, host_name, imap_door, smtp_door
from gateway.hosting.certificates import certificate
from gateway.messages.threads import reply_token
from gateway.record import cases, mailboxes
from gateway.record.db import Database
from gateway.record.mailboxes import accounts
from gateway.runtime import Runtime, open_runtime
from gateway.settings import read_mail_address, read_mailbox
from tests.fakes.house import count
from tests.fakes.mail import Mailbox
from tests.fakes.wire import wire

MAIL = (
    b"From: Anna <anna@example.com>\r\nTo: support@support.example\r\nSubject: Laddare 21052 startar inte\r\n"
    b"Message-ID: <one@example.com>\r\nDate: Mon, 14 Sep 2026 08:00:00 +0200\r\n\r\n"
    b"Hej, laddare 21052 startar inte.\r\n"
)


@asynccontextmanager
async def role(config: Config, name: str, **changes: Any) -> AsyncIterator[Runtime]:
    async with open_runtime(config.model_copy(update=changes), name) as runtime:
        yield runtime


@pytest.fixture
async def mailbox(config: Config) -> AsyncIterator[Mailbox]:
    async with Mailbox() as mailbox:
        yield mailbox


def urls(mailbox: Mailbox, queue: str = "", asked: str = "") -> tuple[Any, ...]:
    address = f"imap://{mailbox.user}:{mailbox.password}@127.0.0.1:{mailbox.port}/INBOX{asked}"
    return (read_mailbox(address + (f"#{queue}" if queue else "")),)


async def until(db: Database, reports: int, within: float = 20.0) -> None:
    end = time.monotonic() + within
    while await count(db, "reports") < reports:
        assert time.monotonic() < end, f"{await count(db, 'reports')} of {reports} reports came"
        await asyncio.sleep(0.05)


async def test_a_mailbox_is_read_once_and_goes_on_after_a_restart(config: Config, mailbox: Mailbox) -> None:
    await mailbox.put(MAIL)
    for nth in (1, 2):
        async with role(config, "imap", imap_urls=urls(mailbox)) as runtime, imap_door(runtime):
            await until(runtime.db, nth)
            if nth == 1:
                (listed,) = (await cases.listing(runtime.db, cases.Filters(), 10))[0]
                assert (listed.case.charger_id, listed.case.language) == ("21052", "sv")
        await mailbox.put(MAIL.replace(b"<one@", b"<two@").replace(b"21052", b"24915"))
    assert list((await mailbox.seen()).values())[:2] == [True, True]


def sent(nth: int) -> bytes:
    """A mail of somebody of their own."""
    return MAIL.replace(b"anna@", b"anna%d@" % nth).replace(b"<one@", b"<%d@" % nth)


async def put_old(mailbox: Mailbox, *mails: bytes) -> None:
    """Mails that lie in the mailbox since March 2019, read and answered by somebody."""
    at = datetime(2019, 3, 4, 9, 30, tzinfo=UTC)
    flags = [b"\\Seen", b"\\Answered"]
    await mailbox.ask(lambda client: [client.append("INBOX", mail, flags, at) for mail in mails])


async def test_b51_what_lay_there_for_long_is_kept_due_from_now_on_and_not_answered(
    config: Config, mailbox: Mailbox
) -> None:
    begun = datetime.now(UTC)
    await put_old(mailbox, *(sent(nth) for nth in range(5)))
    await mailbox.put(sent(5))
    async with role(config, "imap", imap_urls=urls(mailbox)) as runtime, imap_door(runtime):
        await until(runtime.db, 6)
        await put_old(mailbox, sent(6))  # brought in by a person
        await until(runtime.db, 7)
        answered = await runtime.db.rows(
            "SELECT t.sender_email FROM messages m JOIN report_contents t USING (report_id)"
            " WHERE m.kind = 'acknowledgement' ORDER BY 1"
        )
        opened = await runtime.db.rows("SELECT opened_at, due_first_response FROM cases")
    assert [row["sender_email"] for row in answered] == ["anna5@example.com", "anna6@example.com"]
    assert all(begun < row["opened_at"] < row["due_first_response"] for row in opened)


async def test_b51_what_came_before_the_day_to_begin_with_is_left_and_read_mails_are_moved(
    config: Config, mailbox: Mailbox
) -> None:
    await mailbox.ask(lambda client: client.create_folder("Klart"))
    await put_old(mailbox, sent(1), sent(2))
    await mailbox.put(sent(3))
    asked = urls(mailbox, "field", "?since=2019-03-05&move=Klart")
    async with role(config, "imap", imap_urls=asked) as runtime, imap_door(runtime):
        async with asyncio.timeout(20):
            while len(await mailbox.seen()) > 2:
                await asyncio.sleep(0.02)
        assert await count(runtime.db, "reports") == 1
    ((_, drawn),) = await account(config.model_copy(update={"imap_urls": asked}))
    assert drawn is not None
    assert (drawn.taken, drawn.passed, drawn.adds_up) == (1, 2, True)


async def test_two_imap_processes_take_each_mail_once(config: Config, mailbox: Mailbox) -> None:
    await mailbox.put(*(MAIL.replace(b"<one@", b"<%d@" % nth) for nth in range(5)))
    async with (
        role(config, "imap", imap_urls=urls(mailbox)) as one,
        role(config, "imap", imap_urls=urls(mailbox)) as two,
        imap_door(one),
        imap_door(two),
    ):
        await until(one.db, 5)
        row = await one.db.row("SELECT data FROM mailbox_cursors")
        assert row is not None
        assert await count(one.db, "reports") == 5


async def test_b52_the_same_mail_by_smtp_and_by_imap_is_one_report(config: Config, mailbox: Mailbox) -> None:
    async with role(config, "smtp") as runtime, smtp_door(runtime, 0) as port:
        await asyncio.to_thread(send, port, MAIL)
    await mailbox.put(MAIL)
    async with role(config, "imap", imap_urls=urls(mailbox)) as runtime, imap_door(runtime):
        end = time.monotonic() + 20
        while not all((await mailbox.seen()).values()):
            assert time.monotonic() < end, "the mail was never marked as read"
            await asyncio.sleep(0.05)
        assert await count(runtime.db, "reports") == 1


async def test_f2_smtp_says_later_while_the_record_is_away_and_takes_it_afterwards(config: Config) -> None:
    async with (
        wire(config.database_url or "") as line,
        role(config, "smtp", database_url=line.url) as runtime,
        smtp_door(runtime, 0) as port,
    ):
        await line.cut()
        assert await answered(port) == 451
        await line.mend()
        end = time.monotonic() + 30
        while (answer := await answered(port)) == 451:
            assert time.monotonic() < end
        assert answer == 250
        assert await count(runtime.db, "reports") == 1


async def test_f21_a_mail_whose_files_cannot_be_kept_is_asked_for_again(config: Config) -> None:
    photo = (
        b"From: Anna <anna@example.com>\r\nSubject: 21052\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSe bild.\r\n'
        b"--b\r\nContent-Type: image/jpeg\r\nContent-Disposition: attachment; filename=a.jpg\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + b"/9j/4AAQ" * 4000 + b"\r\n--b--\r\n"
    )
    blobs = config.data_dir / "blobs"
    async with role(config, "smtp") as runtime, smtp_door(runtime, 0) as port:
        blobs.rename(blobs.with_name("away"))
        blobs.write_text("a disk that takes nothing")
        assert await answered(port, photo) == 451
        assert await answered(port) == 250  # words need no disk
        blobs.unlink()
        blobs.with_name("away").rename(blobs)
        assert await answered(port, photo) == 250
        assert await count(runtime.db, "reports") == 2


async def test_a_mail_of_more_words_than_the_line_to_the_record_takes_at_once_is_kept(config: Config) -> None:
    async with role(config, "smtp") as runtime, smtp_door(runtime, 0) as port:
        assert await answered(port, MAIL + b"Laddaren startar inte, kabeln sitter fast.\r\n" * 40_000) == 250
        assert await count(runtime.db, "reports") == 1


async def test_e12_each_mailbox_has_an_account_that_adds_up(config: Config, mailbox: Mailbox) -> None:
    poison = b"X-A: 1\r\n" * 300 + MAIL
    await mailbox.put(MAIL, MAIL.replace(b"<one@", b"<two@"), poison)
    changed = config.model_copy(update={"imap_urls": urls(mailbox)})
    assert await account(changed) == [(f"{mailbox.user}@127.0.0.1/INBOX", None)]
    async with role(config, "imap", imap_urls=urls(mailbox)) as runtime, imap_door(runtime):
        await until(runtime.db, 3)
        end = time.monotonic() + 20
        while (row := await runtime.db.row("SELECT data FROM mailbox_cursors")) is None or row["data"]["listed"] < 3:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
    await mailbox.put(MAIL.replace(b"<one@", b"<three@"))
    ((_, drawn),) = await account(changed)
    assert drawn is not None
    assert (drawn.in_mailbox, drawn.taken, drawn.quarantined, drawn.waiting, drawn.gone) == (4, 2, 1, 1, 0)
    assert drawn.adds_up
    async with role(config, "web") as runtime:
        (kept,) = await accounts(runtime.db)
    assert (kept.account, kept.mailbox) == (drawn, drawn.mailbox)


async def test_b50_a_mailbox_that_cannot_be_read_is_an_alarm_until_it_can(
    config: Config, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "SIGNS", 0.05)
    wrong = (read_mailbox(f"imap://{mailbox.user}:expired@127.0.0.1:{mailbox.port}/INBOX"),)

    async with role(config, "imap", imap_urls=wrong) as runtime, imap_door(runtime):
        async with asyncio.timeout(30):
            while not (signs := await failing_mailboxes(runtime)):
                await asyncio.sleep(0.02)
    assert signs.keys() == {"1"}
    assert alerts.LIMITS["mailbox_failing"].begin < 300
    async with role(config, "imap", imap_urls=urls(mailbox)) as runtime, imap_door(runtime):
        async with asyncio.timeout(30):
            while await failing_mailboxes(runtime):
                await asyncio.sleep(0.02)


async def test_b45_uids_that_begin_anew_at_each_session_are_an_alarm_until_they_stay(
    config: Config, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "SIGNS", 0.02)
    monkeypatch.setattr(imap, "POLL", 0.01)  # where the hold of the session before is not gone yet
    monkeypatch.setitem(imap.ImapDoor.__init__.__kwdefaults__, "again", 0.01)
    numbers, cut, note = iter((1, 2, 3, 3)), threading.Event(), mailboxes.note
    noted: list[object] = []

    class Restless(imap.Session):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.uidvalidity = next(numbers)

        def wait(self, seconds: float, stop: Any) -> None:
            if self.uidvalidity < 3 or cut.is_set():
                cut.clear()
                raise imap.Trouble("the line is cut")
            super().wait(0.05, stop)

    async def counted(*given: Any) -> None:
        await note(*given)
        noted.append(given)

    monkeypatch.setattr(imap, "Session", Restless)
    monkeypatch.setattr(mailboxes, "note", counted)
    async with role(config, "imap", imap_urls=urls(mailbox)) as runtime, imap_door(runtime) as door:
        async with asyncio.timeout(30):
            (health,) = door.health().values()
            while not (health.read and health.restarts == 2):
                await asyncio.sleep(0.02)
            noted.clear()
            while len(noted) < 2:
                await asyncio.sleep(0.02)
            assert (await failing_mailboxes(runtime)).keys() == {"1"}, "it is read, and all of it each time"
            cut.set()
            while await failing_mailboxes(runtime):
                await asyncio.sleep(0.02)
        assert health.restarts == 0


async def test_an_address_leads_to_its_queue(config: Config) -> None:
    ours = tuple(map(read_mail_address, ("support@support.example", "faktura@support.example=billing")))
    async with role(config, "smtp", mail_addresses=ours) as runtime, smtp_door(runtime, 0) as port:
        mail = MAIL.replace(b"Laddare 21052 startar inte", b"Hej").replace(b"laddare 21052 startar inte", b"hej")
        await asyncio.to_thread(send, port, mail, "faktura@support.example")
        (listed,) = (await cases.listing(runtime.db, cases.Filters(), 10))[0]
        assert listed.case.queue == "billing"
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await asyncio.to_thread(send, port, mail, "nobody@support.example")


def test_the_mail_server_names_itself_by_the_public_url(config: Config) -> None:
    assert host_name(config) == "support.example"
    assert host_name(config.model_copy(update={"public_url": "https://help.charge.example:8443"})) == (
        "help.charge.example"
    )
    assert certificate(config) is None


async def failing_mailboxes(runtime: Runtime) -> dict[str, float]:
    found = await alerts.signs(runtime, runtime.clock.now())
    return {sign.key: sign.value for sign in found if sign.kind == "mailbox_failing"}


async def answered(port: int, raw: bytes = MAIL) -> int:
    """What the mail door says to the mail."""
    try:
        await asyncio.to_thread(send, port, raw)
    except smtplib.SMTPDataError as refused:
        return refused.smtp_code
    return 250


def send(port: int, raw: bytes, to: str = "support@support.example") -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail("anna@example.com", [to], raw)


async def test_b35_a_domain_of_ours_beyond_ascii_is_ours_however_a_mail_spells_it(config: Config) -> None:
    ours = "support@xn--laddnt-fua.se"
    changes = {"mail_domains": ("xn--laddnt-fua.se",), "mail_addresses": (read_mail_address(f"{ours}=billing"),)}
    async with role(config, "smtp", **changes) as runtime, smtp_door(runtime, 0) as port:

        def give(raw: bytes, to: str) -> None:
            with smtplib.SMTP("127.0.0.1", port) as client:
                assert client.sendmail("anna@example.com", to, raw, mail_options=["SMTPUTF8", "BODY=8BITMIME"]) == {}

        await asyncio.to_thread(give, MAIL.replace(b"support@support.example", ours.encode()), "support@laddnät.se")
        (opened,) = await runtime.db.rows("SELECT id, queue FROM cases")
        assert opened["queue"] == "billing"
        answered = f"support+{reply_token(runtime.config.secret_keys, opened['id'])}@Laddnät.se"
        answer = f"From: mum@example.com\r\nTo: {answered}, bo@example.com\r\nSubject: Re\r\n\r\nDen laddar nu.\r\n"
        await asyncio.to_thread(give, answer.encode(), ours)
        kept = await runtime.db.rows(
            "SELECT case_id, copies FROM reports JOIN report_contents ON report_id = id ORDER BY id"
        )
    assert [(row["case_id"], row["copies"]) for row in kept] == [
        (opened["id"], None),
        (opened["id"], ["bo@example.com"]),
    ]
