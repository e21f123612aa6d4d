"""A PostgreSQL and a Valkey of our own, as child processes that end with us.

Whatever ends them, PostgreSQL loses nothing that was committed; Valkey keeps nothing. Their data is reached through
unix sockets only. What they say goes to postgres.log and valkey.log in DATA_DIR.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gateway.hosting.engines import Engines, Unavailable
from gateway.hosting.processes import User, interrupt_nobody, spawn, stop

_READY_WITHIN = 60.0
_LOG_LIMIT = 5_000_000
_ENVIRON = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
# A session that once needed much gives it back: by itself the GNU C library would keep it for the session's life. Less
# than a megabyte it keeps, or it would ask the kernel for the same pages for every group of reports.
_GIVE_BACK = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "1048576"}
_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_sync_method": "open_datasync",  # one call of the system for a commit instead of two, and as durable
    "shared_buffers": "16MB",  # little, for the system keeps the files in memory anyway
    # Sessions find room in so little at once only if it is cleared before they come.
    "bgwriter_delay": "10ms",
    "bgwriter_lru_maxpages": "1000",
    "bgwriter_lru_multiplier": "8",
    "bgwriter_flush_after": "0",
    "wal_buffers": "2MB",
    "checkpoint_timeout": "15min",  # after each, every page that changes goes whole into the log once
    "max_connections": "100",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Errors quote values and statements, that is, persons; they reach our own log, which takes such things out.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
}


@dataclass(frozen=True, slots=True)
class Need:
    """Which of the two are wanted; the other has a URL of its own."""

    database: bool = True
    store: bool = True

    def __bool__(self) -> bool:
        return self.database or self.store


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the two servers of a DATA_DIR answer: a folder that only we and the servers' user can enter."""

    folder: Path

    @property
    def database_url(self) -> str:
        return f"postgresql://switchyard@/postgres?host={self.folder}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.folder}/valkey.sock"

    def answer(self, need: Need) -> bool:
        """True when those that are needed accept connections now."""
        return (not need.database or _answers(self.folder / ".s.PGSQL.5432")) and (
            not need.store or _answers(self.folder / "valkey.sock")
        )


class Servers:
    """A running pair that is ours. `tend` starts again what died, at the same addresses; `stop` ends both."""

    def __init__(self, data_dir: Path, engines: Engines, need: Need, lock: int) -> None:
        self.engines = engines
        self.addresses = Addresses(_socket_folder(engines.user))
        self._data_dir = data_dir
        self._need = need
        self._lock = lock
        self._database: subprocess.Popen[bytes] | None = None
        self._store: subprocess.Popen[bytes] | None = None

    @property
    def database_url(self) -> str:
        return self.addresses.database_url

    @property
    def redis_url(self) -> str:
        return self.addresses.redis_url

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(process.pid for process in (self._database, self._store) if process)

    def tend(self) -> list[str]:
        """Start whichever is not running and wait until it answers; the names of those. Raises Unavailable."""
        started = []
        if self._need.database and (self._database is None or self._database.poll() is not None):
            self._start_database()
            started.append("postgresql")
        if self._need.store and (self._store is None or self._store.poll() is not None):
            self._start_store()
            started.append("valkey")
        return started

    def stop(self) -> None:
        """Valkey first, then PostgreSQL, whose open sessions are cut and whose last checkpoint is written."""
        if self._store:
            stop(self._store, signal.SIGTERM, 10)
        if self._database:
            stop(self._database, signal.SIGINT, 60)
        shutil.rmtree(self.addresses.folder, ignore_errors=True)
        os.close(self._lock)

    def _start_database(self) -> None:
        cluster = self.engines.cluster
        if not cluster.exists():
            _make_cluster(self.engines, self._data_dir)
        # We hold the lock that every server process holds: nobody runs here, and a pid left over may be anybody's.
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        settings = {**_SETTINGS, "unix_socket_directories": str(self.addresses.folder)}
        flags = [f"--{name}={value}" for name, value in settings.items()]
        process = self._database = self._spawn("postgres", [self.engines.postgres, "-D", cluster, *flags])
        interrupt_nobody(process.pid)
        self._await("postgres", process, lambda: _database_is_ready(cluster, process.pid))

    def _start_store(self) -> None:
        path = self.addresses.folder / "valkey.sock"
        path.unlink(missing_ok=True)
        limits: list[str | Path] = [
            "--maxmemory",
            "256mb",
            "--maxmemory-policy",
            "noeviction",
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        where: list[str | Path] = [
            "--port",
            "0",
            "--unixsocket",
            path,
            "--unixsocketperm",
            "700",
            "--dir",
            self.addresses.folder,
        ]
        process = self._store = self._spawn("valkey", [self.engines.store, *where, *limits])
        self._await("valkey", process, lambda: _answers(path))

    def _spawn(self, name: str, argv: list[str | Path]) -> subprocess.Popen[bytes]:
        with _log(self._data_dir, name) as log:
            return spawn(
                argv,
                death_signal=signal.SIGINT,
                environ={**_ENVIRON, **_GIVE_BACK},
                cwd=Path("/"),
                user=self.engines.user,
                output=log,
                keep=(self._lock,),
            )

    def _await(self, name: str, process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
        log = self._data_dir / f"{name}.log"
        end = time.monotonic() + _READY_WITHIN
        while not ready():
            if process.poll() is not None:
                raise Unavailable(f"{name} ended with {process.returncode} while starting; see {log}")
            if time.monotonic() > end:
                raise Unavailable(f"{name} was not ready after {_READY_WITHIN:.0f} s; see {log}")
            time.sleep(0.01)


def _make_cluster(engines: Engines, data_dir: Path) -> None:
    new = engines.cluster.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if engines.user:
        os.chown(new, engines.user.uid, engines.user.gid)
    locale = ["-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    with _log(data_dir, "initdb") as log:
        process = spawn(
            [engines.initdb, "-D", new, "-U", "switchyard", "-A", "trust", "-k", "--no-instructions", *locale],
            death_signal=signal.SIGKILL,
            environ=_ENVIRON,
            cwd=Path("/"),
            user=engines.user,
            output=log,
        )
    if process.wait() != 0:
        raise Unavailable(f"initdb ended with {process.returncode}; see {data_dir / 'initdb.log'}")
    new.rename(engines.cluster)


def _socket_folder(user: User | None) -> Path:
    """A new, short 0700 folder: the kernel takes no socket path beyond 107 bytes, and DATA_DIR may be long."""
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108
        if len(os.fsencode(parent)) <= 60 and (user is None or parent == "/tmp"):  # noqa: S108
            folder = Path(tempfile.mkdtemp(prefix="switchyard-", dir=parent))
            if user:
                os.chown(folder, user.uid, user.gid)
            return folder
    raise Unavailable(f"{tempfile.gettempdir()} is too long for sockets and there is no /tmp")


def _database_is_ready(cluster: Path, pid: int) -> bool:
    """PostgreSQL writes its pid into the first line of this file and its state into the eighth."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def _log(data_dir: Path, name: str) -> IO[bytes]:
    path = data_dir / f"{name}.log"
    with suppress(OSError):
        if path.stat().st_size > _LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")
