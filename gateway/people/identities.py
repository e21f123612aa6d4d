"""The addresses of one person: each link has its evidence, and can be undone.

An address that is somebody else's becomes a person of its own, with the reports, messages and calls of that address
alone; nothing is lost, and the two stay apart, because a report that gives two known addresses joins nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.record import timeline
from gateway.record.db import Connection, Database, statements
from gateway.record.staff import audit
from gateway.record.timeline import Actor, Entry

SQL, CASES = statements("people"), statements("cases")


class NotLinked(Exception):
    """Nobody has this address, or they have no other."""


@dataclass(frozen=True, slots=True)
class Parted:
    """The person who had the address, who has it now, how many reports went with it, and the cases that tell of it."""

    person: int
    stranger: int
    reports: int
    cases: tuple[int, ...]


async def part(db: Database, address: str, actor: Actor, now: datetime) -> Parted:
    """Take an address from the person it is linked to. Raises NotLinked."""
    async with db.transaction() as conn:
        return await take(conn, address, actor, now)


async def take(conn: Connection, address: str, actor: Actor, now: datetime, noticed: int | None = None) -> Parted:
    """The same, within a transaction; the case in which it was noticed tells of it also when no report of it went.

    Raises NotLinked; then nothing may be committed.
    """
    value = address.strip().lower()
    ended = await _one(conn, "unlink", {"value": value, "now": now})
    if ended is None:
        raise NotLinked(f"nobody is known as {address!r}")
    person = ended["person_id"]
    if await _one(conn, "others", {"person": person}) is None:
        raise NotLinked(f"{address!r} is the only address of its person")
    added = await _one(conn, "stranger", {"person": person, "now": now})
    assert added is not None
    stranger = added["id"]
    given = {**ended, "person": person, "stranger": stranger, "value": value, "now": now}
    await conn.execute(SQL["keep"], given)
    moved = await (await conn.execute(SQL["part_reports"], given)).fetchall()
    for name in ("part_messages", "part_calls"):
        await conn.execute(SQL[name], given)
    touched = sorted({row["case_id"] for row in moved})
    for case in touched:
        await conn.execute(CASES["set_incident"], {"case": case})
    told = {"from": person, "to": stranger}
    entries = [Entry(row["case_id"], "parted", actor, row["id"], told) for row in moved]
    if noticed is not None and noticed not in touched:
        entries.append(Entry(noticed, "parted", actor, data=told))
    await timeline.append(conn, entries, now)
    await audit(conn, "person_parted", str(person), {"to": stranger, "reports": len(moved)}, actor, now)
    return Parted(person, stranger, len(moved), tuple(touched))


async def _one(conn: Connection, name: str, given: dict[str, Any]) -> dict[str, Any] | None:
    return await (await conn.execute(SQL[name], given)).fetchone()
