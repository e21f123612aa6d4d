"""What the documents name exists: files, commands, settings; and what the log calls an error is explained."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.alerts import LIMITS
from gateway.config import NAMES
from tests.pure.test_house import ROOT, SOURCES

DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMED = re.compile(r"`([\w./]+\.(?:py|toml|md|sql|jsonl|yml))`")
LINKED = re.compile(r"\]\(([^)#\s]+)\)")
COMMAND = re.compile(r"python -m (gateway|ivr) ([a-z-]+)")
ROOMS = ("", "gateway", "gateway/web", "channels", "channels/mail", "routing", "docs/operations")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = [name for name in NAMED.findall(text) if not any((ROOT / room / name).exists() for room in ROOMS)]
    linked = [link for link in LINKED.findall(text) if "://" not in link and not (document.parent / link).exists()]
    assert (named, linked) == ([], [])


def test_every_decision_is_listed() -> None:
    listed = set(LINKED.findall((ROOT / "docs/adr/README.md").read_text(encoding="utf-8")))
    assert {path.name for path in (ROOT / "docs/adr").glob("0*.md")} == listed


def test_every_setting_is_explained_and_no_other() -> None:
    given = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(given) == sorted(NAMES)


def test_every_command_that_a_document_names_is_one() -> None:
    named = {found for path in DOCUMENTS for found in COMMAND.findall(path.read_text(encoding="utf-8"))}
    assert ("gateway", "check") in named
    for package, command in named:
        asked = [sys.executable, "-m", package, command, "--help"]
        assert subprocess.run(asked, cwd=ROOT, capture_output=True, check=False).returncode == 0, command


def test_every_error_of_the_log_is_explained_to_who_runs_it() -> None:
    explained = (ROOT / "docs/operations/alarms.md").read_text(encoding="utf-8")
    events = {
        node.args[0].value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("error", "critical")
        and ast.unparse(node.func.value) == "log"
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(events) > 10
    assert sorted(event for event in events if f"`{event}`" not in explained) == []


def test_every_alarm_is_explained_to_who_runs_it() -> None:
    explained = (ROOT / "docs/operations/alarms.md").read_text(encoding="utf-8")
    assert [kind for kind in LIMITS if f"`{kind}`" not in explained] == []
    urgent = re.findall(r"^\| (`[^|]+) \| [^|]* \| yes \|$", explained, re.MULTILINE)
    told = {kind for row in urgent for kind in re.findall(r"`(\w+)`", row)}
    assert told == {kind for kind, limit in LIMITS.items() if limit.urgent}
