"""Figures from the timeline: only human answers count, givers-up too, and a plain reading of it comes out the same."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from psycopg.types.json import Jsonb

from gateway.config import Config
from gateway.figures import measures
from gateway.figures.house_figures import of_house
from gateway.phone import wrapping
from gateway.record import facts
from gateway.record import house as record_house
from gateway.record.db import Database
from measuring.figures import CALL_DISPOSITIONS, KINDS
from measuring.tally import Tally

DAY = datetime(2026, 3, 28, 23, tzinfo=UTC)  # midnight in Stockholm; this day has 23 hours
NOW = DAY + timedelta(days=30)
CHANNELS = ("phone", "email", "form", "sms", "alarm")
ZONES = ("Europe/Stockholm", "Europe/Helsinki", "America/St_Johns")
MINUTE = timedelta(minutes=1)
ADD_CASE = """
INSERT INTO cases (id, status, queue, priority, category, language, sla_level, timezone, opened_at, last_report_at,
                   first_response_at, concluded_at, due_first_response)
VALUES (%(id)s, CASE WHEN %(concluded)s::timestamptz IS NULL THEN 'open' ELSE 'concluded' END, 'helpdesk', 'P3',
        'no_start', 'sv', 'basic', %(timezone)s, %(at)s, %(at)s, %(answered)s, %(concluded)s, %(due)s)
"""
ADD_REPORT = """
INSERT INTO reports (id, digest, case_id, channel, received_at, kept_at, language, category, priority, queue, outcome,
                     token, code, reasons)
VALUES (%(id)s, sha256(%(token)s::bytea), %(id)s, %(channel)s, %(at)s, %(at)s, 'sv', 'no_start', 'P3', 'helpdesk',
        'opened', %(token)s, '0000', '{}')
"""
ADD_ENTRY = """
INSERT INTO timeline (case_id, at, kind, actor_kind, actor_id, report_id, data)
VALUES (%(case)s, %(at)s, %(kind)s, %(actor)s, 'a01', %(report)s, %(data)s)
"""


@pytest.fixture
async def db(config: Config) -> AsyncIterator[Database]:
    assert config.database_url
    database = Database(config.database_url, size=2)
    await database.open()
    yield database
    await database.close()


async def settled(db: Database) -> None:
    """Until nothing is left to count: whatever others of the same server are just writing makes it look once more."""
    async with asyncio.timeout(60):
        while await measures.sweep(db, NOW):
            pass


class Ledger:
    """Writes cases with their timelines, as intake and desk would."""

    def __init__(self, db: Database) -> None:
        self.db, self.cases = db, 0

    async def case(
        self,
        channel: str,
        at: datetime,
        *happened: tuple[Any, ...],
        timezone: str = ZONES[0],
        due: datetime | None = None,
    ) -> int:
        """A case received at `at`; `happened` are further entries (kind, moment, data). Columns follow them."""
        self.cases += 1
        case, answered, concluded = self.cases, None, None
        for kind, moment, *_ in happened:
            answered = moment if kind == "first_response" else None if kind == "reopened" else answered
            concluded = moment if kind == "concluded" else None if kind == "reopened" else concluded
        async with self.db.transaction() as conn:
            given = {"id": case, "at": at, "answered": answered, "token": f"{case:024d}", "channel": channel}
            given |= {"timezone": timezone, "concluded": concluded, "due": due}
            await conn.execute(ADD_CASE, given)
            await conn.execute(ADD_REPORT, given)
            told = {"channel": channel, "received_at": at.isoformat(), "timezone": timezone}
            for kind, moment, *data in [("opened", at + timedelta(seconds=2), told), *happened]:
                first = kind == "opened"
                entry: Mapping[str, Any] = {
                    "case": case,
                    "at": moment,
                    "kind": kind,
                    "actor": "customer" if first else "agent",
                    "report": case if first else None,
                    "data": Jsonb(data[0] if data else {}),
                }
                await conn.execute(ADD_ENTRY, entry)
        return case


async def told(db: Database, since: datetime, to: datetime, by: str | None = None) -> dict[tuple[str, str | None], Any]:
    found = await measures.of_period(db, since, to, by, NOW)
    return {(one.measure, one.key): one for one in found}


async def test_only_the_first_human_response_of_each_interval_counts(db: Database) -> None:
    ledger = Ledger(db)
    await ledger.case(
        "email",
        DAY,
        ("message_sent", DAY + MINUTE),  # the automatic acknowledgement
        ("first_response", DAY + 10 * MINUTE, {"in_time": True}),
        ("replied", DAY + 10 * MINUTE),
        ("replied", DAY + 50 * MINUTE),
        ("concluded", DAY + 60 * MINUTE, {"disposition": "explained"}),
        ("reopened", DAY + 100 * MINUTE),
        ("first_response", DAY + 130 * MINUTE, {"in_time": False}),
    )
    await ledger.case("form", DAY + MINUTE, due=DAY + timedelta(hours=4))
    await ledger.case("sms", DAY, ("concluded", DAY + 5 * MINUTE, {"disposition": "spam"}))
    await ledger.case("alarm", DAY + MINUTE)
    found = await told(db, DAY, DAY + timedelta(days=1), "channel")
    average = found["response_time_average", None]
    assert (average.value, average.numerator, average.denominator, average.unit) == (20 * 60, 40 * 60, 2, "s")
    assert found["response_time_median", None].value == 30 * 60  # one gave up after 5 minutes, one waits still
    assert found["response_time_p90", None].value is None  # nobody can know yet
    assert (found["answered_share", None].numerator, found["answered_share", None].denominator) == (2, 4)
    assert found["response_in_target", None].value == pytest.approx(1 / 3)  # the form's has passed too
    assert (found["response_given_up", "sms"].value, found["response_given_up", "form"].value) == (1, 0)
    assert found["reopen_rate", "email"].value == 1
    assert ("response_time_average", "alarm") not in found
    assert all(one.formula for one in found.values())
    assert await measures.differences(db, NOW) == []


async def test_calls_tell_hang_ups_short_ones_and_call_backs_apart(db: Database) -> None:
    ledger = Ledger(db)

    def call(nth: int, at: datetime, *rest: tuple[Any, ...]) -> tuple[tuple[Any, ...], ...]:
        entries = [("call_queued", at, {}), *rest]
        return tuple((kind, moment, {**data, "call": f"CA{nth}"}) for kind, moment, data in entries)

    for nth, (kind, seconds, data) in enumerate(
        [
            ("replied", 40, {"waited": 40.0, "response": 60.5}),
            ("replied", 100, {"waited": 100.0, "response": 130.0}),
            ("call_left", 3, {"why": "hung_up"}),
            ("call_left", 200, {"why": "hung_up"}),
            ("callback_wanted", 30, {}),
        ]
    ):
        after = [(kind, DAY + timedelta(seconds=seconds), data)]
        if kind == "callback_wanted":  # the customer is on the line when he is reached, not when he hangs up
            after += [("call_left", DAY + timedelta(seconds=31), {}), ("callback_done", DAY + 10 * MINUTE, {})]
            after += [("replied", DAY + 10 * MINUTE, {"waited": 600.0})]
        await ledger.case("phone", DAY - MINUTE, *call(nth, DAY, *after))
    found = await told(db, DAY - timedelta(hours=1), DAY + timedelta(days=1))
    assert {name: found[name, None].value for name in ("calls_queued", "asa", "short_abandons", "longest_wait")} == {
        "calls_queued": 5,
        "asa": 740 / 3,
        "short_abandons": 1,
        "longest_wait": 600,
    }
    assert (found["abandonment", None].value, found["answered_within", None].value) == (1 / 4, 1 / 4)
    assert found["call_response_average", None].value == 95.25
    assert found["callbacks_kept", None].value == 1


async def test_what_came_of_calls_is_counted_by_day_queue_and_agent(db: Database) -> None:
    ledger = Ledger(db)
    for nth, (day, came) in enumerate([(0, "solved"), (0, "solved"), (0, "lost"), (1, "call_again")]):
        at = DAY + timedelta(days=day, hours=3)
        said = {"call": f"CA{nth}", "call_disposition": came}
        await ledger.case("phone", at, ("call_disposed", at + MINUTE, said))
    for by, keys in (
        ("queue", {"helpdesk": (2, 4)}),
        ("agent", {"a01": (2, 4)}),
        ("day", {"2026-03-29": (2, 3), "2026-03-30": (0, 1)}),
    ):
        found = await told(db, DAY, DAY + timedelta(days=2), by)
        solved = {key: (one.numerator, one.denominator) for (name, key), one in found.items() if name == "calls_solved"}
        assert solved == {None: (2, 4), **keys}
        assert found["calls_disposed", None].value == 4
        assert sum(found[f"calls_{one}", None].value or 0 for one in CALL_DISPOSITIONS) == pytest.approx(1)
    assert CALL_DISPOSITIONS == wrapping.DISPOSITIONS
    assert await measures.differences(db, NOW) == []


async def test_v10_who_waited_as_long_as_the_queue_allows_is_counted_however_it_ended(db: Database) -> None:
    ledger = Ledger(db)
    ends = [("replied", {"waited": 700.0}), ("call_left", {"why": "hung_up"}), ("replied", {"waited": 20.0})]
    for nth, (kind, data) in enumerate(ends):
        call = {"call": f"CA{nth}"}
        too_long = [("waited_too_long", DAY + 10 * MINUTE, {**call, "seconds": 600})] if nth < 2 else []
        end = (kind, DAY + timedelta(seconds=700), {**data, **call})
        await ledger.case("phone", DAY - MINUTE, ("call_queued", DAY, call), *too_long, end)
    found = await told(db, DAY - timedelta(hours=1), DAY + timedelta(days=1), "queue")
    whole = found["waited_too_long", None]
    assert (whole.numerator, whole.denominator, whole.unit) == (2, 3, "1")
    assert found["waited_too_long", "helpdesk"].value == pytest.approx(2 / 3)
    assert found["abandonment", None].numerator == 1
    assert await measures.differences(db, NOW) == []


async def test_handling_is_talk_and_wrap_up_and_waits_are_held_against_what_was_told(db: Database) -> None:
    ledger, second = Ledger(db), timedelta(seconds=1)

    def call(nth: int, waited: int, talked: int, wrapped: int | None) -> list[tuple[Any, ...]]:
        sid, answered = {"call": f"CA{nth}"}, DAY + waited * second
        ended = answered + talked * second
        return [
            ("call_queued", DAY, sid),
            ("wait_told", DAY, {**sid, "least": 1, "most": 2}),
            ("claimed", answered),
            ("first_response", answered, {"in_time": True, "open": 30.5}),
            ("replied", answered, {**sid, "waited": float(waited), "response": waited + 20.0}),
            ("call_ended", ended, {**sid, "talked": float(talked)}),
            *([("concluded", ended + wrapped * second, {"disposition": "explained"})] if wrapped is not None else []),
        ]

    await ledger.case("phone", DAY - MINUTE, *call(1, 100, 240, 60))
    await ledger.case("phone", DAY - MINUTE, *call(2, 30, 120, 7200))  # half an hour of wrap-up, and no more
    await ledger.case("phone", DAY - MINUTE, *call(3, 200, 100, None))
    left = {"call": "CA4", "why": "hung_up"}
    early = [("call_queued", DAY, left), ("wait_told", DAY, {**left, "least": 3, "most": 5})]
    await ledger.case("phone", DAY - MINUTE, *early, ("call_left", DAY + 90 * second, left))  # says nothing of the wait
    found = await told(db, DAY - timedelta(hours=1), DAY + timedelta(days=1))
    made = {name: (one.numerator, one.denominator) for (name, key), one in found.items() if key is None}
    assert made["talk_time"] == (460, 3)
    assert made["wrap_up_time"] == (60 + 1800, 2)
    assert made["handling_time"] == (300 + 120 + 1800, 2)
    assert made["wait_as_told"] == (1, 3)
    assert made["wait_longer_than_told"] == (1, 3)
    assert found["open_response_average", None].value == 30.5
    assert await measures.differences(db, NOW) == []


async def test_surveys_visits_and_known_cases_are_counted_with_their_denominators(db: Database) -> None:
    ledger, day = Ledger(db), timedelta(days=1)
    asked = ("survey_asked", DAY + MINUTE)
    await ledger.case("email", DAY, asked, ("rated", DAY + 2 * MINUTE, {"rating": 5, "of": 5}))
    await ledger.case("email", DAY, asked)
    await ledger.case("phone", DAY, ("rated", DAY, {"rating": 2, "of": 5, "call": "CA1"}))
    placed = ("corrected", DAY, {"changed": {"charger": [None, "22809"]}})
    for nth in (0, 20, 60):
        await ledger.case("form", DAY, placed, ("visit_performed", DAY + nth * day, {"verified": True}))
    found = await told(db, DAY, DAY + 90 * day)
    made = {name: (one.numerator, one.denominator) for (name, key), one in found.items() if key is None}
    assert made["survey_answered"] == (1, 2)
    assert made["satisfaction"] == (1, 2)
    low, high = found["satisfaction", None].interval
    assert 0 < low < 0.5 < high < 1
    assert made["contacts_deflected"] == (0, 6)
    assert made["visits"][0] == 3
    now = DAY + 90 * day
    house = {one.measure: one for one in await of_house(db, DAY, now, now)}
    assert (house["visits_again"].numerator, house["visits_again"].denominator) == (1, 3)
    assert (house["backlog"].value, house["backlog_age_median"].value) == (6, 90 * 86400)


async def test_uptime_and_occupancy_are_the_same_by_counted_days_and_by_what_was_written_down(db: Database) -> None:
    since, slot = DAY - timedelta(days=2), timedelta(seconds=10)
    async with db.connection() as conn:
        for hours, activity in ((1, "available"), (2, "busy"), (3, "away"), (30, "busy"), (31, "offline")):
            given = {"at": since + timedelta(hours=hours), "activity": activity}
            await conn.execute("INSERT INTO agent_activity VALUES ('a01', %(at)s, %(activity)s)", given)
        for nth in range(0, 3 * 8640 - 360, 97):  # a machine that is hardly ever there
            roles = ["web", "smtp", "worker", "platform_asked"] + (["platform"] if nth % 2 else [])
            for role in roles if nth % 5 else roles[1:]:
                await conn.execute("INSERT INTO heartbeats VALUES (%s, %s)", (role, since + nth * slot))
    to = DAY + timedelta(hours=20)
    plain = await record_house.span(db, since, to)
    assert (plain["busy"], plain["present"]) == (2 * 3600, 3 * 3600)
    beats = [nth for nth in range(0, 3 * 8640 - 360, 97) if nth * slot < to - since]
    assert plain["up"] == sum(nth % 5 > 0 for nth in beats)
    assert (plain["answered"], plain["asked"]) == (sum(nth % 2 for nth in beats), len(beats))
    assert await measures.sweep(db, to) == 0
    first = next(nth for nth in beats if nth % 5)  # before the first sign of a web role nothing could be up
    assert plain["slots"] == (to - since) // slot - first
    assert await record_house.span(db, since, to) == plain
    counted = await db.rows("SELECT up FROM house_days")
    assert len(counted) == 2


async def test_heartbeats_of_long_counted_days_are_let_go_and_change_no_figure(db: Database) -> None:
    day = timedelta(days=1)
    async with db.connection() as conn:
        for back in (100, 99, 1):
            for role in ("web", "smtp", "worker"):
                await conn.execute("INSERT INTO heartbeats VALUES (%s, %s)", (role, DAY - back * day))
    before = await record_house.span(db, DAY - 100 * day, DAY)
    while await record_house.count_days(db, DAY):
        pass
    left = await db.rows("SELECT DISTINCT slot FROM heartbeats")
    assert [row["slot"] for row in left] == [DAY - day]
    assert await record_house.span(db, DAY - 100 * day, DAY) == before


async def test_a_slot_that_still_goes_on_is_neither_up_nor_down(db: Database) -> None:
    async with db.connection() as conn:
        for nth in range(7):
            for role in ("web", "smtp", "worker"):
                await conn.execute("INSERT INTO heartbeats VALUES (%s, %s)", (role, DAY + nth * timedelta(seconds=10)))
    for seconds, slots in ((9.9, 0), (10, 1), (65, 6), (70, 7), (79.9, 7)):
        found = await record_house.span(db, DAY, DAY + timedelta(seconds=seconds))
        assert (found["up"], found["slots"]) == (slots, slots), seconds
    found = await record_house.span(db, DAY + timedelta(seconds=5), DAY + timedelta(seconds=95))
    assert (found["up"], found["slots"]) == (6, 8)


async def test_a_missed_solution_says_where_it_stood_when_its_time_passed(db: Database) -> None:
    ledger, hour = Ledger(db), timedelta(hours=1)
    due = {"due": {"solution": (DAY + 3 * hour).isoformat()}}
    begin = [("reopened", DAY, due), ("claimed", DAY + hour)]
    await ledger.case("email", DAY - hour, *begin, ("concluded", DAY + 2 * hour, {"disposition": "explained"}))
    await ledger.case("email", DAY - hour, *begin, ("waiting", DAY + 2 * hour), ("concluded", DAY + 5 * hour))
    escalated = ("escalated", DAY + 2 * hour, {"line": 2, "queue": "operations", "because": "line_overdue"})
    await ledger.case("email", DAY - hour, *begin, escalated, ("concluded", DAY + 6 * hour))
    found = await told(db, DAY, DAY + timedelta(days=1))
    assert found["sla_attainment", None].value == pytest.approx(1 / 3)
    assert found["sla_missed_waiting", None].value == found["sla_missed_unclaimed", None].value == 0.5
    assert found["first_contact_solution", None].numerator == 2
    assert (found["escalated_share", None].numerator, found["escalated_share", None].denominator) == (1, 4)
    assert await measures.differences(db, NOW) == []


@pytest.mark.parametrize("seed", range(3))
async def test_random_histories_agree_with_a_plain_reading(db: Database, seed: int) -> None:
    """Over a change of the clocks, in three time zones; of counted days and of days in part alike."""
    ledger, chance = Ledger(db), random.Random(seed)
    plain: list[tuple[str, datetime, str, float | None, float | None]] = []  # channel, began, zone, answered, gave up
    for _ in range(60):
        channel, zone = chance.choice(CHANNELS), chance.choice(ZONES)
        at = (
            DAY
            - timedelta(days=1)
            + timedelta(seconds=chance.randrange(72 * 3600), microseconds=chance.randrange(10**6))
        )
        happened: list[tuple[Any, ...]] = []
        moment = began = at
        for interval in range(chance.randrange(1, 4)):
            if interval:
                moment += timedelta(seconds=chance.randrange(1, 9000))
                happened.append(("reopened", moment))
                began = moment
            fate = chance.random()
            wait = timedelta(seconds=chance.randrange(3, 40_000), microseconds=chance.randrange(10**6))
            if fate < 0.2:
                plain.append((channel, began, zone, None, (NOW - began).total_seconds()))
                break
            moment += wait
            if fate < 0.4:
                plain.append((channel, began, zone, None, wait.total_seconds()))
            else:
                happened.append(("first_response", moment))
                plain.append((channel, began, zone, wait.total_seconds(), None))
            happened.append(("concluded", moment, {"disposition": "explained"}))
        await ledger.case(channel, at, *happened, timezone=zone)
    assert await measures.sweep(db, NOW) > 2
    assert await measures.sweep(db, NOW) == 0
    assert await db.rows("SELECT month::text FROM fact_months ORDER BY month") == [{"month": "2026-03-01"}]
    begin, end = DAY - timedelta(hours=7), DAY + timedelta(hours=30)
    for since, to in ((measures.EPOCH, measures.END), (begin, end), (DAY, DAY + timedelta(hours=23))):
        for by in ("channel", "hour", "weekday"):
            found = await told(db, since, to, by)
            groups: dict[str | None, list[Any]] = {None: []}
            for one in plain:
                if one[0] == "alarm" or not since <= one[1] < to:
                    continue
                local = one[1].astimezone(ZoneInfo(one[2]))
                key = {"channel": one[0], "hour": f"{local.hour:02d}", "weekday": str(local.isoweekday())}[by]
                groups[None].append(one)
                groups.setdefault(key, []).append(one)
            assert {key for name, key in found if name == "answered_share"} == {k for k, v in groups.items() if v}
            for key, mine in groups.items():
                if not mine:
                    continue
                share = found["answered_share", key]
                answered = sorted(one[3] for one in mine if one[3] is not None)
                assert (share.numerator, share.denominator) == (len(answered), len(mine)), (key, by)
                if answered:
                    assert found["response_time_average", key].value == pytest.approx(sum(answered) / len(answered))
                    assert found["response_time_median", key].value == product_limit(mine, 0.5)
                    assert found["response_time_p90", key].value == product_limit(mine, 0.9)
        if (to - since).days < 9:
            await plots_add_up(db, since, to)
    assert await measures.differences(db, NOW) == []


async def plots_add_up(db: Database, since: datetime, to: datetime) -> None:
    """Days and hours, as they are plotted, are the whole when they are added up."""
    whole = {key[0]: tally for key, tally in (await facts.tallied(db, since, to, None, KINDS, NOW)).items()}
    for parts in (await facts.daily(db, since, to, KINDS, NOW), await facts.hourly(db, since, to, KINDS, NOW, 6)):
        added: dict[str, Tally] = {}
        for of in parts.values():
            for kind, tally in of.items():
                added.setdefault(kind, Tally()).merge(tally)
        for kind, tally in added.items():
            tally.tags = whole[kind].tags  # which no plot shows
            assert tally.in_order() == whole[kind].in_order(), kind
        assert set(added) == set(whole)


def product_limit(mine: list[Any], share: float) -> float | None:
    """Kaplan and Meier as it stands in the books: one event after another."""
    left, waiting = 1.0, len(mine)
    for wait, answered in sorted(
        [(o[3], 0) for o in mine if o[3] is not None] + [(o[4], 1) for o in mine if o[3] is None]
    ):
        if not answered:
            left *= 1 - 1 / waiting
            if 1 - left >= share - 1e-9:
                return float(wait)
        waiting -= 1
    return None


async def test_what_was_counted_is_counted_again_when_it_changes(db: Database, config: Config) -> None:
    ledger = Ledger(db)
    case = await ledger.case("email", DAY + MINUTE, ("first_response", DAY + 6 * MINUTE))
    assert await measures.sweep(db, NOW) == 1
    assert (await told(db, DAY, DAY + timedelta(hours=23)))["response_time_average", None].value == 300
    await settled(db)
    assert len(await db.rows("SELECT month FROM fact_months")) == 1
    late = {"case": case, "at": NOW - timedelta(days=1), "kind": "concluded", "actor": "agent", "report": None}
    async with db.connection() as connection:
        await connection.execute(ADD_ENTRY, {**late, "data": Jsonb({"disposition": "explained"})})
    found = await told(db, DAY, DAY + timedelta(hours=23))
    assert (found["solution_time_average", None].denominator, found["response_time_p90", None].value) == (1, 300)
    assert await db.rows("SELECT month FROM fact_months") == []  # a month is no better than its days
    assert (await told(db, measures.EPOCH, measures.END))["solution_time_average", None].denominator == 1
    assert await measures.sweep(db, NOW) == 1
    await measures.recompute(config, check=True)
    async with db.connection() as connection:
        await connection.execute("UPDATE day_tallies SET total = total + 1 WHERE kind = 'response' AND by = 'hour'")
    with pytest.raises(measures.Disagreement, match="counted otherwise than kept"):
        await measures.recompute(config, check=True)
    async with db.connection() as connection:
        await connection.execute("UPDATE facts SET ended = 1 WHERE kind = 'response'")
    with pytest.raises(measures.Disagreement, match=f"case {case}"):
        await measures.recompute(config, check=True)
    await measures.recompute(config, check=False)
    async with db.connection() as connection:
        await connection.execute("UPDATE cases SET first_response_at = %(at)s", {"at": DAY + MINUTE})
    with pytest.raises(measures.Disagreement, match=f"case {case}"):
        await measures.recompute(config, check=True)


async def test_an_entry_that_commits_late_is_not_passed_over(db: Database) -> None:
    ledger = Ledger(db)
    case = await ledger.case("email", DAY)
    async with db.transaction() as conn:
        entry = {"case": case, "at": DAY + MINUTE, "kind": "first_response", "actor": "agent", "report": None}
        await conn.execute(ADD_ENTRY, {**entry, "data": Jsonb({})})
        other = await ledger.case("sms", DAY)
        assert other == case + 1
        for _ in range(3):
            await measures.catch_up(db)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE cases SET first_response_at = %(at)s WHERE id = %(id)s", {"id": case, "at": DAY + MINUTE}
        )
    assert (await told(db, DAY, DAY + MINUTE))["answered_share", None].value == 0.5
    assert await measures.differences(db, NOW) == []


async def test_nothing_at_all_is_no_figure(db: Database) -> None:
    assert await measures.of_period(db, DAY, NOW, "site", NOW) == []
    assert await measures.differences(db, NOW) == []
    assert await measures.sweep(db, NOW) == 0


@pytest.mark.parametrize("by", measures.DIMENSIONS)
async def test_response_times_by_every_dimension(db: Database, by: str) -> None:
    at = DAY + timedelta(hours=2)
    await Ledger(db).case("email", at, ("first_response", at + timedelta(hours=1)))
    found = await told(db, DAY, DAY + timedelta(days=1), by)
    key = {"hour": "03", "weekday": "7", "queue": "helpdesk", "line": "1", "language": "sv", "channel": "email"}
    key |= {"priority": "P3", "sla_level": "basic", "site": "-", "owner": "-", "category": "no_start"}
    key |= {"agent": "a01", "day": "2026-03-29"}
    assert found["response_time_median", key[by]].value == 3600
    ways = {"kind": "response", "by": by, "key": key[by], "outcome": "ended", "now": NOW, "limit": 10, "offset": 0}
    rows = await db.rows(facts.SQL["behind"], {**ways, "from": DAY, "to": NOW, "timezone": facts.TIMEZONE})
    assert [row["case_id"] for row in rows] == [1]
