"""Phone calls in the record: what the phone door loads and saves a turn with, one statement each.

Turns that come at once share their statements. A turn's answer is written once, under (CallSid, turn); a status never
moves backwards. Raises `Unavailable` when PostgreSQL does not answer: the door then goes on without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from psycopg import AsyncCursor
from psycopg.rows import TupleRow, tuple_row
from psycopg.types.json import Jsonb

from channels import phone_report
from channels.phone_ports import Loaded, Progress, Sound, Taken
from channels.report import Tried
from gateway.casenumber import parse
from gateway.clock import Clock
from gateway.hosting.crash import Crash, nowhere
from gateway.record.asks import Asks
from gateway.record.db import Database, Line, compact, statements
from gateway.record.grouped import Grouped
from ivr.engine import CallState

SQL = statements("calls")
RANKS = MappingProxyType({"queued": 0, "initiated": 0, "ringing": 1, "in-progress": 2})
FINAL = 3


class RecordedCalls:
    """`Calls` over PostgreSQL."""

    def __init__(self, db: Database, clock: Clock, crash: Crash = nowhere) -> None:
        self._db, self._clock, self._crash = db, clock, crash
        self.asks = Asks(db)
        self._save = Grouped(self._save_all, apart=lambda given: given[0].sid)

    async def load(self, sid: str, turn: int) -> Loaded:
        found = await self.asks.turn(sid, turn)
        return Loaded(*found) if found else Loaded(None, -1, None, False)

    async def save(self, taken: Taken) -> str:
        if await self._save((taken, None)):
            return taken.answer
        row = await self._db.row(SQL["answered"], {"sid": taken.sid, "turn": taken.turn})
        assert row is not None
        return str(row["answer"])

    async def follow(self, taken: Taken, after: int) -> bool:
        return await self._save((taken, after))

    async def _save_all(self, turns: Sequence[tuple[Taken, int | None]]) -> list[bool]:
        """Whether each turn was written, and not by another request before."""
        rows = compact([_row(taken, after) for taken, after in turns])
        self._crash("voice.before_commit")
        written = {sid for (sid,) in await self._db.tuples(SQL["save"], {"rows": rows})}
        self._crash("voice.after_commit")
        return [taken.sid in written for taken, _ in turns]

    async def first(self, sid: str, act: str) -> bool:
        given = {"sid": sid, "act": Jsonb({act: self._clock.now().isoformat()})}
        return await self._db.row(SQL["first"], given) is not None

    async def tried(self, sid: str, tried: Tried) -> None:
        told = {"charger": tried.charger, "act": tried.act, "answer": tried.answer, "connector": tried.connector}
        await self._execute("tried", sid=sid, act=tried.act.value, told=Jsonb(told), at=self._clock.now())

    async def progress(self, progress: Progress) -> Loaded:
        rank = RANKS.get(progress.status, FINAL)
        row = await self._db.row(
            SQL["progress"],
            {
                "sid": progress.sid,
                "direction": "outbound" if progress.outbound else "inbound",
                "status": progress.status,
                "rank": rank,
                "final": rank == FINAL,
                "at": progress.at,
                "seconds": progress.seconds,
                "caller": progress.caller,
                "called": progress.called,
            },
        )
        assert row is not None
        return Loaded(row["state"], row["turn"], None, row["ended"])

    async def filed(self, sid: str, report: int) -> None:
        await self._execute("filed", sid=sid, report=report)

    async def recorded(self, sound: Sound) -> None:
        state = "failed" if sound.lost else "announced" if sound.seconds else "empty"
        due = sound.at if state == "announced" else None
        await self._execute(
            "recorded", sid=sound.sid, call=sound.call, state=state, seconds=sound.seconds, due=due, at=sound.at
        )

    async def transcribed(self, recording: str, call: str, text: str, language: str | None) -> None:
        at = self._clock.now()
        await self._execute("transcribed", recording=recording, call=call, text=text, language=language, at=at)

    async def unfinished(self, began: datetime, before: datetime) -> list[str]:
        """Calls that `began` before a moment, are not over, and of which nothing has been heard since `before`."""
        given = {"began": began, "before": before}
        return [row["sid"] for row in await self._db.rows(SQL["unfinished"], given)]

    async def known(self, sids: list[str]) -> dict[str, bool]:
        """Of these calls, those that we have: sid -> whether it is over, and a report came of it or it told nothing."""
        rows = await self._db.rows(SQL["known"], {"sids": sids})
        return {row["sid"]: row["ended"] and (row["filed"] or _told_nothing(row["state"])) for row in rows}

    async def _execute(self, name: str, **given: object) -> None:
        async with self._db.connection() as connection:
            await connection.execute(SQL[name], given)


def _told_nothing(state: Mapping[str, Any] | None) -> bool:
    return state is not None and phone_report.told_nothing(CallState.from_json(state))


async def follow(conn: Line, turns: Sequence[Taken]) -> AsyncCursor[TupleRow]:
    """Send turns in the caller's pipeline, each to be written as `RecordedCalls.follow` writes it after the turn before
    it; `written` reads the answer once the pipeline is over."""
    rows = compact([_row(taken, taken.turn - 1) for taken in turns])
    return await conn.cursor(row_factory=tuple_row).execute(SQL["save"], {"rows": rows})


async def written(asked: AsyncCursor[TupleRow]) -> set[str]:
    """The calls whose turn was."""
    return {sid for (sid,) in await asked.fetchall()}


def _row(taken: Taken, after: int | None) -> dict[str, object]:
    return {
        "sid": taken.sid,
        "turn": taken.turn,
        "after": after,
        "at": taken.at.isoformat(),
        "node": taken.node,
        "language": taken.language,
        "state": taken.state,
        "answer": taken.answer,
        "caller": taken.caller,
        "called": taken.called,
        "report": taken.report,
        "case": parse(taken.case) if taken.case else None,
    }
