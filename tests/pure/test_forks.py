"""Copies of us: they do what they were made for and nothing else, are listed as what they are, and die with us."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.fakes.product import ROOT, eventually


def run(code: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, because a copy is made of one that has no threads."""
    return subprocess.run(
        [sys.executable, "-c", f"from gateway.hosting.forks import copy\nimport os, signal, sys, time\n{code}"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_copy_ends_with_its_result_and_cleans_up_nothing_of_ours() -> None:
    done = run("""
try:
    made = copy(lambda: print("worked") or 7, "work")
    print(made.wait(20), made.poll(), made.pid != os.getpid())
finally:
    print("cleaned up")
""")
    assert (done.stderr, done.stdout) == ("", "worked\n7 7 True\ncleaned up\n")


@pytest.mark.parametrize(
    ("work", "status", "said"),
    [
        ("1 / 0", 1, "ZeroDivisionError"),
        ("sys.exit(3)", 1, "SystemExit"),
        ("os.kill(os.getpid(), signal.SIGTERM)", -15, ""),
    ],
)
def test_what_becomes_of_one_that_fails(work: str, status: int, said: str) -> None:
    done = run(f"print(copy(lambda: {work}, 'work').wait(20))")
    assert done.stdout == f"{status}\n"
    assert said in done.stderr


def test_an_end_that_the_kernel_keeps_to_itself_is_an_end() -> None:
    done = run("signal.signal(signal.SIGCHLD, signal.SIG_IGN)\nprint(copy(lambda: 0, 'work').wait(20))")
    assert (done.stderr, done.stdout) == ("", "1\n")


def test_a_copy_is_in_a_session_of_its_own_without_our_input_and_our_handlers() -> None:
    done = run("""
signal.signal(signal.SIGTERM, lambda *_: None)
def work():
    print(os.getsid(0) == os.getpid(), sys.stdin.read() == "", signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
    return 0
copy(work, "work").wait(20)
""")
    assert (done.stderr, done.stdout) == ("", "True True True\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells command lines so")
def test_a_copy_is_listed_as_what_it_stands_for() -> None:
    done = run("""
import psutil
def work():
    print(psutil.Process().cmdline()[1:])
    return 0
copy(work, "worker").wait(20)
print(psutil.Process().cmdline()[1])
""")
    assert (done.stderr, done.stdout) == ("", "['-m', 'gateway', 'worker']\n-c\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends children with their parent")
def test_a_copy_is_told_to_wait_no_longer_than_asked_and_dies_with_us() -> None:
    done = run("""
from subprocess import TimeoutExpired
made = copy(lambda: time.sleep(60) or 0, "work")
try:
    made.wait(0.01)
except TimeoutExpired:
    print(made.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
""")
    pid = int(done.stdout)
    assert eventually(lambda: not os.path.exists(f"/proc/{pid}"), 20)
