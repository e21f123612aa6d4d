"""PgBouncer before one database, where it is installed: each transaction is given whichever session is free."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from gateway.hosting.ports import unclaimed
from tests.fakes.product import eventually

PROGRAM = shutil.which("pgbouncer") or ("/usr/sbin/pgbouncer" if Path("/usr/sbin/pgbouncer").exists() else None)
CONF = """
[databases]
{dbname} = host={host} port={port} user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 100
logfile = {folder}/log
"""


def why_not() -> str | None:
    """Why PgBouncer cannot be used here; None when it can."""
    return None if PROGRAM else "PgBouncer is not installed (apt install pgbouncer)"


@contextmanager
def pooling(database_url: str, folder: Path, *, sessions: int) -> Iterator[str]:
    """The way to the database through a pooler of so many sessions; `folder` is read by the user it runs as."""
    behind = conninfo_to_dict(database_url)
    host, port, user = behind["host"], behind.get("port", 5432), behind["user"]
    listen = unclaimed()
    places = {"dbname": behind["dbname"], "host": host, "port": port, "user": user, "listen": listen}
    file = folder / "pgbouncer.ini"
    file.write_text(CONF.format(**places, sessions=sessions, folder=folder))
    as_whom = ["-u", "nobody"] if os.getuid() == 0 else []
    if as_whom:
        shutil.chown(folder, "nobody")
    process = subprocess.Popen([str(PROGRAM), "-q", *as_whom, str(file)])
    url = f"postgresql://{user}@127.0.0.1:{listen}/{behind['dbname']}"
    try:
        assert eventually(lambda: _answers(url), within=10)
        yield url
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False
