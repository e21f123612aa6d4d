"""Real servers for the tests: one PostgreSQL and one Valkey a run; each test has a fresh copy of a database with the
demo's master data in it.

DATABASE_URL and REDIS_URL name others to use instead; the database's user must be allowed to create databases and to
set `deadlock_timeout`, and the highest-numbered databases of the Redis server are emptied. Nothing else of the
environment reaches the tests.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from psycopg import sql

from gateway.config import NAMES, Config, load
from gateway.hosting.engines import ASIDE, OWNER
from gateway.hosting.logs import configure
from gateway.hosting.servers import start
from gateway.importing import import_folder
from gateway.trials.replay import DEMO

_GIVEN = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
for _name in [*NAMES, "DEBUG", *(name for name in os.environ if name.startswith("PG"))]:
    os.environ.pop(_name, None)

_LAST_STORE = 15
_TEMPLATE_LOCK = 7_204_118


def _short_folder() -> Path:
    """A folder in memory where there is such a thing, which the servers' user can enter."""
    memory = Path("/dev/shm")
    parent = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    for left in parent.glob("switchyard-tests-*/servers.lock"):
        if _ended(left):
            shutil.rmtree(left.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="switchyard-tests-", dir=parent))
    folder.chmod(0o711)
    return folder


def _ended(lock: Path) -> bool:
    """Whether the run that made it is over, killed ones too: servers hold their lock for as long as they live."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class _Run:
    """The servers of one test run, started by whoever needs them first; with several workers, by their parent."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex[:8]
        self._own = False
        self._urls: tuple[str, str] | None = None

    @classmethod
    def of_parent(cls, given: dict[str, str]) -> _Run:
        run = cls()
        run.id = given["id"]
        run._urls = given["database_url"], given["redis_url"]
        return run

    @property
    def urls(self) -> tuple[str, str]:
        if self._urls is None:
            self._own = True
            if len(_GIVEN) == 2:
                self._urls = _GIVEN["DATABASE_URL"], _GIVEN["REDIS_URL"]
            else:
                self._folder = _short_folder()
                self._servers = start(self._folder)
                self._urls = (
                    _GIVEN.get("DATABASE_URL", self._servers.database_url),
                    _GIVEN.get("REDIS_URL", self._servers.redis_url),
                )
        return self._urls

    def template(self, kind: str) -> str:
        return f"switchyard_{kind}_{self.id}"

    def end(self) -> None:
        if not self._own:
            return
        if len(_GIVEN) < 2:
            self._servers.stop()
            shutil.rmtree(self._folder, ignore_errors=True)
        if "DATABASE_URL" in _GIVEN:
            for kind in ("stocked", "migrated"):
                drop_database(_GIVEN["DATABASE_URL"], self.template(kind))


def drop_database(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def with_database(url: str, name: str) -> str:
    """The same server and user, another database."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


def with_store(url: str, number: int) -> str:
    """The same Redis server, its database of that number."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.netloc}{parts.path}?db={number}"
    return urlunsplit((parts.scheme, parts.netloc, f"/{number}", parts.query, ""))


_RUN = pytest.StashKey[_Run]()
_NOWHERE = pytest.StashKey[TextIO]()


def pytest_configure(config: pytest.Config) -> None:
    configure("test", stream=config.stash.setdefault(_NOWHERE, Path(os.devnull).open("w")))  # noqa: SIM115
    given = getattr(config, "workerinput", {}).get("switchyard")
    config.stash[_RUN] = _Run.of_parent(given) if given else _Run()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker has yet to begin one when the others are through: those with a browser."""
    items.sort(key=lambda item: "browser" not in item.path.parts)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:  # type: ignore[no-untyped-def]
    run = node.config.stash[_RUN]
    database_url, redis_url = run.urls
    node.workerinput["switchyard"] = {"id": run.id, "database_url": database_url, "redis_url": redis_url}


def pytest_unconfigure(config: pytest.Config) -> None:
    if run := config.stash.get(_RUN, None):
        run.end()


@pytest.fixture(scope="session")
def server_urls(request: pytest.FixtureRequest) -> tuple[str, str]:
    """(database URL, Redis URL) of the run's servers: to ask about them, not to keep anything in them."""
    return request.config.stash[_RUN].urls


@pytest.fixture(scope="session")
def migrated_template(request: pytest.FixtureRequest, server_urls: tuple[str, str]) -> str:
    """The name of a database that holds the migrated schema and nothing else."""
    from gateway.record.migrate import migrate

    return _made(server_urls[0], request.config.stash[_RUN].template("migrated"), "template1", migrate)


@pytest.fixture(scope="session")
def stocked_template(request: pytest.FixtureRequest, server_urls: tuple[str, str], migrated_template: str) -> str:
    """The name of a migrated database with the demo's master data: to take it in anew takes longer than many a test."""
    return _made(server_urls[0], request.config.stash[_RUN].template("stocked"), migrated_template, _stock)


def _made(url: str, name: str, base: str, fill: Callable[[str], None]) -> str:
    """Make a template once for all workers: a copy of `base`, filled."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_TEMPLATE_LOCK])
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            new = f"{name}_new"
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(new)))
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(new), sql.Identifier(base))
            )
            fill(with_database(url, new))
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(new), sql.Identifier(name))
            )
    return name


def _stock(url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = load({"DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1", "DATA_DIR": folder})
        asyncio.run(import_folder(config, DEMO))


@pytest.fixture
def empty_database_url(server_urls: tuple[str, str]) -> Iterator[str]:
    """A database of this test's own without a schema."""
    with _database(server_urls[0], "template1") as url:
        yield url


@pytest.fixture
def migrated_database_url(server_urls: tuple[str, str], migrated_template: str) -> Iterator[str]:
    """A migrated database of this test's own with nothing in it."""
    with _database(server_urls[0], migrated_template) as url:
        yield url


@pytest.fixture
def database_url(server_urls: tuple[str, str], stocked_template: str) -> Iterator[str]:
    """A database of this test's own with the demo's master data, dropped afterwards whoever is still connected."""
    with _database(server_urls[0], stocked_template) as url:
        yield url


@pytest.fixture(scope="module")
def shared_database_url(server_urls: tuple[str, str], stocked_template: str) -> Iterator[str]:
    """The same for the tests of a module, for what takes long to start over it."""
    with _database(server_urls[0], stocked_template) as url:
        yield url


@contextmanager
def _database(url: str, template: str) -> Iterator[str]:
    name = f"switchyard_test_{uuid.uuid4().hex[:12]}"
    # Copied as files, and not through the log as is usual: the templates are small and nobody writes to them.
    copying = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(copying.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield with_database(url, name)
    finally:
        drop_database(url, name)


@pytest.fixture
def redis_url(server_urls: tuple[str, str], worker_number: int) -> Iterator[str]:
    """An empty Redis database that no other test uses meanwhile."""
    with _store(server_urls[1], worker_number) as url:
        yield url


@pytest.fixture(scope="module")
def shared_redis_url(server_urls: tuple[str, str], worker_number: int) -> Iterator[str]:
    """The same for a module: its other tests, which empty it, take none of their own."""
    with _store(server_urls[1], worker_number) as url:
        yield url


@contextmanager
def _store(server: str, worker: int) -> Iterator[str]:
    url = with_store(server, _LAST_STORE - worker)
    with redis.Redis.from_url(url) as store:
        store.flushdb()
        yield url
        store.flushdb()


@pytest.fixture(scope="session")
def worker_number(request: pytest.FixtureRequest) -> int:
    """0 for the only or first worker, counting up."""
    worker: str = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    return int(worker.removeprefix("gw"))


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A DATA_DIR for servers of this test's own; what of it had to lie elsewhere is removed too."""
    yield tmp_path / "data"
    for owner in ASIDE.glob(f"*/{OWNER}"):
        if Path(owner.read_text().strip()).is_relative_to(tmp_path):
            shutil.rmtree(owner.parent)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The variables of a configuration on loopback without servers; ports are taken free."""
    return {"DATA_DIR": str(tmp_path / "data"), "PORT": "0", "SMTP_PORT": "0"}


@pytest.fixture
def config(environ: dict[str, str], database_url: str, redis_url: str) -> Config:
    """A configuration with a database and a Redis of this test's own."""
    return load({**environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url})
