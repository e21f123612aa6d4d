"""Somebody answers while the caller keys a number or leaves a message: the two meet, and nothing is lost."""

from __future__ import annotations

import pytest

from tests.fakes.phone import Call
from tests.stories.test_phone_oncall import Night
from tests.stories.test_phone_talks import day, ring, waiting  # noqa: F401


async def brought(day: Night, call: Call) -> str:  # noqa: F811
    """a01 presses 1, and the provider leads the call to where it is sent; what the caller then hears."""
    day.peer.add_call(sid=call.sid, status="in-progress")
    await ring(day)
    await day.picks_up("1")
    (sent,) = day.peer.had("POST", f"Calls/{call.sid}.json")
    assert call.waits is not None
    assert sent["Url"].endswith(call.waits.get("action", "-").rpartition("/twilio/")[2])
    return await call.wait()


def meets(call: Call) -> bool:
    return call.waits is not None and call.waits.findtext("Conference") == f"call-{call.sid}"


async def test_who_leaves_a_message_is_brought_to_who_answers_and_it_is_kept(day: Night) -> None:  # noqa: F811
    call = await waiting(day)
    assert "Leave your message" in await call.press("2")
    assert call.waits is not None
    await call._callback(call.waits, call._recorded(7))
    assert "connecting" in await brought(day, call)
    assert meets(call)
    rows = await day.house.runtime.db.rows("SELECT call_sid, state, seconds, report_id FROM recordings")
    assert [(row["call_sid"], row["state"], row["seconds"]) for row in rows] == [(call.sid, "announced", 7)]
    assert rows[0]["report_id"], "in the case"


@pytest.mark.parametrize("before", [[], ["12#"], [""]])
async def test_who_keys_a_number_is_brought_to_who_answers(day: Night, before: list[str]) -> None:  # noqa: F811
    call = await waiting(day, "anonymous")
    assert "where we can reach you" in await call.press("1")
    for keys in before:
        assert "did not get that" in await (call.press(keys) if keys else call.wait())
    assert "connecting" in await brought(day, call)
    assert meets(call)
    row = await day.house.runtime.db.row("SELECT kind, state FROM work_items")
    assert row == {"kind": "call", "state": "taken"}, "no call-back beside the talk"
