"""F16 and F17: transactions that PostgreSQL breaks off, and a COMMIT whose answer never comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql
from structlog.testing import capture_logs

from channels.report import Channel, NotStored, Outcome, Receipt, Report, Sender
from gateway.clock import SetClock
from gateway.config import Config
from gateway.intake import GroupIntake
from gateway.keeping.readers import Here
from gateway.record import cases
from gateway.record.db import Database, Line
from gateway.runtime import Runtime, open_runtime
from tests.fakes.commits import CommitWire, commit_wire
from tests.record.conftest import NOON

REPORT = Report(
    channel=Channel.API,
    key="1",
    received_at=NOON,
    text="Laddare 21007 är helt död, ingen lampa lyser.",
    sender=Sender(None, "+46701740001", None),
    charger="21007",
)
HELD = """SELECT DISTINCT (l.classid::bigint << 32) | l.objid::bigint AS key FROM pg_locks l
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND l.database = (
    SELECT oid FROM pg_database WHERE datname = current_database())
  AND EXISTS (SELECT FROM pg_locks w WHERE w.pid = l.pid AND NOT w.granted AND w.relation = 'cases'::regclass)"""
BEHIND = """SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (
    SELECT oid FROM pg_database WHERE datname = current_database())"""
WAITS = "SELECT FROM pg_locks WHERE pid = %s AND NOT granted"


def some(count: int) -> list[Report]:
    return [replace(REPORT, key=str(nth), sender=Sender(None, f"+4670174{nth:04d}", None)) for nth in range(count)]


@pytest.fixture
async def line(config: Config) -> AsyncIterator[CommitWire]:
    assert config.database_url
    async with commit_wire(config.database_url) as opened:
        yield opened


@pytest.fixture
async def far(config: Config, clock: SetClock, line: CommitWire) -> AsyncIterator[Runtime]:
    """A gateway at the other end of the wire."""
    async with open_runtime(config.model_copy(update={"database_url": line.url}), "test", clock) as opened:
        yield opened


async def kept(runtime: Runtime) -> int:
    listed, _ = await cases.listing(runtime.db, cases.Filters(), 200)
    return sum(entry.reports for entry in listed)


async def test_f17_a_commit_without_an_answer_is_not_acknowledged_and_its_retry_is_recognised(
    far: Runtime, line: CommitWire
):
    line.answers_lost = 1
    with pytest.raises(NotStored):
        await far.intake.accept(REPORT)
    assert await kept(far) == 1
    assert (await far.intake.accept(REPORT)).outcome is Outcome.REPEATED
    assert await kept(far) == 1


async def test_f17_a_commit_that_never_arrived_looks_the_same_and_its_retry_is_kept(far: Runtime, line: CommitWire):
    line.commits_lost = 1
    with pytest.raises(NotStored):
        await far.intake.accept(REPORT)
    assert await kept(far) == 0
    assert (await far.intake.accept(REPORT)).outcome is Outcome.OPENED
    assert await kept(far) == 1


async def test_f17_an_unknown_commit_is_unknown_for_its_whole_group(far: Runtime, line: CommitWire):
    line.answers_lost = 1
    tried = await asyncio.gather(*map(far.intake.accept, some(12)), return_exceptions=True)
    assert {type(result) for result in tried} == {NotStored}
    again = await asyncio.gather(*map(far.intake.accept, some(12)))
    assert {receipt.outcome for receipt in again} == {Outcome.REPEATED}
    assert await kept(far) == 12


async def test_f16_a_deadlock_is_resolved_by_trying_again(runtime: Runtime, database_url: str):
    """Another session holds what the intake needs next, and waits for what the intake holds before it needs it.

    PostgreSQL breaks off whoever finds the circle, which the other never looks for: it is always the intake.
    """
    async with (
        await psycopg.AsyncConnection.connect(database_url) as gate,
        await psycopg.AsyncConnection.connect(database_url) as other,
    ):
        await gate.execute("LOCK TABLE cases IN EXCLUSIVE MODE")
        await other.execute("SET deadlock_timeout = '1h'")
        await other.execute("LOCK TABLE timeline IN EXCLUSIVE MODE")
        with capture_logs() as logs:
            accepting = asyncio.create_task(runtime.intake.accept(REPORT))
            (key,) = await _seen(database_url, HELD)
            asking = asyncio.create_task(other.execute("SELECT pg_advisory_xact_lock(%s)", [key]))
            await _seen(database_url, WAITS, other.info.backend_pid)
            await gate.rollback()
            await asking
            await other.rollback()
            receipt = await accepting
    assert receipt.outcome is Outcome.OPENED
    assert [entry["error"] for entry in logs if entry["event"] == "intake.again"] == ["DeadlockDetected"]
    assert await kept(runtime) == 1


async def test_two_first_reports_of_a_place_are_decided_one_after_the_other(
    config: Config, runtime: Runtime, clock: SetClock, database_url: str
):
    """One process has decided and not committed: another does not even look for cases at that place before it has."""
    async with (
        open_runtime(config, "test", clock) as second,
        await psycopg.AsyncConnection.connect(database_url) as gate,
    ):
        one, other = some(2)
        await gate.execute("LOCK TABLE cases IN EXCLUSIVE MODE")
        deciding = asyncio.create_task(runtime.intake.accept(one))
        await _seen(database_url, HELD)
        following = asyncio.create_task(second.intake.accept(other))
        await _seen(database_url, BEHIND)
        await gate.rollback()
        receipts = await asyncio.gather(deciding, following)
    assert [receipt.outcome for receipt in receipts] == [Outcome.OPENED, Outcome.ATTACHED]
    assert len({receipt.case for receipt in receipts}) == 1


async def test_f16_serialization_failures_are_tried_again(config: Config, clock: SetClock, database_url: str):
    with psycopg.connect(database_url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_isolation = 'repeatable read'").format(name)
        )
    async with open_runtime(config, "test", clock) as one, open_runtime(config, "test", clock) as two:
        receipts = await asyncio.gather(*(_patiently((one, two)[n % 2], report) for n, report in enumerate(some(8))))
        assert await kept(one) == 8
    assert len({receipt.report for receipt in receipts}) == 8


async def test_f9_a_process_that_stood_still_in_a_transaction_promises_nothing(runtime: Runtime, database_url: str):
    db = StandingStill(database_url, size=1)
    await db.open()
    stiff = GroupIntake(
        db,
        runtime.clock,
        runtime.directory,
        runtime.rules,
        runtime.config.secret_keys,
        runtime.blobs,
        runtime.live,
        Here(runtime.directory, runtime.rules),
    )
    with pytest.raises(NotStored):
        await stiff.accept(REPORT)
    await db.close()
    assert await kept(runtime) == 0
    assert (await runtime.intake.accept(REPORT)).outcome is Outcome.OPENED
    listed, _ = await cases.listing(runtime.db, cases.Filters(), 10)
    assert listed[0].case.category == "offline"


class StandingStill(Database):
    """With everything written, it takes longer to commit than PostgreSQL waits for an idle transaction."""

    @asynccontextmanager
    async def pipelined(self) -> AsyncIterator[Line]:
        async with super().pipelined() as conn:
            yield conn
            pid = conn.info.backend_pid
            limit = "SELECT set_config('idle_in_transaction_session_timeout', '20ms', true)"
            await (await conn.execute(limit)).fetchone()
            async with asyncio.timeout(10), await psycopg.AsyncConnection.connect(self.url, autocommit=True) as look:
                while (
                    await (await look.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [pid])).fetchone()
                    is not None
                ):
                    await asyncio.sleep(0.01)


async def _patiently(runtime: Runtime, report: Report) -> Receipt:
    """As a sender that is told to come back later."""
    while True:
        try:
            return await runtime.intake.accept(report)
        except NotStored:
            continue


async def _seen(database_url: str, query: LiteralString, *given: int) -> tuple[Any, ...]:
    """The row that a query finds as soon as there is one."""
    async with asyncio.timeout(30), await psycopg.AsyncConnection.connect(database_url, autocommit=True) as look:
        while (row := await (await look.execute(query, given)).fetchone()) is None:
            await asyncio.sleep(0.01)
        return row
