"""Proof of zero loss: what each door promised, day by day, against what is in reports.

The doors' own books of receipts lie on every machine; whichever process of a machine holds the book draws up its
accounts, now and again, and never takes more than a fiftieth of the time for it. What the provider and the mailboxes
say is counted by those who read them (`gateway.ledgers.reconciling`, `gateway.doors`).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Mapping, Set
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from pathlib import Path

import psycopg
import structlog

from gateway.clock import Clock
from gateway.ledgers import receipts
from gateway.record import accounts
from gateway.record.accounts import Account, Missing
from gateway.record.db import Database, Unavailable
from gateway.record.facts import day_of
from gateway.spool import FileSpool

log = structlog.get_logger()
FIRST, REST = 5.0, 60.0  # seconds until the first account, and between accounts at least
SHARE = 50  # of the time that drawing one up took, rests so many
BACK, DAY = timedelta(days=7), timedelta(days=1)
EVERYTHING = 3600.0  # seconds between looks at all of those days


class Accountant:
    """Draws up the accounts of one data directory's book, while this process holds it."""

    def __init__(self, db: Database, clock: Clock, spool: FileSpool, data_dir: Path) -> None:
        self._db, self._clock, self._spool, self._data_dir = db, clock, spool, data_dir
        self._held: int | None = None

    async def run(self) -> None:
        """Look at the whole week, then at today and yesterday, at the week again every hour, until cancelled."""
        whole = -EVERYTHING
        await asyncio.sleep(FIRST)
        try:
            while True:
                began = self._clock.monotonic()
                if self._alone() and began - whole >= EVERYTHING:
                    await self._look(BACK)
                    whole = began
                elif self._held is not None:
                    await self._look(DAY)
                await asyncio.sleep(max(REST, SHARE * (self._clock.monotonic() - began)))
        finally:
            if self._held is not None:
                os.close(self._held)

    async def _look(self, back: timedelta) -> None:
        today = day_of(self._clock.now())
        with suppress(Unavailable, psycopg.Error):
            await draw_up(self._db, self._clock, self._spool, self._data_dir, today - back)
            await accounts.forget(self._db, today)
        await asyncio.to_thread(receipts.forget, self._data_dir, today)

    def _alone(self) -> bool:
        if self._held is None:
            self._held = _hold(self._data_dir / "receipts")
        return self._held is not None


def _hold(folder: Path) -> int | None:
    """The lock of a book, for as long as the file stays open; None while another process has it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        log.warning("receipts.not_held", error=error.strerror)
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held


async def draw_up(db: Database, clock: Clock, spool: FileSpool, data_dir: Path, since: date) -> list[Account]:
    """The accounts of this book from a day on, kept in the record. Raises Unavailable."""
    found: list[Account] = []
    name = await asyncio.to_thread(receipts.name_of, data_dir)
    for day in receipts.days(data_dir):
        if day < since:
            continue
        doors: dict[str, Account] = {}
        parts = receipts.promised(data_dir, day)
        while (told := await asyncio.to_thread(next, parts, None)) is not None:
            waiting = {bytes.fromhex(path.stem) for path in spool.waiting()}
            for door, promised in told.items():
                before = doors.get(door) or Account(day, door, f"{accounts.DOORS}{name}", 0, 0)
                doors[door] = _with(before, promised, await accounts.known(db, promised), waiting)
        found += doors.values()
    await accounts.keep(db, found, clock.now())
    return found


def _with(account: Account, promised: Mapping[bytes, datetime], known: Set[bytes], waiting: Set[bytes]) -> Account:
    """An account with a further part of what was promised."""
    lacking = promised.keys() - known
    missing = [Missing(digest.hex()[:16], promised[digest]) for digest in lacking - waiting]
    return replace(
        account,
        came=account.came + len(promised),
        kept=account.kept + len(promised) - len(lacking),
        waiting=account.waiting + len(lacking & waiting),
        missing=sorted([*account.missing, *missing], key=attrgetter("at")),
    )
