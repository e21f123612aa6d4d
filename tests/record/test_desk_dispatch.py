"""Offers on the real record: who gets what, races, and dispatchers that are killed or paused."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import redis
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from gateway import alerts, desk, dispatch, overflow, presence
from gateway.activity import set_activity
from gateway.clock import SetClock
from gateway.config import Config
from gateway.desk import SYSTEM, Actor, Refused, Taken, Unknown
from gateway.runtime import Runtime, open_runtime
from routing.rules import Rules
from tests.record.test_desk import kinds, opened, read

CHARGERS = ("21007", "22809", "24582", "22426", "25656", "24198", "24416", "25035")
SECOND = timedelta(seconds=1)


def actor(agent: str) -> Actor:
    return Actor("agent", agent, "agent")


async def offered(runtime: Runtime, agent: str) -> Mapping[str, int] | None:
    rows = await dispatch.offers_to(runtime.db, agent)
    return rows[0] if rows else None


async def opens(runtime: Runtime, how_many: int) -> list[int]:
    """Cases that have nothing to do with each other, one second apart."""
    made = []
    for nth in range(how_many):
        runtime.clock.forward(SECOND)  # type: ignore[attr-defined]
        made.append(await opened(runtime, f"k{nth}", CHARGERS[nth], f"+467017400{nth:02d}"))
    assert len(set(made)) == how_many
    return made


async def alter(runtime: Runtime, agent: str, **values: object) -> None:
    for name, value in values.items():
        await runtime.db.run(f"UPDATE agents SET {name} = %(v)s WHERE id = %(a)s", {"v": value, "a": agent})  # type: ignore[arg-type]


async def test_offers_come_in_the_order_of_the_waiting_room_and_a_return_keeps_its_place(
    runtime: Runtime, clock: SetClock
):
    first, second, third = await opens(runtime, 3)
    await desk.correct(runtime, SYSTEM, third, reason="stands alone in the dark", category="offline", priority="P2")
    await set_activity(runtime, "a01", "available")
    taken = []
    for nth in range(4):
        await dispatch.sweep(runtime)
        offer = await offered(runtime, "a01")
        assert offer is not None
        taken.append(offer["case_id"])
        if nth == 1:
            await dispatch.decline(runtime, actor("a01"), offer["id"])
            await set_activity(runtime, "a02", "available")
            await dispatch.sweep(runtime)
            other = await offered(runtime, "a02")
            assert other is not None
            assert other["case_id"] == first, "what one declines goes to the next, before what came later"
            clock.forward(timedelta(minutes=3))
            await dispatch.sweep(runtime)
            await set_activity(runtime, "a02", "offline")
            continue
        await dispatch.accept(runtime, actor("a01"), offer["id"])
    assert taken == [third, first, first, second]


async def test_nobody_is_offered_what_does_not_exist_for_them(runtime: Runtime):
    (case,) = await opens(runtime, 1)
    found = await read(runtime, case)
    await alter(runtime, "a01", queues=["billing"])
    await alter(runtime, "a02", sites=["somewhere-else"])
    for agent in ("a01", "a02"):
        await set_activity(runtime, agent, "available")
    assert await dispatch.sweep(runtime) == 0
    await alter(runtime, "a02", sites=[found.listed.case.site_id])
    assert await dispatch.sweep(runtime) == 1
    assert (await offered(runtime, "a02") or {})["case_id"] == case


async def test_a_site_of_ones_own_is_found_behind_a_hundred_others(runtime: Runtime):
    (case,) = await opens(runtime, 1)
    site = (await read(runtime, case)).listed.case.site_id
    await runtime.db.run("""
        INSERT INTO cases (id, status, line, queue, priority, category, language, timezone, sla_level, opened_at,
                           last_report_at)
        SELECT 5000 + n, 'open', 1, 'helpdesk', 'P3', 'no_start', 'sv', 'Europe/Stockholm', 'basic', '2026-09-01',
               '2026-09-01'
        FROM generate_series(1, 100) AS n""")
    await runtime.db.run("""
        INSERT INTO work_items (kind, case_id, queue, priority, language, due_at, arrived_at, state)
        SELECT 'case', id, queue, priority, language, opened_at, opened_at, 'waiting' FROM cases WHERE id > 5000""")
    await alter(runtime, "a01", sites=[site])
    await set_activity(runtime, "a01", "available")
    assert await dispatch.sweep(runtime) == 1
    assert (await offered(runtime, "a01") or {})["case_id"] == case


async def test_cases_that_are_put_aside_take_no_room(runtime: Runtime, clock: SetClock):
    first, _ = await opens(runtime, 2)
    await alter(runtime, "a01", max_cases=1)
    await set_activity(runtime, "a01", "available")
    await desk.claim(runtime, actor("a01"), first)
    assert await dispatch.sweep(runtime) == 0
    await desk.wait(runtime, actor("a01"), first, clock.now() + timedelta(hours=2), "väntar på svar")
    assert await dispatch.sweep(runtime) == 1


async def test_repeated_misses_set_the_agent_away_and_the_work_stands_in_its_place(runtime: Runtime, clock: SetClock):
    (case,) = await opens(runtime, 1)
    await set_activity(runtime, "a01", "available")
    for _ in range(dispatch.MISSES):
        assert await dispatch.sweep(runtime) == 1
        clock.forward(dispatch.PATIENCE["case"] + SECOND)
    assert await dispatch.sweep(runtime) == 0
    row = await runtime.db.row("SELECT activity FROM agents WHERE id = 'a01'")
    assert row == {"activity": "away"}
    full = await read(runtime, case)
    assert kinds(full).count("offer_expired") == dispatch.MISSES
    item = await runtime.db.row("SELECT state, arrived_at FROM work_items WHERE case_id = %(c)s", {"c": case})
    assert item == {"state": "waiting", "arrived_at": full.listed.case.opened_at}


async def test_f08_a_paused_process_that_wakes_up_late_changes_nothing(runtime: Runtime, clock: SetClock):
    (case,) = await opens(runtime, 1)
    await set_activity(runtime, "a01", "available")
    await dispatch.sweep(runtime)
    late = await offered(runtime, "a01")
    assert late is not None
    clock.forward(dispatch.PATIENCE["case"] + SECOND)
    await set_activity(runtime, "a01", "away")
    await set_activity(runtime, "a02", "available")
    await dispatch.sweep(runtime)
    fresh = await offered(runtime, "a02")
    assert fresh is not None
    for answer in (dispatch.accept, dispatch.decline):
        with pytest.raises(Refused):
            await answer(runtime, actor("a01"), late["id"])
    async with runtime.db.transaction() as conn:
        stale = {"item": late.get("item_id") or await _item(runtime, case), "epoch": 1}
        assert (await conn.execute(dispatch.SQL["unreserve"], stale)).rowcount == 0
        taking = {**stale, "agent": "a01"}
        assert (await conn.execute(dispatch.SQL["take_item"], taking)).rowcount == 0
    await dispatch.accept(runtime, actor("a02"), fresh["id"])
    full = await read(runtime, case)
    assert full.listed.case.assignee == "a02"
    assert kinds(full).count("claimed") == 1


@pytest.mark.parametrize("wrong", [timedelta(hours=1), timedelta(hours=-1)])
async def test_a_workers_clock_that_is_an_hour_wrong_changes_nothing(
    runtime: Runtime, clock: SetClock, config: Config, redis_url: str, wrong: timedelta
):
    first, second = await opens(runtime, 2)
    patience = dispatch.PATIENCE["case"]
    async with open_runtime(config, "other", SetClock(clock.now() + wrong)) as other:
        await set_activity(other, "a01", "available")
        await _at_the_console(runtime, "a01")
        await alter(runtime, "a01", max_cases=1)
        assert await dispatch.sweep(other) == 1
        offer = await _offered(other, "a01")
        assert (offer["case_id"], offer["offered_at"]) == (first, clock.now())
        assert offer["expires_at"] == clock.now() + patience
        clock.forward(patience - SECOND)
        assert await dispatch.sweep(other) == 0
        assert (await _offered(other, "a01"))["id"] == offer["id"], "not before its time"
        await dispatch.accept(other, actor("a01"), offer["id"])
        await alter(runtime, "a01", max_cases=2)
        for miss in range(1, dispatch.MISSES + 1):
            assert await dispatch.sweep(other) == 1
            offer = await _offered(other, "a01")
            clock.forward(patience)
            with pytest.raises(Refused):
                await dispatch.accept(other, actor("a01"), offer["id"])
            row = await runtime.db.row("SELECT misses FROM agents WHERE id = 'a01'")
            assert row == {"misses": miss - 1}
        assert await dispatch.sweep(other) == 0
        row = await runtime.db.row("SELECT misses, activity, activity_at FROM agents WHERE id = 'a01'")
        assert row == {"misses": dispatch.MISSES, "activity": "away", "activity_at": clock.now()}
        states = await runtime.db.rows("SELECT state FROM work_items WHERE case_id = %(c)s", {"c": second})
        assert states == [{"state": "waiting"}]
        clock.forward(timedelta(seconds=presence.SIGN))
        assert await _activity_after(other) == "away", "nobody is missed by a store that is young"
        await _grow_old(redis_url)
        await set_activity(other, "a01", "away")
        clock.forward(timedelta(seconds=presence.SIGN) - SECOND)
        assert await _activity_after(other) == "away", "a sign may take so long"
        clock.forward(SECOND)
        assert await _activity_after(other) == "offline"
        clock.forward(presence.GRACE["P3"] - SECOND)
        assert await presence.sweep(other) == 0, "there is a time of grace"
        clock.forward(SECOND)
        assert await presence.sweep(other) == 1
    assert (await read(runtime, first)).listed.case.assignee is None


async def _offered(runtime: Runtime, agent: str) -> Mapping[str, Any]:
    (row,) = await dispatch.offers_to(runtime.db, agent)
    return row


async def _activity_after(runtime: Runtime) -> str:
    """What a01 is doing once signs of life were looked at, with nothing given back yet."""
    assert await presence.sweep(runtime) == 0
    row = await runtime.db.row("SELECT activity FROM agents WHERE id = 'a01'")
    assert row is not None
    return str(row["activity"])


async def _item(runtime: Runtime, case: int) -> int:
    row = await runtime.db.row("SELECT id FROM work_items WHERE case_id = %(c)s", {"c": case})
    assert row is not None
    return int(row["id"])


async def test_f03_f09_a_dispatcher_that_stops_half_way_costs_seconds_and_nothing_else(
    runtime: Runtime, clock: SetClock, config: Config
):
    (case,) = await opens(runtime, 1)
    await set_activity(runtime, "a01", "available")
    stopped = await psycopg.AsyncConnection.connect(str(config.database_url), row_factory=dict_row)
    async with open_runtime(config, "other", clock) as other, stopped:
        assert await (await stopped.execute(dispatch.SQL["dispatcher"])).fetchone() == {
            "mine": True,
            "now": clock.now(),
        }
        given = {"item": await _item(runtime, case), "agent": "a01", "reasons": Jsonb([])}
        await stopped.execute(dispatch.SQL["offer"], {**given, "patience": dispatch.PATIENCE["case"]})
        assert await dispatch.sweep(other) == 0, "one dispatcher at a time"
        await desk.note(other, actor("a02"), case, "Everybody else goes on working")
        await runtime.db.run("SELECT pg_terminate_backend(%(pid)s)", {"pid": stopped.info.backend_pid})
        with pytest.raises(psycopg.OperationalError):
            await stopped.commit()
        async with asyncio.timeout(5):
            while await dispatch.sweep(other) == 0:
                await asyncio.sleep(0)
    rows = await runtime.db.rows("SELECT agent_id, state FROM offers")
    assert rows == [{"agent_id": "a01", "state": "offered"}]


async def test_f35_fifty_agents_and_four_dispatchers_race_and_every_case_has_one_owner(
    runtime: Runtime, clock: SetClock, config: Config
):
    """Offers are taken and turned down while sweeps run at the same time, rivals claim past them, holders give back."""
    rounds, chance = 5, random.Random(35)
    agents = await _fifty(runtime)
    held: dict[int, str] = {}
    async with open_runtime(config, "other", clock) as other:
        for nth in range(rounds):
            made = [
                await opened(runtime, f"r{nth}-{n}", charger, f"+46701{nth:03d}{n:03d}")
                for n, charger in enumerate(CHARGERS)
            ]
            doors = [runtime, other]
            await asyncio.gather(*(dispatch.sweep(doors[n % 2]) for n in range(4)))
            answers = [_race(doors[n % 2], agent, made, chance) for n, agent in enumerate(agents)]
            sweeps = [dispatch.sweep(doors[n % 2]) for n in range(8)]
            won = [one for one in await asyncio.gather(*answers, *sweeps) if isinstance(one, tuple)]
            for case in made:
                full = await read(runtime, case)
                owner = full.listed.case.assignee
                told = [agent for agent, taken in won if taken == case]
                assert len(told) <= 1, "at most one was told that it is theirs"
                assert told in ([], [owner])
                assert kinds(full).count("claimed") == len(told)
                state = await runtime.db.row(
                    "SELECT state, agent_id FROM work_items WHERE case_id = %(c)s", {"c": case}
                )
                assert state is not None
                assert state["agent_id"] == owner or state["state"] == "offered"
                if owner:
                    held[case] = owner
                    await desk.conclude(runtime, actor(owner), case, "explained", "klart")
            clock.forward(timedelta(minutes=3))
    assert held, "somebody took something"
    lost = await runtime.db.rows("""
        SELECT c.id FROM cases c WHERE c.status IN ('open', 'assigned') AND NOT EXISTS (
            SELECT FROM work_items w WHERE w.case_id = c.id AND w.state <> 'done')""")
    assert lost == []


async def _fifty(runtime: Runtime) -> list[str]:
    await runtime.db.run(
        """
        INSERT INTO agents (id, name, email, role, line, languages, skills, activity, activity_at, idle_since)
        SELECT 'r' || n, 'R ' || n, 'r' || n || '@support.example', 'agent', 1, '{sv}', '{email}', 'available',
               %(now)s, %(now)s FROM generate_series(1, 50) AS n""",
        {"now": runtime.clock.now()},
    )
    return [f"r{n}" for n in range(1, 51)]


async def _race(runtime: Runtime, agent: str, made: list[int], chance: random.Random) -> tuple[str, int] | None:
    offer = await offered(runtime, agent)
    try:
        if offer and chance.random() < 0.3:
            await dispatch.decline(runtime, actor(agent), offer["id"])
        elif offer and chance.random() < 0.8:
            taken = await dispatch.accept(runtime, actor(agent), offer["id"])
            return (agent, taken) if taken else None
        elif chance.random() < 0.5:
            case = chance.choice(made)
            before = (await read(runtime, case)).listed.case.assignee
            await desk.claim(runtime, actor(agent), case)
            return (agent, case) if before != agent else None
    except (Refused, Taken, Unknown):
        return None
    return None


async def test_f36_the_work_of_an_agent_who_vanished_goes_back_once_with_its_original_clock(
    runtime: Runtime, clock: SetClock, redis_url: str
):
    first, second = await opens(runtime, 2)
    await set_activity(runtime, "a01", "available")
    await _at_the_console(runtime, "a01")
    await desk.claim(runtime, actor("a01"), first)
    before = (await read(runtime, first)).listed.case
    clock.forward(timedelta(minutes=5))
    await dispatch.sweep(runtime)
    assert await offered(runtime, "a01"), "and one more is offered"
    assert await presence.sweep(runtime) == 0
    await _grow_old(redis_url)
    await presence.sign(runtime, "a01")
    assert await presence.sweep(runtime) == 0
    row = await runtime.db.row("SELECT activity FROM agents WHERE id = 'a01'")
    assert row == {"activity": "available"}, "a page that is open gives signs of life"
    await _forget(redis_url, "agent:a01")
    assert await presence.sweep(runtime) == 0, "there is a time of grace"
    row = await runtime.db.row("SELECT activity FROM agents WHERE id = 'a01'")
    assert row == {"activity": "offline"}
    states = await runtime.db.rows("SELECT state FROM work_items WHERE case_id = %(c)s", {"c": second})
    assert states == [{"state": "waiting"}], "what was only offered goes on at once"
    clock.forward(presence.GRACE["P3"])
    swept = await asyncio.gather(*(presence.sweep(runtime) for _ in range(3)))
    assert sum(swept) == 1
    full = await read(runtime, first)
    after = full.listed.case
    assert (after.status, after.assignee, after.due) == ("open", None, before.due)
    item = await runtime.db.row("SELECT state, arrived_at FROM work_items WHERE case_id = %(c)s", {"c": first})
    assert item == {"state": "waiting", "arrived_at": before.opened_at}
    (entry,) = [one for one in full.timeline if one["kind"] == "released"]
    assert (entry["data"], entry["actor_kind"]) == ({"held_by": "a01", "because": "gone"}, "system")


async def test_f36_a_live_call_is_never_taken_by_presence_nor_work_from_somebody_who_is_back(
    runtime: Runtime, clock: SetClock, redis_url: str
):
    first, second = await opens(runtime, 2)
    for agent, case in (("a01", first), ("a02", second)):
        await set_activity(runtime, agent, "available")
        await _at_the_console(runtime, agent)
        await desk.claim(runtime, actor(agent), case)
    await runtime.db.run(
        "INSERT INTO work_items (kind, call_sid, queue, priority, language, arrived_at, state, agent_id) "
        "VALUES ('call', 'CA1', 'helpdesk', 'P3', 'sv', %(now)s, 'taken', 'a01')",
        {"now": clock.now()},
    )
    clock.forward(timedelta(minutes=5))
    await presence.sweep(runtime)
    await _grow_old(redis_url)
    await presence.sweep(runtime)
    rows = await runtime.db.rows("SELECT id, activity FROM agents WHERE id IN ('a01', 'a02') ORDER BY id")
    assert [row["activity"] for row in rows] == ["available", "offline"]
    await set_activity(runtime, "a02", "available")
    clock.forward(timedelta(hours=1))
    await presence.sign(runtime, "a02")
    assert await presence.sweep(runtime) == 0
    assert (await read(runtime, second)).listed.case.assignee == "a02"


async def test_who_goes_home_gives_back_what_they_took_and_keeps_what_waits(runtime: Runtime, clock: SetClock):
    first, second, third = await opens(runtime, 3)
    for case in (first, second):
        await desk.claim(runtime, actor("a01"), case)
    await desk.claim(runtime, actor("a02"), third)
    await desk.wait(
        runtime, actor("a01"), second, clock.now() + timedelta(days=1), "väntar på delar", for_customer=False
    )
    clock.forward(SECOND)
    await set_activity(runtime, "a01", "offline")
    clock.forward(presence.GRACE["P3"])
    assert await presence.sweep(runtime) == 1
    holders = [(await read(runtime, case)).listed.case.assignee for case in (first, second, third)]
    assert holders == [None, "a01", "a02"]


async def _at_the_console(runtime: Runtime, agent: str) -> None:
    now = runtime.clock.now()
    await runtime.db.run(
        "INSERT INTO sessions (id, agent_id, data, created_at, expires_at) "
        "VALUES (sha256(%(k)s), %(a)s, '{}', %(n)s, %(e)s)",
        {"a": agent, "k": agent.encode(), "n": now, "e": now + timedelta(hours=16)},
    )


async def _grow_old(redis_url: str) -> None:
    """The store of hints has been up for long enough to know who is missing."""
    await asyncio.to_thread(_delete, redis_url, "switchyard:young")


async def _forget(redis_url: str, key: str) -> None:
    """A sign of life expires."""
    await asyncio.to_thread(_delete, redis_url, f"switchyard:seen:{key}")


def _delete(redis_url: str, key: str) -> None:
    with redis.Redis.from_url(redis_url) as store:
        assert store.delete(key) == 1


async def test_a_queue_beyond_its_limit_is_an_alarm_and_flows_over_by_the_rule(runtime: Runtime, clock: SetClock):
    made = await opens(runtime, 4)
    await set_activity(runtime, "a01", "busy")
    rules = replace_queue(runtime, "helpdesk", limit=3, overflow="operations")
    runtime = replace(runtime, rules=lambda: rules)
    found = {(sign.kind, sign.key): sign.value for sign in await alerts.signs(runtime, clock.now())}
    assert found["queue_long", "helpdesk"] == pytest.approx(4 / 3)
    assert await overflow.sweep(runtime) == 1
    assert [(await read(runtime, case)).listed.case.queue for case in made] == [*["helpdesk"] * 3, "operations"]
    assert await overflow.sweep(runtime) == 0
    await set_activity(runtime, "a01", "offline")
    await runtime.db.run("UPDATE agents SET activity = 'offline'")
    assert await overflow.sweep(runtime) == 0
    clock.forward(overflow.UNSERVED)
    assert await overflow.sweep(runtime) == 3
    told = [entry for entry in (await read(runtime, made[0])).timeline if entry["kind"] == "handed_over"]
    assert [entry["data"]["because"] for entry in told] == ["overflow"]


def replace_queue(runtime: Runtime, name: str, **changes: object) -> Rules:
    rules = runtime.rules()
    return replace(rules, queues={**rules.queues, name: replace(rules.queues[name], **changes)})  # type: ignore[arg-type]
