"""The role `web` by several processes on one port: whoever of them dies or stands still, visitors are answered, figures
are those of all, and none is left behind."""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from gateway.config import Config
from gateway.hosting import ports
from gateway.hosting.ports import unclaimed
from tests.fakes.product import ROOT, eventually, gone, memory_of_calls
from tests.stories.test_twins import ready

VISITS = 24
PATIENCE = 120.0
COUNTED = re.compile(r'^switchyard_http_requests_total\{route="/healthz",status="200"\} ([\d.]+)$', re.MULTILINE)


class Web:
    """`python -m gateway web` with two processes."""

    def __init__(self, config: Config, environ: dict[str, str], folder: Path) -> None:
        self.port, self.said = unclaimed(), folder / "web.said"
        servers = {"DATABASE_URL": config.database_url or "", "REDIS_URL": config.redis_url or ""}
        given = {"PATH": os.environ["PATH"], **environ, **servers, "PORT": str(self.port), "WEB_PROCESSES": "2"}
        command = [sys.executable, "-m", "gateway", "web"]
        with self.said.open("wb") as said:
            self.parent = subprocess.Popen(command, cwd=ROOT, env=given, stdout=said, stderr=said)
        assert eventually(lambda: ready(self.port) and len(self.processes()) == 2, PATIENCE), self.said.read_text()

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.parent.pid).children()

    def visits(self, visits: int = VISITS, path: str = "/healthz") -> list[bytes]:
        """What so many visitors are answered who have all connected before any of them asks."""
        answers = []
        with ExitStack() as visitors:
            lines = [HTTPConnection("127.0.0.1", self.port, timeout=20) for _ in range(visits)]
            for line in lines:
                line.connect()
                visitors.callback(line.close)
            for line in lines:
                line.request("GET", path)
            for line in lines:
                answer = line.getresponse()
                assert answer.status == 200
                answers.append(answer.read())
        return answers


@contextmanager
def held(process: psutil.Process) -> Iterator[None]:
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def refused(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


@pytest.fixture
def web(config: Config, environ: dict[str, str], tmp_path: Path) -> Iterator[Web]:
    running = Web(config, environ, tmp_path)
    yield running
    family = running.processes() if running.parent.poll() is None else []
    running.parent.kill()
    running.parent.wait()
    assert gone(family, 20) == []


def test_visitors_are_answered_and_counted_whichever_process_dies_or_stands_still(web: Web) -> None:
    first, second = web.processes()
    assert {process.cmdline()[-1] for process in (first, second)} == {"web"}
    with held(first):
        assert len(web.visits()) == VISITS
    asked = [COUNTED.findall(text.decode()) for text in web.visits(8, "/metrics")]
    assert asked == [[f"{VISITS}.0"]] * 8, "the figures are those of both, whichever is asked"

    first.kill()
    assert len(web.visits()) == VISITS
    assert eventually(lambda: len({*web.processes()} - {first}) == 2, PATIENCE)
    assert second in web.processes()
    if sys.platform.startswith("linux"):
        memories = [memory_of_calls(process) for process in web.processes()]
        assert len(memories[0]) == 1
        assert memories == [memories[0]] * 2, "also the one that was made again shares it"
    assert [COUNTED.findall(text.decode()) for text in web.visits(2, "/metrics")] == [[f"{2 * VISITS}.0"]] * 2

    family = web.processes()
    web.parent.kill()
    web.parent.wait()
    assert gone(family, 20) == [], "none outlives the one that made them"
    assert eventually(lambda: refused(web.port), 20)


def test_a_process_that_refuses_its_configuration_ends_the_role(web: Web, environ: dict[str, str]) -> None:
    rules = Path(environ["DATA_DIR"]) / "rules"
    rules.mkdir()
    (rules / "sla.toml").write_text("nonsense = true\n")
    web.processes()[0].kill()
    assert web.parent.wait(PATIENCE) == 78, web.said.read_text()
    assert "rules: " in web.said.read_text()


def test_a_port_that_is_taken_is_told_and_may_be_free_later(config: Config, environ: dict[str, str]) -> None:
    servers = {"DATABASE_URL": config.database_url or "", "REDIS_URL": config.redis_url or ""}
    with closing(ports.listening("127.0.0.1", 0)[0][0]) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "gateway", "web"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **environ, **servers, "PORT": port, "WEB_PROCESSES": "2"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (69, "web cannot listen: Address already in use\n")
