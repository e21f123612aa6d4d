"""Mails are parsed in processes of their own: a hostile one costs two seconds of CPU at most, and never the door.

`Parsers.read` answers for every mail and never raises: a mail on which the process crashes, hangs or outgrows its
memory comes back quarantined with its raw bytes. Mails that wait go over the pipe together; if the process dies, each
is tried again, and the one it was working on at most three times.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from channels.child import ended, is_ready, started
from channels.mail.reading import quarantined
from channels.parsing_frames import ANSWER, ANSWER_LIMIT, READY, asked, unpack
from channels.report import Report

TIME = 2.0  # seconds of CPU for one mail
PATIENCE = 4  # times as long may pass by the clock: on a busy machine no mail is too complex for having to wait
MEMORY = 1024 * 1024 * 1024  # bytes of address space
TRIES = 3
WINDOW, WINDOW_BYTES = 32, 4 * 1024 * 1024  # mails on their way to one process
_CHUNK = 256 * 1024  # bytes of answers read at a time
_PAUSE = 0.5  # seconds after a process that could not even start


@dataclass(slots=True)
class _Job:
    raw: bytes
    received_at: datetime
    found: str | None
    report: asyncio.Future[Report]
    tries: int = 0


class Parsers:
    """A pool of parsing processes; start it in the loop that uses it.

    `domains` are ours; mail servers in them are the ones whose Authentication-Results are believed, unless others are
    named.
    """

    def __init__(
        self,
        workers: int = 1,
        *,
        domains: Collection[str] = (),
        trusted_authserv: Collection[str] | None = None,
        time: float = TIME,
        memory: int = MEMORY,
    ) -> None:
        trusted = domains if trusted_authserv is None else trusted_authserv
        settings = {"domains": sorted(domains), "trusted": sorted(trusted), "cpu": time, "memory": memory}
        self._waiting: deque[_Job] = deque()
        self._workers = [_Worker(self._waiting, json.dumps(settings), time * PATIENCE) for _ in range(workers)]
        self._stopped = True

    async def start(self) -> None:
        self._stopped = False
        for worker in self._workers:
            worker.start()

    async def stop(self) -> None:
        """End the processes; mails that still wait come back unparsed."""
        self._stopped = True
        for worker in self._workers:
            await worker.stop()
        while self._waiting:
            _give_up(self._waiting.popleft(), "the parser was stopped")

    async def read(self, raw: bytes, received_at: datetime, found: str | None = None) -> Report:
        """What a mail says; `found` is what our own checks say of its sender, in place of what stands in it. Never
        raises."""
        if self._stopped:
            return quarantined(raw, received_at, "the parser was stopped")
        job = _Job(raw, received_at, found, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        min(self._workers, key=lambda worker: len(worker.under_way)).wake()
        return await job.report

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that are ready."""
        return tuple(worker.process.pid for worker in self._workers if worker.process is not None)


@dataclass(slots=True, eq=False)
class _Worker:
    """One process, started again whenever it ends; `under_way` are its mails in order, the first one being parsed."""

    waiting: deque[_Job]
    settings: str
    patience: float
    under_way: deque[_Job] = field(default_factory=deque)
    process: asyncio.subprocess.Process | None = None
    _bytes: int = 0
    _head_since: float = 0.0
    _watch: asyncio.TimerHandle | None = None
    _late: bool = False
    _failed_starts: int = 0
    _life: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._life = asyncio.create_task(self._live())

    async def stop(self) -> None:
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life
        while self.under_way:
            _give_up(self.under_way.popleft(), "the parser was stopped")

    def wake(self) -> None:
        """Send what waits, as far as the window goes."""
        process = self.process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return
        frames: list[bytes] = []
        while self.waiting and len(self.under_way) < WINDOW and (not self.under_way or self._bytes < WINDOW_BYTES):
            job = self.waiting.popleft()
            if job.report.done():
                continue
            if not self.under_way:
                self._head_begins()
            self.under_way.append(job)
            self._bytes += len(job.raw)
            frames += asked(job.raw, job.found)
        if frames:
            process.stdin.writelines(frames)

    async def _live(self) -> None:
        while True:
            try:
                process = await started("channels.parsing_worker", self.settings)
            except OSError:
                await self._cannot_start()
                continue
            try:
                if await is_ready(process, READY):
                    self.process, self._failed_starts = process, 0
                    self.wake()
                    await self._listen(process)
            finally:
                ready, self.process = self.process is not None, None
                await self._end(process)
            self._late |= process.returncode == -signal.SIGPROF
            if ready:
                self._take_back()
            else:
                await self._cannot_start()

    async def _cannot_start(self) -> None:
        self._failed_starts += 1
        while self.waiting and self._failed_starts >= TRIES:
            _give_up(self.waiting.popleft(), "the parser could not be started")
        await asyncio.sleep(_PAUSE)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Take answers until the process ends or says something that is none."""
        assert process.stdout is not None
        heard = bytearray()
        with contextlib.suppress(ConnectionError, ValueError, KeyError, TypeError, IndexError):
            while said := await process.stdout.read(_CHUNK):
                heard += said
                while (length := self._answer_length(heard)) <= len(heard):
                    self._answered(bytes(heard[:length]))
                    del heard[:length]
                if self.waiting:
                    self.wake()

    def _answer_length(self, heard: bytearray) -> int:
        """How long the first answer is. Raises ValueError for what is none."""
        if len(heard) < ANSWER.size:
            return ANSWER.size
        length: int = ANSWER.size + sum(ANSWER.unpack_from(heard))
        if length > ANSWER_LIMIT or not self.under_way:
            raise ValueError("not an answer")
        return length

    def _answered(self, answer: bytes) -> None:
        end = ANSWER.size + ANSWER.unpack_from(answer)[0]
        job = self.under_way[0]
        report = unpack(answer[ANSWER.size : end], answer[end:], job.raw, job.received_at)
        self.under_way.popleft()
        self._bytes -= len(job.raw)
        self._head_begins()
        if not job.report.done():
            job.report.set_result(report)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        await ended(process)

    def _take_back(self) -> None:
        """The process is gone: what it had goes back to the front, except a mail that it must not see again."""
        jobs = list(self.under_way)
        self.under_way.clear()
        self._bytes = 0
        late, self._late = self._late, False
        if jobs:
            jobs[0].tries += 1
            if late:
                _give_up(jobs.pop(0), "too complex: not parsed in time")
            elif jobs[0].tries >= TRIES:
                _give_up(jobs.pop(0), "the parser crashed on it")
        self.waiting.extendleft(reversed(jobs))

    def _head_begins(self) -> None:
        loop = asyncio.get_running_loop()
        self._head_since = loop.time()
        if self._watch is None:
            self._watch = loop.call_later(self.patience, self._check)

    def _check(self) -> None:
        self._watch = None
        if not self.under_way:
            return
        loop = asyncio.get_running_loop()
        left = self._head_since + self.patience - loop.time()
        if left > 0:
            self._watch = loop.call_later(left, self._check)
        elif self.process is not None:
            self._late = True
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()


def _give_up(job: _Job, reason: str) -> None:
    if not job.report.done():
        job.report.set_result(quarantined(job.raw, job.received_at, reason))
