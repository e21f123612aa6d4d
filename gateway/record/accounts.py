"""Accounts in the record: for a day and a door, what a ledger says came and what of it is in reports."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from gateway.record.db import Database, statements

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


def _account(row: dict[str, Any]) -> Account:
    missing = [Missing(one["id"], _moment(one["at"])) for one in row.pop("missing")]
    return Account(**row, missing=missing)


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
