"""What managers read and set about the floor: announcements, overflow, agents' queues, the wallboard's figures.

What a manager does is on the audit, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from gateway.record.db import Database, statements

SQL = statements("floor")


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is told from `begins` until `ends`, at a site or (None) everywhere; `texts` by language."""

    id: int
    site: str | None
    texts: Mapping[str, str]
    begins: datetime
    ends: datetime
    made_by: str | None


@dataclass(frozen=True, slots=True)
class Overflow:
    queue: str
    into: str
    began: datetime
    ends: datetime
    made_by: str | None


async def announcements(db: Database, now: datetime) -> list[Announcement]:
    """Those told now and those to come."""
    return [
        Announcement(row["id"], row["site_id"], row["texts"], row["begins_at"], row["ends_at"], row["made_by"])
        for row in await db.rows(SQL["announcements"], {"now": now})
    ]


async def announce(
    db: Database, texts: Mapping[str, str], site: str | None, begins: datetime, ends: datetime, by: str, now: datetime
) -> int:
    given = {"texts": Jsonb(dict(texts)), "site": site, "from": begins, "until": ends, "by": by, "now": now}
    async with db.transaction() as conn:
        row = await (await conn.execute(SQL["announce"], given)).fetchone()
        assert row is not None
        await conn.execute(SQL["audit"], _act(by, "announced", str(row["id"]), {"site": site}, now))
    return int(row["id"])


async def withdraw(db: Database, announcement: int, by: str, now: datetime) -> bool:
    async with db.transaction() as conn:
        done = (await conn.execute(SQL["withdraw"], {"announcement": announcement, "now": now})).rowcount
        if done:
            await conn.execute(SQL["audit"], _act(by, "withdrew_announcement", str(announcement), {}, now))
    return bool(done)


async def overflows(db: Database, now: datetime) -> list[Overflow]:
    return [
        Overflow(row["queue"], row["into_queue"], row["began_at"], row["ends_at"], row["made_by"])
        for row in await db.rows(SQL["overflows"], {"now": now})
    ]


async def overflow(db: Database, queue: str, into: str, until: datetime, by: str, now: datetime) -> None:
    async with db.transaction() as conn:
        await conn.execute(SQL["end_overflow"], {"queue": None, "now": now})
        await conn.execute(SQL["overflow"], {"queue": queue, "into": into, "until": until, "by": by, "now": now})
        await conn.execute(SQL["audit"], _act(by, "overflow", queue, {"into": into}, now))


async def end_overflow(db: Database, queue: str, by: str, now: datetime) -> None:
    async with db.transaction() as conn:
        await conn.execute(SQL["end_overflow"], {"queue": queue, "now": now})
        await conn.execute(SQL["audit"], _act(by, "ended_overflow", queue, {}, now))


async def set_queues(db: Database, agent: str, queues: Sequence[str], by: str, now: datetime) -> bool:
    async with db.transaction() as conn:
        done = (await conn.execute(SQL["set_queues"], {"agent": agent, "queues": list(queues)})).rowcount
        if done:
            await conn.execute(SQL["audit"], _act(by, "set_queues", agent, {"queues": list(queues)}, now))
    return bool(done)


def _act(by: str, act: str, thing: str, data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {"by": by, "act": act, "object": thing, "data": Jsonb(dict(data)), "now": now}
