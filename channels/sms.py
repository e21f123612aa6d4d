"""The SMS door: a message becomes a report before it is acknowledged, in the record or in the spool.

The answer to the provider never holds words: what a sender is told goes through the outbox, which knows who opted out
and who is a robot. What answers a question of ours goes to the case that it is about and is applied; in the spool it
lies as it came, and is understood when the record is back. Whoever wants no texts any more (or wants them again) says
it in a message that says nothing else, and the report carries it as a flag: kept, it is granted; a wish for none is
nobody's work. Pictures are fetched by their ids from the provider's own API; a URL inside a webhook is never followed,
and what cannot be fetched is said so and costs no text. Raises NotStored when nothing could be kept.
"""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

import structlog
from twilio.twiml.messaging_response import MessagingResponse

from channels import cards
from channels.answers import Answers, Conclusions, Ratings
from channels.numbers import normalise
from channels.phone_events import Params, sid_of
from channels.report import (
    START,
    STOP,
    Attachment,
    Channel,
    Intake,
    NotStored,
    Report,
    Sender,
    Spool,
)
from channels.solved import THANKS

log = structlog.get_logger()

MOST_MEDIA = 10
MEDIA_SECONDS = 8.0
UNNAMED = "application/octet-stream"
MEDIA_URL = re.compile(r"MediaUrl(\d{1,3})(?:\.\d+)?")  # one that came twice has a number behind the point
MEDIA_SID = re.compile(r"/Media/(ME[0-9a-zA-Z]{1,62})$")
POLITE = rf"(?:{THANKS}|snälla|please|bitte)"
TEXTS = (
    r"(?:(?:era|fler|flera|alla|the|your|these|more|any more|all) )?(?:sms(?:en|er)?|texts?|texting(?: me)?|meddelanden"
    r"|(?:text )?messages?|sms ?a(?: mig)?|meldinger|beskeder|nachrichten|viest(it|ejä))(?: til meg| till mig| to me)?"
)
ENDS = (
    r"(?:stop|stopp|stoppa|stopall|unsubscribe|cancel|end|quit|sluta|slutt|avsluta|lopeta|avregistrera|afmeld|abmelden)"
)
SENDS = r"(?: med)?(?: att| å| at)?(?: (?:skicka|sende|sending|lähettämästä))?(?: mig| me| meg)?"
NO_MORE = r"(?:inga fler|inga flera|no more|ingen flere|keine weiteren|ei enää)"
WISHES = {  # whole messages
    STOP: re.compile(
        rf"(?:{POLITE} )?(?:{ENDS}(?:{SENDS} {TEXTS})?|{NO_MORE} {TEXTS}|keine {TEXTS} mehr)(?: {POLITE})?(?: nu| now)?"
    ),
    START: re.compile(rf"(?:start|unstop|starta|aloita)(?: {POLITE})?"),
}
LONGEST_WISH = 60  # characters
WORD = re.compile(r"[^\W\d_]+")
PLAIN = re.compile(r"(?:[^\W\d_]|[\s.,;:!'\"()*_-])*")
EMPTY = str(MessagingResponse())


class Media(Protocol):
    async def media(self, message: str, media: str) -> bytes:
        """The bytes of a picture, at most 16 MB, from the provider's API. Raises anything when it cannot be had."""
        ...


class Deliveries(Protocol):
    async def delivered(self, sid: str, status: str, error: str | None) -> None:
        """Note what became of an SMS of ours; a status never moves backwards."""
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
        self._answers = Answers(ratings, conclusions)
        self._numbers = frozenset(numbers)

    async def sms(self, params: Params) -> str:
        """Keep one incoming message and answer with an empty document. Raises NotStored."""
        report = await self._report(params)
        answer = await self._understood(report)
        try:
            kept = await self._intake.accept(answer)
        except NotStored:
            await self._spool.keep(report)
        else:
            await self._apply(report, kept.flags)
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
            flags=(
                *(() if attachments else _wishes(text)),
                *(f"media_missing:{file.name}" for file in attachments if file.quarantined),
            ),
        )

    async def _attachments(self, sid: str, params: Params) -> tuple[Attachment, ...]:
        count = params.get("NumMedia", "0")
        wanted = int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0
        files = [
            (url, params.get(f"MediaContentType{found[1]}", UNNAMED))
            for name, url in params.items()
            if (found := MEDIA_URL.fullmatch(name))
        ]
        files += [("", UNNAMED)] * (wanted - len(files))
        return tuple(await asyncio.gather(*(self._attachment(sid, *file) for file in files[:MOST_MEDIA])))

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

    async def _understood(self, report: Report) -> Report:
        try:
            return await self._answers.understood(report)
        except Exception as error:
            log.warning("sms.question_not_found", error=type(error).__name__)
            return report

    async def _apply(self, report: Report, flags: Sequence[str]) -> None:
        try:
            await self._answers.apply(report, flags)
        except Exception as error:
            log.warning("sms.answer_not_noted", message=report.key, error=type(error).__name__)


def _wishes(text: str) -> tuple[str, ...]:
    """The flag of a message that is nothing but a wish; one that asks, names a number or shows anything is none."""
    if len(text) > LONGEST_WISH:
        return ()
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u200b", "")
    if not PLAIN.fullmatch(plain):
        return ()
    said = " ".join(WORD.findall(plain))
    return tuple(flag for flag, words in WISHES.items() if words.fullmatch(said))
