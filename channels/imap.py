"""Mailboxes that are read: each mail is taken in once, marked after it is kept, and never lost in between.

A thread for each mailbox talks to the server; parsing and keeping happen in the loop. The cursor moves only over mails
that were settled, contiguously; a mail that cannot be stored stops it until it can, a mail that nobody can parse does
not. Mail that comes in is read before mail that lay there, and of that what is older than a day is never answered:
somebody may have done so long ago. `account` tells whether everything adds up.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import threading
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

import structlog

from channels.imap_cursor import Cursor, Cursors, Reconciliation, reconcile
from channels.imap_session import Account, Denied, Lying, NotMarked, Session, Trouble
from channels.mail.reading import quarantined
from channels.mail.robots import NO_ANSWER
from channels.mail_tokens import NoToken, Tokens
from channels.report import Intake, NotStored, Report
from channels.smtp import Clock, Parser

log = structlog.get_logger()
T = TypeVar("T")
BATCH = 50  # mails listed at a time
BATCH_BYTES = 8 * 1024 * 1024  # fetched at a time, at least one mail
SIZE = 50 * 1024 * 1024  # bytes; of larger mails only the headers are fetched
TRIES = 3  # of a mail whose content does not come while others do, before a placeholder is kept
RENEW = 30.0  # seconds of waiting, at most, before asking anew: mail between a listing and IDLE is not always told
POLL = 30.0  # seconds between looks at a mailbox that another process reads
AGAIN = 5.0  # seconds after a failure, doubling up to AGAIN_LIMIT
AGAIN_LIMIT = 300.0
OLD = timedelta(days=1)  # in the mailbox at the first start: no news to whoever wrote it
DENIED_PAUSE = 60.0  # seconds, at least, between log-ins that fail: more would lock the mailbox


@dataclass(slots=True)
class Health:
    """How a mailbox is doing: `failing` says since when it has not been read (the loop's clock), `reason` why; `read`
    that it is read here and now. Neither while another process reads it. `restarts` is for how many sessions in a row
    UIDVALIDITY or the UIDs have begun anew.
    """

    failing: float | None = None
    read: bool = False
    reason: str = ""
    restarts: int = 0

    @property
    def restless(self) -> bool:
        """Whether its server numbers its mails anew at each session, so that all of them are read each time."""
        return self.restarts > 1


@dataclass(slots=True)
class _Sick:
    """A mail that was asked for and did not come: how often the server handed out something else, and its header."""

    tries: int = 0
    head: bytes = b""


class ImapDoor:
    """Readers of several mailboxes in one process."""

    def __init__(
        self,
        intake: Intake,
        parser: Parser,
        clock: Clock,
        accounts: Sequence[Account],
        cursors: Cursors,
        *,
        tokens: Tokens | None = None,
        tls_context: ssl.SSLContext | None = None,
        again: float = AGAIN,
    ) -> None:
        """`tokens` opens the accounts that have no password."""
        self._readers = [
            _Reader(intake, parser, clock, account, cursors, tokens, tls_context, again) for account in accounts
        ]

    async def start(self) -> None:
        for reader in self._readers:
            reader.start(asyncio.get_running_loop())

    async def stop(self) -> None:
        """End after the batch under way."""
        for reader in self._readers:
            reader.stopping.set()
        for reader in self._readers:
            await reader.ended()

    def health(self) -> dict[str, Health]:
        return {reader.account.name: reader.health for reader in self._readers}

    async def account(self) -> list[Reconciliation]:
        """The account of each mailbox that can be reached now."""
        found = [await reader.reconciled() for reader in self._readers]
        return [entry for entry in found if entry is not None]


@dataclass(slots=True, eq=False)
class _Reader:
    intake: Intake
    parser: Parser
    clock: Clock
    account: Account
    cursors: Cursors
    tokens: Tokens | None
    tls_context: ssl.SSLContext | None
    again: float
    health: Health = field(default_factory=Health)
    stopping: threading.Event = field(default_factory=threading.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _sick: dict[int, _Sick] = field(default_factory=dict)
    _unmarked: set[int] = field(default_factory=set)  # kept, but the server would not mark them
    _copied: set[int] = field(default_factory=set)  # of those, whose copy lies where they are to go
    _wanted: frozenset[int] | None = None  # of the old mails, when a start date is set

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread = threading.Thread(target=self._run, name=f"imap {self.account.name}", daemon=True)
        self._thread.start()

    async def ended(self) -> None:
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 90)

    async def reconciled(self) -> Reconciliation | None:
        cursor = await self.cursors.load(self.account.name)
        if cursor is None:
            return None

        def present(token: str | None) -> list[int]:
            session = self._opened(token)
            try:
                return session.uids()
            finally:
                session.close()

        try:
            return reconcile(self.account.name, cursor, await asyncio.to_thread(present, await self._token()))
        except (Trouble, Denied):
            return None

    def _run(self) -> None:
        failures = 0
        while not self.stopping.is_set():
            pause = 0.0
            failures = 0 if self.health.failing is None else failures
            try:
                if self._in_loop(self.cursors.hold(self.account.name)):
                    try:
                        self._read()
                    finally:
                        self._in_loop(self.cursors.release(self.account.name))
                else:
                    self.health.failing, self.health.read, pause = None, False, POLL
            except Denied as error:
                pause = max(DENIED_PAUSE, self._fail(error, failures))
                failures += 1
            except Trouble as error:
                pause = self._fail(error, failures)
                failures += 1
            except Exception as error:  # of ours, such as a record that is away: the mail server need not be spared
                pause = self._fail(error, 0)
            if pause:
                self.stopping.wait(pause)

    def _fail(self, error: Exception, failures: int) -> float:
        """Note a failure; how long to wait before the next try."""
        assert self._loop is not None
        if self.health.failing is None:
            self.health.failing = self._loop.time()
        self.health.read = False
        self.health.reason = str(error) if isinstance(error, Trouble | Denied) else type(error).__name__
        log.warning("imap.failing", mailbox=self.account.folder, reason=self.health.reason, failures=failures + 1)
        return float(min(AGAIN_LIMIT, self.again * 2 ** min(failures, 10)) * random.uniform(0.8, 1.2))

    def _read(self) -> None:
        """Read until the connection ends. Raises Trouble, Denied, NotStored, or what the cursors raise."""
        session = self._opened(self._in_loop(self._token()))
        try:
            cursor = self._begun(session, self._in_loop(self.cursors.load(self.account.name)))
            old = [uid for uid in session.uids() if uid <= cursor.floor] if cursor.floor else []
            self._wanted = frozenset(session.uids(since=self.account.since)) if old and self.account.since else None
            unmarked = sorted(self._unmarked)
            calm = 1.0
            while not self.stopping.is_set():
                if fresh := session.uids(cursor.uid + 1):
                    cursor = self._settle(session, cursor, fresh[:BATCH], upwards=True)
                    calm = 1.0
                    continue
                self.health.failing, self.health.reason, self.health.read = None, "", True
                if old:
                    cursor = self._settle(session, cursor, old[-BATCH:], upwards=False)
                    del old[-BATCH:]
                    continue
                if cursor.floor:
                    cursor = self._save(replace(cursor, floor=0))
                if unmarked:
                    if failure := self._mark(session, unmarked[:BATCH]):
                        raise failure
                    del unmarked[:BATCH]
                    continue
                session.wait(min(calm, RENEW), self.stopping.is_set)
                calm *= 2
        finally:
            session.close()

    def _begun(self, session: Session, cursor: Cursor | None) -> Cursor:
        """The cursor to go on with; a new one when the folder is new to us or its UIDs began anew."""
        reused = cursor is not None and session.uidnext is not None and session.uidnext <= cursor.uid
        if cursor is not None and cursor.uidvalidity == session.uidvalidity and not reused:
            self.health.restarts = 0
            return cursor
        if cursor is not None:
            self.health.restarts += 1
            self._sick.clear()
            self._unmarked.clear()
            self._copied.clear()
            log.warning("imap.uids_began_anew", mailbox=self.account.folder, restarts=self.health.restarts)
        highest = max([*session.uids(), (session.uidnext or 1) - 1])
        return self._save(Cursor(session.uidvalidity, highest, highest))

    def _settle(self, session: Session, cursor: Cursor, uids: Sequence[int], upwards: bool) -> Cursor:
        """Take a batch in, mark it, move the cursor. What was settled before a failure stays settled."""
        order = list(uids) if upwards else list(reversed(uids))
        lying = session.lying(order)
        stale = frozenset() if upwards else self._stale(lying)
        while order:
            group = _group(order, lying)
            fates, failure = self._take(session, group, lying, stale)
            if fates:
                unmarked = self._mark(session, [uid for uid, fate in fates if fate in ("taken", "quarantined")])
                last = fates[-1][0]
                cursor = cursor.settle(fates, last if upwards else cursor.uid, cursor.floor if upwards else last - 1)
                self._save(cursor)
                failure = failure or unmarked
            if failure is not None:
                raise failure
            order = order[len(group) :]
        return cursor

    def _stale(self, lying: Mapping[int, Lying]) -> frozenset[int]:
        now = self.clock.now()
        return frozenset(uid for uid, mail in lying.items() if mail.since is not None and now - mail.since > OLD)

    def _mark(self, session: Session, uids: Sequence[int]) -> Trouble | None:
        """Mark kept mails. Those that the server does not mark are tried again once in the next session: they are kept,
        and hold up nobody. Returns why the session cannot go on.
        """
        self._unmarked.update(uids)
        try:
            session.mark(uids, self._copied)
        except (NotMarked, Trouble) as error:
            log.error("imap.not_marked", mailbox=self.account.folder, mails=len(self._unmarked), reason=str(error))
            return error if isinstance(error, Trouble) else None
        self._unmarked.difference_update(uids)
        self._copied.difference_update(uids)
        return None

    def _take(
        self, session: Session, uids: Sequence[int], lying: Mapping[int, Lying], stale: Collection[int]
    ) -> tuple[list[tuple[int, str]], Exception | None]:
        """The fates of the mails up to the first that could not be stored, and why that one could not."""
        passed = {uid for uid in uids if self._wanted is not None and uid not in self._wanted}
        fetched = self._fetched(session, [uid for uid in uids if uid not in passed], lying)
        outcomes = dict(zip(fetched, self._in_loop(self._keep(fetched, stale)), strict=True))
        fates: list[tuple[int, str]] = []
        for uid in uids:
            outcome = "passed" if uid in passed else outcomes[uid]
            if isinstance(outcome, Exception):
                return fates, outcome
            fates.append((uid, outcome))
        return fates, None

    def _fetched(
        self, session: Session, uids: Sequence[int], lying: Mapping[int, Lying]
    ) -> dict[int, bytes | Report | None]:
        """For each mail its bytes, a report where only that there is a mail can be told, or None when it is gone."""
        now = self.clock.now()
        out: dict[int, bytes | Report | None] = dict.fromkeys(uids)
        there = [uid for uid in uids if uid in lying]
        lost = [uid for uid in there if uid in self._sick and self._sick[uid].tries >= TRIES]
        large = [uid for uid in there if lying[uid].size > SIZE and uid not in lost]
        normal = [uid for uid in there if lying[uid].size <= SIZE and uid not in lost]
        # After a failure each is asked for alone, so that one bad mail is found out and takes no neighbour down.
        if any(uid in self._sick for uid in normal):
            out.update(self._alone(session, normal))
        elif normal:
            out.update(self._asked(session, normal))
        for uid, head in self._alone(session, large, only_headers=True).items():
            out[uid] = quarantined(head, now, f"larger than {SIZE // (1024 * 1024)} MB: it lies in the mailbox")
        for uid in lost:
            reason = f"the mail server does not hand it out: it lies in the mailbox, unread, as UID {uid}"
            key = f"{self.account.name} {session.uidvalidity} {uid}"
            out[uid] = replace(quarantined(self._sick[uid].head, now, reason), key=key, flags=("unfetched",))
        return out

    def _alone(self, session: Session, uids: Sequence[int], only_headers: bool = False) -> dict[int, bytes]:
        """Mails, each asked for by itself. That one does not come counts against it only where the server hands out
        something else in the same session: one that is sick makes no mail so.
        """
        out: dict[int, bytes] = {}
        well = False
        for uid in uids:
            if sick := self._sick.get(uid):
                well = well or self._well(session, uid)
                sick.tries += well
                if sick.tries > 1 and not sick.head:
                    sick.head = session.mails([uid], only_headers=True).get(uid, b"")
            out.update(self._asked(session, [uid], only_headers))
            well = True
        return out

    def _well(self, session: Session, uid: int) -> bool:
        """Whether the server hands out the header of another mail, or of this one where it is the only one."""
        others = [other for other in session.uids() if other != uid]
        asked = random.choice(others) if others else uid
        return asked in session.mails([asked], only_headers=True)

    def _asked(self, session: Session, uids: Sequence[int], only_headers: bool = False) -> dict[int, bytes]:
        """Mails asked for at once: until they come they count as sick."""
        for uid in uids:
            self._sick.setdefault(uid, _Sick())
        found = session.mails(uids, only_headers)
        for uid in uids:
            del self._sick[uid]
        return found

    async def _keep(self, mails: Mapping[int, bytes | Report | None], stale: Collection[int]) -> list[str | Exception]:
        return await asyncio.gather(*(self._keep_one(mail, uid in stale) for uid, mail in mails.items()))

    async def _keep_one(self, mail: bytes | Report | None, stale: bool) -> str | Exception:
        if mail is None:
            return "vanished"
        report = mail if isinstance(mail, Report) else await self.parser.read(mail, self.clock.now())
        if stale:  # received now all the same: it is work from now on, and was nobody's here before
            report = replace(report, flags=(*report.flags, NO_ANSWER))
        try:
            await self.intake.accept(replace(report, queue=self.account.queue))
        except NotStored as error:
            return error
        if "unfetched" in report.flags:
            return "unfetched"
        return "quarantined" if report.quarantined else "taken"

    def _opened(self, token: str | None) -> Session:
        try:
            return Session(self.account, self.tls_context, token)
        except Denied:
            if self.tokens is not None and token is not None:
                self.tokens.forget()
            raise

    async def _token(self) -> str | None:
        if self.account.password is not None:
            return None
        if self.tokens is None:
            raise Denied("neither a password nor tokens")
        try:
            return await self.tokens.token()
        except NoToken as error:
            raise (Denied if error.refused else Trouble)(f"no token: {error}") from error

    def _save(self, cursor: Cursor) -> Cursor:
        self._in_loop(self.cursors.save(self.account.name, cursor))
        return cursor

    def _in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the loop and wait for it."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _group(order: Sequence[int], lying: Mapping[int, Lying]) -> list[int]:
    """The first mails of a batch that may be held in memory together."""
    group: list[int] = []
    total = 0
    for uid in order:
        total += min(lying[uid].size, SIZE) if uid in lying else 0
        if group and total > BATCH_BYTES:
            break
        group.append(uid)
    return group
