"""A queue that flows over: its free cases go to another queue for as long as a manager wants it."""

from __future__ import annotations

from gateway import desk
from gateway.desk import SYSTEM
from gateway.record import floor
from gateway.runtime import Runtime


async def sweep(runtime: Runtime) -> int:
    """Move what is free; returns how many cases."""
    rows = await runtime.db.rows(floor.SQL["overflowing"], {"now": runtime.clock.now()})
    for row in rows:
        await desk.overflow(runtime, SYSTEM, row["id"], row["into_queue"])
    return len(rows)
