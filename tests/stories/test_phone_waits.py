"""Callers are told the wait of their own queue, by those who serve it now, or that it is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from channels.phone_ports import Place, Taken, Waiting
from gateway.record.facts import day_of
from tests.stories.test_phone_fairness import Floor, floor  # noqa: F401

SECOND = timedelta(seconds=1)
HANDLED = """
INSERT INTO facts (case_id, nth, kind, at, day, ended, lost, tags, queue, channel, line, priority, sla_level, language,
                   timezone, category)
SELECT %(case)s, n, %(kind)s, %(at)s, %(day)s, %(ended)s, %(lost)s, %(tags)s, %(queue)s, 'phone', 1, 'P3', 'basic',
       'sv', 'Europe/Stockholm', 'other'
FROM generate_series(1, %(many)s) AS n
"""


async def lately(floor: Floor, queue: str, seconds: int, many: int = 5, hung_up: bool = False) -> None:  # noqa: F811
    """So many calls of a queue were handled since yesterday, or hung up, each after so long."""
    at = floor.clock.now() - timedelta(hours=20)
    row = await floor.house.runtime.db.row("SELECT coalesce(max(case_id), 0) + 1 AS next FROM facts")
    assert row is not None
    length = seconds * 1_000_000
    given = {"case": row["next"], "at": at, "day": day_of(at), "queue": queue, "many": many}
    shape = {"kind": "queue", "ended": None, "lost": length, "tags": ["abandoned"]}
    done = {"kind": "handled", "ended": length, "lost": None, "tags": []}
    await floor.house.runtime.db.run(HANDLED, {**given, **(shape if hung_up else done)})


async def at_work(floor: Floor, **queues: str) -> None:  # noqa: F811
    """These agents are there, each for the queues named ("" for all)."""
    db = floor.house.runtime.db
    await db.run("UPDATE agents SET activity = 'offline'")
    for agent, served in queues.items():
        given = {"agent": agent, "queues": served.split()}
        await db.run("UPDATE agents SET activity = 'available', queues = %(queues)s WHERE id = %(agent)s", given)


async def arrive(floor: Floor, sid: str, queue: str, priority: str = "P3") -> None:  # noqa: F811
    floor.clock.forward(SECOND)
    phone = f"+46701740{int(sid[2:]):03}"
    now = floor.clock.now()
    await floor.calls.save(Taken(sid, 0, now, "waiting", "sv", {}, "<Response/>", phone, None, None))
    await floor.line.enter(Waiting(sid, None, phone, "sv", priority, queue))


async def place(floor: Floor, sid: str) -> tuple[int, int | None, int | None]:  # noqa: F811
    floor.clock.forward(10 * SECOND)
    told: Place = await floor.line.place(sid)
    return told.ahead, told.least, told.most


async def talk(floor: Floor, *agents: str) -> None:  # noqa: F811
    """These agents have somebody on the line."""
    for agent in agents:
        await floor.house.runtime.db.run(
            "INSERT INTO work_items (kind, queue, line, priority, language, arrived_at, state, agent_id)"
            " VALUES ('callback', 'helpdesk', 1, 'P3', 'sv', lease_now(), 'taken', %(agent)s)",
            {"agent": agent},
        )


@pytest.fixture
async def busy(floor: Floor) -> Floor:  # noqa: F811
    """Two serve the helpdesk, one billing; all talk, calls take five minutes, and twenty wait for billing."""
    await at_work(floor, a01="helpdesk", a02="helpdesk", a03="billing")
    await talk(floor, "a01", "a02", "a03")
    await lately(floor, "helpdesk", 300)
    await lately(floor, "billing", 300)
    for nth in range(20):
        await arrive(floor, f"CA{nth:02}", "billing")
    return floor


async def test_v10_a_long_line_of_another_queue_is_not_told(busy: Floor) -> None:
    await arrive(busy, "CA90", "helpdesk")
    await arrive(busy, "CA91", "helpdesk")
    assert await place(busy, "CA90") == (0, 1, 4), "150 s: 0.7 to 1.5 times that"
    assert await place(busy, "CA91") == (1, 3, 8)
    assert await place(busy, "CA19") == (19, 70, 150)


async def test_v10_agents_who_serve_both_share_their_time(busy: Floor) -> None:
    await at_work(busy, a01="", a02="", a03="")
    await arrive(busy, "CA90", "helpdesk")
    assert await place(busy, "CA90") == (0, 24, 53), "20 of the other queue go before, at 100 s each"


async def test_v10_who_comes_or_leaves_changes_the_wait_at_once(busy: Floor) -> None:
    await arrive(busy, "CA90", "helpdesk")
    await at_work(busy, a01="helpdesk", a03="billing")
    assert await place(busy, "CA90") == (0, 3, 8)
    await at_work(busy, a03="billing")
    assert await place(busy, "CA90") == (0, None, None), "nobody serves it"
    await at_work(busy, a04="helpdesk")
    assert await place(busy, "CA90") == (0, 0, 1), "somebody is free"


async def test_v10_too_few_calls_tell_nothing(floor: Floor) -> None:  # noqa: F811
    await talk(floor, "a01")
    await lately(floor, "helpdesk", 300, many=4)
    await lately(floor, "billing", 300, many=50)
    await arrive(floor, "CA01", "helpdesk")
    assert await place(floor, "CA01") == (0, None, None)
    await lately(floor, "helpdesk", 300, many=1)
    assert await place(floor, "CA01") == (0, 3, 8)


async def test_v10_impatient_callers_ahead_make_it_shorter(busy: Floor) -> None:
    for nth in range(6):
        await arrive(busy, f"CA{80 + nth}", "helpdesk")
    _, _, patient = await place(busy, "CA85")
    await lately(busy, "helpdesk", 60, hung_up=True)
    _, _, told = await place(busy, "CA85")
    assert (patient, told) == (23, 7)


async def test_v10_a_queue_that_nobody_at_work_serves_is_closed_whoever_else_is_there(floor: Floor) -> None:  # noqa: F811
    await at_work(floor, a01="billing")
    nobody = Waiting("CA01", None, "+46701740001", "sv", "P3", "helpdesk")
    floor.clock.forward(SECOND)
    await floor.calls.save(
        Taken("CA01", 0, floor.clock.now(), "waiting", "sv", {}, "<Response/>", nobody.phone, None, None)
    )
    assert await floor.line.enter(nobody) is None
    waits = await floor.line.enter(replace(nobody, patient=True))
    assert waits is not None
    assert not waits.staffed
    assert (await floor.line.enter(replace(nobody, priority="P1"))) is not None, "danger always has a line"
    await at_work(floor, a01="billing", a02="helpdesk")
    assert (await floor.line.place("CA01")).staffed
    await floor.house.runtime.db.run("UPDATE agents SET sites = '{s001}' WHERE id = 'a02'")
    assert not (await floor.line.place("CA01")).staffed, "the caller is at none of their sites"
