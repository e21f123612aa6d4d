"""Whatever comes, hangs up or would rather be called back: service order is arrival order within a priority."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from channels.phone_ports import Taken, Waiting
from channels.report import Channel, Report, Sender
from gateway import dispatch
from gateway.activity import set_activity
from gateway.clock import SetClock
from gateway.phone import callbacks
from gateway.phone.waiting import RecordedLine
from gateway.record.calls import RecordedCalls
from gateway.record.db import statements
from gateway.record.timeline import Actor
from gateway.runtime import Runtime

WORK, RINGS = statements("work"), statements("rings")
WORDS = {"P1": "det brinner i laddaren", "P3": "laddaren startar inte", "P4": "jag vill ha ett kvitto"}
Arrived = tuple[str, int, str]  # priority, when, sid


class Floor:
    """Callers in a queue and one colleague, driven by dice."""

    def __init__(self, runtime: Runtime, clock: SetClock, dice: random.Random) -> None:
        self.runtime, self.clock, self.dice = runtime, clock, dice
        self.line, self.calls = RecordedLine(runtime), RecordedCalls(runtime.db, clock)
        self.present: dict[str, Arrived] = {}
        self.queues: dict[str, str] = {}
        self.served: list[str] = []

    async def arrive(self, nth: int) -> None:
        sid, phone = f"CA{nth:04}", f"+46701740{nth:03}"
        text = WORDS[self.dice.choice(sorted(WORDS))]
        at = self.clock.now()
        said = Report(Channel.PHONE, sid, at, text, Sender(phone=phone), language="sv", call_sid=sid)
        receipt = await self.runtime.intake.accept(said)
        state = {"node": "waiting", "language": "sv", "facts": {}}
        taken = Taken(sid, 0, at, "waiting", "sv", state, "<Response/>", phone, None, receipt.report)
        await self.calls.save(taken)
        await self.line.enter(Waiting(sid, receipt.report, phone, "sv", receipt.priority, receipt.queue))
        self.present[sid] = (receipt.priority, nth, sid)
        self.queues[sid] = receipt.queue
        await self.runtime.db.run("UPDATE work_items SET state = 'done' WHERE kind = 'case' AND state = 'waiting'")

    async def something_happens(self) -> None:
        live = [sid for sid in self.present if await self._kind(sid) == "call"]
        match self.dice.choice(("hang up", "call back", "look", "pass", "serve")) if live else "serve":
            case "hang up":
                sid = self.dice.choice(live)
                await self.line.leave(sid, "hung_up")
                del self.present[sid]
            case "call back":
                sid = self.dice.choice(live)
                assert await self.line.call_back(sid, f"+46701740{int(sid[2:]):03}") == "booked"
                await self.line.leave(sid, "hung_up")
            case "look":
                for sid in live:
                    mates = [self.present[other] for other in self.present if self.queues[other] == self.queues[sid]]
                    ahead = sum(mate < self.present[sid] for mate in mates)
                    assert (await self.line.place(sid)).ahead == ahead, sid
            case "pass":
                await self._offered(lambda row: self._pass(row))
            case _:
                await self._offered(lambda row: self._serve(row))

    async def _offered(self, act: Any) -> None:
        """The free colleague is offered somebody: always who is first."""
        await dispatch.sweep(self.runtime)
        rows = await dispatch.offers_to(self.runtime.db, "a01")
        if not self.present:
            assert not rows
            return
        (row,) = rows
        assert row["call_sid"] == min(self.present.values())[2]
        await act(row)

    async def _pass(self, row: Mapping[str, Any]) -> None:

        await dispatch.decline(self.runtime, Actor("agent", "a01", "agent"), row["id"])

    async def _serve(self, row: Mapping[str, Any]) -> None:
        async with self.runtime.db.transaction() as conn:
            given = {"offer": row["id"], "agent": "a01", "state": "accepted"}
            answered = await (await conn.execute(WORK["answer"], given)).fetchone()
            assert answered
            item = {"item": answered["item_id"], "epoch": answered["epoch"], "agent": "a01"}
            taken = await (await conn.execute(WORK["take_item"], item)).fetchone()
            assert taken
            await conn.execute(WORK["end_item"], item)
        self.served.append(row["call_sid"])
        del self.present[row["call_sid"]]

    async def _kind(self, sid: str) -> str | None:
        row = await self.runtime.db.row(
            "SELECT kind FROM work_items WHERE call_sid = %(sid)s AND state <> 'done'", {"sid": sid}
        )
        return str(row["kind"]) if row else None


@pytest.mark.parametrize("seed", range(4))
async def test_service_order_is_arrival_order_within_a_priority(runtime: Runtime, clock: SetClock, seed: int) -> None:
    floor = Floor(runtime, clock, random.Random(seed))
    await set_activity(runtime, "a01", "available")
    for nth in range(12):
        await floor.arrive(nth)
        clock.forward(timedelta(seconds=floor.dice.randint(1, 40)))
        for _ in range(floor.dice.randint(0, 2)):
            await floor.something_happens()
    while floor.present:
        await floor._offered(floor._serve)
    assert len(floor.served) > 3


async def test_a_call_back_that_reached_nobody_is_first_again_when_its_time_comes(
    runtime: Runtime, clock: SetClock
) -> None:
    floor = Floor(runtime, clock, random.Random(1))
    await set_activity(runtime, "a01", "available")
    await floor.arrive(1)
    await floor.line.call_back("CA0001", "+46701740001")
    await dispatch.sweep(runtime)
    (row,) = await dispatch.offers_to(runtime.db, "a01")
    async with runtime.db.transaction() as conn:
        given = {"offer": row["id"], "agent": "a01", "state": "accepted"}
        answered = await (await conn.execute(WORK["answer"], given)).fetchone()
        assert answered
        item = {"item": answered["item_id"], "epoch": answered["epoch"], "agent": "a01"}
        await conn.execute(WORK["take_item"], item)
    assert await callbacks.settle(runtime, item["item"]) == "unreached"
    clock.forward(timedelta(minutes=1))
    await floor.arrive(2)
    floor.present["CA0002"] = ("P3", 2, "CA0002")
    for minutes, first in ((0, "CA0002"), (10, "CA0001")):
        clock.forward(timedelta(minutes=minutes))
        await set_activity(runtime, "a01", "available")
        await dispatch.sweep(runtime)
        (row,) = await dispatch.offers_to(runtime.db, "a01")
        assert row["call_sid"] == first

        await dispatch.decline(runtime, Actor("agent", "a01", "agent"), row["id"])
