"""The phone over the real record: a walked call is a case like any other, once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from channels.phone_report import TROUBLE, report_of
from channels.report import RemoteAnswer
from gateway.config import Config, load
from gateway.phone import telephony
from gateway.record.db import Unavailable
from gateway.web.phone import WEBHOOKS
from ivr.engine import CallState
from ivr.prompts import Phrases, read_catalogues
from ivr.twiml import fallback
from tests.fakes.house import Away, House, count, open_house
from tests.fakes.phone import Call, Line, read
from tests.fakes.wire import Wire

OURS = "+46313900100"
CALLER = "+46846500421"
PASSWORD = "a quiet shift for everybody"


@pytest.fixture
def config(environ: dict[str, str], database_url: str, redis_url: str) -> Config:
    return load(
        {
            **environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "TWILIO_NUMBERS": OURS,
            "RECORDING_CONSENT": "never",
            "TWILIO_AUTH_TOKEN": "token-of-the-provider",
            "LAST_RESORT_NUMBER": "+46313900199",
        }
    )


@asynccontextmanager
async def line_to(house: House) -> AsyncIterator[Line]:
    async with aiohttp.ClientSession() as session:
        config = house.runtime.config
        url = str(house.client.make_url("/")).rstrip("/")
        yield Line(session, url, config.twilio_auth_token, number=OURS, public_url=config.public_url.rstrip("/"))


@pytest.fixture
async def line(house: House) -> AsyncIterator[Line]:
    async with line_to(house) as opened:
        yield opened


async def described(line: Line, words: str = "kabeln sitter fast och jag kommer inte härifrån") -> Call:
    call = await line.call(CALLER)
    for keys in ("1", "2", "1"):
        await call.press(keys)
    await call.press("21007#")
    await call.press("1")
    await call.press("9")
    await call.speak(words)
    await call.press("1")
    return call


async def to_status(house: House, line: Line, filed: Mapping[str, Any], caller: str) -> Call:
    """A caller who has proved by number and code which case they mean."""
    row = await house.runtime.db.row("SELECT code FROM reports WHERE id = %(report)s", {"report": filed["report"]})
    assert row is not None
    call = await line.call(caller)
    for keys in ("1", "2", "4", filed["case"].replace("-", "") + "#", row["code"]):
        await call.press(keys)
    return call


async def to_known_fault(house: House, line: Line) -> tuple[Call, str]:
    """A caller who was just told that we know about their charger, and the number of that case."""
    for caller in ("+46846500422", "+46846500423"):
        filed = await house.report(
            "Laddaren är helt död och svarar inte", charger="21007", **{"from": {"phone": caller}}
        )
    call = await line.call("+46846500424")
    for keys in ("1", "2", "1", "21007#", "1"):
        await call.press(keys)
    assert "känner redan till" in call.now_hears
    return call, filed["case"]


async def test_a_walk_through_the_flow_is_a_case_with_all_that_was_said(house: House, line: Line) -> None:
    call = await described(line)
    (listed,) = await house.cases()
    assert ", ".join(listed["number"].replace("-", "")) in call.now_hears
    case = await house.case(listed["number"])
    assert (case["charger"], case["site"], case["language"], case["sla_level"]) == ("21007", "s001", "sv", "premium")
    assert case["channels"] == ["phone"]
    assert case["reasons"]["priority"]
    (report,) = case["reports"]
    assert "kabeln sitter fast" in report["text"]
    assert report["from"]["phone"] == CALLER


async def test_every_request_twice_is_one_case_f24(house: House, line: Line) -> None:
    line.repeat = 2
    call = await described(line)
    await call.press("3")
    assert len(await house.cases()) == 1
    assert await count(house.runtime.db, "calls") == 1


async def test_b16_a_hang_up_half_way_is_a_case_to_call_back(house: House, line: Line) -> None:
    call = await line.call(CALLER)
    for keys in ("1", "2", "1"):
        await call.press(keys)
    await call.press("21007#")
    await call.press("1")
    await call.hang_up()
    (listed,) = await house.cases()
    case = await house.case(listed["number"])
    assert case["charger"] == "21007"
    assert "Samtalet bröts" in case["reports"][0]["text"]


@pytest.mark.parametrize(
    "way",
    [
        ("1", "2", "1", "21007#", "1", "9", "kabeln sitter fast", "1"),
        ("2", "1", "2"),
        ("1", "2", "5", "jag har betalat två gånger", "1"),
    ],
    ids=["fault", "danger", "other"],
)
async def test_b16_a_hang_up_after_any_turn_is_in_a_case(house: House, line: Line, way: tuple[str, ...]) -> None:
    calls: list[Call] = []
    for turns in range(len(way) + 1):
        call = await line.call(f"+4684650042{turns}")
        for act in way[:turns]:
            if call.waits is None or call.waits.tag != "Gather":
                break
            await (call.press(act) if act.rstrip("#").isdigit() else call.speak(act))
        await call.hang_up()
        calls.append(call)
    told = [
        (report, case["status"])
        for listed in await house.cases()
        for case in [await house.case(listed["number"])]
        for report in case["reports"]
    ]
    assert {report["from"]["phone"] for report, _ in told} == {call.caller for call in calls}
    assert len(told) == len(calls)
    rows = await house.runtime.db.rows("SELECT call_sid, flags FROM reports ORDER BY id")
    assert [row["call_sid"] for row in rows] == [call.sid for call in calls]
    assert all(row["flags"] == ["call_dropped"] for row in rows[:2]), "to be called back"


async def test_danger_is_a_p1_in_the_emergency_queue_and_is_put_through(house: House, line: Line) -> None:
    call = await line.call(CALLER)
    await call.press("1")
    told = await call.press("1")
    assert "Ring ett ett två" in told
    (listed,) = await house.cases()
    assert (listed["priority"], listed["queue"], listed["category"]) == ("P1", "emergency", "safety")
    await call.wait()
    assert call.waits is not None
    assert call.waits.tag == "Dial"
    assert call.waits[0].text == "+46313900199"


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("det ryker och luktar bränt från stolpen på Stationsgatan 43 i Umeå", ()),
        ("det brinner i laddaren hjälp", ()),
        ("jag fick en stöt när jag tog i kontakten, vi står vid badhuset", ()),
        ("det gnistrar ur luckan på Solrosen", ("99999#",)),
    ],
)
async def test_danger_that_is_said_where_a_place_is_asked_for_reaches_a_person_at_once(
    house: House, line: Line, words: str, first: tuple[str, ...]
) -> None:
    call = await line.call("+46701740605")
    for keys in ("1", "2", "1", *first):
        await call.press(keys)
    assert "Ring" in await call.speak(words)
    (listed,) = await house.cases()
    assert (listed["priority"], listed["queue"], listed["category"]) == ("P1", "emergency", "safety")
    (report,) = (await house.case(listed["number"]))["reports"]
    assert words in report["text"]
    assert "tryckte 1" not in report["text"]
    await call.wait()
    assert call.waits is not None
    assert call.waits[0].text == "+46313900199"


@pytest.mark.parametrize(
    ("caller", "key", "words", "told"),
    [
        (CALLER, "1", "det brinner i laddaren och folk är skadade", "Ring ett ett två"),
        ("anonymous", "1", "det slår ut lågor ur stolpen bredvid bilen", "Ring ett ett två"),
        ("anonymous", "2", "there is smoke coming out of the charging station", "Call 1 1 2"),
        (CALLER, "2", "I got an electric shock when I touched the plug", "Call 1 1 2"),
        (CALLER, "5", "laturi on tulessa", "Call 1 1 2"),
        ("anonymous", "6", "die Ladesäule brennt", "Call 1 1 2"),
    ],
)
async def test_danger_that_is_told_in_words_is_answered_at_once_and_asked_nothing_more(
    house: House, line: Line, caller: str, key: str, words: str, told: str
) -> None:
    call = await line.call(caller)
    for keys in (key, "2", "1", "*", "9"):
        await call.press(keys)
    assert told in await call.speak(words)
    assert not call.over
    (listed,) = await house.cases()
    assert (listed["priority"], listed["queue"], listed["category"]) == ("P1", "emergency", "safety")
    (report,) = (await house.case(listed["number"]))["reports"]
    assert words in report["text"]


@pytest.mark.parametrize(
    "words", ["kabeln sitter fast", "det luktar inget konstigt, den startar bara inte", "jag vill ha ett kvitto"]
)
async def test_who_tells_of_no_danger_is_asked_for_their_number_as_ever(house: House, line: Line, words: str) -> None:
    call = await line.call("anonymous")
    for keys in ("1", "2", "1", "*", "9"):
        await call.press(keys)
    assert "Slå in numret" in await call.speak(words)


async def test_all_that_is_said_of_the_place_is_in_the_case(house: House, line: Line) -> None:
    call = await line.call(CALLER)
    for keys in ("1", "2", "1"):
        await call.press(keys)
    await call.speak("vid det gula huset bakom ICA")
    await call.speak("Solrosen")
    await call.press("1")
    await call.hang_up()
    (listed,) = await house.cases()
    (report,) = (await house.case(listed["number"]))["reports"]
    assert "vid det gula huset bakom ICA" in report["text"]


async def test_what_no_text_may_hold_is_no_technical_problem_in_what_was_heard(house: House, line: Line) -> None:
    call = await line.call(CALLER)
    for keys in ("1", "2", "1"):
        await call.press(keys)
    assert "inte hittat rätt laddare" in await call.speak("vid\x00det gula huset")
    await call.hang_up()
    (listed,) = await house.cases()
    (report,) = (await house.case(listed["number"]))["reports"]
    assert "vid\ufffddet gula huset" in report["text"]


async def test_what_no_text_may_hold_is_no_technical_problem_in_a_callers_number(house: House, line: Line) -> None:
    call = await line.call("+4670\x00174")
    for keys in ("1", "2", "0"):
        assert "tekniskt problem" not in await call.press(keys)
    await call.hang_up()
    assert len(await house.cases()) == 1
    assert await house.runtime.db.row("SELECT status FROM calls") == {"status": "completed"}


@pytest.mark.parametrize("words", ["eh", "hallå", "jag vet inte", "vänta lite"])
async def test_an_owners_number_is_no_place_where_none_is_said(house: House, line: Line, words: str) -> None:
    call = await line.call("+46701740605")
    for keys in ("1", "2", "1"):
        await call.press(keys)
    assert "inte hittat rätt laddare" in await call.speak(words)


async def test_a_caller_is_connected_to_whoever_claims_the_case(house: House, line: Line) -> None:
    async with house.runtime.db.connection() as connection:
        await connection.execute("UPDATE agents SET activity = 'available'")
    call = await described(line)
    told = await call.press("1")
    assert "näst på tur" in told
    (listed,) = await house.cases()
    status, _ = await house.api("POST", f"/cases/{listed['number']}/claim", {"as": "a01"})
    assert status == 200
    await call.wait()
    dial = call.waits
    assert dial.tag == "Dial"
    assert dial[0].text == "+46313900601"
    leg = {
        "CallSid": "CAleg",
        "ParentCallSid": call.sid,
        "AccountSid": line.account,
        "From": CALLER,
        "To": dial[0].text,
        "Direction": "outbound-dial",
    }
    _, whisper = await line.post(dial[0].get("url"), leg)
    assert "tryck 1" in whisper
    await line.post("/twilio/voice/1", {**leg, "Digits": "1"})
    await house.runtime.db.run("UPDATE calls SET answered_at = answered_at - interval '2 minutes'")
    assert "nöjd" in await call.talk()
    await call.press("5")
    case = await house.case(listed["number"])
    assert case["first_response_at"]
    kinds = [entry["kind"] for entry in case["timeline"]]
    assert {"call_queued", "first_response", "rated"} <= set(kinds)


async def test_a_key_that_is_pressed_when_the_caller_has_hung_up_is_no_answer(house: House, line: Line) -> None:
    async with house.runtime.db.connection() as connection:
        await connection.execute("UPDATE agents SET activity = 'available'")
    call = await described(line)
    await call.press("1")
    (listed,) = await house.cases()
    assert (await house.api("POST", f"/cases/{listed['number']}/claim", {"as": "a01"}))[0] == 200
    await call.wait()
    await call.hang_up()
    leg = {
        "CallSid": "CAleg",
        "ParentCallSid": call.sid,
        "AccountSid": line.account,
        "From": CALLER,
        "To": "+46313900601",
    }
    await line.post("/twilio/voice/1", {**leg, "Digits": "1"})
    case = await house.case(listed["number"])
    assert case["first_response_at"] is None
    assert "first_response" not in [entry["kind"] for entry in case["timeline"]]


@pytest.mark.parametrize("over", [True, False])
async def test_a_restart_that_is_answered_when_the_caller_has_hung_up_is_in_their_case_once(
    house: House, line: Line, monkeypatch: pytest.MonkeyPatch, over: bool
) -> None:
    answers = asyncio.Event()

    async def restart(charger: str) -> RemoteAnswer:
        await answers.wait()
        return RemoteAnswer.ACCEPTED

    monkeypatch.setattr(house.runtime.chargers, "restart", restart)
    monkeypatch.setattr(house.app[WEBHOOKS].phone, "_deadline", 0.3)
    call = await line.call(CALLER)
    for keys in ("1", "2", "1", "21007#", "1", "1"):
        await call.press(keys)
    while "starta om laddaren" not in call.now_hears:
        await call.press("2")
    assert "Ett ögonblick" in await call.press("1"), "the charger has not answered"
    if over:
        await call.hang_up()
        assert len(await house.cases()) == 1
    answers.set()
    await line.post(call.urls[-1], {"CallSid": call.sid, "AccountSid": line.account, "From": CALLER, "To": OURS})
    await call.hang_up()
    (listed,) = await house.cases()
    (acted,) = [one for one in (await house.case(listed["number"]))["timeline"] if one["kind"] == "remote_action"]
    assert (acted["data"]["charger"], acted["data"]["act"], acted["data"]["answer"]) == ("21007", "restart", "Accepted")


@pytest.mark.parametrize(("charger", "key"), [("21045", "2"), ("21235", "3"), ("21007", None)])
async def test_the_connector_that_holds_the_cable_is_asked_where_the_charger_has_several(
    house: House, line: Line, charger: str, key: str | None
) -> None:
    call = await line.call(CALLER)
    for keys in ("1", "2", "1", f"{charger}#", "1", "3"):
        await call.press(keys)
    while "låsa upp uttaget" not in call.now_hears:
        await call.press("2")
    told = await call.press("1")
    assert ("Vilket uttag" in told) == (key is not None)
    if key:
        await call.press(key)
    await call.hang_up()
    (listed,) = await house.cases()
    case = await house.case(listed["number"])
    tried = [entry["data"]["connector"] for entry in case["timeline"] if entry["kind"] == "remote_action"]
    assert tried == [int(key or "1")]
    row = await house.runtime.db.row("SELECT charger_id, connector FROM reports")
    assert row == {"charger_id": charger, "connector": int(key or "1")}


async def test_a_known_fault_is_told_to_the_next_caller(house: House, line: Line) -> None:
    for caller in ("+46846500422", "+46846500423"):
        await house.report("Laddaren är helt död och svarar inte", charger="21007", **{"from": {"phone": caller}})
    call = await line.call("+46846500424")
    for keys in ("1", "2", "1"):
        await call.press(keys)
    await call.press("21007#")
    told = await call.press("1")
    assert "känner redan till" in told
    assert "mobilnummer" in await call.press("1")
    await call.press("0701740605#")
    assert call.over
    (listed,) = await house.cases()
    assert len((await house.case(listed["number"]))["reports"]) == 3


async def test_a_number_one_digit_off_and_a_spoken_street_are_found(house: House, line: Line) -> None:
    call = await line.call(CALLER)
    for keys in ("1", "2", "1"):
        await call.press(keys)
    told = await call.press("71007#")
    assert "Menade du laddare 2, 1, 0, 0, 7" in told
    await call.press("2")
    told = await call.speak("det är på stationsgatan fyrtiotre i umeå")
    assert "Solrosen" in told


async def test_the_status_of_a_case_is_told_for_number_and_code_only(house: House, line: Line) -> None:
    await described(line)
    row = await house.runtime.db.row("SELECT case_id, code FROM reports")
    assert row is not None
    (listed,) = await house.cases()
    call = await line.call("+46846500425")
    for keys in ("1", "2", "4"):
        await call.press(keys)
    await call.press(listed["number"].replace("-", "") + "#")
    told = await call.press(row["code"])
    assert "mottaget" in told


@pytest.mark.parametrize("caller", ["+46846500422", "+46846500429"])
async def test_who_was_told_how_their_case_stands_and_wants_a_person_comes_with_it(
    house: House, line: Line, caller: str
) -> None:
    filed = await house.report("Laddaren är helt död och svarar inte", charger="21007", **{"from": {"phone": CALLER}})
    call = await to_status(house, line, filed, caller)
    assert ", ".join(filed["case"].replace("-", "")) in await call.press("0")
    (listed,) = await house.cases()
    assert listed["number"] == filed["case"]
    assert len((await house.case(filed["case"]))["reports"]) == 2


async def test_who_was_told_that_their_case_is_solved_and_wants_a_person_opens_it(house: House, line: Line) -> None:
    filed = await house.report("Laddaren är helt död och svarar inte", charger="21007", **{"from": {"phone": CALLER}})
    done = {"as": "a01", "disposition": "solved_remotely", "text": "Startade om."}
    assert (await house.api("POST", f"/cases/{filed['case']}/conclude", done))[0] == 200
    call = await to_status(house, line, filed, "+46846500429")
    await call.press("0")
    (listed,) = await house.cases()
    assert (listed["number"], listed["status"]) == (filed["case"], "open")


async def test_who_hears_the_status_and_hangs_up_has_reported_nothing(house: House, line: Line) -> None:
    filed = await house.report("Laddaren är helt död och svarar inte", charger="21007", **{"from": {"phone": CALLER}})
    call = await to_status(house, line, filed, "+46846500429")
    await call.hang_up()
    assert len((await house.case(filed["case"]))["reports"]) == 1


@pytest.mark.parametrize("key", ["2", "0"])
async def test_who_wants_a_person_because_of_a_known_fault_is_one_of_its_case(
    house: House, line: Line, key: str
) -> None:
    call, fault = await to_known_fault(house, line)
    await call.press(key)
    (listed,) = await house.cases()
    assert listed["number"] == fault
    assert len((await house.case(fault))["reports"]) == 3
    assert ", ".join(fault.replace("-", "")) in " ".join(call.heard)


async def test_who_calls_about_something_else_than_the_known_fault_has_a_case_of_their_own(
    house: House, line: Line
) -> None:
    call, fault = await to_known_fault(house, line)
    for key in ("3", "5"):
        await call.press(key)
    await call.speak("sidan av stolpen är påkörd och hänger")
    await call.press("1")
    assert {case["category"] for case in await house.cases() if case["number"] != fault} == {"damage"}


@pytest.mark.parametrize("ways", [("1", "*2"), ("2", "*1"), ("1", "*2", "*5", "*4"), ("3", "*6", "")])
async def test_the_language_that_was_chosen_last_is_that_of_the_next_call(
    house: House, line: Line, ways: tuple[str, ...]
) -> None:
    for way in ways:
        call = await line.call(CALLER)
        for key in (*way, "2", "0"):
            await call.press(key)
        await call.hang_up()
    chosen = next(way[-1] for way in reversed(ways) if way)
    language = {"1": "sv", "2": "en", "4": "da", "5": "fi", "6": "de"}[chosen]
    row = await house.runtime.db.row("SELECT array_agg(language) AS spoken FROM people")
    assert row is not None
    assert row["spoken"] == [language]
    again = await line.call(CALLER)
    assert again.languages[0] == {"sv": "sv-SE", "da": "sv-SE"}.get(language, "en-GB")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("1", "tjugoettusen sju"),
        ("1", "det är nummer tjugoett tusen noll sju"),
        ("2", "it's twenty-one thousand and seven"),
        ("3", "tjueettusen og sju"),
        ("4", "enogtyvetusind og syv"),
        ("5", "kaksikymmentäyksituhatta seitsemän"),
        ("6", "einundzwanzigtausendsieben"),
    ],
)
async def test_a_charger_number_is_heard_as_one_says_it(house: House, line: Line, language: str, said: str) -> None:
    call = await line.call(CALLER)
    for key in (language, "2", "1"):
        await call.press(key)
    await call.speak(said)
    assert "2, 1, 0, 0, 7" in call.now_hears


async def test_who_was_not_asked_for_a_language_has_chosen_none(house: House, line: Line) -> None:
    call = await line.call(CALLER)
    for key in ("2", "2", "0"):
        await call.press(key)
    await call.hang_up()
    runtime, phrases = house.runtime, Phrases(read_catalogues())
    unasked = CallState("danger", facts={"phone": CALLER})
    await runtime.intake.accept(report_of("CA1", unasked, runtime.clock.now(), phrases, (TROUBLE,)))
    assert (await line.call(CALLER)).languages[0] == "en-GB"


async def test_a_text_message_is_a_case_too(house: House, line: Line) -> None:
    fields = {"MessageSid": "SM1", "AccountSid": line.account, "From": CALLER, "To": OURS, "Body": "21007 startar inte"}
    for _ in range(2):
        assert (await line.post("/twilio/sms", fields))[0] == 200
    (listed,) = await house.cases()
    assert (listed["charger"], listed["channels"]) == ("21007", ["sms"])
    await line.post("/twilio/sms", {**fields, "MessageSid": "SM2", "Body": "STOPP"})
    row = await house.runtime.db.row("SELECT stopped_at FROM identities WHERE value = '+46846500421'")
    assert row is not None
    assert row["stopped_at"] is not None


async def test_b19_what_no_text_may_hold_is_marked_and_kept_raw_and_turns_no_page_round(
    house: House, line: Line
) -> None:
    body = "21007 st\x00år still \u202eikke\u2067 \U0001f525"
    fields = {"MessageSid": "SM1", "AccountSid": line.account, "From": CALLER, "To": OURS, "Body": body}
    assert (await line.post("/twilio/sms", fields))[0] == 200
    row = await house.runtime.db.row("SELECT text, raw FROM report_contents")
    assert row is not None
    assert row["text"] == body.replace("\x00", "\ufffd")
    assert json.loads(row["raw"])["Body"] == body
    await house.hire("a01", PASSWORD)
    await house.log_in("agent01@support.example", PASSWORD)
    (listed,) = await house.cases()
    page = await (await house.client.get(f"/console/cases/{listed['number']}")).text()
    assert "21007 st\ufffdår still ikke \U0001f525" in page
    assert not {"\u202e", "\u2067", "\x00"}.intersection(page)


def wish(line: Line, nth: int, word: str) -> dict[str, str]:
    return {"MessageSid": f"SM{nth}", "AccountSid": line.account, "From": CALLER, "To": OURS, "Body": word}


async def test_who_wants_no_texts_hears_what_one_would_tell_and_is_promised_none(house: House, line: Line) -> None:
    mobile = "+46701740691"
    asked = await line.call(mobile)
    for key in ("1", "2", "0"):
        await asked.press(key)
    assert "kod för att fråga" not in asked.now_hears
    await asked.hang_up()
    assert (await line.post("/twilio/sms", wish(line, 1, "STOP") | {"From": mobile}))[0] == 200
    call = await line.call(mobile)
    for key in ("2", "0"):
        await call.press(key)
    assert "kod för att fråga" in call.now_hears
    await call.hang_up()
    for other in ("+46846500422", "+46846500423"):
        await house.report("Laddaren är helt död", charger="21007", **{"from": {"phone": other}})
    follower = await line.call(mobile)
    for keys in ("2", "1", "21007#", "1", "1"):
        await follower.press(keys)
    assert "mobilnummer" in follower.now_hears
    await follower.press("0701740691#")
    assert "Vi kan inte skicka" in follower.now_hears
    assert (await line.post("/twilio/sms", wish(line, 2, "START") | {"From": mobile}))[0] == 200
    again = await line.call(mobile)
    for key in ("2", "0"):
        await again.press(key)
    assert "kod för att fråga" not in again.now_hears


@pytest.mark.parametrize("words", ["STOP", "Stoppa", "Sluta skicka sms"])
async def test_b20_a_wish_for_no_texts_is_nobodys_work(house: House, line: Line, words: str) -> None:
    """The words alone were judged: an agent was offered a charging that had stopped, or an account to end."""
    assert (await line.post("/twilio/sms", wish(line, 1, words)))[0] == 200
    (kept,) = await house.cases()
    assert (kept["status"], kept["due_at"]) == ("closed", None)
    assert await stopped(house)
    told = (await house.case(kept["number"]))["timeline"]
    assert [entry["kind"] for entry in told] == ["opened", "concluded", "closed"]


async def test_who_says_start_may_mean_the_charging_and_is_looked_after(house: House, line: Line) -> None:
    assert (await line.post("/twilio/sms", wish(line, 1, "Starta")))[0] == 200
    (kept,) = await house.cases()
    assert kept["status"] == "open"


async def test_b20_a_wish_for_no_texts_opens_no_case_again_and_the_next_report_is_work(
    house: House, line: Line
) -> None:
    assert (await line.post("/twilio/sms", wish(line, 1, "21007 startar inte")))[0] == 200
    (case,) = await house.cases()
    for verb, body in (("claim", {}), ("conclude", {"disposition": "solved_remotely", "text": "Omstartad."})):
        status, told = await house.api("POST", f"/cases/{case['number']}/{verb}", {**body, "as": "a01"})
        assert status == 200, told
    assert (await line.post("/twilio/sms", wish(line, 2, "Stopp tack")))[0] == 200
    assert {one["status"] for one in await house.cases()} <= {"concluded", "closed"}
    assert (await line.post("/twilio/sms", wish(line, 3, "21007 startar fortfarande inte")))[0] == 200
    assert "open" in {one["status"] for one in await house.cases()}


async def stopped(house: House) -> bool:
    row = await house.runtime.db.row("SELECT stopped_at FROM identities WHERE value = %(phone)s", {"phone": CALLER})
    return row is not None and row["stopped_at"] is not None


async def test_b20_a_wish_of_the_spool_is_granted_and_one_that_was_taken_back_is_not_repeated(
    house: House, line: Line
) -> None:
    runtime, away = house.runtime, Away()
    door = telephony.sms_door(replace(runtime, intake=away, spool=away), {OURS})  # type: ignore[arg-type]
    await door.sms(wish(line, 1, "STOP"))
    await runtime.spool.keep(away.promised[0])
    assert await runtime.spool.empty(runtime.intake.accept) == 1
    assert await stopped(house)
    assert (await line.post("/twilio/sms", wish(line, 2, "START")))[0] == 200
    assert not await stopped(house)
    assert (await line.post("/twilio/sms", wish(line, 1, "STOP")))[0] == 200
    assert not await stopped(house), "the provider's repeat of the first"


@pytest.mark.parametrize(
    ("words", "filed", "silent"),
    [
        (("STOP", "START"), (1, 0), False),
        (("start", "Stopp"), (1, 0), True),
        (("STOP", "START", "SLUTA"), (2, 0, 1), True),
        (("STOP", "START", "STOP", "START"), (3, 1, 2, 0), False),
        (("STOP", "START"), (0, 1), False),
    ],
)
async def test_b20_what_was_wished_last_holds_whichever_wish_is_filed_first(
    house: House, line: Line, words: tuple[str, ...], filed: tuple[int, ...], silent: bool
) -> None:
    runtime, away = house.runtime, Away()
    await line.post("/twilio/sms", wish(line, 99, "21007 startar inte"))
    door = telephony.sms_door(replace(runtime, intake=away, spool=away), {OURS})  # type: ignore[arg-type]
    for nth, word in enumerate(words):
        await door.sms(wish(line, nth, word))
    for nth in filed:
        await runtime.intake.accept(away.promised[nth])
    assert await stopped(house) is silent


async def test_f10_the_record_away_in_mid_call_is_spooled_and_comes_back_once(config: Config) -> None:
    wire = Wire(config.database_url or "")
    await wire.mend()
    try:
        async with open_house(config, database_url=wire.url) as house, line_to(house) as line:
            call = await line.call(CALLER)
            await call.press("1")
            await wire.cut()
            await call.press("2")
            while call.waits is not None and call.waits.tag != "Record":
                await call.wait()
            assert "går inte förlorat" in " ".join(call.heard)
            await call.record(14, callback=False)
            assert "Vi har tagit emot" in call.now_hears
            assert len(house.runtime.spool.waiting()) == 1
            await wire.mend()
            async with asyncio.timeout(20):
                while house.runtime.spool.waiting():
                    await asyncio.sleep(0.05)
            (listed,) = await house.cases()
            assert listed["channels"] == ["phone"]
    finally:
        await wire.cut()


async def test_f10_b16_what_was_told_before_the_record_went_away_is_in_the_case(config: Config) -> None:
    wire = Wire(config.database_url or "")
    await wire.mend()
    try:
        async with open_house(config, database_url=wire.url) as house, line_to(house) as line:
            call = await line.call(CALLER)
            for keys in ("2", "2", "1", "21007#", "1", "9"):
                await call.press(keys)
            await wire.cut()
            await call.speak("the screen is black and nothing happens")
            assert call.waits is not None
            assert call.waits.tag == "Record"
            await call.record(14, callback=False)
            assert "We have your report" in call.now_hears
            await wire.mend()
            async with asyncio.timeout(20):
                while house.runtime.spool.waiting():
                    await asyncio.sleep(0.05)
            (listed,) = await house.cases()
            case = await house.case(listed["number"])
            assert (case["charger"], case["site"], case["language"]) == ("21007", "s001", "en")
            (report,) = case["reports"]
            assert report["text"].startswith("the screen is black and nothing happens")
            assert "14 seconds" in report["text"]
    finally:
        await wire.cut()


@pytest.mark.parametrize("message", [False, True])
async def test_f10_a_yes_by_key_while_the_record_is_away_closes_the_case_when_it_is_back(
    config: Config, message: bool
) -> None:
    wire = Wire(config.database_url or "")
    await wire.mend()
    try:
        async with open_house(config, database_url=wire.url) as house, line_to(house) as line:
            receipt = await house.report("Laddaren startar inte", charger="21007", **{"from": {"phone": CALLER}})
            case = receipt["case"]
            done = {"as": "a01", "disposition": "solved_remotely", "text": "Startade om."}
            await house.api("POST", f"/cases/{case}/claim", {"as": "a01"})
            assert (await house.api("POST", f"/cases/{case}/conclude", done))[0] == 200
            row = await house.runtime.db.row("SELECT code FROM reports")
            assert row is not None
            call = await line.call("+46701740699")
            for keys in ("2", "2", "4", case.replace("-", "") + "#", row["code"]):
                await call.press(keys)
            assert "Is it solved?" in call.now_hears
            await wire.cut()
            await call.press("1")
            if message:
                while call.waits is not None and call.waits.tag != "Record":
                    await call.wait()
                await call.record(9, callback=False)
            else:
                call.waits = None  # before the tone
                await call.hang_up()
            assert len(house.runtime.spool.waiting()) == 1
            await wire.mend()
            async with asyncio.timeout(20):
                while house.runtime.spool.waiting():
                    await asyncio.sleep(0.05)
            stands = await house.case(case)
            assert stands["status"] == "closed"
            (confirmed,) = [one for one in stands["timeline"] if one["kind"] == "confirmed"]
            assert confirmed["data"] == {"by": "phone"}
            assert len(await house.cases()) == 1 + message, "a message is heard by a person"
    finally:
        await wire.cut()


@pytest.mark.parametrize("hangs_up", [False, True])
async def test_f10_a_rating_by_key_while_the_record_is_away_counts_when_it_is_back(
    config: Config, hangs_up: bool
) -> None:
    wire = Wire(config.database_url or "")
    await wire.mend()
    try:
        async with open_house(config, database_url=wire.url) as house, line_to(house) as line:
            await house.runtime.db.run("UPDATE agents SET activity = 'available'")
            call = await described(line)
            await call.press("1")
            (listed,) = await house.cases()
            await house.api("POST", f"/cases/{listed['number']}/claim", {"as": "a01"})
            await call.wait()
            leg = {"CallSid": "CAleg", "ParentCallSid": call.sid, "AccountSid": line.account, "Digits": "1"}
            await line.post("/twilio/voice/1", {**leg, "From": CALLER, "To": call.waits[0].text})
            await house.runtime.db.run("UPDATE calls SET answered_at = answered_at - interval '2 minutes'")
            assert "nöjd" in await call.talk()
            await wire.cut()
            await call.press("5")
            if hangs_up:
                await call.hang_up()
            while call.waits is not None:
                await call.wait()
            assert hangs_up or "Tack. Thank you." in call.now_hears
            assert len(house.runtime.spool.waiting()) == 1
            await wire.mend()
            async with asyncio.timeout(20):
                while house.runtime.spool.waiting():
                    await asyncio.sleep(0.05)
            assert len(await house.cases()) == 1
            stands = await house.case(listed["number"])
            (rated,) = [one for one in stands["timeline"] if one["kind"] == "rated"]
            assert rated["data"] == {"call": call.sid, "rating": 5, "of": 5, "by": "phone"}
            assert stands["status"] == "assigned", "an answer is no news of the case"
    finally:
        await wire.cut()


async def test_b03_a_foreign_host_header_changes_nothing(house: House, line: Line) -> None:
    fields = {"CallSid": "CA1", "AccountSid": line.account, "To": OURS, "From": CALLER}
    status, document = await line.post("/twilio/voice", fields, headers={"Host": "evil.example"})
    assert status == 200
    assert "evil" not in document


async def test_b12_a_number_proves_nothing(house: House, line: Line) -> None:
    call = await line.call("+46701740605", StirVerstat="TN-Validation-Failed-C")
    for keys in ("1", "2", "5"):
        await call.press(keys)
    await call.speak("jag vill ha en kopia på alla mina ärenden")
    await call.hang_up()
    row = await house.runtime.db.row("SELECT verified FROM reports")
    assert row == {"verified": False}
    await house.hire("a01", PASSWORD)
    await house.log_in("agent01@support.example", PASSWORD)
    (listed,) = await house.cases()
    for language, words in (("sv", "numret är inte styrkt"), ("en", "number not verified")):
        page = await house.client.get(f"/console/cases/{listed['number']}?language={language}")
        assert words in await page.text()


async def test_b18_the_doors_refuse_what_is_no_webhook(house: House, line: Line) -> None:
    url = f"{line.url}/twilio/voice"
    form = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "x"}
    async with line.session.get(url) as answer:
        assert answer.status == 405
    async with line.session.post(url, data=b"a=1", headers={"Content-Type": form["Content-Type"]}) as answer:
        assert (answer.status, await answer.read()) == (403, b"")
    async with line.session.post(url, data=b"CallSid=%ff", headers=form) as answer:
        assert answer.status == 400
    async with line.session.post(url, json={}, headers={"X-Twilio-Signature": "x"}) as answer:
        assert answer.status == 415


async def test_b24_what_the_fallback_document_recorded_is_a_case(house: House, line: Line) -> None:
    document = read(fallback(Phrases(read_catalogues()), house.runtime.config.public_url))
    record = document.find("Record")
    assert record is not None
    assert "1 1 2" in "".join(document.itertext())
    heard = {
        "CallSid": "CAfallback",
        "AccountSid": line.account,
        "To": OURS,
        "From": CALLER,
        "RecordingSid": "REfallback",
        "RecordingDuration": "21",
    }
    assert (await line.post(record.get("recordingStatusCallback", ""), heard))[0] == 204
    status, told = await line.post(record.get("action", ""), heard)
    assert status == 200
    (listed,) = await house.cases()
    assert ", ".join(listed["number"].replace("-", "")) in told
    assert await house.runtime.db.row("SELECT call_sid, state FROM recordings") == {
        "call_sid": "CAfallback",
        "state": "announced",
    }


async def test_f02_f07_a_call_goes_on_in_another_process(config: Config, house: House, line: Line) -> None:
    call = await line.call(CALLER)
    for keys in ("1", "2", "1"):
        await call.press(keys)
    async with open_house(config) as other, line_to(other) as elsewhere:
        call.line = elsewhere
        told = await call.press("21007#")
        assert "Solrosen" in told
        await call.hang_up()
    (listed,) = await house.cases()
    assert listed["channels"] == ["phone"]


async def test_f24_everything_again_ten_times_in_any_order_and_the_fallback_after_success(
    house: House, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, str]]] = []
    post = line.post

    async def noted(url: str, fields: Mapping[str, str], **more: Any) -> tuple[int, str]:
        asked.append((url, dict(fields)))
        return await post(url, fields, **more)

    monkeypatch.setattr(line, "post", noted)
    call = await line.call(CALLER)
    for keys in ("1", "2", "1", "21007#"):
        await call.press(keys)
    await call.hang_up()
    (listed,) = await house.cases()
    told = (await house.case(listed["number"]))["timeline"]
    again = asked * 10
    random.Random(24).shuffle(again)
    answers = await asyncio.gather(*(post(url, fields) for url, fields in again))
    assert {status for status, _ in answers} <= {200, 204}
    failed = {**asked[0][1], "ErrorCode": "11200", "ErrorUrl": "https://support.example/twilio/voice/3"}
    status, document = await post("/twilio/voice", failed)
    assert (status, "Hangup" in document) == (200, True)
    (case,) = await house.cases()
    full = await house.case(case["number"])
    assert [report["channel"] for report in full["reports"]] == ["phone"]
    assert [(one["id"], one["kind"]) for one in full["timeline"]] == [(one["id"], one["kind"]) for one in told]


async def test_f15_calls_are_answered_while_all_other_connections_are_taken(house: House, line: Line) -> None:
    async with AsyncExitStack() as taken:
        with suppress(Unavailable):
            while True:
                await taken.enter_async_context(house.runtime.db.connection(timeout=0.5))
        call = await line.call(CALLER)
        told = await call.press("1")
        assert "brinner" in told


async def test_f20_requests_that_are_broken_off_mix_up_nobodys_words(house: House, line: Line) -> None:
    rng = random.Random(20)

    async def answered(url: str, fields: dict[str, str]) -> str:
        """The answer to a turn, of which several requests were broken off half way before."""
        for _ in range(3):
            with suppress(TimeoutError):
                async with asyncio.timeout(rng.uniform(0.0005, 0.03)):
                    await line.post(url, fields)
        while True:
            status, document = await line.post(url, fields)
            assert status == 200
            if f"{url}<" not in document:
                return document

    async def caller(nth: int) -> None:
        call = {"CallSid": f"CA{nth:032x}", "AccountSid": line.account, "To": OURS, "From": f"+4670174{nth:04d}"}
        said = {"SpeechResult": f"kanariefågel {nth:04d}"}
        keyed = [{"Digits": keys} for keys in ("1", "2", "5")]
        for turn, more in enumerate([{}, *keyed, said, {"Digits": "1"}]):
            told = await answered(f"/twilio/voice/{turn}" if turn else "/twilio/voice", {**call, **more})
        assert "ärendenummer" in told

    await asyncio.gather(*(caller(nth) for nth in range(1000, 1030)))
    rows = await house.runtime.db.rows(
        "SELECT r.call_sid, t.text, t.sender_phone FROM reports r JOIN report_contents t ON t.report_id = r.id"
    )
    assert len(rows) == 30
    for row in rows:
        nth = int(row["call_sid"][2:], 16)
        assert re.findall(r"kanariefågel (\d{4})", row["text"]) == [f"{nth}"]
        assert row["sender_phone"] == f"+4670174{nth:04d}"


async def test_f19_calls_need_no_redis(config: Config) -> None:
    without = config.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    async with open_house(without) as house, line_to(house) as line:
        call = await described(line)
        assert "ärendenummer" in call.now_hears
