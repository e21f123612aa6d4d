"""The timeline: what happened to a case, appended in the transaction that made it happen.

Entries hold ids, codes, times and figures, never names, numbers, addresses or texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.record.db import Connection, recordset, statements

SQL = statements("timeline")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an agent, a customer (by status link, mail or call) or the system itself."""

    kind: str
    id: str | None = None
    role: str | None = None


SYSTEM = Actor("system")
CUSTOMER = Actor("customer")


@dataclass(frozen=True, slots=True)
class Entry:
    case: int
    kind: str
    actor: Actor = SYSTEM
    report: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


async def present(conn: Connection, case: int, now: datetime) -> datetime:
    """Now, as the case knows it: never earlier than its last entry, whatever another machine's clock said then."""
    row = await (await conn.execute(SQL["last"], {"case": case})).fetchone()
    return max(now, row["at"]) if row else now


async def append(conn: Connection, entries: Sequence[Entry], now: datetime) -> None:
    """Write entries in order, in the caller's transaction."""
    if entries:
        await conn.execute(SQL["append"], {"rows": recordset(rows(entries)), "now": now})


def rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Entries as they are written."""
    return [
        {
            "case_id": entry.case,
            "at": entry.at.isoformat() if entry.at else None,
            "kind": entry.kind,
            "actor_kind": entry.actor.kind,
            "actor_id": entry.actor.id,
            "report_id": entry.report,
            "data": entry.data,
        }
        for entry in entries
    ]
