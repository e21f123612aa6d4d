"""Callers who wait for a person: `Line` over the record.

Nobody is promised a voice that cannot come: the line is open while somebody with a telephone is at work, and always for
a P1, who is put through to LAST_RESORT_NUMBER when nobody is. A caller is connected to whoever takes the case. The wait
is estimated from the calls answered in the last hour: those ahead plus one, divided by that rate, told as 0.7 to 1.5
times; with fewer than five answers it is not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from math import ceil
from typing import Any, Literal

from channels.numbers import normalise
from channels.phone_ports import Place, Waiting
from gateway.desk.acts import act
from gateway.desk.words import respond
from gateway.record import timeline
from gateway.record.db import statements
from gateway.record.timeline import CUSTOMER, Actor, Entry
from gateway.runtime import Runtime

SQL = statements("line")
ENOUGH = 5
HOUR = timedelta(hours=1)
LEAST, MOST = 0.7, 1.5


class RecordedLine:
    """The line of every process: it lies in the record."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._db = runtime.calls_db

    async def enter(self, waiting: Waiting) -> Place | None:
        if waiting.priority != "P1" and not await self._staffed():
            return None
        given = {"sid": waiting.sid, "report": waiting.report}
        await self._change("enter", given, "call_queued", priority=waiting.priority)
        return await self.place(waiting.sid)

    async def place(self, sid: str) -> Place:
        given = {"sid": sid, "hour_ago": self._runtime.clock.now() - HOUR}
        row = await self._db.row(SQL["place"], given)
        if row is None:
            return Place(0)
        least, most = estimate(row["ahead"], row["answered"])
        answerer = normalise(row["answerer"])
        if answerer is None and row["priority"] == "P1" and not await self._staffed():
            answerer = self._runtime.config.last_resort_number
        return Place(row["ahead"], least, most, answerer)

    async def call_back(self, sid: str, phone: str) -> bool:
        if normalise(phone) is None:
            return False
        await self._change("case_of", {"sid": sid}, "callback_wanted")
        return True

    async def answered(self, sid: str) -> None:
        async with self._db.transaction() as conn:
            given = {"sid": sid, "now": self._runtime.clock.now()}
            row = await (await conn.execute(SQL["answer"], given)).fetchone()
        if row is None or row["case_id"] is None:
            return
        agent = Actor("agent", row["agent_id"]) if row["agent_id"] else timeline.SYSTEM
        async with act(self._runtime, agent, row["case_id"]) as deed:
            await respond(deed, "call", call=sid, **_seconds(row))

    async def leave(self, sid: str, why: Literal["hung_up", "message"]) -> None:
        await self._change("leave", {"sid": sid}, "call_left", why=why)

    async def rated(self, sid: str, rating: int) -> None:
        await self._change("case_of", {"sid": sid}, "rated", rating=rating, of=5)

    async def _staffed(self) -> bool:
        row = await self._db.row(SQL["staffed"])
        return bool(row and row["staffed"])

    async def _change(self, statement: str, given: Mapping[str, Any], kind: str, **data: Any) -> None:
        """A change of a call and its entry on the case's timeline, in one transaction."""
        now = self._runtime.clock.now()
        async with self._db.transaction() as conn:
            row = await (await conn.execute(SQL[statement], {**given, "now": now})).fetchone()
            if row is None or row["case_id"] is None:
                return
            entry = Entry(row["case_id"], kind, CUSTOMER, row["report_id"], {"call": given["sid"], **data})
            await timeline.append(conn, [entry], now)
        self._runtime.live.publish({"type": "case", "case": row["case_id"]})


def estimate(ahead: int, answered: int) -> tuple[int | None, int | None]:
    """The wait in minutes, from least to most, with `ahead` others before and `answered` calls in the last hour."""
    if answered < ENOUGH:
        return None, None
    minutes = 60 * (ahead + 1) / answered
    return int(LEAST * minutes), max(1, ceil(MOST * minutes))


def _seconds(row: Mapping[str, Any]) -> dict[str, float]:
    """The call's response time (first webhook to a voice) and its time in line."""
    return {name: round(float(row[name]), 3) for name in ("response", "waited") if row[name] is not None}
