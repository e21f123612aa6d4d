"""F42: a migration that is killed half way leaves the last whole revision, and can simply be run again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from gateway.record.migrate import migrate, pending
from tests.fakes.product import ROOT

WAITS = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"""
OTHERS = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""


def begin_migration(url: str, data_dir: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", "migrate"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url, "REDIS_URL": "unix:///none", "DATA_DIR": str(data_dir)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def until(connection: psycopg.Connection[tuple[int]], statement: str, wanted: int) -> None:
    end = time.monotonic() + 30
    while True:
        row = connection.execute(statement).fetchone()  # type: ignore[call-overload]
        assert row is not None
        if row[0] == wanted:
            return
        assert time.monotonic() < end, row
        time.sleep(0.02)


# What somebody else is just making holds up the revision that makes the same: the first one, and one in the middle.
@pytest.mark.parametrize(
    ("held_up_by", "left"),
    [("timeline", False), pytest.param("procrastinate_jobs", True, marks=pytest.mark.long)],
)
def test_f42_a_killed_migration_leaves_whole_revisions_and_is_run_again(
    empty_database_url: str, tmp_path: Path, held_up_by: str, left: bool
):
    with psycopg.connect(empty_database_url) as holder, psycopg.connect(empty_database_url, autocommit=True) as look:
        holder.execute(f"CREATE TABLE {held_up_by} (id bigint)")
        process = begin_migration(empty_database_url, tmp_path)
        until(look, WAITS, 1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        holder.rollback()
        until(look, OTHERS, 1)  # the killed one's sessions are gone, the holder's is not
        whole = look.execute("SELECT to_regclass('cases') IS NOT NULL").fetchone()
        assert whole == (left,)
        assert pending(empty_database_url)
    assert begin_migration(empty_database_url, tmp_path).wait(60) == 0
    assert not pending(empty_database_url)
    migrate(empty_database_url)  # and once more changes nothing
    assert not pending(empty_database_url)
