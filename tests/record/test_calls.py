"""What the record promises about calls: one answer a turn, statuses that never go back, acts that happen once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels.phone_ports import Progress, Sound, Taken
from gateway.clock import SetClock
from gateway.record.calls import RecordedCalls
from gateway.record.db import Database, Unavailable

NOW = datetime(2026, 9, 14, 3, 0, tzinfo=UTC)
TURN = Taken("CA1", 0, NOW, "language", "sv", {"node": "language"}, "<a/>", "+46701740605", "+46313900100", None)
RINGING = Progress("CA1", "ringing", NOW, None, "+46701740605", "+46313900100", outbound=False)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, size=4)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def calls(db: Database) -> RecordedCalls:
    return RecordedCalls(db, SetClock(NOW))


async def test_a_new_call_is_nothing_yet(calls: RecordedCalls) -> None:
    loaded = await calls.load("CA1", 0)
    assert (loaded.state, loaded.answer, loaded.ended) == (None, None, False)


async def test_a_turn_is_there_again_with_its_answer_and_the_newest_state(calls: RecordedCalls) -> None:
    assert await calls.save(TURN) == "<a/>"
    assert await calls.save(replace(TURN, turn=1, state={"node": "danger"}, answer="<b/>")) == "<b/>"
    loaded = await calls.load("CA1", 0)
    assert (loaded.state, loaded.turn, loaded.answer) == ({"node": "danger"}, 1, "<a/>")


async def test_b07_a_turn_answered_twice_keeps_its_first_answer_and_state(calls: RecordedCalls) -> None:
    answers = await asyncio.gather(
        *(calls.save(replace(TURN, answer=f"<a{at}/>", state={"node": f"n{at}"})) for at in range(6))
    )
    assert len(set(answers)) == 1
    loaded = await calls.load("CA1", 0)
    assert loaded.answer == answers[0]
    assert loaded.state == {"node": f"n{answers[0][2]}"}


async def test_a_turn_follows_the_last_one_of_a_call_that_goes_on_and_no_other(
    calls: RecordedCalls, db: Database
) -> None:
    first, second = replace(TURN, turn=1, answer="<b/>"), replace(TURN, turn=2, answer="<c/>")
    assert not await calls.follow(first, 0)
    await calls.save(TURN)
    assert not await calls.follow(second, 1)
    assert await calls.follow(first, 0)
    assert not await calls.follow(replace(first, answer="<again/>"), 0)
    assert await calls.save(first) == "<b/>"
    await db.run("DELETE FROM call_contents")
    assert not await calls.follow(second, 1)
    await calls.save(second)
    await calls.progress(replace(RINGING, status="completed"))
    assert not await calls.follow(replace(TURN, turn=3, answer="<d/>"), 2)
    assert [row["answer"] for row in await db.rows("SELECT answer FROM call_turns ORDER BY turn")] == [
        "<a/>",
        "<b/>",
        "<c/>",
    ]


async def test_a_first_turn_is_written_without_a_look_if_nothing_is_known_of_the_call(
    calls: RecordedCalls, db: Database
) -> None:
    assert await calls.follow(TURN, -1)
    assert await db.row("SELECT from_number FROM call_contents") == {"from_number": "+46701740605"}
    assert not await calls.follow(replace(TURN, answer="<again/>"), -1)
    await calls.progress(replace(RINGING, sid="CA2"))
    assert not await calls.follow(replace(TURN, sid="CA2"), -1)
    await calls.progress(replace(RINGING, sid="CA3", status="completed"))
    assert not await calls.follow(replace(TURN, sid="CA3"), -1)
    assert await db.rows("SELECT sid, answer FROM call_turns") == [{"sid": "CA1", "answer": "<a/>"}]


async def test_b07_of_first_turns_that_come_at_once_one_is_written(calls: RecordedCalls) -> None:
    firsts = [replace(TURN, answer=f"<a{at}/>", state={"node": f"n{at}"}) for at in range(6)]
    written = await asyncio.gather(*(calls.follow(taken, -1) for taken in firsts))
    assert written.count(True) == 1
    loaded = await calls.load("CA1", 0)
    assert (loaded.answer, loaded.state) == next(
        (taken.answer, taken.state) for taken, was in zip(firsts, written, strict=True) if was
    )


async def test_of_two_that_follow_the_same_turn_one_is_written(calls: RecordedCalls) -> None:
    await calls.save(TURN)
    nexts = [replace(TURN, turn=1, answer=f"<b{at}/>", state={"node": f"n{at}"}) for at in range(6)]
    written = await asyncio.gather(*(calls.follow(taken, 0) for taken in nexts))
    assert written.count(True) == 1
    loaded = await calls.load("CA1", 1)
    assert (loaded.answer, loaded.state) == next(
        (taken.answer, taken.state) for taken, was in zip(nexts, written, strict=True) if was
    )


async def test_an_act_is_begun_once_and_survives_the_next_turn(calls: RecordedCalls) -> None:
    await calls.save(TURN)
    assert await calls.first("CA1", "restart")
    await calls.save(replace(TURN, turn=1, answer="<b/>"))
    assert not await calls.first("CA1", "restart")
    assert await calls.first("CA1", "unlock")


async def test_b08_b09_a_status_never_moves_backwards(calls: RecordedCalls, db: Database) -> None:
    for status in ("completed", "ringing", "in-progress"):
        loaded = await calls.progress(replace(RINGING, status=status, seconds=31 if status == "completed" else None))
    assert loaded.ended
    row = await db.row("SELECT status, seconds, ended_at FROM calls")
    assert row == {"status": "completed", "seconds": 31, "ended_at": NOW}


async def test_a_turn_after_the_first_status_keeps_who_called(calls: RecordedCalls, db: Database) -> None:
    await calls.progress(RINGING)
    await calls.save(TURN)
    assert (await calls.load("CA1", 0)).answer == "<a/>"
    assert await db.row("SELECT from_number FROM call_contents") == {"from_number": "+46701740605"}


async def test_b10_recordings_come_once_whatever_the_order(calls: RecordedCalls, db: Database) -> None:
    sound = Sound("RE1", "CA9", 7, NOW)
    await calls.recorded(replace(sound, seconds=0))
    await calls.recorded(sound)
    await calls.recorded(sound)
    await calls.recorded(replace(sound, seconds=0, lost=True))
    await calls.transcribed("RE1", "CA9", "hej", "sv-SE")
    await calls.transcribed("RE2", "CA9", "before its recording", None)
    rows = await db.rows("SELECT sid, state, seconds, due_at FROM recordings ORDER BY sid")
    assert rows[0] == {"sid": "RE1", "state": "announced", "seconds": 7, "due_at": NOW}
    assert rows[1]["sid"] == "RE2"


async def test_f25_calls_that_fell_silent_are_found(calls: RecordedCalls) -> None:
    await calls.save(TURN)
    await calls.save(replace(TURN, sid="CA2", at=NOW + timedelta(minutes=20)))
    assert await calls.unfinished(NOW + timedelta(hours=1), NOW + timedelta(minutes=10)) == ["CA1"]
    await calls.progress(replace(RINGING, status="completed"))
    assert await calls.unfinished(NOW + timedelta(hours=1), NOW + timedelta(minutes=10)) == []
    assert await calls.known(["CA1", "CA2", "CA3"]) == {"CA1": False, "CA2": False}


async def test_f10_a_record_that_is_away_says_so(database_url: str) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none", size=1, timeout=0.3)
    await away.open()
    try:
        with pytest.raises(Unavailable):
            await RecordedCalls(away, SetClock(NOW)).load("CA1", 0)
    finally:
        await away.close()


async def test_what_calls_ask_at_once_is_answered_each(calls: RecordedCalls, db: Database) -> None:
    await calls.save(TURN)
    await db.run(
        "WITH known AS (INSERT INTO people (language, created_at) VALUES ('fi', '2026-01-01') RETURNING id)"
        " INSERT INTO identities (person_id, kind, value, linked_at, evidence)"
        " SELECT id, 'phone', '+46701740605', '2026-01-01', 'own report' FROM known"
    )
    asks = calls.asks
    found = await asyncio.gather(
        asks.turn("CA1", 0),
        asks.turn("CA1", 1),
        asks.turn("CA2", 0),
        asks.caller("+46701740605"),
        asks.caller("+46701740606"),
        asks.incident("21007", "s001"),
        asks.outages(NOW, 10),
        asks.outages(NOW, 10),
    )
    language = {"node": "language"}
    assert found[:3] == [(language, 0, "<a/>", False), (language, 0, None, False), None]
    assert found[3:] == [("fi", False, False), (None, False, False), None, [], []]
