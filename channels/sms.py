"""The SMS door: a message becomes a report before it is acknowledged, in the record or in the spool.

The answer to the provider never holds words: what a sender is told goes through the outbox, which knows who opted out
and who is a robot. One digit of somebody who was asked what they thought of a call is an answer: it goes to the case of
that call, and rates it. One word, yes or no, of somebody who was asked whether one case is solved is an answer, too: it
goes to that case, and closes it or opens it again. Whoever wants no texts any more (or wants them again) says it in one
word, which the report carries as a flag: kept, it is granted. 1 and 2 mean the same, unless a call is to be rated: only
words were asked for. What a message answers is kept with it, so that its repeat answers nothing else. Pictures are
fetched by their ids from the provider's own API; a URL inside a webhook is never followed, and what cannot be fetched
is said so and costs no text. Raises NotStored when nothing could be kept.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog
from twilio.twiml.messaging_response import MessagingResponse

from channels import cards
from channels.numbers import normalise
from channels.phone_events import Params, sid_of
from channels.report import (
    ANSWER,
    START,
    STOP,
    UNSOLVED,
    Attachment,
    Channel,
    Intake,
    NotStored,
    Report,
    Sender,
    Spool,
    Thread,
    Unconfirmed,
)

log = structlog.get_logger()

MOST_MEDIA = 10
MEDIA_SECONDS = 8.0
MEDIA_SID = re.compile(r"/Media/(ME[0-9a-zA-Z]{1,62})$")
RATES, SOLVES = "rates", "solves"  # flags of an answer, before the call that it rates or the report of who says yes
WISHES = {
    STOP: frozenset({"stop", "stopp", "stopall", "unsubscribe", "cancel", "end", "quit", "sluta", "avsluta", "lopeta"}),
    START: frozenset({"start", "unstop", "starta", "aloita"}),
}
RATED = re.compile(r"\s*[1-5][.!]?\s*")
YES = frozenset({"ja", "jo", "yes", "y", "j", "kyllä", "joo", "1"})
NO = frozenset({"nej", "nei", "no", "n", "nein", "ei", "2"})
EMPTY = str(MessagingResponse())


class Media(Protocol):
    async def media(self, message: str, media: str) -> bytes:
        """The bytes of a picture, at most 16 MB, from the provider's API. Raises anything when it cannot be had."""
        ...


class Deliveries(Protocol):
    async def delivered(self, sid: str, status: str, error: str | None) -> None:
        """Note what became of an SMS of ours; a status never moves backwards."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody was asked and has not answered: how a call was; `token` is that of its case, for a thread."""

    call: str
    token: str


class Ratings(Protocol):
    async def question(self, phone: str) -> Question | None:
        """The question that a number was asked last."""
        ...

    async def rated(self, call: str, rating: int) -> None:
        """Note what was answered, once."""
        ...


class Conclusions(Protocol):
    async def asked(self, phone: str) -> Unconfirmed | None:
        """The case that a number was asked about and has not answered; None also when there are several."""
        ...

    async def confirm(self, report: int) -> None:
        """A reporter's yes, once."""
        ...


class SmsDoor:
    """The door of one process. `numbers` are our own: what comes from them is a loop and is marked as a robot's."""

    def __init__(
        self,
        intake: Intake,
        spool: Spool,
        media: Media,
        deliveries: Deliveries,
        ratings: Ratings,
        conclusions: Conclusions,
        now: Callable[[], datetime],
        numbers: Collection[str] = (),
    ) -> None:
        self._intake, self._spool, self._media = intake, spool, media
        self._deliveries, self._now = deliveries, now
        self._ratings, self._conclusions = ratings, conclusions
        self._numbers = frozenset(numbers)

    async def sms(self, params: Params) -> str:
        """Keep one incoming message and answer with an empty document. Raises NotStored."""
        report = await self._report(params)
        word = _word(report.text)
        question = await self._question(report)
        asked = await self._asked(report, word) if question is None else None
        if question is not None:
            flags = (*report.flags, ANSWER, f"{RATES}:{question.call}")
            report = replace(report, thread=Thread(question.token), flags=flags)
        if asked is not None:
            said = (ANSWER, f"{SOLVES}:{asked.report}") if word in YES else (UNSOLVED,)
            report = replace(report, thread=Thread(asked.token), flags=(*report.flags, *said))
        try:
            kept = (await self._intake.accept(report)).flags
        except NotStored:
            await self._spool.keep(report)
            kept = report.flags
        await self._note_answer(kept, word)
        return EMPTY

    async def status(self, params: Params) -> None:
        """Note a delivery report of a message of ours."""
        code = params.get("ErrorCode") or None
        await self._deliveries.delivered(sid_of(params, "MessageSid"), params.get("MessageStatus", "unknown"), code)

    async def _report(self, params: Params) -> Report:
        sid = sid_of(params, "MessageSid")
        said = params.get("Body", "")
        text = cards.masked(said)
        sender = params.get("From", "")
        phone = normalise(sender)
        raw = {name: cards.masked(value) for name, value in params.items()}
        attachments = await self._attachments(sid, params)
        return Report(
            channel=Channel.WHATSAPP if sender.startswith("whatsapp:") else Channel.SMS,
            key=sid,
            received_at=self._now(),
            text=text,
            sender=Sender(phone=phone or normalise(sender.removeprefix("whatsapp:"))),
            attachments=attachments,
            raw=json.dumps(raw, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass"),
            raw_type="application/json",
            recipients=(params["To"],) if params.get("To") else (),
            auto_reply=phone in self._numbers or (phone is None and not sender.startswith("whatsapp:")),
            flags=(*_wishes(text), *(f"media_missing:{file.name}" for file in attachments if file.quarantined)),
        )

    async def _attachments(self, sid: str, params: Params) -> tuple[Attachment, ...]:
        count = params.get("NumMedia", "0")
        wanted = min(int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0, MOST_MEDIA)
        files = [
            (params.get(f"MediaUrl{at}", ""), params.get(f"MediaContentType{at}", "application/octet-stream"))
            for at in range(wanted)
        ]
        return tuple(await asyncio.gather(*(self._attachment(sid, *file) for file in files)))

    async def _attachment(self, sid: str, url: str, media_type: str) -> Attachment:
        found = MEDIA_SID.search(url)
        name = found.group(1) if found else "media"
        try:
            if found is None:
                raise ValueError("not a media address of the provider")
            async with asyncio.timeout(MEDIA_SECONDS):
                content = await self._media.media(sid, name)
        except Exception as error:
            log.warning("sms.media_not_fetched", message=sid, error=type(error).__name__)
            return Attachment(name, media_type[:100], b"", quarantined="not fetched: try again")
        return Attachment(name, media_type[:100], content)

    async def _question(self, report: Report) -> Question | None:
        """What a message of one digit answers, if its sender was asked."""
        if report.sender.phone is None or report.auto_reply or not RATED.fullmatch(report.text):
            return None
        try:
            return await self._ratings.question(report.sender.phone)
        except Exception as error:
            log.warning("sms.question_not_found", error=type(error).__name__)
            return None

    async def _asked(self, report: Report, word: str) -> Unconfirmed | None:
        """What a message of one word says yes or no to, if its sender was asked."""
        if report.sender.phone is None or report.auto_reply or word not in YES | NO:
            return None
        try:
            return await self._conclusions.asked(report.sender.phone)
        except Exception as error:
            log.warning("sms.question_not_found", error=type(error).__name__)
            return None

    async def _note_answer(self, flags: Sequence[str], word: str) -> None:
        answered = dict(flag.split(":", 1) for flag in flags if flag.startswith((f"{RATES}:", f"{SOLVES}:")))
        try:
            if call := answered.get(RATES):
                await self._ratings.rated(call, int(word))
            if report := answered.get(SOLVES):
                await self._conclusions.confirm(int(report))
        except Exception as error:
            log.warning("sms.answer_not_noted", **answered, error=type(error).__name__)


def _wishes(text: str) -> Iterator[str]:
    """The flag of a message that is nothing but a wish."""
    word = "".join(character for character in text.casefold() if character.isalpha())
    return (flag for flag, words in WISHES.items() if len(text) <= 20 and word in words)


def _word(text: str) -> str:
    """A message as the one word that it may be."""
    return text.strip().rstrip(".!").rstrip().casefold()
