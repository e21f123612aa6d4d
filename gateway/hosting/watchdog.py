"""A thread that notices when the event loop stands still, says where, and ends a process that does not come back.

A loop that is blocked answers nobody, and callers are held by other processes meanwhile; whoever started this one
starts it again. A pause of the whole machine is no reason to end: the thread stands still then too.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger()
TICK = 0.5  # seconds
SLOW = 2.0  # after which the place is written to the log
DEAD = 20.0  # after which the process ends


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@asynccontextmanager
async def watched(
    *, tick: float = TICK, slow: float = SLOW, dead: float = DEAD, end: Callable[[], None] = _end
) -> AsyncIterator[None]:
    """Watch this loop for as long as the block lasts."""
    beaten, over = threading.Event(), threading.Event()
    main = threading.get_ident()

    def watch() -> None:
        stood = 0.0
        while not over.wait(tick):
            before, stood = stood, 0.0 if beaten.is_set() else stood + tick
            beaten.clear()
            if before < slow <= stood:
                frame = sys._current_frames().get(main)
                where = "".join(traceback.format_stack(frame)[-3:]) if frame else ""
                log.error("loop.stands_still", seconds=stood, where=where)
            if stood >= dead:
                log.critical("loop.dead", seconds=stood)
                end()
                return

    async def beat() -> None:
        while True:
            beaten.set()
            await asyncio.sleep(tick / 2)

    beating = asyncio.create_task(beat())
    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        beating.cancel()
