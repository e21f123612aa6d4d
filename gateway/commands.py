"""What commands have in common, and the roles: configuration, log, servers, and faults as exit statuses.

Results go to standard output, everything else to standard error. Exit status 78 says that the configuration, a flow or
a rule is wrong (each fault a line), 69 that a server cannot be had, 1 that the command itself failed.
"""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from channels.phone_lately import Lately
from gateway.config import EX_CONFIG, Config, ConfigError, from_environment
from gateway.hosting.engines import Unavailable
from gateway.hosting.ports import Listeners

EX_UNAVAILABLE = 69
_NO_LISTENING = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES, socket.EAI_NONAME)


def outcome(command: Callable[[], object]) -> int:
    """Run a command; its exit status. What it has to say of its failure is said."""
    try:
        command()
    except ConfigError as problem:
        return _told(problem.faults, EX_CONFIG)
    except Unavailable as problem:
        return _told([str(problem)], EX_UNAVAILABLE)
    except KeyboardInterrupt:
        return 130
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def fail(lines: Sequence[str], status: int) -> NoReturn:
    """End the command."""
    sys.exit(_told(lines, status))


def web(held: Sequence[Listeners], lately: Lately, nth: int = 0) -> None:
    """The role `web`, or the process of it to which the nth of these belong; what it remembers of calls is shared."""
    import structlog

    from gateway.web.app import serve

    with _role("web") as config:
        if nth == 0:
            for note in config.notes:
                structlog.get_logger().info(note)
        _run(serve(config, held[nth], [*held[:nth], *held[nth + 1 :]], lately))


def smtp() -> None:
    """The role `smtp`, with the process that reads for it. Its processes hand a mail round: each that is woken would
    interrupt who woke it."""
    from gateway.doors import serve_smtp
    from gateway.hosting.processes import interrupt_nobody
    from gateway.keeping.readers import born

    interrupt_nobody()
    reader = born(from_environment().data_dir)  # before there are threads
    with _role("smtp") as config:
        _run(serve_smtp(config, reader))


def imap() -> None:
    """The role `imap`."""
    from gateway.doors import serve_imap

    with _role("imap") as config:
        _run(serve_imap(config))


def worker() -> None:
    """The role `worker`."""
    from gateway.worker import serve

    with _role("worker") as config:
        _run(serve(config))


def demo() -> None:
    """The demo's people and chargers, who use the real doors."""
    from gateway.demo import run

    with _role("demo") as config:
        _run(run(config))


@contextmanager
def session(role: str, *, migrated: bool = True) -> Iterator[Config]:
    """The configuration with servers to use: those given, those that run, or our own meanwhile. Raises ConfigError."""
    from gateway.hosting.logs import configure
    from gateway.hosting.servers import servers_for
    from gateway.record.db import Unavailable as DatabaseAway

    config = from_environment()
    configure(role)
    with servers_for(config) as (database_url, redis_url):
        config = config.model_copy(update={"database_url": database_url, "redis_url": redis_url})
        refuse_faults(config, migrated=migrated)
        try:
            yield config
        except DatabaseAway as problem:
            fail([f"PostgreSQL cannot be reached: {problem}"], EX_UNAVAILABLE)


def refuse_faults(config: Config, *, migrated: bool = True) -> None:
    """Raises ConfigError with everything that is wrong with flows, rules, the store of files and the database."""
    from gateway.checks import faults
    from gateway.record.soundness import faults as faults_of_database

    found = faults(config)
    for url in dict.fromkeys(filter(None, (config.database_url, config.database_direct_url))):
        pooled = config.pooled and url == config.database_url
        found += faults_of_database(url, migrated=migrated, pooled=pooled)
    if found:
        raise ConfigError(found)


@contextmanager
def listening_as(name: str) -> Iterator[None]:
    """A port that cannot be had while the block lasts ends the command."""
    try:
        yield
    except OSError as problem:
        if problem.errno not in _NO_LISTENING:
            raise
        fail([f"{name} cannot listen: {problem.strerror}"], EX_UNAVAILABLE)


@contextmanager
def _role(name: str) -> Iterator[Config]:
    from gateway.hosting.error_reports import reported
    from gateway.hosting.tracing import NotInstalled
    from gateway.spool import SpoolUnusable

    with session(name) as config:
        try:
            with reported(config, name), listening_as(name):
                yield config
        except NotInstalled as problem:
            raise ConfigError([str(problem)]) from problem
        except SpoolUnusable as problem:
            raise ConfigError([f"DATA_DIR: {problem}"]) from problem


def _run(role: Coroutine[Any, Any, None]) -> None:
    import uvloop

    uvloop.run(role)


def _told(lines: Sequence[str], status: int) -> int:
    for line in lines:
        print(line, file=sys.stderr)  # noqa: T201
    return status
