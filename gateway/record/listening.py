"""Recordings and transcripts as they are read, and that they were: every listening is on the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.record.db import Database, statements

SQL = statements("listening")


@dataclass(frozen=True, slots=True)
class Recording:
    """Where the sound lies in the blob store, and the case of its report."""

    digest: str
    case: int


async def recording(db: Database, sid: str) -> Recording | None:
    """A recording that is here; None for one that is not, or was erased."""
    row = await db.row(SQL["recording"], {"sid": sid})
    return Recording(**row) if row else None


async def of_case(db: Database, case: int) -> Sequence[Mapping[str, Any]]:
    """The recordings and transcripts of a case's reports, oldest first, with those on their way and those missing."""
    return await db.rows(SQL["of_case"], {"case": case})


async def heard(db: Database, sid: str, case: int, agent: str, now: datetime) -> None:
    """Write down who listened to what."""
    await db.run(SQL["heard"], {"sid": sid, "case": case, "agent": agent, "now": now})
