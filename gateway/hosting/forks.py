"""Child processes that are copies of us: they share every page of memory that neither they nor we have changed since.

Make them from the main thread of a process that has no other thread and no event loop. A copy is in a session of its
own, is killed when we die (Linux), keeps our open files, is listed under the command that it stands for, and never
runs anything but what it was made for.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired
from typing import NoReturn

from gateway.hosting.processes import bound_to_us

_LOOK_EVERY = 0.01
_ARG_START, _ARG_END = 45, 46  # fields of /proc/self/stat, counted from behind the name


@dataclass(slots=True)
class Copy:
    """A copy that was made; to be used like a `subprocess.Popen`, by the thread that made it."""

    pid: int
    _status: int | None = None

    def poll(self) -> int | None:
        """Its exit status, or minus the signal that ended it; None while it runs."""
        if self._status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # whoever started us has the kernel forget how children end
                self._status = 1
            else:
                self._status = os.waitstatus_to_exitcode(status) if pid else None
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutExpired."""
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if end is not None and time.monotonic() >= end:
                raise TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(_LOOK_EVERY)
        return status

    def send_signal(self, sign: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, sign)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def copy(work: Callable[[], int], name: str) -> Copy:
    """A copy of us that does `work` and ends with its result, listed as the command `name`. Raises OSError."""
    bind = bound_to_us(signal.SIGKILL)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    pid = os.fork()
    if not pid:
        _live(work, name, bind)
    return Copy(pid)


def _live(work: Callable[[], int], name: str, bind: Callable[[], None] | None) -> NoReturn:
    """Nothing of what our parent was about to do, or to clean up, may happen here: this never returns."""
    status = 1
    try:
        if bind:
            bind()
        os.setsid()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(sign) is not signal.SIG_IGN:
                signal.signal(sign, signal.default_int_handler if sign == signal.SIGINT else signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        _be_listed_as(name)
        status = work()
    except BaseException:
        traceback.print_exc()
    finally:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


def _be_listed_as(name: str) -> None:
    """Write the command over the one that we were started with, in exactly its room (Linux)."""
    with suppress(OSError, ValueError, IndexError):
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[_ARG_START]), int(fields[_ARG_END])
        started = ctypes.string_at(start, end - start).split(b"\0")[0]
        rest = b"\0-m\0gateway\0%s\0" % name.encode()
        room = end - start - len(rest)
        if start and room > 0:
            ctypes.memmove(start, started.rjust(room, b"/")[-room:] + rest, end - start)
