"""The outbox: what customers are told is a row before it is sent, and is sent by whoever holds its lease.

What is due, whose it is, what is too old and what went out lately goes by the database's clock, so that a worker whose
clock is wrong sends nothing twice, nothing never and not more than it may. A lease is held on to for as long as an
attempt lasts.

A message is composed when it is sent, and a mail anew at every try, so that it says what is true then. Temporary
failures are tried again with growing pauses for five days; after a time-out it is not known whether the message
arrived, and the same Message-ID goes out again, which is kept from the first time on. Automatic messages are bounded:
one acknowledgement a week to an address about a case, but for one that is open again and for a danger, whose reporter
is told what to do once a day; ten a day to an address in all, so that two machines that answer each other fall silent,
and three a day to those at a domain who answer us about a case, none to words that another of them wrote before, so
that it helps no machine to change its address; one an hour to an address that somebody typed into a form, whosever it
is; and none, but about a danger, to whoever a forged mail says it comes from. A sweep never raises for one message.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from channels import answers
from channels.report import FORGED, SOLVED, Channel, Letter, Solution
from gateway.casenumber import number
from gateway.clock import Clock
from gateway.hosting.crash import Crash, nowhere
from gateway.jobs import wake
from gateway.languages import written_in
from gateway.messages.undelivered import cause
from gateway.notify import Facts, Words, compose, quoted_by
from gateway.record import timeline
from gateway.record.db import Database, Unavailable, recordset, statements
from gateway.record.timeline import SYSTEM, Actor, Entry

log = structlog.get_logger()
SQL, PEOPLE, CASES = statements("messages"), statements("people"), statements("cases")
ATTACHMENTS = statements("attachments")
QUOTED = 20_000  # characters of history below a reply
BATCH = 20
HOLD = 20.0  # seconds between signs that whoever sends is alive; a lease lasts a minute
PATIENCE = timedelta(days=5)
WAITING = timedelta(hours=2)  # how long a mail waits for those in copy, as for a server that greylists strangers
# After which an automatic message helps nobody any more.
STALE = {
    "acknowledgement": timedelta(days=1),
    "oncall": timedelta(minutes=10),
    "portal_link": timedelta(minutes=30),
    "rating": timedelta(hours=2),
}
STALE_TEXTS = {"alarm": timedelta(minutes=15)}  # what a mail, which is dated, may still tell
A_DAY = timedelta(days=1)
IN_A_DAY, ABOUT_A_CASE = 10, 1
JUST_NOW = 3  # acknowledgements in ten minutes to a number that writes
AT_A_DOMAIN = 3  # answers to us about a case that are acknowledged in a day
ANSWERING = ["reply_token", "reply_reference", "number_and_participant"]  # why such a report is attached
TEXTS, URGENT_TEXTS = 5000, 2000  # automatic texts a day, and those that wake somebody
WAKING = ("oncall", "alarm")
TOO_MANY = "the cap on texts of the day is reached"
FEWER = "fewer"  # why a message that was sent is told apart: some of its copies went to nobody


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file that goes with a message; its bytes lie in the blob store under `digest`."""

    name: str
    media_type: str
    digest: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A composed message on its way: answers go to the case of `report`, or to `case` when it is about none; `since`
    dates it. `copies` are who else gets it, now or not at all when it has `waited` for long enough. `mail_id` is the
    Message-ID, `before` are those of the mails before the one that it answers.

    When it has `perhaps` arrived, `others` are what the provider calls messages that went to the same recipient.
    `quoted` is what it answers, shown below the line `above`.
    """

    id: int
    case: int | None
    report: int | None
    channel: str
    kind: str
    recipient: str
    words: Words
    language: str
    automatic: bool
    answers: str | None  # the Message-ID it answers
    since: datetime
    perhaps: bool = False
    others: frozenset[str] = frozenset()
    mail_id: str | None = None
    copies: tuple[str, ...] = ()
    waited: bool = False
    before: tuple[str, ...] = ()
    above: str = ""
    quoted: str = ""
    files: tuple[Enclosed, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of an attempt: `sent`, `deferred` (try again), `uncertain` (may have arrived), `failed` (never
    will).
    """

    state: str
    reason: str = ""
    provider_id: str | None = None


class Post(Protocol):
    async def deliver(self, outgoing: Outgoing) -> Delivery:
        """Try once. Never raises."""
        ...


class Outbox:
    """`Messages` over the record."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def send(self, letter: Letter) -> int:
        """Raises Unavailable when the database is away; then nothing will be sent."""
        row = {
            "case_id": letter.case,
            "report_id": letter.report,
            "person_id": None,
            "channel": letter.channel,
            "kind": letter.kind,
            "language": letter.language,
            "agent_id": None,
        }
        async with self._db.transaction() as conn:
            added = await (
                await conn.execute(SQL["add"], {"rows": recordset([row]), "now": self._clock.now()})
            ).fetchone()
            assert added is not None
            content = {
                "message_id": added["id"],
                "recipient": letter.to,
                "subject": letter.subject,
                "text": letter.text,
                "data": dict(letter.data),
            }
            await conn.execute(SQL["add_contents"], {"rows": recordset([content])})
            await wake(conn)
        return int(added["id"])


class Sweeper:
    """Sends what is due by the channels of `post`; `mint` makes the Message-ID of a message."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        post: Mapping[str, Post],
        facts_of: FactsOf,
        mint: Callable[[int], str | None] = lambda message: None,
        crash: Crash = nowhere,
    ) -> None:
        self._db, self._clock, self._post, self._facts_of = db, clock, post, facts_of
        self._mint, self._crash = mint, crash

    async def sweep(self) -> int:
        """Send until nothing is due; returns how many were tried."""
        tried = 0
        taking = {"channels": list(self._post), "waking": list(WAKING), "limit": BATCH}
        while leased := await self._db.rows(SQL["lease"], taking):
            self._crash("outbox.after_lease")
            ids = [row["id"] for row in leased]
            particulars = {row["id"]: row for row in await self._db.rows(SQL["particulars"], {"messages": ids})}
            for row in leased:
                if await self._hold(row):  # else those before it took long, and somebody else has it
                    await self._try(row, particulars.get(row["id"]))
            tried += len(leased)
        return tried

    async def _hold(self, row: Mapping[str, Any]) -> bool:
        return await self._db.run(SQL["hold"], {"message": row["id"], "epoch": row["lease_epoch"]}) > 0

    @asynccontextmanager
    async def _holding(self, row: Mapping[str, Any]) -> AsyncIterator[None]:
        """Keep the lease while an attempt lasts, which may be the ten minutes that a relay has for its answer."""

        async def hold_on() -> None:
            while True:
                await asyncio.sleep(HOLD)
                with suppress(Unavailable):
                    await self._hold(row)

        holding = asyncio.create_task(hold_on())
        try:
            yield
        finally:
            holding.cancel()

    async def _try(self, row: Mapping[str, Any], about: Mapping[str, Any] | None) -> None:
        recipient = about and (about["recipient"] or _address(row["channel"], about))
        if not about or not recipient:
            await self._end(row, None, Delivery("suppressed", "no address"))
            return
        held = await self._held_back(row, about, recipient)
        if held:
            await self._end(row, about, Delivery("suppressed", held))
            return
        if row["age"] > _lasts(row, about):
            await self._end(row, about, Delivery("stale", "too late to help"))
            return
        words, own = self._words(row, about), about["text"]
        mail_id = row["mail_id"] or (self._mint(row["id"]) if row["channel"] == "email" else None)
        kept = {
            "message": row["id"],
            "mail_id": mail_id,
            "recipient": recipient,
            "subject": words.subject,
            "text": words.text if own is None else own,
            "composed": own is None,
        }
        await self._db.run(SQL["keep_words"], kept)
        outgoing = Outgoing(
            id=row["id"],
            case=row["case_id"],
            report=row["report_id"],
            channel=row["channel"],
            kind=row["kind"],
            recipient=recipient,
            words=words,
            language=written_in(row["language"]),
            automatic=row["agent_id"] is None,
            answers=about["report_message_id"],
            since=row["asked_at"],
            perhaps=row["uncertain_at"] is not None,
            others=await self._others(row, recipient),
            mail_id=mail_id,
            copies=tuple(about["copies"] or ()),
            waited=row["age"] > WAITING,
            before=tuple(about["report_mails_before"] or ()),
            **await self._enclosed(row, about),
        )
        async with self._holding(row):
            delivery = await self._post[row["channel"]].deliver(outgoing)
        self._crash("outbox.after_send")
        await self._end(row, about, delivery)
        self._crash("outbox.after_mark")

    async def _others(self, row: Mapping[str, Any], recipient: str) -> frozenset[str]:
        if row["uncertain_at"] is None or row["channel"] != "sms":
            return frozenset()
        found = await self._db.rows(SQL["sent_to"], {"recipient": recipient, "since": row["asked_at"]})
        return frozenset(one["provider_id"] for one in found)

    async def _enclosed(self, row: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, Any]:
        """What goes below and with the words of a person: the history they answer, and their files."""
        if row["agent_id"] is None or row["channel"] != "email":
            return {}
        found = await self._db.rows(ATTACHMENTS["of_message"], {"message": row["id"]})
        files = tuple(Enclosed(one["name"], one["media_type"], one["sha256"]) for one in found)
        said = about["report_full_text"] or about["report_text"]
        if not said or about["report_channel"] != "email":
            return {"files": files}
        who, at = about["sender_name"] or about["sender_email"], about["report_received_at"]
        return {
            "files": files,
            "quoted": said[:QUOTED],
            "above": quoted_by(row["language"], who, at, about["timezone"]),
        }

    def _words(self, row: Mapping[str, Any], about: Mapping[str, Any]) -> Words:
        if row["case_id"] is None:  # a letter about no case, such as a log-in link, brings its own words
            return Words(about["subject"] or "", about["text"] or "")
        facts = self._facts_of(about)
        answered = about["report_subject"] if about["report_channel"] == "email" else None
        return compose(row["kind"], row["channel"], row["language"], facts, about["text"], self._clock.now(), answered)

    async def _held_back(self, row: Mapping[str, Any], about: Mapping[str, Any], recipient: str) -> str | None:
        """Why an automatic message must not go out now; None when it may. A person's words always go out."""
        if row["agent_id"] is not None:
            return None
        if row["channel"] == "sms" and (capped := await self._capped(row["kind"] in WAKING)):
            return capped
        kind = "phone" if row["channel"] == "sms" else "email"
        stopped = await self._db.row(PEOPLE["stopped"], {"kind": kind, "value": recipient})
        if stopped and stopped["stopped"]:
            return "the person asked for no messages"
        if stopped and stopped["dead"]:
            return "the address is dead"
        if row["kind"] != "acknowledgement":
            return None
        if FORGED in about["report_flags"] and about["report_priority"] != "P1":
            return "the sender is forged"
        given = {
            "message": row["id"],
            "case": row["case_id"],
            "report": row["report_id"],
            "recipient": recipient,
            "kind": row["kind"],
        }
        async with self._db.transaction() as conn:
            await conn.execute(SQL["one_at_a_time"], given)
            await conn.execute(SQL["meant_for"], given)
            lately = await (await conn.execute(SQL["automatic_lately"], given)).fetchone()
        if lately and (lately["about_case"] >= ABOUT_A_CASE or lately["in_all"] >= IN_A_DAY):
            return "acknowledged already"
        texted = about["report_channel"] in answers.TEXTS and about["report_priority"] != "P1"
        if lately and texted and lately["just_now"] >= JUST_NOW:
            return "a machine seems to answer"
        if lately and lately["in_an_hour"] and about["report_channel"] == Channel.FORM:
            return "anybody may have typed this address"
        echoes = await self._db.row(SQL["echoes"], given | {"answering": ANSWERING})
        if echoes and (echoes["acknowledged"] >= AT_A_DOMAIN or echoes["alike"]):
            return "a machine seems to answer"
        return None

    async def _capped(self, urgent: bool) -> str | None:
        """Why no more texts of our own accord go out today; those that wake somebody have a cap of their own."""
        sent = await self._db.row(SQL["texts_lately"], {"lately": A_DAY, "urgent": urgent, "waking": list(WAKING)})
        if sent is None or sent["n"] < (URGENT_TEXTS if urgent else TEXTS):
            return None
        log.error("outbox.cap_reached", urgent=urgent, sent=sent["n"])
        return TOO_MANY

    async def _end(self, row: Mapping[str, Any], about: Mapping[str, Any] | None, delivery: Delivery) -> None:
        now = self._clock.now()
        given = {
            "message": row["id"],
            "epoch": row["lease_epoch"],
            "now": now,
            "reason": delivery.reason,
            "state": delivery.state,
            "provider": delivery.provider_id,
            "pause": pause(row["attempts"]),
            "uncertain": delivery.state == "uncertain",
        }
        perhaps = delivery.state == "uncertain" or row["uncertain_at"] is not None
        undecided = delivery.state in ("deferred", "uncertain")
        again = undecided and row["age"] < PATIENCE
        async with self._db.transaction() as conn:
            if again:
                await conn.execute(SQL["deferred"], given)
                return
            if undecided or delivery.state == "stale":
                given["state"] = "uncertain" if perhaps else "failed" if undecided else "stale"
            if row["case_id"]:
                await conn.execute(CASES["lock"], {"case": row["case_id"]})
            statement = SQL["sent"] if delivery.state == "sent" else SQL["ended"]
            changed = (await conn.execute(statement, given)).rowcount
            if changed and row["case_id"]:
                actor = Actor("agent", row["agent_id"]) if row["agent_id"] else SYSTEM
                kind = "message_sent" if delivery.state == "sent" else "message_failed"
                data = {"message": row["id"], "kind": row["kind"], "channel": row["channel"], "state": given["state"]}
                if kind == "message_failed" and (why := cause(delivery.reason)):
                    data["because"] = why
                elif delivery.reason == FEWER:
                    data["because"] = FEWER
                await timeline.append(conn, [Entry(row["case_id"], kind, actor, row["report_id"], data)], now)
        log.info("message.ended", message=row["id"], kind=row["kind"], state=given["state"], attempts=row["attempts"])


class FactsOf(Protocol):
    def __call__(self, about: Mapping[str, Any]) -> Facts:
        """What a message may say, from its particulars."""
        ...


def _lasts(row: Mapping[str, Any], about: Mapping[str, Any]) -> timedelta:
    """For how long a message helps: until the time that it names, where it names one."""
    if about["lasts"] is not None:
        return timedelta(seconds=about["lasts"])
    found = STALE_TEXTS.get(row["kind"]) if row["channel"] == "sms" else None
    return found or STALE.get(row["kind"], timedelta.max)


def pause(attempts: int) -> timedelta:
    """How long to wait before the next try: 30 s, doubling, at most four hours, and up to a fifth less, so that what
    failed together does not come back together."""
    longest = min(timedelta(seconds=30 * 2 ** min(attempts - 1, 10)), timedelta(hours=4))
    return longest * random.uniform(0.8, 1)


def facts_from(
    public_url: str, support_phone: str | None, solutions_for: SolutionsFor, news: Callable[[str, str | None], str]
) -> FactsOf:
    """The facts of a message, with links made from the public URL."""
    base, moment = public_url.rstrip("/"), datetime.fromisoformat

    def facts_of(about: Mapping[str, Any]) -> Facts:
        open_case = about["status"] not in ("concluded", "closed")
        return Facts(
            number=number(about["case_id"]),
            category=about["category"],
            priority=about["priority"],
            charger=about["charger_id"],
            timezone=about["timezone"],
            due_first_response=about["due_first_response"] if open_case else None,
            due_solution=about["due_solution"] if open_case else None,
            attached=about["outcome"] == "attached",
            shared=about["shared"],
            unreadable=about["unreadable"],
            solved=about["status"] == "closed" and SOLVED in (about["report_flags"] or ()),
            announcement=news(about["language"], about["site_id"]),
            code=about["code"] or "",
            status_url=f"{base}/s/{about['token']}" if about["token"] else base,
            support_phone=support_phone,
            solutions=solutions_for(about["category"], about["language"], about["charger_id"]),
            visit_url=f"{base}/v/{about['visit_token']}" if about["visit_token"] else None,
            visit_times=[(moment(start), moment(stop)) for start, stop in about["visit_times"] or ()],
            visit=(about["visit_starts"], about["visit_ends"]) if about["visit_starts"] else None,
        )

    return facts_of


class SolutionsFor(Protocol):
    def __call__(self, category: str, language: str, charger: str | None) -> Sequence[Solution]:
        """The standard solutions that may be told."""
        ...


def _address(channel: str, about: Mapping[str, Any]) -> str | None:
    found = about["sender_phone"] if channel == "sms" else about["sender_email"]
    return str(found) if found else None
