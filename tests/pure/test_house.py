"""The rules of the house that no tool of the shelf knows: who may read the environment, the time, SQL and Redis."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from gateway.record.db import FOLDER, statements
from tests.fakes.product import ROOT

PACKAGES = ("gateway", "channels", "ivr", "measuring", "routing", "transcripts")
STATEMENT = re.compile(
    r"\s*(SELECT\s|INSERT INTO\s|UPDATE\s+\w+\s+SET\s|DELETE FROM\s|(CREATE|ALTER|DROP) TABLE|SET TRANSACTION\s)"
)
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def uses(path: Path) -> Iterator[str]:
    """Dotted names that a module imports or reads, as it writes them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def users(*names: str) -> set[str]:
    """The modules that use one of `names` or something below it."""
    return {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if any(use == name or use.startswith(f"{name}.") for use in uses(path) for name in names)
    }


def test_only_the_configuration_reads_the_environment() -> None:
    assert users("os.environ", "os.getenv", "os.environb") == {"gateway/config.py"}


def test_only_the_clock_reads_the_time_of_day() -> None:
    asked = users("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns")
    outside_world = {path for path in asked if path.startswith("gateway/demo/")}
    assert asked - outside_world == {"gateway/clock.py"}


def test_redis_is_spoken_in_one_place() -> None:
    assert users("redis") <= {"gateway/live.py", "gateway/hosting/redis_urls.py"}


def test_nothing_but_the_command_that_starts_it_leans_on_the_web_server() -> None:
    assert {path for path in users("gateway.web") if not path.startswith("gateway/web/")} == {"gateway/commands.py"}


def test_sql_stands_in_files_of_its_own() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {node.value.strip()[:40]}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value)
    }
    assert {line for line in found if "pg_advisory_lock" not in line} == set()


def asked_for(path: Path) -> list[ast.Subscript]:
    """Where a module takes something by its name out of a table in capitals."""
    return [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
        and ast.unparse(node.value).rpartition(".")[2].isupper()
    ]


def test_every_statement_that_is_asked_for_exists() -> None:
    known = {id(table): table for table in map(statements, (path.stem for path in FOLDER.glob("*.sql")))}
    missing, found = [], 0
    for path in (*SOURCES, *sorted((ROOT / "bench").glob("*.py"))):
        for node in asked_for(path):
            module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            owner, _, name = ast.unparse(node.value).rpartition(".")
            table = known.get(id(getattr(getattr(module, owner) if owner else module, name, None)))
            if table is not None:
                found += 1
                missing += [f"{path.relative_to(ROOT)}: {ast.unparse(node)}"] * (
                    ast.literal_eval(node.slice) not in table
                )
    assert missing == []
    assert found > 400


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "HACK"])
def test_nothing_is_put_off(word: str) -> None:
    left = [path.name for path in SOURCES if word in path.read_text(encoding="utf-8")]
    assert left == []
