"""Why a message did not go out, as a code that a timeline may hold, and whether one that came back says that nobody is
there, whose address a server may spell in its own way; what the relay or the provider said word for word stays with the
message. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from channels.report import Delivery

OURS: Mapping[str, str] = {
    "no address": "no_address",
    "not a telephone number": "unknown_address",
    "not a possible number": "unknown_address",
    "the person asked for no messages": "stopped",
    "the address is dead": "unknown_address",
    "acknowledged already": "acknowledged",
    "anybody may have typed this address": "typed",
    "the sender is forged": "forged",
    "a machine seems to answer": "machine",
    "the cap on texts of the day is reached": "capped",
    "too late to help": "too_late",
    "a number that takes no SMS": "no_texts",
    "a country that is not allowed": "not_allowed",
    "a number at a special rate": "not_allowed",
    "one of our own numbers": "not_allowed",
    "an emergency number": "not_allowed",
}
_THEIRS: Mapping[str, str] = {  # the provider's error codes
    "21211": "unknown_address",
    "21408": "not_allowed",
    "21610": "stopped",
    "21614": "no_texts",
    "21617": "too_long",
    "21635": "no_texts",
    "30003": "unreachable",
    "30004": "blocked",
    "30005": "unknown_address",
    "30006": "no_texts",
    "30007": "filtered",
    "30008": "unreachable",
}
_NUMBER = re.compile(r"(?<![0-9])[0-9]{5}(?![0-9])")
_NOBODY = re.compile(r"5[0-9]{2} .*?5\.1\.[0-3]")
_TOO_LARGE = re.compile(
    r"5[0-9]{2} (?:5\.(?:3\.4|2\.3)(?![0-9])|(?!.*mailbox)(?!5\.2\.2)"
    r".*(?:mail|message|file|attachment)s?\b.*\b(?:size|large|big)\b)",
    re.IGNORECASE,
)
_STATUS = re.compile(r"(?<![0-9.])[245]\.[0-9]{1,3}\.[0-9]{1,3}(?!\.?[0-9])")
_GONE = re.compile(r"5\.(?:1\.(?:[0-6]|10)|2\.1)")  # 5.1.7 to 5.1.9 are about whoever sends
CAUSES = tuple(sorted({*OURS.values(), *_THEIRS.values(), "refused", "too_large", "unanswered"}))


def cause(reason: str | None) -> str | None:
    """The code of a reason; None when it tells nothing that an agent could act on."""
    text = reason or ""
    if text in OURS:
        return OURS[text]
    for number in _NUMBER.findall(text):
        if number in _THEIRS:
            return _THEIRS[number]
    if _NOBODY.match(text):
        return "unknown_address"
    if _TOO_LARGE.match(text):
        return "too_large"
    if text.startswith("5"):
        return "refused"
    return "unanswered" if text.startswith("4") else None


def is_gone(delivery: Delivery) -> bool:
    """Whether nobody is there any more (RFC 3463), rather than that this one mail was not taken; what says nothing is
    believed to mean it."""
    told = delivery.status if delivery.status != "5.0.0" else None  # of servers that leave it to the words
    found = _STATUS.search(told or delivery.diagnostic or "")
    return found is None or _GONE.fullmatch(found[0]) is not None
