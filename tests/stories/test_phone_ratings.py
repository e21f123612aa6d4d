"""After a call: whoever did not rate it on the telephone is asked by text, and one digit is the rating of that call."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.report import Report
from gateway import emptying
from gateway.messages import outbox
from gateway.messages.post import connect_post
from gateway.phone import asking, callbacks, telephony
from tests.fakes import provider as fakes
from tests.fakes.house import Away
from tests.fakes.phone import Call
from tests.stories.test_phone_oncall import OURS, Night
from tests.stories.test_phone_outgoing import called, ends
from tests.stories.test_phone_talks import day, talking  # noqa: F401

CALLER = "+46701740605"  # of those who wait in these stories: a mobile telephone


async def ask(day: Night) -> list[str]:  # noqa: F811
    """The worker's chores; what was asked by text in all."""
    runtime = day.house.runtime
    await asking.sweep(runtime)
    async with connect_post(runtime) as post:
        facts_of = outbox.facts_from(runtime.config.public_url, None, lambda *_: [], lambda *_: "")
        await outbox.Sweeper(runtime.db, runtime.clock, post, facts_of).sweep()
    sent = [
        fields for fields in day.peer.had("POST", "Messages.json") if re.search("one digit|en siffra", fields["Body"])
    ]
    return [fields["To"] for fields in sent]


async def talked(day: Night) -> Call:  # noqa: F811
    """A talk of a minute, at whose end the caller hangs up."""
    call, _ = await talking(day)
    day.clock.forward(timedelta(minutes=1))
    await day.ends("completed")
    await callbacks.sweep(day.house.runtime)
    await call.hang_up()
    return call


async def text(day: Night, body: str, sid: str = "SManswer", sender: str = CALLER) -> None:  # noqa: F811
    fields = {"MessageSid": sid, "AccountSid": fakes.ACCOUNT, "From": sender, "To": OURS, "Body": body, "NumMedia": "0"}
    assert (await day.line.post("/twilio/sms", fields))[0] == 200


async def texted_while_away(day: Night, body: str, sid: str = "SMlate") -> Report:  # noqa: F811
    """A text that came while the record did not answer, as it was promised to be filed."""
    away = Away()
    door = telephony.sms_door(replace(day.house.runtime, intake=away, spool=away), {OURS})  # type: ignore[arg-type]
    await door.sms({"MessageSid": sid, "From": CALLER, "To": OURS, "Body": body})
    (promised,) = away.promised
    return promised


async def record_back(day: Night, promised: Report) -> None:  # noqa: F811
    """What was promised is filed from the spool, which is looked at twice."""
    await day.house.runtime.spool.keep(promised)
    for _ in range(2):
        await emptying.sweep(day.house.runtime)
    assert day.house.runtime.spool.waiting() == []


async def told(day: Night, kind: str) -> list[dict[str, Any]]:  # noqa: F811
    """What every case's timeline says of a kind."""
    cases = [await day.house.case(one["number"]) for one in await day.house.cases()]
    return [entry for case in cases for entry in case["timeline"] if entry["kind"] == kind]


async def test_a_digit_by_text_is_the_rating_of_the_call_and_no_new_case(day: Night) -> None:  # noqa: F811
    call = await talked(day)
    assert await ask(day) == [CALLER]
    assert await ask(day) == [CALLER], "once"
    (asked,) = await told(day, "survey_asked")
    assert asked["data"]["call"] == call.sid
    for _ in range(2):
        await text(day, "5")
    (rated,) = await told(day, "rated")
    assert rated["data"] == {"call": call.sid, "rating": 5, "of": 5, "by": "sms"}
    (listed,) = await day.house.cases()
    case = await day.house.case(listed["number"])
    assert [report["channel"] for report in case["reports"]] == ["phone", "sms"], "kept, with the case it is about"
    await text(day, "1", "SMagain")
    assert len(await told(day, "rated")) == 1, "the first answer stands"


async def test_a_digit_does_not_open_again_what_is_solved(day: Night) -> None:  # noqa: F811
    await talked(day)
    await ask(day)
    (listed,) = await day.house.cases()
    conclusion = {"as": "a01", "disposition": "explained", "text": "Startade om med kortet."}
    assert (await day.house.api("POST", f"/cases/{listed['number']}/conclude", conclusion))[0] == 200
    acknowledged = len(await told(day, "message_queued"))
    await text(day, "4")
    case = await day.house.case(listed["number"])
    assert case["status"] == "concluded"
    assert len(await told(day, "rated")) == 1
    assert len(await told(day, "message_queued")) == acknowledged, "an answer is not acknowledged"


@pytest.mark.parametrize(("body", "rating"), [("5", 5), (" 2.", 2), ("1!", 1)])
async def test_f10_a_digit_that_waited_in_the_spool_rates_the_call_once(
    day: Night,  # noqa: F811
    body: str,
    rating: int,
) -> None:
    call = await talked(day)
    await ask(day)
    acknowledged = len(await told(day, "message_queued"))
    await record_back(day, await texted_while_away(day, body))
    await text(day, body, "SMlate")
    (rated,) = await told(day, "rated")
    assert rated["data"] == {"call": call.sid, "rating": rating, "of": 5, "by": "sms"}
    (listed,) = await day.house.cases()
    assert [one["channel"] for one in (await day.house.case(listed["number"]))["reports"]] == ["phone", "sms"]
    assert len(await told(day, "message_queued")) == acknowledged


async def test_f10_a_digit_that_waited_is_no_answer_to_what_was_asked_since(day: Night) -> None:  # noqa: F811
    await talked(day)
    early = await texted_while_away(day, "1")
    day.clock.forward(timedelta(minutes=1))
    await ask(day)
    await record_back(day, early)
    assert await told(day, "rated") == []
    await text(day, "4")
    assert [one["data"]["rating"] for one in await told(day, "rated")] == [4]


async def test_f10_a_digit_that_waited_changes_no_rating_that_was_given_since(day: Night) -> None:  # noqa: F811
    await talked(day)
    await ask(day)
    late = await texted_while_away(day, "2")
    await text(day, "4")
    await record_back(day, late)
    assert [one["data"]["rating"] for one in await told(day, "rated")] == [4]


@pytest.mark.parametrize(
    ("body", "rating"),
    [
        ("5 tack", 5),
        ("Fem!", 5),
        ("4/5", 4),
        ("3 av 5, tack så mycket", 3),
        ("5️⃣", 5),
        ("two out of 5", 2),
        ("Neljä", 4),
    ],
)
async def test_a_digit_that_is_spelt_out_or_comes_with_thanks_is_the_rating_too(
    day: Night,  # noqa: F811
    body: str,
    rating: int,
) -> None:
    await talked(day)
    await ask(day)
    await text(day, body)
    assert [entry["data"]["rating"] for entry in await told(day, "rated")] == [rating]
    (listed,) = await day.house.cases()
    assert listed["category"] == "other", "nothing new about the case"


@pytest.mark.parametrize("body", ["0", "6", "10", "4 av 6", "5 gånger har jag ringt", "Fem laddare är trasiga", "55"])
async def test_what_is_no_rating_from_1_to_5_rates_nothing_and_is_kept(day: Night, body: str) -> None:  # noqa: F811
    await talked(day)
    await ask(day)
    await text(day, body)
    assert await told(day, "rated") == []
    kept = [
        one["text"] for case in await day.house.cases() for one in (await day.house.case(case["number"]))["reports"]
    ]
    assert body in kept
    await text(day, "5", "SMlater")
    assert [entry["data"]["rating"] for entry in await told(day, "rated")] == [5], "the question is still open"


@pytest.mark.parametrize("body", ["Fire!", "5 tack det brinner i laddaren"])
async def test_a_danger_is_no_rating(day: Night, body: str) -> None:  # noqa: F811
    await talked(day)
    await ask(day)
    await text(day, body)
    assert await told(day, "rated") == []
    assert "P1" in [listed["priority"] for listed in await day.house.cases()]


async def test_other_words_of_the_same_person_are_a_report_as_ever(day: Night) -> None:  # noqa: F811
    await talked(day)
    await ask(day)
    await text(day, "5 minuter senare slutade den ladda igen")
    assert await told(day, "rated") == []
    await text(day, "5", "SMother", sender="+46701740699")
    assert await told(day, "rated") == [], "who was not asked"


async def test_a_digit_is_no_answer_for_ever(day: Night) -> None:  # noqa: F811
    await talked(day)
    await ask(day)
    day.clock.forward(asking.PATIENCE + timedelta(minutes=1))
    await text(day, "5")
    assert await told(day, "rated") == []


async def test_who_rated_on_the_telephone_is_not_asked_again(day: Night) -> None:  # noqa: F811
    call, _ = await talking(day)
    day.clock.forward(timedelta(minutes=1))
    await call.talk()
    await call.press("4")
    await call.hang_up()
    assert await ask(day) == []
    (rated,) = await told(day, "rated")
    assert rated["data"] == {"call": call.sid, "rating": 4, "of": 5, "by": "phone"}
    assert await day.house.runtime.db.row("SELECT rating FROM calls WHERE rating IS NOT NULL") == {"rating": 4}


async def test_a_customer_who_was_called_is_asked_and_a_landline_is_not(day: Night) -> None:  # noqa: F811
    case, mine, customer = await called(day)
    day.clock.forward(timedelta(minutes=1))
    await ends(day, customer, "+46701740699")
    await ends(day, mine, "+46313900601")
    assert await ask(day) == ["+46701740699"]
    await text(day, "2", sender="+46701740699")
    (rated,) = [one for one in (await day.house.case(case))["timeline"] if one["kind"] == "rated"]
    assert rated["data"]["call"] == customer


async def test_a_landline_a_moment_and_a_danger_are_not_asked_about(day: Night) -> None:  # noqa: F811
    await talked(day)
    db = day.house.runtime.db
    for change in (
        "UPDATE call_contents SET state = jsonb_set(state, '{call,facts,phone}', '\"+46846500421\"')",
        "UPDATE calls SET answered_at = ended_at - interval '5 seconds' WHERE answered_at IS NOT NULL",
        "UPDATE cases SET priority = 'P1', category = 'safety'",
    ):
        await db.run("UPDATE calls SET asked_at = NULL")
        await db.run(change)
        assert await ask(day) == [], change
        await db.run("UPDATE call_contents SET state = jsonb_set(state, '{call,facts,phone}', '\"+46701740605\"')")
        await db.run("UPDATE calls SET answered_at = ended_at - interval '60 seconds' WHERE answered_at IS NOT NULL")
    await db.run("UPDATE cases SET priority = 'P3', category = 'no_start'")
    await db.run("UPDATE calls SET asked_at = NULL")
    assert await ask(day) == [CALLER], "and is asked about when none of these is so"


async def test_one_number_is_asked_once_a_day_and_never_who_wants_no_texts(day: Night) -> None:  # noqa: F811
    await talked(day)
    assert await ask(day) == [CALLER]
    db = day.house.runtime.db
    await db.run("UPDATE calls SET asked_at = NULL, asked_by = NULL")
    assert await ask(day) == [CALLER]
    await text(day, "STOP", "SMstop")
    day.clock.forward(timedelta(days=2))
    await db.run("UPDATE calls SET asked_at = NULL, ended_at = ended_at + interval '2 days'")
    assert await ask(day) == [CALLER]
