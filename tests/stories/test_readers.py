"""Reports are read in a process of its own: the same facts, by the rules in force, and nothing is lost with it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psutil
import pytest

from gateway.keeping.readers import BATCH, UNDER_WAY, Here, There, reader_apart
from gateway.trials.replay import DEMO
from routing.directory import Directory, build_directory, read_directory
from routing.rules import Rules, load_rules
from routing.values import Said

AT = datetime(2026, 9, 15, 10, 0, tzinfo=UTC)
MANY = BATCH * UNDER_WAY * 3


class Basis:
    """Master data and rules that can change."""

    def __init__(self) -> None:
        self.directory, self.rules = read_directory(DEMO), load_rules()
        _ = self.rules.experience  # as a door has learnt before it opens

    def directory_now(self) -> Directory:
        return self.directory

    def rules_now(self) -> Rules:
        return self.rules


@pytest.fixture(scope="module")
def basis() -> Basis:
    return Basis()


@pytest.fixture
async def reader(basis: Basis) -> AsyncIterator[There]:
    async with reader_apart(basis.directory_now, basis.rules_now) as opened:
        await _ready(opened)
        yield opened


def said(nth: int) -> Said:
    return Said(
        channel="email", at=AT, text=f"Laddare {21000 + nth} startar inte, kabeln sitter fast.", subject="Hjälp"
    )


async def test_many_texts_are_read_as_they_would_be_here(reader: There, basis: Basis):
    here = Here(basis.directory_now, basis.rules_now)
    read = await asyncio.gather(*(reader.read(said(nth)) for nth in range(MANY)))
    assert reader.pid is not None
    assert read == [await here.read(said(nth)) for nth in range(MANY)]


async def test_new_master_data_hold_for_the_next_text(reader: There, basis: Basis):
    before = basis.directory
    assert (await reader.read(said(7))).place.said[0].charger == "21007"
    try:
        basis.directory = build_directory([], [], [])
        assert (await reader.read(said(7))).place.said[0].charger is None
    finally:
        basis.directory = before
    assert (await reader.read(said(7))).place.said[0].charger == "21007"


async def test_what_a_killed_process_had_is_read_here_and_another_one_follows(reader: There, basis: Basis):
    first = reader.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    asked = [asyncio.create_task(reader.read(said(nth))) for nth in range(MANY)]
    await asyncio.sleep(0)
    os.kill(first, signal.SIGKILL)
    here = Here(basis.directory_now, basis.rules_now)
    assert await asyncio.gather(*asked) == [await here.read(said(nth)) for nth in range(MANY)]
    await _ready(reader)
    assert reader.pid != first
    assert not psutil.pid_exists(first)


async def test_a_process_that_stands_still_holds_nobody_up(reader: There, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.keeping.readers.PATIENCE", 0.2)
    first = reader.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    async with asyncio.timeout(20):
        assert (await reader.read(said(7))).place.said[0].charger == "21007"
    assert reader.pid != first


async def test_it_ends_with_the_block(basis: Basis):
    async with reader_apart(basis.directory_now, basis.rules_now) as opened:
        await _ready(opened)
        pid = opened.pid
    assert pid is not None
    assert not psutil.pid_exists(pid)


async def _ready(reader: There) -> None:
    async with asyncio.timeout(30):
        while reader.pid is None:
            await asyncio.sleep(0.01)
