"""The driver's own book: every attempt and what became of it, on disk before the next step is taken."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.tellings import Telling


@dataclass(frozen=True, slots=True)
class Result:
    """What a door answered: `ok` (it has promised), `fail` (it has not), `unknown` (the line broke before an answer).

    `code` is the last SMTP or HTTP status, 0 without one; `kept` is true where the promise was the spool's.
    """

    kind: str
    code: int = 0
    detail: str = ""
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Try:
    began: float
    ended: float
    result: Result


@dataclass(slots=True)
class Line:
    """One telling with all its tries."""

    telling: Telling
    tries: list[Try] = field(default_factory=list)

    @property
    def promised(self) -> bool:
        return any(tried.result.kind == "ok" for tried in self.tries)

    @property
    def unsure(self) -> bool:
        return any(tried.result.kind == "unknown" for tried in self.tries)


class Ledger:
    """Times are seconds of the monotonic clock since the run began."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._zero = time.monotonic()
        self._lines: dict[str, Line] = {}

    @property
    def now(self) -> float:
        return time.monotonic() - self._zero

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines.values())

    def attempt(self, telling: Telling) -> float:
        """Note that a try begins; returns when."""
        began = self.now
        line = self._lines.setdefault(telling.nonce, Line(telling))
        self._write("attempt", nonce=telling.nonce, door=telling.door, nth=len(line.tries) + 1)
        return began

    def outcome(self, telling: Telling, began: float, result: Result) -> None:
        """Note how a try ended."""
        self._lines[telling.nonce].tries.append(Try(began, self.now, result))
        self._write(result.kind, nonce=telling.nonce, code=result.code, detail=result.detail)

    def note(self, what: str, **more: Any) -> None:
        """Note something else that happened: a kill, a recovery."""
        self._write(what, **more)

    def promised(self) -> int:
        return sum(line.promised for line in self)

    def close(self) -> None:
        self._file.close()

    def _write(self, what: str, **more: Any) -> None:
        self._file.write(json.dumps({"at": round(self.now, 4), "what": what, **more}, ensure_ascii=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
