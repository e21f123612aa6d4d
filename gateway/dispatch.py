"""Offering work to agents: one item, one agent, a limited time.

`sweep` ends what ran out and offers what waits, in the order and to the agents that `routing.offers` says. One
dispatcher works at a time; a second one that wakes up finds nothing to do, and one that was paused changes nothing,
because every step is guarded by state and epoch. An accepted case is claimed in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from psycopg.types.json import Jsonb

from gateway.desk.acts import Refused, Taken, Unknown, act
from gateway.record import timeline
from gateway.record.db import Connection, Database, statements
from gateway.record.timeline import SYSTEM, Actor, Entry
from gateway.runtime import Runtime
from routing.offers import Item, Kind, Worker, choose, order

log = structlog.get_logger()
SQL, RINGS = statements("work"), statements("rings")
PATIENCE: Mapping[str, timedelta] = {
    "call": timedelta(seconds=20),
    "callback": timedelta(seconds=20),
    "case": timedelta(minutes=2),
}
MISSES = 3  # missed offers in a row that set an agent away


async def sweep(runtime: Runtime) -> int:
    """End what ran out, offer what waits; returns how many offers were made."""
    now = runtime.clock.now()
    async with runtime.db.transaction() as conn:
        row = await (await conn.execute(SQL["dispatcher"])).fetchone()
        if not row or not row["mine"]:
            return 0
        touched = await _expire(conn, now)
        offered = await _offer(conn, now)
    for agent, case in [*touched, *offered]:
        runtime.live.publish({"type": "offer", "agent": agent, "case": case})
    return len(offered)


async def offers_to(db: Database, agent: str, now: datetime) -> Sequence[Mapping[str, Any]]:
    """The open offers of an agent, most urgent first."""
    return await db.rows(SQL["offers_to"], {"agent": agent, "now": now})


async def accept(runtime: Runtime, actor: Actor, offer: int) -> int | None:
    """Take what is offered; returns the case. Raises Unknown, and Refused when the offer has run out."""
    found = await runtime.db.row(SQL["offer_of"], {"offer": offer})
    if found is None or found["agent_id"] != actor.id:
        raise Unknown
    if found["kind"] != "case":
        raise Refused(offer="press 1 on the telephone that is ringing")
    async with act(runtime, actor, found["case_id"]) as deed:
        if deed.case.assignee not in (None, actor.id):
            raise Taken(deed.case.assignee, deed.case.assigned_at)
        await _answer(deed.conn, actor, offer, "accepted", deed.now)
        await deed.run("claim", agent=actor.id)
        await deed.run("take", agent=actor.id)
        await deed.conn.execute(SQL["answered"], {"agent": actor.id, "now": deed.now})
        deed.tell("offer_accepted", offer=offer)
        deed.tell("claimed")
    return int(found["case_id"])


async def decline(runtime: Runtime, actor: Actor, offer: int) -> None:
    """Leave what is offered to others. Raises Unknown, and Refused when the offer has run out."""
    now = runtime.clock.now()
    async with runtime.db.transaction() as conn:
        found = await (await conn.execute(SQL["offer_of"], {"offer": offer})).fetchone()
        if found is None or found["agent_id"] != actor.id:
            raise Unknown
        answered = await _answer(conn, actor, offer, "declined", now)
        await conn.execute(SQL["unreserve"], {"item": answered["item_id"], "epoch": answered["epoch"]})
        if found["case_id"]:
            entry = Entry(found["case_id"], "offer_declined", actor, data={"offer": offer})
            await timeline.append(conn, [entry], now)
        await runtime.wake.wake(conn)
    runtime.live.publish({"type": "offer", "agent": actor.id, "case": found["case_id"]})


async def _answer(conn: Connection, actor: Actor, offer: int, state: str, now: datetime) -> Mapping[str, Any]:
    given = {"offer": offer, "agent": actor.id, "state": state, "now": now}
    row = await (await conn.execute(SQL["answer"], given)).fetchone()
    if row is None:
        raise Refused(offer="this offer has run out")
    return row


async def _expire(conn: Connection, now: datetime) -> list[tuple[str, int | None]]:
    touched = []
    for row in await (await conn.execute(SQL["expired"], {"now": now})).fetchall():
        given = {"item": row["item_id"], "epoch": row["epoch"]}
        item = await (await conn.execute(SQL["unreserve"], given)).fetchone()
        case = item["case_id"] if item else None
        await conn.execute(SQL["missed"], {"agent": row["agent_id"], "most": MISSES, "now": now})
        if case:
            data = {"offer": row["id"], "agent": row["agent_id"]}
            await timeline.append(conn, [Entry(case, "offer_expired", SYSTEM, data=data)], now)
        touched.append((row["agent_id"], case))
    return touched


async def _offer(conn: Connection, now: datetime) -> list[tuple[str, int | None]]:
    workers = [_worker(row) for row in await (await conn.execute(SQL["workers"])).fetchall()]
    if not workers:
        return []
    room = sum(max(worker.max_cases, 1) for worker in workers)
    given = {"most": min(room, 200), "now": now}
    rows = {row["id"]: row for row in await (await conn.execute(SQL["waiting"], given)).fetchall()}
    offered: list[tuple[str, int | None]] = []
    busy: set[str] = set()
    for item in order([_item(row) for row in rows.values()], now):
        free = [worker for worker in workers if worker.id not in busy]
        if not free:
            break
        choice = choose(item, free, now)
        if choice.agent is None:
            continue
        case = rows[item.id]["case_id"]
        reasons = [{"code": reason.code, "data": dict(reason.data)} for reason in choice.reasons]
        given = {
            "item": item.id,
            "agent": choice.agent,
            "now": now,
            "expires": now + PATIENCE[item.kind],
            "reasons": Jsonb(reasons),
        }
        made = await (await conn.execute(SQL["offer"], given)).fetchone()
        if made is None:
            continue
        busy.add(choice.agent)
        if item.kind is not Kind.CASE:
            await conn.execute(RINGS["add_for_offer"], {"offer": made["id"], **given})
        if case:
            data = {"offer": made["id"], "agent": choice.agent, "reasons": reasons}
            await timeline.append(conn, [Entry(case, "offer_made", SYSTEM, data=data)], now)
        offered.append((choice.agent, case))
    return offered


def _worker(row: Mapping[str, Any]) -> Worker:
    return Worker(
        id=row["id"],
        line=row["line"],
        languages=frozenset(row["languages"]),
        skills=frozenset(row["skills"]),
        region=row["region"],
        activity=row["activity"],
        idle_since=row["idle_since"],
        max_calls=row["max_calls"],
        max_cases=row["max_cases"],
        calls=row["calls"],
        cases=row["cases"],
    )


def _item(row: Mapping[str, Any]) -> Item:
    return Item(
        id=row["id"],
        kind=Kind(row["kind"]),
        priority=row["priority"],
        due=row["due_at"],
        arrived=row["arrived_at"],
        line=row["line"],
        language=row["language"],
        region=row["region"],
        passed=frozenset(row["passed"] or ()),
    )
