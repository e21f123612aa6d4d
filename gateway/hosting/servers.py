"""The embedded PostgreSQL and Valkey of one DATA_DIR.

They live as long as who started them: a normal `stop`, or a kill -9 of the starter, ends them, and PostgreSQL loses
nothing that was committed. Only one pair runs on a DATA_DIR at a time; the kernel holds the lock for as long as any
server process lives, so a pid file that is left behind means nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.config import Config
from gateway.hosting import folders
from gateway.hosting.embedded import Addresses, Need, Servers
from gateway.hosting.engines import Unavailable, locate

_LOCK_WITHIN = 90.0


def start(data_dir: Path, need: Need = Need()) -> Servers:  # noqa: B008
    """Start what is needed on `data_dir` (made when missing), after those that are just ending. Raises Unavailable."""
    lock = _lock(data_dir, _LOCK_WITHIN)
    if lock is None:
        raise Unavailable(f"the servers of another command run on {data_dir}")
    return _start(data_dir, need, lock)


def running(data_dir: Path, need: Need = Need()) -> Addresses | None:  # noqa: B008
    """Those that answer on `data_dir` now, whoever started them."""
    folder = _socket_folder_of(data_dir)
    addresses = Addresses(folder) if folder else None
    return addresses if addresses and addresses.answer(need) else None


@contextmanager
def servers_for(config: Config) -> Iterator[tuple[str, str]]:
    """(database URL, Redis URL): those given, else the running ones of DATA_DIR, else our own for the duration.

    Raises Unavailable.
    """
    need = Need(database=not config.database_url, store=not config.redis_url)
    if not need:
        yield config.database_url or "", config.redis_url or ""
        return
    with _used(config.data_dir, need) as embedded:
        yield config.database_url or embedded.database_url, config.redis_url or embedded.redis_url


@contextmanager
def _used(data_dir: Path, need: Need) -> Iterator[Addresses]:
    folders.make(data_dir)
    users = os.open(data_dir / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    own: Servers | None = None
    try:
        end = time.monotonic() + _LOCK_WITHIN
        fcntl.flock(users, fcntl.LOCK_SH)
        while (addresses := running(data_dir, need)) is None:
            if (lock := _lock(data_dir, within=0)) is not None:
                own = _start(data_dir, need, lock)
                addresses = own.addresses
                break
            if time.monotonic() > end:
                raise Unavailable(f"the servers of {data_dir} are running but do not answer")
            time.sleep(0.05)
        yield addresses
    finally:
        if own:
            # Another command may have found our servers meanwhile: they stay until it has ended.
            fcntl.flock(users, fcntl.LOCK_EX)
            own.stop()
        os.close(users)


def _start(data_dir: Path, need: Need, lock: int) -> Servers:
    try:
        if left := _socket_folder_of(data_dir):
            shutil.rmtree(left, ignore_errors=True)
        servers = Servers(data_dir, locate(data_dir), need, lock)
    except BaseException:
        os.close(lock)
        raise
    try:
        servers.tend()
        folder = servers.addresses.folder
        where = json.dumps({"folder": str(folder), "uid": folder.stat().st_uid})
        folders.write_private(_written(data_dir), where, replace=True)
    except BaseException:
        servers.stop()
        raise
    return servers


def _lock(data_dir: Path, within: float) -> int | None:
    """The lock that each server process inherits and thereby holds; None when it cannot be had within that time."""
    folders.make(data_dir)
    lock = os.open(data_dir / "servers.lock", os.O_RDWR | os.O_CREAT, 0o600)
    end = time.monotonic() + within
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                os.close(lock)
                return None
            time.sleep(0.05)
        else:
            return lock


def _socket_folder_of(data_dir: Path) -> Path | None:
    try:
        written = json.loads(_written(data_dir).read_text())
        folder, uid = Path(written["folder"]), written["uid"]
        status = folder.lstat()
    except (OSError, ValueError, KeyError):
        return None
    # The note outlives the folder, and anybody may make another one of that name in /tmp.
    return folder if stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077 and status.st_uid == uid else None


def _written(data_dir: Path) -> Path:
    return data_dir / "servers.json"
