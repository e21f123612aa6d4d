"""Many callers, one statement: what comes while a statement is under way shares the next one.

Alone, an item waits for nobody. Items that are alike by `apart` never share a statement. When a group fails for a
reason that one of its items may have caused, each is tried by itself, so that only the guilty fails; when PostgreSQL is
away, all of them are told at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.record.db import Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")
MOST = 64  # items a statement
LANES = 2  # statements on their way at once


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Item, Answer]):
    item: Item
    answer: asyncio.Future[Answer]


class Grouped(Generic[Item, Answer]):
    """`work` gives one answer for each item, in order; calling this with an item gives that item's answer."""

    def __init__(
        self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], apart: Callable[[Item], Hashable]
    ) -> None:
        self._work, self._apart = work, apart
        self._waiting: list[_Waiting[Item, Answer]] = []
        self._lanes: set[asyncio.Task[None]] = set()

    async def __call__(self, item: Item) -> Answer:
        """The answer for one item; raises what the work raised for it."""
        waiting: _Waiting[Item, Answer] = _Waiting(item, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if len(self._lanes) < LANES:
            lane = asyncio.create_task(self._serve())
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        return await waiting.answer

    async def _serve(self) -> None:
        while self._waiting:
            await self._settle(self._next())

    def _next(self) -> list[_Waiting[Item, Answer]]:
        group: dict[Hashable, _Waiting[Item, Answer]] = {}
        left = []
        for waiting in self._waiting:
            key = self._apart(waiting.item)
            if len(group) < MOST and key not in group:
                group[key] = waiting
            else:
                left.append(waiting)
        self._waiting = left
        return list(group.values())

    async def _settle(self, group: Sequence[_Waiting[Item, Answer]]) -> None:
        try:
            answers = await self._work([waiting.item for waiting in group])
        except Exception as error:
            if len(group) == 1 or isinstance(error, Unavailable):
                for waiting in group:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(error)
                return
            for waiting in group:
                await self._settle([waiting])
        else:
            for waiting, answer in zip(group, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)
