"""The doors' own book of what they said yes to: a line for every promise, in files beside the record and not in it.

`DATA_DIR/receipts/<day>.txt`, a line a promise: door, digest, time. It is evidence and nothing else: losing it loses no
report, and a line that cannot be written is logged and holds nobody up. Because it lies outside the database, it also
shows what a database that was set back to an earlier hour no longer knows. It holds no names and no words.
"""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from secrets import token_hex

import structlog

from channels.phone_ports import Filing, Taken
from channels.report import Channel, Receipt, Report
from gateway.clock import Clock
from gateway.record.facts import day_of

log = structlog.get_logger()
KEPT = timedelta(days=35)
NAME = "name"
LONG = 500_000  # bytes of a day, some 4,500 promises


class Receipts:
    """The book of this data directory, as one role writes it."""

    def __init__(self, data_dir: Path, role: str, clock: Clock) -> None:
        self._folder, self._role, self._clock = data_dir / "receipts", role, clock
        self._file: tuple[date, int] | None = None

    def note(self, report: Report) -> None:
        """Write down that this report was promised. Never raises."""
        now = self._clock.now()
        door = self._role if report.channel is Channel.EMAIL else str(report.channel)
        try:
            os.write(self._opened(day_of(now)), f"{door} {report.digest().hex()} {now.isoformat()}\n".encode())
        except OSError as error:
            log.warning("receipts.not_written", error=error.strerror)

    def _opened(self, day: date) -> int:
        if self._file is None or self._file[0] != day:
            self.close()
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / f"{day.isoformat()}.txt"
            self._file = day, os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._file[1]

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file[1])
            self._file = None


class Noting:
    """`Filing` that notes every receipt that it hands out."""

    def __init__(self, intake: Filing, receipts: Receipts) -> None:
        self._intake, self._receipts = intake, receipts

    async def accept(self, report: Report) -> Receipt:
        receipt = await self._intake.accept(report)
        self._receipts.note(report)
        return receipt

    async def file(self, report: Report, following: Callable[[Receipt], Taken | None]) -> tuple[Receipt, Taken | None]:
        stored = await self._intake.file(report, following)
        self._receipts.note(report)
        return stored


def promised(data_dir: Path, day: date) -> Iterator[dict[str, dict[bytes, datetime]]]:
    """What was promised on a day, by door: each digest once, with the time of its first promise. A long day comes in
    parts by digest, so that a busy one needs no more memory than a quiet one.
    """
    path = data_dir / "receipts" / f"{day.isoformat()}.txt"
    if not path.exists():
        return
    for beginning in string.hexdigits[:16] if path.stat().st_size > LONG else ("",):
        found: dict[str, dict[bytes, datetime]] = {}
        for door, digest, at in _lines(path, beginning):
            found.setdefault(door, {}).setdefault(digest, at)
        yield found


def days(data_dir: Path) -> list[date]:
    """The days that the book has."""
    return sorted(date.fromisoformat(path.stem) for path in (data_dir / "receipts").glob("????-??-??.txt"))


def name_of(data_dir: Path) -> str:
    """What this book is called in the accounts: the same for as long as its folder lives."""
    path = data_dir / "receipts" / NAME
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mine = path.with_suffix(f".{os.getpid()}")
        mine.write_text(token_hex(4))
        try:
            os.link(mine, path)  # whoever is first names it
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    return path.read_text()


def forget(data_dir: Path, today: date) -> None:
    """Remove days that nobody asks about any more."""
    for day in days(data_dir):
        if today - day > KEPT:
            (data_dir / "receipts" / f"{day.isoformat()}.txt").unlink(missing_ok=True)


def _lines(path: Path, beginning: str) -> Iterator[tuple[str, bytes, datetime]]:
    """The whole lines of a file with digests that begin so; one that was cut off in the middle says nothing."""
    with path.open(encoding="ascii", errors="replace") as file:
        for line in file:
            if not line.partition(" ")[2].startswith(beginning):
                continue
            try:
                door, digest, at = line.split()
                yield door, bytes.fromhex(digest), datetime.fromisoformat(at)
            except ValueError:
                continue
