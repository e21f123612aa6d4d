"""Reading what reports say, in a process of its own where many come at once, so that a door's loop is its clients'.

`read` gives what `routing.facts.read_facts` gives by the master data and the rules in force when the text was sent
over. A process that ends, says nonsense or takes longer than `PATIENCE` costs nothing but the time: what it had is read
here, and another is started. It ends by itself when its parent goes away.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog

from gateway.readers_worker import HEAD
from routing.directory import Directory
from routing.facts import Facts, read_facts
from routing.rules import Rules
from routing.values import Said

log = structlog.get_logger()
BATCH = 16  # texts that go over together
UNDER_WAY = 2  # batches: one being read, one in the pipe
PATIENCE = 5.0  # seconds for a batch
PAUSE = 1.0  # seconds before another process is started
HELLO = Said(channel="form", at=datetime(1970, 1, 1, tzinfo=UTC), text="Hello, hej, hei")
_ROOT = str(Path(__file__).resolve().parent.parent)


class Reader(Protocol):
    async def read(self, said: Said) -> Facts: ...


@asynccontextmanager
async def reader_apart(directory: Callable[[], Directory], rules: Callable[[], Rules]) -> AsyncIterator[There]:
    """A reader in a process of its own, for as long as the block lasts."""
    reader = There(directory, rules)
    life = asyncio.create_task(reader.live())
    try:
        yield reader
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life


class Here:
    """Reads in this process."""

    def __init__(self, directory: Callable[[], Directory], rules: Callable[[], Rules]) -> None:
        self._directory, self._rules = directory, rules

    async def read(self, said: Said) -> Facts:
        rules = self._rules()
        if not rules.lessons.learnt:
            await asyncio.to_thread(lambda: rules.experience)  # the loop goes on meanwhile
        return read_facts(said, self._directory(), rules)


class There:
    """Reads in a process of its own, for as long as that lives."""

    def __init__(self, directory: Callable[[], Directory], rules: Callable[[], Rules]) -> None:
        self._here, self._directory, self._rules = Here(directory, rules), directory, rules
        self._known: tuple[Directory, Rules] | None = None  # what the process reads by
        self._waiting: list[tuple[Said, asyncio.Future[Facts | None]]] = []
        self._under_way: deque[list[asyncio.Future[Facts | None]]] = deque()
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.TimerHandle | None = None

    async def live(self) -> None:
        """Keep a process, until cancelled; without it, and after it, everything is read here."""
        while True:
            with contextlib.suppress(OSError):
                process = await _spawn()
                try:
                    self._process, self._known = process, None
                    self._waiting.append((HELLO, asyncio.get_running_loop().create_future()))
                    self._send()
                    await self._listen(process)
                except Exception as error:  # whatever ended it, the next one may do better
                    log.warning("reader.ended", error=type(error).__name__)
                finally:
                    self._process = None
                    self._read_here()
                    await _end(process)
            await asyncio.sleep(PAUSE)

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process else None

    async def read(self, said: Said) -> Facts:
        facts = None
        if self._process is not None:
            loop = asyncio.get_running_loop()
            read: asyncio.Future[Facts | None] = loop.create_future()
            self._waiting.append((said, read))
            if len(self._waiting) == 1:
                loop.call_soon(self._send)  # with whatever else comes in this turn of the loop
            facts = await read
        return facts or await self._here.read(said)

    def _send(self) -> None:
        while self._waiting and self._process and self._process.stdin and len(self._under_way) < UNDER_WAY:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            basis = self._directory(), self._rules()
            news = None if self._known and all(a is b for a, b in zip(basis, self._known, strict=True)) else basis
            self._known = basis
            asked = pickle.dumps((news, [said for said, _ in batch]), pickle.HIGHEST_PROTOCOL)
            self._process.stdin.writelines((len(asked).to_bytes(HEAD), asked))
            self._under_way.append([read for _, read in batch])
            self._look_again()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Take answers. Raises whatever an end of the process, or something that is no answer, leads to."""
        assert process.stdout is not None
        while True:
            length = int.from_bytes(await process.stdout.readexactly(HEAD))
            answers = pickle.loads(await process.stdout.readexactly(length))  # noqa: S301 - from code of ours
            answered = list(zip(self._under_way[0], answers, strict=True))
            self._under_way.popleft()
            for read, facts in answered:
                if not read.done():
                    read.set_result(facts)
            self._look_again()
            self._send()

    def _read_here(self) -> None:
        """Whatever the process had or should have got is read by whoever asked."""
        unread = [read for batch in self._under_way for read in batch] + [read for _, read in self._waiting]
        self._under_way.clear()
        self._waiting.clear()
        self._look_again()
        for read in unread:
            if not read.done():
                read.set_result(None)

    def _look_again(self) -> None:
        """Give the batch that is being read its time."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._under_way and self._process is not None:
            self._watch = asyncio.get_running_loop().call_later(PATIENCE, _kill, self._process)


async def _spawn() -> asyncio.subprocess.Process:
    """Raises OSError when it cannot be started."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway.readers_worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": _ROOT, "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
        start_new_session=True,
        limit=1024 * 1024,
    )


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


async def _end(process: asyncio.subprocess.Process) -> None:
    _kill(process)
    if process.stdin is not None:
        process.stdin.close()
    try:
        await process.communicate()  # to the ends of its pipes
    except asyncio.CancelledError:
        await process.wait()
        raise
