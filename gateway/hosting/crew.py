"""Roles of several processes, by themselves: `web`, as many as are wanted on one port, and `smtp` with its reader.

With one process, `web` is this process itself. Of several, whoever is idle greets the next visitor; one that dies is
made again; told to stop, all of them let nobody down who was let in; none outlives us.
"""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from functools import partial

from channels.phone_lately import Lately
from gateway import commands
from gateway.commands import listening_as, refuse_faults
from gateway.config import EX_CONFIG, Config, child_environment, from_environment, settle
from gateway.hosting import folders, nursery, ports
from gateway.hosting.roles import Misconfigured, Roles
from gateway.hosting.servers import servers_for
from gateway.hosting.stopping import told_to_stop

DRAIN = 20.0  # seconds
LOOK_EVERY = 0.2


def web(config: Config) -> int:
    """Run until told to stop; the exit status. Raises ConfigError, Unavailable."""
    if config.web_processes == 1:
        count_together(config)
        with listening_as("web"):
            held = ports.listening(config.http_host, config.port)
        commands.web(held, Lately())
        return 0
    stopping = told_to_stop()
    with listening_as("web"):
        ports.close(ports.listening(config.http_host, config.port))  # to be told before it has cost time
    with servers_for(config) as (database_url, redis_url):
        settle(child_environment(DATABASE_URL=database_url, REDIS_URL=redis_url, **count_together(config)))
        config = from_environment()
        refuse_faults(config)
        nursery.prepare(config, (nursery.WEB,))
        with listening_as("web"):
            held = ports.listening(config.http_host, config.port, config.web_processes)
        lately = Lately()
        roles = Roles([("web", partial(commands.web, held, lately, nth)) for nth in range(config.web_processes)])
        try:
            roles.start()
            while not stopping.wait(LOOK_EVERY):
                for line in roles.tend():
                    say(line)
        except Misconfigured:
            return EX_CONFIG
        finally:
            ports.close(held)
            for name in roles.stop(("web",), DRAIN):
                say(f"{name} did not end within {DRAIN:.0f} s and was killed")
    return 0


def smtp(config: Config) -> None:
    """The role `smtp`, by itself: what reads for it is made before it, and shares with it."""
    settle(child_environment())
    nursery.prepare(config, ("gateway.doors",))
    commands.smtp()


def count_together(config: Config) -> dict[str, str]:
    """The variable that lets the processes of our port count together, from nothing; none for one that is alone."""
    shutil.rmtree(config.figures, ignore_errors=True)
    if config.web_processes == 1:
        return {}
    folders.make(config.figures, 0o700)
    return {"PROMETHEUS_MULTIPROC_DIR": str(config.figures)}


def say(line: str) -> None:
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201
