"""Callers who have waited as long as their queue allows (`longest_wait` of queues.toml): they are moved on, once.

To the queue that theirs names for it, with the place that they had; or, where it names none, or nobody at work serves
that one, one priority up in the order, never into that of danger. Whoever is being offered to somebody stays where they
are: that agent serves their queue, and perhaps not the other. Whoever is to be called back is moved as they would have
been in line, and so is served when they would have been. What callers hear meanwhile is the flow's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.jobs import wake
from gateway.record import timeline
from gateway.record.db import statements
from gateway.record.timeline import SYSTEM, Entry
from gateway.runtime import Runtime
from routing.values import Priority

SQL, CASES = statements("line"), statements("cases")
UP: Mapping[str, str] = {Priority.P4: Priority.P3, Priority.P3: Priority.P2}


async def sweep(runtime: Runtime) -> int:
    """Move who has waited too long; returns how many."""
    now = runtime.clock.now()
    moved = [await _move(runtime, row) for row in await runtime.db.rows(SQL["overdue"], {"now": now})]
    return sum(moved)


async def _move(runtime: Runtime, row: Mapping[str, Any]) -> bool:
    now, queues = runtime.clock.now(), runtime.rules().queues
    queue = queues.get(row["queue"])
    into = queues[queue.longest_wait_to] if queue and queue.longest_wait_to else None
    if into and not await _served(runtime, into.name):
        into = None
    told: dict[str, Any] = {"call": row["call_sid"], "queue": row["queue"]}
    if into:
        given = {"queue": into.name, "line": min(into.lines), "priority": row["priority"]}
        told |= {"to": into.name, "because": "overflow"}
    else:
        priority = UP.get(row["priority"], row["priority"])
        given = {"queue": row["queue"], "line": row["line"], "priority": priority}
    told["seconds"] = round((now - row["arrived_at"]).total_seconds())
    async with runtime.db.transaction() as conn:
        if row["case_id"]:  # the case first, as every verb does, so that two who meet never wait for each other
            await conn.execute(CASES["lock"], {"case": row["case_id"]})
        if await (await conn.execute(SQL["move_on"], {"item": row["id"], "now": now, **given})).fetchone() is None:
            return False
        if row["case_id"]:
            await timeline.append(conn, [Entry(row["case_id"], "waited_too_long", SYSTEM, data=told)], now)
        await wake(conn)
    if row["case_id"]:
        runtime.live.publish({"type": "case", "case": row["case_id"]})
    return True


async def _served(runtime: Runtime, queue: str) -> bool:
    row = await runtime.db.row(SQL["staffed"], {"queue": queue})
    return bool(row and row["staffed"])
