"""The rota in the record: who is on call when, read by ladders and pages, changed by leads and imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from gateway.record.db import Connection, Database, recordset, statements
from gateway.record.timeline import Actor
from routing.oncall import Rung, Shift

SQL = statements("oncall")


@dataclass(frozen=True, slots=True)
class Kept:
    """A shift with its id and the name of whose it is."""

    id: int
    name: str
    shift: Shift


async def shifts(conn: Connection, now: datetime) -> list[Kept]:
    """Everybody who is or will be on call, first things first."""
    return [_kept(row) for row in await (await conn.execute(SQL["shifts"], {"now": now})).fetchall()]


async def leads(conn: Connection) -> list[Rung]:
    """The telephones of those who lead."""
    return [Rung(row["phone"], row["id"]) for row in await (await conn.execute(SQL["leads"])).fetchall()]


async def talking(conn: Connection) -> frozenset[str | None]:
    """Those who are on the telephone; None is the last resort."""
    return frozenset(row["agent_id"] for row in await (await conn.execute(SQL["talking"])).fetchall())


async def add(db: Database, rows: Sequence[Mapping[str, Any]], actor: Actor, now: datetime) -> int:
    """Put shifts on the rota; one that begins when another of the same agent, line and region does takes its place.
    Returns how many were kept: none for an agent who is unknown."""
    async with db.transaction() as conn:
        kept = await (await conn.execute(SQL["add_shifts"], {"rows": recordset(rows)})).fetchall()
        await _audit(conn, actor, "rota_added", None, {"shifts": len(kept)}, now)
    return len(kept)


async def remove(db: Database, shift: int, actor: Actor, now: datetime) -> bool:
    """Take a shift off the rota; False when it was not on it."""
    async with db.transaction() as conn:
        gone = await (await conn.execute(SQL["remove_shift"], {"shift": shift})).fetchone()
        if gone:
            await _audit(conn, actor, "rota_removed", str(shift), {"agent": gone["agent_id"]}, now)
    return gone is not None


async def _audit(
    conn: Connection, actor: Actor, act: str, about: str | None, data: Mapping[str, Any], now: datetime
) -> None:
    given = {"now": now, "actor_kind": actor.kind, "actor": actor.id, "act": act, "object": about, "data": Jsonb(data)}
    await conn.execute(SQL["audit"], given)


def _kept(row: Mapping[str, Any]) -> Kept:
    shift = Shift(row["agent_id"], row["phone"], row["line"], row["region"], row["starts_at"], row["ends_at"])
    return Kept(row["id"], row["name"], shift)
