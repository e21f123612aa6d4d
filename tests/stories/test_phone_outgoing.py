"""A customer is called from the case: the agent's telephone first, then the customer into the same room, where they are
held, handed over and heard as any caller is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway import dispatch
from gateway.ledgers.reconciling import Reconciler
from gateway.phone import alone, callbacks, ringing, talks, telephony
from tests.fakes import provider as fakes
from tests.stories.test_phone_callbacks import room_of, rung_today
from tests.stories.test_phone_oncall import CALLER, OURS, Night
from tests.stories.test_phone_talks import COLLEAGUE, MINE, at_work, day, lead_joins, page, post, seats, waiting  # noqa: F401


async def case_of(day: Night) -> str:  # noqa: F811
    receipt = await day.house.report("Kabeln sitter fast i bilen", charger="21007", **{"from": {"phone": CALLER}})
    return str(receipt["case"])


async def sweep(day: Night) -> None:  # noqa: F811
    await ringing.sweep(day.house.runtime, day.port)
    await callbacks.sweep(day.house.runtime)


async def ends(day: Night, sid: str, to: str) -> None:  # noqa: F811
    fields = {"CallSid": sid, "AccountSid": fakes.ACCOUNT, "From": OURS, "To": to, "Direction": "outbound-api"}
    await day.line.post("/twilio/status", {**fields, "CallStatus": "completed"})
    await sweep(day)


async def kinds(day: Night, case: str) -> list[str]:  # noqa: F811
    return [entry["kind"] for entry in (await day.house.case(case))["timeline"]]


async def unplaced(day: Night, case: str) -> list[str | None]:  # noqa: F811
    """Why a call was not placed, as often as the case tells it."""
    told = (await day.house.case(case))["timeline"]
    assert "call_unanswered" not in [entry["kind"] for entry in told]
    return [entry["data"].get("because") for entry in told if entry["kind"] == "call_unplaced"]


async def called(day: Night) -> tuple[str, str, str]:  # noqa: F811
    """a01 and the customer talk: the case, a01's leg and the customer's."""
    case = await case_of(day)
    status, _ = await day.house.api("POST", f"/cases/{case}/call", {"as": "a01"})
    assert status == 200
    await sweep(day)
    assert day.rung() == [MINE]
    assert "ringa upp en kund" in await day.picks_up()
    room, mine = room_of(await day.picks_up("1")), day.last()[0]
    await sweep(day)
    assert day.rung()[1:] == [CALLER]
    assert "om ditt ärende" in await day.picks_up()
    assert (await day.house.case(case))["first_response_at"] is None, "a ringing telephone is no answer"
    assert room_of(await day.picks_up("1")) == room
    theirs = day.last()[0]
    day.peer.add_room(room, mine, theirs)
    return case, mine, theirs


async def item(day: Night) -> dict[str, Any]:  # noqa: F811
    row = await day.house.runtime.db.row("SELECT state, agent_id FROM work_items WHERE kind = 'outgoing'")
    assert row is not None
    return dict(row)


async def test_a_customer_who_is_called_is_held_and_taken_back(day: Night) -> None:  # noqa: F811
    case, mine, theirs = await called(day)
    assert "first_response" in await kinds(day, case)
    assert (await post(day, "/console/phone/hold")).status == 303
    assert seats(day)[theirs]["Hold"] == "true"
    assert "/console/phone/resume" in await page(day)
    await post(day, "/console/phone/resume")
    assert seats(day)[theirs]["Hold"] == "false"
    assert {"talk_held", "talk_resumed"} <= set(await kinds(day, case))
    await ends(day, theirs, CALLER)
    assert "/console/phone/hold" not in await page(day)
    await ends(day, mine, MINE)
    assert (await post(day, "/console/phone/ready", call=theirs, disposition="informed")).status == 303
    assert "call_disposed" in await kinds(day, case)
    assert await item(day) == {"state": "done", "agent_id": None}
    assert "call_ended" in await kinds(day, case)
    assert "call_unanswered" not in await kinds(day, case)
    assert (await day.house.case(case))["assignee"] is None, "who calls has not taken the case"


async def test_a_customer_who_is_called_is_handed_over_warm(day: Night) -> None:  # noqa: F811
    case, mine, customer = await called(day)
    await day.house.api("POST", f"/cases/{case}/claim", {"as": "a01"})
    await at_work(day, "a02")
    assert (await post(day, "/console/phone/consult", colleague="a02")).status == 303
    assert seats(day)[customer]["Hold"] == "true"
    await ringing.sweep(day.house.runtime, day.port)
    assert day.rung()[-1] == COLLEAGUE
    theirs = day.last()[0]
    assert 'endConferenceOnExit="false"' in await day.picks_up("1")
    seats(day)[theirs] = {}
    assert (await post(day, "/console/phone/give")).status == 303
    assert seats(day)[theirs]["EndConferenceOnExit"] == "true"
    assert seats(day)[mine]["EndConferenceOnExit"] == "false"
    assert seats(day)[customer]["Hold"] == "false"
    assert day.peer.calls[mine]["updated"] == {"Status": "completed"}
    assert (await day.house.case(case))["assignee"] == "a02"
    assert await item(day) == {"state": "taken", "agent_id": "a02"}
    await ends(day, mine, MINE)
    assert await item(day) == {"state": "taken", "agent_id": "a02"}, "the colleague talks on"
    await ends(day, theirs, COLLEAGUE)
    assert await item(day) == {"state": "done", "agent_id": None}


async def test_a_lead_may_listen_to_a_call_that_an_agent_makes(day: Night) -> None:  # noqa: F811
    _, mine, _ = await called(day)
    await day.house.hire("a03", "correct horse battery", "lead")
    await day.house.log_in("agent03@support.example", "correct horse battery")
    assert (await post(day, "/managers/talks/coach", agent="a01")).status == 303
    await ringing.sweep(day.house.runtime, day.port)
    assert f'coach="{mine}"' in await day.picks_up("1")


@pytest.mark.parametrize("lost", ["theirs", "both"])
async def test_f25_an_agent_whose_last_word_was_lost_is_on_the_line_no_more(day: Night, lost: str) -> None:  # noqa: F811
    case, mine, theirs = await called(day)
    if lost == "theirs":
        await ends(day, theirs, CALLER)
    assert await item(day) == {"state": "taken", "agent_id": "a01"}
    runtime = day.house.runtime
    lists = Reconciler(runtime, day.port, telephony.phone_door(runtime), telephony.sms_door(runtime, {OURS}))
    await lists.sweep()
    assert await item(day) == {"state": "taken", "agent_id": "a01"}, "the provider says that they are on the line"
    for leg in (mine, theirs):
        day.peer.calls[leg]["status"] = "completed"
    await lists.sweep()
    await sweep(day)
    assert await item(day) == {"state": "done", "agent_id": None}
    assert "/console/phone/hold" not in await page(day)
    assert len(await day.house.cases()) == 1, "what we rang is no report"
    await lists.sweep()
    assert (await kinds(day, case)).count("call_ended") == 1


async def test_nothing_is_offered_to_who_makes_a_call_and_a_second_is_only_noted(day: Night) -> None:  # noqa: F811
    case, _, _ = await called(day)
    await waiting(day, "+46701740606")
    assert await dispatch.sweep(day.house.runtime) == 0
    await day.house.api("POST", f"/cases/{case}/call", {"as": "a01"})
    await sweep(day)
    assert len(day.rung()) == 2
    assert (await kinds(day, case)).count("call_wanted") == 2


async def test_a_customer_who_does_not_answer_is_told_to_the_agent_and_to_the_timeline(day: Night) -> None:  # noqa: F811
    case = await case_of(day)
    await day.house.api("POST", f"/cases/{case}/call", {"as": "a01"})
    await sweep(day)
    await day.picks_up("1")
    mine = day.last()[0]
    await sweep(day)
    await day.ends("no-answer")
    await sweep(day)
    url = day.peer.calls[mine]["updated"]["Url"]
    fields = {"CallSid": mine, "AccountSid": fakes.ACCOUNT, "From": OURS, "Direction": "outbound-api"}
    for _ in range(2):
        assert "svarade inte" in (await day.line.post(url, fields))[1]
    assert await item(day) == {"state": "done", "agent_id": None}
    told = await kinds(day, case)
    assert told.count("call_unanswered") == 1
    assert "first_response" not in told


@pytest.mark.parametrize(
    ("refusal", "heard", "noted"),
    [(None, "gränsen för dygnets samtal är nådd", "cap"), (21211, "Kunden kunde inte ringas upp", None)],
)
async def test_a_customer_who_was_never_rung_is_not_said_to_have_been(
    day: Night,  # noqa: F811
    refusal: int | None,
    heard: str,
    noted: str | None,
) -> None:
    case = await case_of(day)
    await day.house.api("POST", f"/cases/{case}/call", {"as": "a01"})
    await sweep(day)
    if refusal is None:
        await rung_today(day, "customer", ringing.A_DAY["customer"] + 1)
    else:
        day.peer.refusals[CALLER] = refusal
    ended = (await day.picks_up("1")).split('action="')[1].split('"')[0]
    mine = day.last()[0]
    await sweep(day)
    fields = {"CallSid": mine, "AccountSid": fakes.ACCOUNT, "From": OURS, "Direction": "outbound-api"}
    assert heard in (await day.line.post(ended, fields))[1]
    assert await unplaced(day, case) == [noted]
    assert await item(day) == {"state": "done", "agent_id": None}


@pytest.mark.parametrize("noted", ["cap", None])
async def test_an_agent_whose_own_telephone_cannot_be_rung_reads_why_in_the_case(
    day: Night,  # noqa: F811
    noted: str | None,
) -> None:
    case = await case_of(day)
    if noted:
        await rung_today(day, "agent", ringing.A_DAY[ringing.COLLEAGUES] + 1)
    else:
        day.peer.refusals[MINE] = 21211
    await day.house.api("POST", f"/cases/{case}/call", {"as": "a01"})
    await sweep(day)
    assert await unplaced(day, case) == [noted]
    assert await item(day) == {"state": "done", "agent_id": None}


@pytest.mark.parametrize("how", ["passes", "does not answer"])
async def test_an_agent_who_does_not_take_their_own_call_rings_nobody(day: Night, how: str) -> None:  # noqa: F811
    case = await case_of(day)
    await day.house.api("POST", f"/cases/{case}/call", {"as": "a01"})
    await sweep(day)
    await (day.picks_up("2") if how == "passes" else day.ends("no-answer"))
    await sweep(day)
    assert day.rung() == [MINE]
    assert await item(day) == {"state": "done", "agent_id": None}
    row = await day.house.runtime.db.row(
        "SELECT count(*) AS n FROM rings WHERE phone IS NOT NULL OR leads_to IS NOT NULL"
    )
    assert row == {"n": 0}, "no number is kept"


async def test_who_has_no_telephone_here_calls_by_themselves(day: Night) -> None:  # noqa: F811
    await day.house.runtime.db.run("UPDATE agents SET phone = NULL")
    case = await case_of(day)
    await day.house.api("POST", f"/cases/{case}/call", {"as": "a01"})
    await sweep(day)
    assert day.rung() == []
    assert "call_wanted" in await kinds(day, case)


async def test_a_customer_whose_agent_is_cut_off_talks_on_with_the_lead_who_has_joined(day: Night) -> None:  # noqa: F811
    case, mine, customer = await called(day)
    theirs = await lead_joins(day)
    row = await day.house.runtime.db.row("SELECT id FROM rings WHERE purpose = 'outgoing'")
    assert row is not None
    fields = {"CallSid": mine, "AccountSid": fakes.ACCOUNT, "From": OURS, "Direction": "outbound-api"}
    assert (await day.line.post(f"/twilio/ring/{row['id']}/ended", fields))[0] == 200
    await ends(day, mine, MINE)
    assert seats(day)[theirs]["EndConferenceOnExit"] == "true"
    assert await item(day) == {"state": "taken", "agent_id": "a01"}
    day.clock.forward(alone.TOGETHER)
    await talks.sweep(day.house.runtime)
    assert await item(day) == {"state": "taken", "agent_id": "a03"}
    await ends(day, customer, CALLER)
    await ends(day, theirs, COLLEAGUE)
    assert await item(day) == {"state": "done", "agent_id": None}
    assert {"talk_handed_over", "call_ended"} <= set(await kinds(day, case))
    assert "call_unanswered" not in await kinds(day, case)


async def test_a_customer_whom_agent_and_lead_leave_at_once_is_not_called_again(day: Night) -> None:  # noqa: F811
    case, mine, customer = await called(day)
    theirs = await lead_joins(day)
    day.clock.forward(timedelta(minutes=1))
    await ends(day, mine, MINE)
    await ends(day, theirs, COLLEAGUE)
    day.clock.forward(alone.TOGETHER)
    await alone.sweep(day.house.runtime)
    assert day.peer.calls[customer]["updated"] == {"Status": "completed"}
    assert "callback_postponed" not in await kinds(day, case)
    assert await item(day) == {"state": "done", "agent_id": None}
