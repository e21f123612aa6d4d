"""How far a mailbox is read is kept, and only whoever holds the mailbox moves it on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psycopg
import pytest

from channels.imap_cursor import Cursor
from gateway.clock import SetClock
from gateway.record.db import Database
from gateway.record.mailboxes import NotHeld, RecordedCursors

BOX, OTHER = "support@imap.example/INBOX", "billing@imap.example/INBOX"
CLOCK = SetClock(datetime(2026, 9, 14, 8, 0, tzinfo=UTC))


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    db = Database(database_url, size=2)
    await db.open()
    yield db
    await db.close()


@pytest.fixture
async def cursors(db: Database) -> AsyncIterator[RecordedCursors]:
    cursors = RecordedCursors(db, db.url, CLOCK)
    yield cursors
    for mailbox in (BOX, OTHER):
        await cursors.release(mailbox)


async def test_a_cursor_is_kept_whole_and_replaced(cursors: RecordedCursors) -> None:
    assert await cursors.load(BOX) is None
    assert await cursors.hold(BOX)
    await cursors.save(BOX, Cursor(7, 120, 120))
    later = Cursor(7, 125, 90, listed=35, taken=30, quarantined=2, unfetched=1, vanished=1, passed=1)
    await cursors.save(BOX, later)
    assert await cursors.hold(OTHER)
    await cursors.save(OTHER, Cursor(1, 1, 1))
    assert await cursors.load(BOX) == later


async def test_two_processes_do_not_read_one_mailbox(cursors: RecordedCursors, db: Database) -> None:
    other = RecordedCursors(db, db.url, CLOCK)
    assert await cursors.hold(BOX)
    assert not await other.hold(BOX)
    assert await other.hold(OTHER)
    await cursors.release(BOX)
    assert await other.hold(BOX)
    for mailbox in (BOX, OTHER):
        await other.release(mailbox)


async def test_a_reader_that_lost_its_hold_cannot_move_the_cursor(cursors: RecordedCursors, db: Database) -> None:
    with pytest.raises(NotHeld):
        await cursors.save(BOX, Cursor(7, 1, 1))
    assert await cursors.hold(BOX)
    await cursors.save(BOX, Cursor(7, 120, 120))
    await db.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'switchyard-mailbox' AND datname = current_database()"
    )
    other = RecordedCursors(db, db.url, CLOCK)
    assert await other.hold(BOX)
    await other.save(BOX, Cursor(7, 121, 120))
    with pytest.raises(psycopg.OperationalError):
        await cursors.save(BOX, Cursor(7, 119, 120))
    assert await cursors.load(BOX) == Cursor(7, 121, 120)
    await other.release(BOX)
