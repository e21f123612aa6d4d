"""Queues that flow over: their free cases go to another queue, for as long as a manager wants it, or by the rule in
queues.toml when more wait than the limit allows or nobody has served the queue for a while.
"""

from __future__ import annotations

from datetime import timedelta

from gateway import desk
from gateway.desk import SYSTEM
from gateway.record import floor
from gateway.runtime import Runtime

UNSERVED = timedelta(minutes=10)


async def sweep(runtime: Runtime) -> int:
    """Move what is free; returns how many cases."""
    now = runtime.clock.now()
    moved = [(row["id"], row["into_queue"]) for row in await runtime.db.rows(floor.SQL["overflowing"], {"now": now})]
    moved += await _beyond(runtime)
    for case, into in moved:
        await desk.overflow(runtime, SYSTEM, case, into)
    return len(moved)


async def _beyond(runtime: Runtime) -> list[tuple[int, str]]:
    """The cases that the rules move, and where: what is most urgent stays, unless nobody is there for it."""
    queues, now = runtime.rules().queues, runtime.clock.now()
    found = []
    for row in await runtime.db.rows(floor.SQL["work_waiting"]):
        queue = queues.get(row["queue"])
        if queue is None or queue.overflow is None:
            continue
        unserved = not row["serving"] and row["since"] <= now - UNSERVED
        keep = 0 if unserved else queue.limit
        if keep is not None and row["waiting"] > keep:
            given = {"queue": queue.name, "keep": keep}
            found += [(one["id"], queue.overflow) for one in await runtime.db.rows(floor.SQL["beyond"], given)]
    return found
