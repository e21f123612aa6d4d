"""Reading what reports say, in a process of its own where many come at once, so that a door's loop is its clients'.

`read` gives what `routing.facts.read_facts` gives by the master data and the rules in force when the text was sent
over. A process that ends, says nonsense or takes longer than `PATIENCE` costs nothing but the time: what it had is read
here, and another is started. It ends by itself when its parent goes away. The first one may be a copy of us, which
shares what it reads by with us; by the time that another is needed we cannot be copied any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import socket
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog

from channels.child import ENVIRONMENT
from gateway.hosting.forks import Copy, copy
from gateway.keeping.readers_worker import HEAD, serve
from gateway.ruling import rules_of
from routing.directory import Directory
from routing.facts import Facts, read_facts
from routing.rules import Rules, RulesError
from routing.values import Said

log = structlog.get_logger()
BATCH = 16  # texts that go over together
UNDER_WAY = 2  # batches: one being read, one in the pipe
PATIENCE = 5.0  # seconds for a batch
PAUSE = 1.0  # seconds before another process is started
HELLO = Said(channel="form", at=datetime(1970, 1, 1, tzinfo=UTC), text="Hello, hej, hei")
LIMIT = 1024 * 1024


class Reader(Protocol):
    async def read(self, said: Said) -> Facts: ...


@dataclass(frozen=True, slots=True)
class Born:
    """A process that reads, our end of the line to it, and what it reads by already."""

    process: Copy | subprocess.Popen[bytes]
    line: socket.socket
    rules: Rules | None = None


def born(data_dir: Path) -> Born | None:
    """A copy of us that reads by the rules as they are now; None when they are wrong. To be made before any thread."""
    try:
        rules = rules_of(data_dir)
    except RulesError:
        return None
    _ = rules.experience
    ours, theirs = socket.socketpair()

    def work() -> int:
        ours.close()
        return serve(theirs, rules)

    process = copy(work, "reader")
    theirs.close()
    return Born(process, ours, rules)


@asynccontextmanager
async def reader_apart(
    directory: Callable[[], Directory], rules: Callable[[], Rules], first: Born | None = None
) -> AsyncIterator[There]:
    """A reader in a process of its own, for as long as the block lasts."""
    reader = There(directory, rules, first)
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

    def __init__(
        self, directory: Callable[[], Directory], rules: Callable[[], Rules], first: Born | None = None
    ) -> None:
        self._here, self._directory, self._rules = Here(directory, rules), directory, rules
        self._first = first
        self._known: tuple[Directory | None, Rules | None] = None, None  # what the process reads by
        self._waiting: list[tuple[Said, asyncio.Future[Facts | None]]] = []
        self._under_way: deque[list[asyncio.Future[Facts | None]]] = deque()
        self._process: Copy | subprocess.Popen[bytes] | None = None
        self._line: asyncio.StreamWriter | None = None
        self._watch: asyncio.TimerHandle | None = None

    async def live(self) -> None:
        """Keep a process, until cancelled; without it, and after it, everything is read here."""
        while True:
            with contextlib.suppress(OSError):
                reader, self._first = self._first or _started(), None
                try:
                    answers, self._line = await asyncio.open_connection(sock=reader.line, limit=LIMIT)
                    self._process, self._known = reader.process, (None, reader.rules)
                    self._waiting.append((HELLO, asyncio.get_running_loop().create_future()))
                    self._send()
                    await self._listen(answers)
                except Exception as error:  # whatever ended it, the next one may do better
                    log.warning("reader.ended", error=type(error).__name__)
                finally:
                    line, self._process, self._line = self._line, None, None
                    self._read_here()
                    await _end(reader, line)
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
        while self._waiting and self._line and len(self._under_way) < UNDER_WAY:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            directory, rules = self._directory(), self._rules()
            news = (
                directory if directory is not self._known[0] else None,
                rules if rules is not self._known[1] else None,
            )
            self._known = directory, rules
            asked = pickle.dumps((*news, [said for said, _ in batch]), pickle.HIGHEST_PROTOCOL)
            self._line.writelines((len(asked).to_bytes(HEAD), asked))
            self._under_way.append([read for _, read in batch])
            self._look_again()

    async def _listen(self, line: asyncio.StreamReader) -> None:
        """Take answers. Raises whatever an end of the process, or something that is no answer, leads to."""
        while True:
            length = int.from_bytes(await line.readexactly(HEAD))
            answers = pickle.loads(await line.readexactly(length))  # noqa: S301 - from code of ours
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
            self._watch = asyncio.get_running_loop().call_later(PATIENCE, self._process.kill)


def _started() -> Born:
    """A process that is started anew. Raises OSError."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.keeping.readers_worker"],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            start_new_session=True,
        )
    return Born(process, ours)


async def _end(reader: Born, line: asyncio.StreamWriter | None) -> None:
    reader.process.kill()
    (line or reader.line).close()
    await asyncio.shield(asyncio.to_thread(reader.process.wait))
