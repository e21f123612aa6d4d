"""Chores: each in a loop of its own, woken or at its own pace, and no failure ends one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from gateway.chores import Chore, Chores
from gateway.record.db import Unavailable

FOR_EVER = 1000.0  # seconds


class Done:
    """A sweep that tells when it was done, and fails as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.times: asyncio.Queue[float] = asyncio.Queue()

    async def __call__(self) -> int:
        self.times.put_nowait(asyncio.get_running_loop().time())
        if self.failures:
            raise self.failures.pop(0)
        return 1

    async def again(self) -> float:
        async with asyncio.timeout(20):
            return await self.times.get()


@asynccontextmanager
async def running(*chores: Chore) -> AsyncIterator[Chores]:
    found = Chores(chores)
    task = asyncio.create_task(found.run())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_woken_is_done_and_what_has_a_pace_of_its_own_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.chores.REST", FOR_EVER)
    woken, paced = Done(), Done()
    async with running(Chore("woken", woken), Chore("paced", paced, every=FOR_EVER)) as chores:
        await woken.again()
        await paced.again()
        for _ in range(2):
            chores.wake()
            await woken.again()
        assert paced.times.empty()


async def test_nobody_need_wake_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.chores.REST", 0.01)
    done = Done()
    async with running(Chore("done", done)):
        for _ in range(3):
            await done.again()


async def test_a_pace_is_kept() -> None:
    paced = Done()
    async with running(Chore("paced", paced, every=0.2)):
        times = [await paced.again() for _ in range(4)]
    assert all(after - before >= 0.19 for before, after in pairwise(times))


async def test_many_wake_ups_are_one_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.chores.REST", FOR_EVER)
    woken, other = Done(), Done()
    async with running(Chore("woken", woken), Chore("other", other)) as chores:
        await woken.again()
        for _ in range(50):
            chores.wake()
        await woken.again()
        assert woken.times.empty()


async def test_whoever_waits_is_served_before_wake_ups_are_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.chores.REST", FOR_EVER)
    monkeypatch.setattr("gateway.chores.DUE", 0.0)
    at_once, gathered = Done(), Done()
    async with running(Chore("at once", at_once, at_once=True), Chore("gathered", gathered)) as chores:
        await at_once.again()
        await gathered.again()
        for _ in range(10):  # turns of the loop, until both wait to be woken
            await asyncio.sleep(0)
        monkeypatch.setattr("gateway.chores.DUE", FOR_EVER)
        chores.wake()
        await at_once.again()
        assert gathered.times.empty()


async def test_one_that_fails_is_logged_and_tried_again_before_its_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.chores.REST", 0.01)
    failing, other = Done(Unavailable(), RuntimeError("once")), Done()
    with capture_logs() as logs:
        async with running(Chore("failing", failing, every=FOR_EVER), Chore("other", other)):
            for _ in range(3):
                await failing.again()
            await other.again()
    assert [(entry["event"], entry["sweep"], entry["error"]) for entry in logs if entry["log_level"] == "error"] == [
        ("sweep.failed", "failing", "RuntimeError")
    ]
