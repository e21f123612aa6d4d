"""Where mails come from is checked in a process of its own: neither name servers nor arithmetic hold up the door.

`Checks.find` answers for every mail within a few seconds and never raises: when the process is slow, crashes or stands
still, what it says is that it is not known (`temperror`), which verifies nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from itertools import count

import structlog

from channels.child import ended, is_ready, started
from channels.vouching.frames import ANSWER, ANSWER_LIMIT, READY, asked
from channels.vouching.header import written
from channels.vouching.values import Finding, Origin

log = structlog.get_logger()
WITHIN = 4.0  # seconds for the checks of one mail
PATIENCE = 5.0  # seconds that a mail waits for them
MEMORY = 1024 * 1024 * 1024  # bytes of address space
_PAUSE = 0.5  # seconds before another process is started


class Checks:
    """A process that checks; start it in the loop that uses it. `server` is our name in what it finds, `servers` are
    the name servers to ask (address and port), those of the system when there are none.
    """

    def __init__(
        self,
        server: str,
        servers: Sequence[tuple[str, int]] = (),
        *,
        within: float = WITHIN,
        patience: float = PATIENCE,
        memory: int = MEMORY,
    ) -> None:
        self._server, self._patience = server, patience
        self._settings = json.dumps({"server": server, "servers": list(servers), "within": within, "memory": memory})
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[str]] = {}
        self._heard = 0.0
        self._process: asyncio.subprocess.Process | None = None
        self._life: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns once it can be asked, or has failed to start once."""
        tried = asyncio.Event()
        self._life = asyncio.create_task(self._live(tried))
        await tried.wait()

    async def stop(self) -> None:
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life

    @property
    def pid(self) -> int | None:
        """The process, while it can be asked."""
        return self._process.pid if self._process else None

    async def find(self, raw: bytes, origin: Origin) -> str:
        """What is found of where a mail comes from, as a value of Authentication-Results. Never raises."""
        process, loop = self._process, asyncio.get_running_loop()
        if process is None or process.stdin is None or process.stdin.is_closing():
            return self._unknown("the checks do not run")
        number, since = next(self._numbers), loop.time()
        self._asked[number] = loop.create_future()
        process.stdin.writelines(asked(number, raw, origin))
        try:
            async with asyncio.timeout(self._patience):
                return await self._asked[number]
        except TimeoutError:
            if self._heard < since and process is self._process:
                log.warning("smtp.checks_stood_still")
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            return self._unknown("the checks took too long")
        finally:
            self._asked.pop(number, None)

    async def _live(self, tried: asyncio.Event) -> None:
        while True:
            with contextlib.suppress(OSError):
                process = await started("channels.vouching.worker", self._settings)
                try:
                    if await is_ready(process, READY):
                        self._process = process
                        tried.set()
                        await self._listen(process)
                    log.warning("smtp.checks_ended")
                finally:
                    self._process = None
                    self._give_up()
                    await ended(process)
            tried.set()
            await asyncio.sleep(_PAUSE)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Take answers until the process ends or says something that is none."""
        assert process.stdout is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, UnicodeDecodeError):
            while True:
                number, length = ANSWER.unpack(await process.stdout.readexactly(ANSWER.size))
                if length > ANSWER_LIMIT:
                    return
                value = (await process.stdout.readexactly(length)).decode("ascii")
                self._heard = asyncio.get_running_loop().time()
                if (wanted := self._asked.get(number)) and not wanted.done():
                    wanted.set_result(value)

    def _give_up(self) -> None:
        for wanted in self._asked.values():
            if not wanted.done():
                wanted.set_result(self._unknown("the checks ended"))

    def _unknown(self, reason: str) -> str:
        return written(self._server, [Finding("dmarc", "temperror", reason)])
