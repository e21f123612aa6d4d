"""`up`: the whole product on one machine, from nothing, with one command.

Servers, migrations, then every role of the Procfile as a copy of this process; what dies is started again. SIGINT,
SIGTERM or SIGHUP stop it in order: doors, worker, Valkey, PostgreSQL. After a kill -9 of it the kernel ends all the
rest.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from channels.phone_lately import Lately
from gateway import commands
from gateway.config import EX_CONFIG, Config, ConfigError, child_environment, load, settle
from gateway.demo.outside import lend
from gateway.hosting import nursery, ports
from gateway.hosting.crew import DRAIN, LOOK_EVERY, count_together, say
from gateway.hosting.embedded import Need, Servers
from gateway.hosting.engines import Unavailable
from gateway.hosting.processes import spawn, stop
from gateway.hosting.roles import DOORS, Misconfigured, Roles
from gateway.hosting.servers import start
from gateway.hosting.stopping import told_to_stop
from gateway.hosting.welcome import is_ready, local_url, welcome

_HOSTS = {"PORT": "HTTP_HOST", "SMTP_PORT": "SMTP_HOST"}
_READY_WITHIN = 90.0


def up(config: Config, *, demo: bool) -> int:
    """Run until told to stop; the exit status. Raises ConfigError, Unavailable."""
    stopping = told_to_stop()
    with _alone(config.data_dir) as lock:
        port = _free_port("PORT", config.http_host, config.port)
        smtp_port = _free_port("SMTP_PORT", config.smtp_host, config.smtp_port)
        need = Need(database=not config.database_url, store=not config.redis_url)
        servers = start(config.data_dir, need) if need else None
        try:
            if servers and servers.engines.note:
                say(servers.engines.note)
            environ = child_environment(
                DATA_DIR=str(config.data_dir),
                DATABASE_URL=config.database_url or (servers.database_url if servers else ""),
                REDIS_URL=config.redis_url or (servers.redis_url if servers else ""),
                PORT=str(port),
                SMTP_PORT=str(smtp_port),
                **count_together(config.model_copy(update={"port": port})),
                **(lend(config) if demo else {}),
            )
            for step in ("migrate", *(["demo-data"] if demo else [])):
                if (status := _run_once(step, environ, stopping.is_set)) != 0:
                    return status or 0
            settle(environ)
            config = load(environ)
            nursery.prepare(config)
            held = _listening("PORT", config.http_host, config.port, config.web_processes)
            return _serve(_roles(config, held, lock, demo), held, servers, stopping, config, demo)
        finally:
            if servers:
                servers.stop()
                say("Stopped.")


def _roles(config: Config, held: Sequence[ports.Listeners], lock: int, demo: bool) -> Roles:
    """What the copies of us do. None of them is `up`, and only `web` has visitors."""
    lately = Lately()

    def web(nth: int) -> None:
        os.close(lock)
        commands.web(held, lately, nth)

    def apart(role: Callable[[], None]) -> None:
        os.close(lock)
        ports.close(held)
        lately.close()
        role()

    others = {"smtp": commands.smtp, "imap": commands.imap, "worker": commands.worker}
    if demo:
        others["demo"] = commands.demo
    processes = [("web", partial(web, nth)) for nth in range(config.web_processes)]
    return Roles([*processes, *((name, partial(apart, role)) for name, role in others.items())])


def _serve(
    roles: Roles,
    held: Sequence[ports.Listeners],
    servers: Servers | None,
    stopping: threading.Event,
    config: Config,
    demo: bool,
) -> int:
    late = time.monotonic() + _READY_WITHIN
    told = False
    try:
        roles.start()
        while not stopping.wait(LOOK_EVERY):
            _tend_servers(servers)
            for line in roles.tend():
                say(line)
            if not told and is_ready(config):
                told = True
                say(welcome(config, demo=demo))
            elif not told and time.monotonic() > late:
                told = True
                say(f"Not ready after {_READY_WITHIN:.0f} s; {local_url(config)}/readyz says what is missing")
    except Misconfigured:
        return EX_CONFIG
    else:
        say("Stopping …")
        return 0
    finally:
        ports.close(held)
        for names in (DOORS, ("demo", "worker")):
            for name in roles.stop(names, DRAIN):
                say(f"{name} did not end within {DRAIN:.0f} s and was killed")


def _tend_servers(servers: Servers | None) -> None:
    if servers is None:
        return
    try:
        for name in servers.tend():
            say(f"{name} had ended and was started again")
    except Unavailable as problem:
        say(f"{problem}; trying again")


def _run_once(name: str, environ: Mapping[str, str], stopping: Callable[[], bool]) -> int | None:
    """Run a command to its end; its exit status, or None when we were told to stop meanwhile."""
    process = spawn([sys.executable, "-m", "gateway", name], death_signal=signal.SIGKILL, environ=environ)
    while not stopping():
        try:
            return process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    stop(process, signal.SIGTERM, within=10)
    return None


@contextmanager
def _alone(data_dir: Path) -> Iterator[int]:
    """Hold DATA_DIR for as long as the descriptor is open. Raises Unavailable when another `up` does."""
    lock = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(f"Switchyard already runs on {data_dir}; set another DATA_DIR for a second one") from None
        yield lock
    finally:
        os.close(lock)


def _free_port(name: str, host: str, port: int) -> int:
    """`port`, or any free one for 0. Raises ConfigError when somebody else listens there."""
    held = _listening(name, host, port)
    taken = ports.port_of(held[0])
    ports.close(held)
    return taken


def _listening(name: str, host: str, port: int, processes: int = 1) -> list[ports.Listeners]:
    try:
        return ports.listening(host, port, processes)
    except socket.gaierror as problem:
        raise ConfigError([f"{_HOSTS[name]}: {host}: {problem.strerror}"]) from problem
    except OSError as problem:
        raise ConfigError([f"{name}: {host}:{port}: {problem.strerror}; set {name} to another port"]) from problem
