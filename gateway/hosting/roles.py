"""The processes of one installation as copies of us: made in order, made again when they die, stopped.

A process that dies is back at once; one that keeps dying waits longer each time, up to ten seconds. One that ends with
EX_CONFIG would only do so again: that ends us all.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from gateway.commands import outcome
from gateway.config import EX_CONFIG
from gateway.hosting.forks import Copy, copy

DOORS = ("web", "smtp", "imap")
_STEADY_AFTER = 10.0
_PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)


class Misconfigured(Exception):
    """A role refused its configuration and has said why."""


@dataclass(slots=True)
class _Role:
    name: str
    work: Callable[[], object]
    process: Copy
    since: float
    deaths: int = 0
    again_at: float | None = None


@dataclass(slots=True)
class Roles:
    """`processes` are named, several perhaps alike. They are made from the main thread of a process without others."""

    processes: Sequence[tuple[str, Callable[[], object]]]
    _running: list[_Role] = field(default_factory=list)

    def start(self) -> None:
        for name, work in self.processes:
            self._running.append(_Role(name, work, _made(name, work), time.monotonic()))

    def tend(self) -> list[str]:
        """Start again what is due; what happened, in words. Raises Misconfigured."""
        return [line for role in self._running if (line := self._tend(role))]

    def stop(self, names: Sequence[str], within: float) -> list[str]:
        """Ask `names` to end, all at once, and wait for them; those that had to be killed."""
        roles = [role for role in self._running if role.name in names]
        self._running = [role for role in self._running if role.name not in names]
        for role in roles:
            role.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + within
        killed = []
        for role in roles:
            try:
                role.process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                role.process.kill()
                role.process.wait()
                killed.append(role.name)
        return killed

    def _tend(self, role: _Role) -> str | None:
        now = time.monotonic()
        if role.again_at is not None:
            if now >= role.again_at:
                role.process, role.since, role.again_at = _made(role.name, role.work), now, None
            return None
        if (status := role.process.poll()) is None:
            return None
        if status == EX_CONFIG:
            raise Misconfigured(role.name)
        role.deaths = 0 if now - role.since > _STEADY_AFTER else role.deaths
        pause = _PAUSES[min(role.deaths, len(_PAUSES) - 1)]
        role.deaths += 1
        role.again_at = now + pause
        return f"{role.name} ended ({_how(status)}) and is started again" + (f" in {pause:g} s" if pause else "")


def _made(name: str, work: Callable[[], object]) -> Copy:
    return copy(partial(outcome, work), name)


def _how(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"
