"""What customers are told: the words of each kind of message, in their language, from what is true at sending time.

Pure. Acknowledgements to a P1 carry the emergency number and "keep away, do not unplug". A language that we do not have
is answered in English and told so. Nothing a stranger wrote is ever repeated in an automatic message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeGuard

from channels.report import Solution
from gateway.languages import CUSTOMERS, Catalogue, catalogue, format_date, format_time, written_in
from routing.quotes import topic_of

ENDED = ("concluded", "closed")  # kinds of messages about a case that is solved
LONGEST_SUBJECT = 200
_OF_NO_CHARGER = ("payment", "account", "enquiry")
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
    shared: bool  # somebody else told of it too
    code: str
    status_url: str
    support_phone: str | None
    unreadable: bool = False  # what the reporter wrote
    solved: bool = False  # in the call that told of it
    solutions: Sequence[Solution] = ()
    visit_url: str | None = None  # for whoever chooses its time
    visit_times: Sequence[tuple[datetime, datetime]] = ()
    visit: tuple[datetime, datetime] | None = None
    announcement: str = ""


Letter = Callable[[Catalogue, Facts, "datetime | None"], list[str]]


@dataclass(frozen=True, slots=True)
class Words:
    """A composed message; `subject` is empty for SMS."""

    subject: str
    text: str


def compose(
    kind: str,
    channel: str,
    language: str,
    facts: Facts,
    own: str | None = None,
    now: datetime | None = None,
    answered: str | None = None,
) -> Words:
    """The words of a message. `own` are the words an agent wrote, `answered` is the subject of the mail that they
    answer. Raises KeyError for an unknown kind."""
    book = catalogue(written_in(language))
    if channel == "sms":
        return Words("", own if own is not None else _sms(kind, book, facts, now))
    subject = f"{book.gettext(f'letter.{kind}.subject')} [#{facts.number}]"
    if own is not None:
        subject = _answer_to(answered, facts.number) or subject
        return Words(subject, f"{own.rstrip()}\n\n--\n{book.gettext('letter.follow') % {'url': facts.status_url}}\n")
    parts = LETTERS[kind](book, facts, now)
    if language not in CUSTOMERS:
        parts.insert(0, book.gettext("letter.language"))
    if facts.priority == "P1" and kind not in ENDED:
        parts.insert(0, book.gettext("letter.danger"))  # nothing stands before it
    closing = [book.gettext("letter.sign")]
    if facts.support_phone:
        closing.append(book.gettext("letter.phone") % {"phone": facts.support_phone})
    return Words(subject, "\n\n".join([book.gettext("letter.greeting"), *parts, "\n".join(closing)]) + "\n")


def sender_name(language: str) -> str:
    """Who mails in a language come from: whoever signs them."""
    book = catalogue(written_in(language))
    return book.gettext("letter.sign").rpartition("\n")[2]


def _answer_to(subject: str | None, number: str) -> str | None:
    """The subject of an answer. The case stands before theirs, where mail programs leave it out when they sort a
    conversation (RFC 5256 section 2.1)."""
    tag = f"[#{number}]"
    theirs = " ".join("".join(sign if sign.isprintable() else " " for sign in subject or "").replace(tag, " ").split())
    topic = topic_of(theirs)
    return f"Re: {tag} {topic[:LONGEST_SUBJECT]}" if topic else None


def quoted_by(language: str, who: str, at: datetime, timezone: str) -> str:
    """The line above a quoted mail."""
    book = catalogue(written_in(language))
    return book.gettext("letter.quoted") % {"who": who, "time": format_time(at, timezone, book.language)}


def _acknowledgement(book: Catalogue, facts: Facts, now: datetime | None) -> list[str]:
    received = "acknowledgement" if not facts.attached else "attached" if facts.shared else "added"
    parts = [book.gettext(f"letter.{received}.text") % {"number": facts.number}]
    parts.append(book.gettext("letter.unreadable") if facts.unreadable else _understood(book, facts))
    if _asks_which(facts):
        parts.append(book.gettext("letter.which"))
    for msgid, due in (("letter.expected", facts.due_first_response), ("letter.solution", facts.due_solution)):
        if _is_ahead(due, now):
            parts.append(book.gettext(msgid) % {"time": format_time(due, facts.timezone, book.language, now)})
    if facts.announcement:
        parts.append(facts.announcement)
    for solution in () if facts.unreadable else facts.solutions[:1]:
        steps = "\n".join(f"  – {step}" for step in solution.steps)
        heading = "letter.until" if facts.category == "safety" else "letter.try"
        parts.append(f"{book.gettext(heading)}\n{steps}")
    parts.append(book.gettext("letter.follow") % {"url": facts.status_url})
    parts.append(book.gettext("letter.code") % {"code": facts.code})
    return parts


def _understood(book: Catalogue, facts: Facts) -> str:
    what = [book.code("category", facts.category)]
    if facts.charger:
        what.append(book.gettext("letter.charger") % {"charger": facts.charger})
    return book.gettext("letter.understood") % {"what": ", ".join(what)}


def _asks_which(facts: Facts) -> bool:
    """Whether we wait for a charger's number: an answer with it places the case, and lets us act on the charger."""
    told = facts.charger or facts.attached or facts.unreadable or facts.solved
    return not told and facts.category not in _OF_NO_CHARGER


def _concluded(book: Catalogue, facts: Facts, now: datetime | None) -> list[str]:
    return [
        book.gettext("letter.concluded.text") % {"number": facts.number, "url": facts.status_url},
        book.gettext("letter.concluded.silence") % {"days": SILENT_DAYS},
    ]


def _visit_proposed(book: Catalogue, facts: Facts, now: datetime | None) -> list[str]:
    times = "\n".join(f"  – {_span(time, facts, book)}" for time in facts.visit_times)
    given = {"number": facts.number, "url": facts.visit_url or facts.status_url}
    return [
        book.gettext("letter.visit_proposed.text") % given,
        f"{book.gettext('letter.visit_proposed.times')}\n{times}",
    ]


def _visit_booked(book: Catalogue, facts: Facts, now: datetime | None) -> list[str]:
    time = _span(facts.visit, facts, book) if facts.visit else "–"
    parts = [book.gettext("letter.visit_booked.text") % {"number": facts.number, "time": time}]
    if facts.visit_url:
        parts.append(book.gettext("letter.visit_booked.link") % {"url": facts.visit_url})
    return parts


def _visit_cancelled(book: Catalogue, facts: Facts, now: datetime | None) -> list[str]:
    return [book.gettext("letter.visit_cancelled.text") % {"number": facts.number}]


def _expected(kind: str) -> Letter:
    def letter(book: Catalogue, facts: Facts, now: datetime | None) -> list[str]:
        given = {"number": facts.number, "time": _time(facts.due_solution, facts, book, now)}
        follow = book.gettext("letter.follow") % {"url": facts.status_url}
        return [book.gettext(f"letter.{kind}.text") % given, follow]

    return letter


def _closed(book: Catalogue, facts: Facts, now: datetime | None) -> list[str]:
    given = {"number": facts.number, "url": facts.status_url}
    return [book.gettext("letter.closed.text") % given, book.gettext("letter.closed.back")]


LETTERS: Mapping[str, Letter] = {
    "acknowledgement": _acknowledgement,
    "concluded": _concluded,
    "closed": _closed,
    "reopened": _expected("reopened"),
    "expected_changed": _expected("expected_changed"),
    "visit_proposed": _visit_proposed,
    "visit_booked": _visit_booked,
    "visit_cancelled": _visit_cancelled,
}


def _sms(kind: str, book: Catalogue, facts: Facts, now: datetime | None) -> str:
    promised = (facts.due_first_response, facts.due_solution)
    due = (
        facts.due_solution
        if kind in ("reopened", "expected_changed")
        else next((at for at in promised if _is_ahead(at, now)), None)
    )
    time = (
        _span(facts.visit, facts, book, "-") if kind == "visit_booked" and facts.visit else _time(due, facts, book, now)
    )
    url = facts.visit_url if kind.startswith("visit_") and facts.visit_url else facts.status_url
    given = {"number": facts.number, "url": url, "code": facts.code, "time": time}
    if f"sms.{kind}" not in book.messages and not book.others:
        raise KeyError(kind)
    name = f"{kind}{_tense(facts, due)}" if kind == "acknowledgement" else kind
    text = book.gettext(f"sms.{name}") % given
    return f"{book.gettext('letter.danger')} {text}" if facts.priority == "P1" and kind not in ENDED else text


def _tense(facts: Facts, due: datetime | None) -> str:
    """What kind of acknowledgement: only what waits for us has a time."""
    if facts.solved:
        return ".solved"
    return "" if due else ".timeless"


def _is_ahead(due: datetime | None, now: datetime | None) -> TypeGuard[datetime]:
    """Whether a promise can still be kept: one that was missed is not made again."""
    return due is not None and (now is None or due >= now)


def _time(at: datetime | None, facts: Facts, book: Catalogue, now: datetime | None) -> str:
    return format_time(at, facts.timezone, book.language, now) if at else "–"


def _span(times: tuple[datetime, datetime], facts: Facts, book: Catalogue, to: str = "–") -> str:
    """From when to when somebody comes, with the day. With a dash an SMS holds 70 letters instead of 160."""
    start, stop = times
    day = format_date(start, facts.timezone, book.language)
    begins, ends = (format_time(at, facts.timezone, book.language, at) for at in (start, stop))
    return f"{day} {begins}{to}{ends}"
