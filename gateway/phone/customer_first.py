"""Call-backs of queues that ring the customer first (`callback = "customer first"` in queues.toml).

When it is a call-back's turn an agent is kept for it and the customer's telephone rings: who calls is said, and a
person presses 1, which no machine does. Then the agent's telephone rings; the customer hears every few seconds that
somebody is looked for, may press 2 to be called later instead, and meets in a room whoever presses 1. When that agent
does not, the call-back is offered to the next one, with the place that it always had. A customer who does not answer,
or hangs up before anybody came, is tried again as every call-back is; when nobody came for `PATIENCE`, or nobody is at
work any more, they are told that we call again, by voice and by SMS, and it costs them no try. Raises Unavailable only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from gateway.jobs import wake
from gateway.phone import callbacks
from gateway.phone.callbacks import BACK
from gateway.record import cases, timeline
from gateway.record.db import Connection, statements
from gateway.record.timeline import CUSTOMER, Entry
from gateway.runtime import Runtime
from routing.queues import CUSTOMER_FIRST

SQL, WORK, LINE = statements("rings"), statements("work"), statements("line")
KEPT = timedelta(minutes=4)  # that an agent is kept while the customer is rung, longer than that can last
ANSWERING = timedelta(seconds=20)  # that the agent's telephone then rings
PATIENCE = timedelta(minutes=3)  # that a customer who has answered waits
Step = Literal["ask", "connecting", "waiting", "meet", "later", "over"]


def wanted(runtime: Runtime, queue: str) -> bool:
    known = runtime.rules().queues.get(queue)
    return known is not None and known.callback == CUSTOMER_FIRST


def is_one(ring: Mapping[str, Any]) -> bool:
    """Whether a ring is the telephone of a customer who is rung first."""
    return bool(ring["purpose"] == "customer" and (ring["room"] or "").startswith(BACK))


async def waiting(conn: Connection, item: int) -> Mapping[str, Any] | None:
    """The ring of the customer who has answered and is on the line."""
    found = await _ringing(conn, item)
    return found if found and found["state"] == "taken" else None


async def ring(conn: Connection, item: int) -> bool:
    """Ring the customer, unless that is under way; False when there is no number to ring."""
    if await _ringing(conn, item):
        return True
    return await (await conn.execute(SQL["add_first"], {"item": item})).fetchone() is not None


async def step(runtime: Runtime, row: Mapping[str, Any], item: Mapping[str, Any] | None, digits: str, sid: str) -> Step:
    """What the customer is told now, and what their key does. The same again does nothing more."""
    if row["state"] in ("due", "ringing"):
        if digits != "1":
            return "ask"
        return "connecting" if await _picked_up(runtime, row, sid) else "over"
    if row["state"] != "taken" or item is None:
        return "later"
    if item["state"] == "taken":
        await runtime.db.run(SQL["met"], {"ring": row["id"]})
        return "meet"
    if item["state"] == "done":
        return "over"
    tired = runtime.clock.now() - row["ended_at"] > PATIENCE
    if digits == "2" or tired or item["later"] or not await _staffed(runtime, item["queue"]):
        await _let_go(runtime, row["id"], row["case_id"], item["id"], "pressed 2" if digits == "2" else "nobody came")
        return "later"
    return "waiting"


async def sweep(runtime: Runtime) -> int:
    """Put off call-backs whose customers have hung up before anybody came; returns how many."""
    rows = await runtime.db.rows(SQL["hung_up_waiting"])
    for row in rows:
        await _let_go(runtime, row["id"], row["case_id"], row["item_id"], "hung up", ours=False)
    return len(rows)


async def _ringing(conn: Connection, item: int) -> Mapping[str, Any] | None:
    return await (await conn.execute(SQL["first_ring"], {"item": item})).fetchone()


async def _picked_up(runtime: Runtime, row: Mapping[str, Any], sid: str) -> bool:
    """A person has answered: whoever was kept for them is rung."""
    now = runtime.clock.now()
    async with runtime.db.transaction() as conn:
        if row["case_id"]:
            await cases.lock(conn, row["case_id"])
        given = {"ring": row["id"], "sid": sid, "now": now}
        if await (await conn.execute(SQL["take_first"], given)).fetchone() is None:
            return await waiting(conn, row["item_id"]) is not None  # asked twice at the same time
        kept = await (await conn.execute(WORK["kept"], {"item": row["item_id"], "lasts": ANSWERING})).fetchone()
        if kept:
            given = {"offer": kept["id"], "item": row["item_id"], "agent": kept["agent_id"]}
            await conn.execute(SQL["add_for_offer"], given)
        if row["case_id"]:
            entry = Entry(row["case_id"], "callback_picked_up", CUSTOMER, data={"call": sid})
            await timeline.append(conn, [entry], now)
        await wake(conn)
    if kept:
        runtime.live.publish({"type": "offer", "agent": kept["agent_id"], "case": row["case_id"]})
    if row["case_id"]:
        runtime.live.publish({"type": "case", "case": row["case_id"]})
    return True


async def _let_go(runtime: Runtime, ring: int, case: int | None, item: int, reason: str, *, ours: bool = True) -> None:
    async with runtime.db.transaction() as conn:
        if case:
            await cases.lock(conn, case)
        given = {"ring": ring, "reason": reason}
        if await (await conn.execute(SQL["let_go_first"], given)).fetchone() is not None:
            kind = "callback_postponed" if ours else "callback_missed"
            await callbacks.put_off(runtime, conn, item, kind, ours=ours)


async def _staffed(runtime: Runtime, queue: str) -> bool:
    row = await runtime.db.row(LINE["staffed"], {"queue": queue})
    return bool(row and row["staffed"])
