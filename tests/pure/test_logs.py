"""The logs: what they leave out, what they keep, and that they hold nobody up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.hosting.logs import without_personal_data

ROOT = Path(__file__).parents[2]
CANARIES = (
    "anna.svensson@exempel.example",
    "+46 70 174 06 05",
    "070-174 06 05",
    "0046701740605",
    "031-390 06 01",
    "hunter2",
    "Zk3vQ9xT7bLmW2aP5cRd",
)
SAYS = """
import logging, sys
import structlog
from gateway.hosting.logs import configure
configure("web")
log = structlog.get_logger()
log.info("mail from anna.svensson@exempel.example", to="<anna.svensson@exempel.example>", phones=["+46 70 174 06 05"])
log.warning("call", frm="070-174 06 05", more={"dialled": "0046701740605 or 031-390 06 01"})
logging.getLogger("library").error("GET /s/Zk3vQ9xT7bLmW2aP5cRd from %s", "postgresql://switchyard:hunter2@db/x")
try:
    raise ValueError("Key (email)=(anna.svensson@exempel.example) exists")
except ValueError:
    log.exception("failed", case=1042, number="1042-9", at="2026-09-14T07:03:12+02:00", sid="CA0123456789abcdef")
logging.getLogger("aiosmtpd").info("chatter")
"""


def run(code: str) -> subprocess.Popen[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", code], env=environ, text=True, stderr=subprocess.PIPE)


def test_every_event_is_json_and_names_nobody() -> None:
    _, said = run(SAYS).communicate(timeout=60)
    for canary in CANARIES:
        assert canary not in said
    events = [json.loads(line) for line in said.splitlines()]
    assert [event["level"] for event in events] == ["info", "warning", "error", "error"]
    assert all(event["role"] == "web" and event["timestamp"].endswith("Z") for event in events)
    assert events[0]["event"] == "mail from <address>"
    assert events[2]["event"] == "GET /s/<token> from postgresql://…@db/x"
    last = events[3]
    assert (last["case"], last["number"], last["at"]) == (1042, "1042-9", "2026-09-14T07:03:12+02:00")
    assert last["sid"] == "CA0123456789abcdef"
    assert "ValueError" in last["exception"]


@pytest.mark.parametrize(
    "text",
    [
        "case 1042-9",
        "2026-11-22 14:35:07.123",
        "charger 104217 connector 2",
        "at 07:03:12 in 12.5 ms",
        "10.0.0.1:8080",
        "sqlstate 08006",
        "/c/104217",
        "gateway@2x",
    ],
)
def test_what_names_nobody_stays(text: str) -> None:
    assert without_personal_data(None, "", {"event": text, "n": 46701740605}) == {"event": text, "n": 46701740605}


def test_f44_a_log_that_nobody_reads_stops_nobody() -> None:
    code = """
import structlog
from gateway.hosting.logs import configure
configure("web")
log = structlog.get_logger()
for number in range(12_000):
    log.info("x" * 200, number=number)
print("done", flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "done\n"
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_f44_a_log_on_a_full_disk_stops_nobody() -> None:
    code = """
import structlog
from gateway.hosting.logs import configure
configure("web", stream=open("/dev/full", "w"))
for number in range(100):
    structlog.get_logger().info("x")
print("done", flush=True)
"""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [sys.executable, "-c", code], env=environ, text=True, capture_output=True, timeout=60, check=False
    )
    assert said.stdout == "done\n"
