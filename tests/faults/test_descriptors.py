"""A web process out of file descriptors: what it could not take was not promised, and it goes on by itself (F22)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg

from gateway.config import Config
from gateway.hosting.ports import unclaimed
from tests.fakes.product import ROOT, eventually

LIMIT = 90  # descriptors: enough to serve, not for everybody
TOKEN = "a token of twenty letters"


@contextmanager
def web_role(environ: dict[str, str], config: Config, said: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The role in a process of its own that may open few files; and its port."""
    port = unclaimed()
    servers = {"DATABASE_URL": config.database_url or "", "REDIS_URL": config.redis_url or ""}
    given = {
        "PATH": os.environ["PATH"],
        **environ,
        **servers,
        "PORT": str(port),
        "ADMIN_TOKEN": TOKEN,
        "WEB_PROCESSES": "1",
    }
    with said.open("ab") as log:
        command = ["sh", "-c", f'ulimit -n {LIMIT}; exec "$0" -m gateway web', sys.executable]
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=log, stderr=log)
    try:
        assert eventually(lambda: ready(port), 60), said.read_text()
        yield process, port
    finally:
        process.kill()
        process.wait()


def ready(port: int) -> bool:
    with suppress(OSError, HTTPException), closing(HTTPConnection("127.0.0.1", port, timeout=2)) as line:
        line.request("GET", "/readyz")
        return line.getresponse().status == 200
    return False


def promised(port: int, nth: int) -> bool:
    """Hand in a report; whether it was promised."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": f"nr-{nth}", "Content-Type": "application/json"}
    with suppress(OSError, HTTPException), closing(HTTPConnection("127.0.0.1", port, timeout=5)) as line:
        line.request("POST", "/api/v1/reports", json.dumps({"text": f"Nr {nth}"}), headers)
        return line.getresponse().status == 201
    return False


def test_f22_without_descriptors_nothing_is_promised_in_vain_and_the_process_goes_on(
    config: Config, environ: dict[str, str], tmp_path: Path
) -> None:
    with web_role(environ, config, tmp_path / "said") as (process, port):
        assert promised(port, 0)
        with ExitStack() as crowd:
            for _ in range(2 * LIMIT):
                crowd.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            during = {nth for nth in range(1, 4) if promised(port, nth)}
        assert eventually(lambda: ready(port), 30), (tmp_path / "said").read_text()
        again = {nth for nth in range(1, 4) if promised(port, nth)}
        assert again == {1, 2, 3}
        assert process.poll() is None
    with psycopg.connect(config.database_url or "") as connection:
        found = connection.execute("SELECT text FROM report_contents").fetchall()
    assert sorted(text for (text,) in found) == [f"Nr {nth}" for nth in range(4)]
    assert during < {1, 2, 3}
