"""Waiting to be told to stop, and ending what runs."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import Iterable
from types import FrameType
from typing import Any

COLLECTING = (20_000, 20, 50)  # rarer than Python's own habit: a process that serves makes little rubbish in circles


async def until_stopped() -> None:
    """Return at the first SIGTERM or SIGINT. Needs the main thread's loop.

    What was loaded until now stays for as long as the process lives: the garbage collector looks at it no more, so that
    nobody waits on the line while it does.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTING)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, told.set)
    await told.wait()


def told_to_stop() -> threading.Event:
    """What is set at the first SIGINT, SIGTERM or SIGHUP, for a process without a loop."""
    told = threading.Event()

    def note(signum: int, frame: FrameType | None) -> None:
        told.set()

    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Whoever started us with nohup, or in the background, had a signal ignored on purpose.
        if signal.getsignal(sign) is not signal.SIG_IGN:
            signal.signal(sign, note)
    return told


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until all have ended, whatever they end with.

    A library that is just ending a wait of its own may swallow a cancellation: it is told again every half second.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=0.5)
