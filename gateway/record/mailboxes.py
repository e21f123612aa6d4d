"""How far each mailbox has been read, and that only one process reads it at a time.

Whoever reads a mailbox holds it by a connection of its own, and moves its cursor over that same connection: a reader
that lost its hold, paused or cut off, cannot move the cursor any more. Raises psycopg.OperationalError when PostgreSQL
is away; the reader then begins again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from channels.imap_cursor import Cursor, Reconciliation
from gateway.clock import Clock
from gateway.hosting.crash import Crash, nowhere
from gateway.record.accounts import Account, keep
from gateway.record.db import Connection, Database, statements
from gateway.record.facts import day_of

SQL = statements("mailboxes")
SECONDS = 10
OPTIONS = "-c statement_timeout=10s -c timezone=UTC"


@dataclass(frozen=True, slots=True)
class Accounted:
    """The account of a mailbox as it was last drawn up; None when it never was."""

    mailbox: str
    moved_at: datetime
    account: Reconciliation | None
    at: datetime | None


class NotHeld(Exception):
    """This process does not hold the mailbox."""


class RecordedCursors:
    """Cursors in PostgreSQL. `url` leads to it directly, not by a pooler that shares sessions."""

    def __init__(self, db: Database, url: str, clock: Clock, crash: Crash = nowhere) -> None:
        self._db, self._url, self._clock, self._crash = db, url, clock, crash
        self._holds: dict[str, Connection] = {}

    async def load(self, mailbox: str) -> Cursor | None:
        """The cursor of a mailbox; None when it has never been read. Raises Unavailable."""
        row = await self._db.row(SQL["load"], {"mailbox": mailbox})
        return Cursor(uidvalidity=row["uidvalidity"], uid=row["uid"], **row["data"]) if row else None

    async def save(self, mailbox: str, cursor: Cursor) -> None:
        """Keep the cursor of a mailbox that is held; it is on disk when this returns. Raises NotHeld."""
        data = {name: value for name, value in asdict(cursor).items() if name not in ("uidvalidity", "uid")}
        given: dict[str, Any] = {
            "mailbox": mailbox,
            "uidvalidity": cursor.uidvalidity,
            "uid": cursor.uid,
            "data": Jsonb(data),
            "now": self._clock.now(),
        }
        if mailbox not in self._holds:
            raise NotHeld(mailbox)
        self._crash("cursor.before_save")
        await self._holds[mailbox].execute(SQL["save"], given)
        self._crash("cursor.after_save")

    async def keep_account(self, account: Reconciliation) -> None:
        """Keep the account of a mailbox that has been read, and as it stands today. Raises Unavailable."""
        now = self._clock.now()
        given = {"mailbox": account.mailbox, "account": Jsonb(asdict(account)), "now": now}
        await self._db.run(SQL["keep_account"], given)
        came, settled = account.listed + account.waiting, account.settled
        today = Account(day_of(now), "imap", account.mailbox, came, settled, account.waiting)
        await keep(self._db, [today], now)

    async def hold(self, mailbox: str) -> bool:
        """Whether this process may read the mailbox: false while another does."""
        await self.release(mailbox)
        connection = await psycopg.AsyncConnection.connect(
            self._url,
            row_factory=dict_row,
            autocommit=True,
            connect_timeout=SECONDS,
            options=OPTIONS,
            application_name="switchyard-mailbox",
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=2,
            tcp_user_timeout=10_000,
        )
        try:
            row = await (await connection.execute(SQL["hold"], {"mailbox": mailbox})).fetchone()
        except BaseException:
            await connection.close()
            raise
        if not row or not row["held"]:
            await connection.close()
            return False
        self._holds[mailbox] = connection
        return True

    async def release(self, mailbox: str) -> None:
        """Leave the mailbox to others; nothing happens when it is not held."""
        if connection := self._holds.pop(mailbox, None):
            await connection.close()


async def accounts(db: Database) -> list[Accounted]:
    """Every mailbox that was ever read, with its last account. Raises Unavailable."""
    return [
        Accounted(
            row["mailbox"],
            row["moved_at"],
            Reconciliation(**row["account"]) if row["account"] else None,
            row["accounted_at"],
        )
        for row in await db.rows(SQL["accounts"])
    ]


async def note(db: Database, failing: Sequence[int], read: Sequence[int], of: int) -> None:
    """Note which mailboxes are in trouble and which are read, by their place among `of`. Raises Unavailable."""
    await db.run(SQL["fails"], {"failing": list(failing)})
    await db.run(SQL["fails_no_more"], {"read": list(read), "all": of})


async def failing(db: Database) -> dict[int, float]:
    """For how many seconds each mailbox that is in trouble has been. Raises Unavailable."""
    return {row["nth"]: row["seconds"] for row in await db.rows(SQL["failing"])}
