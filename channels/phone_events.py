"""A provider's webhook parameters as the flow's events. Unknown parameters are ignored; what looks like a card number
is masked here, before anything else sees it, and over-long input is cut."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from channels import cards
from channels.numbers import normalise, reachable
from channels.phone_ports import Caption, Progress, Sound
from channels.tolls import refusal
from ivr.engine import Dialled, Event, Pressed, Recorded, Silence, Spoken

Params = Mapping[str, str]

SID = re.compile(r"[A-Za-z0-9_\-]{2,64}")
KEYS = re.compile(r"[0-9*#A-D]{1,64}")
LONGEST_SPEECH = 2000
TALKED = frozenset({"completed", "answered"})
FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
GIVEN = ("Digits", "SpeechResult", "DialCallStatus", "RecordingSid", "RecordingDuration")


def event_of(params: Params, *, number: bool = False) -> Event:
    """What the caller did, by the parameters of `<Gather>`, `<Record>` or `<Dial>`; nothing at all is silence. Where a
    telephone `number` is asked for, what is one is no card number, whatever its check digit."""
    if "DialCallStatus" in params:
        return Dialled(params["DialCallStatus"] in TALKED)
    if "RecordingSid" in params:
        return Recorded(sid_of(params, "RecordingSid"), seconds_of(params, "RecordingDuration"))
    if params.get("Digits"):
        digits = params["Digits"]
        if cards.holds_card(digits) and not (number and reachable(f"+{digits}", None)):
            return Pressed("", card=True)
        return Pressed(digits if KEYS.fullmatch(digits) else "")
    if params.get("SpeechResult"):
        said = params["SpeechResult"][:LONGEST_SPEECH]
        clean = cards.masked(said)
        return Spoken(clean, card=clean != said)
    return Silence()


def given_by(params: Params) -> dict[str, str]:
    """The parameters that tell what the caller did, as far as they may be kept until the turn comes back: a card number
    is keyed again."""
    given = {name: params[name] for name in GIVEN if params.get(name)}
    if cards.holds_card(given.get("Digits", "")):
        del given["Digits"]
    if said := given.get("SpeechResult"):
        given["SpeechResult"] = cards.masked(said[:LONGEST_SPEECH])
    return given


def key_of(params: Params) -> str:
    """The one key that was pressed, if it was one: several may be a PIN or a number, which a URL must not show."""
    digits = params.get("Digits", "")
    return digits if len(digits) == 1 and KEYS.fullmatch(digits) else ""


def caller_facts(params: Params) -> dict[str, str]:
    """What a call brings with it: the number to reach the caller at, if the network gave a usable one."""
    phone = normalise(params.get("From"))
    return {name: value for name, value in number_facts(phone).items() if value} if phone else {}


def number_facts(phone: str) -> dict[str, str | None]:
    """What a call remembers of the number that the caller can be reached at."""
    textless = "yes" if refusal(phone, text=True) else None
    return {"phone": phone, "phone_end": phone[-4:], "textless": textless}


def caller_of(params: Params) -> str | None:
    """The caller's number as the record keeps it: E.164, or what the network gave instead of one."""
    given = params.get("From", "")
    return normalise(given) or given[:80] or None


def shown_of(params: Params) -> str | None:
    """The number that whoever is dialled from a caller's line sees where the caller's own is none that networks take:
    the one that was called. None where theirs is shown."""
    return None if normalise(params.get("From")) else normalise(params.get("To"))


def progress_of(params: Params, at: datetime) -> Progress:
    """A status callback."""
    return Progress(
        sid=sid_of(params, "CallSid"),
        status=params.get("CallStatus", "unknown"),
        at=at,
        seconds=seconds_of(params, "CallDuration") if "CallDuration" in params else None,
        caller=caller_of(params),
        called=params.get("To", "")[:80] or None,
        outbound=params.get("Direction", "inbound").startswith("outbound"),
    )


def sound_of(params: Params, at: datetime) -> Sound:
    """A recording status callback."""
    return Sound(
        sid=sid_of(params, "RecordingSid"),
        call=sid_of(params, "CallSid"),
        seconds=seconds_of(params, "RecordingDuration"),
        at=at,
        lost=params.get("RecordingStatus") in {"absent", "failed"},
    )


def caption_of(params: Params, now: datetime) -> Caption | None:
    """An utterance of a talk, as the provider's real-time transcription brings it; None for what is none, or not final.
    On the caller's line what comes in is theirs, what goes out is ours."""
    if params.get("TranscriptionEvent") != "transcription-content" or params.get("Final") == "false":
        return None
    try:
        said = json.loads(params.get("TranscriptionData", ""))
        text = said["transcript"].strip()[:LONGEST_SPEECH]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not text:
        return None
    return Caption(
        call=sid_of(params, "CallSid"),
        session=sid_of(params, "TranscriptionSid"),
        sequence=seconds_of(params, "SequenceId"),
        at=_moment(params.get("Timestamp", "")) or now,
        speaker="customer" if params.get("Track") == "inbound_track" else "agent",
        text=text,
    )


def sid_of(params: Params, name: str) -> str:
    """An identifier that the provider chose. Raises ValueError when it is missing or cannot be one."""
    sid = params.get(name, "")
    if not SID.fullmatch(sid):
        raise ValueError(f"{name} is missing or malformed")
    return sid


def seconds_of(params: Params, name: str) -> int:
    text = params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _moment(text: str) -> datetime | None:
    """An ISO 8601 time with its zone."""
    with suppress(ValueError):
        read = datetime.fromisoformat(text)
        return read if read.tzinfo else None
    return None
