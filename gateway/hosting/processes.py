"""Child processes that never outlive us.

Each child is started in a session of its own, so that Ctrl-C reaches only us. On Linux the kernel signals it when the
thread that started it ends, however it ends: start children from the main thread. Elsewhere an orphan may stay.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class User:
    """Whom a child runs as."""

    name: str
    uid: int
    gid: int


def server_user() -> User | None:
    """`nobody` when we are root, because PostgreSQL refuses to run as root; None (ourselves) otherwise."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)


def spawn(
    argv: Sequence[str | Path],
    *,
    death_signal: signal.Signals,
    environ: Mapping[str, str],
    cwd: Path | None = None,
    user: User | None = None,
    output: IO[bytes] | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `argv`; it gets `death_signal` when we die. `keep` are file descriptors that it inherits.

    `output` takes its standard output and errors; without it they are ours. Raises OSError when it cannot be started.
    """
    return subprocess.Popen(  # noqa: S603
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=dict(environ),
        cwd=cwd,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        umask=0o077 if user else -1,
        start_new_session=True,
        pass_fds=tuple(keep),
        preexec_fn=bound_to_us(death_signal),
    )


def stop(process: subprocess.Popen[bytes], how: signal.Signals, within: float) -> bool:
    """Ask `process` to end and wait up to `within` seconds, then kill it. True when it ended by itself."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def end_with_parent() -> None:
    """From now on the end of the process that started us is a SIGTERM for us (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


def interrupt_nobody(pid: int = 0) -> None:
    """From now on a process (we, unless said otherwise) and whatever it starts have their share of the processor as
    before, but take it from nobody in the middle of their work, only once they wait or their turn is over (Linux)."""
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))


def bound_to_us(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What a child of ours does first, so that it gets `death_signal` when we die; None where that cannot be."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def bind() -> None:
        # Runs after the change of user, which would clear the setting; we may have died before it was made.
        if prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0 or os.getppid() != parent:
            os._exit(1)

    return bind
