"""Offering work to agents: one item, one agent, a limited time.

`sweep` ends what ran out and offers what waits, in the order and to the agents that `routing.offers` says. One
dispatcher works at a time; a second one that wakes up finds nothing to do, and one that was paused changes nothing,
because every step is guarded by state and epoch, and deadlines are made, kept and missed by the database's clock
alone. An accepted case is claimed in the same transaction. Nobody is called back in the night about what can wait, but
for who asked for it then. Where a call-back rings the customer first, the agent who is offered it is rung once the
customer is on the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from psycopg.types.json import Jsonb

from gateway.desk.acts import Refused, Taken, Unknown, act
from gateway.jobs import wake
from gateway.phone import callbacks, customer_first
from gateway.record import timeline
from gateway.record.db import Connection, Database, statements
from gateway.record.timeline import SYSTEM, Actor, Entry
from gateway.runtime import Runtime
from routing.offers import Item, Kind, Worker, choose, order
from routing.oncall import region_of

log = structlog.get_logger()
SQL, RINGS, CASES = (statements(name) for name in ("work", "rings", "cases"))
PATIENCE: Mapping[str, timedelta] = {
    "call": timedelta(seconds=20),
    "callback": timedelta(seconds=20),
    "case": timedelta(minutes=2),
}
MISSES = 3  # missed offers in a row that set an agent away
AT_ONCE = 50  # offers of one transaction
SPARE = 50  # items looked at beyond those, because some suit nobody who is free
SPOKEN = frozenset({"voice"})  # what whoever answers a telephone should be able to do


async def sweep(runtime: Runtime) -> int:
    """End what ran out, offer what waits; returns how many offers were made."""
    made = 0
    while True:
        offered = await _round(runtime)
        made += offered
        if offered < AT_ONCE:
            return made


async def _round(runtime: Runtime) -> int:
    async with runtime.db.transaction() as conn:
        row = await (await conn.execute(SQL["dispatcher"])).fetchone()
        if not row or not row["mine"]:
            return 0
        touched = await _expire(conn, row["now"])
        offered = await _offer(runtime, conn, row["now"])
    for agent, case in [*touched, *offered]:
        runtime.live.publish({"type": "offer", "agent": agent, "case": case})
    return len(offered)


async def offers_to(db: Database, agent: str) -> Sequence[Mapping[str, Any]]:
    """The open offers of an agent, most urgent first."""
    return await db.rows(SQL["offers_to"], {"agent": agent})


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
        await _answer(deed.conn, actor, offer, "accepted")
        await deed.run("claim", agent=actor.id)
        await deed.run("take", agent=actor.id)
        await deed.conn.execute(SQL["answered"], {"agent": actor.id})
        deed.tell("offer_accepted", offer=offer)
        deed.tell("claimed")
    return int(found["case_id"])


async def decline(runtime: Runtime, actor: Actor, offer: int) -> None:
    """Leave what is offered to others. Raises Unknown, and Refused when the offer has run out."""
    async with runtime.db.transaction() as conn:
        found = await (await conn.execute(SQL["offer_of"], {"offer": offer})).fetchone()
        if found is None or found["agent_id"] != actor.id:
            raise Unknown
        if found["case_id"]:  # the case first, as every verb does, so that two who meet never wait for each other
            await conn.execute(CASES["lock"], {"case": found["case_id"]})
        answered = await _answer(conn, actor, offer, "declined")
        await conn.execute(SQL["unreserve"], {"item": answered["item_id"], "epoch": answered["epoch"]})
        if found["case_id"]:
            entry = Entry(found["case_id"], "offer_declined", actor, data={"offer": offer})
            await timeline.append(conn, [entry], answered["answered_at"])
        await wake(conn)
    runtime.live.publish({"type": "offer", "agent": actor.id, "case": found["case_id"]})


async def _answer(conn: Connection, actor: Actor, offer: int, state: str) -> Mapping[str, Any]:
    given = {"offer": offer, "agent": actor.id, "state": state}
    row = await (await conn.execute(SQL["answer"], given)).fetchone()
    if row is None:
        raise Refused(offer="this offer has run out")
    return row


async def _expire(conn: Connection, now: datetime) -> list[tuple[str, int | None]]:
    touched = []
    for row in await (await conn.execute(SQL["expired"])).fetchall():
        given = {"item": row["item_id"], "epoch": row["epoch"]}
        item = await (await conn.execute(SQL["unreserve"], given)).fetchone()
        case = item["case_id"] if item else None
        missed = {"agent": row["agent_id"], "offer": row["id"], "most": MISSES}
        await conn.execute(SQL["missed"], missed)
        if case:
            data = {"offer": row["id"], "agent": row["agent_id"]}
            await timeline.append(conn, [Entry(case, "offer_expired", SYSTEM, data=data)], now)
        touched.append((row["agent_id"], case))
    return touched


async def _offer(runtime: Runtime, conn: Connection, now: datetime) -> list[tuple[str, int | None]]:
    workers = [_worker(row) for row in await (await conn.execute(SQL["workers"])).fetchall()]
    if not workers:
        return []
    free = {worker.id: worker for worker in workers}
    given = {
        "cases": _enough(sum(worker.has_room(Kind.CASE) for worker in workers)),
        "calls": _enough(sum(worker.has_room(Kind.CALL) for worker in workers)),
        "sites": sorted({site for worker in workers for site in worker.sites}),
    }
    waiting = await (await conn.execute(SQL["waiting"], given)).fetchall()
    while await callbacks.let_sleep(runtime, conn, waiting, now):
        waiting = await (await conn.execute(SQL["waiting"], given)).fetchall()
    rows = {row["id"]: row for row in waiting}
    offered: list[tuple[str, int | None]] = []
    called: set[str] = set()  # one telephone is rung for one call-back at a time
    for item in order([_item(runtime, row, now) for row in rows.values()], now):
        if not free or len(offered) == AT_ONCE:
            break
        choice = choose(item, list(free.values()), now)
        if choice.agent is None:
            continue
        case, phone = rows[item.id]["case_id"], rows[item.id]["phone"]
        if phone in called:
            continue
        reasons = [{"code": reason.code, "data": dict(reason.data)} for reason in choice.reasons]
        first = item.kind is Kind.CALLBACK and customer_first.wanted(runtime, item.queue)
        first = first and await customer_first.waiting(conn, item.id) is None  # whoever waits is not rung any more
        given = {
            "item": item.id,
            "agent": choice.agent,
            "patience": customer_first.KEPT if first else PATIENCE[item.kind],
            "reasons": Jsonb(reasons),
        }
        made = await (await conn.execute(SQL["offer"], given)).fetchone()
        if made is None:
            continue
        del free[choice.agent]
        if phone:
            called.add(phone)
        if item.kind is not Kind.CASE and not (first and await customer_first.ring(conn, item.id)):
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
        queues=frozenset(row["queues"]),
        sites=frozenset(row["sites"]),
    )


def _enough(free: int) -> int:
    """How many items of each kind to look at for so many free agents."""
    return min(free, AT_ONCE) + SPARE if free else 0


def _item(runtime: Runtime, row: Mapping[str, Any], now: datetime) -> Item:
    kind, queue = Kind(row["kind"]), runtime.rules().queues.get(row["queue"])
    site = runtime.directory().sites.get(row["site_id"] or "")
    return Item(
        id=row["id"],
        kind=kind,
        priority=row["priority"],
        due=row["due_at"],
        arrived=min(row["arrived_at"], now),  # the door that wrote it may be ahead of the database
        line=row["line"],
        language=row["language"],
        skills=(queue.skills if queue else frozenset()) | (frozenset() if kind is Kind.CASE else SPOKEN),
        region=row["region"] or region_of(site.postcode if site else None),
        passed=frozenset(row["passed"] or ()),
        queue=row["queue"],
        site=row["site_id"],
    )
