"""What an agent is doing: written down, told to the pages, and work is offered anew."""

from __future__ import annotations

from gateway.jobs import wake
from gateway.record import agents
from gateway.record.db import statements
from gateway.runtime import Runtime

WORK = statements("work")


async def set_activity(runtime: Runtime, agent: str, doing: str) -> bool:
    """`available`, `busy`, `away` or `offline`. Whoever is not there leaves to others at once what is offered to them.
    False when there is no such agent."""
    async with runtime.db.transaction() as connection:
        known = await agents.set_activity(connection, agent, doing)
        if doing in ("away", "offline"):
            await connection.execute(WORK["let_go"], {"agent": agent})
        await wake(connection)
    runtime.live.publish({"type": "agent", "agent": agent})
    return known
