"""Dying at a named point, for the fault harness: whoever reaches an armed point kills its own process with SIGKILL.

`CRASH_AT` names a folder. A point is armed by an empty file in it, `role.point` (`smtp.intake.after_commit`), which the
process that dies there removes first, so that one file is one death. Without CRASH_AT nothing is ever looked at;
beyond loopback the configuration refuses it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

Crash = Callable[[str], None]


def nowhere(point: str) -> None:
    """No point is armed."""


def crash_points(folder: Path | None, role: str) -> Crash:
    """What a process of `role` calls with the name of the point it has reached."""
    if folder is None:
        return nowhere

    def at(point: str) -> None:
        try:
            os.unlink(folder / f"{role}.{point}")
        except OSError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    return at
