"""The mailbox's promises once more, on Dovecot: what most mailboxes are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from imapclient import IMAPClient

from channels.imap_session import Session
from channels.parsing import Parsers
from tests.fakes.dovecot import Dovecot, running, why_not
from tests.fakes.mail import CursorShelf, Shelf
from tests.stories.test_imap_door import account, mail, reading, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(why_not() is not None, reason=why_not() or ""),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def parsers() -> AsyncIterator[Parsers]:
    pool = Parsers()
    await pool.start()
    yield pool
    await pool.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def dovecot() -> AsyncIterator[Dovecot]:
    async with running() as opened:
        yield opened


async def test_b48_b53_taken_in_marked_waited_for_and_accounted_for(dovecot: Dovecot, parsers: Parsers) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    poison = b"X-A: 1\r\n" * 300 + mail(3)
    await dovecot.put(mail(1), mail(2), poison)
    await dovecot.ask(lambda client: client.add_flags(client.search("ALL")[:1], [b"\\Seen"]))
    async with reading(dovecot, parsers, shelf, cursors) as door:
        await until(lambda: len(shelf.reports) == 3)
        await dovecot.put(mail(4))  # told by IDLE
        await until(lambda: len(shelf.reports) == 4)
        await until(lambda: cursors.history[-1].listed == 4)
        (entry,) = await door.account()
    assert (entry.in_mailbox, entry.waiting, entry.taken, entry.quarantined) == (4, 0, 3, 1)
    assert entry.adds_up
    assert all((await dovecot.seen()).values())


async def test_b44_f31_a_restored_mailbox_loses_and_doubles_nothing(dovecot: Dovecot, parsers: Parsers) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    await dovecot.put(mail(1), mail(2))
    async with reading(dovecot, parsers, shelf, cursors):
        await until(lambda: len(shelf.reports) == 2)
        await until(lambda: cursors.history[-1].listed == 2)
    before = cursors.history[-1].uidvalidity
    await dovecot.begin_anew(mail(3))
    async with reading(dovecot, parsers, shelf, cursors):
        await until(lambda: len(shelf.reports) == 3)
        await until(lambda: cursors.history[-1].uidvalidity != before and cursors.history[-1].listed == 3)
    assert sorted(str(report.subject) for report in shelf.reports.values()) == ["nr 1", "nr 2", "nr 3"]
    assert cursors.history[-1].taken == 3


async def test_a_folder_for_read_mail_and_mail_that_a_person_deletes(dovecot: Dovecot, parsers: Parsers) -> None:
    shelf, cursors = Shelf(), CursorShelf()
    await dovecot.ask(lambda client: client.create_folder("Read"))
    await dovecot.put(mail(1), mail(2))
    async with reading(dovecot, parsers, shelf, cursors, move_to="Read") as door:
        await until(lambda: len(shelf.reports) == 2)
        await until(lambda: cursors.history[-1].listed == 2)
        await dovecot.put(mail(3))
        await until(lambda: cursors.history[-1].listed == 3)
        (entry,) = await door.account()
    assert (entry.in_mailbox, entry.gone, entry.taken) == (0, 3, 3)
    assert entry.adds_up
    moved = await dovecot.ask(lambda client: (client.select_folder("Read"), client.search("ALL"))[1])
    assert len(moved) == 3


async def test_b46_a_mail_that_a_person_deletes_between_listing_and_fetching_is_passed_over(dovecot: Dovecot) -> None:
    await dovecot.put(mail(1), mail(2))

    def listed() -> tuple[Session, list[int]]:
        session = Session(account(dovecot))
        return session, session.uids()

    session, (first, second) = await asyncio.to_thread(listed)
    try:

        def deleted(client: IMAPClient) -> None:
            client.delete_messages([first])
            client.expunge()

        await dovecot.ask(deleted)
        assert (await asyncio.to_thread(session.mails, [first, second])).keys() == {second}
        assert (await asyncio.to_thread(session.lying, [first, second])).keys() <= {second}
    finally:
        await asyncio.to_thread(session.close)
