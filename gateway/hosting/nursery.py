"""What the processes of the roles have in common, loaded before they are made, so that they share it.

Code, templates, rules and the language model are most of what a process of ours holds. To be called before any thread
or event loop, and with the environment that the processes shall have.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from gateway.config import Config

WEB = "gateway.web.app"
EVERYTHING = (WEB, "gateway.doors", "gateway.worker", "gateway.keeping.readers")
LATER = (
    "uvloop",
    "gateway.hosting.error_reports",
    "gateway.hosting.logs",
    "gateway.hosting.servers",
    "gateway.record.soundness",
)


def prepare(config: Config, rooms: Sequence[str] = EVERYTHING) -> None:
    """Load these rooms, what they read once, and what is judged by. Wrong rules are left for the roles to refuse."""
    for room in (*rooms, *LATER):
        if read := getattr(import_module(room), "read_once", None):
            read()
    from gateway.checks import faults
    from gateway.keeping.readers import HELLO
    from gateway.ruling import rules_of
    from routing.directory import build_directory
    from routing.facts import read_facts
    from routing.rules import RulesError

    faults(config)
    with suppress(RulesError):
        read_facts(HELLO, build_directory([], [], []), rules_of(config.data_dir))
    gc.collect()
    gc.freeze()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # of the GNU C library
