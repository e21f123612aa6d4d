"""The whole product in processes of its own, as somebody runs it: `python -m gateway up` on free ports."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from channels.phone_lately import SLOT, SLOTS
from gateway.hosting.ports import unclaimed

ROOT = Path(__file__).parents[2]
STORES = ("valkey-server", "redis-server")
CALLS = SLOTS * SLOT


def eventually(what: Callable[[], object], within: float) -> bool:
    """Ask again and again until it is so, or the time is over."""
    end = time.monotonic() + within
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def gone(family: Iterable[psutil.Process], within: float) -> list[psutil.Process]:
    """Those that are still running when all should have ended; one that nobody has waited for yet has ended."""
    members = list(family)
    eventually(lambda: not any(_lives(member) for member in members), within)
    return [member for member in members if _lives(member)]


def memory_of_calls(process: psutil.Process) -> set[str]:
    """The table of calls that a process has in its memory, as the kernel numbers what is shared (Linux)."""
    maps = [line.split() for line in Path(f"/proc/{process.pid}/maps").read_text().splitlines()]
    return {number for at, _, _, _, number, *rest in maps if rest == ["/dev/zero", "(deleted)"] and _size(at) == CALLS}


def _size(addresses: str) -> int:
    start, end = (int(at, 16) for at in addresses.split("-"))
    return end - start


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Product:
    """One `up` on a DATA_DIR; what it says is in `said()`."""

    def __init__(self, data_dir: Path, *, root: Path = ROOT, python: str = sys.executable, **environ: str) -> None:
        self.data_dir = data_dir
        self.port, self.smtp_port = unclaimed(), unclaimed()
        self._root = root
        self._python = python
        self._environ = {
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "SMTP_PORT": str(self.smtp_port),
            **environ,
        }
        self._log = data_dir.parent / f"{data_dir.name}.said"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environ(self) -> dict[str, str]:
        """What a command beside it must be given to be about the same installation."""
        return dict(self._environ)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *options: str, within: float = 90.0) -> Product:
        """Start it and wait until it is ready."""
        self.launch(*options)
        assert eventually(lambda: self.is_ready() or self._pid is None, within), self.said()
        assert self.is_ready(), self.said()
        return self

    def launch(self, *options: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [self._python, "-m", "gateway", "up", *options],
                cwd=self._root,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_as_from_a_terminal,
            )
        return self.process

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz") == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def greets(self) -> bool:
        """Whether the mail door says 220."""
        try:
            with socket.create_connection(("127.0.0.1", self.smtp_port), timeout=5) as line:
                return line.recv(3) == b"220"
        except OSError:
            return False

    def family(self) -> list[psutil.Process]:
        """It and every process below it, however they were started."""
        assert self.process
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def role(self, name: str) -> psutil.Process | None:
        """A process of a role or server."""
        return next(iter(self.processes(name)), None)

    def processes(self, name: str) -> list[psutil.Process]:
        """Those of a role or server (`valkey` is whichever this machine has), by the last word or the program of their
        command line."""
        programs = STORES if name == "valkey" else (name,)
        found = []
        for member in self.family()[1:]:
            with suppress(psutil.Error):
                words = " ".join(member.cmdline()).split()
                if words and (words[-1] == name or Path(words[0]).name in programs):
                    found.append(member)
        return found

    def stop(self, how: signal.Signals = signal.SIGTERM, within: float = 60.0) -> int:
        """Tell it to stop; its exit status."""
        assert self.process
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(within)

    def end(self) -> None:
        """Leave nothing of it, whatever state it is in."""
        if self.process and self.process.poll() is None:
            family = self.family()
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            gone(family, 30)

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def _pid(self) -> int | None:
        return self.process.pid if self.process and self.process.poll() is None else None


def _as_from_a_terminal() -> None:
    """Ctrl-C counts, also when the tests themselves were started in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
