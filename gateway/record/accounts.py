"""Accounts in the record: for a day and a door, what a ledger says came and what of it is in reports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from gateway.record.db import Connection, Database, statements

SQL = statements("accounts")
CHUNK = 5000  # digests asked about at once
LISTED = 200  # differences that are listed one by one
KEPT = timedelta(days=400)
DOORS = "doors "  # before the name of a book of receipts
PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that came and is not in reports: a provider's SID, or the beginning of a digest."""

    id: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """`came` = `kept` + `waiting` + the differences; `mended` of `kept` were missing when first looked for."""

    day: date
    door: str
    ledger: str
    came: int
    kept: int
    waiting: int = 0
    mended: int = 0
    missing: Sequence[Missing] = ()
    drawn_at: datetime | None = None

    @property
    def difference(self) -> int:
        return self.came - self.kept - self.waiting


@dataclass(frozen=True, slots=True)
class Statement:
    """What was stated of a day and signed; a further edition when its account changed afterwards."""

    day: date
    edition: int
    text: str
    seal: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Book:
    """The statements, while nobody else signs."""

    conn: Connection

    async def newest(self, day: date) -> Statement | None:
        row = await (await self.conn.execute(SQL["newest_statement"], {"day": day})).fetchone()
        return Statement(**row) if row else None

    async def last_seal(self) -> str | None:
        row = await (await self.conn.execute(SQL["last_seal"])).fetchone()
        return row["seal"] if row else None

    async def add(self, one: Statement) -> None:
        await self.conn.execute(SQL["sign"], asdict(one))


async def keep(db: Database, accounts: Collection[Account], now: datetime) -> None:
    rows = [
        {
            "day": one.day.isoformat(),
            "door": one.door,
            "ledger": one.ledger,
            "came": one.came,
            "kept": one.kept,
            "waiting": one.waiting,
            "mended": one.mended,
            "missing": [{"id": lost.id, "at": _written(lost.at)} for lost in one.missing[:LISTED]],
        }
        for one in accounts
    ]
    if rows:
        await db.run(SQL["keep"], {"rows": Jsonb(rows), "now": now})


async def lately(db: Database, since: date) -> list[Account]:
    """Every account from a day on, the newest day first."""
    return [_account(row) for row in await db.rows(SQL["lately"]) if row["day"] >= since]


async def known(db: Database, digests: Collection[bytes]) -> set[bytes]:
    """Which of these are reports that we have, or had until they were erased."""
    found: set[bytes] = set()
    every = list(digests)
    for start in range(0, len(every), CHUNK):
        rows = await db.rows(SQL["known"], {"digests": every[start : start + CHUNK]})
        found |= {bytes(row["digest"]) for row in rows}
    return found


async def unaccounted(db: Database, since: date) -> int:
    row = await db.row(SQL["unaccounted"], {"since": since})
    return int(row["missing"]) if row else 0


async def forget(db: Database, today: date) -> None:
    await db.run(SQL["forget"], {"before": today - KEPT})


@asynccontextmanager
async def signing(db: Database) -> AsyncIterator[Book]:
    """The book of statements, to be written in by one at a time; what was written is kept when the block ends."""
    async with db.transaction() as conn:
        await conn.execute(SQL["alone"])
        yield Book(conn)


async def statements_since(db: Database, since: date) -> list[Statement]:
    """What was signed about the days from then on, in the order in which it was."""
    return [Statement(**row) for row in await db.rows(SQL["statements"], {"since": since})]


async def statement(db: Database, seal: str) -> Statement | None:
    row = await db.row(SQL["statement"], {"seal": seal})
    return Statement(**row) if row else None


def _account(row: dict[str, Any]) -> Account:
    missing = [Missing(one["id"], _moment(one["at"])) for one in row.pop("missing")]
    return Account(**row, missing=missing)


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
