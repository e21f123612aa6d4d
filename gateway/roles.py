"""The processes of one installation as children of ours: started in order, started again when they die, stopped.

A role that dies is back at once; one that keeps dying waits longer each time, up to ten seconds. One that ends with
EX_CONFIG would only do so again: that ends us all.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.config import EX_CONFIG
from gateway.processes import spawn, stop

DOORS = ("web", "smtp", "imap")
_STEADY_AFTER = 10.0
_PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)


class Misconfigured(Exception):
    """A role refused its configuration and has said why."""


@dataclass(slots=True)
class _Role:
    name: str
    process: subprocess.Popen[bytes]
    since: float
    deaths: int = 0
    again_at: float | None = None


@dataclass(slots=True)
class Roles:
    """`names` are commands of ours, run with `environ`. Start them from the main thread."""

    environ: Mapping[str, str]
    names: Sequence[str]
    _running: dict[str, _Role] = field(default_factory=dict)

    def start(self) -> None:
        for name in self.names:
            self._running[name] = _Role(name, self._spawn(name), time.monotonic())

    def tend(self) -> list[str]:
        """Start again what is due; what happened, in words. Raises Misconfigured."""
        return [line for role in self._running.values() if (line := self._tend(role))]

    def stop(self, names: Sequence[str], within: float) -> list[str]:
        """Ask `names` to end, all at once, and wait for them; those that had to be killed."""
        roles = [role for name in names if (role := self._running.pop(name, None))]
        for role in roles:
            if role.process.poll() is None:
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

    def run_once(self, name: str, stopping: Callable[[], bool]) -> int | None:
        """Run a command to its end; its exit status, or None when we were told to stop meanwhile."""
        process = self._spawn(name)
        while not stopping():
            try:
                return process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        stop(process, signal.SIGTERM, within=10)
        return None

    def _tend(self, role: _Role) -> str | None:
        now = time.monotonic()
        if role.again_at is not None:
            if now >= role.again_at:
                role.process, role.since, role.again_at = self._spawn(role.name), now, None
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

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "gateway", name]
        return spawn(argv, death_signal=signal.SIGKILL, environ=self.environ)


def _how(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"
