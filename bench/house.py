"""Where the product is measured: embedded servers in a folder, a stocked database for each question, its roles.

Everything that is started ends with the block that started it. A role is ready when its port answers.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from gateway.hosting.ports import unclaimed
from gateway.hosting.processes import spawn, stop
from gateway.hosting.servers import start
from gateway.record.db import HEAD
from gateway.record.migrate import migrate

ROOT = Path(__file__).parents[1]
STOCK = Path(__file__).parent / "stock.sql"
SECRET = "bench-secret-of-the-provider"
NUMBER = "+46313900100"
_KEPT = ("postgres", "standard")


@dataclass(frozen=True)
class House:
    """Servers that run, and a template database with the standard stock of persons and chargers."""

    folder: Path
    database_url: str
    redis_url: str
    persons: int

    def database(self, name: str, cases: int = 0) -> str:
        """The URL of a new copy of the standard database, with so many stored cases. All of it lies on the disk: what
        the system has still to write there of its making would be waited for by whoever is measured next."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE standard")
            url = _with_name(self.database_url, name)
            if cases:
                self.execute(url, "cases", cases)
            connection.execute("CHECKPOINT")
        os.sync()
        return url

    @asynccontextmanager
    async def role(self, role: str, database_url: str, **environ: str) -> AsyncIterator[int]:
        """A role of the product on a database; yields its port (0 for one without a port)."""
        port = unclaimed()
        data = Path(tempfile.mkdtemp(prefix=f"{role}-", dir=self.folder))
        given = {
            "DATABASE_URL": database_url,
            "REDIS_URL": self.redis_url,
            "DATA_DIR": str(data),
            "MAIL_DOMAINS": "support.example",
            "TWILIO_AUTH_TOKEN": SECRET,
            "TWILIO_NUMBERS": NUMBER,
            {"web": "PORT", "smtp": "SMTP_PORT"}.get(role, "SMTP_PORT"): str(port),
            **environ,
        }
        async with process("-m", "gateway", role, log=data / "said", **given):
            if role in ("web", "smtp"):
                await answers(port)
            yield port

    def clear(self) -> None:
        """Drop all copies: a measurement is not to be disturbed by the vacuum of what was measured before it."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            made = connection.execute("SELECT datname FROM pg_database WHERE NOT datistemplate").fetchall()
            for (name,) in made:
                if name not in _KEPT:
                    connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, url: str, block: str, cases: int = 0, **sizes: int) -> None:
        """Run a block of the stock on a database."""
        with psycopg.connect(url, autocommit=True) as connection:
            text = _stock(block).format(cases=cases, persons=self.persons, **sizes)
            connection.execute("SET jit = off")
            with connection.transaction():
                connection.execute(text)
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")

    def stock(self) -> None:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE standard")
        url = _with_name(self.database_url, "standard")
        migrate(url)
        self.execute(url, "master")
        self.execute(url, "people")


@contextmanager
def open_house(persons: int) -> Iterator[House]:
    """Servers in a new folder, which is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="switchyard-bench-"))
    folder.chmod(0o711)
    servers = start(folder / "servers")
    try:
        house = House(folder, servers.database_url, servers.redis_url, persons)
        house.stock()
        yield house
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def process(*argv: str, log: Path, **environ: str) -> AsyncIterator[int]:
    """A Python process of ours for as long as the block lasts, and no longer than we live; yields its pid."""
    with log.open("ab") as said:
        started = spawn(
            [sys.executable, *argv],
            death_signal=signal.SIGKILL,
            environ={"PATH": os.environ["PATH"], **environ},
            cwd=ROOT,
            output=said,
        )
    try:
        yield started.pid
    finally:
        await asyncio.to_thread(stop, started, signal.SIGTERM, 20.0)


async def load(module: str, *arguments: object) -> dict[str, float]:
    """Run a load generator to its end and read what it found."""
    generator = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"bench.{module}", *map(str, arguments), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await generator.communicate()
    if generator.returncode:
        raise RuntimeError(f"bench.{module} ended with {generator.returncode}")
    found: dict[str, float] = json.loads(said)
    return found


async def answers(port: int, within: float = 60.0) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(within):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def _with_name(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


def _stock(block: str) -> str:
    parts = HEAD.split(STOCK.read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))[block]
