"""Folders and private files: made with the mode that is asked for, never changed when they are already there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def make(folder: Path, mode: int = 0o711) -> None:
    """Make `folder` and what is missing above it, each with `mode` whatever the umask. Raises OSError."""
    if folder.is_dir():
        return
    make(folder.parent, mode)
    try:
        folder.mkdir()
    except FileExistsError:
        if folder.is_dir():
            return
        raise
    folder.chmod(mode)


def write_private(path: Path, content: str, *, replace: bool) -> bool:
    """Put `content` at `path`, mode 0600, whole or not at all, and on disk when this returns.

    Without `replace` an existing file wins: the answer is False and the file is as it was. Raises OSError.
    """
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(name, path)
            return True
        try:
            os.link(name, path)
        except FileExistsError:
            return False
        return True
    finally:
        Path(name).unlink(missing_ok=True)
        _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
