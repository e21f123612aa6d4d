"""Items that come while a statement is under way share the next one, and each gets its own answer or its own error."""

import asyncio
from collections.abc import Sequence
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import lanes
from gateway.lanes import LANES, TURNS
from gateway.record.db import Unavailable
from gateway.record.grouped import MOST, Grouped


class Work:
    """Doubles numbers, one group at a time as the gate lets it; refuses groups that hold a bad number."""

    def __init__(self, bad: int | None = None, error: type[Exception] = ValueError) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self._bad, self._error = bad, error

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        await self.gate.wait()
        if self._bad in items:
            raise self._error("no")
        return [2 * item for item in items]


async def all_of(grouped: Grouped[int, int], work: Work, items: Sequence[int]) -> list[int | BaseException]:
    asked = [asyncio.ensure_future(grouped(item)) for item in items]
    await asyncio.sleep(0)
    work.gate.set()
    async with asyncio.timeout(5):
        return await asyncio.gather(*asked, return_exceptions=True)


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=200))
async def test_everybody_gets_their_own_answer_and_like_items_never_share(items: list[int]) -> None:
    work = Work()
    answers = await all_of(Grouped(work, apart=lambda item: item), work, items)
    assert answers == [2 * item for item in items]
    assert sorted(chain.from_iterable(work.groups)) == sorted(items)
    assert all(len(set(group)) == len(group) <= MOST for group in work.groups)


async def test_what_waits_goes_together() -> None:
    work = Work()
    await all_of(Grouped(work, apart=lambda item: item), work, range(40))
    assert len(work.groups) <= LANES


@pytest.mark.parametrize("beside", [[2], [2, 3]])
async def test_behind_a_group_that_stands_still_another_lane_opens_at_once_for_company(
    monkeypatch: pytest.MonkeyPatch, beside: list[int]
) -> None:
    out, stuck, passed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        out.set()
        await (stuck.wait() if 1 in items else passed.wait())
        return list(items)

    if len(beside) > 1:
        monkeypatch.setattr(lanes, "PATIENCE", 60.0)
    grouped: Grouped[int, int] = Grouped(work, apart=lambda item: item)
    first = asyncio.create_task(grouped(1))
    passed.set()
    async with asyncio.timeout(5):
        await out.wait()
        assert await asyncio.gather(*map(grouped, beside)) == beside
    assert not first.done()
    stuck.set()
    assert await first == 1


async def test_a_single_item_waits_for_the_group_before_it() -> None:
    work = Work()
    grouped: Grouped[int, int] = Grouped(work, apart=lambda item: item)
    first = asyncio.ensure_future(grouped(1))
    while not work.groups:
        await asyncio.sleep(0)
    second = asyncio.ensure_future(grouped(2))
    for _ in range(3 * TURNS):
        await asyncio.sleep(0)
    assert work.groups == [[1]]
    third = asyncio.ensure_future(grouped(3))
    while len(work.groups) < LANES:
        await asyncio.sleep(0)
    assert work.groups == [[1], [2, 3]]
    work.gate.set()
    async with asyncio.timeout(5):
        assert await asyncio.gather(first, second, third) == [2, 4, 6]


async def test_what_is_left_of_a_group_waits_for_nobody_when_it_is_more_than_one() -> None:
    work = Work()
    grouped: Grouped[int, int] = Grouped(work, apart=lambda item: item % 2)
    asked = [asyncio.ensure_future(grouped(item)) for item in (1, 2, 3, 4)]
    while len(work.groups) < LANES:
        await asyncio.sleep(0)
    assert work.groups == [[1, 2], [3, 4]]
    work.gate.set()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*asked) == [2, 4, 6, 8]


async def test_whoever_is_answered_and_asks_again_at_once_is_in_the_next_group() -> None:
    work = Work()
    grouped: Grouped[int, int] = Grouped(work, apart=lambda item: item)

    async def twice(item: int) -> None:
        await grouped(item)
        await grouped(item + 10)

    both = [asyncio.ensure_future(twice(item)) for item in (1, 2)]
    while not work.groups:
        await asyncio.sleep(0)
    other = asyncio.ensure_future(grouped(3))
    await asyncio.sleep(0)
    work.gate.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*both, other)
    assert work.groups == [[1, 2], [3, 11, 12]]


async def test_whoever_is_still_on_the_way_to_a_group_that_would_leave_is_taken_along() -> None:
    work = Work()
    work.gate.set()
    grouped: Grouped[int, int] = Grouped(work, apart=lambda item: item)

    async def arriving(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await grouped(turns)

    async with asyncio.timeout(5):
        assert await asyncio.gather(*map(arriving, range(0, 8, 2))) == [0, 4, 8, 12]
    assert work.groups == [[0, 2, 4, 6]]


async def test_alone_an_item_waits_for_nobody() -> None:
    work = Work()
    work.gate.set()
    async with asyncio.timeout(5):
        assert await Grouped(work, apart=lambda item: item)(21) == 42


async def test_only_the_guilty_fails() -> None:
    work = Work(bad=3)
    answers = await all_of(Grouped(work, apart=lambda item: item), work, range(6))
    assert [isinstance(answer, ValueError) for answer in answers] == [item == 3 for item in range(6)]
    assert [answer for answer in answers if not isinstance(answer, Exception)] == [0, 2, 4, 8, 10]


@pytest.mark.parametrize("count", [1, 6])
async def test_when_the_database_is_away_all_are_told_at_once(count: int) -> None:
    work = Work(bad=0, error=Unavailable)
    answers = await all_of(Grouped(work, apart=lambda item: item), work, range(count))
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert len(work.groups) <= LANES
