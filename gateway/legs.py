"""What is spoken to somebody whose telephone we rang: what it is about; 1 takes it, 2 passes it on.

Only a pressed key counts: whoever says nothing, a voicemail above all, has not taken it. A colleague who takes a case
is its holder; a caller who waits is brought to them, a customer to be called back is rung from their line. A repeated
request gets the same answer, and whoever comes too late is told so. Raises Unavailable only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from channels.provider import open_provider
from gateway import callbacks, oncall, talks
from gateway.casenumber import number
from gateway.desk.acts import Act, Unknown, act
from gateway.desk.holding import take_over
from gateway.post import account_of
from gateway.record import cases
from gateway.record.cases import Case
from gateway.record.db import Connection, statements
from gateway.record.timeline import SYSTEM, Actor
from gateway.ringing import finish
from gateway.runtime import Runtime
from gateway.waiting import RecordedLine
from ivr import twiml
from ivr.engine import PROMPTED_IN
from ivr.prompts import Phrases

log = structlog.get_logger()
SQL, WORK, TALKS = statements("rings"), statements("work"), statements("talks")
LISTENING = timedelta(seconds=25)  # that whoever picked up has to press a key
TRYING = timedelta(seconds=90)  # for which a customer's telephone may ring and be listened to


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
        language = _prompted(case.language if case and row["purpose"] == "customer" else row["language"])
        if row["state"] == "taken":
            return await self._taken(row, case, language)
        if row["state"] not in ("due", "ringing"):
            return self._goodbye("ring_too_late", language)
        clicked = (row["phone"] or "").startswith("client:")  # in a browser, which no voicemail does
        match "1" if clicked else params.get("Digits", ""), row["purpose"]:
            case "1", "customer":
                return await self._reached(row)
            case "1", "consult" | "listen" | "coach" | "join":
                return await self._join(row, language)
            case "1", _:
                return await self._take(row, case, language)
            case "2", "oncall" | "agent" | "consult":
                await finish(self._runtime, row, "passed", "pressed 2", hurry=True)
                return self._goodbye("ring_passed", language)
        if row["offer_id"]:
            until = self._runtime.clock.now() + LISTENING
            await self._runtime.db.run(WORK["stretch"], {"offer": row["offer_id"], "until": until})
        about = self._about(row["purpose"], case, language)
        return twiml.whisper([(language, about)], f"{self._url}/twilio/ring/{ring}", times=2)

    async def ended(self, ring: int) -> str:
        """A colleague's try to reach a customer is over: the call-back is done, or is tried again later."""
        row = await self._runtime.db.row(SQL["find"], {"ring": ring})
        if row is None or not row["item_id"]:
            return self._goodbye("already_over", "sv")
        reached = await callbacks.settle(self._runtime, row["item_id"])
        return self._goodbye("goodbye" if reached else "callback_unreached", _prompted(row["language"]))

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
            return self._goodbye("ring_too_late", language)
        log.info("ring.taken", ring=row["id"], purpose=row["purpose"], agent=row["agent_id"])
        if met.get("sid"):
            await self._line.answered(met["sid"])
            await self._fetch(met["sid"], met["turn"] + 1)
        return await self._taken({**row, "room": met.get("room")}, case, language)

    async def _claim(self, conn: Connection, row: Mapping[str, Any], deed: Act | None) -> Mapping[str, Any] | None:
        """Make case and caller theirs who pressed 1; the caller to be brought (if any), or None when it is too late."""
        now, agent = self._runtime.clock.now(), row["agent_id"]
        if row["purpose"] == "oncall":
            item = await self._oncall(conn, row, deed)
        else:
            item = await self._offered(conn, row, now)
        if item is None:
            return None
        if deed and agent and deed.case.assignee is None and deed.case.status not in ("concluded", "closed"):
            await take_over(deed)
        waiting = {"case": row["case_id"], "sid": item.get("call_sid"), "now": now}
        caller = None
        if item.get("kind") != "callback":
            caller = await (await conn.execute(SQL["caller"], waiting)).fetchone()
        room = f"call-{caller['sid']}" if caller else None
        await conn.execute(SQL["end"], {"ring": row["id"], "state": "taken", "reason": None, "room": room, "now": now})
        if caller:
            await conn.execute(SQL["meet"], {"sid": caller["sid"], "room": room, "agent": agent, "now": now})
        return {**(caller or {}), "room": room}

    async def _oncall(self, conn: Connection, row: Mapping[str, Any], deed: Act | None) -> Mapping[str, Any] | None:
        agent = row["agent_id"]
        if deed is None or deed.case.status in ("concluded", "closed") or deed.case.assignee not in (None, agent):
            return None
        how = "taken" if agent else "last_resort"
        ended = await oncall.end(conn, row["climb_id"], deed.case.id, how, agent, deed.now)
        return {} if ended else None

    async def _offered(self, conn: Connection, row: Mapping[str, Any], now: datetime) -> Mapping[str, Any] | None:
        given = {"offer": row["offer_id"], "agent": row["agent_id"], "state": "accepted", "now": now}
        answered = await (await conn.execute(WORK["answer"], given)).fetchone()
        if answered is None:
            return None
        taken = {"item": answered["item_id"], "epoch": answered["epoch"], "agent": row["agent_id"]}
        await conn.execute(WORK["answered"], {"agent": row["agent_id"], "now": now})
        return await (await conn.execute(WORK["take_item"], taken)).fetchone()

    async def _join(self, row: Mapping[str, Any], language: str) -> str:
        """Somebody comes into a talk that goes on; whose call it is does not change."""
        now = self._runtime.clock.now()
        given = {"ring": row["id"], "state": "taken", "reason": None, "room": row["room"], "now": now}
        if await self._runtime.db.row(SQL["end"], given) is None:
            return self._goodbye("ring_too_late", language)
        self._runtime.live.publish({"type": "case", "case": row["case_id"]})
        return await self._taken(row, None, language)

    async def _reached(self, row: Mapping[str, Any]) -> str:
        """The customer has pressed 1: two people talk, and the wait is over."""
        now = self._runtime.clock.now()
        given = {"ring": row["id"], "state": "taken", "reason": None, "room": None, "now": now}
        await self._runtime.db.run(SQL["end"], given)
        item = await self._runtime.db.row(SQL["wanted"], {"item": row["item_id"]})
        if item and item["call_sid"]:
            await self._line.answered(item["call_sid"])
        return twiml.bridge()

    async def _taken(self, row: Mapping[str, Any], case: Case | None, language: str) -> str:
        if row["purpose"] == "customer":
            return twiml.bridge()
        if row["room"] and row["purpose"] in talks.BESIDE:
            return twiml.meet(self._connecting(language), row["room"], await self._manner(row))
        if row["room"]:
            return twiml.meet(self._connecting(language), row["room"])
        item = await self._runtime.db.row(SQL["wanted"], {"item": row["item_id"]}) if row["item_id"] else None
        if item and item["kind"] == "callback":
            return await self._call_out(row, item, language)
        yours = "ring_yours" if row["agent_id"] else "ring_thanks"
        facts = {"case": number(case.id)} if case else {}
        return twiml.meet([(language, self._phrases.say(yours, language, facts))], None)

    async def _call_out(self, row: Mapping[str, Any], item: Mapping[str, Any], language: str) -> str:
        """Ring the customer from the line of whoever took the call-back."""
        now = self._runtime.clock.now()
        numbers = [one.number for one in self._runtime.config.twilio_numbers if one.voice]
        last = await self._runtime.db.row(SQL["customer_of"], {"item": item["id"]})
        if not item["phone"] or not numbers or item["state"] != "taken":
            await callbacks.settle(self._runtime, item["id"])
            return self._goodbye("callback_unreached", language)
        if last is None or last["state"] != "ringing":
            given = {"case": item["case_id"], "agent": row["agent_id"], "item": item["id"], "now": now}
            last = await self._runtime.db.row(SQL["add_customer"], {**given, "until": now + TRYING})
            assert last is not None
        ring = f"{self._url}/twilio/ring"
        said = [(language, self._phrases.say("callback_ringing", language))]
        return twiml.lead_to(said, item["phone"], numbers[0], f"{ring}/{last['id']}", f"{ring}/{row['id']}/ended")

    async def _fetch(self, caller: str, turn: int) -> None:
        """Bring a waiting caller at once; without the provider they come by themselves when the music ends."""
        account = account_of(self._runtime.config)
        if account is not None:
            async with open_provider(account) as provider:
                await provider.redirect(caller, f"{self._url}/twilio/voice/{turn}")

    def _about(self, purpose: str, case: Case | None, language: str) -> str:
        say = self._phrases.say
        if purpose == "customer":
            return say("callback_here", language)
        asked = {"oncall": "ring_oncall", "consult": "ring_consult"}.get(purpose, "ring_caller")
        parts = [say(asked, language)]
        if case:
            parts += self._case_in_words(case, language)
        return " ".join([*parts, say("ring_menu", language)])

    def _case_in_words(self, case: Case, language: str) -> list[str]:
        say, site = self._phrases.say, self._runtime.directory().sites.get(case.site_id or "")
        what = "chose_danger" if case.category == "safety" else f"chose_{case.category}"
        parts = [say("ring_priority", language, {"priority": case.priority})]
        parts.append(say(what, language) or say("chose_other", language))
        if case.whole_site:
            parts.append(say("ring_whole_site", language))
        if case.charger_id:
            parts.append(say("ring_charger", language, {"charger": case.charger_id}))
        if site:
            parts.append(say("ring_site", language, {"site": f"{site.name}, {site.street}, {site.city}"}))
        elif not case.charger_id:
            parts.append(say("ring_nowhere", language))
        return parts

    async def _manner(self, row: Mapping[str, Any]) -> str:
        if row["purpose"] != "coach":
            return "join" if row["purpose"] == "consult" else str(row["purpose"])
        coached = await self._runtime.db.row(TALKS["coached"], {"room": row["room"]})
        return f"coach {coached['leg']}" if coached else "listen"

    def _connecting(self, language: str) -> list[tuple[str, str]]:
        return [(language, self._phrases.say("connecting", language))]

    def _goodbye(self, prompt: str, language: str) -> str:
        return twiml.goodbye([(language, self._phrases.say(prompt, language))])


def _prompted(language: str | None) -> str:
    return PROMPTED_IN.get(language or "sv", "en")
