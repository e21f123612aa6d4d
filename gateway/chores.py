"""What a worker does again and again, each chore in a loop of its own, so that a slow one holds up no other.

A chore that fails is logged and tried again soon; while PostgreSQL is away nothing is done and nothing is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from gateway.hosting.tracing import Span, untraced
from gateway.record.db import Unavailable

log = structlog.get_logger()
REST = 2.0  # seconds between sweeps that nobody asked for, and until one that failed is tried again
DUE = 0.05  # seconds in which wake-ups are gathered into one sweep


@dataclass(frozen=True, slots=True)
class Chore:
    """`sweep` does what is due and returns how much that was. It is done when it is woken, and by itself every `REST`;
    or, with `every`, so many seconds after the last time, whoever wakes it. One that is done `at_once` gathers wake-ups
    after it and not before: somebody waits for it.
    """

    name: str
    sweep: Callable[[], Awaitable[int]]
    every: float | None = None
    at_once: bool = False


class Chores:
    """All chores of one worker, in the order in which they are done when everything is done once."""

    def __init__(self, chores: Sequence[Chore], span: Span = untraced) -> None:
        self.all = tuple(chores)
        self._span = span
        self._woken = {chore: asyncio.Event() for chore in chores}

    def wake(self) -> None:
        for event in self._woken.values():
            event.set()

    async def sweep(self) -> None:
        """Everything once."""
        for chore in self.all:
            await _once(chore, self._span)

    async def run(self) -> None:
        """Sweep until cancelled."""
        await asyncio.gather(*(_again(chore, woken, self._span) for chore, woken in self._woken.items()))


async def _again(chore: Chore, woken: asyncio.Event, span: Span) -> None:
    while True:
        woken.clear()
        done = await _once(chore, span)
        if chore.every is not None:
            await asyncio.sleep(chore.every if done else min(REST, chore.every))
            continue
        if chore.at_once:
            await asyncio.sleep(DUE)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), REST)
        if not chore.at_once:
            await asyncio.sleep(DUE)


async def _once(chore: Chore, span: Span) -> bool:
    """One sweep; whether it came to its end."""
    try:
        with span(f"sweep {chore.name}"):
            await chore.sweep()
    except Unavailable:
        return False
    except Exception as error:
        log.exception("sweep.failed", sweep=chore.name, error=type(error).__name__)
        return False
    return True
