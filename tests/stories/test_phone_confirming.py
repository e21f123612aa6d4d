"""Whether it is solved, by key and by text: who has the number and the code of a case says yes or no on the telephone,
and who was asked by text answers with one word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from channels.solved import NO, YES
from gateway import casenumber, telling
from gateway.languages import CUSTOMERS, PAGES, catalogue
from gateway.ledgers.reconciling import Reconciler
from gateway.messages import outbox
from gateway.messages.post import connect_post
from gateway.phone import telephony
from gateway.phone.lookups import CODE_MISSES
from tests.fakes import provider as fakes
from tests.fakes.house import count
from tests.fakes.phone import Call
from tests.stories.test_phone_oncall import OURS, Night
from tests.stories.test_phone_ratings import CALLER, ask, record_back, talked, text, texted_while_away
from tests.stories.test_phone_talks import day  # noqa: F401

STRANGER = "+46701740699"  # a telephone that nobody has reported from
DONE = {"as": "a01", "disposition": "solved_remotely", "text": "Startade om."}


async def concluded(day: Night, **more: Any) -> tuple[str, str]:  # noqa: F811
    """The number and the code of a case that a01 has solved."""
    receipt = await day.house.report("Laddaren startar inte", **{"charger": "21007", "from": {"phone": CALLER}, **more})
    case = receipt["case"]
    await day.house.api("POST", f"/cases/{case}/claim", {"as": "a01"})
    assert (await day.house.api("POST", f"/cases/{case}/conclude", DONE))[0] == 200
    return case, await code_of(day, receipt["report"])


async def code_of(day: Night, report: int) -> str:  # noqa: F811
    row = await day.house.runtime.db.row("SELECT code FROM reports WHERE id = %(id)s", {"id": report})
    assert row is not None
    return str(row["code"])


async def asks(day: Night, case: str, code: str, caller: str = STRANGER) -> Call:  # noqa: F811
    """A caller who asks how a case stands, in English."""
    call = await day.line.call(caller)
    for keys in ("2", "2", "4", case.replace("-", "") + "#", code):
        await call.press(keys)
    return call


async def told(day: Night, case: str, *kinds: str) -> list[dict[str, Any]]:  # noqa: F811
    return [one for one in (await day.house.case(case))["timeline"] if one["kind"] in kinds]


async def test_one_confirms_and_closes_and_who_calls_again_is_not_asked(day: Night) -> None:  # noqa: F811
    case, code = await concluded(day)
    call = await asks(day, case, code)
    assert "Is it solved? For yes, press 1." in call.now_hears
    assert "glad that it is solved" in await call.press("1")
    assert call.over
    confirmed, closed = await told(day, case, "confirmed", "closed")
    assert (confirmed["actor"]["kind"], confirmed["data"]) == ("customer", {"by": "phone"})
    assert closed["data"] == {"confirmed": True}
    again = await asks(day, case, code)
    assert "Your case is closed" in again.now_hears
    assert "Is it solved" not in again.now_hears
    await again.press("1")
    await again.hang_up()
    assert len(await told(day, case, "confirmed", "closed", "reopened")) == 2
    assert (await day.house.case(case))["status"] == "closed"
    assert len(await day.house.cases()) == 1, "who was only told leaves no report behind"


@pytest.mark.parametrize("disposition", ["duplicate", "spam"])
async def test_whose_case_was_no_matter_of_its_own_is_not_told_that_it_is_solved_nor_asked(
    day: Night,  # noqa: F811
    disposition: str,
) -> None:
    receipt = await day.house.report("Laddaren startar inte", charger="21007", **{"from": {"phone": CALLER}})
    case, code = receipt["case"], await code_of(day, receipt["report"])
    await day.house.api("POST", f"/cases/{case}/claim", {"as": "a01"})
    await day.house.api("POST", f"/cases/{case}/conclude", {**DONE, "disposition": disposition})
    call = await asks(day, case, code)
    assert "Your case is closed." in call.now_hears
    assert "solved" not in call.now_hears
    assert await told(day, case, "confirmed", "closed", "reopened") == []
    await call.press("0")
    assert not call.over, "a person is asked for"


async def test_a_case_that_an_agent_brought_into_others_is_found_by_every_number_it_had(day: Night) -> None:  # noqa: F811
    """In whole, and again with those that it was brought to; a code fits no case that its report was never in."""
    texts = ("Displayen är svart", "Kabeln sitter fast", "Priset stämmer inte")
    receipts = [
        await day.house.report(text, charger=charger, **{"from": {"phone": f"+4670174061{nth}"}})
        for nth, (text, charger) in enumerate(zip(texts, ("21007", "21052", "21235"), strict=True))
    ]
    first, second, third = (receipt["case"] for receipt in receipts)
    for source, target in ((first, second), (second, third)):
        assert (await day.house.api("POST", f"/cases/{target}/attach", {"as": "a01", "case": source}))[0] == 200
    await day.house.api("POST", f"/cases/{third}/claim", {"as": "a01"})
    codes = [await code_of(day, receipt["report"]) for receipt in receipts]
    for number, code in ((first, 0), (second, 0), (third, 0), (second, 1), (third, 1), (third, 2)):
        assert "A person is working on your case" in (await asks(day, number, codes[code])).now_hears
    for number, code in ((first, 1), (first, 2), (second, 2)):
        assert "do not match" in (await asks(day, number, codes[code])).now_hears


async def test_a_report_that_an_agent_moved_is_confirmed_by_the_number_it_was_given_first(day: Night) -> None:  # noqa: F811
    first, second = [
        await day.house.report("Kabeln sitter fast", charger=charger, **{"from": {"phone": CALLER}})
        for charger in ("21007", "21235")
    ]
    case, (other, _) = first["case"], await concluded(day, charger="21052")
    for target, moved in ((case, {"case": second["case"]}), (other, {"report": second["report"]})):
        assert (await day.house.api("POST", f"/cases/{target}/attach", {"as": "a01", **moved}))[0] == 200
    call = await asks(day, case, await code_of(day, second["report"]))
    assert "Is it solved?" in call.now_hears
    await call.press("1")
    assert [len(await told(day, one, "confirmed")) for one in (case, other)] == [0, 1]
    assert "do not match" in (await asks(day, other, await code_of(day, first["report"]))).now_hears


async def test_codes_of_a_case_are_guessed_at_twenty_times_a_day_in_whatever_calls(day: Night) -> None:  # noqa: F811
    case, code = await concluded(day)
    other, its_code = await concluded(day, charger="21052")
    wrong = next(guess for guess in ("1111", "2222") if guess != code)
    for nth in range(CODE_MISSES):
        assert "do not match" in (await asks(day, case, wrong, f"+467017407{nth:02}")).now_hears
        if nth == CODE_MISSES - 2:
            assert "Is it solved?" in (await asks(day, case, code)).now_hears
    for nth, guess in enumerate((code, wrong)):
        refused = (await asks(day, case, guess, f"+4670174080{nth}")).now_hears
        assert "A person will help you instead" in refused
        assert "solved" not in refused
    assert "Is it solved?" in (await asks(day, other, its_code)).now_hears
    day.clock.forward(timedelta(days=1, seconds=1))
    assert "Is it solved?" in (await asks(day, case, code)).now_hears
    assert "do not match" in (await asks(day, case, wrong)).now_hears
    assert "Is it solved?" in (await asks(day, case, code)).now_hears


async def test_a_number_of_no_case_is_wrong_and_counted_nowhere(day: Night) -> None:  # noqa: F811
    assert "do not match" in (await asks(day, casenumber.number(99_999), "4711")).now_hears
    assert await count(day.house.runtime.db, "code_misses") == 0


async def test_the_same_press_again_confirms_once_and_how_it_went_is_asked_once(day: Night) -> None:  # noqa: F811
    case, code = await concluded(day)
    first, second = await asks(day, case, code), await asks(day, case, code)
    await first.press("1")
    assert "glad that it is solved" in await second.press("1")
    assert len(await told(day, case, "confirmed")) == 1
    assert len(await told(day, case, "closed")) == 1
    assert len(await told(day, case, "survey_asked")) == 1
    rows = await day.house.runtime.db.rows("SELECT channel FROM messages WHERE kind = 'closed'")
    assert [row["channel"] for row in rows] == ["sms"]


async def test_two_opens_the_case_again_for_the_same_agent_and_leads_on_to_a_person(day: Night) -> None:  # noqa: F811
    case, code = await concluded(day)
    first, second = await asks(day, case, code), await asks(day, case, code)
    assert "opened your case again" in await first.press("2")
    assert not first.over
    (reopened,) = await told(day, case, "reopened")
    assert reopened["data"]["because"] == "customer_says_not_solved"
    stands = await day.house.case(case)
    assert (stands["status"], stands["assignee"]) == ("assigned", "a01")
    assert [report["channel"] for report in stands["reports"]] == ["api", "phone"]
    assert "not solved" in stands["reports"][1]["text"]
    waits = await day.house.runtime.db.row(
        "SELECT c.sid FROM calls c JOIN reports r ON r.id = c.report_id AND r.case_id = c.case_id"
        " WHERE r.call_sid = c.sid AND c.queued_at IS NOT NULL"
    )
    assert waits == {"sid": first.sid}, "in line, with the case"
    await second.press("2")
    assert len(await told(day, case, "reopened")) == 1, "whoever says so too changes nothing more"
    assert len(await day.house.cases()) == 1
    await first.hang_up()
    assert len((await day.house.case(case))["reports"]) == 3, "one report a call"


async def test_f24_a_doubled_worst_rating_closes_no_case(day: Night) -> None:  # noqa: F811
    await talked(day)
    await ask(day)
    (listed,) = await day.house.cases()
    assert (await day.house.api("POST", f"/cases/{listed['number']}/conclude", DONE))[0] == 200
    await ask(day)
    for _ in range(3):
        await text(day, "1")
    assert [one["data"]["rating"] for one in await told(day, listed["number"], "rated")] == [1]
    assert await told(day, listed["number"], "confirmed", "closed") == []
    await text(day, "1", "SMnext")
    assert len(await told(day, listed["number"], "confirmed")) == 1, "another message is another answer"


async def test_two_at_night_puts_the_case_before_its_equals(day: Night) -> None:  # noqa: F811
    case, code = await concluded(day)
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "offline"})
    day.clock.forward(timedelta(minutes=1))
    other = (await day.house.report("Laddaren startar inte", charger="21052", **{"from": {"phone": STRANGER}}))["case"]
    await (await asks(day, case, code, "+46701740611")).press("2")
    rows = await day.house.runtime.db.rows(
        "SELECT case_id FROM work_items WHERE kind = 'case' AND state = 'waiting' ORDER BY priority, arrived_at, id"
    )
    ours, theirs = (int(number.partition("-")[0]) for number in (case, other))
    assert [row["case_id"] for row in rows] == [ours, theirs]
    assert (await day.house.case(case))["status"] == "open"


async def test_a_number_without_its_code_and_the_reporters_own_telephone_give_no_right(day: Night) -> None:  # noqa: F811
    case, code = await concluded(day)
    call = await asks(day, case, "0000" if code != "0000" else "0001", CALLER)
    assert "do not match" in call.now_hears
    await call.press("1")
    await call.hang_up()
    assert (await day.house.case(case))["status"] == "concluded"
    assert await told(day, case, "confirmed", "reopened") == []


async def test_whoever_says_nothing_or_hangs_up_has_not_answered(day: Night) -> None:  # noqa: F811
    case, code = await concluded(day)
    silent = await asks(day, case, code)
    while not silent.over:
        await silent.wait()
    await (await asks(day, case, code)).hang_up()
    assert (await day.house.case(case))["status"] == "concluded"
    assert await told(day, case, "confirmed", "reopened") == []
    assert len(await day.house.cases()) == 1


async def test_of_several_reporters_one_yes_waits_for_the_others(day: Night) -> None:  # noqa: F811
    receipt = await day.house.report("Laddaren startar inte", charger="21007", **{"from": {"phone": CALLER}})
    other = await day.house.report("Laddaren startar inte alls", charger="21007", **{"from": {"phone": STRANGER}})
    case = receipt["case"]
    assert other["case"] == case
    await day.house.api("POST", f"/cases/{case}/claim", {"as": "a01"})
    await day.house.api("POST", f"/cases/{case}/conclude", DONE)
    codes = [await code_of(day, one["report"]) for one in (receipt, other)]
    await (await asks(day, case, codes[0])).press("1")
    assert (await day.house.case(case))["status"] == "concluded"
    assert "Is it solved" not in (await asks(day, case, codes[0])).now_hears
    await (await asks(day, case, codes[1])).press("1")
    assert (await day.house.case(case))["status"] == "closed"
    assert len(await told(day, case, "confirmed")) == 2


async def sent(day: Night) -> list[tuple[str, str]]:  # noqa: F811
    """The texts that have left: to whom, and what."""
    runtime = day.house.runtime
    async with connect_post(runtime) as post:
        facts_of = outbox.facts_from(runtime.config.public_url, None, lambda *_: [], lambda *_: "")
        await outbox.Sweeper(runtime.db, runtime.clock, post, facts_of).sweep()
    return [(fields["To"], fields["Body"]) for fields in day.peer.had("POST", "Messages.json")]


async def test_yes_by_text_confirms_and_closes_once(day: Night) -> None:  # noqa: F811
    case, _ = await concluded(day)
    assert any(to == CALLER and "Svara JA eller NEJ" in body for to, body in await sent(day))
    for _ in range(2):
        await text(day, "Ja!", "SMyes", CALLER)
    (confirmed,) = await told(day, case, "confirmed")
    assert (confirmed["actor"]["kind"], confirmed["data"]) == ("customer", {"by": "sms"})
    (closed,) = await told(day, case, "closed")
    assert closed["data"] == {"confirmed": True}
    stands = await day.house.case(case)
    assert stands["status"] == "closed"
    assert [report["channel"] for report in stands["reports"]] == ["api", "sms"]
    last = (await sent(day))[-1]
    assert (last[0], "Hur gick det?" in last[1]) == (CALLER, True), "asked once, and by text"
    assert len(await told(day, case, "survey_asked")) == 1
    assert len(await day.house.cases()) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [("Ja, det funkar nu, tack!", "closed"), ("\U0001f44d", "closed"), ("Nej, det funkar inte", "assigned")],
)
async def test_an_answer_in_a_few_words_is_one(day: Night, body: str, status: str) -> None:  # noqa: F811
    """It opened a case of its own, and the one that was asked about stayed as it was."""
    case, _ = await concluded(day)
    await sent(day)
    await text(day, body, "SManswer", CALLER)
    (stands,) = await day.house.cases()
    assert (stands["number"], stands["status"]) == (case, status)


async def test_no_by_text_opens_it_again_for_the_same_agent_once(day: Night) -> None:  # noqa: F811
    case, _ = await concluded(day)
    await sent(day)
    for _ in range(2):
        await text(day, "nej", "SMno", CALLER)
    (reopened,) = await told(day, case, "reopened")
    assert reopened["data"]["because"] == "customer_says_not_solved"
    stands = await day.house.case(case)
    assert (stands["status"], stands["assignee"]) == ("assigned", "a01")
    assert len(stands["reports"]) == 2
    assert len(await day.house.cases()) == 1


@pytest.mark.parametrize("word", ["Ja!", "yes", "1"])
async def test_f10_a_yes_that_waited_in_the_spool_confirms_and_closes_once(day: Night, word: str) -> None:  # noqa: F811
    case, _ = await concluded(day)
    await sent(day)
    await record_back(day, await texted_while_away(day, word))
    await text(day, word, "SMlate", CALLER)
    (confirmed, closed) = await told(day, case, "confirmed", "closed")
    assert (confirmed["actor"]["kind"], confirmed["data"]) == ("customer", {"by": "sms"})
    assert closed["data"] == {"confirmed": True}
    assert (await day.house.case(case))["status"] == "closed"
    assert len(await day.house.cases()) == 1


async def test_f10_a_no_that_waited_in_the_spool_opens_it_again(day: Night) -> None:  # noqa: F811
    case, _ = await concluded(day)
    await sent(day)
    await record_back(day, await texted_while_away(day, "nej"))
    (reopened,) = await told(day, case, "reopened")
    assert reopened["data"]["because"] == "customer_says_not_solved"
    assert len(await day.house.cases()) == 1


async def test_f10_a_yes_that_waited_is_none_to_a_conclusion_that_is_newer(day: Night) -> None:  # noqa: F811
    case, _ = await concluded(day)
    await sent(day)
    late = await texted_while_away(day, "ja")
    await text(day, "nej", "SMno", CALLER)
    day.clock.forward(timedelta(hours=1))
    assert (await day.house.api("POST", f"/cases/{case}/conclude", DONE))[0] == 200
    await sent(day)
    await record_back(day, late)
    assert await told(day, case, "confirmed", "closed") == []
    row = await day.house.runtime.db.row("SELECT flags FROM reports ORDER BY id DESC LIMIT 1")
    assert row == {"flags": []}, "a report for people"


@pytest.mark.parametrize("way", ["key", "text"])
async def test_no_is_told_to_the_other_reporters_once(day: Night, way: str) -> None:  # noqa: F811
    receipt = await day.house.report("Laddaren startar inte", charger="21007", **{"from": {"phone": CALLER}})
    for sender in ({"phone": STRANGER}, {"email": "third@example.net"}):
        other = await day.house.report("Laddaren startar inte alls", charger="21007", **{"from": sender})
        assert other["case"] == receipt["case"]
    case = receipt["case"]
    await day.house.api("POST", f"/cases/{case}/claim", {"as": "a01"})
    assert (await day.house.api("POST", f"/cases/{case}/conclude", DONE))[0] == 200
    await sent(day)
    for nth in range(2):
        if way == "text":
            await text(day, "nej", f"SMno{nth}", CALLER)
        else:
            await (await asks(day, case, await code_of(day, receipt["report"]), CALLER)).press("2")
    assert len(await told(day, case, "reopened")) == 1
    rows = await day.house.runtime.db.rows(
        "SELECT m.channel, coalesce(t.sender_phone, t.sender_email) AS who FROM messages m"
        " JOIN report_contents t USING (report_id) WHERE m.kind = 'reopened' ORDER BY m.channel"
    )
    assert rows == [{"channel": "email", "who": "third@example.net"}, {"channel": "sms", "who": STRANGER}]
    assert any(to == STRANGER and f"Ärende {case} är öppet igen" in body for to, body in await sent(day))


async def test_a_text_that_the_number_cannot_receive_says_so_on_the_case(day: Night) -> None:  # noqa: F811
    case, _ = await concluded(day)
    await sent(day)
    row = await day.house.runtime.db.row("SELECT provider_id FROM messages WHERE kind = 'concluded'")
    assert row is not None
    fields = {"AccountSid": fakes.ACCOUNT, "MessageSid": row["provider_id"], "MessageStatus": "undelivered"}
    await day.line.post("/twilio/status", {**fields, "ErrorCode": "30006"})
    (failed,) = await told(day, case, "message_failed")
    assert failed["data"]["because"] == "no_texts"
    said = [telling.tell("message_failed", failed["data"], None, language) for language in PAGES]
    assert said == [
        "Ett meddelande via SMS gick inte ut: numret kan inte ta emot sms",
        "A message by SMS did not go out: the number cannot receive SMS",
    ]


@pytest.mark.parametrize(
    ("status", "error", "because"),
    [("undelivered", 30006, "no_texts"), ("failed", 30003, "unreachable"), ("undelivered", None, None)],
)
async def test_a_text_that_did_not_arrive_is_noted_when_the_word_of_it_was_lost(
    day: Night,  # noqa: F811
    status: str,
    error: int | None,
    because: str | None,
) -> None:
    case, _ = await concluded(day)
    await sent(day)
    runtime = day.house.runtime
    lists = Reconciler(runtime, day.port, telephony.phone_door(runtime), telephony.sms_door(runtime, {OURS}))
    since = day.clock.now() - timedelta(hours=1)
    await lists.compare(since)
    row = await runtime.db.row("SELECT provider_id, state FROM messages WHERE kind = 'concluded'")
    assert row is not None
    assert row["state"] == "sent", "what is under way may yet arrive"
    day.peer.messages[row["provider_id"]].update(status=status, error_code=error)
    for _ in range(2):
        await lists.compare(since)
    stands = await runtime.db.row("SELECT state, reason FROM messages WHERE kind = 'concluded'")
    assert stands == {"state": "failed", "reason": f"the provider could not deliver it ({error or status})"}
    (failed,) = await told(day, case, "message_failed")
    assert failed["data"].get("because") == because


async def test_only_the_number_that_was_asked_answers(day: Night) -> None:  # noqa: F811
    case, _ = await concluded(day)
    await text(day, "ja", "SMearly", CALLER)
    assert (await day.house.case(case))["status"] == "concluded", "nothing was asked yet"
    await sent(day)
    await text(day, "ja", "SMstranger", STRANGER)
    await day.house.runtime.db.run("UPDATE messages SET state = 'failed' WHERE kind = 'concluded'")
    await text(day, "ja", "SMunasked", CALLER)  # a text that never arrived has asked nobody
    assert (await day.house.case(case))["status"] == "concluded"
    assert await told(day, case, "confirmed", "closed") == []


async def test_a_word_answers_nothing_when_two_cases_were_asked_about(day: Night) -> None:  # noqa: F811
    case, _ = await concluded(day)
    other, _ = await concluded(day, charger="21052")
    assert other != case
    await sent(day)
    await text(day, "ja", "SMwhich", CALLER)
    for one in (case, other):
        assert (await day.house.case(one))["status"] == "concluded"
        assert await told(day, one, "confirmed", "reopened") == []
    await (await asks(day, other, await code_of_case(day, other))).press("1")
    await text(day, "ja", "SMthis", CALLER)
    assert (await day.house.case(case))["status"] == "closed", "and the one that is left, when one is"


async def code_of_case(day: Night, case: str) -> str:  # noqa: F811
    (first, *_) = (await day.house.case(case))["reports"]
    return await code_of(day, first["id"])


async def test_the_answer_to_an_older_conclusion_is_none_to_the_newer(day: Night) -> None:  # noqa: F811
    case, _ = await concluded(day)
    await sent(day)
    await text(day, "NEJ", "SMno", CALLER)
    day.clock.forward(timedelta(hours=1))
    assert (await day.house.api("POST", f"/cases/{case}/conclude", DONE))[0] == 200
    await sent(day)
    await text(day, "JA", "SMyes", CALLER)
    assert (await day.house.case(case))["status"] == "closed"
    assert [one["kind"] for one in await told(day, case, "reopened", "confirmed")] == ["reopened", "confirmed"]


async def test_who_wrote_a_mail_and_asked_for_a_text_answers_by_it(day: Night) -> None:  # noqa: F811
    receipt = await day.house.report(
        "Kabeln sitter fast", charger="21052", **{"from": {"email": "therese@example.net"}}
    )
    case, link = receipt["case"], "/s/" + receipt["status_url"].rpartition("/")[2]
    await day.house.client.post(f"{link}/text", data={"phone": CALLER}, allow_redirects=False)
    await day.house.api("POST", f"/cases/{case}/conclude", DONE)
    await sent(day)
    await text(day, "Ja", "SMyes", CALLER)
    assert (await day.house.case(case))["status"] == "closed", "the answer itself is nobody who has yet to be heard"
    assert len(await told(day, case, "confirmed")) == 1


async def test_asked_about_a_call_and_a_case_a_digit_rates_and_a_word_confirms(day: Night) -> None:  # noqa: F811
    await talked(day)
    await ask(day)
    (listed,) = await day.house.cases()
    case = listed["number"]
    assert (await day.house.api("POST", f"/cases/{case}/conclude", DONE))[0] == 200
    await sent(day)
    await text(day, "1", "SMdigit")
    (rated,) = await told(day, case, "rated")
    assert rated["data"]["rating"] == 1
    assert (await day.house.case(case))["status"] == "concluded"
    await text(day, "1", "SMagain")
    assert (await day.house.case(case))["status"] == "closed", "once the call is rated, 1 means yes as well"
    assert len(await told(day, case, "rated")) == 1


def test_the_question_tells_in_every_language_which_words_answer_it() -> None:
    words = {"sv": "JA NEJ", "en": "YES NO", "no": "JA NEI", "da": "JA NEJ", "fi": "KYLLÄ EI", "de": "JA NEIN"}
    assert words.keys() == set(CUSTOMERS)
    for language, (yes, no) in ((language, both.split()) for language, both in words.items()):
        told = catalogue(language).gettext("sms.concluded")
        assert f" {yes} " in told
        assert f" {no}," in told
        assert yes.casefold() in YES
        assert no.casefold() in NO
