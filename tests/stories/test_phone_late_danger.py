"""It becomes dangerous while somebody waits who had said that it was not: they say so by key, and are the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from channels.report import NotStored
from gateway import emptying
from gateway.intake import GroupIntake
from gateway.phone import heeding, longest
from gateway.record.calls import RecordedCalls
from ivr.prompts import Phrases, read_catalogues
from tests.fakes.phone import Call
from tests.stories.test_phone_callbacks import AGENT, day, room_of, waiting, work  # noqa: F401
from tests.stories.test_phone_oncall import CALLER, LAST, MOBILE, SECOND, Night, night, on_call  # noqa: F401

KEEP_AWAY = "Ring ett ett två"
FIRST = "Samtal som ditt går före alla andra"


async def items(night: Night) -> list[Mapping[str, Any]]:  # noqa: F811
    """Who waits for a person, the first first."""
    return await night.house.runtime.db.rows(
        "SELECT call_sid, kind, state, priority, queue, longest_at, not_before, arrived_at FROM work_items"
        " WHERE kind <> 'case' AND state <> 'done' ORDER BY priority, due_at, arrived_at, id"
    )


async def case_of(night: Night, call: Call) -> Any:  # noqa: F811
    row = await night.house.runtime.db.row("SELECT case_id FROM calls WHERE sid = %(sid)s", {"sid": call.sid})
    assert row is not None
    (listed,) = [one for one in await night.house.cases() if one["number"].startswith(f"{row['case_id']}-")]
    return await night.house.case(listed["number"])


async def test_whoever_waits_as_it_becomes_dangerous_is_told_of_112_and_served_before_who_came_earlier(
    day: Night,  # noqa: F811
) -> None:
    earlier = await waiting(day)
    day.clock.forward(5 * SECOND)
    call = await waiting(day, MOBILE)
    assert "Om det blir farligt, tryck 9." in call.now_hears
    assert [one["call_sid"] for one in await items(day)] == [earlier.sid, call.sid]
    (_, before) = await items(day)
    for _ in range(2):
        day.clock.forward(5 * SECOND)
        told = await call.press("9")
        assert told.index(KEEP_AWAY) < told.index(FIRST) < told.index("näst på tur")
        case = await case_of(day, call)
        assert (case["priority"], case["category"], case["queue"]) == ("P1", "safety", "emergency")
        assert [one["text"] for one in case["reports"]][1:] == ["Uppringaren tryckte 9 för fara under väntan."]
        mine, other = await items(day)
        assert (mine["call_sid"], other["call_sid"]) == (call.sid, earlier.sid)
        assert (mine["priority"], mine["queue"], mine["longest_at"]) == ("P1", "emergency", None)
        assert mine["arrived_at"] == before["arrived_at"]
        assert other["priority"] != "P1"
    assert (await case_of(day, earlier))["priority"] != "P1"
    await work(day)
    assert day.rung() == [AGENT]
    assert [(one["call_sid"], one["state"]) for one in await items(day)] == [
        (call.sid, "offered"),
        (earlier.sid, "waiting"),
    ]
    day.clock.forward(3600 * SECOND)
    await longest.sweep(day.house.runtime)
    assert (await items(day))[0]["queue"] == "emergency", "no longest wait moves them"
    await call.hang_up()
    assert len((await case_of(day, call))["reports"]) == 2


async def test_at_night_it_wakes_whoever_is_on_call_and_the_caller_gets_a_place_unasked(
    night: Night,  # noqa: F811
) -> None:
    await on_call(night, "a17")
    call = await night.line.call(CALLER)
    for keys in ("1", "2", "0"):
        await call.press(keys)
    assert "Om det blir farligt, tryck 9." in call.now_hears
    await night.work()
    assert night.rung() == []
    told = await call.press("9")
    assert told.index(KEEP_AWAY) < told.index(FIRST)
    assert "Just nu kan ingen" not in told
    assert call.waits is not None
    (item,) = await items(night)
    assert (item["call_sid"], item["priority"], item["queue"]) == (call.sid, "P1", "emergency")
    case = await case_of(night, call)
    assert (case["priority"], len(case["reports"])) == ("P1", 2)
    await night.work()
    assert night.rung() == ["+46313900617"]


async def test_danger_that_cannot_be_filed_waits_in_the_spool_and_belongs_to_the_case_of_its_call(
    day: Night,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def away(*_: Any) -> None:
        raise NotStored("away")

    earlier = await waiting(day)
    day.clock.forward(5 * SECOND)
    call = await waiting(day, MOBILE)
    with monkeypatch.context() as patched:
        patched.setattr(GroupIntake, "accept", away)
        told = await call.press("9")
    assert told.index(KEEP_AWAY) < told.index(FIRST) < told.index("näst på tur")
    assert [one["call_sid"] for one in await items(day)] == [call.sid, earlier.sid]
    assert (await case_of(day, call))["priority"] != "P1"
    for _ in range(2):
        await emptying.sweep(day.house.runtime)
    assert day.house.runtime.spool.waiting() == []
    case = await case_of(day, call)
    assert (case["priority"], case["category"], len(case["reports"])) == ("P1", "safety", 2)
    (mine, _) = await items(day)
    assert (mine["call_sid"], mine["priority"], mine["queue"]) == (call.sid, "P1", "emergency")


async def test_whoever_told_a_recording_of_danger_and_is_to_be_called_back_is_not_left_for_the_morning(
    night: Night,  # noqa: F811
) -> None:
    runtime = night.house.runtime
    call = await night.line.call(CALLER)
    for keys in ("1", "2", "5"):
        await call.press(keys)
    await call.wait()
    night.line.recorded = lambda sid, _: night.peer.add_recording(b"", call_sid=sid)
    for told in (await call.record(9), await call.press("1"), await call.press("2")):
        assert told
    assert "Vi ringer upp dig" in call.now_hears
    night.clock.forward(7200 * SECOND)
    await night.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "available"})
    await work(night)
    assert night.rung() == []
    (before,) = await items(night)
    assert before["not_before"] is not None
    words = "Nu brinner det i laddaren, det kommer rök ur den."
    await RecordedCalls(runtime.db, night.clock).transcribed(call.recordings[0], call.sid, words, "sv-SE")
    assert await heeding.sweep(runtime, Phrases(read_catalogues())) == 1
    (item,) = await items(night)
    assert (item["priority"], item["queue"], item["not_before"]) == ("P1", "emergency", None)
    assert item["arrived_at"] == before["arrived_at"]
    await work(night)
    assert night.rung() == [AGENT]


async def test_whoever_is_answered_as_they_say_that_it_has_become_dangerous_is_put_through_at_once(
    day: Night,  # noqa: F811
) -> None:
    call = await waiting(day)
    await work(day)
    room = room_of(await day.picks_up("1"))
    told = await call.press("9")
    assert KEEP_AWAY in told
    assert call.waits is not None
    assert (call.waits.tag, call.waits.findtext("Conference")) == ("Dial", room)
    assert (await case_of(day, call))["priority"] == "P1"


@pytest.mark.parametrize("on_duty", [True, False])
async def test_whoever_waits_at_night_is_helped_as_any_danger_is(night: Night, on_duty: bool) -> None:  # noqa: F811
    if on_duty:
        await on_call(night, "a17")
    call = await night.line.call(CALLER)
    for keys in ("1", "2", "0", "3"):
        await call.press(keys)
    night.clock.forward(600 * SECOND)
    told = await call.press("9")
    assert told.index(KEEP_AWAY) < told.index(FIRST)
    assert "ingen" not in told.casefold().split(FIRST.casefold())[1]
    assert call.waits is not None
    if on_duty:
        await night.work()
        assert night.rung() == ["+46313900617"]
    else:
        assert call.waits[0].text == LAST


async def test_danger_in_a_case_that_was_concluded_meanwhile_opens_it(day: Night) -> None:  # noqa: F811
    call = await waiting(day)
    number = (await case_of(day, call))["number"]
    body = {"as": "a02", "disposition": "solved_remotely", "text": "Laddaren startades om."}
    assert (await day.house.api("POST", f"/cases/{number}/claim", {"as": "a02"}))[0] == 200
    assert (await day.house.api("POST", f"/cases/{number}/conclude", body))[0] == 200
    await call.press("9")
    case = await case_of(day, call)
    assert (case["priority"], case["status"]) == ("P1", "open")


async def test_danger_of_a_call_that_lies_in_the_spool_too_comes_to_its_case_when_that_is_filed(
    day: Night,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def away(*_: Any) -> None:
        raise NotStored("away")

    with monkeypatch.context() as patched:
        patched.setattr(GroupIntake, "accept", away)
        patched.setattr(GroupIntake, "file", away)
        call = await waiting(day)
        assert KEEP_AWAY in await call.press("9")
    await emptying.sweep(day.house.runtime)
    (listed,) = await day.house.cases()
    case = await day.house.case(listed["number"])
    assert (case["priority"], len(case["reports"])) == ("P1", 2)
    assert [(one["priority"], one["queue"]) for one in await items(day)] == [("P1", "emergency")]


async def test_who_gets_a_place_while_their_danger_lies_in_the_spool_is_the_first_once_it_is_filed(
    night: Night,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def away(*_: Any) -> None:
        raise NotStored("away")

    call = await night.line.call(CALLER)
    for keys in ("1", "2", "0"):
        await call.press(keys)
    with monkeypatch.context() as patched:
        patched.setattr(GroupIntake, "accept", away)
        assert KEEP_AWAY in await call.press("9")
    await emptying.sweep(night.house.runtime)
    (item,) = await items(night)
    assert (item["call_sid"], item["priority"], item["queue"]) == (call.sid, "P1", "emergency")
    assert (await case_of(night, call))["priority"] == "P1"
