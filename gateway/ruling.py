"""The rules in force: the shipped files, and over them those of `DATA_DIR/rules`, looked at again while running.

A change is taken whole or not at all: when a file is wrong, the rules in force stay, every fault is told once in the
log, and `faults` holds them until the files are right. At start, wrong files raise RulesError.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from pathlib import Path

import structlog

from routing.rules import Rules, RulesError, load_rules

log = structlog.get_logger()
FOLDER = "rules"
State = frozenset[tuple[str, int, int]]


class Ruling:
    """The rules of one process. Raises RulesError when they are wrong at the beginning."""

    def __init__(self, data_dir: Path, *, learnt: bool = False) -> None:
        """`learnt`: what the examples teach is there before anybody asks, also after a change."""
        self._folder, self._learnt = data_dir / FOLDER, learnt
        self._seen = _state(self._folder)
        self._rules = _load(self._folder, self._seen, learnt)
        self.faults: tuple[str, ...] = ()

    def current(self) -> Rules:
        return self._rules

    async def look(self) -> None:
        """Take the files over when they have changed."""
        state = await asyncio.to_thread(_state, self._folder)
        if state == self._seen:
            return
        self._seen = state
        try:
            self._rules = await asyncio.to_thread(_load, self._folder, state, self._learnt)
        except RulesError as wrong:
            self.faults = wrong.faults
            for fault in wrong.faults:
                log.error("rules.refused", fault=fault)
        else:
            self.faults = ()
            log.info("rules.changed", files=len(state))


def rules_of(data_dir: Path) -> Rules:
    """The rules of an installation as its files are now. Raises RulesError."""
    folder = data_dir / FOLDER
    return _read(folder, _state(folder))


def _load(folder: Path, state: State, learnt: bool) -> Rules:
    rules = _read(folder, state)
    if learnt:
        _ = rules.experience
    return rules


@lru_cache(maxsize=1)
def _read(folder: Path, state: State) -> Rules:
    """Read once for as long as the files stay as they are."""
    return load_rules(folder if folder.is_dir() else None)


def _state(folder: Path) -> State:
    """What tells that a file is another one: its name, time and size."""
    found = set()
    for path in folder.rglob("*.toml"):
        try:
            stat = path.stat()
        except OSError:
            continue
        found.add((str(path.relative_to(folder)), stat.st_mtime_ns, stat.st_size))
    return frozenset(found)
