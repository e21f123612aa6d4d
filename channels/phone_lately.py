"""What was last told to the record about calls, so that most turns need not ask the record first.

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


class Lately:
    """Calls, each with the turn that was written last and the state after it. `table` has SLOT bytes for each; one that
    is shared with whoever is forked from us, unless it is given."""

    def __init__(self, table: mmap | None = None) -> None:
        self._table = mmap(-1, SLOTS * SLOT) if table is None else table

    def before(self, sid: str, turn: int) -> CallState | None:
        """The state that a turn finds, if the turn before it is what is remembered of its call. It is given once, but
        to two processes that ask in the same moment."""
        found = self._read(sid)
        if found is None:
            return None
        self._write(sid, _EMPTY)
        last, state = found
        return state if last == turn - 1 else None

    def note(self, sid: str, turn: int, state: CallState) -> None:
        """Remember a turn, in place of those before it. A state that is too large for a slot is not remembered."""
        told = pickle.dumps((sid, turn, *_FIELDS(state)))
        if _HEAD.size + len(told) > SLOT:
            self.forget(sid)
        else:
            self._write(sid, (_HEAD.pack(crc32(told), len(told)) + told).ljust(SLOT, b"\0"))

    def forget(self, sid: str) -> None:
        """Leave no byte in a call's slot, whole or torn, its own or another's."""
        self._write(sid, _EMPTY)

    def close(self) -> None:
        """Have no part in the table any more; those who share it keep it."""
        self._table.close()

    def _read(self, sid: str) -> tuple[int, CallState] | None:
        """The turn and the state in a call's slot, unless they are another call's, or were being written."""
        at = self._at(sid)
        checksum, length = _HEAD.unpack_from(self._table, at)
        told = self._table[at + _HEAD.size : at + SLOT][:length]
        if not told or crc32(told) != checksum:
            return None
        whose, turn, *fields = pickle.loads(told)  # noqa: S301 - from code of ours
        return (turn, CallState(*fields)) if whose == sid else None

    def _write(self, sid: str, slot: bytes) -> None:
        at = self._at(sid)
        self._table[at : at + SLOT] = slot

    def _at(self, sid: str) -> int:
        return crc32(sid.encode()) % (len(self._table) // SLOT) * SLOT
