"""A disk that fails once."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest


def failing_sync(monkeypatch: pytest.MonkeyPatch, nth: int) -> list[Path]:
    """Have the `nth` fsync fail from now on; what was to be made durable, in order."""
    sync, synced = os.fsync, list[Path]()

    def broken(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").resolve())
        if len(synced) == nth:
            raise OSError(errno.EIO, "the disk is broken")
        sync(handle)

    monkeypatch.setattr(os, "fsync", broken)
    return synced
