"""Wrap-up: when a call ends its agent is asked what came of it, and is offered nothing until they have said so, say
that they are ready, or a stated time is over.

The dispositions are data, `dispositions.toml`. What was said is kept with the call and stands on the timeline, in one
transaction; a call has one disposition, the first.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.desk.acts import Refused
from gateway.jobs import wake
from gateway.record import timeline
from gateway.record.db import Connection, statements
from gateway.record.timeline import Actor, Entry
from gateway.runtime import Runtime

SQL = statements("wrapping")
LASTS = timedelta(seconds=60)
DISPOSITIONS: tuple[str, ...] = tuple(
    tomllib.loads(Path(__file__).with_name("dispositions.toml").read_text(encoding="utf-8"))["calls"]
)


async def begin(conn: Connection, agent: str, call: str | None) -> None:
    """An agent's call is over."""
    await conn.execute(SQL["begin"], {"agent": agent, "call": call, "lasts": LASTS})


def tell(runtime: Runtime, agent: str) -> None:
    """Let the agent's pages ask, after the commit."""
    runtime.live.publish({"type": "offer", "agent": agent})
    runtime.live.publish({"type": "talk"})


async def present(runtime: Runtime, agent: str) -> Mapping[str, Any] | None:
    """The call that an agent writes up, and until when; None when nothing is written up, or the time is over."""
    return await runtime.db.row(SQL["present"], {"agent": agent})


async def end(runtime: Runtime, actor: Actor, call: str | None, disposition: str | None) -> None:
    """The call is written up. Without a disposition the agent is only ready; one that is said late, when another call
    is to be written up, is kept and that other one still asked about. Raises Refused for a disposition that is none."""
    if disposition is not None and disposition not in DISPOSITIONS:
        raise Refused(disposition=f"one of {', '.join(DISPOSITIONS)}")
    case = None
    async with runtime.db.transaction() as conn:
        ended = await (await conn.execute(SQL["end"], {"agent": actor.id, "call": call})).fetchone()
        if disposition is not None:
            given = {"call": call, "disposition": disposition, "agent": actor.id, "written": ended is not None}
            disposed = await (await conn.execute(SQL["dispose"], given)).fetchone()
            case = disposed["case_id"] if disposed else None
        if case is not None:
            data = {"call": call, "call_disposition": disposition}
            await timeline.append(conn, [Entry(case, "call_disposed", actor, data=data)], runtime.clock.now())
        await wake(conn)
    if case is not None:
        runtime.live.publish({"type": "case", "case": case})
