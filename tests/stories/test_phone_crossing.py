"""A call-back and its customer who come to each other in another way: who is promised one is rung no longer than they
need it, and never while they are in line themselves or called from their case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway import dispatch
from gateway.messages import outbox
from gateway.messages.post import connect_post
from gateway.phone import callbacks
from gateway.runtime import Runtime
from tests.fakes import provider as fakes
from tests.fakes.phone import Call
from tests.stories.test_phone_callbacks import AGENT, day, kinds, leg, room_of, timeline, work  # noqa: F401
from tests.stories.test_phone_oncall import OURS, Night, night  # noqa: F401

LANDLINE = "+46846500421"
MOBILE = "+46701740691"
OTHER = "+46701740692"
STUCK = ("2", "1", "21007#", "1", "3", "3", "#", "1", "1")
SOON = timedelta(minutes=2)
DONE = {"as": "a01", "disposition": "solved_remotely", "text": "Startade om."}


async def in_line(day: Night, caller: str = MOBILE, *, known: bool = False) -> Call:  # noqa: F811
    """Somebody waits because of a cable that is stuck."""
    call = await day.line.call(caller)
    for keys in STUCK if known else ("1", *STUCK):
        await call.press(keys)
    assert "uppringd" in call.now_hears
    return call


async def promised(day: Night, caller: str = MOBILE) -> Call:  # noqa: F811
    call = await in_line(day, caller)
    assert "Vi ringer upp dig" in await call.press("1")
    day.clock.forward(SOON)
    return call


async def colleague_comes(day: Night) -> str:  # noqa: F811
    """a01 becomes available and presses 1 on the telephone that rings: what they hear."""
    await available(day, "a01")
    await work(day)
    return await day.picks_up("1")


async def available(day: Night, agent: str) -> None:  # noqa: F811
    await day.house.api("POST", "/agents/me/activity", {"as": agent, "activity": "available"})


async def items(day: Night) -> list[dict[str, Any]]:  # noqa: F811
    return list(
        await day.house.runtime.db.rows(
            "SELECT kind, state, arrived_at, tries FROM work_items WHERE kind <> 'case' AND state <> 'done' ORDER BY id"
        )
    )


async def texts(day: Night) -> list[str]:  # noqa: F811
    rows = await day.house.runtime.db.rows("SELECT kind FROM messages WHERE kind LIKE 'callback%' ORDER BY id")
    return [row["kind"] for row in rows]


async def case_of(day: Night) -> str:  # noqa: F811
    (listed,) = await day.house.cases()
    return str(listed["number"])


async def conclude(day: Night) -> None:  # noqa: F811
    assert (await day.house.api("POST", f"/cases/{await case_of(day)}/conclude", DONE))[0] == 200


async def test_who_calls_again_has_the_place_of_their_call_back_which_ends_with_the_talk(day: Night) -> None:  # noqa: F811
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    first = day.clock.now()
    await promised(day)
    again = await in_line(day, known=True)
    assert "näst på tur" in again.now_hears
    assert {item["arrived_at"] for item in await items(day)} == {first}
    assert f"call-{again.sid}</Conference>" in await colleague_comes(day)
    assert [item["kind"] for item in await items(day)] == ["call"]
    (done,) = [entry for entry in await timeline(day) if entry["kind"] == "callback_done"]
    assert (done["data"]["because"], done["actor"]["id"]) == ("called", "a01")
    await again.wait()
    await again.talk()
    await day.ends("completed")
    rung = day.rung()
    day.clock.forward(timedelta(hours=1))
    await work(day)
    assert day.rung() == rung
    assert await texts(day) == []


async def test_who_calls_again_and_hangs_up_in_line_is_called_back_in_their_place(day: Night) -> None:  # noqa: F811
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    first = day.clock.now()
    await promised(day)
    await (await in_line(day, known=True)).hang_up()
    assert await items(day) == [{"kind": "callback", "state": "waiting", "arrived_at": first, "tries": 0}]
    await colleague_comes(day)
    await work(day)
    assert day.rung() == [AGENT, MOBILE]


async def test_a_colleague_who_is_rung_for_a_call_back_whose_customer_calls_is_rung_for_the_caller(
    day: Night,  # noqa: F811
) -> None:
    await promised(day)
    await work(day)
    assert day.rung() == [AGENT]
    again = await in_line(day, known=True)
    assert "Någon annan har redan tagit det" in await day.picks_up("1")
    await work(day)
    assert day.rung() == [AGENT, AGENT]
    assert f"call-{again.sid}</Conference>" in await day.picks_up("1")


async def test_a_customer_who_calls_while_we_call_them_costs_no_try_and_is_not_told_that_we_missed_them(
    day: Night,  # noqa: F811
) -> None:
    await promised(day)
    await work(day)
    ended = (await day.picks_up("1")).split('action="')[1].split('"')[0]
    mine = day.last()[0]
    again = await in_line(day, known=True)
    await work(day)
    assert day.rung() == [AGENT, MOBILE]
    await day.ends("busy")
    await work(day)
    await leg(day, ended, mine)
    await work(day)
    assert await texts(day) == []
    assert [entry for entry in await kinds(day) if entry.startswith("callback_")] == [
        "callback_wanted",
        "callback_crossed",
    ]
    await again.hang_up()
    (promise,) = await items(day)
    assert promise["tries"] == 0
    await available(day, "a02")
    await work(day)
    assert {item["kind"]: item["state"] for item in await items(day)} == {"callback": "offered"}


async def test_a_colleague_who_is_rung_for_a_call_back_tries_no_customer_who_is_on_the_line_already(
    day: Night,  # noqa: F811
) -> None:
    await promised(day)
    await work(day)
    assert day.rung() == [AGENT]
    call = await day.line.call(MOBILE)
    document = await day.picks_up("1")
    assert "Kunden är på linjen hos oss just nu" in document
    assert await day.picks_up("1") == document
    await day.ends("completed")
    await work(day)
    assert day.rung() == [AGENT]
    assert [(item["kind"], item["state"], item["tries"]) for item in await items(day)] == [("callback", "waiting", 0)]
    assert await texts(day) == []
    await call.hang_up()
    await work(day)
    assert day.rung() == [AGENT, AGENT]
    room = room_of(await day.picks_up("1"))
    await work(day)
    assert day.rung() == [AGENT, AGENT, MOBILE]
    assert room_of(await day.picks_up("1")) == room


async def in_line_about_an_invoice(day: Night, caller: str = MOBILE) -> Call:  # noqa: F811
    """Somebody who is known waits because of something else."""
    call = await day.line.call(caller)
    for keys in ("2", "5"):
        await call.press(keys)
    await call.speak("Jag har en fråga om min faktura från i mars")
    for keys in ("1", "1"):
        await call.press(keys)
    assert "uppringd" in call.now_hears
    return call


async def test_who_waits_about_something_else_is_not_called_back_until_they_have_hung_up(day: Night) -> None:  # noqa: F811
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    await promised(day)
    await promised(day, OTHER)
    call = await in_line_about_an_invoice(day)
    room = room_of(await colleague_comes(day))
    await work(day)
    assert day.rung() == [AGENT, OTHER]
    assert room_of(await day.picks_up("1")) == room
    await available(day, "a02")
    await work(day)
    assert f"call-{call.sid}</Conference>" in await day.picks_up("1")
    await available(day, "a03")
    await work(day)
    assert len(day.rung()) == 3, "nor while they talk"
    await call.hang_up()
    await work(day)
    await day.picks_up("1")
    await work(day)
    assert day.rung()[4:] == [MOBILE]


async def test_a_customer_who_is_on_the_line_about_something_else_as_we_call_costs_no_try(day: Night) -> None:  # noqa: F811
    await promised(day)
    await work(day)
    ended = (await day.picks_up("1")).split('action="')[1].split('"')[0]
    mine = day.last()[0]
    await in_line_about_an_invoice(day)
    await work(day)
    assert day.rung() == [AGENT, MOBILE]
    await day.ends("busy")
    await work(day)
    await leg(day, ended, mine)
    assert await texts(day) == []
    assert [(item["kind"], item["tries"]) for item in await items(day)] == [("callback", 0), ("call", 0)]


async def test_who_is_to_be_called_back_about_two_things_is_rung_by_one_colleague_at_a_time(day: Night) -> None:  # noqa: F811
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    await promised(day)
    assert "Vi ringer upp dig" in await (await in_line_about_an_invoice(day)).press("1")
    await available(day, "a02")
    await colleague_comes(day)
    await work(day)
    assert day.rung() == [AGENT, MOBILE]
    assert sorted(item["state"] for item in await items(day)) == ["taken", "waiting"]


@pytest.mark.parametrize("at_work", [True, False])
async def test_who_is_promised_a_call_back_twice_about_the_same_gets_one_in_the_first_place(
    day: Night,  # noqa: F811
    at_work: bool,
) -> None:
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    first = day.clock.now()
    await promised(day)
    if not at_work:
        await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "away"})
    call = await day.line.call(MOBILE)
    for keys in (*STUCK, "1" if at_work else "2"):
        told = await call.press(keys)
    assert "Vi ringer upp dig" in told
    assert await items(day) == [{"kind": "callback", "state": "waiting", "arrived_at": first, "tries": 0}]
    await colleague_comes(day)
    await work(day)
    assert day.rung() == [AGENT, MOBILE]


async def test_a_customer_whom_an_agent_calls_from_the_case_is_not_called_back_as_well(day: Night) -> None:  # noqa: F811
    await promised(day)
    await work(day)
    assert day.rung() == [AGENT]
    await day.picks_up("2")
    await available(day, "a02")
    case = await case_of(day)
    assert (await day.house.api("POST", f"/cases/{case}/call", {"as": "a01"}))[0] == 200
    await work(day)
    assert await dispatch.sweep(day.house.runtime) == 0
    room = room_of(await day.picks_up("1"))
    await work(day)
    assert day.rung() == [AGENT, AGENT, MOBILE]
    assert room_of(await day.picks_up("1")) == room
    assert await items(day) == [{"kind": "outgoing", "state": "taken", "arrived_at": day.clock.now(), "tries": 0}]
    (done,) = [entry for entry in await timeline(day) if entry["kind"] == "callback_done"]
    assert done["data"]["because"] == "rung"


async def test_a_customer_whom_an_agent_did_not_reach_is_still_called_back(day: Night) -> None:  # noqa: F811
    await promised(day)
    case = await case_of(day)
    assert (await day.house.api("POST", f"/cases/{case}/call", {"as": "a01"}))[0] == 200
    await work(day)
    ended = (await day.picks_up("1")).split('action="')[1].split('"')[0]
    mine = day.last()[0]
    await work(day)
    await day.ends("no-answer")
    await leg(day, ended, mine)
    await callbacks.sweep(day.house.runtime)
    fields = {"CallSid": mine, "AccountSid": fakes.ACCOUNT, "From": OURS, "To": AGENT, "Direction": "outbound-api"}
    await day.line.post("/twilio/status", {**fields, "CallStatus": "completed"})
    await available(day, "a01")
    await work(day)
    assert [item["state"] for item in await items(day)] == ["offered"]
    assert "callback_done" not in await kinds(day)


@pytest.mark.parametrize(("caller", "rung"), [(MOBILE, []), (LANDLINE, [AGENT])])
async def test_who_is_told_by_text_that_it_is_solved_is_not_called_for_it(
    day: Night,  # noqa: F811
    caller: str,
    rung: list[str],
) -> None:
    await promised(day, caller)
    await conclude(day)
    await work(day)
    assert day.rung() == rung
    assert ("callback_given_up" in await kinds(day)) == (rung == [])


@pytest.mark.parametrize("caller", [MOBILE, LANDLINE])
async def test_who_called_for_no_matter_of_ours_is_not_called_back(day: Night, caller: str) -> None:  # noqa: F811
    await promised(day, caller)
    spam = {**DONE, "disposition": "spam"}
    assert (await day.house.api("POST", f"/cases/{await case_of(day)}/conclude", spam))[0] == 200
    await work(day)
    assert day.rung() == []
    (ended,) = [entry for entry in await timeline(day) if entry["kind"] == "callback_given_up"]
    assert ended["data"]["because"] == "spam"
    assert await texts(day) == []


async def test_who_is_to_be_called_about_the_same_in_two_cases_is_called_about_one(day: Night) -> None:  # noqa: F811
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    await promised(day)
    call = await day.line.call(MOBILE)
    for keys in ("2", "5"):
        await call.press(keys)
    await call.speak("Jag har en fråga om min faktura från i mars")
    for keys in ("1", "1", "1"):
        await call.press(keys)
    assert call.over
    first, second = [listed["number"] for listed in await day.house.cases()]
    assert len(await items(day)) == 2
    same = {**DONE, "disposition": "duplicate"}
    assert (await day.house.api("POST", f"/cases/{first}/conclude", same))[0] == 200
    assert len(await items(day)) == 1
    assert (await day.house.api("POST", f"/cases/{second}/conclude", same))[0] == 200
    assert len(await items(day)) == 1, "the one that was promised is made"


async def test_of_two_who_share_a_switchboard_none_is_taken_for_the_other_as_a_duplicate(day: Night) -> None:  # noqa: F811
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    await promised(day, LANDLINE)
    assert "Vi ringer upp dig" in await (await in_line_about_an_invoice(day, LANDLINE)).press("1")
    for listed in await day.house.cases():
        same = {**DONE, "disposition": "duplicate"}
        assert (await day.house.api("POST", f"/cases/{listed['number']}/conclude", same))[0] == 200
    assert [item["kind"] for item in await items(day)] == ["callback", "callback"]


@pytest.mark.parametrize("first", ["call", "wish"])
async def test_who_wants_no_texts_is_called_also_when_it_is_solved(day: Night, first: str) -> None:  # noqa: F811
    stop = {"MessageSid": "SM1", "AccountSid": fakes.ACCOUNT, "From": MOBILE, "To": OURS, "Body": "STOP"}
    if first == "wish":
        await day.line.post("/twilio/sms", stop)
    await promised(day)
    if first == "call":
        await day.line.post("/twilio/sms", stop)
    (stuck,) = [listed["number"] for listed in await day.house.cases() if listed["category"] == "cable_stuck"]
    assert (await day.house.api("POST", f"/cases/{stuck}/conclude", DONE))[0] == 200
    await work(day)
    assert day.rung() == [AGENT]


async def test_the_call_backs_of_others_and_about_other_things_are_made(day: Night) -> None:  # noqa: F811
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    await promised(day)
    await promised(day, OTHER)
    call = await day.line.call(MOBILE)
    for keys in ("2", "5"):
        await call.press(keys)
    await call.speak("Jag har en fråga om min faktura från i mars")
    for keys in ("1", "1"):
        await call.press(keys)
    assert [item["kind"] for item in await items(day)] == ["callback", "callback", "call"]
    assert "nummer 3 i kön" in call.now_hears
    await call.hang_up()
    assert [item["kind"] for item in await items(day)] == ["callback", "callback"]


async def test_of_two_who_call_from_one_switchboard_one_is_called_back_while_the_other_is_on_the_line(
    day: Night,  # noqa: F811
) -> None:
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    await promised(day, LANDLINE)
    assert "Vi ringer upp dig" in await (await in_line_about_an_invoice(day, LANDLINE)).press("1")
    again = await in_line(day, LANDLINE, known=True)
    assert f"call-{again.sid}</Conference>" in await colleague_comes(day)
    await again.wait()
    await available(day, "a02")
    await work(day)
    assert [item["state"] for item in await items(day) if item["kind"] == "callback"] == ["offered"]
    room = room_of(await day.picks_up("1"))
    await work(day)
    assert day.rung()[-1] == LANDLINE
    await day.ends("no-answer")
    await work(day)
    assert room.startswith("out-")
    assert "callback_crossed" not in await all_kinds(day)


async def test_of_two_who_are_to_be_called_back_at_one_switchboard_the_second_is_when_the_first_talks(
    day: Night,  # noqa: F811
) -> None:
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    await promised(day, LANDLINE)
    assert "Vi ringer upp dig" in await (await in_line_about_an_invoice(day, LANDLINE)).press("1")
    await available(day, "a02")
    await colleague_comes(day)
    await work(day)
    assert sorted(item["state"] for item in await items(day)) == ["taken", "waiting"], "one at a time"
    await day.picks_up("1")
    await work(day)
    assert sorted(item["state"] for item in await items(day)) == ["offered", "taken"]


async def all_kinds(day: Night) -> set[str]:  # noqa: F811
    return {
        entry["kind"]
        for listed in await day.house.cases()
        for entry in (await day.house.case(listed["number"]))["timeline"]
    }


@pytest.mark.parametrize("code", [21610, 21614, 30006])
async def test_who_could_be_sent_no_text_hears_on_the_next_call_what_one_would_tell(
    day: Night,  # noqa: F811
    code: int,
) -> None:
    if code < 30_000:
        day.peer.refusals[MOBILE] = code
    for nth, known in enumerate((False, True, True)):
        call = await day.line.call(MOBILE)
        for keys in (STUCK if known else ("1", *STUCK))[:-1]:
            told = await call.press(keys)
        assert ("kod" in told.lower()) == (nth == 1), told
        await call.hang_up()
        if nth == 1:
            day.peer.refusals.clear()
        await send(day.house.runtime)
        if code > 30_000 and nth == 0:
            sent = {"MessageSid": list(day.peer.messages)[-1], "AccountSid": fakes.ACCOUNT, "From": OURS, "To": MOBILE}
            undelivered = {**sent, "MessageStatus": "undelivered", "ErrorCode": str(code)}
            assert (await day.line.post("/twilio/status", undelivered))[0] == 204
        day.clock.forward(SOON)


async def send(runtime: Runtime) -> None:
    async with connect_post(runtime) as post:
        facts_of = outbox.facts_from(runtime.config.public_url, None, lambda *_: [], lambda *_: "")
        await outbox.Sweeper(runtime.db, runtime.clock, post, facts_of).sweep()


async def two_at_once(day: Night) -> tuple[Call, Call]:  # noqa: F811
    """Two colleagues at one switchboard call about the same charger, the second before the first has hung up."""
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    first = await in_line(day, LANDLINE)
    day.clock.forward(SOON)
    second = await day.line.call(LANDLINE)
    day.clock.forward(SOON)
    assert "Vi ringer upp dig" in await first.press("1")
    for keys in STUCK:
        await second.press(keys)
    assert "uppringd" in second.now_hears
    return first, second


async def called_back(day: Night) -> None:  # noqa: F811
    """The first whose call-back it is, is reached, and talks."""
    document = await colleague_comes(day)
    mine, ended = day.last()[0], document.split('action="')[1].split('"')[0]
    await work(day)
    await day.picks_up("1")
    day.clock.forward(SOON)
    await day.ends("completed")
    await leg(day, ended, mine)


async def test_two_who_call_at_once_from_one_number_about_the_same_are_both_called_back(day: Night) -> None:  # noqa: F811
    """The talk with the one was taken for one with the other, who had been promised a call."""
    _, second = await two_at_once(day)
    assert "Vi ringer upp dig" in await second.press("1")
    day.clock.forward(SOON)
    await called_back(day)
    (left,) = await items(day)
    assert (left["kind"], left["state"]) == ("callback", "waiting")


async def test_a_talk_with_one_of_two_who_called_at_once_is_no_call_back_of_the_other(day: Night) -> None:  # noqa: F811
    _, second = await two_at_once(day)
    assert f"call-{second.sid}</Conference>" in await colleague_comes(day)
    await second.wait()
    await second.talk()
    await day.ends("completed")
    assert "callback" in [item["kind"] for item in await items(day)]
    assert "callback_done" not in await kinds(day)


async def test_one_who_called_twice_is_called_back_once_about_the_same(day: Night) -> None:  # noqa: F811
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    await promised(day, LANDLINE)
    assert "Vi ringer upp dig" in await (await in_line(day, LANDLINE, known=True)).press("1")
    await called_back(day)
    assert await items(day) == []
