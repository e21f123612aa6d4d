"""What customers are told: the words of each kind of message, in their language, from what is true at sending time.

Pure. Acknowledgements to a P1 carry the emergency number and "keep away, do not unplug". A language that we do not have
is answered in English and told so. Nothing a stranger wrote is ever repeated in an automatic message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from channels.report import Solution
from gateway.languages import CUSTOMERS, SPOKEN, Catalogue, catalogue, format_time

SILENT_DAYS = 5  # after which a concluded case is closed although nobody confirmed


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message may say about a case to one of its reporters."""

    number: str
    category: str
    priority: str
    charger: str | None
    timezone: str
    due_first_response: datetime | None
    due_solution: datetime | None
    attached: bool
    code: str
    status_url: str
    support_phone: str | None
    solutions: Sequence[Solution] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A composed message; `subject` is empty for SMS."""

    subject: str
    text: str


def compose(
    kind: str, channel: str, language: str, facts: Facts, own: str | None = None, now: datetime | None = None
) -> Words:
    """The words of a message. `own` are the words an agent wrote. Raises KeyError for an unknown kind."""
    book = catalogue(language if language in CUSTOMERS else SPOKEN)
    if channel == "sms":
        return Words("", own if own is not None else _sms(kind, book, facts, now))
    subject = f"{book.gettext(f'letter.{kind}.subject')} [#{facts.number}]"
    if own is not None:
        return Words(subject, f"{own.rstrip()}\n\n--\n{book.gettext('letter.follow') % {'url': facts.status_url}}\n")
    parts = {"acknowledgement": _acknowledgement, "concluded": _concluded}[kind](book, facts, now)
    if language not in CUSTOMERS:
        parts.insert(0, book.gettext("letter.language"))
    closing = [book.gettext("letter.sign")]
    if facts.support_phone:
        closing.append(book.gettext("letter.phone") % {"phone": facts.support_phone})
    return Words(subject, "\n\n".join([book.gettext("letter.greeting"), *parts, "\n".join(closing)]) + "\n")


def quoted_by(language: str, who: str, at: datetime, timezone: str) -> str:
    """The line above a quoted mail."""
    book = catalogue(language if language in CUSTOMERS else SPOKEN)
    return book.gettext("letter.quoted") % {"who": who, "time": format_time(at, timezone, book.language)}


def _acknowledgement(book: Catalogue, facts: Facts, now: datetime | None) -> list[str]:
    parts = []
    if facts.priority == "P1":
        parts.append(book.gettext("letter.danger"))
    received = "letter.attached.text" if facts.attached else "letter.acknowledgement.text"
    parts.append(book.gettext(received) % {"number": facts.number})
    what = [book.code("category", facts.category)]
    if facts.charger:
        what.append(book.gettext("letter.charger") % {"charger": facts.charger})
    parts.append(book.gettext("letter.understood") % {"what": ", ".join(what)})
    for msgid, due in (("letter.expected", facts.due_first_response), ("letter.solution", facts.due_solution)):
        if due:
            parts.append(book.gettext(msgid) % {"time": format_time(due, facts.timezone, book.language, now)})
    for solution in facts.solutions[:1]:
        steps = "\n".join(f"  – {step}" for step in solution.steps)
        parts.append(f"{book.gettext('letter.try')}\n{steps}")
    parts.append(book.gettext("letter.follow") % {"url": facts.status_url})
    parts.append(book.gettext("letter.code") % {"code": facts.code})
    return parts


def _concluded(book: Catalogue, facts: Facts, now: datetime | None) -> list[str]:
    return [
        book.gettext("letter.concluded.text") % {"number": facts.number, "url": facts.status_url},
        book.gettext("letter.concluded.silence") % {"days": SILENT_DAYS},
    ]


def _sms(kind: str, book: Catalogue, facts: Facts, now: datetime | None) -> str:
    due = facts.due_first_response or facts.due_solution
    time = format_time(due, facts.timezone, book.language, now) if due else "–"
    given = {"number": facts.number, "url": facts.status_url, "code": facts.code, "time": time}
    if f"sms.{kind}" not in book.messages and not book.others:
        raise KeyError(kind)
    text = book.gettext(f"sms.{kind}") % given
    return f"{book.gettext('letter.danger')} {text}" if facts.priority == "P1" and kind == "acknowledgement" else text
