"""What a mail says it belongs to: candidates only, since everything in a mail can be made up.

Pure, never raises. A reply address of ours carries a token, References and In-Reply-To name Message-IDs, a subject may
name a case by its number. Which of them is believed is decided where the keys are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from channels.mail.headers import Fields, eight_bit
from channels.mentions import named
from channels.report import Thread

REFERENCES = 30  # of a long thread the first and the last ones are kept
NEWEST, CHARACTERS = 20, 2_000  # what an answer's own references may hold
_TOKEN = re.compile(r"(?:^|[\s<,:;\"'])[a-z0-9._-]{1,40}\+([A-Za-z0-9._=-]{3,100})@([\w.-]{1,253})", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,500}>")
_RECIPIENT_FIELDS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to")


def thread_of(fields: Fields, subject: str, domains: Collection[str]) -> Thread:
    """The candidates of a mail whose addresses of ours are at `domains`."""
    recipients = [value for name in _RECIPIENT_FIELDS for value in fields.all(name)[:5]]
    number = next(iter(named(subject)), None)
    return Thread(token=token_of(recipients, domains), references=_references(fields), subject=number)


def before(thread: Thread) -> list[str]:
    """The mails before one, oldest first, which an answer to it names (RFC 5322, 3.6.4): of a long thread the first and
    the newest, of long names as many as there is room for."""
    chain = list(thread.references[::-1])
    while len(chain) > NEWEST + 1 or len(" ".join(chain)) > CHARACTERS:
        del chain[1]
    return chain


def token_of(recipients: Iterable[str], domains: Collection[str]) -> str | None:
    """What stands behind the plus in an address of ours."""
    for text in recipients:
        if "+" not in text:
            continue
        for match in _TOKEN.finditer(eight_bit(text[:8192])):
            if match[2].lower() in domains:
                return match[1]
    return None


def _references(fields: Fields) -> tuple[str, ...]:
    direct = _MESSAGE_ID.findall((fields.raw("in-reply-to") or "")[:2048])
    chain = _MESSAGE_ID.findall(" ".join(fields.all("references")[:3]))
    found = list(dict.fromkeys([*direct[:5], *reversed(chain)]))
    if len(found) > REFERENCES:
        found = [*found[: REFERENCES - 5], *found[-5:]]
    return tuple(found)
