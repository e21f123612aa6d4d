"""Whoever is on the line, or waits to be called back, while an agent brings their case into another, or gives their
report a case of its own: they keep their place, and who answers them has the case that they are about now."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.test_phone_callbacks import AGENT, day, leg, room_of, work  # noqa: F401
from tests.stories.test_phone_crossing import (
    DONE,
    MOBILE,
    available,
    in_line,
    in_line_about_an_invoice,
    items,
    promised,
)
from tests.stories.test_phone_oncall import Night, night, on_call  # noqa: F401

INVOICE = "Jag har en fråga om min faktura från i mars"


async def verb(day: Night, case: str, name: str, body: dict[str, Any]) -> Any:  # noqa: F811
    status, answer = await day.house.api("POST", f"/cases/{case}/{name}", {"as": "a01", **body})
    assert status == 200, answer
    return answer


async def stuck(day: Night) -> str:  # noqa: F811
    (found,) = [one["number"] for one in await day.house.cases() if one["category"] == "cable_stuck"]
    return str(found)


async def brought_into_another(day: Night) -> str:  # noqa: F811
    """The case of the stuck cable is brought into one about something else, which is returned."""
    other = (await day.house.report(INVOICE))["case"]
    await verb(day, other, "attach", {"case": await stuck(day)})
    return str(other)


async def assignee(day: Night, case: str) -> str | None:  # noqa: F811
    found: str | None = (await day.house.case(case))["assignee"]
    return found


@pytest.fixture
async def busy(day: Night) -> Night:  # noqa: F811
    """Nobody is free yet."""
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    return day


@pytest.mark.parametrize("rings", [False, True])
async def test_a_caller_whose_case_is_brought_into_another_is_met_by_whoever_presses_1(
    busy: Night, rings: bool
) -> None:
    call = await in_line(busy)
    if rings:
        await available(busy, "a01")
        await work(busy)
    case = await brought_into_another(busy)
    if not rings:
        await available(busy, "a01")
        await work(busy)
    assert busy.rung() == [AGENT]
    assert f"call-{call.sid}</Conference>" in await busy.picks_up("1")
    assert await assignee(busy, case) == "a01"
    await call.wait()
    assert call.waits is not None
    assert call.waits[0].text == f"call-{call.sid}"


async def test_a_caller_whose_case_is_brought_into_another_waits_where_that_is_and_goes_back_with_it(
    busy: Night,
) -> None:
    await in_line(busy)
    case = await stuck(busy)
    (before,) = await items(busy)
    other = await brought_into_another(busy)
    (waits,) = await busy.house.runtime.db.rows("SELECT queue, arrived_at FROM work_items WHERE kind = 'call'")
    assert waits == {"queue": "billing", "arrived_at": before["arrived_at"]}
    (report,) = [one["id"] for one in (await busy.house.case(other))["reports"] if one["channel"] == "phone"]
    await verb(busy, other, "detach", {"report": report})
    await available(busy, "a01")
    await work(busy)
    await busy.picks_up("1")
    assert (await assignee(busy, case), await assignee(busy, other)) == ("a01", None)


async def test_a_call_back_whose_case_is_brought_into_another_is_made_and_ends_with_it(busy: Night) -> None:
    await promised(busy)
    case = await brought_into_another(busy)
    await available(busy, "a01")
    await work(busy)
    room = room_of(await busy.picks_up("1"))
    await work(busy)
    assert busy.rung() == [AGENT, MOBILE]
    assert room_of(await busy.picks_up("1")) == room
    kinds = [entry["kind"] for entry in (await busy.house.case(case))["timeline"]]
    assert "first_response" in kinds


@pytest.mark.parametrize("concluded", ["theirs", "other"])
async def test_a_call_back_goes_with_the_report_that_gets_a_case_of_its_own(busy: Night, concluded: str) -> None:
    """Who is told by text that one case is solved is still called back about the other."""
    await busy.house.report("Kabeln sitter fast i laddaren", charger="21007")
    await promised(busy)
    other = await stuck(busy)
    (report,) = [one["id"] for one in (await busy.house.case(other))["reports"] if one["channel"] == "phone"]
    await verb(busy, other, "split", {"reports": [report]})
    (theirs,) = [one["number"] for one in await busy.house.cases() if one["number"] != other]
    await verb(busy, theirs if concluded == "theirs" else other, "conclude", DONE)
    await available(busy, "a01")
    await work(busy)
    assert busy.rung() == ([] if concluded == "theirs" else [AGENT])


async def test_a_customer_whom_an_agent_calls_is_met_although_the_case_is_brought_into_another(busy: Night) -> None:
    await promised(busy)
    await verb(busy, await stuck(busy), "call", {})
    await work(busy)
    room = room_of(await busy.picks_up("1"))
    await work(busy)
    assert busy.rung() == [AGENT, MOBILE]
    case = await brought_into_another(busy)
    assert room_of(await busy.picks_up("1")) == room
    kinds = [entry["kind"] for entry in (await busy.house.case(case))["timeline"]]
    assert {"first_response", "callback_done"} <= set(kinds)


async def test_at_night_the_ladder_of_a_caller_goes_on_for_the_case_that_theirs_is_brought_into(
    night: Night,  # noqa: F811
) -> None:
    await on_call(night, "a17", line=1)
    call = await in_line(night)
    await call.press("3")
    await night.work()
    assert len(night.rung()) == 1
    case = await brought_into_another(night)
    await night.work()
    await night.work()
    assert f"call-{call.sid}</Conference>" in await night.picks_up("1")
    assert await assignee(night, case) == "a17"


async def test_at_night_the_ladder_of_a_caller_does_not_begin_anew_when_their_case_is_brought_into_another(
    night: Night,  # noqa: F811
) -> None:
    await on_call(night, "a17", "a18", line=1)
    call = await in_line(night)
    await call.press("3")
    await night.work()
    case = await brought_into_another(night)
    await night.later(59)
    assert night.rung() == ["+46313900617"]
    await night.later(1)
    assert night.rung() == ["+46313900617", "+46313900618"]
    assert f"call-{call.sid}</Conference>" in await night.picks_up("1")
    assert await assignee(night, case) == "a18"


async def test_at_night_whoever_is_rung_for_a_danger_that_is_brought_into_another_case_takes_that(
    night: Night,  # noqa: F811
) -> None:
    await on_call(night, "a17", "a18")
    danger = (await night.house.report("Det brinner i laddaren, det ryker och sprakar!", charger="21007"))["case"]
    await night.work()
    other = (await night.house.report(INVOICE))["case"]
    await verb(night, other, "attach", {"case": danger})
    await night.work()
    assert "Ärendet är ditt" in await night.picks_up("1")
    assert await assignee(night, other) == "a17"


async def test_who_was_promised_two_call_backs_about_what_turns_out_to_be_the_same_is_called_once(busy: Night) -> None:
    await promised(busy)
    assert "Vi ringer upp dig" in await (await in_line_about_an_invoice(busy)).press("1")
    theirs = await stuck(busy)
    (other,) = [one["number"] for one in await busy.house.cases() if one["number"] != theirs]
    await verb(busy, other, "attach", {"case": theirs})
    await available(busy, "a01")
    await work(busy)
    document = await busy.picks_up("1")
    mine, ended = busy.last()[0], document.split('action="')[1].split('"')[0]
    await work(busy)
    assert room_of(await busy.picks_up("1")) == room_of(document)
    await busy.ends("completed")
    await leg(busy, ended, mine)
    assert await items(busy) == []
    entries = (await busy.house.case(other))["timeline"]
    assert [entry["kind"] for entry in entries].count("callback_done") == 2
