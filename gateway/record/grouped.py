"""Many callers, one statement: what comes while a statement is under way shares the next one.

Alone, an item waits for nobody; in company, not even for the statement under way. Items that are alike by `apart` never
share a statement. When a group fails for a reason that one of its items may have caused, each is tried by itself, so
that only the guilty fails; when PostgreSQL is away, all of them are told at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.lanes import Lanes
from gateway.record.db import Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")
MOST = 64  # items a statement
COMPANY = 2  # items for which a statement is sent beside another: done sooner, and for no more work


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
        self._lanes: Lanes[_Waiting[Item, Answer]] = Lanes(self._settle, self._pick, COMPANY)

    async def __call__(self, item: Item) -> Answer:
        """The answer for one item; raises what the work raised for it."""
        waiting: _Waiting[Item, Answer] = _Waiting(item, asyncio.get_running_loop().create_future())
        self._lanes.add(waiting)
        return await waiting.answer

    def _pick(
        self, all_waiting: list[_Waiting[Item, Answer]]
    ) -> tuple[list[_Waiting[Item, Answer]], list[_Waiting[Item, Answer]]]:
        group: dict[Hashable, _Waiting[Item, Answer]] = {}
        left = []
        for waiting in all_waiting:
            key = self._apart(waiting.item)
            if len(group) < MOST and key not in group:
                group[key] = waiting
            else:
                left.append(waiting)
        return list(group.values()), left

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
