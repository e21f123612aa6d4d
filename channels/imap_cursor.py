"""How far a mailbox has been read, and whether the account of it adds up. Pure values.

Mails are known by UIDVALIDITY and UID (RFC 9051 section 2.3.1.1). Everything above `floor` up to `uid` is settled; new
mail is read upwards from `uid`, what lay there at the first start downwards from `floor`, so that live mail never waits
for old mail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Cursor:
    """`listed` mails were settled: each was `taken`, `quarantined`, `unfetched` (its placeholder was kept), `vanished`
    (deleted before it could be read) or `passed` (older than the start date).
    """

    uidvalidity: int
    uid: int
    floor: int
    listed: int = 0
    taken: int = 0
    quarantined: int = 0
    unfetched: int = 0
    vanished: int = 0
    passed: int = 0

    def settle(self, fates: Sequence[tuple[int, str]], uid: int, floor: int) -> Cursor:
        """The cursor after some mails, as (UID, name of the count), with its new ends."""
        counts = {name: getattr(self, name) + sum(fate == name for _, fate in fates) for name in FATES}
        return replace(self, uid=uid, floor=floor, listed=self.listed + len(fates), **counts)


FATES = ("taken", "quarantined", "unfetched", "vanished", "passed")


class Cursors(Protocol):
    """Where cursors are kept, and who may move them."""

    async def load(self, mailbox: str) -> Cursor | None: ...

    async def save(self, mailbox: str, cursor: Cursor) -> None:
        """Return after COMMIT; raises any exception when it is not known to be kept."""
        ...

    async def hold(self, mailbox: str) -> bool:
        """Whether this process may read the mailbox: false while another does. Ends with `release` or with us."""
        ...

    async def release(self, mailbox: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The account of one mailbox: what is in it, what of it waits, and what became of the rest."""

    mailbox: str
    in_mailbox: int
    waiting: int
    listed: int
    taken: int
    quarantined: int
    unfetched: int
    vanished: int
    passed: int

    @property
    def gone(self) -> int:
        """Settled mails that are no longer in the mailbox: moved where read mail goes, or deleted by somebody."""
        return self.listed - (self.in_mailbox - self.waiting)

    @property
    def adds_up(self) -> bool:
        """Whether each mail that was listed has one fate, and no more are settled in the mailbox than were listed."""
        return self.settled == self.listed and self.in_mailbox - self.waiting <= self.listed

    @property
    def settled(self) -> int:
        """Mails that have a fate."""
        return self.taken + self.quarantined + self.unfetched + self.vanished + self.passed


def reconcile(mailbox: str, cursor: Cursor, uids: Iterable[int]) -> Reconciliation:
    """The account, from the cursor and the UIDs that are in the mailbox now."""
    present = list(uids)
    waiting = sum(not cursor.floor < uid <= cursor.uid for uid in present)
    return Reconciliation(
        mailbox,
        len(present),
        waiting,
        cursor.listed,
        cursor.taken,
        cursor.quarantined,
        cursor.unfetched,
        cursor.vanished,
        cursor.passed,
    )
