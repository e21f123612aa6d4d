"""Callers are offered by telephone, call-backs in the caller's place; who is not reached is tried again and told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from channels.provider import Provider
from channels.report import NotStored
from gateway import dispatch
from gateway.intake import GroupIntake
from gateway.people.privacy import erase_person, find_person
from gateway.phone import alone, callbacks, longest, ringing
from gateway.phone import waiting as line
from gateway.phone.waiting import RecordedLine
from gateway.record.db import Unavailable
from gateway.record.timeline import SYSTEM
from tests.fakes import provider as fakes
from tests.fakes.phone import Call
from tests.stories.test_phone_oncall import CALLER, OURS, Night, night  # noqa: F401

AGENT = "+46313900601"
MORNING = timedelta(hours=6)  # after the night


@pytest.fixture
async def day(night: Night) -> Night:  # noqa: F811
    """One colleague is at work."""
    await night.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "available"})
    return night


async def work(day: Night) -> None:
    await ringing.sweep(day.house.runtime, day.port)
    await callbacks.sweep(day.house.runtime)
    await dispatch.sweep(day.house.runtime)
    await ringing.sweep(day.house.runtime, day.port)


async def waiting(day: Night, caller: str = CALLER, *, known: bool = False) -> Call:
    """A caller in the queue; whose language is known is not asked for it."""
    call = await day.line.call(caller)
    for keys in ("2", "0") if known else ("1", "2", "0"):
        await call.press(keys)
    assert "uppringd" in call.now_hears
    return call


async def leg(day: Night, url: str, sid: str, **more: str) -> str:
    fields = {"CallSid": sid, "AccountSid": fakes.ACCOUNT, "From": OURS, "Direction": "outbound-dial", **more}
    status, document = await day.line.post(url, fields)
    assert status == 200
    return document


async def timeline(day: Night) -> list[dict[str, Any]]:
    (listed,) = await day.house.cases()
    found: list[dict[str, Any]] = (await day.house.case(listed["number"]))["timeline"]
    return found


async def kinds(day: Night) -> list[str]:
    return [entry["kind"] for entry in await timeline(day)]


def room_of(document: str) -> str:
    return document.split("</Conference>")[0].rpartition(">")[2]


async def test_a_waiting_caller_rings_a_free_colleague_who_presses_1(day: Night) -> None:
    call = await waiting(day)
    await work(day)
    assert day.rung() == [AGENT]
    assert "vill tala med dig" in await day.picks_up()
    document = await day.picks_up("1")
    assert f"call-{call.sid}</Conference>" in document
    assert await day.picks_up("1") == document
    await call.wait()
    assert call.waits is not None
    assert call.waits[0].text == f"call-{call.sid}"
    day.clock.forward(timedelta(minutes=2))
    await call.talk()
    await call.press("5")
    (listed,) = await day.house.cases()
    case = await day.house.case(listed["number"])
    assert case["assignee"] == "a01"
    assert {"offer_made", "claimed", "first_response", "rated"} <= set(await kinds(day))
    row = await day.house.runtime.db.row("SELECT state FROM work_items WHERE kind = 'call'")
    assert row == {"state": "done"}


async def test_a_colleague_is_let_into_the_room_when_the_provider_has_brought_the_caller_and_not_before(
    day: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await waiting(day)
    await work(day)
    meanwhile: list[str] = []

    async def slow(self: Provider, sid: str, turn_url: str) -> bool:
        await call.wait()  # comes by themselves first
        meanwhile.append(await day.picks_up("1"))
        return True

    monkeypatch.setattr(Provider, "redirect", slow)
    document = await day.picks_up("1")
    assert call.waits is not None
    assert call.waits[0].text == f"call-{call.sid}"
    assert f"call-{call.sid}</Conference>" in document
    assert "Conference" not in meanwhile[0]
    assert "Ett ögonblick" in meanwhile[0]
    assert "</Redirect>" in meanwhile[0]
    assert await day.picks_up("1") == document


async def test_an_agent_whose_caller_hangs_up_as_the_telephone_rings_is_told_so(day: Night) -> None:
    call = await waiting(day)
    await work(day)
    assert day.rung() == [AGENT]
    await call.hang_up()
    assert "Den som ringde har lagt på" in await day.picks_up("1")


async def test_f02_a_caller_whose_leaving_found_nobody_is_offered_to_no_one(
    day: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that heard of the hang-up ended, or lost the record, before it took them out of the line."""
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    call = await waiting(day)

    async def lost(*_: object) -> None:
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(RecordedLine, "leave", lost)
        await call.hang_up()
    day.clock.forward(timedelta(seconds=11))
    assert await line.sweep(day.house.runtime) == 1
    assert await line.sweep(day.house.runtime) == 0
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "available"})
    await work(day)
    assert day.rung() == []
    (left,) = [entry for entry in await timeline(day) if entry["kind"] == "call_left"]
    assert left["data"]["why"] == "hung_up"


async def test_v10_who_is_given_their_place_back_keeps_it_in_a_call_back_also_when_everybody_has_left(
    day: Night,
) -> None:
    first = day.clock.now()
    call = await waiting(day)
    await work(day)
    await day.picks_up("1")
    await call.wait()
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "away"})
    await day.ends("completed")
    await callbacks.sweep(day.house.runtime)
    day.clock.forward(timedelta(minutes=5))
    heard = await call.talk(answered=False)
    assert "Du får tillbaka din plats i kön. Just nu kan ingen medarbetare svara" in heard
    assert "Vi ringer upp dig" in await call.press("2")
    promise = await day.house.runtime.db.row("SELECT arrived_at FROM work_items WHERE kind = 'callback'")
    assert promise == {"arrived_at": first}


async def test_v10_a_caller_follows_the_case_into_another_queue_also_while_a_telephone_rings(day: Night) -> None:
    call = await waiting(day)
    await work(day)
    assert day.rung() == [AGENT]
    (listed,) = await day.house.cases()
    body = {"as": "a02", "to": "billing", "reason": "Gäller en faktura."}
    assert (await day.house.api("POST", f"/cases/{listed['number']}/hand_over", body))[0] == 200
    db = day.house.runtime.db
    item = await db.row("SELECT queue, state, agent_id, arrived_at FROM work_items WHERE kind = 'call'")
    queued = await db.row("SELECT queued_at FROM calls WHERE sid = %(sid)s", {"sid": call.sid})
    assert item is not None
    assert queued is not None
    assert item == {"queue": "billing", "state": "waiting", "agent_id": None, "arrived_at": queued["queued_at"]}
    assert "Någon annan har redan tagit det" in await day.picks_up("1")
    assert await dispatch.sweep(day.house.runtime) == 1, "and is offered anew"


async def test_f37_a_colleague_who_does_not_answer_loses_the_offer_and_the_caller_keeps_the_place(day: Night) -> None:
    await day.house.api("POST", "/agents/me/activity", {"as": "a02", "activity": "available"})
    await waiting(day)
    await work(day)
    await day.ends("no-answer")
    await work(day)
    await work(day)
    assert len(set(day.rung())) == 2
    assert "nästa" in await day.picks_up("2")
    row = await day.house.runtime.db.row("SELECT state, arrived_at, agent_id FROM work_items WHERE kind = 'call'")
    assert row == {"state": "waiting", "arrived_at": day.clock.now(), "agent_id": None}
    states = await day.house.runtime.db.rows("SELECT state FROM offers ORDER BY id")
    assert [row["state"] for row in states] == ["expired", "declined"]


async def test_a_call_back_rings_the_colleague_first_and_then_the_customer_who_must_press_1(day: Night) -> None:
    call = await waiting(day)
    assert "ringer" in await call.press("1")
    assert call.over
    day.clock.forward(timedelta(minutes=3))
    await work(day)
    assert day.rung() == [AGENT]
    document = await day.picks_up("1")
    room, ended = room_of(document), document.split('action="')[1].split('"')[0]
    mine = day.last()[0]
    assert await day.picks_up("1") == document
    await work(day)
    assert day.rung() == [AGENT, CALLER]
    assert day.peer.had("POST", "Calls.json")[-1]["From"] == OURS
    assert "ringer upp som du bad om" in await day.picks_up()
    assert room_of(await day.picks_up("1")) == room
    day.clock.forward(timedelta(minutes=2))
    await day.ends("completed")
    assert "Hej då" in await leg(day, ended, mine)
    assert {"callback_wanted", "first_response", "callback_done"} <= set(await kinds(day))
    entry = next(
        entry
        for entry in (await day.house.case((await day.house.cases())[0]["number"]))["timeline"]
        if entry["kind"] == "replied"
    )
    assert entry["data"]["waited"] == 180
    (ended,) = [entry for entry in await timeline(day) if entry["kind"] == "call_ended"]
    assert (ended["data"]["talked"], ended["actor"]["id"]) == (120, "a01")
    assert await day.house.runtime.db.row("SELECT state FROM work_items WHERE kind = 'callback'") == {"state": "done"}


async def missed(day: Night, caller: str = CALLER) -> None:
    """The call-back is made, and a voicemail takes it."""
    await work(day)
    ended = (await day.picks_up("1")).split('action="')[1].split('"')[0]
    sid = day.last()[0]
    await work(day)
    assert day.rung()[-1] == caller
    await day.picks_up()  # presses nothing
    await day.ends("completed")
    await work(day)
    await leg(day, ended, sid)


@pytest.mark.parametrize("priority", ["P2", "P3", "P4"])
async def test_nobody_is_called_back_in_the_night_about_what_can_wait(day: Night, priority: str) -> None:
    """Who has just asked for it is awake; an hour later, and four, they sleep."""
    await (await waiting(day)).press("1")
    await day.house.runtime.db.run("UPDATE cases SET priority = %(priority)s", {"priority": priority})
    later = ("03:10", "04:10", "08:10") if priority == "P2" else ("03:10", "07:00", "11:00")
    for time in later:
        await missed(day)
        row = await day.house.runtime.db.row("SELECT not_before FROM work_items WHERE kind = 'callback'")
        assert row is not None
        assert f"{row['not_before'].astimezone(ZoneInfo('Europe/Stockholm')):%H:%M}" == time
        told = await day.house.runtime.db.rows("SELECT text FROM message_contents WHERE text LIKE '%Nytt försök%'")
        assert f"Nytt försök: {time}" in [text["text"] for text in told][-1]
        calls = len(day.rung())
        day.clock.put(row["not_before"] - timedelta(seconds=1))
        await work(day)
        assert len(day.rung()) == calls
        day.clock.put(row["not_before"])
    await missed(day)
    assert (await kinds(day))[-1] == "callback_given_up"


async def test_a_first_try_waits_for_the_morning_too(night: Night) -> None:  # noqa: F811
    """Whoever comes to work at three finds who asked in the evening, and sleeps, and who asks then, and does not."""
    night.clock.put(night.clock.now() - timedelta(hours=5, minutes=30))
    evening = await night.line.call(CALLER)
    for keys in ("1", "2", "0", "2"):
        await evening.press(keys)
    assert "Vi ringer upp dig" in evening.now_hears
    night.clock.forward(timedelta(hours=5, minutes=30))
    await night.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "available"})
    assert await longest.sweep(night.house.runtime) == 1
    await work(night)
    assert night.rung() == []
    later = await waiting(night, "+46846500423")
    assert "Du är näst på tur" in later.now_hears
    await later.press("1")
    await missed(night, later.caller)
    await night.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "available"})
    night.clock.forward(timedelta(hours=3, minutes=59))
    await work(night)
    assert night.rung() == [AGENT, later.caller]
    night.clock.forward(timedelta(minutes=1))
    await missed(night)


async def test_nobody_without_a_case_is_called_back_in_the_night_about_what_can_wait(
    day: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their report waits in the spool."""

    async def away(*_: Any) -> None:
        raise NotStored("away")

    monkeypatch.setattr(GroupIntake, "accept", away)
    monkeypatch.setattr(GroupIntake, "file", away)
    await (await waiting(day)).press("1")
    for time in ("03:10", "07:00", "11:00"):
        await missed(day)
        await longest.sweep(day.house.runtime)
        row = await day.house.runtime.db.row("SELECT case_id, not_before FROM work_items WHERE kind = 'callback'")
        assert row is not None
        assert row["case_id"] is None
        assert f"{row['not_before'].astimezone(ZoneInfo('Europe/Stockholm')):%H:%M}" == time
        day.clock.put(row["not_before"])


async def test_a_customer_who_does_not_answer_is_tried_again_at_stated_times_and_told_by_sms(day: Night) -> None:
    day.clock.forward(MORNING)
    call = await waiting(day)
    await call.press("1")
    for pause in (*callbacks.AGAIN, None):
        await work(day)
        ended = (await day.picks_up("1")).split('action="')[1].split('"')[0]
        sid = day.last()[0]
        await work(day)
        assert day.rung()[-1] == CALLER
        await day.picks_up()  # a voicemail presses nothing
        await day.ends("completed")
        await work(day)
        assert day.peer.calls[sid]["updated"]["Url"] == ended, "the colleague is told"
        assert ("Vi försöker igen" if pause else "svarade inte") in await leg(day, ended, sid)
        calls = len(day.rung())
        await work(day)
        assert len(day.rung()) == calls, sid
        if pause:
            day.clock.forward(pause)
    told = [kind for kind in await kinds(day) if kind.startswith("callback_")]
    assert told == ["callback_wanted", *["callback_missed"] * 3, "callback_given_up"]
    texts = await day.house.runtime.db.rows(
        "SELECT c.recipient, c.text FROM messages m JOIN message_contents c ON c.message_id = m.id"
        " WHERE m.kind LIKE 'callback%' ORDER BY m.id"
    )
    assert {row["recipient"] for row in texts} == {CALLER}
    assert "Nytt försök: 09:10" in texts[0]["text"]
    assert "försökt ringa flera gånger" in texts[-1]["text"]


async def test_a_colleague_who_hangs_up_first_stops_the_customers_telephone(day: Night) -> None:
    await (await waiting(day)).press("1")
    await work(day)
    await day.picks_up("1")
    sid, mine = day.last()[0], {"AccountSid": fakes.ACCOUNT, "From": OURS, "To": AGENT, "Direction": "outbound-api"}
    await ringing.sweep(day.house.runtime, day.port)
    assert day.rung()[-1] == CALLER
    await day.line.post("/twilio/status", {**mine, "CallSid": sid, "CallStatus": "completed"})
    await callbacks.sweep(day.house.runtime)
    assert day.peer.calls[day.last()[0]]["updated"] == {"Status": "completed"}
    assert "callback_missed" in await kinds(day)


@pytest.mark.parametrize("led", [True, False])
async def test_a_customer_who_has_picked_up_as_the_colleague_leaves_loses_no_try_and_is_told_the_truth(
    day: Night, led: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await waiting(day)).press("1")
    await work(day)
    await day.picks_up("1")
    sid, mine = day.last()[0], {"AccountSid": fakes.ACCOUNT, "From": OURS, "To": AGENT, "Direction": "outbound-api"}
    await ringing.sweep(day.house.runtime, day.port)
    theirs = {**mine, "To": CALLER, "CallSid": day.last()[0]}
    await day.line.post("/twilio/status", {**theirs, "CallStatus": "in-progress"})
    assert "tryck 1" in await day.picks_up()
    await day.line.post("/twilio/status", {**mine, "CallSid": sid, "CallStatus": "completed"})
    if not led:

        async def refused(*_: object) -> bool:
            return False

        monkeypatch.setattr(Provider, "redirect", refused)
    await callbacks.sweep(day.house.runtime)
    updated = day.peer.calls[day.last()[0]]["updated"]
    if led:
        said = await leg(day, updated["Url"], day.last()[0])
        assert "Vi ringer dig igen" in said, "nobody is hung up on in the middle of a sentence"
        assert "<Hangup" in said
    else:
        assert updated == {"Status": "completed"}
    (later,) = [entry["data"] for entry in await timeline(day) if entry["kind"] == "callback_postponed"]
    assert later["tries"] == 0
    (text,) = await day.house.runtime.db.rows(
        "SELECT c.text FROM messages m JOIN message_contents c ON c.message_id = m.id WHERE m.kind LIKE 'callback%'"
    )
    assert "ingen av oss var ledig när vi ringde" in text["text"]
    day.clock.forward(callbacks.AGAIN[0])
    await work(day)
    assert day.rung()[-1] == AGENT


@pytest.mark.parametrize("asked", [True, False])
async def test_a_customer_who_comes_as_the_colleague_leaves_is_told_so_and_called_again(
    day: Night, asked: bool
) -> None:
    if asked:
        await (await waiting(day)).press("1")
        await work(day)
    else:
        receipt = await day.house.report("Laddaren startar inte", **{"from": {"phone": CALLER}})
        status, told = await day.house.api("POST", f"/cases/{receipt['case']}/call", {"as": "a01"})
        assert status == 200, told
        await ringing.sweep(day.house.runtime, day.port)
    await day.picks_up("1")
    sid, mine = day.last()[0], {"AccountSid": fakes.ACCOUNT, "From": OURS, "To": AGENT, "Direction": "outbound-api"}
    await ringing.sweep(day.house.runtime, day.port)
    customer = day.last()[0]
    await day.line.post("/twilio/status", {**mine, "To": CALLER, "CallSid": customer, "CallStatus": "in-progress"})
    assert "</Conference>" in await day.picks_up("1")
    await day.line.post("/twilio/status", {**mine, "CallSid": sid, "CallStatus": "completed"})
    await callbacks.sweep(day.house.runtime)
    assert await alone.sweep(day.house.runtime) == 0, "whoever met is about to leave the room"
    day.clock.forward(alone.TOGETHER)
    assert await alone.sweep(day.house.runtime) == 1
    led = await leg(day, day.peer.calls[customer]["updated"]["Url"], customer)
    assert "</Conference>" not in led
    assert ("Vi ringer dig igen" if asked else "Samtalet bröts") in led
    assert "<Hangup" in led
    assert await alone.sweep(day.house.runtime) == 0
    await day.line.post("/twilio/status", {**mine, "To": CALLER, "CallSid": customer, "CallStatus": "completed"})
    if asked:
        (later,) = [entry["data"] for entry in await timeline(day) if entry["kind"] == "callback_postponed"]
        assert later["tries"] == 0
        day.clock.forward(callbacks.AGAIN[0])
        await work(day)
        assert day.rung()[-1] == AGENT


async def test_b106_a_call_back_is_not_promised_to_numbers_that_cost_or_loop_nor_a_fourth_time(day: Night) -> None:
    for caller in ("+46900123456", OURS, "+882161234567"):
        call = await waiting(day, caller)
        assert "Vi kan inte ringa upp numret som slutar på" in await call.press("1")
        assert not call.over
        assert call.waits is not None
        assert call.waits.tag == "Record"
        await call.hang_up()
    for nth in range(4):
        call = await waiting(day, known=nth > 0)
        told = await call.press("1")
        assert call.over == (nth < 3)
        assert ("fler gånger i dag. Lämna ditt meddelande" in told) == (nth == 3)


async def test_a_number_that_belongs_to_no_area_is_called_back(day: Night) -> None:
    call = await waiting(day, "+46101234567")
    assert "Vi ringer upp dig" in await call.press("1")
    await work(day)
    await day.picks_up("1")
    await work(day)
    assert day.rung() == [AGENT, "+46101234567"]


async def test_a_call_back_that_cannot_be_noted_is_told_before_the_tone(
    day: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable

    call = await waiting(day)
    monkeypatch.setattr(RecordedLine, "call_back", away)
    assert "tekniskt problem" in await call.press("1")
    assert call.waits is not None
    assert call.waits.tag == "Record"


async def test_b06_a_replayed_wish_is_one_call_back(day: Night) -> None:
    day.line.repeat = 2
    call = await waiting(day)
    await call.press("1")
    row = await day.house.runtime.db.row("SELECT count(*) AS n FROM work_items WHERE kind = 'callback'")
    assert row == {"n": 1}


async def erased(day: Night, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The caller is erased and the worker looks once; what pages were told."""
    told: list[Any] = []
    runtime = day.house.runtime
    monkeypatch.setattr(runtime.live, "publish", told.append)
    await erase_person(runtime.db, runtime.blobs, await find_person(runtime.db, CALLER), SYSTEM, day.clock.now())
    numbers = "SELECT count(*) AS n FROM rings WHERE phone = %(number)s OR leads_to = %(number)s"
    assert await runtime.db.row(numbers, {"number": CALLER}) == {"n": 0}
    await ringing.sweep(runtime, day.port)
    return told


async def is_over(day: Night) -> bool:
    """Whether the call-back, its offers and its telephones are."""
    db = day.house.runtime.db
    open_ones = await db.row(
        "SELECT (SELECT count(*) FROM offers WHERE state = 'offered')"
        " + (SELECT count(*) FROM rings WHERE state IN ('due', 'ringing'))"
        " + (SELECT count(*) FROM work_items WHERE kind = 'callback' AND (state <> 'done' OR agent_id IS NOT NULL))"
        " AS n"
    )
    return open_ones == {"n": 0}


async def test_who_is_erased_as_the_colleague_is_rung_for_them_is_not_called_back(
    day: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await waiting(day)).press("1")
    await work(day)
    assert day.rung() == [AGENT]
    told = await erased(day, monkeypatch)
    assert await is_over(day)
    assert day.peer.calls[day.last()[0]]["updated"] == {"Status": "completed"}
    assert ("offer", "a01") in [(event["type"], event.get("agent")) for event in told]
    assert "<Conference>" not in await day.picks_up("1")
    assert await standing(day) == {"activity": "available", "misses": 0}, "and that is no miss of theirs"


@pytest.mark.parametrize("rings", [True, False])
async def test_who_is_erased_as_they_are_rung_lets_the_colleague_go(
    day: Night, monkeypatch: pytest.MonkeyPatch, rings: bool
) -> None:
    await (await waiting(day)).press("1")
    await work(day)
    ended = (await day.picks_up("1")).split('action="')[1].split('"')[0]
    mine = day.last()[0]
    if rings:
        await work(day)
    told = await erased(day, monkeypatch)
    assert day.rung() == ([AGENT, CALLER] if rings else [AGENT])
    if rings:
        assert day.peer.calls[day.last()[0]]["updated"] == {"Status": "completed"}
    assert day.peer.calls[mine]["updated"]["Url"].endswith("/ended"), "nobody waits in a room for them"
    assert "Kunden kunde inte ringas upp" in await leg(day, ended, mine)
    assert ("offer", "a01") in [(event["type"], event.get("agent")) for event in told]
    assert await is_over(day)


async def test_who_is_erased_while_they_talk_is_not_cut_off(day: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    await (await waiting(day)).press("1")
    await work(day)
    ended = (await day.picks_up("1")).split('action="')[1].split('"')[0]
    mine = day.last()[0]
    await work(day)
    await day.picks_up("1")
    await erased(day, monkeypatch)
    assert "updated" not in day.peer.calls[day.last()[0]]
    row = await day.house.runtime.db.row("SELECT agent_id, state FROM work_items WHERE kind = 'callback'")
    assert row == {"agent_id": "a01", "state": "taken"}, "nothing else is offered to them meanwhile"
    await day.ends("completed")
    await leg(day, ended, mine)
    assert await is_over(day)


async def rung_today(day: Night, purpose: str, times: int, hours: int = 0) -> None:
    await day.house.runtime.db.run(
        "INSERT INTO rings (purpose, state, created_at, tried_at, ended_at)"
        " SELECT %(purpose)s, 'missed', at, at, at"
        " FROM generate_series(1, %(times)s), (SELECT lease_now() - make_interval(hours => %(hours)s)) AS now(at)",
        {"purpose": purpose, "times": times, "hours": hours},
    )


async def in_the_browser(day: Night) -> None:
    await day.house.runtime.db.run("UPDATE agents SET browser_until = lease_now() + interval '1 hour' WHERE id = 'a01'")


async def standing(day: Night) -> dict[str, Any] | None:
    return await day.house.runtime.db.row("SELECT activity, misses FROM agents WHERE id = 'a01'")


@pytest.mark.parametrize("purpose", ["agent", "customer"])
async def test_b108_a_day_of_calls_keeps_no_colleague_from_being_rung(day: Night, purpose: str) -> None:
    await rung_today(day, purpose, ringing.A_DAY["customer"] + 1)
    await waiting(day)
    await work(day)
    assert day.rung() == [AGENT]


@pytest.mark.parametrize(("hours", "rung"), [(23, [AGENT]), (25, [AGENT, CALLER])])
async def test_b108_the_cap_of_calls_to_customers_is_theirs_alone_and_that_of_a_day(
    day: Night, hours: int, rung: list[str]
) -> None:
    await rung_today(day, "customer", ringing.A_DAY["customer"], hours)
    await (await waiting(day)).press("1")
    await work(day)
    await day.picks_up("1")
    await work(day)
    assert day.rung() == rung
    last = await day.house.runtime.db.row("SELECT reason FROM rings WHERE purpose = 'customer' ORDER BY id DESC")
    assert last == {"reason": None if CALLER in rung else "cap"}


@pytest.mark.parametrize(("refusal", "tries"), [(None, 0), (21211, 1)])
async def test_b108_a_customer_whom_nobody_could_ring_is_not_told_that_we_did(
    day: Night, refusal: int | None, tries: int
) -> None:
    day.clock.forward(MORNING)
    await (await waiting(day)).press("1")
    await work(day)
    if refusal is None:
        await rung_today(day, "customer", ringing.A_DAY["customer"] + 1)
    else:
        day.peer.refusals[CALLER] = refusal
    ended = (await day.picks_up("1")).split('action="')[1].split('"')[0]
    mine = day.last()[0]
    await work(day)
    assert "gick inte att nå" in await leg(day, ended, mine)
    db = day.house.runtime.db
    wanted = await db.row("SELECT state, tries FROM work_items WHERE kind = 'callback'")
    assert wanted == {"state": "waiting", "tries": tries}, "what we could not do costs no try"
    noted = [kind for kind in await kinds(day) if kind.startswith("callback_")]
    assert noted == ["callback_wanted", "callback_delayed"]
    (told,) = await db.rows(
        "SELECT c.text, c.data FROM messages m JOIN message_contents c ON c.message_id = m.id"
        " WHERE m.kind LIKE 'callback%'"
    )
    assert told["data"]["lasts"] == (callbacks.AGAIN[0] if tries else callbacks.DELAY).total_seconds()
    assert "kunde inte ringa dig" in told["text"]


async def test_b108_the_cap_of_colleagues_is_no_miss_of_theirs_and_browsers_have_none(day: Night) -> None:
    await rung_today(day, "agent", ringing.A_DAY[ringing.COLLEAGUES])
    await waiting(day)
    for _ in range(4):
        await work(day)
        day.clock.forward(dispatch.PATIENCE["call"] + timedelta(seconds=1))
    await dispatch.sweep(day.house.runtime)
    assert day.rung() == []
    assert await standing(day) == {"activity": "available", "misses": 0}
    offers = await day.house.runtime.db.rows("SELECT state FROM offers ORDER BY id")
    assert [row["state"] for row in offers] == ["expired"] * 4 + ["offered"], "nobody is asked again without a pause"
    await in_the_browser(day)
    day.clock.forward(dispatch.PATIENCE["call"] + timedelta(seconds=1))
    await work(day)
    (rung,) = day.rung()
    assert rung.startswith("client:")


async def test_b108_what_rings_in_a_browser_is_no_call_of_the_day(day: Night) -> None:
    await in_the_browser(day)
    await waiting(day)
    await work(day)
    await day.ends("no-answer")
    await work(day)
    spent = {"whose": ringing.COLLEAGUES, "lately": ringing.DAY}
    assert await day.house.runtime.db.row(ringing.SQL["spent"], spent) == {"rung": 1}, "the one that rings now"
    await day.ends("no-answer")
    await ringing.sweep(day.house.runtime, day.port)
    assert await day.house.runtime.db.row(ringing.SQL["spent"], spent) == {"rung": 0}


async def agent_leg(day: Night, sid: str, status: str) -> None:
    fields = {"AccountSid": fakes.ACCOUNT, "From": OURS, "To": AGENT, "Direction": "outbound-api", "CallStatus": status}
    assert (await day.line.post("/twilio/status", {**fields, "CallSid": sid}))[0] == 204


async def pressed(day: Night, call: Call) -> str:
    """A colleague presses 1 for a caller; their leg."""
    await work(day)
    sid = day.last()[0]
    await agent_leg(day, sid, "in-progress")
    assert room_of(await day.picks_up("1")) == f"call-{call.sid}"
    return sid


async def place_in_line(day: Night, call: Call) -> dict[str, Any]:
    row = await day.house.runtime.db.row(
        "SELECT w.state, w.agent_id, w.arrived_at, c.answered_at, c.room"
        " FROM work_items w JOIN calls c ON c.sid = w.call_sid"
        " WHERE w.kind = 'call' AND c.sid = %(sid)s ORDER BY w.id DESC",
        {"sid": call.sid},
    )
    assert row is not None
    return row


async def meets(day: Night, call: Call) -> None:
    """The colleague is rung again, presses 1 and talks to the caller."""
    await pressed(day, call)
    await call.wait()
    assert call.waits is not None
    assert call.waits.tag == "Dial"
    assert call.waits[0].text == f"call-{call.sid}"
    await callbacks.sweep(day.house.runtime)
    assert (await place_in_line(day, call))["state"] == "taken", "also when an earlier call to them is over"


@pytest.mark.parametrize("swept", [True, False])
async def test_a_caller_whose_colleague_is_gone_before_they_come_waits_on_where_they_were(
    day: Night, swept: bool
) -> None:
    call = await waiting(day)
    arrived = day.clock.now()
    day.clock.forward(timedelta(seconds=5))
    await agent_leg(day, await pressed(day, call), "completed")
    day.clock.forward(timedelta(seconds=12))
    if swept:
        await callbacks.sweep(day.house.runtime)
    await call.wait()
    assert call.waits is not None
    assert call.waits.tag == "Gather", "and not in an empty room"
    assert await place_in_line(day, call) == {
        "state": "waiting",
        "agent_id": None,
        "arrived_at": arrived,
        "answered_at": None,
        "room": None,
    }
    await meets(day, call)


async def test_a_caller_who_comes_as_the_colleague_leaves_is_led_back_and_met_by_the_next(day: Night) -> None:
    call = await waiting(day)
    day.peer.add_call(sid=call.sid, status="in-progress")
    sid = await pressed(day, call)
    await call.wait()
    assert call.waits is not None
    assert call.waits.tag == "Dial"
    await agent_leg(day, sid, "completed")
    await callbacks.sweep(day.house.runtime)
    led = day.peer.calls[call.sid]["updated"]
    assert await alone.sweep(day.house.runtime) == 0, "whoever met is about to leave the room"
    day.clock.forward(alone.TOGETHER)
    assert await alone.sweep(day.house.runtime) == 1
    back = day.peer.calls[call.sid]["updated"]["Url"]
    assert back != led["Url"]
    assert "uppringd" in await call.led(back)
    assert await alone.sweep(day.house.runtime) == 0
    assert (await place_in_line(day, call))["answered_at"] is None
    await meets(day, call)


async def test_who_talked_and_rates_the_call_is_left_there(day: Night) -> None:
    call = await waiting(day)
    day.peer.add_call(sid=call.sid, status="in-progress")
    sid = await pressed(day, call)
    await call.wait()
    day.clock.forward(timedelta(minutes=2))
    await agent_leg(day, sid, "completed")
    assert "nöjd" in await call.talk()
    day.peer.calls[call.sid].pop("updated")
    day.clock.forward(timedelta(minutes=1))
    await callbacks.sweep(day.house.runtime)
    assert await alone.sweep(day.house.runtime) == 0
    assert "updated" not in day.peer.calls[call.sid]
    await call.press("5")


async def test_a_colleague_whose_caller_hangs_up_before_they_meet_is_free_for_the_next(day: Night) -> None:
    call = await waiting(day)
    sid = await pressed(day, call)
    await call.hang_up()
    assert day.peer.calls[sid]["updated"] == {"Status": "completed"}
    await agent_leg(day, sid, "completed")
    following = await waiting(day, known=True)
    await meets(day, following)


async def test_a_colleague_who_is_still_in_the_room_of_a_caller_who_has_left_it_is_hung_up(day: Night) -> None:
    call = await waiting(day)
    sid = await pressed(day, call)
    await call.wait()
    await call.hang_up()
    assert await alone.sweep(day.house.runtime) == 0, "a room ends with its caller"
    assert "updated" not in day.peer.calls[sid]
    day.clock.forward(alone.TOGETHER)
    assert await alone.sweep(day.house.runtime) == 1
    assert day.peer.calls[sid]["updated"] == {"Status": "completed"}
    await agent_leg(day, sid, "completed")
    assert await alone.sweep(day.house.runtime) == 0
