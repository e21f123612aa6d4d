"""Response times: what the database computes is what a plain reading of the timeline gives, and nothing flatters it."""

from __future__ import annotations

import random
import statistics
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.json import Jsonb

from gateway import measures
from gateway.config import Config
from gateway.record.db import Database
from gateway.record.measures import response_times

DAY = datetime(2026, 3, 29, tzinfo=UTC)  # the clocks go forward in Stockholm
CHANNELS = ("phone", "email", "form", "sms", "alarm")
ADD_CASE = """
INSERT INTO cases (id, status, queue, priority, category, language, sla_level, timezone, opened_at, last_report_at,
                   first_response_at)
VALUES (%(id)s, 'open', 'helpdesk', 'P3', 'no_start', 'sv', 'basic', 'Europe/Stockholm', %(at)s, %(at)s, %(answered)s)
"""
ADD_REPORT = """
INSERT INTO reports (id, digest, case_id, channel, received_at, kept_at, language, category, priority, queue, outcome,
                     token, code, reasons)
VALUES (%(id)s, sha256(%(token)s::bytea), %(id)s, %(channel)s, %(at)s, %(at)s, 'sv', 'no_start', 'P3', 'helpdesk',
        'opened', %(token)s, '0000', '{}')
"""
ADD_ENTRY = """
INSERT INTO timeline (case_id, at, kind, actor_kind, report_id, data)
VALUES (%(case)s, %(at)s, %(kind)s, %(actor)s, %(report)s, %(data)s)
"""


@pytest.fixture
async def db(config: Config) -> AsyncIterator[Database]:
    assert config.database_url
    database = Database(config.database_url, size=2)
    await database.open()
    yield database
    await database.close()


class Ledger:
    """Writes cases with their timelines, as intake and desk would."""

    def __init__(self, db: Database) -> None:
        self.db, self.cases = db, 0

    async def case(self, channel: str, at: datetime, *happened: tuple[str, datetime]) -> int:
        """A case received at `at`; `happened` are further entries. The first-response column follows them."""
        self.cases += 1
        case, answered = self.cases, None
        for kind, moment in happened:
            answered = moment if kind == "first_response" else None if kind == "reopened" else answered
        async with self.db.transaction() as conn:
            given = {"id": case, "at": at, "answered": answered, "token": f"{case:024d}", "channel": channel}
            await conn.execute(ADD_CASE, given)
            await conn.execute(ADD_REPORT, given)
            entries = [("opened", at + timedelta(seconds=2)), *happened]
            for kind, moment in entries:
                first = kind == "opened"
                entry = {
                    "case": case,
                    "at": moment,
                    "kind": kind,
                    "actor": "customer" if first else "agent",
                    "report": case if first else None,
                    "data": Jsonb({"channel": channel, "received_at": at.isoformat()} if first else {}),
                }
                await conn.execute(ADD_ENTRY, entry)
        return case


async def test_only_the_first_human_response_of_each_interval_counts(db: Database) -> None:
    ledger = Ledger(db)
    minute = timedelta(minutes=1)
    await ledger.case(
        "email",
        DAY,
        ("message_sent", DAY + minute),  # the automatic acknowledgement
        ("first_response", DAY + 10 * minute),
        ("replied", DAY + 10 * minute),
        ("replied", DAY + 50 * minute),
        ("concluded", DAY + 60 * minute),
        ("reopened", DAY + 100 * minute),
        ("first_response", DAY + 130 * minute),
    )
    await ledger.case("form", DAY + minute)
    await ledger.case("alarm", DAY + minute)
    whole, *by = await response_times(db, DAY, DAY + timedelta(days=1), "channel")
    assert (whole.opened, whole.answered) == (3, 2)
    assert (whole.average, whole.median) == (20 * 60, 20 * 60)
    assert {one.key: (one.opened, one.answered) for one in by} == {"email": (2, 2), "form": (1, 0)}
    assert await measures.differences(db) == []


async def test_the_period_takes_what_began_in_it_whenever_it_was_answered(db: Database) -> None:
    ledger = Ledger(db)
    late = DAY + timedelta(hours=23, minutes=59)
    await ledger.case("phone", late, ("first_response", late + timedelta(hours=2)))
    assert (await response_times(db, DAY, DAY + timedelta(days=1), None))[0].answered == 1
    following = await response_times(db, DAY + timedelta(days=1), DAY + timedelta(days=2), None)
    assert (following[0].opened, following[0].answered, following[0].median) == (0, 0, None)


@pytest.mark.parametrize("seed", range(4))
async def test_random_histories_agree_with_a_plain_reading(db: Database, seed: int) -> None:
    ledger, chance = Ledger(db), random.Random(seed)
    waits: dict[str, list[float]] = {channel: [] for channel in CHANNELS}
    opened = dict.fromkeys(CHANNELS, 0)
    for _ in range(40):
        channel, at = chance.choice(CHANNELS), DAY + timedelta(seconds=chance.randrange(48 * 3600))
        happened, moment = [], at
        for interval in range(chance.randrange(1, 4)):
            if interval:
                moment += timedelta(seconds=chance.randrange(1, 9000))
                happened.append(("reopened", moment))
            opened[channel] += 1
            if chance.random() < 0.3:
                continue
            wait = timedelta(seconds=chance.randrange(3, 40_000), microseconds=chance.randrange(1_000_000))
            moment += wait
            happened.append(("first_response", moment))
            waits[channel].append(wait.total_seconds())
        await ledger.case(channel, at, *happened)
    told = {one.key: one for one in await response_times(db, measures.EPOCH, measures.END, "channel")}
    for channel in CHANNELS[:-1]:
        if opened[channel]:
            one = told[channel]
            assert (one.opened, one.answered) == (opened[channel], len(waits[channel]))
            if waits[channel]:
                assert one.average == pytest.approx(statistics.fmean(waits[channel]))
                assert one.median == pytest.approx(statistics.median(waits[channel]))
    assert "alarm" not in told
    assert await measures.differences(db) == []


async def test_a_column_that_is_not_what_the_timeline_says_is_found(db: Database, config: Config) -> None:
    case = await Ledger(db).case("email", DAY, ("first_response", DAY + timedelta(minutes=5)))
    await measures.recompute(config, check=True)
    async with db.connection() as connection:
        await connection.execute("UPDATE cases SET first_response_at = %(at)s", {"at": DAY + timedelta(minutes=1)})
    with pytest.raises(measures.Disagreement, match=f"case {case}"):
        await measures.recompute(config, check=True)


async def test_every_figure_comes_with_what_it_was_made_of(db: Database) -> None:
    ledger = Ledger(db)
    await ledger.case("phone", DAY, ("first_response", DAY + timedelta(seconds=60)))
    await ledger.case("phone", DAY, ("first_response", DAY + timedelta(seconds=120)))
    await ledger.case("phone", DAY)
    figures = {
        (one.measure, one.key): one
        for one in await measures.response_times(db, DAY, DAY + timedelta(days=1), "channel")
    }
    average = figures["response_time_average", "phone"]
    assert (average.value, average.numerator, average.denominator, average.unit) == (90, 180, 2, "s")
    share = figures["answered_share", None]
    assert (share.value, share.numerator, share.denominator) == (pytest.approx(2 / 3), 2, 3)
    assert all(one.formula for one in figures.values())


@pytest.mark.parametrize(
    "by", ["queue", "line", "priority", "sla_level", "site", "owner", "language", "hour", "weekday", "slot"]
)
async def test_response_times_by_every_dimension(db: Database, by: str) -> None:
    await Ledger(db).case("email", DAY + timedelta(hours=1), ("first_response", DAY + timedelta(hours=2)))
    whole, one = await response_times(db, DAY, DAY + timedelta(days=1), by)
    assert whole.key is None
    expected = {"hour": "03", "weekday": "7", "queue": "helpdesk", "line": "1", "language": "sv"}
    assert one.key == expected.get(by, one.key)
    assert one.median == 3600


def test_percentiles_interpolate_between_neighbours() -> None:
    assert measures.percentile([], 0.5) is None
    assert measures.percentile([7.0], 0.9) == 7.0
    assert measures.percentile([0.0, 10.0], 0.9) == pytest.approx(9.0)
