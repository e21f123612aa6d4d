"""`up`: the whole product on one machine, from nothing, with one command.

Servers, migrations, then every role of the Procfile as a child process; what dies is started again. SIGINT, SIGTERM or
SIGHUP stop it in order: doors, worker, Valkey, PostgreSQL. After a kill -9 of it the kernel ends all the rest.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from gateway.config import EX_CONFIG, Config, ConfigError, child_environment, load
from gateway.demo_outside import lend
from gateway.embedded import Need, Servers
from gateway.engines import Unavailable
from gateway.roles import DOORS, Misconfigured, Roles
from gateway.servers import start
from gateway.welcome import is_ready, local_url, welcome

_HOSTS = {"PORT": "HTTP_HOST", "SMTP_PORT": "SMTP_HOST"}
_LOOK_EVERY = 0.2
_DRAIN = 20.0
_READY_WITHIN = 90.0


def up(config: Config, *, demo: bool) -> int:
    """Run until told to stop; the exit status. Raises ConfigError, Unavailable."""
    stopping = _until_told()
    with _alone(config.data_dir):
        port = _free_port("PORT", config.http_host, config.port)
        smtp_port = _free_port("SMTP_PORT", config.smtp_host, config.smtp_port)
        need = Need(database=not config.database_url, store=not config.redis_url)
        servers = start(config.data_dir, need) if need else None
        try:
            if servers and servers.engines.note:
                _say(servers.engines.note)
            environ = child_environment(
                DATA_DIR=str(config.data_dir),
                DATABASE_URL=config.database_url or (servers.database_url if servers else ""),
                REDIS_URL=config.redis_url or (servers.redis_url if servers else ""),
                PORT=str(port),
                SMTP_PORT=str(smtp_port),
                **(lend(config) if demo else {}),
            )
            roles = Roles(environ, [*DOORS, "worker", *(["demo"] if demo else [])])
            for step in ("migrate", *(["demo-data"] if demo else [])):
                if (status := roles.run_once(step, stopping.is_set)) != 0:
                    return status or 0
            return _serve(roles, servers, stopping, load(environ), demo)
        finally:
            if servers:
                servers.stop()
                _say("Stopped.")


def _serve(roles: Roles, servers: Servers | None, stopping: threading.Event, config: Config, demo: bool) -> int:
    late = time.monotonic() + _READY_WITHIN
    told = False
    try:
        roles.start()
        while not stopping.wait(_LOOK_EVERY):
            _tend_servers(servers)
            for line in roles.tend():
                _say(line)
            if not told and is_ready(config):
                told = True
                _say(welcome(config, demo=demo))
            elif not told and time.monotonic() > late:
                told = True
                _say(f"Not ready after {_READY_WITHIN:.0f} s; {local_url(config)}/readyz says what is missing")
    except Misconfigured:
        return EX_CONFIG
    else:
        _say("Stopping …")
        return 0
    finally:
        for names in (DOORS, ("demo", "worker")):
            for name in roles.stop(names, _DRAIN):
                _say(f"{name} did not end within {_DRAIN:.0f} s and was killed")


def _tend_servers(servers: Servers | None) -> None:
    if servers is None:
        return
    try:
        for name in servers.tend():
            _say(f"{name} had ended and was started again")
    except Unavailable as problem:
        _say(f"{problem}; trying again")


def _until_told() -> threading.Event:
    told = threading.Event()

    def note(signum: int, frame: FrameType | None) -> None:
        told.set()

    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Whoever started us with nohup, or in the background, had a signal ignored on purpose.
        if signal.getsignal(sign) is not signal.SIG_IGN:
            signal.signal(sign, note)
    return told


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Hold DATA_DIR for as long as we live. Raises Unavailable when another `up` does."""
    lock = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(f"Switchyard already runs on {data_dir}; set another DATA_DIR for a second one") from None
        yield
    finally:
        os.close(lock)


def _free_port(name: str, host: str, port: int) -> int:
    """`port`, or any free one for 0. Raises ConfigError when somebody else listens there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as problem:
        raise ConfigError([f"{_HOSTS[name]}: {host}: {problem.strerror}"]) from problem
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(1)
        except OSError as problem:
            raise ConfigError([f"{name}: {host}:{port}: {problem.strerror}; set {name} to another port"]) from problem
        taken: int = listener.getsockname()[1]
        return taken


def _say(line: str) -> None:
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201
