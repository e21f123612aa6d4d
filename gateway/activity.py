"""What an agent is doing: written down, told to the pages, and work is offered anew."""

from __future__ import annotations

from gateway.record import agents
from gateway.runtime import Runtime


async def set_activity(runtime: Runtime, agent: str, doing: str) -> bool:
    """`available`, `busy`, `away` or `offline`. False when there is no such agent."""
    async with runtime.db.transaction() as connection:
        known = await agents.set_activity(connection, agent, doing, runtime.clock.now())
        await runtime.wake.wake(connection)
    runtime.live.publish({"type": "agent", "agent": agent})
    return known
