"""Service order is arrival order within a priority, whatever callers do meanwhile: wait, be called back, hang up."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from channels.phone_ports import Taken, Waiting
from gateway import dispatch
from gateway.clock import SetClock
from gateway.config import Config, load
from gateway.phone import longest
from gateway.phone.legs import Legs
from gateway.phone.waiting import RecordedLine
from gateway.record.calls import RecordedCalls
from ivr.prompts import Phrases, read_catalogues
from tests.fakes.clock import LeaseClock
from tests.fakes.house import House, open_house

MONDAY = datetime(2026, 9, 14, 9, 0, tzinfo=UTC)
AGENT = "a01"
TEN_MINUTES = timedelta(minutes=10)


@dataclass
class Floor:
    """One agent, who is given work; `waiting` is what a fair floor would know: who waits, how urgent, since when."""

    house: House
    clock: SetClock
    line: RecordedLine
    calls: RecordedCalls
    legs: Legs
    waiting: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    async def call(self, sid: str) -> str:
        phone = f"+4670174{len(sid):02d}{int(sid[2:]):02d}"
        await self.calls.save(Taken(sid, 0, self.clock.now(), "waiting", "sv", {}, "<Response/>", phone, None, None))
        return phone

    async def arrive(self, sid: str, priority: str, *, patient: bool = False) -> None:
        phone = await self.call(sid)
        assert await self.line.enter(Waiting(sid, None, phone, "sv", priority, "helpdesk", patient)) is not None
        self.waiting[sid] = priority, self.clock.now()

    async def next_served(self) -> str:
        """Who is brought to the agent; the call is then over at once."""
        db = self.house.runtime.db
        await self.house.api("POST", "/agents/me/activity", {"as": AGENT, "activity": "available"})
        assert await dispatch.sweep(self.house.runtime) == 1
        ring = await db.row("SELECT id, item_id FROM rings WHERE state = 'due' ORDER BY id DESC LIMIT 1")
        assert ring is not None
        await self.legs.answer(ring["id"], {"Digits": "1"})
        served = await db.row("SELECT call_sid FROM work_items WHERE id = %(item_id)s AND state = 'taken'", ring)
        assert served is not None
        await db.run("UPDATE work_items SET state = 'done', agent_id = NULL WHERE id = %(item_id)s", ring)
        return str(served["call_sid"])

    def fair(self) -> str:
        return min(self.waiting, key=lambda sid: (self.urgency(sid), self.waiting[sid][1], sid))

    def urgency(self, sid: str) -> str:
        """One step up for whoever has waited as long as the helpdesk allows."""
        priority, since = self.waiting[sid]
        return "P2" if priority == "P3" and self.clock.now() - since >= TEN_MINUTES else priority


@pytest.fixture
async def floor(environ: dict[str, str], database_url: str, redis_url: str) -> AsyncIterator[Floor]:
    config: Config = load(
        {**environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url, "TWILIO_NUMBERS": "+46313900100"}
    )
    clock = LeaseClock(MONDAY, database_url)
    async with open_house(config, clock=clock) as house:
        await house.api("POST", "/agents/me/activity", {"as": AGENT, "activity": "available"})
        runtime = house.runtime
        calls = RecordedCalls(runtime.calls_db, clock)
        yield Floor(house, clock, RecordedLine(runtime), calls, Legs(runtime, Phrases(read_catalogues())))


@pytest.mark.parametrize("seed", range(6))
async def test_n8_who_came_first_is_served_first_within_a_priority(floor: Floor, seed: int) -> None:
    rng, served, called_back, moved = random.Random(seed), list[str](), set[str](), 0
    for nth in range(60):
        floor.clock.forward(timedelta(seconds=rng.randrange(1, 80)))
        moved += await longest.sweep(floor.house.runtime)
        act = rng.choice(("arrive", "arrive", "arrive", "call back", "hang up", "serve")) if floor.waiting else "arrive"
        if act == "arrive":
            await floor.arrive(f"CA{nth:02d}", rng.choice(("P1", "P2", "P3", "P3")))
            continue
        sid = rng.choice(sorted(floor.waiting))
        if act == "call back" and sid not in called_back:
            assert await floor.line.call_back(sid, f"+4670174{len(sid):02d}{int(sid[2:]):02d}") == "booked"
            called_back.add(sid)
        elif act == "hang up":
            await floor.line.leave(sid, "hung_up")
            if sid not in called_back:
                del floor.waiting[sid]
        elif act == "serve":
            served.append(floor.fair())
            assert await floor.next_served() == served[-1]
            del floor.waiting[served[-1]]
    while floor.waiting:
        served.append(floor.fair())
        assert await floor.next_served() == served[-1]
        del floor.waiting[served[-1]]
    assert moved
    assert called_back & set(served)


async def test_b106_three_call_backs_a_day_go_by_the_databases_clock(floor: Floor) -> None:
    number, runtime = "+46701740399", floor.house.runtime
    ahead, behind = (RecordedLine(replace(runtime, clock=SetClock(MONDAY + timedelta(days=days)))) for days in (3, -3))
    for sid in ("CA01", "CA02", "CA03"):
        await floor.arrive(sid, "P3")
        assert await floor.line.call_back(sid, number) == "booked"
    await floor.arrive("CA04", "P3")
    floor.clock.forward(timedelta(hours=23))
    assert await ahead.call_back("CA04", number) == "often"
    floor.clock.forward(timedelta(hours=2))
    assert await behind.call_back("CA04", number) == "booked"
