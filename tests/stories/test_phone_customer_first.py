"""A queue whose call-backs ring the customer first: who calls is said, a person is brought, nobody meets silence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from gateway import dispatch
from gateway.config import load
from gateway.phone import callbacks, customer_first, ringing
from tests.fakes import provider as fakes
from tests.fakes.clock import LeaseClock
from tests.fakes.phone import Call
from tests.stories.test_phone_callbacks import MORNING, erased, is_over, kinds, leg, room_of, timeline, waiting
from tests.stories.test_phone_oncall import CALLER, LAST, MOBILE, NIGHT, OURS, Night, opened

AGENT, OTHER = "+46313900601", "+46313900602"
RULES = Path(__file__).parents[2] / "routing"
PASSWORD = "a quiet shift for everybody"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def day(environ: dict[str, str], database_url: str, redis_url: str) -> AsyncIterator[Night]:
    """One colleague is at work; the helpdesk rings customers first."""
    rules = Path(environ["DATA_DIR"]) / "rules"
    rules.mkdir(parents=True)
    text = (RULES / "queues.toml").read_text(encoding="utf-8")
    changed = text.replace("[queues.helpdesk]\n", '[queues.helpdesk]\ncallback = "customer first"\n')
    (rules / "queues.toml").write_text(changed, encoding="utf-8")
    peer = fakes.Provider()
    async with TestServer(peer.app()) as server:
        given = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            **fakes.variables(server, OURS),
            "RECORDING_CONSENT": "never",
            "LAST_RESORT_NUMBER": LAST,
        }
        async with opened(load({**environ, **given}), peer, LeaseClock(NIGHT, database_url)) as house:
            await at_work(house, "a01")
            yield house
        assert peer.violations == []


async def at_work(day: Night, agent: str, activity: str = "available") -> None:
    await day.house.api("POST", "/agents/me/activity", {"as": agent, "activity": activity})


async def work(day: Night) -> None:
    for _ in range(2):
        await ringing.sweep(day.house.runtime, day.port)
        await callbacks.sweep(day.house.runtime)
        await customer_first.sweep(day.house.runtime)
        await dispatch.sweep(day.house.runtime)
    await ringing.sweep(day.house.runtime, day.port)


async def wanted(day: Night, caller: str = CALLER, *, known: bool = False) -> Call:
    """A caller who would rather be called back, and is rung by now."""
    call = await waiting(day, caller, known=known)
    assert "ringer" in await call.press("1")
    await work(day)
    assert day.rung()[-1] == caller
    return call


async def customer(day: Night, digits: str = "", *, ring: str, sid: str) -> str:
    return await leg(day, ring, sid, **({"Digits": digits} if digits else {}))


async def item(day: Night) -> dict[str, Any]:
    row = await day.house.runtime.db.row(
        "SELECT state, agent_id, tries, not_before - lease_now() AS later FROM work_items WHERE kind = 'callback'"
    )
    assert row is not None
    return dict(row)


async def texts(day: Night) -> list[str]:
    rows = await day.house.runtime.db.rows(
        "SELECT c.text FROM messages m JOIN message_contents c ON c.message_id = m.id"
        " WHERE m.kind LIKE 'callback%' ORDER BY m.id"
    )
    return [row["text"] for row in rows]


async def test_the_customer_is_rung_first_and_the_agent_once_a_person_has_pressed_1(day: Night) -> None:
    await wanted(day)
    assert day.rung() == [CALLER], "nobody else's telephone rings yet"
    sid, ring = day.last()
    assert (await item(day))["agent_id"] == "a01", "who is kept for it"
    assert "laddsupporten som ringer upp som du bad om" in await day.picks_up()
    heard = await day.picks_up("1")
    assert "Vi söker en medarbetare till dig nu" in heard
    assert "<Play>" in heard
    day.clock.forward(timedelta(seconds=2))
    await work(day)
    assert day.rung() == [CALLER, AGENT]
    mine = day.last()[0]
    assert "Du är först på tur" in await customer(day, ring=ring, sid=sid)
    assert "vill tala med dig" in await day.picks_up()
    document = await day.picks_up("1")
    assert await day.picks_up("1") == document
    room, ended = room_of(document), document.split('action="')[1].split('"')[0]
    assert day.peer.calls[sid]["updated"]["Url"].endswith(ring.partition("/twilio/")[2]), "brought at once"
    assert room_of(await customer(day, ring=ring, sid=sid)) == room
    assert (await item(day))["state"] == "taken"
    day.clock.forward(2 * MINUTE)
    await day.line.post(
        "/twilio/status",
        {
            "CallSid": sid,
            "AccountSid": fakes.ACCOUNT,
            "From": OURS,
            "To": CALLER,
            "CallStatus": "completed",
            "Direction": "outbound-api",
        },
    )
    assert "Hej då" in await leg(day, ended, mine)
    assert (await item(day))["state"] == "done"
    told = await kinds(day)
    order = ["callback_wanted", "callback_picked_up", "first_response", "callback_done"]
    assert [kind for kind in told if kind in order] == order
    (over,) = [entry for entry in await timeline(day) if entry["kind"] == "call_ended" and entry["data"].get("talked")]
    assert (over["data"]["talked"], over["actor"]["id"]) == (120, "a01"), "talked, and not waited"
    assert await texts(day) == []


async def test_who_does_not_answer_or_is_a_machine_costs_no_agent_anything_and_is_tried_again(day: Night) -> None:
    day.clock.forward(MORNING)
    await wanted(day)
    for nth, pause in enumerate((*callbacks.AGAIN, None)):
        assert len(day.rung()) == nth + 1
        if nth % 2:
            await day.picks_up()  # a voicemail presses nothing
            await day.ends("completed")
        else:
            await day.ends("no-answer")
        await work(day)
        assert set(day.rung()) == {CALLER}, "the agent's telephone never rang"
        if pause:
            assert (await item(day))["later"] == pause
            day.clock.forward(pause)
            await work(day)
    assert (await item(day))["state"] == "done"
    told = [kind for kind in await kinds(day) if kind.startswith("callback_")]
    assert told == ["callback_wanted", *["callback_missed"] * 3, "callback_given_up"]
    assert ["nådde dig inte" in text for text in await texts(day)] == [True, True, True, False]
    row = await day.house.runtime.db.row("SELECT misses, activity FROM agents WHERE id = 'a01'")
    assert row == {"misses": 0, "activity": "available"}
    states = await day.house.runtime.db.rows(
        "SELECT DISTINCT o.state FROM offers o JOIN work_items w ON w.id = o.item_id WHERE w.kind = 'callback'"
    )
    assert states == [{"state": "withdrawn"}]


async def test_an_agent_who_does_not_take_it_leaves_the_customer_to_the_next_who_hears_so_meanwhile(day: Night) -> None:
    await wanted(day)
    sid, ring = day.last()
    await day.picks_up("1")
    await at_work(day, "a02")
    await work(day)
    assert day.rung()[-1] == AGENT
    await day.ends("no-answer")
    await work(day)
    assert day.rung() == [CALLER, AGENT, OTHER], "the customer is not rung again"
    assert "Du är först på tur" in await customer(day, ring=ring, sid=sid)
    assert "nästa" in await day.picks_up("2")
    await work(day)
    assert day.rung()[-1] == AGENT, "who missed it is asked again when nobody else may"
    assert room_of(await day.picks_up("1")) == room_of(await customer(day, ring=ring, sid=sid))


async def test_when_nobody_comes_the_customer_is_told_when_we_call_again_and_it_is_no_try(day: Night) -> None:
    await wanted(day)
    sid, ring = day.last()
    await day.picks_up("1")
    for _ in range(8):
        day.clock.forward(timedelta(seconds=22))
        await work(day)
        assert "Du är först på tur" in await customer(day, ring=ring, sid=sid)
        await at_work(day, "a01")
    day.clock.forward(timedelta(seconds=22))
    heard = await customer(day, ring=ring, sid=sid)
    assert "Vi ringer dig igen. Om vi kan skicka sms till dig säger ett när" in heard, "who wants none is promised none"
    assert "<Hangup" in heard
    assert await customer(day, ring=ring, sid=sid) == heard, "asked again"
    assert (await item(day)) == {"state": "waiting", "agent_id": None, "tries": 0, "later": timedelta(minutes=10)}
    assert (await kinds(day)).count("callback_postponed") == 1
    (text,) = await texts(day)
    assert "ingen av oss var ledig" in text
    calls = len(day.rung())
    day.clock.forward(9 * MINUTE)
    await work(day)
    assert len(day.rung()) == calls
    day.clock.forward(2 * MINUTE)
    await at_work(day, "a01")
    await work(day)
    assert day.rung()[-1] == CALLER


@pytest.mark.parametrize("why", ["pressed 2", "everybody has left"])
async def test_the_customer_may_rather_be_called_later_and_is_told_when_everybody_has_left(
    day: Night, why: str
) -> None:
    await wanted(day)
    sid, ring = day.last()
    await day.picks_up("1")
    await work(day)
    assert day.rung()[-1] == AGENT
    if why != "pressed 2":
        await at_work(day, "a01", "offline")
    assert "Vi ringer dig igen" in await customer(day, "2" if why == "pressed 2" else "", ring=ring, sid=sid)
    assert (await item(day))["tries"] == 0
    assert "callback_postponed" in await kinds(day)
    assert "Någon annan har redan tagit det" in await day.picks_up("1"), "the agent's telephone, which still rang"


@pytest.mark.parametrize("picked_up", [False, True])
async def test_a_customer_who_picks_up_as_their_case_is_concluded_is_not_hung_up_on(
    day: Night, picked_up: bool
) -> None:
    await wanted(day, MOBILE)
    sid, ring = day.last()
    if picked_up:
        await day.picks_up("1")
    (listed,) = await day.house.cases()
    done = {"as": "a02", "disposition": "solved_remotely", "text": "Startade om."}
    assert (await day.house.api("POST", f"/cases/{listed['number']}/conclude", done))[0] == 200
    if not picked_up:
        await customer(day, "1", ring=ring, sid=sid)
    await work(day)
    assert "Du är först på tur" in await customer(day, ring=ring, sid=sid)
    assert day.rung()[-1] == AGENT
    assert room_of(await day.picks_up("1")) == room_of(await customer(day, ring=ring, sid=sid))


async def test_a_customer_who_hangs_up_before_anybody_came_is_tried_again(day: Night) -> None:
    await wanted(day)
    await day.picks_up("1")
    await day.ends("completed")
    assert await customer_first.sweep(day.house.runtime) == 1
    assert await customer_first.sweep(day.house.runtime) == 0
    await work(day)
    assert (await item(day)) == {"state": "waiting", "agent_id": None, "tries": 1, "later": timedelta(minutes=10)}
    assert [kind for kind in await kinds(day) if kind == "callback_missed"] == ["callback_missed"]
    assert AGENT not in day.rung()


async def test_an_agent_who_presses_1_after_the_customer_has_hung_up_rings_them_anew(day: Night) -> None:
    await wanted(day)
    sid = day.last()[0]
    await day.picks_up("1")
    await work(day)
    assert day.rung()[-1] == AGENT
    gone = {"CallSid": sid, "AccountSid": fakes.ACCOUNT, "From": OURS, "To": CALLER, "CallStatus": "completed"}
    await day.line.post("/twilio/status", {**gone, "Direction": "outbound-api"})
    assert "ringer upp kunden" in await day.picks_up("1")
    await work(day)
    assert day.rung()[-1] == CALLER
    assert "ringer upp som du bad om" in await day.picks_up()


async def test_an_agent_who_declines_while_the_customers_telephone_rings_is_replaced_and_it_rings_once(
    day: Night,
) -> None:
    await wanted(day)
    sid, ring = day.last()
    await at_work(day, "a02")
    (offer,) = await dispatch.offers_to(day.house.runtime.db, "a01")
    await day.house.api("POST", f"/offers/{offer['id']}/decline", {"as": "a01"})
    await work(day)
    assert (await item(day))["agent_id"] == "a02"
    assert day.rung() == [CALLER]
    await leg(day, ring, sid, Digits="1")
    await work(day)
    assert day.rung() == [CALLER, OTHER]


async def test_who_is_kept_reads_whose_telephone_rings(day: Night) -> None:
    await day.house.hire("a01", PASSWORD)
    assert (await day.house.log_in("agent01@support.example", PASSWORD)).status == 303
    await wanted(day)
    rings = "Kundens telefon ringer; din ringer när kunden har svarat."
    shown = await (await day.house.client.get("/console?language=sv")).text()
    assert rings in shown
    assert "/decline" in shown
    assert "/accept" not in shown
    await day.picks_up("1")
    assert rings not in await (await day.house.client.get("/console?language=sv")).text()


async def test_who_is_erased_as_they_are_rung_first_rings_no_more_and_frees_whoever_was_kept(
    day: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    await wanted(day)
    told = await erased(day, monkeypatch)
    assert day.peer.calls[day.last()[0]]["updated"] == {"Status": "completed"}
    assert ("offer", "a01") in [(event["type"], event.get("agent")) for event in told]
    assert await is_over(day)
    assert await texts(day) == []


async def test_who_is_erased_on_the_line_may_stay_and_is_not_tried_again(
    day: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    await wanted(day)
    sid, ring = day.last()
    await day.picks_up("1")
    await erased(day, monkeypatch)
    assert "updated" not in day.peer.calls[sid]
    await customer(day, "2", ring=ring, sid=sid)
    assert (await item(day))["state"] == "done"
    assert "<Conference>" not in await day.picks_up("1")
    assert await texts(day) == []


async def test_only_the_queues_that_say_so_ring_the_customer_first(day: Night) -> None:
    call = await waiting(day)
    await call.press("1")
    await day.house.runtime.db.run("UPDATE work_items SET queue = 'billing' WHERE kind = 'callback'")
    await work(day)
    assert day.rung() == [AGENT]
