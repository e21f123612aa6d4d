"""A mailbox is read once, marked after keeping, and its account adds up, whatever happens to it meanwhile."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, IMAPClientReadOnlyError
from structlog.testing import capture_logs

from channels import imap
from channels.imap import ImapDoor
from channels.imap_session import Account, Denied, Session, Trouble
from channels.parsing import Parsers
from channels.report import Receipt, Report
from tests.fakes.dovecot import running, why_not
from tests.fakes.mail import Away, CursorShelf, Mailbox, RealClock, Shelf
from tests.fakes.wire import wire
from tests.stories.test_smtp_door import certificate

pytestmark = pytest.mark.asyncio(loop_scope="module")
NewMailbox = Callable[[], AbstractAsyncContextManager[Mailbox]]


def mail(number: int, text: str = "Laddaren är död.") -> bytes:
    head = f"From: a{number}@example.org\r\nSubject: nr {number}\r\nMessage-ID: <{number}@example.org>\r\n"
    return f"{head}\r\n{text}\r\n".encode()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def parsers() -> AsyncIterator[Parsers]:
    pool = Parsers()
    await pool.start()
    yield pool
    await pool.stop()


@asynccontextmanager
async def pymap() -> AsyncIterator[NewMailbox]:
    yield Mailbox


@asynccontextmanager
async def dovecot() -> AsyncIterator[NewMailbox]:
    async with running() as server:
        yield server.empty


DOVECOT = pytest.param(dovecot, marks=pytest.mark.skipif(why_not() is not None, reason=why_not() or ""))


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=[pymap, DOVECOT], ids=["pymap", "dovecot"])
async def new_mailbox(request: pytest.FixtureRequest) -> AsyncIterator[NewMailbox]:
    async with request.param() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def mailbox(new_mailbox: NewMailbox) -> AsyncIterator[Mailbox]:
    async with new_mailbox() as opened:
        yield opened


def account(mailbox: Mailbox, **changes: object) -> Account:
    settings: dict[str, object] = {
        "host": "127.0.0.1",
        "port": mailbox.port,
        "user": mailbox.user,
        "password": mailbox.password,
        "tls": False,
    }
    return Account(**(settings | changes))  # type: ignore[arg-type]


@asynccontextmanager
async def reading(
    mailbox: Mailbox, parsers: Parsers, shelf: Shelf, cursors: CursorShelf, **changes: object
) -> AsyncIterator[ImapDoor]:
    door = ImapDoor(shelf, parsers, RealClock(), [account(mailbox, **changes)], cursors, again=0.05)
    await door.start()
    try:
        yield door
    finally:
        await door.stop()


async def until(holds: Callable[[], bool], within: float = 20) -> None:
    end = asyncio.get_running_loop().time() + within
    while not holds():
        assert asyncio.get_running_loop().time() < end, "it did not happen"
        await asyncio.sleep(0.02)


def subjects(shelf: Shelf) -> list[str | None]:
    return [report.subject for report in shelf.seen]


async def test_e1_mail_is_taken_in_marked_and_waited_for(mailbox: Mailbox, parsers: Parsers) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(mail(1), mail(2))
    async with reading(mailbox, parsers, shelf, cursors, queue="operations") as door:
        await until(lambda: len(shelf.reports) == 2)
        await mailbox.put(mail(3))
        await until(lambda: len(shelf.reports) == 3)
        await until(lambda: cursors.history[-1].listed == 3)
        (entry,) = await door.account()
    assert (entry.in_mailbox, entry.waiting, entry.listed, entry.taken, entry.quarantined) == (3, 0, 3, 3, 0)
    assert entry.adds_up
    assert all((await mailbox.seen()).values())
    assert {report.queue for report in shelf.seen} == {"operations"}
    assert not cursors.held
    async with reading(mailbox, parsers, shelf, cursors):
        await mailbox.put(mail(4))
        await until(lambda: len(shelf.reports) == 4)
    assert len(shelf.seen) == 4


async def test_nothing_is_marked_before_it_is_kept(mailbox: Mailbox, parsers: Parsers) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    shelf.failing = Away
    await mailbox.put(mail(1))
    async with reading(mailbox, parsers, shelf, cursors) as door:
        await until(lambda: next(iter(door.health().values())).failing is not None)
        assert (await mailbox.seen()) == {1: False} or not any((await mailbox.seen()).values())
        assert all(cursor.listed == 0 for cursor in cursors.history)
        shelf.failing = None
        await until(lambda: len(shelf.reports) == 1)
        await until(lambda: cursors.history[-1].taken == 1)
    assert all((await mailbox.seen()).values())


async def test_b44_f31_uids_that_begin_anew_lose_and_double_nothing(mailbox: Mailbox, parsers: Parsers) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(mail(1), mail(2))
    async with reading(mailbox, parsers, shelf, cursors):
        await until(lambda: len(shelf.reports) == 2)
    async with Mailbox() as restored:
        await restored.put(mail(1), mail(2), mail(3))
        name = account(restored).name
        for cursor in [*cursors.history]:
            cursors.cursors[name] = cursor
        async with reading(restored, parsers, shelf, cursors) as door:
            await until(lambda: len(shelf.reports) == 3)
            await until(lambda: cursors.history[-1].listed == 3)
            (entry,) = await door.account()
            assert entry.adds_up
            assert next(iter(door.health().values())).restarts == 1
    assert len(shelf.reports) == 3


async def test_f31_uids_that_a_restored_server_hands_out_again_lose_and_double_nothing(
    mailbox: Mailbox, parsers: Parsers
) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(mail(1))
    async with reading(mailbox, parsers, shelf, cursors):
        await until(lambda: cursors.history != [] and cursors.history[-1].listed == 1)
    last = cursors.history[-1]
    cursors.cursors[account(mailbox).name] = replace(last, uid=last.uid + 5)  # five came that the backup has not
    await mailbox.put(mail(2))
    async with reading(mailbox, parsers, shelf, cursors) as door:
        await until(lambda: cursors.history[-1].listed == 2)
        (entry,) = await door.account()
        assert entry.adds_up
        assert next(iter(door.health().values())).restarts == 1
    assert sorted(str(report.subject) for report in shelf.reports.values()) == ["nr 1", "nr 2"]


async def test_f31_a_folder_that_is_renamed_is_trouble_and_read_on_when_it_is_back(
    mailbox: Mailbox, parsers: Parsers
) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.ask(lambda client: client.create_folder("Support"))
    await mailbox.ask(lambda client: client.append("Support", mail(1)))
    async with reading(mailbox, parsers, shelf, cursors, folder="Support"):
        await until(lambda: cursors.history != [] and cursors.history[-1].listed == 1)
    await mailbox.ask(lambda client: client.rename_folder("Support", "Aside"))
    async with reading(mailbox, parsers, shelf, cursors, folder="Support") as door:
        health = next(iter(door.health().values()))
        await until(lambda: health.failing is not None)
        assert health.reason.startswith("the folder cannot be opened")
        await mailbox.ask(lambda client: client.append("Aside", mail(2)))
        await mailbox.ask(lambda client: client.rename_folder("Aside", "Support"))
        await until(lambda: cursors.history[-1].listed == 2)
        await until(lambda: health.failing is None)
    assert [report.subject for report in shelf.reports.values()] == ["nr 1", "nr 2"]


async def test_f31_a_line_that_is_cut_while_it_waits_is_opened_again(mailbox: Mailbox, parsers: Parsers) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(mail(1))
    async with (
        wire(f"imap://127.0.0.1:{mailbox.port}") as line,
        reading(mailbox, parsers, shelf, cursors, port=urlsplit(line.url).port) as door,
    ):
        health = next(iter(door.health().values()))
        await until(lambda: health.read and subjects(shelf) == ["nr 1"])
        await line.cut()
        await until(lambda: health.failing is not None)
        await mailbox.put(mail(2))
        await line.mend()
        await until(lambda: cursors.history[-1].listed == 2)
    assert subjects(shelf) == ["nr 1", "nr 2"]
    assert all((await mailbox.seen()).values())


@pytest.mark.parametrize("item", ["RFC822.SIZE", "BODY.PEEK[]"])
async def test_b46_a_mail_that_a_person_deletes_before_it_is_fetched_holds_up_no_other(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch, item: str
) -> None:
    loop, fetch = asyncio.get_running_loop(), IMAPClient.fetch
    deleted: list[int] = []

    def fetched(client: IMAPClient, uids: list[int], items: list[str]) -> object:
        if item in items and not deleted:
            deleted.append(uids[1])
            person = mailbox.ask(lambda client: (client.delete_messages(deleted), client.expunge()))
            asyncio.run_coroutine_threadsafe(person, loop).result(20)
        found = fetch(client, uids, items)
        return {uid: told for uid, told in found.items() if uid not in deleted}

    monkeypatch.setattr(IMAPClient, "fetch", fetched)
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(mail(1), mail(2), mail(3))
    async with reading(mailbox, parsers, shelf, cursors) as door:
        await until(lambda: cursors.history != [] and cursors.history[-1].listed == 3)
        (entry,) = await door.account()
        assert next(iter(door.health().values())).failing is None
    assert (entry.taken, entry.vanished, entry.gone, entry.adds_up) == (2, 1, 1, True)
    assert sorted(subjects(shelf), key=str) == ["nr 1", "nr 3"]


async def test_b48_seen_by_a_person_first_is_taken_in_all_the_same(mailbox: Mailbox, parsers: Parsers) -> None:
    shelf = Shelf()
    await mailbox.put(mail(1))
    await mailbox.ask(lambda client: client.add_flags(client.search("ALL"), [b"\\Seen"]))
    async with reading(mailbox, parsers, shelf, CursorShelf()):
        await until(lambda: len(shelf.reports) == 1)


async def test_b50_a_wrong_password_is_tried_rarely(mailbox: Mailbox, parsers: Parsers) -> None:
    async with reading(mailbox, parsers, Shelf(), CursorShelf(), password="wrong") as door:
        health = next(iter(door.health().values()))
        await until(lambda: health.failing is not None)
        assert health.reason == "the server does not accept user and password"
        with pytest.raises(Denied):
            await asyncio.to_thread(Session, account(mailbox, password="wrong"))


async def test_b50_a_server_that_lets_us_not_in_is_asked_once_a_minute_at_most(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert imap.DENIED_PAUSE >= 60
    monkeypatch.setattr(imap, "DENIED_PAUSE", 0.3)
    login, asked = IMAPClient.login, []

    def timed(client: IMAPClient, *given: str) -> object:
        asked.append(time.monotonic())
        return login(client, *given)

    monkeypatch.setattr(IMAPClient, "login", timed)
    async with reading(mailbox, parsers, Shelf(), CursorShelf(), password="wrong"):
        await until(lambda: len(asked) == 3)
    assert all(after - before >= 0.3 for before, after in pairwise(asked))


async def test_b50_a_server_that_is_away_is_asked_ever_more_rarely(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def away(*_: object) -> Session:
        asked.append(time.monotonic())
        raise Trouble("no connection")

    monkeypatch.setattr(imap, "Session", away)
    monkeypatch.setattr(random, "uniform", max)  # many who lost a server do not come back in step
    async with reading(mailbox, parsers, Shelf(), CursorShelf()):
        await until(lambda: len(asked) == 5)
    pauses = [after - before for before, after in pairwise(asked)]
    assert all(pause >= 0.05 * 1.2 * 2**nth for nth, pause in enumerate(pauses))


@pytest.mark.parametrize("tls", [certificate(), None])
async def test_b50_who_shows_no_certificate_that_we_trust_hears_no_password(tls: ssl.SSLContext | None) -> None:
    async with Script({}, tls) as server:
        with pytest.raises(Trouble):
            await asyncio.to_thread(Session, Account("127.0.0.1", server.port, "support", "s3cret"))
    assert "s3cret" not in "".join(server.commands)


async def test_b51_old_mail_comes_newest_first_and_live_mail_before_it(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "BATCH", 4)
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(*(mail(n) for n in range(1, 21)))
    shelf.gate = asyncio.Event()
    async with reading(mailbox, parsers, shelf, cursors):
        await asyncio.wait_for(shelf.entered.wait(), 20)
        await mailbox.put(mail(100))
        shelf.gate.set()
        await until(lambda: len(shelf.reports) == 21)
    order = subjects(shelf)
    assert sorted(order[:4], key=str) == ["nr 17", "nr 18", "nr 19", "nr 20"]
    assert order[4] == "nr 100"
    assert set(order[-4:]) == {"nr 1", "nr 2", "nr 3", "nr 4"}
    last = cursors.history[-1]
    assert (last.listed, last.taken, last.uid) == (21, 21, max(await mailbox.seen()))


async def test_b51_no_more_is_asked_for_at_once_than_a_batch_may_hold(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "BATCH", 4)
    monkeypatch.setattr(imap, "BATCH_BYTES", 2 * len(mail(10)))
    fetch, asked = IMAPClient.fetch, {"RFC822.SIZE": [0], "BODY.PEEK[]": [0]}

    def counted(client: IMAPClient, uids: list[int], items: list[str]) -> object:
        asked[items[0]].append(len(uids))
        return fetch(client, uids, items)

    monkeypatch.setattr(IMAPClient, "fetch", counted)
    shelf, cursors = Shelf(), CursorShelf()
    for come in (10, 20):  # what lay there, and what came while nobody read
        await mailbox.put(*(mail(nth) for nth in range(come, come + 10)))
        async with reading(mailbox, parsers, shelf, cursors):
            await until(lambda come=come: len(shelf.reports) == come)
    assert (max(asked["RFC822.SIZE"]), max(asked["BODY.PEEK[]"])) == (4, 2)


@pytest.mark.parametrize("live", [True, False])
async def test_a_mail_that_cannot_be_stored_holds_the_cursor_until_it_can(
    mailbox: Mailbox, parsers: Parsers, live: bool
) -> None:
    class Full(Shelf):
        full = True

        async def accept(self, report: Report) -> Receipt:
            if report.subject == "nr 3" and self.full:
                raise Away
            return await super().accept(report)

    shelf, cursors = Full(), CursorShelf()
    if live:  # the mailbox is known, and what comes is read upwards
        async with reading(mailbox, parsers, shelf, cursors):
            await until(lambda: cursors.history != [])
    await mailbox.put(*(mail(nth) for nth in range(1, 6)))
    async with reading(mailbox, parsers, shelf, cursors) as door:
        await until(lambda: next(iter(door.health().values())).failing is not None)
        assert cursors.history[-1].listed == 2
        assert list((await mailbox.seen()).values()) == [live, live, False, not live, not live]
    shelf.full = False
    async with reading(mailbox, parsers, shelf, cursors) as door:
        await until(lambda: cursors.history[-1].listed == 5)
        (entry,) = await door.account()
    assert (entry.taken, entry.adds_up, len(shelf.reports)) == (5, True, 5)
    assert all((await mailbox.seen()).values())


async def test_b53_a_poison_mail_stops_nobody(mailbox: Mailbox, parsers: Parsers) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    bomb = b"Subject: bomb\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\nhelp"
    await mailbox.put(mail(1), bomb, mail(2))
    async with reading(mailbox, parsers, shelf, cursors) as door:
        await until(lambda: len(shelf.reports) == 3)
        await until(lambda: cursors.history[-1].listed == 3)
        (entry,) = await door.account()
    assert (entry.taken, entry.quarantined) == (2, 1)
    assert entry.adds_up
    (kept,) = [report for report in shelf.seen if report.quarantined]
    assert kept.subject == "bomb"
    assert kept.raw == bomb


async def test_f4_killed_after_keeping_and_before_marking(mailbox: Mailbox, parsers: Parsers) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(mail(1), mail(2))
    async with reading(mailbox, parsers, shelf, cursors):
        await until(lambda: cursors.history[-1:] != [] and cursors.history[-1].listed == 2)
    await mailbox.ask(lambda client: client.remove_flags(client.search("ALL"), [b"\\Seen"]))
    cursors.cursors[account(mailbox).name] = cursors.history[0]
    async with reading(mailbox, parsers, shelf, cursors):
        await until(lambda: len(shelf.seen) == 4)
        await until(lambda: cursors.history[-1].listed == 2)
    assert len(shelf.reports) == 2
    assert all((await mailbox.seen()).values())


async def test_a_mailbox_belongs_to_one_reader_at_a_time(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "POLL", 0.05)
    shelf, cursors = Shelf(), CursorShelf()
    name = account(mailbox).name
    cursors.held_elsewhere.add(name)
    await mailbox.put(mail(1))
    async with reading(mailbox, parsers, shelf, cursors):
        await asyncio.sleep(0.2)
        assert not shelf.seen
        cursors.held_elsewhere.clear()
        await until(lambda: len(shelf.reports) == 1)


async def test_read_mail_can_be_moved(mailbox: Mailbox, parsers: Parsers) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.ask(lambda client: client.create_folder("Klart"))
    await mailbox.put(mail(1), mail(2))
    async with reading(mailbox, parsers, shelf, cursors, move_to="Klart"):
        await until(lambda: cursors.history[-1:] != [] and cursors.history[-1].listed == 2)
    assert await mailbox.seen() == {}

    def moved(client: IMAPClient) -> int:
        client.select_folder("Klart")
        return len(client.search("ALL"))

    assert await mailbox.ask(moved) == 2


class Script:
    """An IMAP server that answers what a test wants; `answers` maps a command's name to its lines."""

    def __init__(self, answers: dict[str, list[bytes]], tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.answers = {"CAPABILITY": [b"* CAPABILITY IMAP4rev1\r\n"]} | answers
        self.commands: list[str] = []
        self.port = 0

    async def __aenter__(self) -> Script:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        while line := (await reader.readline()).decode(errors="replace"):
            tag, _, command = line.strip().partition(" ")
            self.commands.append(command)
            name = (
                " ".join(command.split()[:2]).upper()
                if command.upper().startswith("UID")
                else command.partition(" ")[0].upper()
            )
            lines = self.answers.get(name, [])
            for answer in lines:
                writer.write(answer)
            if any(b"BYE" in answer for answer in lines):
                break
            writer.write(f"{tag} OK done\r\n".encode())
        writer.close()


SELECTED = [b"* 2 EXISTS\r\n", b"* OK [UIDVALIDITY 7] ok\r\n"]
ODD = {
    "other uid": [b"* 9 FETCH (UID 99 BODY[] {1}\r\nx)\r\n"],
    "none": [],
    "nil": [b"* 1 FETCH (UID 1 BODY[] NIL)\r\n"],
    "bye": [b"* 1 FETCH (UID 1 BODY[] {500}\r\nhalf", b"* BYE\r\n"],
    "garbage": [b"* 1 FETCH (UID 1 BODY[\r\n"],
    "size": [b"* 1 FETCH (RFC822.SIZE 5)\r\n"],
    "larger": [b"* 1 FETCH (UID 1 BODY[] {3}\r\nlonger than it was said to be)\r\n"],
}


@pytest.mark.parametrize("name", ODD)
async def test_b45_b46_b47_odd_answers_mark_nothing(name: str) -> None:
    bare = {"SELECT": [b"* 2 EXISTS\r\n"], "UID SEARCH": [b"* SEARCH 2 0 1\r\n"]}
    async with Script(bare | {"UID FETCH": ODD[name]}) as server:

        def asked() -> object:
            session = Session(Account("127.0.0.1", server.port, "u", "p", tls=False))
            assert (session.uidvalidity, session.uidnext) == (0, None)
            try:
                assert session.uids() == [1, 2]
                return session.mails([1])
            except Trouble:
                return "trouble"
            finally:
                session.close()

        assert await asyncio.to_thread(asked) == "trouble"
    assert not any("STORE" in command or "COPY" in command for command in server.commands)


async def test_b51_a_mailbox_of_half_a_million_mails_is_listed_whole() -> None:
    lying = range(1_000_001, 1_500_001)
    listed = b"* SEARCH " + b" ".join(b"%d" % uid for uid in lying) + b"\r\n"
    async with Script({"SELECT": SELECTED, "UID SEARCH": [listed]}) as server:

        def asked() -> list[int]:
            session = Session(Account("127.0.0.1", server.port, "u", "p", tls=False))
            try:
                return session.uids()
            finally:
                session.close()

        assert await asyncio.to_thread(asked) == [*lying]


async def test_b47_a_mail_that_never_comes_is_shown_to_somebody(parsers: Parsers) -> None:
    answers = {
        "SELECT": SELECTED,
        "UID SEARCH": [b"* SEARCH 1\r\n"],
        "UID FETCH": [b"* 1 FETCH (UID 1 RFC822.SIZE 5 BODY[HEADER] {14}\r\nSubject: x\r\n\r\n)\r\n"],
    }
    shelf, cursors = Shelf(), CursorShelf()
    async with Script(answers) as server:
        door = ImapDoor(
            shelf, parsers, RealClock(), [Account("127.0.0.1", server.port, "u", "p", tls=False)], cursors, again=0.01
        )
        await door.start()
        await until(lambda: len(shelf.reports) == 1)
        await until(lambda: cursors.history[-1].unfetched == 1)
        await door.stop()
    assert shelf.only.quarantined
    assert shelf.only.subject == "x"
    assert len(shelf.seen) == 1
    assert not any("STORE" in command for command in server.commands)


@pytest.mark.parametrize("since", [b"01-Jan-2026 00:00:00 +2400", b"01-Jan-1900 00:00:00 +9999"])
async def test_a_time_that_there_is_not_holds_up_no_mailbox(parsers: Parsers, since: bytes) -> None:
    told = b'* 1 FETCH (UID 1 RFC822.SIZE 5 INTERNALDATE "%s" BODY[] {14}\r\nSubject: x\r\n\r\n)\r\n' % since
    answers = {"SELECT": SELECTED, "UID SEARCH": [b"* SEARCH 1\r\n"], "UID FETCH": [told]}
    shelf, cursors = Shelf(), CursorShelf()
    async with Script(answers) as server:
        account = Account("127.0.0.1", server.port, "u", "p", tls=False)
        door = ImapDoor(shelf, parsers, RealClock(), [account], cursors, again=0.01)
        await door.start()
        await until(lambda: len(shelf.reports) == 1)
        await door.stop()
    assert shelf.only.subject == "x"


def failing(monkeypatch: pytest.MonkeyPatch, fails: Callable[[list[int], str], bool]) -> None:
    """Let the server hang up where the bytes of mails are asked for and `fails` says so of the UIDs and the item."""
    fetch = IMAPClient.fetch

    def asked(client: IMAPClient, uids: list[int], items: list[str]) -> object:
        if "BODY" in items[0] and fails(uids, items[0]):
            raise IMAPClientAbortError("socket error: EOF")
        return fetch(client, uids, items)

    monkeypatch.setattr(IMAPClient, "fetch", asked)


async def test_a_server_that_is_sick_makes_no_mail_so(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[list[int]] = []

    def fails(uids: list[int], item: str) -> bool:
        tried.append(uids)
        return len(tried) <= 2 * imap.TRIES

    failing(monkeypatch, fails)
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(mail(1))
    async with reading(mailbox, parsers, shelf, cursors):
        await until(lambda: cursors.history != [] and cursors.history[-1].listed == 1)
    assert cursors.history[-1].taken == 1
    assert subjects(shelf) == ["nr 1"]


@pytest.mark.parametrize(
    ("items", "subject"), [(("BODY.PEEK[]",), "nr 2"), (("BODY.PEEK[]", "BODY.PEEK[HEADER]"), None)]
)
async def test_a_mail_that_never_comes_is_told_with_what_is_known_of_it_and_left_unread(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch, items: tuple[str, ...], subject: str | None
) -> None:
    await mailbox.put(mail(1), mail(2), mail(3))
    _, sick, _ = sorted(await mailbox.seen())
    failing(monkeypatch, lambda uids, item: item in items and sick in uids)
    shelf, cursors = Shelf(), CursorShelf()
    async with reading(mailbox, parsers, shelf, cursors):
        await until(lambda: cursors.history != [] and cursors.history[-1].listed == 3)
    last = cursors.history[-1]
    assert (last.taken, last.unfetched) == (2, 1)
    (told,) = [report for report in shelf.seen if "unfetched" in report.flags]
    assert told.subject == subject
    assert told.sender.email == (subject and "a2@example.org")
    assert told.quarantined is not None
    assert told.quarantined.endswith(f"UID {sick}")
    assert [uid for uid, seen in (await mailbox.seen()).items() if not seen] == [sick]


async def test_mails_that_cannot_be_moved_hold_up_none(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "BATCH", 2)
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(*(mail(number) for number in range(1, 9)))
    with capture_logs() as told:
        async with reading(mailbox, parsers, shelf, cursors, move_to="Missing") as door:
            await until(lambda: cursors.history != [] and cursors.history[-1].listed == 8)
            assert next(iter(door.health().values())).failing is None
    assert len(shelf.seen) == 8
    assert [event["mails"] for event in told if event["event"] == "imap.not_marked"][:4] == [2, 4, 6, 8]


async def test_mails_of_a_folder_that_can_only_be_read_are_taken_in(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    select = IMAPClient.select_folder

    def read_only(client: IMAPClient, folder: str, readonly: bool = False) -> object:
        if not readonly:
            raise IMAPClientReadOnlyError("INBOX is not writable")
        return select(client, folder, readonly)

    await mailbox.put(mail(1))
    shelf, cursors = Shelf(), CursorShelf()
    with monkeypatch.context() as patched:
        patched.setattr(IMAPClient, "select_folder", read_only)
        async with reading(mailbox, parsers, shelf, cursors):
            await until(lambda: cursors.history != [] and cursors.history[-1].listed == 1)
    assert subjects(shelf) == ["nr 1"]
    assert not any((await mailbox.seen()).values())


async def test_mails_that_were_not_marked_are_marked_in_the_next_session(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, tried = IMAPClient.add_flags, []

    def hanging_up_once(client: IMAPClient, *args: object, **kwargs: object) -> object:
        tried.append(args)
        if len(tried) == 1:
            raise IMAPClientAbortError("socket error: EOF")
        return mark(client, *args, **kwargs)

    monkeypatch.setattr(IMAPClient, "add_flags", hanging_up_once)
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(mail(1), mail(2))
    async with reading(mailbox, parsers, shelf, cursors):
        await until(lambda: len(tried) == 2)
    assert len(shelf.seen) == 2
    assert all((await mailbox.seen()).values())


async def test_mails_that_a_server_copies_and_will_not_delete_are_copied_once(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, has = [], IMAPClient.has_capability

    def refusing(client: IMAPClient, *args: object, **kwargs: object) -> object:
        refused.append(args)
        raise IMAPClientError("NO [NOPERM] nothing is deleted here")

    monkeypatch.setattr(IMAPClient, "has_capability", lambda client, name: name != "MOVE" and has(client, name))
    monkeypatch.setattr(IMAPClient, "delete_messages", refusing)
    await mailbox.ask(lambda client: client.create_folder("Klart"))
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(mail(1), mail(2))
    async with (
        wire(f"imap://127.0.0.1:{mailbox.port}") as line,
        reading(mailbox, parsers, shelf, cursors, move_to="Klart", port=urlsplit(line.url).port),
    ):
        await until(lambda: len(refused) == 1)
        await line.cut()
        await line.mend()
        await until(lambda: len(refused) == 2)

    def copies(client: IMAPClient) -> int:
        client.select_folder("Klart")
        return len(client.search("ALL"))

    assert await mailbox.ask(copies) == 2
    assert len(shelf.seen) == 2


@pytest.mark.parametrize("item", ["RFC822.SIZE", "BODY.PEEK[]"])
async def test_a_mail_left_out_of_one_answer_is_read_all_the_same(
    mailbox: Mailbox, parsers: Parsers, monkeypatch: pytest.MonkeyPatch, item: str
) -> None:
    fetch, left_out = IMAPClient.fetch, []

    def forgetful(client: IMAPClient, uids: list[int], items: list[str]) -> object:
        found = fetch(client, uids, items)
        if item in items and not left_out and len(found) == 3:
            left_out.append(found.pop(sorted(found)[1]))
        return found

    monkeypatch.setattr(IMAPClient, "fetch", forgetful)
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(mail(1), mail(2), mail(3))
    async with reading(mailbox, parsers, shelf, cursors) as door:
        await until(lambda: cursors.history != [] and cursors.history[-1].listed == 3)
        (entry,) = await door.account()
    assert left_out
    assert (entry.taken, entry.vanished) == (3, 0)
    assert sorted(subjects(shelf), key=str) == ["nr 1", "nr 2", "nr 3"]
    assert all((await mailbox.seen()).values())


async def test_f43_a_record_restored_from_a_backup_reads_the_mail_since_again(
    mailbox: Mailbox, parsers: Parsers
) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    await mailbox.put(mail(1))
    async with reading(mailbox, parsers, shelf, cursors):
        await until(lambda: cursors.history != [] and cursors.history[-1].listed == 1)
        backup = (dict(shelf.reports), dict(cursors.cursors))
        await mailbox.put(mail(2), mail(3))
        await until(lambda: cursors.history[-1].listed == 3)
    shelf.reports, cursors.cursors = backup
    async with reading(mailbox, parsers, shelf, cursors):
        await until(lambda: len(shelf.reports) == 3)
        await until(lambda: cursors.history[-1].listed == 3)
    assert cursors.history[-1].taken == 3


class RecordAway(CursorShelf):
    """Cursors in a record that is away for the next `times` questions."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def hold(self, mailbox: str) -> bool:
        if self.times:
            self.times -= 1
            raise ConnectionError
        return await super().hold(mailbox)


async def test_f46_a_record_that_was_away_for_long_is_asked_again_at_once(mailbox: Mailbox, parsers: Parsers) -> None:
    shelf, cursors = Shelf(), RecordAway(times=14)  # with pauses that double, some ten minutes
    await mailbox.put(mail(1))
    async with reading(mailbox, parsers, shelf, cursors):
        await until(lambda: len(shelf.reports) == 1)
    assert cursors.times == 0
