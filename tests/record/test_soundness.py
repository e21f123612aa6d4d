"""Which databases are refused before a port opens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from gateway.hosting import embedded
from gateway.hosting.ports import unclaimed
from gateway.hosting.servers import start
from gateway.record.soundness import faults
from tests.fakes.product import ROOT


def test_a_migrated_database_of_ours_is_sound(database_url: str) -> None:
    assert faults(database_url, migrated=True) == []


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_b109_a_database_that_forgets_is_refused(data_dir: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setitem(embedded._SETTINGS, setting, "off")
    servers = start(data_dir)
    try:
        found = faults(servers.database_url, migrated=False)
    finally:
        servers.stop()
    assert found == [f"DATABASE_URL: {setting} is off there: a crash would lose what was acknowledged"]


def test_b109_a_database_that_answers_before_it_writes_is_refused(empty_database_url: str) -> None:
    _change(empty_database_url, "ALTER DATABASE {} SET synchronous_commit = off")
    assert "synchronous_commit" in faults(empty_database_url, migrated=False)[0]


def test_a_database_in_another_encoding_is_refused(server_urls: tuple[str, str], empty_database_url: str) -> None:
    name = conninfo_to_dict(empty_database_url)["dbname"]
    latin = f"{name}_latin"
    with psycopg.connect(server_urls[0], autocommit=True) as connection:
        new = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
        connection.execute(sql.SQL(new).format(sql.Identifier(latin)))
        try:
            found = faults(empty_database_url.replace(str(name), latin), migrated=False)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(latin)))
    assert found == ["DATABASE_URL: its encoding is LATIN1, UTF8 is needed"]


def test_b111_a_role_waits_for_its_migrations(empty_database_url: str) -> None:
    assert faults(empty_database_url, migrated=False) == []
    assert "migrations are missing" in faults(empty_database_url, migrated=True)[0]


def test_b111_the_version_before_goes_on_after_a_newer_migration(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert faults(database_url, migrated=True) == []


def test_b111_an_older_version_does_not_migrate_a_newer_database(
    database_url: str, redis_url: str, data_dir: Path
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    tried = _run("migrate", DATA_DIR=str(data_dir), DATABASE_URL=database_url, REDIS_URL=redis_url)
    assert tried.returncode == 78
    assert "newer than this version" in tried.stderr
    assert len(tried.stderr.splitlines()) == 1


def test_a_database_that_is_away_refuses_no_role_but_cannot_be_migrated(redis_url: str, data_dir: Path) -> None:
    away = f"postgresql://switchyard:hunter2@127.0.0.1:{unclaimed()}/switchyard"
    assert faults(away, migrated=True) == []
    tried = _run("migrate", DATA_DIR=str(data_dir), DATABASE_URL=away, REDIS_URL=redis_url)
    assert tried.returncode == 69
    assert len(tried.stderr.splitlines()) == 1
    assert "hunter2" not in tried.stderr


def _change(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL(statement).format(name))  # type: ignore[arg-type]


def _run(command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
