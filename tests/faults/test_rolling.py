"""F7: web processes are told to stop one after the other while calls are under way, and start again. No webhook fails,
no caller meets silence, and what every caller told is there once."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import aiohttp
import psycopg

from gateway.config import Config
from gateway.demo.callers import Caller
from gateway.demo.phone import Call, Line, signature
from gateway.hosting.ports import unclaimed
from tests.fakes.product import ROOT, eventually
from tests.stories.test_twins import ready

TOKEN, SECRET = "a token of twenty letters", "token-of-the-provider"
PUBLIC = "http://127.0.0.1:9"
CALLERS, ROUNDS, BETWEEN = 6, 4, 40  # at once; restarts; webhooks answered between what is done to the doors
PROVIDER = 15.0  # seconds that the provider waits for an answer
SILENCE = 3.0  # seconds that an answer may take, so that the caller hears something
VOICELESS = 20.0  # seconds that a caller may be waited for without a word


@dataclass
class Doors:
    """Web processes on ports of their own, and which of them a balancer sends to: those that take a connection."""

    environ: Mapping[str, str]
    folder: Path
    ports: tuple[int, ...]
    running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    async def start(self, port: int) -> None:
        self.running[port] = self._launched(port)
        assert await asyncio.to_thread(eventually, lambda: ready(port), 90.0), self.said(port)

    def _launched(self, port: int) -> subprocess.Popen[bytes]:
        environ, command = {**self.environ, "PORT": str(port)}, [sys.executable, "-m", "gateway", "web"]
        with (self.folder / f"web{port}.said").open("ab") as said:
            return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=said, stderr=said)

    async def stop(self, port: int) -> None:
        process = self.running.pop(port)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 60) == 0, self.said(port)

    def said(self, port: int) -> str:
        return (self.folder / f"web{port}.said").read_text(errors="replace")

    def end(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()


@dataclass
class Balanced(Line):
    """A line whose webhooks go round the doors; one that takes no connection is passed over, as a balancer does. What
    happens after a connection was taken is not mended here: it is `broken`."""

    doors: Doors | None = None
    turns: Iterator[int] = field(default_factory=itertools.count)
    answers: Counter[int] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    longest: float = 0.0
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def post(
        self, url: str, fields: Mapping[str, str], *, sign: bool = True, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        assert self.doors
        public = urljoin(PUBLIC, url)
        signed = {"X-Twilio-Signature": signature(self.token, public, fields)}
        began, first = time.monotonic(), next(self.turns)
        for nth in itertools.count():
            assert time.monotonic() - began < PROVIDER, "no door takes a connection"
            port = self.doors.ports[(first + nth) % len(self.doors.ports)]
            asked = public.replace(PUBLIC, f"http://127.0.0.1:{port}")
            try:
                async with self.session.post(asked, data=dict(fields), headers=signed) as answer:
                    status, document = answer.status, await answer.text()
            except aiohttp.ClientConnectorError:
                continue
            except aiohttp.ClientError as error:
                self.broken.append(f"{url}: {type(error).__name__}")
                continue
            self.longest = max(self.longest, time.monotonic() - began)
            async with self.heard:
                self.answers[status] += 1
                self.heard.notify_all()
            return status, document
        raise AssertionError

    async def answered(self, more: int) -> None:
        """Return when so many more webhooks were answered."""
        wanted = self.answers.total() + more
        async with self.heard:
            await self.heard.wait_for(lambda: self.answers.total() >= wanted)


@asynccontextmanager
async def doors_of(config: Config, folder: Path, **more: str) -> AsyncIterator[Doors]:
    environ = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": config.database_url or "",
        "REDIS_URL": config.redis_url or "",
        "DATA_DIR": str(folder / "var"),
        "SECRET_KEYS": "one secret key that all of the doors know",
        "ADMIN_TOKEN": TOKEN,
        "PUBLIC_URL": PUBLIC,
        "TWILIO_AUTH_TOKEN": SECRET,
        "TWILIO_NUMBERS": "+46313900100",
        "RECORDING_CONSENT": "never",
        **more,
    }
    doors = Doors(environ, folder, (unclaimed(), unclaimed()))
    try:
        await asyncio.gather(*(doors.start(port) for port in doors.ports))
        yield doors
    finally:
        doors.end()


async def ring(line: Balanced, nth: int) -> Call:
    """A whole call, or one that is put down half way; each from a number of its own."""
    dice = random.Random(nth)
    phone = f"+4670174{nth:04d}"
    if nth % 3 == 0:
        call = await line.call(phone)
        for keys in ("1", "2", "1", "21007#")[: dice.randint(2, 4)]:
            await call.press(keys)
        await call.hang_up()
        return call
    caller = Caller(f"Laddaren startar inte, ärende {nth}", "sv", "21007", phone, dice)
    return await caller.ring(line)


async def callers(line: Balanced, numbers: itertools.count[int], enough: asyncio.Event) -> list[Call]:
    calls = []
    while not enough.is_set():
        calls.append(await ring(line, next(numbers)))
    return calls


async def reported(config: Config) -> Counter[str]:
    """How often each number's call is among the reports."""
    async with await psycopg.AsyncConnection.connect(config.database_url or "") as record:
        rows = await record.execute("SELECT sender_phone FROM report_contents")
        return Counter([phone async for (phone,) in rows])


async def test_f07_processes_that_are_restarted_in_turn_fail_no_webhook_and_lose_no_call(
    config: Config, tmp_path: Path
) -> None:
    connections = aiohttp.TCPConnector(force_close=True)
    async with doors_of(config, tmp_path) as doors, aiohttp.ClientSession(connector=connections) as session:
        line = Balanced(session, PUBLIC, SECRET, doors=doors)
        enough, numbers = asyncio.Event(), itertools.count(1)
        talking = [asyncio.create_task(callers(line, numbers, enough)) for _ in range(CALLERS)]
        for nth in range(ROUNDS):
            port = doors.ports[nth % len(doors.ports)]
            await line.answered(BETWEEN)
            stopping = asyncio.create_task(doors.stop(port))
            await line.answered(BETWEEN)
            await stopping
            await doors.start(port)
        await line.answered(BETWEEN)
        enough.set()
        calls = [call for made in await asyncio.gather(*talking) for call in made]
        print(f"{len(calls)} calls, {line.answers.total()} webhooks, slowest {line.longest:.2f} s, {ROUNDS} restarts")
        assert line.broken == []
        assert set(line.answers) <= {200, 204}
        assert all(call.over for call in calls)
        assert max(call.voiceless for call in calls) <= VOICELESS
        assert line.longest <= SILENCE
        assert await reported(config) == Counter(call.caller for call in calls)
    left = [path for path in (tmp_path / "var").rglob("*") if "spool" in path.parts and path.is_file()]
    assert left == [], "and nothing waits in a spool"
