"""Agents answer in the browser, and while they talk: hold, silence for a card number, hand over warm,
a raised hand, leads beside."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestServer

from gateway import dispatch
from gateway.clock import SetClock
from gateway.config import load
from gateway.people.privacy import erase_person, find_person
from gateway.phone import alone, callbacks, ringing, talks, wrapping
from gateway.phone.legs import LISTENING
from gateway.record.timeline import SYSTEM, Actor
from tests.fakes import provider as fakes
from tests.fakes.clock import LeaseClock
from tests.fakes.phone import Call
from tests.stories.test_phone_oncall import NIGHT, OURS, Night, opened
from tests.stories.test_visits import PROPOSAL

PASSWORD = "correct horse battery"
MINE, COLLEAGUE = "+46313900601", "+46313900602"
BROWSER = f"client:{talks.identity('a01')}"


@pytest.fixture
async def day(environ: dict[str, str], database_url: str, redis_url: str) -> AsyncIterator[Night]:
    """a01 is at work and logged in; the provider knows an API key for browsers."""
    peer, clock = (
        fakes.Provider(secrets={"token", "of-the-key-of-this-very-provider-01"}),
        LeaseClock(NIGHT, database_url),
    )
    async with TestServer(peer.app()) as server:
        given = {
            **environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            **fakes.variables(server, OURS),
            "TWILIO_API_KEY": "SK1",
            "TWILIO_API_SECRET": "of-the-key-of-this-very-provider-01",
            "TWILIO_APP_SID": "AP1",
            "RECORDING_CONSENT": "never",
        }
        async with opened(load(given), peer, clock) as day:
            await at_work(day, "a01")
            await day.house.hire("a01", PASSWORD)
            await day.house.log_in("agent01@support.example", PASSWORD)
            yield day
        assert peer.violations == []


async def at_work(day: Night, *agents: str) -> None:
    for agent in agents:
        await day.house.api("POST", "/agents/me/activity", {"as": agent, "activity": "available"})


async def post(day: Night, path: str, **fields: str) -> ClientResponse:
    csrf = await day.house.csrf("/console/phone")
    return await day.house.client.post(path, data={"csrf": csrf, **fields}, allow_redirects=False)


async def page(day: Night) -> str:
    return await (await day.house.client.get("/console/phone")).text()


async def waiting(day: Night, caller: str = "+46701740605") -> Call:
    call = await day.line.call(caller)
    for keys in ("2", "2", "0"):
        await call.press(keys)
    return call


async def ring(day: Night) -> str:
    """Whose telephone rings now."""
    await dispatch.sweep(day.house.runtime)
    await ringing.sweep(day.house.runtime, day.port)
    return day.rung()[-1]


async def talking(day: Night) -> tuple[Call, str]:
    """A caller and a01 in a room; the room's name at the provider, and a01's own leg."""
    call = await waiting(day)
    day.peer.add_call(sid=call.sid, status="in-progress")
    await ring(day)
    leg = day.last()[0]
    await day.picks_up("1")
    await call.wait()
    day.peer.add_room(f"call-{call.sid}", call.sid, leg)
    return call, leg


def seats(day: Night) -> dict[str, dict[str, str]]:
    (room,) = day.peer.rooms.values()
    found: dict[str, dict[str, str]] = room["seats"]
    return found


async def kinds(day: Night) -> list[str]:
    (listed,) = await day.house.cases()
    return [entry["kind"] for entry in (await day.house.case(listed["number"]))["timeline"]]


async def test_a_call_rings_in_the_browser_that_is_there_and_else_on_the_telephone(day: Night) -> None:
    assert 'id="phone-on"' in await page(day)
    answer = await (await post(day, "/console/phone/token")).json()
    claims = json.loads(base64.urlsafe_b64decode(answer["token"].split(".")[1] + "=="))
    assert claims["grants"]["identity"] == talks.identity("a01")
    assert claims["grants"]["voice"]["incoming"] == {"allow": True}
    assert (await post(day, "/console/phone/here", answers="yes")).status == 204
    call = await waiting(day)
    assert await ring(day) == BROWSER
    offered = await page(day)
    assert "Din telefon ringer: svara för att ta detta." in offered or "Your telephone rings: answer it" in offered
    assert re.search(r"/console/offers/\d+/decline", offered)
    assert not re.search(r"/console/offers/\d+/accept", offered), "a call is taken on the telephone"
    document = await day.picks_up()
    assert f"call-{call.sid}</Conference>" in document
    assert await day.picks_up() == document
    await day.ends("completed")
    await callbacks.sweep(day.house.runtime)
    await call.hang_up()
    day.clock.forward(timedelta(seconds=80))
    await waiting(day, "+46701740606")
    assert await ring(day) == MINE


async def test_who_has_no_telephone_but_a_browser_is_at_work_while_it_is_there(day: Night) -> None:
    await day.house.runtime.db.run("UPDATE agents SET phone = NULL")
    assert "Nobody can answer" in (await waiting(day)).now_hears
    await post(day, "/console/phone/here", answers="yes")
    assert "called back instead" in (await waiting(day, "+46701740606")).now_hears
    assert await ring(day) == BROWSER
    await post(day, "/console/phone/here", answers="no")
    assert "Nobody can answer" in (await waiting(day, "+46701740607")).now_hears


@pytest.mark.parametrize("wrong", [timedelta(hours=1), timedelta(hours=-1)])
async def test_a_web_process_whose_clock_is_an_hour_wrong_rings_a_browser_and_waits_for_a_key_as_long_as_any(
    day: Night, wrong: timedelta
) -> None:
    SetClock.put(day.clock, day.clock.now() + wrong)  # the database's stands where it stood
    await day.house.runtime.db.run("UPDATE agents SET phone = NULL")
    await post(day, "/console/phone/here", answers="yes")
    assert "called back instead" in (await waiting(day)).now_hears, "the browser is there"
    assert await ring(day) == BROWSER
    await day.picks_up("1")
    await day.ends("completed")
    await callbacks.sweep(day.house.runtime)
    await day.house.runtime.db.run(
        "UPDATE agents SET phone = %(phone)s, browser_until = NULL, wrap_until = NULL", {"phone": MINE}
    )
    await waiting(day, "+46701740606")
    assert await ring(day) == MINE
    await day.picks_up()
    left = "SELECT expires_at - lease_now() AS left FROM offers WHERE state = 'offered'"
    assert await day.house.runtime.db.rows(left) == [{"left": LISTENING}]


async def test_a_case_claimed_in_the_console_is_put_through_to_the_browser(day: Night) -> None:
    await post(day, "/console/phone/here", answers="yes")
    call = await waiting(day)
    (listed,) = await day.house.cases()
    await day.house.api("POST", f"/cases/{listed['number']}/claim", {"as": "a01"})
    await call.wait()
    await call.wait()
    await ringing.sweep(day.house.runtime, day.port)
    assert day.rung() == [BROWSER], "once"
    document = await day.picks_up()
    assert f"call-{call.sid}</Conference>" in document
    await call.wait()
    assert call.waits is not None
    assert call.waits[0].text == f"call-{call.sid}"
    assert "first_response" in await kinds(day)
    day.peer.add_room(f"call-{call.sid}", call.sid, day.last()[0])
    assert (await post(day, "/console/phone/hold")).status == 303
    assert seats(day)[call.sid]["Hold"] == "true"


async def test_whoever_has_the_case_and_cannot_be_rung_by_us_is_dialled_from_the_callers_line(day: Night) -> None:
    await post(day, "/console/phone/here", answers="yes")
    call = await waiting(day)
    (listed,) = await day.house.cases()
    await day.house.api("POST", f"/cases/{listed['number']}/claim", {"as": "a01"})
    await call.wait()
    day.clock.forward(timedelta(seconds=45))  # no worker runs
    await call.wait()
    assert call.waits is not None
    assert call.waits[0].tag == "Client"
    assert call.waits[0].text == talks.identity("a01")
    url = call.waits[0].get("url") or ""
    leg = {"CallSid": "CA" + "b" * 32, "ParentCallSid": call.sid, "AccountSid": fakes.ACCOUNT, "To": BROWSER}
    status, document = await day.line.post(url, leg)
    assert (status, "Gather" in document) == (200, False)
    assert "first_response" in await kinds(day)


async def test_a_caller_is_held_with_music_and_taken_back(day: Night) -> None:
    call, _ = await talking(day)
    assert (await post(day, "/console/phone/hold")).status == 303
    assert seats(day)[call.sid]["Hold"] == "true"
    assert seats(day)[call.sid]["HoldUrl"].endswith("/twilio/music.wav")
    assert "/console/phone/resume" in await page(day)
    await post(day, "/console/phone/resume")
    assert seats(day)[call.sid]["Hold"] == "false"
    assert {"talk_held", "talk_resumed"} <= set(await kinds(day))


@pytest.mark.parametrize(("seconds", "held"), [(120, True), (3, False)])
async def test_a_caller_whose_talk_was_cut_is_not_asked_how_they_liked_it_and_is_brought_to_somebody_again(
    day: Night, seconds: int, held: bool
) -> None:
    call, _ = await talking(day)
    me = Actor("agent", "a01", "agent")
    if held:
        await talks.hold(day.house.runtime, me, True)
    day.clock.forward(timedelta(seconds=seconds))
    await day.ends("completed")
    await callbacks.sweep(day.house.runtime)
    told = await call.talk()
    assert "satisfied" not in told
    assert "talk to somebody again" in told
    await call.wait()
    day.clock.forward(timedelta(minutes=2))
    assert await ring(day) == MINE, "who has the case is asked first"
    await day.picks_up("1")
    await call.wait()
    assert call.waits is not None
    assert call.waits[0].text == f"call-{call.sid}"
    day.clock.forward(timedelta(minutes=2))
    assert "satisfied" in await call.talk(), "nobody is on hold any more"


async def test_a_recording_is_silenced_while_a_card_number_is_read_out(day: Night) -> None:
    call, _ = await talking(day)
    await post(day, "/console/phone/silence")
    assert day.peer.calls[call.sid]["recording"] == {"Status": "paused", "PauseBehavior": "silence"}
    await post(day, "/console/phone/record")
    assert day.peer.calls[call.sid]["recording"] == {"Status": "in-progress"}
    assert {"recording_silenced", "recording_resumed"} <= set(await kinds(day))


async def test_what_the_provider_did_not_do_is_said_and_not_noted(day: Night) -> None:
    call, _ = await talking(day)
    day.peer.rooms.clear()
    day.peer.calls.pop(call.sid)
    for path in ("hold", "silence", "give"):
        assert (await post(day, f"/console/phone/{path}")).status == 409, path
    row = await day.house.runtime.db.row(
        "SELECT held_at, silenced_at FROM calls WHERE sid = %(sid)s", {"sid": call.sid}
    )
    assert row == {"held_at": None, "silenced_at": None}


async def test_no_colleague_is_rung_into_a_talk_whose_caller_could_not_be_held(day: Night) -> None:
    call, _ = await talking(day)
    await at_work(day, "a02")
    rung = day.rung()
    rooms = dict(day.peer.rooms)
    day.peer.rooms.clear()
    assert (await post(day, "/console/phone/consult", colleague="a02")).status == 409
    await ringing.sweep(day.house.runtime, day.port)
    assert day.rung() == rung, "they would come in before the caller"
    assert "a02" in [one["id"] for one in await talks.colleagues(day.house.runtime, "a03")]
    day.peer.rooms.update(rooms)
    assert (await post(day, "/console/phone/consult", colleague="a02")).status == 303
    assert seats(day)[call.sid]["Hold"] == "true"
    assert await ring(day) == COLLEAGUE


async def test_a_caller_is_handed_over_warm_and_is_then_the_colleagues(day: Night) -> None:
    call, mine = await talking(day)
    await at_work(day, "a02")
    assert (await post(day, "/console/phone/consult", colleague="line-1")).status == 303
    assert seats(day)[call.sid]["Hold"] == "true"
    assert (await post(day, "/console/phone/consult", colleague="a02")).status == 409
    assert await ring(day) == COLLEAGUE
    theirs = day.last()[0]
    assert "rådgöra" in await day.picks_up()
    document = await day.picks_up("1")
    assert f"call-{call.sid}</Conference>" in document
    assert 'endConferenceOnExit="false"' in document
    seats(day)[theirs] = {}
    assert (await post(day, "/console/phone/give")).status == 303
    assert seats(day)[theirs]["EndConferenceOnExit"] == "true"
    assert seats(day)[mine]["EndConferenceOnExit"] == "false"
    assert seats(day)[call.sid]["Hold"] == "false"
    assert day.peer.calls[mine]["updated"] == {"Status": "completed"}
    (listed,) = await day.house.cases()
    assert (await day.house.case(listed["number"]))["assignee"] == "a02"
    assert "talk_handed_over" in await kinds(day)
    row = await day.house.runtime.db.row("SELECT agent_id, state FROM work_items WHERE kind = 'call'")
    assert row == {"agent_id": "a02", "state": "taken"}
    fields = {"AccountSid": fakes.ACCOUNT, "From": OURS, "Direction": "outbound-api", "CallStatus": "completed"}
    await day.line.post("/twilio/status", {**fields, "CallSid": mine, "To": MINE})
    await callbacks.sweep(day.house.runtime)
    row = await day.house.runtime.db.row("SELECT agent_id, state FROM work_items WHERE kind = 'call'")
    assert row == {"agent_id": "a02", "state": "taken"}
    await day.line.post("/twilio/status", {**fields, "CallSid": theirs, "To": COLLEAGUE})
    await callbacks.sweep(day.house.runtime)
    row = await day.house.runtime.db.row("SELECT agent_id, state FROM work_items WHERE kind = 'call'")
    assert row == {"agent_id": None, "state": "done"}


async def test_nothing_is_offered_to_a_colleague_who_is_asked_into_a_talk_or_is_in_it(day: Night) -> None:
    await talking(day)
    await at_work(day, "a02")
    await post(day, "/console/phone/consult", colleague="a02")
    await waiting(day, "+46701740606")
    assert await dispatch.sweep(day.house.runtime) == 0, "they are rung for another caller"
    assert await ring(day) == COLLEAGUE
    await day.picks_up("1")
    assert await dispatch.sweep(day.house.runtime) == 0, "they talk"
    answers = await talks.colleagues(day.house.runtime, "a03")
    assert "a02" not in [one["id"] for one in answers]
    await day.ends("completed")
    assert await dispatch.sweep(day.house.runtime) == 1


@pytest.mark.parametrize("purpose", ["consult", "listen"])
async def test_who_is_asked_into_a_talk_that_is_over_as_they_pick_up_is_told_so_and_free(
    day: Night, purpose: str
) -> None:
    call, mine = await talking(day)
    await at_work(day, "a02")
    if purpose == "consult":
        await post(day, "/console/phone/consult", colleague="a02")
    else:
        await talks.attend(day.house.runtime, Actor("agent", "a02", "lead"), "a01", purpose)
    assert await ring(day) == COLLEAGUE
    fields = {"AccountSid": fakes.ACCOUNT, "From": OURS, "Direction": "outbound-api", "CallStatus": "completed"}
    await day.line.post("/twilio/status", {**fields, "CallSid": mine, "To": MINE})
    await call.talk()
    document = await day.picks_up("1")
    assert "<Conference" not in document
    assert "samtalet är redan avslutat" in document
    assert await day.picks_up("1") == document
    assert "a02" in [one["id"] for one in await talks.colleagues(day.house.runtime, "a03")]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("no-answer", "Agent 2 svarade inte."),
        ("passes", "Agent 2 kan inte komma nu."),
        ("cap", "kunde inte ringas upp"),
    ],
)
async def test_a_colleague_who_does_not_come_is_told_to_whoever_asked_until_another_is_asked(
    day: Night, monkeypatch: pytest.MonkeyPatch, how: str, said: str
) -> None:
    call, _ = await talking(day)
    await at_work(day, "a02", "a03")
    await day.house.runtime.db.run("UPDATE agents SET name = 'Agent 2' WHERE id = 'a02'")
    told: list[str] = []
    monkeypatch.setattr(day.house.runtime.live, "publish", lambda event: told.append(event["type"]))
    if how == "cap":
        monkeypatch.setattr(ringing, "A_DAY", {**ringing.A_DAY, ringing.COLLEAGUES: 1})
    await post(day, "/console/phone/consult", colleague="a02")
    await ringing.sweep(day.house.runtime, day.port)
    if how != "cap":
        assert said not in await page(day)
        told.clear()
        await (day.picks_up("2") if how == "passes" else day.ends(how))
        await ringing.sweep(day.house.runtime, day.port)
    assert "talk" in told
    shown = await page(day)
    assert said in shown
    assert "/console/phone/resume" in shown, "the caller still waits"
    await post(day, "/console/phone/consult", colleague="a03")
    assert said not in await page(day)
    await ringing.sweep(day.house.runtime, day.port)
    if how != "cap":
        await day.ends("no-answer")
        await ringing.sweep(day.house.runtime, day.port)
    assert 'class="notice bad" role="status"' in await page(day)
    day.clock.forward(timedelta(seconds=61))
    assert 'class="notice bad" role="status"' not in await page(day)
    assert call.sid in seats(day)


async def test_a_hand_over_of_which_only_the_music_goes_on_is_one(day: Night) -> None:
    call, mine = await talking(day)
    await at_work(day, "a02")
    await post(day, "/console/phone/consult", colleague="a02")
    assert await ring(day) == COLLEAGUE
    theirs = day.last()[0]
    await day.picks_up("1")
    seats(day)[theirs] = {}
    seat = seats(day).pop(call.sid)
    answer = await post(day, "/console/phone/give")
    assert (answer.status, "din kollega måste ta tillbaka" in await answer.text()) == (409, True)
    assert day.peer.calls[mine]["updated"] == {"Status": "completed"}, "whoever handed over is on the line no more"
    assert "talk_handed_over" in await kinds(day)
    row = await day.house.runtime.db.row("SELECT agent_id, state FROM work_items WHERE kind = 'call'")
    assert row == {"agent_id": "a02", "state": "taken"}
    seats(day)[call.sid] = seat
    await day.house.hire("a02", PASSWORD)
    await day.house.log_in("agent02@support.example", PASSWORD)
    assert "/console/phone/resume" in await page(day)
    assert (await post(day, "/console/phone/resume")).status == 303
    assert seat["Hold"] == "false"


async def test_b86_a_lead_is_kept_to_the_talks_of_their_queues_and_rung_into_one_once(day: Night) -> None:
    await talking(day)
    await post(day, "/console/phone/hand")
    await day.house.hire("a03", PASSWORD, "lead")
    await day.house.log_in("agent03@support.example", PASSWORD)
    reach = "UPDATE agents SET queues = %(queues)s WHERE id = 'a03'"
    await day.house.runtime.db.run(reach, {"queues": ["billing"]})
    assert "/managers/talks/listen" not in await page(day)
    for path in ("listen", "coach", "join", "lower"):
        assert (await post(day, f"/managers/talks/{path}", agent="a01")).status == 409
    await ringing.sweep(day.house.runtime, day.port)
    assert len(day.rung()) == 1
    talk = await talks.current(day.house.runtime, "a01")
    assert talk is not None
    assert talk["hand_at"] is not None
    await day.house.runtime.db.run(reach, {"queues": [talk["queue"], "billing"]})
    assert "/managers/talks/listen" in await page(day)
    answers = await asyncio.gather(*(post(day, "/managers/talks/listen", agent="a01") for _ in range(2)))
    assert sorted(answer.status for answer in answers) == [303, 409]
    await ringing.sweep(day.house.runtime, day.port)
    assert len(day.rung()) == 2
    await day.ends("completed")
    assert (await post(day, "/managers/talks/join", agent="a01")).status == 303, "and again once they have left it"


async def test_a_raised_hand_is_seen_by_leads_at_once_and_lowered_by_either(day: Night) -> None:
    assert (await post(day, "/console/phone/hand")).status == 409, "nobody is talked to"
    await talking(day)
    assert 'data-key="l"' in await page(day)
    async with day.house.runtime.live.subscribe() as news:
        assert (await post(day, "/console/phone/hand")).status == 303
        assert {(await anext(news))["type"] for _ in range(2)} == {"talk", "case"}
    assert (await post(day, "/console/phone/hand")).status == 303, "twice is once"
    assert "/console/phone/lower" in await page(day)
    assert (await post(day, "/managers/talks/lower", agent="a01")).status == 403
    await day.house.hire("a03", PASSWORD, "lead")
    await day.house.log_in("agent03@support.example", PASSWORD)
    name = (await day.house.runtime.db.rows("SELECT name FROM agents WHERE id = 'a01'"))[0]["name"]
    for path, language in itertools.product(("/managers/wall", "/console", "/console/phone"), ("sv", "en")):
        seen = await (await day.house.client.get(path, params={"language": language})).text()
        assert name in seen, path
        assert ("räcker upp handen" if language == "sv" else "raises a hand") in seen, (path, language)
    assert (await post(day, "/managers/talks/lower", agent="a01")).status == 303
    for path in ("/managers/wall", "/console", "/console/phone"):
        assert "raises a hand" not in await (await day.house.client.get(path)).text(), path
    assert (await post(day, "/managers/talks/lower", agent="a02")).status == 409, "who does not talk"
    (listed,) = await day.house.cases()
    told = (await day.house.case(listed["number"]))["timeline"]
    hands = [(one["kind"], one["actor"]["id"]) for one in told if one["kind"].startswith("hand_")]
    assert hands == [("hand_raised", "a01"), ("hand_lowered", "a03")]
    await day.house.log_in("agent01@support.example", PASSWORD)
    await post(day, "/console/phone/hand")
    assert "raises a hand" not in await (await day.house.client.get("/console")).text(), "only leads are told"
    assert (await post(day, "/console/phone/lower")).status == 303
    assert [kind for kind in await kinds(day) if kind.startswith("hand_")] == ["hand_raised", "hand_lowered"] * 2


async def test_nothing_is_offered_while_a_call_is_written_up(day: Night) -> None:
    call, _ = await talking(day)
    await day.ends("completed")
    await callbacks.sweep(day.house.runtime)
    await call.hang_up()
    await waiting(day, "+46701740606")
    assert await dispatch.sweep(day.house.runtime) == 0
    assert "/console/phone/ready" in await page(day)
    await post(day, "/console/phone/ready", call=call.sid)
    assert await dispatch.sweep(day.house.runtime) == 1


async def test_a_call_is_written_up_also_when_the_caller_hangs_up_first(day: Night) -> None:
    call, _ = await talking(day)
    day.clock.forward(timedelta(seconds=100))
    async with day.house.runtime.live.subscribe() as news:
        await call.hang_up()
        events = [await anext(news) for _ in range(2)]
    assert {"type": "offer", "agent": "a01"} in events, "the agent's pages are told to look"
    await day.ends("completed")
    await callbacks.sweep(day.house.runtime)
    written = await wrapping.present(day.house.runtime, "a01")
    assert written is not None
    assert (written["call"], written["until"]) == (call.sid, day.clock.now() + wrapping.LASTS)
    await waiting(day, "+46701740606")
    assert await dispatch.sweep(day.house.runtime) == 0
    await post(day, "/console/phone/ready", call=call.sid, disposition="call_again")
    row = await day.house.runtime.db.row("SELECT disposition FROM calls WHERE sid = %(sid)s", {"sid": call.sid})
    assert row == {"disposition": "call_again"}
    await callbacks.sweep(day.house.runtime)
    assert await dispatch.sweep(day.house.runtime) == 1


async def test_what_came_of_a_call_is_asked_when_it_ends_and_ends_the_writing_up(day: Night) -> None:
    call, _ = await talking(day)
    assert 'value="call_again"' not in await page(day)
    async with day.house.runtime.live.subscribe() as news:
        await day.ends("completed")
        await callbacks.sweep(day.house.runtime)
        events = [await anext(news) for _ in range(2)]
    assert {"type": "offer", "agent": "a01"} in events, "the agent's pages are told to look"
    (listed,) = await day.house.cases()
    for path in ("/console", "/console/phone", f"/console/cases/{listed['number']}"):
        for language, words in (("en", "To be called again"), ("sv", "Ska ringas upp igen")):
            assert words in await (await day.house.client.get(path, params={"language": language})).text(), path
    assert (await post(day, "/console/phone/ready", call=call.sid, disposition="no such thing")).status == 422
    assert (await post(day, "/console/phone/ready", call="CAother", disposition="solved")).status == 303
    assert 'value="call_again"' in await page(day), "of that call and no other"
    back = f"/console/cases/{listed['number']}"
    answer = await post(day, "/console/phone/ready", call=call.sid, disposition="call_again", back=back)
    assert answer.headers["Location"] == back
    assert 'value="call_again"' not in await page(day)
    await post(day, "/console/phone/ready", call=call.sid, disposition="solved")
    told = (await day.house.case(listed["number"]))["timeline"]
    (entry,) = [one for one in told if one["kind"] == "call_disposed"]
    assert entry["actor"] == {"kind": "agent", "id": "a01"}
    assert entry["data"] == {"call": call.sid, "call_disposition": "call_again"}
    assert "call" in entry["text"].lower() or "samtal" in entry["text"].lower()
    row = await day.house.runtime.db.row("SELECT disposition FROM calls WHERE sid = %(sid)s", {"sid": call.sid})
    assert row == {"disposition": "call_again"}
    await call.hang_up()
    await waiting(day, "+46701740606")
    assert await dispatch.sweep(day.house.runtime) == 1


async def test_what_is_said_of_a_call_when_the_next_one_is_over_already_is_kept(day: Night) -> None:
    first, mine = await talking(day)
    await leg_ends(day, mine)
    await callbacks.sweep(day.house.runtime)
    await first.hang_up()
    day.clock.forward(wrapping.LASTS + timedelta(seconds=1))
    second = await waiting(day, "+46701740606")
    await ring(day)
    await day.picks_up("1")
    assert (await post(day, "/console/phone/ready", call=second.sid, disposition="solved")).status == 303
    await second.hang_up()
    await leg_ends(day, day.last()[0])
    await callbacks.sweep(day.house.runtime)
    assert (await post(day, "/console/phone/ready", call=first.sid, disposition="call_again")).status == 303
    assert 'value="call_again"' in await page(day), "the second is still asked about"
    rows = await day.house.runtime.db.rows("SELECT sid, disposition FROM calls WHERE direction = 'inbound'")
    assert {row["sid"]: row["disposition"] for row in rows} == {first.sid: "call_again", second.sid: None}


async def test_writing_up_ends_by_itself(day: Night) -> None:
    call, _ = await talking(day)
    await day.ends("completed")
    await callbacks.sweep(day.house.runtime)
    await call.hang_up()
    await waiting(day, "+46701740606")
    day.clock.forward(wrapping.LASTS + timedelta(seconds=1))
    assert "/console/phone/ready" not in await page(day)
    assert await dispatch.sweep(day.house.runtime) == 1


@pytest.mark.parametrize(("how", "heard"), [("listen", 'muted="true"'), ("coach", 'coach="'), ("join", 'beep="false"')])
async def test_a_lead_listens_coaches_and_joins(day: Night, how: str, heard: str) -> None:
    await talking(day)
    await day.house.hire("a03", PASSWORD, "lead")
    assert (await post(day, f"/managers/talks/{how}", agent="a01")).status == 403
    await day.house.log_in("agent03@support.example", PASSWORD)
    assert "Listen in" in await page(day) or "Lyssna" in await page(day)
    assert (await post(day, f"/managers/talks/{how}", agent="a01")).status == 303
    await ring(day)
    document = await day.picks_up("1")
    assert heard in document
    assert 'endConferenceOnExit="false"' in document
    assert f"talk_{how}" in await kinds(day)
    (listed,) = await day.house.cases()
    assert (await day.house.case(listed["number"]))["assignee"] == "a01"


@pytest.mark.parametrize("how", ["listen", "coach"])
async def test_who_is_not_heard_by_the_caller_does_nothing_to_the_talk(day: Night, how: str) -> None:
    """Neither by a button that they are shown nor without one: it is the agent's, who would not know."""
    call, mine = await talking(day)
    await at_work(day, "a02")
    await day.house.hire("a03", PASSWORD, "lead")
    await day.house.log_in("agent03@support.example", PASSWORD)
    await post(day, f"/managers/talks/{how}", agent="a01")
    await ring(day)
    await day.picks_up("1")
    shown = await page(day)
    assert 'id="talk-title"' in shown
    for path in ("hold", "resume", "silence", "record", "hand", "lower", "give", "consult"):
        assert f'action="/console/phone/{path}"' not in shown, path
        assert (await post(day, f"/console/phone/{path}", colleague="a02")).status == 409, path
    assert seats(day)[call.sid] == seats(day)[mine] == {}
    assert not {"talk_held", "recording_silenced", "hand_raised"} & set(await kinds(day))


async def test_a_lead_who_listens_joins_by_one_press_and_stays_on_the_line(day: Night) -> None:
    _, mine = await talking(day)
    await day.house.hire("a03", PASSWORD, "lead")
    await day.house.log_in("agent03@support.example", PASSWORD)
    await post(day, "/managers/talks/listen", agent="a01")
    await ring(day)
    await day.picks_up("1")
    theirs, rung = day.last()[0], len(day.rung())
    seats(day)[theirs] = {}
    for how, seat in (
        ("coach", {"Muted": "false", "Coaching": "true", "CallSidToCoach": mine}),
        ("join", {"Muted": "false", "Coaching": "false"}),
        ("listen", {"Muted": "true", "Coaching": "false"}),
        ("join", {"Muted": "false", "Coaching": "false"}),
    ):
        assert (await post(day, f"/managers/talks/{how}", agent="a01")).status == 303, how
        assert seats(day)[theirs].items() >= seat.items()
        assert (await kinds(day))[-1] == f"talk_{how}"
    await ring(day)
    assert len(day.rung()) == rung
    assert "/console/phone/hold" in await page(day)
    assert (await post(day, "/managers/talks/join", agent="a01")).status == 409, "they do so already"


async def test_who_called_and_was_erased_is_not_shown_as_a_charger(day: Night) -> None:
    call = await waiting(day)
    await call.hang_up()
    (listed,) = await day.house.cases()
    runtime = day.house.runtime
    person = await find_person(runtime.db, call.caller)
    await erase_person(runtime.db, runtime.blobs, person, SYSTEM, runtime.clock.now())
    for language, words in (("sv", ("okänt", "laddaren")), ("en", ("unknown", "the charger"))):
        answer = await day.house.client.get(f"/console/cases/{listed['number']}", params={"language": language})
        side = (await answer.text()).split('<aside id="side"')[1].split("</section>")[0]
        assert [word in side for word in words] == [True, False]


async def test_a_caller_is_left_to_a_lead_who_has_joined(day: Night) -> None:
    call, mine = await talking(day)
    lead = Actor("agent", "a03", "lead")
    await day.house.hire("a03", role="lead")
    await talks.attend(day.house.runtime, lead, "a01", "listen")
    await ring(day)
    listens = day.last()[0]
    await day.picks_up("1")
    assert "/console/phone/give" not in await page(day)
    assert (await post(day, "/console/phone/give")).status == 409, "who is not heard by the caller"
    fields = {"AccountSid": fakes.ACCOUNT, "From": OURS, "Direction": "outbound-api", "CallStatus": "completed"}
    await day.line.post("/twilio/status", {**fields, "CallSid": listens, "To": day.rung()[-1]})
    await talks.attend(day.house.runtime, lead, "a01", "join")
    await ring(day)
    theirs = day.last()[0]
    await day.picks_up("1")
    seats(day)[theirs] = {}
    assert "/console/phone/give" in await page(day)
    assert (await post(day, "/console/phone/give")).status == 303
    assert seats(day)[theirs]["EndConferenceOnExit"] == "true"
    assert seats(day)[mine]["EndConferenceOnExit"] == "false"
    await day.line.post("/twilio/status", {**fields, "CallSid": mine, "To": MINE})
    await callbacks.sweep(day.house.runtime)
    row = await day.house.runtime.db.row("SELECT agent_id, state FROM work_items WHERE kind = 'call'")
    assert row == {"agent_id": "a03", "state": "taken"}, "the talk goes on"
    (listed,) = await day.house.cases()
    assert (await day.house.case(listed["number"]))["assignee"] == "a03"
    assert not call.over


async def joined(day: Night) -> tuple[Call, str, str]:
    """A caller, a01 and the lead a03 in one room; the legs of the two."""
    call, mine = await talking(day)
    return call, mine, await lead_joins(day)


async def lead_joins(day: Night) -> str:
    """The leg of the lead a03, who joins a01's talk."""
    await day.house.hire("a03", role="lead")
    await talks.attend(day.house.runtime, Actor("agent", "a03", "lead"), "a01", "join")
    await ring(day)
    theirs = day.last()[0]
    seats(day)[theirs] = {}
    assert "endConferenceOnExit" in await day.picks_up("1")
    return theirs


async def leg_ends(day: Night, leg: str) -> None:
    fields = {"AccountSid": fakes.ACCOUNT, "From": OURS, "Direction": "outbound-api", "CallStatus": "completed"}
    await day.line.post("/twilio/status", {**fields, "CallSid": leg, "To": MINE})


async def sweeps(day: Night) -> None:
    await callbacks.sweep(day.house.runtime)
    await talks.sweep(day.house.runtime)
    await alone.sweep(day.house.runtime)


async def worker_of(day: Night) -> tuple[str | None, str]:
    row = await day.house.runtime.db.row("SELECT agent_id, state FROM work_items WHERE kind <> 'case' ORDER BY id DESC")
    assert row is not None
    return row["agent_id"], row["state"]


@pytest.mark.parametrize("held", [False, True])
async def test_a_caller_whose_agent_is_cut_off_talks_on_with_the_lead_who_has_joined(day: Night, held: bool) -> None:
    call, mine, theirs = await joined(day)
    if held:
        await talks.hold(day.house.runtime, Actor("agent", "a01", "agent"), True)
    assert seats(day)[mine]["EndConferenceOnExit"] == "false"
    del day.peer.calls[call.sid]["updated"]
    await leg_ends(day, mine)
    assert seats(day)[theirs]["EndConferenceOnExit"] == "true", "the talk ends with the lead now"
    await sweeps(day)
    assert await worker_of(day) == ("a01", "taken"), "everybody may be leaving"
    day.clock.forward(alone.TOGETHER)
    await sweeps(day)
    await sweeps(day)
    assert await worker_of(day) == ("a03", "taken")
    assert "updated" not in day.peer.calls[call.sid], "the caller is led nowhere"
    assert seats(day)[call.sid].get("Hold") == ("false" if held else None)
    (listed,) = await day.house.cases()
    assert (await day.house.case(listed["number"]))["assignee"] == "a03"
    assert (await kinds(day)).count("talk_handed_over") == 1
    day.clock.forward(timedelta(minutes=1))
    await leg_ends(day, theirs)
    await sweeps(day)
    assert await worker_of(day) == (None, "done")
    assert "satisfied" in await call.talk()


@pytest.mark.parametrize("cut_off", [False, True])
async def test_a_caller_whose_case_was_concluded_in_the_talk_is_left_to_another_all_the_same(
    day: Night, cut_off: bool
) -> None:
    """They go on about something else: the talk becomes the lead's, and what is concluded stays as it is."""
    call, mine, _ = await joined(day)
    (listed,) = await day.house.cases()
    done = {"as": "a01", "disposition": "explained", "text": "Fick besked."}
    assert (await day.house.api("POST", f"/cases/{listed['number']}/conclude", done))[0] == 200
    await talks.hold(day.house.runtime, Actor("agent", "a01", "agent"), True)
    if cut_off:
        await leg_ends(day, mine)
        day.clock.forward(alone.TOGETHER)
        await talks.sweep(day.house.runtime)
    else:
        assert (await post(day, "/console/phone/give")).status == 303
        assert day.peer.calls[mine]["updated"] == {"Status": "completed"}
    assert seats(day)[call.sid]["Hold"] == "false", "the music is over"
    assert await worker_of(day) == ("a03", "taken")
    assert (await kinds(day)).count("talk_handed_over") == 1
    case = await day.house.case(listed["number"])
    assert (case["status"], case["assignee"]) == ("concluded", "a01")


async def test_a_visit_stays_with_who_drives_when_they_leave_a_talk_about_it_to_another(day: Night) -> None:
    await joined(day)
    await day.house.runtime.db.run("UPDATE agents SET line = 3 WHERE id = 'a01'")
    (listed,) = await day.house.cases()
    start = day.clock.now() + timedelta(days=2)
    for verb, body in (
        ("escalate", {"as": "a01", "reason": "Omstart hjälpte inte"}),
        ("escalate", {"reason": "måste ut", "proposal": PROPOSAL}),
        (
            "plan_visit",
            {"agent": "a01", "from": start.isoformat(), "until": (start + timedelta(hours=2)).isoformat()},
        ),
    ):
        answer = await day.house.api("POST", f"/cases/{listed['number']}/{verb}", {"as": "a16", **body})
        assert answer[0] == 200, answer
    assert (await post(day, "/console/phone/give")).status == 303
    assert await worker_of(day) == ("a03", "taken")
    case = await day.house.case(listed["number"])
    assert (case["status"], case["assignee"]) == ("planned", "a01")


async def test_a_talk_that_a_lead_leaves_ends_with_its_agent_again(day: Night) -> None:
    _, mine, theirs = await joined(day)
    await leg_ends(day, theirs)
    assert seats(day)[mine]["EndConferenceOnExit"] == "true"
    await leg_ends(day, mine)
    await sweeps(day)
    assert await worker_of(day) == (None, "done")


async def test_a_caller_whom_agent_and_lead_leave_at_once_has_talked_and_is_asked_how_it_was(day: Night) -> None:
    call, mine, theirs = await joined(day)
    day.clock.forward(timedelta(minutes=1))
    await leg_ends(day, mine)
    await leg_ends(day, theirs)
    day.clock.forward(alone.TOGETHER)
    await sweeps(day)
    assert await worker_of(day) == (None, "done")
    assert "satisfied" in await call.led(day.peer.calls[call.sid]["updated"]["Url"])


async def test_a_talk_that_all_leave_is_nobodys_else(day: Night) -> None:
    call, mine, theirs = await joined(day)
    await leg_ends(day, mine)
    await call.hang_up()
    await leg_ends(day, theirs)
    day.clock.forward(alone.TOGETHER)
    await sweeps(day)
    assert await worker_of(day) == (None, "done")
    assert "talk_handed_over" not in await kinds(day)
    written = await wrapping.present(day.house.runtime, "a01")
    assert written is not None
    assert written["call"] == call.sid
