"""The commands: what they print where, and with which status they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.product import ROOT

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(data_dir: Path, database_url: str, redis_url: str) -> Run:
    """Runs a command against this test's database."""
    environ = {"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir), "PORT": "0", "SMTP_PORT": "0"}
    urls = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gateway", *words],
            cwd=ROOT,
            env={**environ, **urls, **more},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_check_says_that_all_is_right(run: Run) -> None:
    done = run("check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Configuration, flows, rules and the store of files are right.\n"


def test_check_says_what_will_not_work_for_want_of_a_setting(run: Run) -> None:
    done = run("check", TWILIO_NUMBERS="+46771234567", MAIL_ADDRESSES="a@example.org")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert [line.partition(" ")[0] for line in done.stderr.splitlines()] == ["TWILIO_ACCOUNT_SID", "OUTBOUND_SMTP_URL"]


def test_b109_check_prints_every_fault(run: Run) -> None:
    done = run("check", PORT="x", SMTP_PORT="y")
    assert done.returncode == 78
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["PORT", "SMTP_PORT"]


def test_a_queue_that_nobody_knows_is_a_fault(run: Run) -> None:
    done = run("check", MAIL_ADDRESSES="a@example.org=helpdesk,b@example.org=nowhere")
    assert done.returncode == 78
    assert done.stdout.startswith("MAIL_ADDRESSES: b@example.org: there is no queue 'nowhere', only ")
    assert len(done.stdout.splitlines()) == 1


def test_a_store_of_files_that_is_none_is_a_fault_beside_others(run: Run) -> None:
    done = run("check", BLOB_URL="ftp://files.example.org/x", MAIL_ADDRESSES="b@example.org=nowhere")
    assert done.returncode == 78
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["MAIL_ADDRESSES", "BLOB_URL"]


def test_migrating_what_is_migrated_changes_nothing(run: Run) -> None:
    done = run("migrate")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_master_data_is_taken_in_and_counted(run: Run, migrated_database_url: str) -> None:
    for _ in range(2):
        done = run("import", "demo", DATABASE_URL=migrated_database_url)
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
        counted = dict(line.split(": ") for line in done.stderr.splitlines())
        rows = len((ROOT / "demo" / "sites.csv").read_text().splitlines()) - 1
        assert int(counted["sites"]) == rows


def test_a_token_is_printed_alone(run: Run) -> None:
    done = run("token", "create", "agent", "--for", "a01")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 1
    assert done.stderr == ""
    refused = run("token", "create", "emperor")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("role must be one of ")


def test_a_person_that_nobody_knows(run: Run) -> None:
    for act in ("export", "erase"):
        done = run("person", act, "nobody@example.org")
        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 1


def test_measures_agree_with_the_timeline(run: Run) -> None:
    assert run("measures", "recompute", "--check").returncode == 0


def test_without_migrations_every_command_but_one_refuses(data_dir: Path, empty_database_url: str, run: Run) -> None:
    for words in (("web",), ("import", "demo")):
        done = run(*words, DATABASE_URL=empty_database_url)
        assert done.returncode == 78, words
        assert done.stderr == "DATABASE_URL: migrations are missing: run `python -m gateway migrate` first\n"


def test_without_urls_a_command_has_servers_of_its_own(run: Run, data_dir: Path) -> None:
    assert run("migrate", DATABASE_URL="", REDIS_URL="").returncode == 0
    done = run("person", "export", "nobody@example.org", DATABASE_URL="", REDIS_URL="")
    assert done.returncode == 1
    assert "nobody" in done.stderr


def test_explain_answers_a_line_for_each_file_and_needs_no_server(run: Run, tmp_path: Path) -> None:
    odd = tmp_path / "odd.eml"
    odd.write_bytes(b"\xff\x00 not a mail at all")
    mail = next((ROOT / "tests" / "data" / "mail").glob("*.eml"))
    done = run("explain", str(mail), str(odd), "/nowhere.eml", DATABASE_URL="", REDIS_URL="")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(mail), str(odd), "/nowhere.eml"]
