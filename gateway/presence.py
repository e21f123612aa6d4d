"""Who has gone without a word, and what becomes of the work they hold.

An open page of the console gives a sign of life every few seconds. An agent whose signs stop for `SIGN` is set
offline; whoever is offline, or was let go, gives the cases they had taken before back after a grace time, each with its
original place in the order. Signs are hints: while the store of hints is young or away everybody counts as present,
agents who do not work with the console are never missed, and a live call is never taken from anybody. Times of grace
go by the database's clock.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from psycopg.types.json import Jsonb

from gateway import desk
from gateway.activity import set_activity
from gateway.desk import SYSTEM
from gateway.record.agents import SQL
from gateway.runtime import Runtime

log = structlog.get_logger()
REST = 5.0  # seconds between looks
SIGN = 90  # seconds that a sign of life is good for
GRACE = {"P1": timedelta(0), "P2": timedelta(minutes=2), "P3": timedelta(minutes=10), "P4": timedelta(minutes=10)}
GRACES = Jsonb({priority: f"{grace.total_seconds()} seconds" for priority, grace in GRACE.items()})


async def sign(runtime: Runtime, agent: str) -> None:
    """Say that an agent is there."""
    await runtime.live.seen(_key(agent), SIGN)


async def sweep(runtime: Runtime) -> int:
    """Set offline who has vanished, and take their work back when it is time; returns how many cases went back."""
    watched = [row["id"] for row in await runtime.db.rows(SQL["watched"], {"sign": timedelta(seconds=SIGN)})]
    missing = await runtime.live.missing([_key(agent) for agent in watched], SIGN)
    for agent in watched:
        if _key(agent) in missing:
            await set_activity(runtime, agent, "offline")
            log.warning("agent.vanished", agent=agent)
    given_back = 0
    for row in await runtime.db.rows(SQL["left_behind"], {"graces": GRACES}):
        given_back += await desk.take_back(runtime, SYSTEM, row["id"], row["assignee"])
    return given_back


def _key(agent: str) -> str:
    return f"agent:{agent}"
