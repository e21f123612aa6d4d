"""What a process last told the record about its calls, so that most turns need not ask the record first.

A memory and not a store: it may be empty, old or wrong at any moment. What is worked out from it is written only if the
record has been told nothing since, and a call that it does not know is read from the record.
"""

from __future__ import annotations

from ivr.engine import CallState

MOST = 2000  # calls


class Lately:
    """The newest calls, each with the turn that was written last and the state after it."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._calls: dict[str, tuple[int, CallState]] = {}

    def before(self, sid: str, turn: int) -> CallState | None:
        """The state that a turn finds, if the turn before it is what is remembered of its call. It is given once."""
        last, state = self._calls.pop(sid, (turn, None))
        return state if last == turn - 1 else None

    def note(self, sid: str, turn: int, state: CallState) -> None:
        self._calls.pop(sid, None)
        while len(self._calls) >= self._most:
            del self._calls[next(iter(self._calls))]
        self._calls[sid] = turn, state

    def forget(self, sid: str) -> None:
        self._calls.pop(sid, None)
