"""What the provider could not tell us while we were away is brought, once, and recordings come home."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.phone_ports import Progress, Sound, Taken
from channels.provider import Provider
from channels.report import Channel, Report, Sender
from gateway.clock import SetClock, SystemClock
from gateway.config import Config
from gateway.ledgers.reconciling import Reconciler
from gateway.phone import recordings, telephony
from gateway.record import accounts, listening
from gateway.record.calls import RecordedCalls
from gateway.record.facts import day_of
from gateway.record.heartbeats import beat
from gateway.settings import Number
from tests.fakes import provider as fakes
from tests.fakes.house import House, count, open_house

OURS = "+46313900100"
CALLER = "+46846500421"


@pytest.fixture
async def clock() -> SetClock:
    return SetClock(SystemClock().now())


@pytest.fixture
async def house(config: Config, clock: SetClock) -> AsyncIterator[House]:
    async with open_house(config, clock=clock) as opened:
        yield opened


@asynccontextmanager
async def comparing(house: House, peer: fakes.Provider) -> AsyncIterator[Reconciler]:
    """Who compares for a house that has its account and its number at this provider."""
    async with TestServer(peer.app()) as server:
        account = {"twilio_account_sid": fakes.ACCOUNT, "twilio_auth_token": "token"}
        given = {**account, "twilio_api_url": str(server.make_url("/")), "twilio_numbers": (Number(OURS),)}
        config = house.runtime.config.model_copy(update=given)
        async with telephony.reconciler(replace(house.runtime, config=config)) as opened:
            assert opened is not None
            yield opened


@pytest.fixture
async def reconciler(house: House, port: Provider) -> Reconciler:
    runtime = house.runtime
    return Reconciler(runtime, port, telephony.phone_door(runtime), telephony.sms_door(runtime, {OURS}))


async def test_f26_calls_and_texts_of_an_outage_become_cases_once(
    house: House, peer: fakes.Provider, reconciler: Reconciler
) -> None:
    call = peer.add_call(**{"from": CALLER, "to": OURS})
    peer.add_call(**{"from": OURS, "to": CALLER, "direction": "outbound-api"})
    peer.add_call(**{"from": CALLER, "to": OURS, "status": "in-progress"})
    text = peer.add_message(**{"from": CALLER, "to": OURS, "body": "laddaren är sönder"})
    peer.add_message(**{"from": OURS, "to": CALLER, "body": "svar", "direction": "outbound-api"})
    sound = peer.add_recording(b"RIFF", call_sid=call)
    assert await reconciler.sweep() == 2
    since = house.runtime.clock.now() - timedelta(hours=1)
    assert await reconciler.compare(since) == 0
    assert await count(house.runtime.db, "reports") == 2
    rows = await house.runtime.db.rows("SELECT channel, call_sid FROM reports ORDER BY channel")
    assert rows == [{"channel": "phone", "call_sid": call}, {"channel": "sms", "call_sid": None}]
    assert await house.runtime.db.row("SELECT sid, call_sid FROM recordings") == {"sid": sound, "call_sid": call}
    assert text in peer.messages


async def test_f27_what_came_while_the_provider_could_not_be_reached_for_hours_is_brought(
    house: House, peer: fakes.Provider, reconciler: Reconciler, clock: SetClock
) -> None:
    db = house.runtime.db

    async def minutes(count: int) -> int:
        """So long, with a look every ten minutes and our own doors open all the time."""
        brought = 0
        for _ in range(0, count, 10):
            await beat(db, "web", clock.now())
            brought += await reconciler.sweep()
            clock.forward(timedelta(minutes=10))
        return brought

    assert await minutes(20) == 0
    peer.now = clock.now()
    peer.add_call(**{"from": CALLER, "to": OURS})
    peer.add_message(**{"from": "+46701740605", "to": OURS, "body": "laddaren brinner"})
    refused, peer.secrets = peer.secrets, set()
    assert await minutes(30 * 60) == 0
    peer.secrets = refused
    assert await minutes(60) == 2
    assert await count(db, "reports") == 2
    days = {one.day for one in await accounts.lately(db, day_of(peer.now)) if one.ledger == accounts.PROVIDER}
    assert day_of(peer.now) in days, "the account of that day is drawn up as well"


async def test_b21_pictures_of_a_message_that_is_brought_come_with_it(house: House, peer: fakes.Provider) -> None:
    for sender, body, contents in (
        ("+46701740605", "kabeln sitter fast", [b"first", b"second"]),
        ("whatsapp:+46701740606", "", [b"third"]),
        ("+46701740607", "displayen är svart", []),
    ):
        message = peer.add_message(**{"from": sender, "to": OURS, "body": body})
        for content in contents:
            peer.add_picture(message, content, "image/png")
    peer.add_picture(peer.add_message(**{"from": OURS, "to": CALLER, "direction": "outbound-api"}), b"ours")
    async with comparing(house, peer) as reconciler:
        assert await reconciler.sweep() == 3
    rows = await house.runtime.db.rows("SELECT media_type, encode(sha256, 'hex') AS sha256 FROM report_attachments")
    assert [row["media_type"] for row in rows] == ["image/png"] * 3
    assert {await house.runtime.blobs.read(row["sha256"]) for row in rows} == {b"first", b"second", b"third"}
    assert await count(house.runtime.db, "reports") == 3
    assert len(peer.had("GET", "/Media.json")) == 2, "and nothing is asked about a message of words alone"
    assert peer.violations == []


async def test_b21_pictures_that_cannot_be_had_cost_no_message(
    house: House, peer: fakes.Provider, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = peer.asked

    async def no_pictures(request: web.Request, fields: Mapping[str, str]) -> None:
        await asked(request, fields)
        if request.path.endswith("/Media.json"):
            raise web.HTTPServiceUnavailable

    peer.add_message(**{"from": CALLER, "to": OURS, "body": "laddaren är sönder", "num_media": "1"})
    assert await reconciler.sweep() == 1
    monkeypatch.setattr(peer, "asked", no_pictures)
    peer.add_picture(peer.add_message(**{"from": "+46701740605", "to": OURS, "body": "kabeln sitter fast"}), b"first")
    assert await reconciler.sweep() == 1
    rows = await house.runtime.db.rows("SELECT flags FROM reports")
    assert [row["flags"] for row in rows] == [["media_missing:media"]] * 2


async def test_b04_what_went_to_a_number_that_is_not_ours_is_neither_brought_nor_accounted(
    house: House, peer: fakes.Provider
) -> None:
    for nth, ours in enumerate((OURS, "+46313900199", "+4687771234")):
        call = peer.add_call(**{"from": f"+4684650042{nth}", "to": ours})
        peer.add_recording(b"RIFF", call_sid=call)
        peer.add_message(**{"from": f"+4670174060{nth}", "to": ours, "body": "laddaren är sönder"})
        peer.add_message(**{"from": f"whatsapp:+4670174061{nth}", "to": f"whatsapp:{ours}", "body": "kabeln är av"})
    async with comparing(house, peer) as reconciler:
        assert await reconciler.sweep() == 3
        assert await reconciler.sweep() == 0
        drawn = await reconciler.draw_up(day_of(house.runtime.clock.now() - timedelta(hours=1)))
    rows = await house.runtime.db.rows("SELECT channel FROM reports ORDER BY channel")
    assert [row["channel"] for row in rows] == ["phone", "sms", "whatsapp"]
    assert await count(house.runtime.db, "recordings") == 1, "and what others record stays where it is"
    assert {one.door: (one.came, one.kept) for one in drawn if one.came} == dict.fromkeys(
        ("phone", "sms", "whatsapp"), (1, 1)
    )


async def test_a_caller_who_only_asked_how_a_case_stands_is_not_missing_from_the_account(
    house: House, peer: fakes.Provider, clock: SetClock
) -> None:
    calls = RecordedCalls(house.runtime.db, clock)
    peer.now = clock.now()
    for told in ({"status_text": "Ärendet är stängt."}, {"status_text": "Ärendet är stängt.", "kept": "yes"}):
        sid = peer.add_call(**{"from": CALLER, "to": OURS})
        state = {"node": "status_told", "language": "sv", "facts": told}
        await calls.save(Taken(sid, 0, clock.now(), "status_told", "sv", state, "<Response/>", CALLER, OURS, None))
        await calls.progress(Progress(sid, "completed", clock.now(), 30, CALLER, OURS, outbound=False))
    clock.forward(timedelta(minutes=5))
    async with comparing(house, peer) as reconciler:
        assert await reconciler.sweep() == 0
        drawn = await reconciler.draw_up(day_of(peer.now))
    (account,) = [one for one in drawn if one.came]
    assert (account.came, account.kept) == (2, 1)
    assert [one.id for one in account.missing] == [sid], "what was promised and lies in no record"
    assert await count(house.runtime.db, "reports") == 0


@pytest.mark.parametrize("status", ["in-progress", "processing"])
async def test_f25_a_recording_that_is_still_made_when_the_lists_are_compared_comes_home_without_its_webhook(
    house: House, peer: fakes.Provider, port: Provider, reconciler: Reconciler, clock: SetClock, status: str
) -> None:
    peer.now = clock.now()
    call = peer.add_call(**{"from": CALLER, "to": OURS})
    sid = peer.add_recording(b"RIFFsound", call_sid=call, status=status, duration=None)
    await reconciler.sweep()
    assert await recordings.sweep(house.runtime, port) == 0
    assert await house.runtime.db.rows("SELECT state FROM recordings") == [], "it is not an empty one"
    clock.forward(timedelta(hours=2))
    await reconciler.sweep()
    peer.recordings[sid] |= {"status": "completed", "duration": "9"}
    clock.forward(timedelta(minutes=3))
    await reconciler.sweep()
    assert await recordings.sweep(house.runtime, port) == 1


async def test_f25_a_recording_that_came_to_nothing_is_told_as_missing_without_its_webhook(
    house: House, peer: fakes.Provider, reconciler: Reconciler
) -> None:
    call = peer.add_call(**{"from": CALLER, "to": OURS})
    peer.add_recording(b"", call_sid=call, status="absent", duration=None)
    await reconciler.sweep()
    assert await house.runtime.db.rows("SELECT state FROM recordings") == [{"state": "failed"}]


async def test_it_rests_between_comparisons(house: House, config: Config) -> None:
    runtime = replace(house.runtime, config=config.model_copy(update={"twilio_account_sid": fakes.ACCOUNT}))
    async with telephony.chores(runtime) as chores:
        (comparing,) = [chore for chore in chores if chore.name == "reconciling"]
    assert comparing.every == 120


async def test_f25_a_call_whose_last_word_never_came_is_closed_and_filed(
    house: House, peer: fakes.Provider, reconciler: Reconciler, clock: SetClock
) -> None:
    calls = RecordedCalls(house.runtime.db, clock)
    sid = peer.add_call(**{"from": CALLER, "to": OURS})
    await calls.progress(Progress(sid, "in-progress", clock.now(), None, CALLER, OURS, outbound=False))
    clock.forward(timedelta(minutes=11))
    assert await reconciler.sweep() == 1
    assert await calls.known([sid]) == {sid: True}
    assert len(await house.cases()) == 1


async def test_f25_a_call_of_hours_whose_last_word_never_came_is_closed_minutes_after_its_last_turn(
    house: House, peer: fakes.Provider, reconciler: Reconciler, clock: SetClock
) -> None:
    calls = RecordedCalls(house.runtime.db, clock)
    peer.now = clock.now()
    sid = peer.add_call(**{"from": CALLER, "to": OURS, "status": "in-progress"})
    await calls.progress(Progress(sid, "in-progress", clock.now(), None, CALLER, OURS, outbound=False))
    clock.forward(timedelta(hours=2))
    assert await reconciler.sweep() == 0
    state = {"node": "waiting", "language": "sv", "facts": {}}
    await calls.save(Taken(sid, 1, clock.now(), "waiting", "sv", state, "<Response/>", CALLER, OURS, None))
    peer.calls[sid]["status"] = "completed"
    for minutes, brought in ((1, 0), (2, 1)):
        clock.forward(timedelta(minutes=minutes))
        assert await reconciler.sweep() == brought
    assert await calls.known([sid]) == {sid: True}


async def test_b09_an_unknown_call_that_is_told_to_be_over_is_fetched_by_the_comparison(
    house: House, peer: fakes.Provider, reconciler: Reconciler
) -> None:
    sid = peer.add_call(**{"from": CALLER, "to": OURS})
    told = {"CallSid": sid, "CallStatus": "completed", "CallDuration": "4", "From": CALLER, "To": OURS}
    await telephony.phone_door(house.runtime).status(told)
    assert await house.runtime.db.row("SELECT status, report_id FROM calls WHERE sid = %(sid)s", {"sid": sid}) == {
        "status": "completed",
        "report_id": None,
    }
    assert await reconciler.sweep() == 1
    assert await reconciler.sweep() == 0
    (listed,) = await house.cases()
    (report,) = (await house.case(listed["number"]))["reports"]
    assert report["from"]["phone"] == CALLER


async def test_a_missed_call_from_what_no_text_may_hold_is_brought_with_the_others(
    house: House, peer: fakes.Provider, reconciler: Reconciler
) -> None:
    for caller in ("+4670\x00174", CALLER):
        peer.add_call(**{"from": caller, "to": OURS})
    assert await reconciler.sweep() == 2
    assert len(await house.cases()) == 2


async def test_f27_a_provider_that_is_away_costs_nothing(peer: fakes.Provider, reconciler: Reconciler) -> None:
    peer.secrets.clear()
    assert await reconciler.sweep() == 0


async def test_a_recording_comes_home_and_is_deleted_there(
    house: House, peer: fakes.Provider, port: Provider, reconciler: Reconciler
) -> None:
    call = peer.add_call(**{"from": CALLER, "to": OURS})
    sid = peer.add_recording(b"RIFFsound", call_sid=call)
    await reconciler.sweep()
    assert await recordings.sweep(house.runtime, port) == 1
    row = await house.runtime.db.row("SELECT state, encode(sha256, 'hex') AS sha256, report_id FROM recordings")
    assert row is not None
    assert (row["state"], row["report_id"] is not None) == ("fetched", True)
    assert await house.runtime.blobs.read(row["sha256"]) == b"RIFFsound"
    assert sid not in peer.recordings
    assert await recordings.sweep(house.runtime, port) == 0
    (listed,) = await house.cases()
    assert "recording_fetched" in [entry["kind"] for entry in (await house.case(listed["number"]))["timeline"]]


async def test_a_recording_that_was_here_before_its_report_is_of_its_case(
    house: House, peer: fakes.Provider, port: Provider, clock: SetClock
) -> None:
    runtime = house.runtime
    calls = RecordedCalls(runtime.db, clock)
    sid = peer.add_recording(b"RIFFsound", call_sid="CA1")
    await calls.recorded(Sound(sid, "CA1", 9, clock.now()))
    await calls.recorded(Sound("RElost", "CA1", 9, clock.now(), lost=True))
    await calls.recorded(Sound("REother", "CA2", 0, clock.now()))
    assert await recordings.sweep(runtime, port) == 1
    receipt = await runtime.intake.accept(
        Report(
            channel=Channel.PHONE,
            key="CA1",
            received_at=clock.now(),
            text="Meddelande",
            sender=Sender(phone=CALLER),
            call_sid="CA1",
        )
    )
    found = await listening.recording(runtime.db, sid)
    assert found is not None
    assert {one["sid"] for one in await listening.of_case(runtime.db, found.case)} == {sid, "RElost"}
    told = [entry for entry in (await house.case(receipt.case))["timeline"] if entry["kind"].startswith("recording_")]
    assert {(entry["kind"], entry["data"]["recording"]) for entry in told} == {
        ("recording_fetched", sid),
        ("recording_missing", "RElost"),
    }
    assert await runtime.db.row("SELECT report_id FROM recordings WHERE sid = 'REother'") == {"report_id": None}


async def test_a_recording_that_cannot_be_had_is_tried_for_long_and_then_told(
    house: House, port: Provider, clock: SetClock
) -> None:
    calls = RecordedCalls(house.runtime.db, clock)
    await calls.recorded(Sound("RE404", "CA1", 9, clock.now()))
    tries = 0
    for _ in range(40):
        before = await house.runtime.db.row("SELECT attempts FROM recordings")
        await recordings.sweep(house.runtime, port)
        after = await house.runtime.db.row("SELECT attempts FROM recordings")
        tries += before != after
        clock.forward(timedelta(hours=5))
    assert tries == recordings.TRIES
    assert await house.runtime.db.row("SELECT state, due_at FROM recordings") == {"state": "failed", "due_at": None}
    await calls.recorded(replace(Sound("RE404", "CA1", 9, clock.now()), seconds=0))
    assert await count(house.runtime.db, "recordings") == 1
