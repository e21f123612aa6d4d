"""Callers who wait for a person: `Line` over the record.

Nobody is promised a voice that cannot come: a queue's line is open while somebody with a telephone is at work who
serves that queue, and always for a P1, for whom the on-call ladder is climbed (`gateway.phone.oncall`) and who is put
through to LAST_RESORT_NUMBER as soon as none is climbed for them with anybody on it. The first caller of a case is
connected to whoever takes it and is not on the telephone, or meets them in a room; the others are offered as all are.
One who would rather be called back keeps the place that they had, three times a day and only at a number that we may
call, and has it again when they call about the same before that. One whose person has hung up before they met waits on
where they were. A place is told by who is before in the same queue; the wait (`measuring.expected`) by the agents who
serve that queue now, how long its calls took since yesterday and who is before them in it and in queues that share its
agents, as 0.7 to 1.5 times that. When nobody serves it, or fewer than five of its calls tell how long they take, it is
not told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Any, Literal

from psycopg.types.json import Jsonb

from channels.numbers import normalise
from channels.phone_ports import Place, Waiting
from channels.tolls import refusal
from gateway.desk.acts import act
from gateway.desk.words import respond
from gateway.jobs import wake
from gateway.phone import alone, callbacks, consent, talks, wrapping
from gateway.phone.asking import Ratings
from gateway.phone.pace import Paces
from gateway.record import timeline
from gateway.record.db import Connection, Database, statements
from gateway.record.timeline import CUSTOMER, Actor, Entry
from gateway.runtime import Runtime
from measuring.expected import Before, expected

SQL, ONCALL, RINGS, WORK = (statements(name) for name in ("line", "oncall", "rings", "work"))
A_DAY = 3  # call-backs to one number
RINGING = timedelta(seconds=40)  # for which a telephone that we ring may be waited for
SOON = timedelta(seconds=90)  # by when a ladder has begun for a call, or goes on
TARGET = timedelta(seconds=90)  # for an answer, whatever the priority
BRIEF = timedelta(seconds=10)  # that no talk of which something came lasts
SETTLING = timedelta(seconds=10)  # in which whoever hears that a call is over has let its caller leave
LEAST, MOST = 0.7, 1.5


class RecordedLine:
    """The line of every process: it lies in the record."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._db = runtime.calls_db
        self._paces = Paces(runtime.calls_db, runtime.clock)

    async def enter(self, waiting: Waiting) -> Place | None:
        if waiting.priority != "P1" and not waiting.patient and not await self._staffed(waiting.queue):
            return None
        queue = self._runtime.rules().queues.get(waiting.queue)
        given = {
            "sid": waiting.sid,
            "phone": waiting.phone,
            "report": waiting.report,
            "queue": waiting.queue,
            "priority": waiting.priority,
            "longest": queue.longest_wait if queue and waiting.priority != "P1" else None,
        }
        await self._change("enter", given, "call_queued", after=_line_up, priority=waiting.priority)
        place = await self.place(waiting.sid)
        if place.least is not None:
            await self._change("case_of", {"sid": waiting.sid}, "wait_told", least=place.least, most=place.most)
        return place

    async def place(self, sid: str) -> Place:
        row = await self._db.row(SQL["place"], {"sid": sid})
        if row is None:
            return Place(0)
        if row["taken"] and row["room"] is None:
            given = {"sid": sid}
            await self._change("wait_on", given, "call_queued", then=("stay_in_line",), priority=row["priority"])
            return await self.place(sid)
        before = {queue: Before(*counts) for queue, counts in (row["before"] or {}).items()}
        least, most = await self._estimate(row["queue"], row["state"], before)
        answerer = row["room"]
        if answerer is None and row["answerer"]:
            answerer = await self._put_through(sid, row["answerer"])
        elif answerer is None and row["priority"] == "P1" and not await self._helped(sid):
            answerer = self._runtime.config.last_resort_number
        longest = row["longest_at"]
        return Place(
            before.get(row["queue"], Before()).all,
            least,
            most,
            answerer,
            staffed=row["staffed"] or row["priority"] == "P1",
            overdue=longest is not None and longest <= self._runtime.clock.now(),
            consent=consent.mode(self._runtime, (row["queue"], row["case_queue"])),
        )

    async def _estimate(
        self, queue: str | None, state: str | None, before: Mapping[str, Before]
    ) -> tuple[int | None, int | None]:
        """In minutes, from least to most; None where it is not known. Whoever is being offered waits no more."""
        if queue is None:
            return None, None
        crews, pace = await self._paces.of(queue)
        seconds = expected(queue, {} if state == "offered" else before, crews, pace)
        if seconds is None:
            return None, None
        return int(LEAST * seconds / 60), max(1, ceil(MOST * seconds / 60))

    async def _put_through(self, sid: str, phone: str) -> str | None:
        """Ring whoever has taken the caller's case, to meet in a room, where a talk can be held and handed over. When
        that led to nobody, or nobody can be rung, they are dialled from the caller's own line."""
        if self._runtime.config.twilio_account_sid:
            before = await self._db.row(RINGS["put_through_before"], {"sid": sid, "ringing": RINGING})
            if before is None:
                async with self._db.transaction() as conn:
                    await conn.execute(RINGS["put_through"], {"sid": sid})
                    await wake(conn)
                return None
            if before["state"] in ("due", "ringing") and before["fresh"]:
                return None
        return phone if phone.startswith("client:") else normalise(phone)

    async def call_back(self, sid: str, phone: str) -> Literal["booked", "barred", "often"]:
        number = normalise(phone)
        own = [one.number for one in self._runtime.config.twilio_numbers]
        if number is None or refusal(number, own=own) is not None:
            return "barred"
        given = {"sid": sid, "phone": number, "longest": self._longest()}
        lately = await self._db.row(SQL["callbacks_lately"], given)
        if lately and lately["n"] >= A_DAY:
            return "often"
        await self._change("leave_line", given, "callback_wanted", then=("callback_number",), after=_keep_place)
        return "booked"

    def _longest(self) -> Jsonb:
        """How many seconds a caller may wait, by queue."""
        queues = self._runtime.rules().queues.values()
        return Jsonb({queue.name: queue.longest_wait.total_seconds() for queue in queues if queue.longest_wait})

    async def answered(self, sid: str) -> None:
        now = self._runtime.clock.now()
        async with self._db.transaction() as conn:
            row = await (await conn.execute(SQL["answer"], {"sid": sid, "now": now})).fetchone()
            if row is None or row["case_id"] is None:
                return
            agent = Actor("agent", row["agent_id"]) if row["agent_id"] else timeline.SYSTEM
            await callbacks.fulfil(conn, row["callback_id"], agent, "called", now)
        async with act(self._runtime, agent, row["case_id"]) as deed:
            await respond(deed, "call", channel="phone", call=sid, **_seconds(row))

    async def talk(self, sid: str) -> Literal["over", "cut", "nobody"]:
        given = {"sid": sid, "since": self._runtime.clock.now() - BRIEF}
        row = await self._db.row(SQL["talk"], given)
        if row is None or row["answered_at"] is None:
            return "nobody"
        return "cut" if row["cut"] else "over"

    async def leave(self, sid: str, why: Literal["hung_up", "message"]) -> None:
        if why == "hung_up":
            await alone.hung_up(self._runtime, sid)
        await self._change("leave", {"sid": sid}, "call_left", after=_step_out, why=why)

    async def left_talk(self, sid: str) -> None:
        await talks.left(self._runtime, sid)

    async def about(self, sid: str) -> str | None:
        return await Ratings(self._runtime).about(sid)

    async def hurry(self, sid: str) -> None:
        await hurry(self._db, sid)

    async def rated(self, sid: str, rating: int) -> None:
        await Ratings(self._runtime).rated(sid, rating, "phone")

    async def _staffed(self, queue: str | None = None) -> bool:
        row = await self._db.row(SQL["staffed"], {"queue": queue})
        return bool(row and row["staffed"])

    async def _helped(self, sid: str) -> bool:
        """Whether somebody is at work, or on a ladder that is climbed for this call or may begin yet."""
        if await self._staffed():
            return True
        if not self._runtime.config.twilio_account_sid:
            return False
        row = await self._db.row(ONCALL["helped"], {"sid": sid, "soon": SOON, "now": self._runtime.clock.now()})
        return bool(row and row["helped"])

    async def _change(
        self,
        statement: str,
        given: Mapping[str, Any],
        kind: str,
        *,
        then: Sequence[str] = (),
        after: Callable[[Connection, Mapping[str, Any]], Awaitable[Sequence[str]]] | None = None,
        **data: Any,
    ) -> None:
        """A change of a call, of its work, and its entry on the case's timeline, in one transaction; `after` returns
        the agents who write the call up now."""
        now = self._runtime.clock.now()
        everything = {**given, "now": now, "target": TARGET}
        writing: Sequence[str] = ()
        async with self._db.transaction() as conn:
            row = await (await conn.execute(SQL[statement], everything)).fetchone()
            for name in then:
                await conn.execute(SQL[name], everything)
            if after:
                writing = await after(conn, everything)
            if row is not None and row["case_id"] is not None:
                entry = Entry(row["case_id"], kind, CUSTOMER, row["report_id"], {"call": given["sid"], **data})
                await timeline.append(conn, [entry], now)
            if row is not None:
                await wake(conn)
        if row is not None and row["case_id"] is not None:
            self._runtime.live.publish({"type": "case", "case": row["case_id"]})
        for agent in writing:
            wrapping.tell(self._runtime, agent)


async def hurry(db: Database, sid: str) -> None:
    """Whoever told of danger in a call, and waits in it or to be called back, is the first from now on."""
    async with db.transaction() as conn:
        if (await conn.execute(SQL["hurry"], {"sid": sid})).rowcount:
            await wake(conn)


async def sweep(runtime: Runtime) -> int:
    """Let those leave the line whose call is over and for whom nobody did when it ended; returns how many."""
    line = RecordedLine(runtime)
    rows = await runtime.db.rows(SQL["gone"], {"now": runtime.clock.now(), "settling": SETTLING})
    for row in rows:
        await line.leave(row["call_sid"], "hung_up")
    return len(rows)


async def _line_up(conn: Connection, given: Mapping[str, Any]) -> Sequence[str]:
    row = await (await conn.execute(SQL["line_up"], given)).fetchone()
    if row and row["callback_id"]:
        await conn.execute(WORK["stand_aside"], {"item": row["callback_id"]})
    return ()


async def _keep_place(conn: Connection, given: Mapping[str, Any]) -> Sequence[str]:
    """What was promised before about the same is this call-back now."""
    row = await (await conn.execute(SQL["become_callback"], given)).fetchone()
    row = row or await (await conn.execute(SQL["add_callback"], given)).fetchone()
    items = [item for item in (row["id"], row["callback_id"]) if item] if row else []
    await conn.execute(SQL["withdraw"], {**given, "items": items})
    for item in items[1:]:
        await conn.execute(WORK["end_item"], {"item": item})
    return ()


async def _step_out(conn: Connection, given: Mapping[str, Any]) -> Sequence[str]:
    rows = await (await conn.execute(SQL["step_out"], given)).fetchall()
    await conn.execute(SQL["withdraw"], {**given, "items": [row["id"] for row in rows]})
    agents = [row["agent_id"] for row in rows if row["agent_id"]]
    for agent in agents:
        await wrapping.begin(conn, agent, given["sid"])
    return agents


def _seconds(row: Mapping[str, Any]) -> dict[str, float]:
    """The call's response time (first webhook to a voice) and its time in line."""
    return {name: round(float(row[name]), 3) for name in ("response", "waited") if row[name] is not None}
