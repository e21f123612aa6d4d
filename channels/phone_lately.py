"""What was last told to the record about calls, so that most turns need not ask the record first; and what callers did
in turns that have no answer yet, so that nobody is asked twice.

A memory and not a store: it may be empty or old at any moment. What is worked out from it is written only if the record
has been told nothing since, and a call that it does not know is read from the record. So it has no locks: what several
write at once, or was read meanwhile, fails its checksum and is not remembered.

Processes that are forked from the one that made it share it, so that a turn finds what another process wrote of the
turn before. It lies in their memory alone, in no file, and goes with the last of them. What a call told stays in it
until the turn that ends the call, or until the provider says that it is over. If that is never said, it stays until
another call takes its slot, one of some thousands, or the processes end.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from mmap import mmap
from operator import attrgetter
from struct import Struct
from zlib import crc32

from ivr.engine import CallState

SLOTS = 4096  # calls; two of them share a slot by chance, and push each other out
SLOT = 2048  # bytes; a call takes some 150, and one whose caller spoke for a minute some 1,500
_HEAD = Struct("=IH")  # the checksum of what follows, and its length
_EMPTY = bytes(SLOT)
_FIELDS = attrgetter(*CallState.__slots__)


@dataclass(frozen=True, slots=True)
class Remembered:
    """The turn of a call that was written last, the state after it (None when only what follows is known), and what the
    caller did then, as the provider told it, in a turn that has no answer yet."""

    turn: int
    state: CallState | None
    given: Mapping[str, str]


class Lately:
    """What is remembered of calls. `table` has SLOT bytes for each; one that is shared with whoever is forked from us,
    unless it is given."""

    def __init__(self, table: mmap | None = None) -> None:
        self._table = mmap(-1, SLOTS * SLOT) if table is None else table

    def before(self, sid: str, turn: int) -> CallState | None:
        """The state that a turn finds, if the turn before it is what is remembered of its call."""
        found = self.last(sid)
        return found.state if found is not None and found.turn == turn - 1 else None

    def held(self, sid: str, turn: int) -> Mapping[str, str]:
        """What the caller did in a turn that has no answer yet."""
        found = self.last(sid)
        return found.given if found is not None and found.turn == turn - 1 else {}

    def last(self, sid: str) -> Remembered | None:
        """What is in a call's slot, unless it is another call's, or was being written."""
        at = self._at(sid)
        checksum, length = _HEAD.unpack_from(self._table, at)
        told = self._table[at + _HEAD.size : at + SLOT][:length]
        if not told or crc32(told) != checksum:
            return None
        whose, turn, given, *fields = pickle.loads(told)  # noqa: S301 - from code of ours
        return Remembered(turn, CallState(*fields) if fields else None, given) if whose == sid else None

    def note(self, sid: str, turn: int, state: CallState) -> None:
        """Remember a turn, in place of those before it. A state that is too large for a slot is not remembered."""
        if not self._keep(sid, turn, {}, _FIELDS(state)):
            self.forget(sid)

    def hold(self, sid: str, turn: int, given: Mapping[str, str]) -> None:
        """Remember what the caller did in a turn that has no answer yet, beside the state that it finds, unless the two
        are too large for a slot."""
        found = self.last(sid)
        if found is None or found.turn < turn:
            state = self.before(sid, turn)
            self._keep(sid, turn - 1, given, _FIELDS(state) if state is not None else ())

    def forget(self, sid: str) -> None:
        """Leave no byte in a call's slot, whole or torn, its own or another's."""
        self._write(sid, _EMPTY)

    def close(self) -> None:
        """Have no part in the table any more; those who share it keep it."""
        self._table.close()

    def _keep(self, sid: str, turn: int, given: Mapping[str, str], fields: tuple[object, ...]) -> bool:
        """Fill a call's slot; whether it is large enough."""
        told = pickle.dumps((sid, turn, given, *fields))
        if _HEAD.size + len(told) > SLOT:
            return False
        self._write(sid, (_HEAD.pack(crc32(told), len(told)) + told).ljust(SLOT, b"\0"))
        return True

    def _write(self, sid: str, slot: bytes) -> None:
        at = self._at(sid)
        self._table[at : at + SLOT] = slot

    def _at(self, sid: str) -> int:
        return crc32(sid.encode()) % (len(self._table) // SLOT) * SLOT
