"""`up`: everything runs with one command, what dies comes back, and what is stopped or killed leaves nothing behind."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.config import load
from tests.fakes.product import ROOT, Product, eventually, gone, memory_of_calls


@pytest.fixture
def product(data_dir: Path) -> Iterator[Callable[..., Product]]:
    """Makes products on this test's DATA_DIR and ends them."""
    made: list[Product] = []

    def make(**environ: str) -> Product:
        made.append(Product(data_dir, **environ))
        return made[-1]

    yield make
    for one in made:
        one.end()


def report(product: Product, text: str) -> str:
    """Send a report by the API; its case number."""
    token = load({"DATA_DIR": str(product.data_dir)}).admin_token
    body = json.dumps({"from": {"phone": "+46701740605"}, "text": text, "charger": None})
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": text, "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=30)
    try:
        connection.request("POST", "/api/v1/reports", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == http.client.CREATED, (content, product.said())
        case: str = json.loads(content)["case"]
        return case
    finally:
        connection.close()


def test_up_serves_brings_back_what_dies_and_stops_cleanly(product: Callable[..., Product]) -> None:
    running = product().start()
    assert eventually(running.greets, 30)
    assert eventually(lambda: "Switchyard is ready" in running.said(), 10)
    family = running.family()

    for name in ("web", "smtp", "imap", "worker", "valkey", "postgres"):
        before = running.role(name)
        assert before, name
        assert os.getsid(before.pid) != os.getsid(running.process.pid if running.process else 0), name
        before.kill()
        back = eventually(lambda name=name, before=before: running.role(name) not in {None, before}, 20)
        assert back, f"{name} did not come back\n{running.said()}"
    assert eventually(running.is_ready, 20)
    assert eventually(running.greets, 20)
    reader = running.role("reader")
    assert reader, "what reads for the mail door is a copy too"
    reader.kill()
    assert eventually(lambda: running.role("gateway.keeping.readers_worker"), 20)
    if sys.platform.startswith("linux"):
        smtp = running.role("smtp")
        assert smtp
        assert {os.sched_getscheduler(one.pid) for one in (smtp, *smtp.children())} == {os.SCHED_BATCH}
        assert {os.sched_getscheduler(one.pid) for one in running.processes("web")} == {os.SCHED_OTHER}
        assert len(set().union(*map(memory_of_calls, running.processes("web")))) == 1
        assert memory_of_calls(smtp) == set(), "it has no part in what callers told"

    family += running.family()
    sockets = Path(json.loads((running.data_dir / "servers.json").read_text())["folder"])
    assert running.stop(signal.SIGINT) == 0, running.said()
    assert gone(family, 0) == []
    assert not sockets.exists()
    assert running.said().rstrip().endswith("Stopped.")


@pytest.mark.long
def test_killed_it_leaves_no_process_and_started_again_it_has_its_cases(product: Callable[..., Product]) -> None:
    running = product().start()
    case = report(running, "The screen stays black")
    family = running.family()
    assert len(family) > 8
    assert running.process
    running.process.kill()
    running.process.wait()
    assert gone(family, 20) == []

    again = product().start()
    assert report(again, "The screen stays black") == case
    assert again.stop() == 0


def test_a_second_up_refuses_in_one_line(product: Callable[..., Product], data_dir: Path) -> None:
    first = product()
    first.launch()
    assert eventually(lambda: (data_dir / "servers.json").exists(), 60), first.said()
    second = subprocess.run(
        [sys.executable, "-m", "gateway", "up"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir), "PORT": "0", "SMTP_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 69
    assert second.stderr == f"Switchyard already runs on {data_dir}; set another DATA_DIR for a second one\n"


@pytest.mark.parametrize("name", ["PORT", "SMTP_PORT"])
def test_a_port_that_is_taken_is_told_in_one_line(data_dir: Path, name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ports = {"PORT": "0", "SMTP_PORT": "0", name: port}
        tried = subprocess.run(
            [sys.executable, "-m", "gateway", "up"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir), **ports},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert tried.returncode == 78
    assert tried.stderr == f"{name}: 127.0.0.1:{port}: Address already in use; set {name} to another port\n"
    assert not (data_dir / "servers").exists()


def test_told_to_stop_while_starting_it_stops(product: Callable[..., Product], data_dir: Path) -> None:
    running = product()
    running.launch()
    assert eventually(lambda: (data_dir / "servers.json").exists(), 60), running.said()
    family = running.family()
    assert running.stop() == 0, running.said()
    assert gone(family, 0) == []


def test_it_ends_with_whoever_started_it_when_asked_to(product: Callable[..., Product], data_dir: Path) -> None:
    running = product()
    code = "import subprocess, sys; subprocess.run([sys.executable, '-m', 'gateway', 'up', '--with-parent'])"
    environ = {"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir), "PORT": "0", "SMTP_PORT": "0"}
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL) as parent:
        running.process = parent  # type: ignore[assignment]
        assert eventually(lambda: (data_dir / "servers.json").exists(), 60)
        family = running.family()
        parent.kill()
        parent.wait()
        assert gone(family, 60) == []
