"""Telling reports through every door at a steady pace, and trying again as each sender would."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

from tests.faults.doors import Door
from tests.faults.ledger import Ledger
from tests.faults.tellings import SHARES, Telling, telling

AT_ONCE = 40
NEVER_AGAIN = ("phone",)  # somebody who was cut off rings again, which is another call
CLAIM_EVERY = 1.5  # seconds
FINAL = frozenset({400, 401, 403, 404, 409, 413, 415, 422, *range(550, 560)})  # after which nobody tries again


@dataclass
class Driver:
    """`rate` is in reports a second."""

    doors: Mapping[str, Door]
    ledger: Ledger
    rng: random.Random
    chargers: Sequence[str]
    rate: float
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, enough: Callable[[], bool]) -> None:
        """Tell until it is enough; what is under way then goes on."""
        doors = list(self.doors)
        weights = [SHARES[door] for door in doors]
        while not enough():
            await asyncio.sleep(self.rng.expovariate(self.rate))
            await self._room.acquire()
            told = telling(self.rng, self.rng.choices(doors, weights)[0], self.chargers)
            task = asyncio.create_task(self._until_promised(told))
            self._under_way.add(task)
            task.add_done_callback(self._done)

    async def finish(self, within: float) -> int:
        """Wait for those who still try; returns how many gave up."""
        if not self._under_way:
            return 0
        _, left = await asyncio.wait(self._under_way, timeout=within)
        for task in left:
            task.cancel()
        return len(left)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._room.release()
        if not task.cancelled():
            task.result()

    async def _until_promised(self, told: Telling) -> None:
        pause = 0.5
        while True:
            began = self.ledger.attempt(told)
            result = await self.doors[told.door].tell(told)
            self.ledger.outcome(told, began, result)
            if result.kind == "ok" or told.door in NEVER_AGAIN or result.code in FINAL:
                return
            await asyncio.sleep(pause * self.rng.uniform(0.8, 1.2))
            pause = min(2 * pause, 5.0)


@dataclass
class Desk:
    """Agents who reach for the same case at the same moment. `claims`: case number -> who was told "yours"."""

    session: aiohttp.ClientSession
    url: str
    token: str
    agents: Sequence[str]
    rng: random.Random
    claims: dict[str, str] = field(default_factory=dict)
    races: int = 0
    violations: list[str] = field(default_factory=list)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(CLAIM_EVERY)
            try:
                await self._race()
            except (aiohttp.ClientError, OSError, TimeoutError):
                continue

    async def _race(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        asked = self.session.get(f"{self.url}/api/v1/cases", params={"status": "open", "limit": "100"}, headers=headers)
        async with asyncio.timeout(20), asked as answer:
            if answer.status != 200:
                return
            free = [item["number"] for item in (await answer.json())["items"] if item["number"] not in self.claims]
        if not free:
            return
        number = self.rng.choice(free)
        racers = self.rng.sample(list(self.agents), 3)
        codes = await asyncio.gather(*(self._claim(number, agent) for agent in racers))
        winners = [agent for agent, code in zip(racers, codes, strict=True) if code == 200]
        self.races += 1
        if len(winners) > 1:
            self.violations.append(f"I4: {number} was given to {winners} at once")
        if winners:
            self.claims[number] = winners[0]

    async def _claim(self, number: str, agent: str) -> int:
        try:
            async with (
                asyncio.timeout(30),
                self.session.post(
                    f"{self.url}/api/v1/cases/{number}/claim",
                    json={"as": agent},
                    headers={"Authorization": f"Bearer {self.token}"},
                ) as answer,
            ):
                return answer.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            return 0
