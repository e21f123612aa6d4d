"""What goes wrong, when and where: processes killed at named points and at random times, paused, emptied, cut off.

The plan is made from a seed before anything starts. A named point inside the product is armed by a file (`CRASH_AT`)
and strikes when some process reaches it; the points of a mail's dialogue strike when the driver's client is there.
After each blow the nemesis waits until what it hit answers again and notes how long that took.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import signal
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import redis.asyncio

from tests.fakes.product import Product
from tests.faults.ledger import Ledger

DIALOGUE = ("before_data", "mid_data", "after_dot", "after_reply")
INSIDE = (
    "smtp.intake.before_commit",
    "smtp.intake.after_commit",
    "web.intake.before_commit",
    "web.intake.after_commit",
    "web.voice.before_commit",
    "web.voice.after_commit",
    "worker.outbox.after_lease",
    "worker.outbox.after_send",
    "worker.outbox.after_mark",
    "imap.intake.before_commit",
    "imap.intake.after_commit",
    "imap.cursor.before_save",
    "imap.cursor.after_save",
)
ROLES = ("smtp", "web", "worker", "imap")
AT_RANDOM = (
    "kill smtp",
    "kill web",
    "kill worker",
    "kill imap",
    "kill roles",
    "kill all",
    "kill up",
    "stop postgres at once",
    "kill postgres",
    "kill valkey",
    "flush valkey",
    "pause smtp",
    "pause web",
    "pause worker",
    "freeze postgres",
)
PAUSE = (2.0, 6.0)  # seconds of a SIGSTOP
STRIKES_WITHIN = 12.0  # seconds that an armed point is waited for
BACK_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing that went wrong: `deaths` processes ended by it; `back` is the time until a good answer, in seconds."""

    what: str
    at: float
    deaths: int
    back: float | None


def plan(rng: random.Random, kills: int, points: Sequence[str] = (*DIALOGUE, *INSIDE)) -> list[str]:
    """So many blows that kill, every named point among them if there is room, and a quarter as many that do not."""
    random_kills = [what for what in AT_RANDOM if what.startswith(("kill", "stop"))]
    others = [what for what in AT_RANDOM if what not in random_kills]
    chosen = [*points, *random_kills][:kills]
    while len(chosen) < kills:
        chosen.append(rng.choice(points) if rng.random() < 0.5 else rng.choice(random_kills))
    chosen += [others[nth % len(others)] for nth in range(kills // 4)]
    rng.shuffle(chosen)
    return chosen


@dataclass
class Nemesis:
    """Strikes one blow after the other. `down` holds the times (from, to) in which a neighbour or door was away."""

    product: Product
    ledger: Ledger
    rng: random.Random
    points: Path
    blows: list[Blow] = field(default_factory=list)
    down: list[tuple[float, float, str]] = field(default_factory=list)
    frozen: list[tuple[float, float]] = field(default_factory=list)
    _waited_for: str | None = None
    _struck: asyncio.Event = field(default_factory=asyncio.Event)

    async def moment(self, point: str) -> None:
        """A mail client is at `point`: the mail door dies here if that is planned."""
        if self._waited_for == point:
            self._waited_for = None
            await asyncio.to_thread(self._kill, "smtp")
            self._struck.set()

    async def strike(self, what: str) -> str:
        """Do it, or something else that kills when nobody comes to the point; wait until all is well; what was done."""
        began = self.ledger.now
        deaths = await self._do(what)
        if deaths is None:
            self.ledger.note("not reached", blow=what)
            began, what = self.ledger.now, f"kill {what.partition('.')[0] if what in INSIDE else 'smtp'}"
            deaths = await self._do(what) or 0
        struck = self.ledger.now if what in (*DIALOGUE, *INSIDE) else began
        back = await self._well_again(struck)
        self.down.append((struck - 0.5, self.ledger.now, what))
        self.blows.append(Blow(what, struck, deaths, back))
        self.ledger.note("blow", blow=what, deaths=deaths, back=back)
        return what

    async def _do(self, what: str) -> int | None:
        if what in DIALOGUE:
            return await self._at_dialogue(what)
        if what in INSIDE:
            return await self._at_point(what)
        verb, _, whom = what.partition(" ")
        match verb, whom:
            case "kill", "roles":
                return await asyncio.to_thread(self._kill, *ROLES)
            case "kill", "all":
                return await asyncio.to_thread(self._kill, "postgres", "valkey", *ROLES)
            case "kill", "up":
                return await asyncio.to_thread(self._kill_up)
            case "kill", "valkey":
                return await asyncio.to_thread(self._kill, "valkey")
            case "kill", _:
                return await asyncio.to_thread(self._kill, whom)
            case "stop", _:
                return await asyncio.to_thread(self._kill, "postgres", how=signal.SIGQUIT)
            case "flush", _:
                await self._flush()
            case "pause", _:
                await self._pause(whom)
            case "freeze", _:
                await self._freeze()
        return 0

    async def _at_dialogue(self, point: str) -> int | None:
        self._struck.clear()
        self._waited_for = point
        try:
            async with asyncio.timeout(STRIKES_WITHIN):
                await self._struck.wait()
        except TimeoutError:
            self._waited_for = None
            return None
        return 1

    async def _at_point(self, point: str) -> int | None:
        armed = self.points / point
        armed.touch()
        end = self.ledger.now + STRIKES_WITHIN
        while armed.exists():
            if self.ledger.now > end:
                try:
                    armed.unlink()
                except FileNotFoundError:
                    break
                return None
            await asyncio.sleep(0.01)
        return 1

    async def _flush(self) -> None:
        folder = await asyncio.to_thread(self._valkey_folder)
        if folder:
            async with redis.asyncio.Redis(unix_socket_path=f"{folder}/valkey.sock") as store:
                await store.flushall()

    async def _pause(self, role: str) -> None:
        process = await asyncio.to_thread(self.product.role, role)
        if process is None:
            return
        with suppress(psutil.NoSuchProcess):
            process.suspend()
            await asyncio.sleep(self.rng.uniform(*PAUSE))
            process.resume()

    async def _freeze(self) -> None:
        """PostgreSQL takes connections and answers nothing."""
        server = await asyncio.to_thread(self.product.role, "postgres")
        if server is None:
            return
        with suppress(psutil.NoSuchProcess):
            whole = [server, *server.children(recursive=True)]
            for process in whole:
                with suppress(psutil.NoSuchProcess):
                    process.suspend()
            began = self.ledger.now
            await asyncio.sleep(self.rng.uniform(*PAUSE))
            self.frozen.append((began, self.ledger.now))
            for process in whole:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def _kill(self, *names: str, how: signal.Signals = signal.SIGKILL) -> int:
        found = [process for name in names for process in self._hit(name)]
        deaths = 0
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(how)
                deaths += 1
        return deaths

    def _hit(self, name: str) -> list[psutil.Process]:
        """Every process of a role; of a server the one that the others belong to."""
        return self.product.processes(name) if name in ROLES else self.product.processes(name)[:1]

    def _kill_up(self) -> int:
        """As a power cut for everything but the disk's own memory: the kernel ends what `up` had started."""
        family = self.product.family()
        family[0].kill()
        assert self.product.process
        self.product.process.wait()
        psutil.wait_procs(family, timeout=30)
        self.product.launch()
        return len([member for member in family if not member.is_running()])

    def _valkey_folder(self) -> Path | None:
        process = self.product.role("valkey")
        words = process.cmdline() if process else []
        return Path(words[words.index("--dir") + 1]) if "--dir" in words else None

    async def _well_again(self, since: float) -> float | None:
        """Seconds until pages, mail door and database answer and every role runs; None when they do not."""
        while self.ledger.now < since + BACK_WITHIN:
            if await asyncio.to_thread(self._well):
                return self.ledger.now - since
            await asyncio.sleep(0.05)
        return None

    def _well(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.product.url}/readyz", timeout=5) as answer:
                checks = json.load(answer)["checks"]
        except (OSError, http.client.HTTPException, ValueError):
            return False
        neighbours = checks["postgresql"]["ok"] and checks["redis"]["ok"]
        return bool(neighbours and self.product.greets() and all(map(self.product.role, ROLES)))
