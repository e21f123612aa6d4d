"""Whoever is in danger and would rather be called back is: by whoever is on call, when nobody else takes it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.phone import callbacks
from tests.fakes.phone import Call
from tests.stories.test_phone_callbacks import AGENT, agent_leg, day, leg, room_of, work  # noqa: F401
from tests.stories.test_phone_oncall import LAST, NIGHT, SECOND, Night, night, on_call  # noqa: F401

FIRST, OTHER = "+46701740691", "+46701740692"
A17, A18 = "+46313900617", "+46313900618"


async def call_me_back(night: Night, caller: str) -> Call:  # noqa: F811
    call = await night.line.call(caller)
    for keys in ("1", "2", "1", "21007#", "1", "5"):
        await call.press(keys)
    await call.speak("Det brinner i laddaren")
    assert "Vi ringer upp dig" in await call.press("1")
    assert call.over
    return call


async def later(night: Night, seconds: float) -> None:  # noqa: F811
    night.clock.forward(seconds * SECOND)
    await work(night)
    await night.work()


async def connected(night: Night) -> tuple[str, str]:  # noqa: F811
    """Whoever was rung last presses 1, and the customer's telephone rings; their leg, and where it goes afterwards."""
    sid = night.last()[0]
    await agent_leg(night, sid, "in-progress")
    document = await night.picks_up("1")
    assert "Jag ringer upp kunden nu" in document
    assert await night.picks_up("1") == document
    await night.work()
    return sid, document.split('action="')[1].split('"')[0]


async def state(night: Night) -> list[tuple[str, str | None]]:  # noqa: F811
    rows = await night.house.runtime.db.rows(
        "SELECT state, agent_id FROM work_items WHERE kind = 'callback' ORDER BY id"
    )
    return [(row["state"], row["agent_id"]) for row in rows]


async def test_whoever_is_on_call_and_takes_the_danger_is_connected_to_who_waits_to_be_called_back(
    night: Night,  # noqa: F811
) -> None:
    await on_call(night, "a17", "a18")
    call = await call_me_back(night, FIRST)
    await night.work()
    assert night.rung() == [A17]
    sid, ended = await connected(night)
    assert night.rung() == [A17, FIRST]
    assert await state(night) == [("taken", "a17")]
    (listed,) = await night.house.cases()
    assert (await night.house.case(listed["number"]))["assignee"] == "a17"
    assert "ringer upp som du bad om" in await night.picks_up()
    assert room_of(await night.picks_up("1")).startswith("out-")
    answered = await night.house.runtime.db.row(
        "SELECT answered_at, agent_id FROM calls WHERE sid = %(sid)s", {"sid": call.sid}
    )
    assert answered == {"answered_at": night.clock.now(), "agent_id": "a17"}
    await night.ends("completed")
    assert "Hej då" in await leg(night, ended, sid)
    assert await state(night) == [("done", None)]
    await later(night, 600)
    assert night.rung() == [A17, FIRST]


@pytest.mark.parametrize("told", [True, False], ids=["told", "swept"])
async def test_one_in_danger_who_does_not_answer_is_tried_again_by_whoever_is_on_call(
    night: Night,  # noqa: F811
    told: bool,
) -> None:
    await on_call(night, "a17", "a18")
    await call_me_back(night, FIRST)
    await night.work()
    sid, ended = await connected(night)
    await night.ends("no-answer")
    await night.work()
    assert night.peer.calls[sid]["updated"]["Url"] == ended
    if told:
        assert "gick inte att nå" in await leg(night, ended, sid)
    await agent_leg(night, sid, "completed")
    await later(night, 1)
    assert await state(night) == [("waiting", None)]
    assert night.rung() == [A17, FIRST]
    await later(night, callbacks.AGAIN[0].total_seconds())
    assert night.rung() == [A17, FIRST, A17]
    await connected(night)
    assert night.rung() == [A17, FIRST, A17, FIRST]


async def test_a_second_one_in_danger_is_called_back_by_the_next_on_call(night: Night) -> None:  # noqa: F811
    await on_call(night, "a17", "a18")
    await call_me_back(night, FIRST)
    await call_me_back(night, OTHER)
    assert len(await night.house.cases()) == 1
    await night.work()
    await connected(night)
    await later(night, 1)
    assert night.rung() == [A17, FIRST, A18]
    await connected(night)
    assert night.rung() == [A17, FIRST, A18, OTHER]
    assert await state(night) == [("taken", "a17"), ("taken", "a18")]


async def test_the_last_resort_is_connected_to_who_waits_to_be_called_back(night: Night) -> None:  # noqa: F811
    await on_call(night, "a17")
    await call_me_back(night, FIRST)
    await night.work()
    await night.house.runtime.db.run("UPDATE rota SET ends_at = %(now)s", {"now": NIGHT})
    await later(night, 60)
    assert night.rung() == [A17, LAST]
    sid, _ = await connected(night)
    assert night.rung() == [A17, LAST, FIRST]
    assert await state(night) == [("taken", None)]
    await night.picks_up("1")
    await night.ends("completed")
    await agent_leg(night, sid, "completed")
    await later(night, 1)
    assert await state(night) == [("done", None)]


async def test_a_call_back_that_nobody_at_work_takes_wakes_whoever_is_on_call_if_it_is_of_danger(
    day: Night,  # noqa: F811
) -> None:
    await on_call(day, "a17")
    await call_me_back(day, FIRST)
    (listed,) = await day.house.cases()
    await day.house.api("POST", f"/cases/{listed['number']}/claim", {"as": "a02"})
    await later(day, 1)
    assert day.rung() == [AGENT]
    await day.ends("no-answer")
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    await later(day, 35)
    assert day.rung() == [AGENT, A17]
    assert "har redan tagit" not in await day.picks_up("1")
    await day.work()
    assert day.rung() == [AGENT, A17, FIRST]


@pytest.mark.parametrize("ended", ["concluded", "no danger"])
async def test_nobody_is_woken_for_a_call_back_that_is_no_danger_or_whose_case_is_over(
    night: Night,  # noqa: F811
    ended: str,
) -> None:
    await on_call(night, "a17")
    await call_me_back(night, FIRST)
    (listed,) = await night.house.cases()
    case = f"/cases/{listed['number']}"
    assert (await night.house.api("POST", f"{case}/claim", {"as": "a02"}))[0] == 200
    body = {"as": "a02", "disposition": "solved_remotely", "text": "Det var damm på laddaren."}
    if ended == "concluded":
        assert (await night.house.api("POST", f"{case}/conclude", body))[0] == 200
    else:
        await night.house.runtime.db.run("UPDATE cases SET priority = 'P3'")
    await night.work()
    night.clock.forward(timedelta(minutes=5))
    await night.work()
    assert night.rung() == []


async def test_a_colleague_who_comes_too_late_for_a_call_back_is_told_that_somebody_has_it(
    night: Night,  # noqa: F811
) -> None:
    await on_call(night, "a17", "a18")
    await call_me_back(night, FIRST)
    (listed,) = await night.house.cases()
    assert (await night.house.api("POST", f"/cases/{listed['number']}/claim", {"as": "a02"}))[0] == 200
    await night.work()
    sid, url = night.last()
    await night.later(60)
    assert night.rung() == [A17, A18]
    await connected(night)
    assert "redan tagit" in await leg(night, url, sid, Digits="1")


async def test_a_telephone_that_rings_for_a_caller_who_then_would_rather_be_called_back_connects_to_them(
    night: Night,  # noqa: F811
) -> None:
    await on_call(night, "a18")
    case = (await night.house.report("Det brinner i laddaren, det ryker och sprakar!", charger="21007"))["case"]
    assert (await night.house.api("POST", f"/cases/{case}/claim", {"as": "a17"}))[0] == 200
    night.clock.forward(timedelta(minutes=20))
    call = await night.line.call(FIRST)
    for keys in ("1", "2", "1", "21007#", "1", "5"):
        await call.press(keys)
    await call.speak("Det brinner i laddaren")
    await night.work()
    assert night.rung() == [A18]
    assert "Vi ringer upp dig" in await call.press("1")
    await night.work()
    assert (await night.told(case))[-1] == "rung", "the same ladder goes on"
    await connected(night)
    assert night.rung() == [A18, FIRST]
    assert (await night.house.case(case))["assignee"] == "a17"


@pytest.mark.parametrize("taken", [True, False])
async def test_one_in_danger_who_calls_again_before_they_are_called_back_meets_whoever_is_on_call_in_their_call(
    night: Night,  # noqa: F811
    taken: bool,
) -> None:
    await on_call(night, "a17", "a18")
    await call_me_back(night, FIRST)
    (listed,) = await night.house.cases()
    if taken:
        assert (await night.house.api("POST", f"/cases/{listed['number']}/claim", {"as": "a02"}))[0] == 200
    await night.work()
    night.clock.forward(5 * SECOND)
    call = await night.line.call(FIRST)
    for keys in ("2", "1", "21007#", "1", "5"):
        await call.press(keys)
    await call.speak("Det brinner i laddaren")
    await night.work()
    assert night.rung() == [A17]
    document = await night.picks_up("1")
    assert room_of(document) == f"call-{call.sid}"
    await night.work()
    await later(night, 60)
    assert night.rung() == [A17], "nobody is rung who is on the line"
    assert await state(night) == [("done", None)]


@pytest.mark.parametrize("then", ["waits", "hangs up"])
async def test_one_in_danger_who_is_in_our_menus_again_as_somebody_presses_1_is_not_rung_meanwhile(
    night: Night,  # noqa: F811
    then: str,
) -> None:
    await on_call(night, "a17", "a18")
    await call_me_back(night, FIRST)
    await night.work()
    call = await night.line.call(FIRST)
    document = await night.picks_up("1")
    assert "Kunden är på linjen hos oss just nu" in document
    assert "Ärendet är ditt" in document
    assert await night.picks_up("1") == document
    await night.ends("completed")
    await later(night, 1)
    assert night.rung() == [A17], "neither the customer nor a colleague"
    assert await state(night) == [("waiting", None)]
    if then == "hangs up":
        await call.hang_up()
        await night.work()
        assert night.rung() == [A17, A17], "who has the case is rung for them at once"
        await connected(night)
        assert night.rung() == [A17, A17, FIRST]
        return
    for keys in ("2", "1", "21007#", "1", "5"):
        await call.press(keys)
    await call.speak("Det brinner i laddaren")
    await call.wait()
    await night.work()
    assert night.rung() == [A17, A17], "who has the case is rung for the caller"
    assert room_of(await night.picks_up("1")) == f"call-{call.sid}"
    assert await state(night) == [("done", None)]


async def test_who_is_on_the_line_keeps_nobody_else_in_danger_from_being_called_back(
    night: Night,  # noqa: F811
) -> None:
    await on_call(night, "a17", "a18")
    await call_me_back(night, FIRST)
    await call_me_back(night, OTHER)
    await night.work()
    await night.line.call(FIRST)
    await connected(night)
    assert night.rung() == [A17, OTHER]
