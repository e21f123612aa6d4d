"""What is said in a talk stands beside its case as text while it is said, if the house wants that."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway import dispatch
from gateway.desk import Actor
from gateway.desk.acts import Refused
from gateway.people.privacy import PERIODS, export_person, find_person, retain
from gateway.phone import captions, consent, ringing, talks
from tests.fakes import provider as fakes
from tests.fakes.phone import Call
from tests.stories.test_phone_oncall import Night
from tests.stories.test_phone_recording import at_work

AGENT = Actor("agent", "a01", "agent")
CALLER, PASSWORD = "+46701740605", "correct horse battery"
SESSION = "GT" + "1" * 32


@pytest.fixture
async def day(
    request: pytest.FixtureRequest, environ: dict[str, str], database_url: str, redis_url: str
) -> AsyncIterator[Night]:
    """Callers are told of the recording."""
    captioned, *words = getattr(request, "param", "on").split()
    given = {"RECORDING_CONSENT": "announce", "LIVE_CAPTIONS": captioned}
    async with at_work(environ, database_url, redis_url, words, **given) as opened:
        yield opened


async def talking(day: Night, declined: bool = False) -> Call:
    call = await day.line.call(CALLER)
    for keys in ("1", "2", "0", *(["2"] if declined else [])):
        await call.press(keys)
    await dispatch.sweep(day.house.runtime)
    await ringing.sweep(day.house.runtime, day.port)
    await day.picks_up("1")
    while call.waits is not None and call.waits.tag != "Dial":
        await call.wait()
    day.peer.add_call(sid=call.sid, status="in-progress")
    day.peer.add_recording(b"RIFF", call_sid=call.sid, status="in-progress")
    return call


async def says(day: Night, call: Call, number: int, text: str, track: str = "inbound_track", **more: str) -> int:
    """The provider brings an utterance; the status of the answer."""
    fields = {
        "AccountSid": fakes.ACCOUNT,
        "CallSid": call.sid,
        "TranscriptionSid": SESSION,
        "TranscriptionEvent": "transcription-content",
        "TranscriptionData": json.dumps({"transcript": text, "confidence": 0.94}),
        "Track": track,
        "Final": "true",
        "SequenceId": str(number),
        "Timestamp": (day.clock.now() + timedelta(seconds=number)).isoformat(),
        "LanguageCode": "sv-SE",
        **more,
    }
    return (await day.line.post("/twilio/captions", fields))[0]


async def heard(day: Night) -> list[tuple[str, str]]:
    row = await day.house.runtime.db.row("SELECT id FROM cases")
    assert row
    told = await captions.of_case(day.house.runtime, row["id"])
    return [(one["speaker"], one["text"]) for one in itertools.chain(*told.values())]


async def test_what_is_said_stands_beside_the_case_in_the_order_it_was_said_and_once(day: Night) -> None:
    call = await talking(day)
    wanted = call.captions
    assert wanted is not None
    assert wanted.get("languageCode") == "sv-SE"
    assert (wanted.get("statusCallbackUrl") or "").endswith("/twilio/captions")
    for number, text, track in (
        (2, "Vilken laddare?", "outbound_track"),
        (1, "Kabeln sitter fast", "inbound_track"),
        (2, "Vilken laddare?", "outbound_track"),
    ):
        assert await says(day, call, number, text, track) == 204
    assert await heard(day) == [("customer", "Kabeln sitter fast"), ("agent", "Vilken laddare?")]


async def test_the_page_of_the_case_shows_them_open_while_the_talk_goes_on(day: Night) -> None:
    call = await talking(day)
    await says(day, call, 1, "<b>Kabeln sitter fast</b>")
    await day.house.hire("a01", PASSWORD)
    await day.house.log_in("agent01@support.example", PASSWORD)
    (listed,) = await day.house.cases()
    page = f"/console/cases/{listed['number']}?language=en"
    live = await (await day.house.client.get(page)).text()
    assert "<details open><summary>Being said now" in live
    assert "&lt;b&gt;Kabeln sitter fast" in live
    await call.talk()
    await call.hang_up()
    over = await (await day.house.client.get(page)).text()
    assert "Being said now" not in over
    assert "&lt;b&gt;Kabeln sitter fast" in over


@pytest.mark.parametrize("day", ["off"], indirect=True)
async def test_nothing_is_written_down_unless_the_house_wants_it(day: Night) -> None:
    assert (await talking(day)).captions is None


async def test_who_declines_the_recording_is_not_written_down_either(day: Night) -> None:
    assert (await talking(day, declined=True)).captions is None


@pytest.mark.parametrize(
    ("spoken", "kept"),
    [
        (["kortet är 4111 1111 1111 1111"], ["kortet är ••••"]),
        (["kortet är 4111 1111", "1111 1111"], ["kortet är •••• ••••", "•••• ••••"]),
        (["laddare 21007", "jag heter Anna"], ["laddare 21007", "jag heter Anna"]),
    ],
)
async def test_card_numbers_are_masked_also_across_a_breath(day: Night, spoken: list[str], kept: list[str]) -> None:
    call = await talking(day)
    for number, text in enumerate(spoken, 1):
        await says(day, call, number, text)
    assert [text for _, text in await heard(day)] == kept


@pytest.mark.parametrize(
    "more",
    [
        {"Final": "false"},
        {"TranscriptionEvent": "transcription-started"},
        {"TranscriptionData": "{"},
        {"TranscriptionData": '["words"]'},
        {"TranscriptionData": '{"transcript": " "}'},
        {"TranscriptionData": '{"transcript": 7}'},
        {"TranscriptionData": "[" * 30_000},
        {"CallSid": "CA" + "f" * 32},
    ],
)
async def test_what_is_no_utterance_of_a_talk_is_answered_and_not_kept(day: Night, more: dict[str, str]) -> None:
    call = await talking(day)
    assert await says(day, call, 1, "Hej", **more) == 204
    assert await heard(day) == []


async def test_words_that_no_record_can_hold_are_cleaned_and_strange_times_do_no_harm(day: Night) -> None:
    call = await talking(day)
    for number, at in enumerate(("yesterday", "2026-01-01T10:00:00", ""), 1):
        assert await says(day, call, number, "a\0b\ud800", Timestamp=at) == 204
    assert await heard(day) == [("customer", "a\ufffdb\ufffd")] * 3


async def test_while_a_card_is_read_out_nothing_is_brought_and_nothing_kept(day: Night) -> None:
    call = await talking(day)
    day.peer.calls[call.sid]["captions"] = {}
    await talks.silence(day.house.runtime, AGENT, True)
    assert day.peer.calls[call.sid]["captions"] == {"Status": "stopped"}
    await says(day, call, 1, "fyra ett ett ett")
    await talks.silence(day.house.runtime, AGENT, False)
    assert day.peer.calls[call.sid]["captions"]["Track"] == "both_tracks"
    await says(day, call, 2, "Tack")
    assert await heard(day) == [("customer", "Tack")]


async def test_a_talk_is_not_called_silent_while_the_provider_still_writes_it_down(day: Night) -> None:
    call = await talking(day)
    day.peer.calls[call.sid]["captions"] = {}
    day.peer.troubles.append(503)
    with pytest.raises(Refused):
        await talks.silence(day.house.runtime, AGENT, True)
    row = await day.house.runtime.db.row("SELECT silenced_at FROM calls WHERE sid = %(sid)s", {"sid": call.sid})
    assert row == {"silenced_at": None}


async def test_a_transcript_of_the_recording_takes_their_place(day: Night) -> None:
    call = await talking(day)
    await says(day, call, 1, "Kabeln sitter fast")
    await day.house.runtime.db.run(
        "WITH sound AS (INSERT INTO recordings (sid, call_sid, state, created_at) "
        "VALUES ('RE1', %(sid)s, 'fetched', now())) SELECT 1",
        {"sid": call.sid},
    )
    assert await heard(day) == [("customer", "Kabeln sitter fast")]
    await day.house.runtime.db.run(
        "INSERT INTO transcripts (recording_sid, text) VALUES ('RE1', 'Kabeln sitter fast.')"
    )
    assert await heard(day) == []


async def test_they_are_handed_over_with_all_else_and_go_with_the_transcripts(day: Night) -> None:
    call = await talking(day)
    await says(day, call, 1, "Kabeln sitter fast")
    runtime = day.house.runtime
    told = await export_person(runtime.db, await find_person(runtime.db, CALLER))
    assert [one["text"] for one in told["captions"]] == ["Kabeln sitter fast"]
    await retain(runtime.db, runtime.blobs, day.clock.now() + PERIODS["transcript"] - timedelta(days=1))
    assert len(await heard(day)) == 1
    await retain(runtime.db, runtime.blobs, day.clock.now() + PERIODS["transcript"] + timedelta(days=1))
    assert await heard(day) == []


@pytest.mark.parametrize("day", ["on billing=never"], indirect=True)
async def test_a_queue_that_never_records_ends_them(day: Night) -> None:
    call = await talking(day)
    day.peer.calls[call.sid]["captions"] = {}
    (listed,) = await day.house.cases()
    body = {"as": "a01", "to": "billing", "reason": "Gäller en faktura."}
    assert (await day.house.api("POST", f"/cases/{listed['number']}/hand_over", body))[0] == 200
    assert await consent.sweep(day.house.runtime, day.port) == 1
    assert day.peer.calls[call.sid]["captions"] == {"Status": "stopped"}
    await says(day, call, 1, "Hej")
    assert await heard(day) == []
