"""F2: a web process is killed in every step of a call, before its COMMIT or after it and before its answer. The
provider asks again elsewhere; the caller goes on where they were, and the call is one report."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.config import Config
from gateway.demo.phone import Call
from tests.faults.test_rolling import PUBLIC, SECRET, SILENCE, Balanced, doors_of, reported

CALLER = "+46701740605"
STEPS = ("1", "2", "1", "21007#")
POINTS = ("before_commit", "after_commit")


@pytest.mark.parametrize("first", POINTS)
async def test_f02_killed_in_every_step_the_call_goes_on_elsewhere_and_is_there_once(
    config: Config, tmp_path: Path, first: str
) -> None:
    points = tmp_path / "points"
    points.mkdir()
    connections = aiohttp.TCPConnector(force_close=True)
    async with (
        doors_of(config, tmp_path, CRASH_AT=str(points), WEB_PROCESSES="1") as doors,
        aiohttp.ClientSession(connector=connections) as session,
    ):
        victim = doors.ports[0]
        line = Balanced(session, PUBLIC, SECRET, doors=doors, turns=itertools.repeat(0))
        at = itertools.cycle(POINTS if first == POINTS[0] else POINTS[::-1])

        async def dies_in(step: Callable[[], Awaitable[Any]]) -> Any:
            """The step, in which the process that is asked first is killed; it is started again."""
            (points / f"web.voice.{next(at)}").touch()
            done = await step()
            process = doors.running.pop(victim)
            assert await asyncio.to_thread(process.wait, 30) == -signal.SIGKILL
            await doors.start(victim)
            return done

        call: Call = await dies_in(lambda: line.call(CALLER))
        for keys in STEPS:
            await dies_in(lambda keys=keys: call.press(keys))
        assert "Solrosen" in call.now_hears
        assert len(line.broken) == len(STEPS) + 1, "as often as somebody was killed"
        assert set(line.answers) == {200}
        assert line.longest <= SILENCE
        await call.hang_up()
        assert await reported(config) == Counter({CALLER: 1})
