"""What was learnt, kept from one start to the next as Python keeps what it compiled: in `__pycache__` beside the code.

It is found again only for the same sentences, words, code and library, and learnt anew where anything is missing,
damaged or cannot be written; of several processes that start together, one learns and the others wait for it. Who may
write that folder may run code here anyway; what is read from it is figures and words, never code.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import numpy as np

from routing.examples import Lesson
from routing.values import Category

_PREFIX = "learnt-"
_KEPT = 4  # different lessons, the last ones used
_WRONG = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile)


def kept(taught: Any, learn: Callable[[], Lesson], folder: Path | None = None) -> Lesson:
    """The lesson of what was `taught` (plain values, which JSON can write), learnt once for all processes."""
    path = _path(taught, folder)
    with contextlib.suppress(*_WRONG):
        return _read(path)
    with _alone(path.parent):
        with contextlib.suppress(*_WRONG):
            return _read(path)
        lesson = learn()
        with contextlib.suppress(OSError):
            _write(path, lesson)
        return lesson


def digest(values: Any) -> str:
    """What tells plain values (which JSON can write) from all others."""
    return hashlib.sha256(json.dumps(values, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def is_kept(taught: Any, folder: Path | None = None) -> bool:
    """Whether the next start finds it."""
    return _path(taught, folder).is_file()


def _path(taught: Any, folder: Path | None) -> Path:
    folder = folder or Path(cache_from_source(__file__)).parent
    return folder / f"{_PREFIX}{_key(taught)}.npz"


def _key(taught: Any) -> str:
    return hashlib.sha256(_code() + digest(taught).encode()).hexdigest()[:32]


@cache
def _code() -> bytes:
    """What tells that others would learn something else: the code here, and the library that reckons."""
    found = hashlib.sha256(f"{np.__version__} {sys.byteorder}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found.update(path.read_bytes())
    return found.digest()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else learns meanwhile, where the folder can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / f"{_PREFIX}lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        yield
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _read(path: Path) -> Lesson:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
        features = json.loads(held["features"].tobytes())
        categories = tuple(map(Category, json.loads(held["categories"].tobytes())))
        table = held["table"]
    if table.shape != (len(features), len(categories) + 3):
        raise ValueError("not what was written")
    with contextlib.suppress(OSError):
        os.utime(path)
    return Lesson(tuple(features), categories, table)


def _write(path: Path, lesson: Lesson) -> None:
    """Whole or not at all; the oldest others go."""
    fd, name = tempfile.mkstemp(prefix=_PREFIX, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            os.fchmod(fd, 0o644)
            features, categories = map(_bytes, (lesson.features, lesson.categories))
            np.savez(file, features=features, categories=categories, table=lesson.table)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    others = sorted(path.parent.glob(f"{_PREFIX}*.npz"), key=lambda one: one.stat().st_mtime, reverse=True)
    for old in others[_KEPT:]:
        old.unlink(missing_ok=True)


def _bytes(words: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.frombuffer(json.dumps(words, ensure_ascii=False).encode(), dtype=np.uint8)
