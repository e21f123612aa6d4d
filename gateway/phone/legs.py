"""What is spoken to somebody whose telephone we rang: what it is about; 1 takes it, 2 passes it on.

Only a pressed key counts: whoever says nothing, a voicemail above all, has not taken it. A colleague who takes a case
is its holder; a caller who waits is brought to them, a customer whom they call (back) is rung into the room where they
wait, also one who waits to be called back about the case of a ladder. Nobody is called back who is on the line to us at
that moment: the colleague is told so. A repeated request gets the same answer, and whoever comes too late is told so.
Raises Unavailable only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from channels.provider import open_provider
from gateway.casenumber import number
from gateway.desk.acts import Act, Unknown, act
from gateway.desk.holding import take_over
from gateway.desk.words import respond
from gateway.jobs import wake
from gateway.messages.post import account_of
from gateway.phone import callbacks, customer_first, oncall, talks
from gateway.phone.ringing import finish
from gateway.phone.waiting import RecordedLine
from gateway.phone.whispers import about, greeting
from gateway.record import cases
from gateway.record.cases import Case
from gateway.record.db import Connection, statements
from gateway.record.timeline import SYSTEM, Actor
from gateway.runtime import Runtime
from ivr import twiml
from ivr.engine import PROMPTED_IN
from ivr.prompts import Phrases

log = structlog.get_logger()
SQL, WORK, TALKS, ONCALL = (statements(name) for name in ("rings", "work", "talks", "oncall"))
LISTENING = timedelta(seconds=25)  # that whoever picked up has to press a key
BRINGING = "bringing"  # of a telephone that was taken, while the provider is asked to bring the caller
CROSSED = "on the line"  # of one that was taken, while the customer to be called back was on another way to us
MOMENTS = 6  # holding sentences for which that is waited for
OUTGOING = "out-"  # before the number of the ring whose room it is, which a customer is rung into


class Legs:
    """The answers of one process."""

    def __init__(self, runtime: Runtime, phrases: Phrases) -> None:
        self._runtime, self._phrases = runtime, phrases
        self._line = RecordedLine(runtime)
        self._url = runtime.config.public_url.rstrip("/")

    async def answer(self, ring: int, params: Mapping[str, str]) -> str:
        """The document for a ring, and for what was pressed."""
        row = await self._runtime.db.row(SQL["find"], {"ring": ring})
        if row is None:
            return self._goodbye("already_over", "sv")
        case = await cases.find(self._runtime.db, row["case_id"]) if row["case_id"] else None
        if customer_first.is_one(row):
            return await self._customer_first(row, case, params)
        language = _prompted(case.language if case and row["purpose"] == "customer" else row["language"])
        if row["state"] == "taken":
            if row["reason"] == BRINGING and (before := held(params)) < MOMENTS:
                moment = self._phrases.say("hold", language)
                return twiml.hold([(language, moment)], f"{self._url}/twilio/ring/{ring}?held={before + 1}")
            return await self._taken(row, case, language)
        if row["state"] not in ("due", "ringing"):
            over = self._lost if row["purpose"] == "customer" else self._too_late
            return await over(row, language)
        clicked = (row["phone"] or "").startswith("client:")  # in a browser, which no voicemail does
        match "1" if clicked else params.get("Digits", ""), row["purpose"]:
            case "1", "customer":
                return await self._reached(row, params.get("CallSid", ""))
            case "1", "consult" | "listen" | "coach" | "join":
                return await self._join(row, language)
            case "1", _:
                return await self._take(row, case, language)
            case "2", "oncall" | "agent" | "outgoing" | "consult":
                await finish(self._runtime, row, "passed", "pressed 2", hurry=True)
                return self._goodbye("ring_passed", language)
        if row["offer_id"]:
            await self._runtime.db.run(WORK["stretch"], {"offer": row["offer_id"], "lasts": LISTENING})
        said = await self._about(row, case, language)
        return twiml.whisper([(language, said)], f"{self._url}/twilio/ring/{ring}", times=2)

    async def _customer_first(self, row: Mapping[str, Any], case: Case | None, params: Mapping[str, str]) -> str:
        item = await self._runtime.db.row(SQL["wanted"], {"item": row["item_id"]})
        language = _prompted(case.language if case else item["language"] if item else None)
        here = f"{self._url}/twilio/ring/{row['id']}"
        digits, sid = params.get("Digits", ""), params.get("CallSid", "")
        match await customer_first.step(self._runtime, row, item, digits, sid):
            case "ask":
                return twiml.whisper([(language, greeting(self._phrases, "callback", language))], here, times=2)
            case "meet":
                return twiml.meet([], row["room"])
            case ("connecting" | "waiting") as now:
                said = [(language, self._phrases.say(f"callback_{now}", language))]
                return twiml.wait(said, here, f"{self._url}/twilio/music.wav")
            case "later":
                return self._goodbye("callback_later", language)
        return self._goodbye("goodbye", language)

    async def ended(self, ring: int) -> str:
        """A colleague's try to reach a customer is over: the call-back is done, or is tried again later."""
        row = await self._runtime.db.row(SQL["find"], {"ring": ring})
        if row is None or not row["item_id"]:
            return self._goodbye("already_over", "sv")
        if row["room"] and await talks.goes_on(self._runtime, row["room"]):
            return self._goodbye("goodbye", _prompted(row["language"]))
        end = await callbacks.settle(self._runtime, row["item_id"])
        item = await self._runtime.db.row(SQL["wanted"], {"item": row["item_id"]})
        unreached = f"customer_{end}" if item and item["state"] == "done" else "callback_unreached"
        return self._goodbye("goodbye" if end == "reached" else unreached, _prompted(row["language"]))

    async def _take(self, row: Mapping[str, Any], case: Case | None, language: str) -> str:
        actor = Actor("agent", row["agent_id"], row["role"]) if row["agent_id"] else SYSTEM
        met: Mapping[str, Any] | None = None
        try:
            if case is None:
                async with self._runtime.db.transaction() as conn:
                    met = await self._claim(conn, row, None)
            else:
                async with act(self._runtime, actor, case.id) as deed:
                    met = await self._claim(deed.conn, row, deed)
        except Unknown:
            log.info("ring.case_gone", ring=row["id"])
        if met is None:
            await finish(self._runtime, row, "missed", "too late", hurry=False)
            return await self._too_late(row, language)
        log.info("ring.taken", ring=row["id"], purpose=row["purpose"], agent=row["agent_id"])
        if met.get("sid"):
            await self._line.answered(met["sid"])
            await self._fetch(row["id"], met["sid"], f"voice/{met['turn'] + 1}")
        elif waiting := met.get("waiting"):
            if met["call"]:
                await self._line.answered(met["call"])
            await self._fetch(row["id"], waiting["sid"], f"ring/{waiting['id']}")
        reason = CROSSED if "crossed" in met else None
        return await self._taken({**row, "room": met.get("room"), "reason": reason}, case, language)

    async def _too_late(self, row: Mapping[str, Any], language: str) -> str:
        if row["purpose"] in talks.BESIDE:
            return self._goodbye("already_over", language)
        gone = await self._runtime.db.row(SQL["caller_gone"], {"ring": row["id"]})
        return self._goodbye("ring_gone" if gone else "ring_too_late", language)

    async def _lost(self, row: Mapping[str, Any], language: str) -> str:
        """What a customer hears who met nobody."""
        item = await self._runtime.db.row(SQL["wanted"], {"item": row["item_id"]})
        again = item and item["kind"] == "callback" and item["state"] != "done"
        return self._goodbye("callback_later" if again else "call_lost", language)

    async def _claim(self, conn: Connection, row: Mapping[str, Any], deed: Act | None) -> Mapping[str, Any] | None:
        """Make case and caller theirs who pressed 1; the caller to be brought (if any), or None when it is too late."""
        now, agent = self._runtime.clock.now(), row["agent_id"]
        if row["purpose"] == "oncall":
            item = await self._oncall(conn, row, deed)
        else:
            item = await self._offered(conn, row) or await self._theirs(conn, row, deed)
        if item is None:
            return None
        calls = item.get("kind") in ("callback", "outgoing")
        if (
            deed
            and agent
            and not calls
            and deed.case.assignee is None
            and deed.case.status not in ("concluded", "closed")
        ):
            await take_over(deed)
        met: Mapping[str, Any] = {}
        waits = {"case": row["case_id"], "sid": item.get("call_sid"), "ring": row["id"], "agent": agent}
        if calls:
            met = await self._reach(conn, row, item["call_sid"])
        elif caller := await (await conn.execute(SQL["caller"], waits)).fetchone():
            met = {**caller, "room": f"call-{caller['sid']}"}
            await conn.execute(SQL["meet"], {"sid": caller["sid"], "room": met["room"], "agent": agent})
        elif row["purpose"] == "oncall" and (back := await (await conn.execute(SQL["bring"], waits)).fetchone()):
            met = await self._reach(conn, {**row, "item_id": back["id"]}, back["call_sid"])
        reason = BRINGING if "sid" in met or "waiting" in met else CROSSED if "crossed" in met else None
        taken = {"ring": row["id"], "state": "taken", "reason": reason, "room": met.get("room"), "now": now}
        await conn.execute(SQL["end"], taken)
        return met

    async def _oncall(self, conn: Connection, row: Mapping[str, Any], deed: Act | None) -> Mapping[str, Any] | None:
        agent = row["agent_id"]
        climb = await (await conn.execute(ONCALL["lock"], {"climb": row["climb_id"]})).fetchone()
        if deed is None or climb is None:
            return None
        mine = deed.case.status not in ("concluded", "closed") and deed.case.assignee in (None, agent)
        if not (climb["caller_waits"] if climb["why"] == "call" else mine):
            return None
        how = "taken" if agent else "last_resort"
        ended = await oncall.end(conn, row["climb_id"], deed.case.id, how, agent, deed.now)
        return {"call_sid": climb["waits_in"]} if ended else None

    async def _offered(self, conn: Connection, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
        given = {"offer": row["offer_id"], "agent": row["agent_id"], "state": "accepted"}
        answered = await (await conn.execute(WORK["answer"], given)).fetchone()
        if answered is None:
            return None
        taken = {"item": answered["item_id"], "epoch": answered["epoch"], "agent": row["agent_id"]}
        await conn.execute(WORK["answered"], {"agent": row["agent_id"]})
        return await (await conn.execute(WORK["take_item"], taken)).fetchone()

    async def _theirs(self, conn: Connection, row: Mapping[str, Any], deed: Act | None) -> Mapping[str, Any] | None:
        """What is this agent's without an open offer: the call that they make, or the caller whose case they have."""
        item = await (await conn.execute(SQL["wanted"], {"item": row["item_id"]})).fetchone()
        if item is None or item["state"] == "done":
            return None
        holds = item["agent_id"] == row["agent_id"] and item["state"] == "taken"
        has_the_case = deed is not None and item["kind"] == "call" and deed.case.assignee == row["agent_id"]
        return item if holds or has_the_case else None

    async def _join(self, row: Mapping[str, Any], language: str) -> str:
        """Somebody comes into a talk that goes on; whose call it is does not change."""
        if await self._runtime.db.row(TALKS["coached"], {"room": row["room"]}) is None:
            await finish(self._runtime, row, "missed", "over", hurry=False)
            return await self._too_late(row, language)
        now = self._runtime.clock.now()
        given = {"ring": row["id"], "state": "taken", "reason": None, "room": row["room"], "now": now}
        if await self._runtime.db.row(SQL["end"], given) is None:
            return await self._too_late(row, language)
        self._runtime.live.publish({"type": "case", "case": row["case_id"]})
        if row["purpose"] in talks.HEARD:
            await talks.anchor(self._runtime, row["room"])
        return await self._taken(row, None, language)

    async def _reached(self, row: Mapping[str, Any], sid: str) -> str:
        """The customer has pressed 1: two people talk, and the wait is over."""
        item = await self._runtime.db.row(SQL["wanted"], {"item": row["item_id"]})
        if item and item["call_sid"]:
            await self._line.answered(item["call_sid"])
        if item is None or item["kind"] == "callback":
            async with self._runtime.db.transaction() as conn:
                await self._meets(conn, row, sid)
        else:
            async with act(self._runtime, Actor("agent", row["agent_id"], row["role"]), row["case_id"]) as deed:
                if await self._meets(deed.conn, row, sid):
                    await respond(deed, "call", channel="phone", call=sid)
                    await callbacks.fulfil(deed.conn, item["callback_id"], deed.actor, "rung", deed.now)
        self._runtime.live.publish({"type": "talk"})
        return twiml.meet([], row["room"])

    async def _meets(self, conn: Connection, row: Mapping[str, Any], sid: str) -> bool:
        now = self._runtime.clock.now()
        given = {"ring": row["id"], "state": "taken", "reason": None, "room": row["room"], "now": now}
        ended = await (await conn.execute(SQL["end"], given)).fetchone()
        answers = {"sid": sid, "case": row["case_id"], "agent": row["agent_id"], "now": now}
        await conn.execute(SQL["customer_answers"], answers)
        return ended is not None

    async def _taken(self, row: Mapping[str, Any], case: Case | None, language: str) -> str:
        if row["purpose"] == "customer":
            return twiml.meet([], row["room"])
        if row["reason"] == CROSSED:
            return self._on_the_line(row, case, language)
        if row["room"] and row["purpose"] in talks.BESIDE:
            return twiml.meet(self._connecting(language), row["room"], await self._manner(row))
        if row["room"] and row["room"].startswith(OUTGOING):
            said = [(language, self._phrases.say("callback_ringing", language))]
            return twiml.meet(said, row["room"], action=f"{self._url}/twilio/ring/{row['id']}/ended")
        if row["room"]:
            back = f"{self._url}/twilio/ring/{row['id']}/ended" if row["room"].startswith(callbacks.BACK) else None
            return twiml.meet(self._connecting(language), row["room"], action=back)
        item = await self._runtime.db.row(SQL["wanted"], {"item": row["item_id"]}) if row["item_id"] else None
        if item and item["kind"] != "call":
            return await self.ended(row["id"])
        return twiml.meet([(language, self._yours(row, case, language))], None)

    def _on_the_line(self, row: Mapping[str, Any], case: Case | None, language: str) -> str:
        theirs = case is not None and case.assignee not in (None, row["agent_id"])
        rest = self._phrases.say("goodbye", language)
        if row["purpose"] == "oncall" and not theirs:
            rest = self._yours(row, case, language)
        return twiml.goodbye([(language, self._phrases.say("ring_on_the_line", language)), (language, rest)])

    def _yours(self, row: Mapping[str, Any], case: Case | None, language: str) -> str:
        facts = {"case": number(case.id)} if case else {}
        return self._phrases.say("ring_yours" if row["agent_id"] else "ring_thanks", language, facts)

    async def _reach(self, conn: Connection, row: Mapping[str, Any], call: str | None) -> Mapping[str, Any]:
        """Where a customer is met whom they call: they wait there already, or are rung now, unless they are on another
        way to somebody."""
        now = self._runtime.clock.now()
        waiting = await customer_first.waiting(conn, row["item_id"])
        if waiting is None:
            if await callbacks.crossed(conn, row["item_id"], now):
                return {"crossed": True}
            return {"room": await self._call_out(conn, row, now)}
        joined = {"sid": waiting["sid"], "case": row["case_id"], "agent": row["agent_id"], "now": now}
        await conn.execute(SQL["customer_answers"], joined)
        return {"room": waiting["room"], "waiting": waiting, "call": call}

    async def _call_out(self, conn: Connection, row: Mapping[str, Any], now: datetime) -> str | None:
        """The room that the customer is rung into; None when there is nobody to ring, or nothing to ring them with."""
        wanted = await (await conn.execute(SQL["wanted"], {"item": row["item_id"]})).fetchone()
        phone = row["leads_to"] or (wanted["phone"] if wanted else None)
        if not phone or not any(one.voice for one in self._runtime.config.twilio_numbers):
            return None
        room = f"{OUTGOING}{row['id']}"
        given = {"case": row["case_id"], "agent": row["agent_id"], "item": row["item_id"], "phone": phone, "room": room}
        await conn.execute(SQL["add_customer"], {**given, "now": now})
        await wake(conn)
        return room

    async def _fetch(self, ring: int, caller: str, where: str) -> None:
        """Bring whoever waits at once; without the provider they come by themselves when the music ends. Nobody else is
        let into the room before the provider has answered: who is there already is led out of it and in again, and a
        room ends with its caller."""
        account = account_of(self._runtime.config)
        if account is not None:
            async with open_provider(account) as provider:
                await provider.redirect(caller, f"{self._url}/twilio/{where}")
        await self._runtime.db.run(SQL["brought"], {"ring": ring})

    async def _about(self, row: Mapping[str, Any], case: Case | None, language: str) -> str:
        if row["purpose"] != "customer":
            return about(self._phrases, self._runtime.directory(), row["purpose"], case, language)
        item = await self._runtime.db.row(SQL["wanted"], {"item": row["item_id"]})
        return greeting(self._phrases, item["kind"] if item else "callback", language)

    async def _manner(self, row: Mapping[str, Any]) -> str:
        if row["purpose"] != "coach":
            return "join" if row["purpose"] == "consult" else str(row["purpose"])
        coached = await self._runtime.db.row(TALKS["coached"], {"room": row["room"]})
        return f"coach {coached['leg']}" if coached else "listen"

    def _connecting(self, language: str) -> list[tuple[str, str]]:
        return [(language, self._phrases.say("connecting", language))]

    def _goodbye(self, prompt: str, language: str) -> str:
        return twiml.goodbye([(language, self._phrases.say(prompt, language))])


def held(params: Mapping[str, str]) -> int:
    """How many holding sentences were spoken before."""
    told = params.get("held", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 4 else 0


def _prompted(language: str | None) -> str:
    return PROMPTED_IN.get(language or "sv", "en")
