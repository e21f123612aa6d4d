"""T7: from queued to offered to a free agent, with 500 agents at work and 10,000 items that wait."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import Row
from bench.house import House
from bench.progress import tell
from channels.report import Channel, Report, Sender
from gateway import desk, dispatch
from gateway.config import load
from gateway.desk import Actor
from gateway.runtime import Runtime, open_runtime

AGENTS, EACH, WAITING, SAMPLES = 500, 4, 10_000, 100  # each agent holds as many cases as they may
GUARD = "guard"  # who is asked for emergencies alone
WITHIN = 30.0  # seconds after which an offer will not come


async def t7(house: House, rounds: int) -> list[Row]:
    """The worker role as it runs, woken as in production. An agent is free from the moment their case is concluded;
    a danger is queued from the moment its report is acknowledged. Both end when the offer is told to the console.
    """
    freed: list[float] = []
    arrived: list[float] = []
    database = house.database("t7", AGENTS * EACH + WAITING)
    house.execute(database, "desk", agents=AGENTS, each=EACH)
    async with _desk(house, database) as runtime, house.role("worker", database), _heard(runtime) as heard:
        chance = random.Random(7)
        await _free(runtime, heard, chance)
        for nth in range(1, rounds + 1):
            freed.append(await _round(lambda: _free(runtime, heard, chance)))
            arrived.append(await _round(lambda: _arrive(runtime, heard, chance)))
            tell(f"T7 round {nth}: p99 {freed[-1]:.0f} ms for who is free, {arrived[-1]:.0f} ms for what arrives")
    said = f"{AGENTS} agents at work, {WAITING} items waiting, {SAMPLES} offers a round"
    return [
        Row("T7 freed", "an agent is free -> the next item offered, p99", freed, "ms", "less", 250, 100, said),
        Row("T7 arrived", "a danger is queued -> offered, p99", arrived, "ms", "less", 250, 100, said),
    ]


async def _round(sample: Callable[[], Awaitable[float]]) -> float:
    """The 99th percentile of so many samples, one after the other."""
    found = sorted([await sample() for _ in range(SAMPLES)])
    return 1000 * found[int(0.99 * len(found)) - 1]


async def _free(runtime: Runtime, heard: _Heard, chance: random.Random) -> float:
    """Somebody concludes one of their cases; the next offer is theirs, and is taken."""
    agent = f"b{chance.randrange(AGENTS)}"
    held = "SELECT id FROM cases WHERE assignee = %(agent)s AND status = 'assigned' LIMIT 1"
    row = await runtime.db.row(held, {"agent": agent})
    assert row is not None
    with heard.waiting(agent) as offer:
        await desk.conclude(runtime, Actor("agent", agent, "agent"), row["id"], "duplicate", "Measured.")
        began = time.perf_counter()
        ended = await asyncio.wait_for(offer, WITHIN)
    await _take(runtime, agent)
    return ended - began


async def _arrive(runtime: Runtime, heard: _Heard, chance: random.Random) -> float:
    """A danger is reported; the guard is offered it, takes it and concludes it."""
    number = chance.randrange(10**6)
    report = Report(
        channel=Channel.API,
        key=f"danger-{number}-{time.monotonic_ns()}",
        received_at=datetime.now(UTC),
        text="Det brinner i laddaren, det ryker och sprakar!",
        sender=Sender(None, f"+46701{number:06d}", None),
        charger=str(30000 + number % 2000),
    )
    with heard.waiting(GUARD) as offer:
        await runtime.intake.accept(report)
        began = time.perf_counter()
        ended = await asyncio.wait_for(offer, WITHIN)
    case = await _take(runtime, GUARD)
    await desk.conclude(runtime, Actor("agent", GUARD, "agent"), case, "duplicate", "Measured.")
    return max(0.0, ended - began)


async def _take(runtime: Runtime, agent: str) -> int:
    offer = (await dispatch.offers_to(runtime.db, agent))[0]
    case = await dispatch.accept(runtime, Actor("agent", agent, "agent"), offer["id"])
    assert case is not None
    return case


class _Heard:
    """Whom the console was told of, and when."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[float]] = {}

    def hear(self, event: Mapping[str, Any]) -> None:
        offer = self._waiting.get(str(event.get("agent")))
        if event.get("type") == "offer" and offer and not offer.done():
            offer.set_result(time.perf_counter())

    @contextmanager
    def waiting(self, agent: str) -> Iterator[asyncio.Future[float]]:
        """The moment at which something is offered to an agent, from now on."""
        self._waiting[agent] = asyncio.get_running_loop().create_future()
        yield self._waiting[agent]
        del self._waiting[agent]


@asynccontextmanager
async def _heard(runtime: Runtime) -> AsyncIterator[_Heard]:
    heard = _Heard()
    async with runtime.live.subscribe() as news:

        async def listen() -> None:
            async for event in news:
                heard.hear(event)

        listener = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            listener.cancel()


@asynccontextmanager
async def _desk(house: House, database: str) -> AsyncIterator[Runtime]:
    """A web role's runtime beside the worker: it takes the reports in and does what agents do."""
    with tempfile.TemporaryDirectory(prefix="desk-", dir=house.folder) as folder:
        given = {"DATABASE_URL": database, "REDIS_URL": house.redis_url, "DATA_DIR": str(Path(folder))}
        async with open_runtime(load(given), "web") as runtime:
            yield runtime
