"""Who is erased is gone from the telephone too: here, at the provider, and whatever comes of them afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from channels.provider import Provider
from channels.provider_http import ProviderAway
from gateway import alerts
from gateway.clock import SetClock, SystemClock
from gateway.config import Config
from gateway.ledgers.reconciling import Reconciler
from gateway.people.privacy import PERIODS, erase_person, find_person, retain
from gateway.phone import recordings, telephony
from gateway.record.timeline import SYSTEM
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


@pytest.fixture
async def call(house: House, peer: fakes.Provider, port: Provider) -> str:
    """A call that the provider told of."""
    sid = peer.add_call(**{"from": CALLER, "to": OURS})
    runtime = house.runtime
    await Reconciler(runtime, port, telephony.phone_door(runtime), telephony.sms_door(runtime, {OURS})).sweep()
    return sid


async def erase(house: House) -> None:
    runtime = house.runtime
    person = await find_person(runtime.db, CALLER)
    await erase_person(runtime.db, runtime.blobs, person, SYSTEM, runtime.clock.now())


async def announced(house: House, peer: fakes.Provider, call: str) -> str:
    sid = peer.add_recording(b"RIFF", call_sid=call)
    about = {"CallSid": call, "RecordingSid": sid, "RecordingDuration": "9", "RecordingStatus": "completed"}
    await telephony.phone_door(house.runtime).recording(about)
    return sid


async def test_b101_what_the_provider_tells_of_an_erased_call_brings_nothing_back(
    house: House, peer: fakes.Provider, port: Provider, call: str
) -> None:
    db, door = house.runtime.db, telephony.phone_door(house.runtime)
    await erase(house)
    await door.status({"CallSid": call, "CallStatus": "completed", "From": CALLER, "To": OURS, "Direction": "inbound"})
    for sid in (peer.add_recording(b"RIFF", call_sid=call), peer.add_recording(b"RIFF2", call_sid=call)):
        about = {"CallSid": call, "RecordingSid": sid, "TranscriptionStatus": "completed"}
        await door.transcription({**about, "TranscriptionText": "jag heter Anna"})
        await door.recording({**about, "RecordingDuration": "9", "RecordingStatus": "completed"})
        await door.transcription({**about, "TranscriptionText": "jag heter Anna"})
    await recordings.sweep(house.runtime, port)
    assert await count(db, "call_contents") == 0
    assert await count(db, "transcripts") == 0
    assert await db.rows("SELECT DISTINCT state, sha256 FROM recordings") == [{"state": "erased", "sha256": None}]
    assert peer.recordings == {}


async def test_b101_a_recording_whose_caller_is_erased_while_it_is_fetched_stays_nowhere(
    house: House, peer: fakes.Provider, port: Provider, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, fetch = house.runtime, port.recording

    async def slowly(sid: str) -> bytes:
        sound = await fetch(sid)
        await erase(house)
        return sound

    await announced(house, peer, call)
    monkeypatch.setattr(port, "recording", slowly)
    await recordings.sweep(runtime, port)
    await retain(runtime.db, runtime.blobs, runtime.clock.now())
    assert await runtime.blobs.read(hashlib.sha256(b"RIFF").hexdigest()) is None


async def test_b101_a_recording_is_deleted_at_the_provider_until_it_is_gone_there(
    house: House, peer: fakes.Provider, port: Provider, call: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(sid: str) -> None:
        raise ProviderAway("status 503")

    async def kept() -> float:
        return next(
            one.value for one in await alerts.signs(house.runtime, clock.now()) if one.kind == "recordings_kept"
        )

    sid = await announced(house, peer, call)
    with monkeypatch.context() as patched:
        patched.setattr(port, "delete_recording", away)
        for _ in range(12):
            await recordings.sweep(house.runtime, port)
            clock.forward(timedelta(hours=4))
        assert await kept() == 0
        await recordings.sweep(house.runtime, port)
    assert (sid in peer.recordings, await kept()) == (True, 1)
    clock.forward(timedelta(hours=4))
    await recordings.sweep(house.runtime, port)
    assert (sid in peer.recordings, await kept()) == (False, 0)
    assert await house.runtime.db.row("SELECT state, due_at FROM recordings") == {"state": "fetched", "due_at": None}


async def test_b101_who_is_erased_before_the_recording_is_fetched_is_erased_at_the_provider_too(
    house: House, peer: fakes.Provider, port: Provider, call: str
) -> None:
    sid = await announced(house, peer, call)
    await erase(house)
    assert await recordings.sweep(house.runtime, port) == 0
    assert sid not in peer.recordings
    assert await house.runtime.db.row("SELECT state, due_at FROM recordings") == {"state": "erased", "due_at": None}


async def test_b101_a_recording_that_was_given_up_is_deleted_at_the_provider_after_its_period(
    house: House, peer: fakes.Provider, port: Provider, call: str, clock: SetClock
) -> None:
    sid = await announced(house, peer, call)
    await house.runtime.db.run("UPDATE recordings SET state = 'failed', due_at = NULL")
    await recordings.sweep(house.runtime, port)
    assert sid in peer.recordings
    clock.forward(PERIODS["recording"] + timedelta(days=1))
    await retain(house.runtime.db, house.runtime.blobs, clock.now())
    await recordings.sweep(house.runtime, port)
    assert sid not in peer.recordings


NAMED = "+46701740999"
BESIDE = (
    "INSERT INTO calls (sid, direction, status, status_rank, case_id, started_at)"
    " SELECT 'CAleg', 'outbound', 'completed', 3, case_id, now() FROM reports",
    "INSERT INTO call_contents (sid, to_number) VALUES ('CAleg', %(number)s)",
    "INSERT INTO rings (purpose, case_id, state, sid, created_at, ended_at)"
    " SELECT 'customer', case_id, 'taken', 'CAleg', now(), now() FROM reports",
    "WITH m AS (INSERT INTO messages (case_id, channel, kind, language, state, created_at, due_at)"
    " SELECT case_id, 'sms', 'callback_missed', 'sv', 'queued', now(), now() FROM reports RETURNING id)"
    " INSERT INTO message_contents (message_id, recipient, text) SELECT id, %(number)s, 'Vi ringde' FROM m",
    "INSERT INTO work_items (kind, case_id, call_sid, queue, priority, language, arrived_at, state)"
    " SELECT 'callback', case_id, call_sid, 'helpdesk', 'P3', 'sv', now(), 'waiting' FROM reports",
)


@pytest.mark.parametrize("alone", [True, False])
async def test_b101_numbers_that_were_named_in_a_case_go_with_the_last_who_reported_it(
    house: House, call: str, alone: bool
) -> None:
    db = house.runtime.db
    for statement in BESIDE:
        await db.run(statement, {"number": NAMED})
    if not alone:
        other = await house.report("Laddaren startar inte", charger="21007", **{"from": {"phone": "+46701740777"}})
        assert other
        await db.run("UPDATE reports SET case_id = (SELECT min(case_id) FROM reports)")
    await erase(house)
    legs = await db.rows("SELECT sid FROM call_contents WHERE to_number = %(number)s", {"number": NAMED})
    texts = await db.rows("SELECT text FROM message_contents WHERE recipient = %(number)s", {"number": NAMED})
    assert (len(legs), len(texts)) == ((0, 0) if alone else (1, 1))
    (text,) = await db.rows("SELECT state FROM messages WHERE kind = 'callback_missed'")
    assert text["state"] == ("suppressed" if alone else "queued")
    (item,) = await db.rows("SELECT state FROM work_items WHERE kind = 'callback'")
    assert item["state"] == "done"
