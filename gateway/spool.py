"""What waits for the database: one file a report, for the doors whose senders have no queue of their own.

`keep` returns when file and folder are fsynced; the idempotency digest is the file's name, so that the same report kept
twice is one file. `empty` hands everything to `accept`, oldest first, and removes a file only after its receipt. A file
that cannot be read is moved aside, never deleted. `open_spool` proves at start that the folder can be written.
Several processes may share a folder: each may keep, empty and start while the others do.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from channels.report import NotStored, Receipt, Report
from gateway.blobs import sync_folder, write_whole
from gateway.keeping.cleaning import clean

log = structlog.get_logger()
REPORT = TypeAdapter(Report)
SUFFIX = ".report"


class SpoolUnusable(Exception):
    """The spool folder cannot be written to; a promise made through it would be empty."""


class FileSpool:
    """A folder of reports on a volume that outlives the process; `noted` is told of every report that it promised."""

    def __init__(self, folder: Path, noted: Callable[[Report], None] = lambda _: None) -> None:
        self._folder, self._noted = folder, noted
        self.arrived = asyncio.Event()

    async def keep(self, report: Report) -> None:
        report = clean(report)
        try:
            path = self._folder / f"{report.digest().hex()}{SUFFIX}"
            await asyncio.to_thread(_write, path, REPORT.dump_json(report))
        except OSError as error:
            raise NotStored("the spool cannot be written") from error
        self._noted(report)
        log.warning("spool.kept", channel=report.channel, waiting=len(self.waiting()))
        self.arrived.set()

    def waiting(self) -> list[Path]:
        """The files, oldest first."""
        return [path for _, path in self._by_age()]

    def oldest(self) -> datetime | None:
        """When the oldest waiting report was kept; None when the spool is empty."""
        by_age = self._by_age()
        return datetime.fromtimestamp(by_age[0][0] / 1e9).astimezone() if by_age else None

    async def empty(self, accept: Callable[[Report], Awaitable[Receipt]]) -> int:
        """Hand over what waits; returns how many were accepted. Raises NotStored when the database is still away."""
        accepted = 0
        for path in self.waiting():
            try:
                report = REPORT.validate_json(await asyncio.to_thread(path.read_bytes))
            except ValidationError:
                with suppress(FileNotFoundError):
                    path.rename(path.with_suffix(".unreadable"))
                log.error("spool.unreadable", file=path.name)
                continue
            except FileNotFoundError:
                continue
            receipt = await accept(report)
            path.unlink(missing_ok=True)
            accepted += 1
            log.info("spool.emptied", case=receipt.case, outcome=receipt.outcome)
        return accepted

    def _by_age(self) -> list[tuple[int, Path]]:
        """When each was written, in nanoseconds since 1970; without what another process takes away meanwhile."""
        found = []
        for path in self._folder.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):
                found.append((path.stat().st_mtime_ns, path))
        return sorted(found)


def open_spool(data_dir: Path, noted: Callable[[Report], None] = lambda _: None) -> FileSpool:
    """The spool of this data directory. Raises SpoolUnusable."""
    folder = data_dir / "spool"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f".probe.{os.getpid()}"
        _write(probe, b"")
        probe.unlink()
    except OSError as error:
        raise SpoolUnusable(f"the spool {folder} cannot be written: {error.strerror}") from error
    return FileSpool(folder, noted)


def _write(path: Path, content: bytes) -> None:
    if not path.exists():
        write_whole(path, path.with_name(f".{path.stem}.{os.getpid()}.partial"), content)
    sync_folder(path.parent)  # of a file that is there already, too: whoever wrote it may not have come so far
