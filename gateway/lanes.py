"""What comes at once is done together: on one lane, which makes large groups, and on another once that stands still or,
where that is wanted, for whoever comes in company.

Alone, an item waits for nobody; a group sets out once the loop has nothing more at hand that may join it. `work` must
not raise; it answers those who wait itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Generic, TypeVar

Item = TypeVar("Item")
LANES = 2  # groups on their way at once
TURNS = 4  # of the loop: as many as a request needs from its arrival until it waits here
ENOUGH = 8  # items that wait for no more: the loop goes on with what comes while they are done
PATIENCE = 0.1  # seconds that items wait behind a group, which may wait for a lock, before another lane opens


class Lanes(Generic[Item]):
    """`pick` parts what waits into the next group and what is left. So many as are `company` wait behind no group while
    a lane is free; without a number all do, until one stands still."""

    def __init__(
        self,
        work: Callable[[list[Item]], Awaitable[None]],
        pick: Callable[[list[Item]], tuple[list[Item], list[Item]]],
        company: float = inf,
    ) -> None:
        self._work, self._pick, self._company = work, pick, company
        self._waiting: list[Item] = []
        self._lanes: set[asyncio.Task[None]] = set()
        self._gathering = False  # whether a lane is about to set out, with all who wait
        self._begun = 0.0  # when the newest group set out, by the loop's clock
        self._relief: asyncio.TimerHandle | None = None

    def add(self, item: Item) -> None:
        self._waiting.append(item)
        self._start()

    async def close(self) -> None:
        """Wait until nothing is on its way any more."""
        while self._lanes:
            await asyncio.gather(*self._lanes, return_exceptions=True)

    def _start(self) -> None:
        if self._gathering:
            return
        if not self._lanes or (len(self._lanes) < LANES and len(self._waiting) >= self._company):
            self._open()
        elif self._relief is None and len(self._lanes) < LANES:
            self._relief = asyncio.get_running_loop().call_later(PATIENCE, self._relieve)

    def _relieve(self) -> None:
        self._relief = None
        if not self._waiting or self._gathering or len(self._lanes) == LANES:
            return
        if not self._lanes or asyncio.get_running_loop().time() - self._begun >= PATIENCE:
            self._open()
        else:
            self._start()

    def _open(self) -> None:
        self._gathering = True
        lane = asyncio.create_task(self._serve())
        self._lanes.add(lane)
        lane.add_done_callback(self._lanes.discard)

    async def _serve(self) -> None:
        """Send group after group, until nothing waits or another lane takes along what does."""
        loop = asyncio.get_running_loop()
        lane = asyncio.current_task()
        while await self._gathered():
            group, self._waiting = self._pick(self._waiting)
            self._begun = loop.time()
            self._gathering = False
            if self._waiting:
                self._start()
            await self._work(group)
            if self._gathering:
                break
            self._gathering = True
        else:
            self._gathering = False
        if lane is not None:
            self._lanes.discard(lane)  # at once: what comes now shall not wait for a lane that is over

    async def _gathered(self) -> bool:
        """Whether anybody waits, once nobody joins any more: whoever was answered may ask for more at once, and whoever
        is at the door shall not wait for a group that could have taken them along."""
        quiet = 0
        while quiet < TURNS and len(self._waiting) < ENOUGH:
            waiting = len(self._waiting)
            await asyncio.sleep(0)
            quiet = 0 if len(self._waiting) > waiting else quiet + 1
        return bool(self._waiting)
