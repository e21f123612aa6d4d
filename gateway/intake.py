"""The one door: every report of every channel is kept here, and a receipt means that it is committed.

What waits is committed together, at most 64 reports in one transaction; alone, a report waits for nobody. A group that
fails is done again one by one, so that a bad report takes no neighbour down: it alone is kept raw for a person to read.
Deadlocks are retried. A COMMIT without an answer is unknown for its whole group and raises `NotStored`, as does
everything that keeps PostgreSQL from answering within the deadline; the sender's retry is then recognised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import psycopg
import structlog

from channels.mentions import without
from channels.phone_ports import Taken
from channels.report import FORGED, UNREADABLE, Channel, NotStored, Outcome, Receipt, Report
from gateway.blobs import Blobs, BlobsUnavailable
from gateway.clock import Clock
from gateway.hosting.crash import Crash, nowhere
from gateway.keeping.cleaning import clean
from gateway.keeping.groups import Kept, keep
from gateway.keeping.questions import Prepared, newcomer
from gateway.keeping.readers import Reader
from gateway.lanes import Lanes
from gateway.live import Live
from gateway.record import calls
from gateway.record.db import Connection, Database, Unavailable, plan_again
from routing.directory import Directory
from routing.rules import Rules
from routing.values import Alarm, Said

log = structlog.get_logger()
GROUP = 64
INLINE_RAW = 64 * 1024  # bytes; longer raw content lies in the blob store
DEADLINE = 25.0  # seconds until a door is told to answer "try again later"
ATTEMPTS = 5
CONTENT = (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError)  # what a report itself can cause
AGAIN = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure, psycopg.errors.UniqueViolation)


Following = Callable[[Receipt], Taken | None]
Stored = tuple[Receipt, Taken | None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    item: Prepared
    stored: asyncio.Future[Stored]
    following: Following


class GroupIntake:
    """`Filing` with group commit over one pool."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        directory: Callable[[], Directory],
        rules: Callable[[], Rules],
        keys: Sequence[str],
        blobs: Blobs,
        live: Live,
        reader: Reader,
        crash: Crash = nowhere,
    ) -> None:
        self._db, self._clock, self._directory, self._rules, self._keys = db, clock, directory, rules, keys
        self._blobs, self._live, self._reader, self._crash = blobs, live, reader, crash
        self._planned: WeakKeyDictionary[Connection, int] = WeakKeyDictionary()  # reports when plans were made
        self._lanes: Lanes[_Waiting] = Lanes(self._settle, lambda waiting: (waiting[:GROUP], waiting[GROUP:]))

    async def accept(self, report: Report) -> Receipt:
        """Keep one report and return after COMMIT. Raises NotStored and nothing else."""
        receipt, _ = await self.file(report, _nothing)
        return receipt

    async def file(self, report: Report, following: Following) -> Stored:
        """As `accept`; in the same transaction the turn of the call that its receipt leads to, if it can be written."""
        try:
            item = await self._prepare(clean(report))
        except BlobsUnavailable as error:
            raise NotStored("files cannot be stored") from error
        waiting = _Waiting(item, asyncio.get_running_loop().create_future(), following)
        self._lanes.add(waiting)
        try:
            async with asyncio.timeout(DEADLINE):
                return await waiting.stored
        except TimeoutError as error:
            raise NotStored("the database did not answer in time") from error

    async def close(self) -> None:
        """Wait until nothing is on its way any more."""
        await self._lanes.close()

    async def _prepare(self, report: Report) -> Prepared:
        raw_blob = await self._blobs.keep(report.raw) if len(report.raw) > INLINE_RAW else None
        attachments = [await self._blobs.keep(attachment.content) for attachment in report.attachments]
        said = said_of(report)
        facts = await self._reader.read(said)
        return Prepared(report, said, facts, newcomer(report, facts), raw_blob, tuple(attachments))

    async def _settle(self, group: Sequence[_Waiting]) -> None:
        try:
            kept, turns = await self._commit(group)
        except NotStored as error:
            for waiting in group:
                _fail(waiting, error)
        except Exception as error:
            await self._one_by_one(group, error)
        else:
            for waiting, receipt, turn in zip(group, kept.receipts, turns, strict=True):
                if receipt.outcome is Outcome.REPEATED:
                    channel = waiting.item.report.channel
                    log.info("intake.repeated", channel=channel, case=receipt.case, report=receipt.report)
                if not waiting.stored.done():
                    waiting.stored.set_result((receipt, turn))
            self._tell(kept)

    async def _one_by_one(self, group: Sequence[_Waiting], error: Exception) -> None:
        if len(group) > 1:
            log.warning("intake.group_failed", size=len(group), error=type(error).__name__)
            for waiting in group:
                await self._settle([waiting])
            return
        waiting = group[0]
        report = waiting.item.report
        if waiting.following is not _nothing:  # its door shall write the turn, and bear what comes of that
            log.warning("intake.turn_left", call=report.call_sid, error=type(error).__name__)
            await self._settle([replace(waiting, following=_nothing)])
            return
        if report.quarantined:
            log.error("intake.refused", channel=report.channel, error=type(error).__name__, exc_info=error)
            _fail(waiting, NotStored("this report could not be kept"))
            return
        log.error("intake.quarantined", channel=report.channel, error=type(error).__name__, exc_info=error)
        bare = await self._prepare(_bare(report, error))
        await self._settle([replace(waiting, item=bare)])

    async def _commit(self, group: Sequence[_Waiting]) -> tuple[Kept, list[Taken | None]]:
        items = [waiting.item for waiting in group]
        for attempt in range(ATTEMPTS):
            try:
                async with self._db.pipelined() as conn:
                    kept = await keep(conn, items, self._directory(), self._rules(), self._keys, self._clock.now())
                    turns = [one.following(receipt) for one, receipt in zip(group, kept.receipts, strict=True)]
                    following = [turn for turn in turns if turn is not None]
                    asked = await calls.follow(conn, following) if following else None
                    await self._plan(conn, kept)
                    self._crash("intake.before_commit")
                self._crash("intake.after_commit")
                written = await calls.written(asked) if asked else ()
                return kept, [turn if turn and turn.sid in written else None for turn in turns]
            except AGAIN as error:
                if not _passing(error):
                    raise
                log.info("intake.again", attempt=attempt, error=type(error).__name__)
            except CONTENT:
                raise
            except (Unavailable, psycopg.Error) as error:
                raise NotStored("the database is away") from error
        raise NotStored("too much at once")

    async def _plan(self, conn: Connection, kept: Kept) -> None:
        """Have statements planned anew whenever there are twice as many reports: a plan made for hardly any stays."""
        reports = max(receipt.report for receipt in kept.receipts)
        if reports > 2 * self._planned.get(conn, 0):
            self._planned[conn] = reports
            await plan_again(conn)

    def _tell(self, kept: Kept) -> None:
        for case in kept.changed:
            self._live.publish({"type": "case", "case": case})


def _nothing(_: Receipt) -> None:
    """What follows from most receipts."""


def said_of(report: Report) -> Said:
    """What judgement sees of a report: of numbers, those that are no case's."""
    return Said(
        channel=report.channel,
        at=report.received_at,
        text=without(report.told or report.full_text or ""),
        subject=without(report.subject) if report.subject else None,
        phone=report.sender.phone,
        email=None if FORGED in report.flags else report.sender.email,
        verified=report.sender.verified,
        charger=report.charger,
        site=report.site,
        connector=report.connector,
        category=report.category,
        danger=report.danger,
        faulty=report.faulty,
        language=report.language,
        alarm=_alarm(report),
        auto_reply=report.auto_reply,
        bounce=report.bounce,
        automatic=report.channel is Channel.EMAIL and "no_answer" in report.flags and "list" not in report.flags,
        quarantined=report.quarantined is not None,
        unreadable=UNREADABLE in report.flags,
        queue=report.queue,
    )


def _alarm(report: Report) -> Alarm | None:
    alarm = report.alarm
    if alarm is None:
        return None
    return Alarm(alarm.status, alarm.error, alarm.connector, alarm.vendor_id, alarm.vendor_code, alarm.info)


def _bare(report: Report, error: Exception) -> Report:
    """What is left when a report cannot be written as understood: its raw bytes and that somebody must look."""
    return Report(
        channel=report.channel,
        key=report.key,
        received_at=report.received_at,
        text="",
        sender=report.sender,
        raw=report.raw,
        raw_type=report.raw_type,
        fingerprint=report.fingerprint,
        quarantined=f"could not be stored as understood ({type(error).__name__})",
    )


def _passing(error: psycopg.Error) -> bool:
    """Whether the same again will succeed: another process was first, and what it kept will be recognised."""
    unique = isinstance(error, psycopg.errors.UniqueViolation)
    return not unique or error.diag.constraint_name == "reports_digest_key"


def _fail(waiting: _Waiting, error: NotStored) -> None:
    if not waiting.stored.done():
        waiting.stored.set_exception(error)
