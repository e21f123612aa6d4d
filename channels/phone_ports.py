"""What the phone door is given: the record of calls, and a few things to ask. Each Protocol is small; none may be slow
for long, and whatever one raises is told to the caller as a sentence, never as silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from channels.report import Chargers, Intake, Receipt, Report, Solutions, Spool, Tried


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the record knows of a call: its last state (None for a new call), the last turn that was answered, the
    answer already given to the turn in question, and whether the call is over."""

    state: Mapping[str, Any] | None
    turn: int
    answer: str | None
    ended: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A turn that was worked out: to be written before its answer goes out. `caller` is given with the first one;
    `report` and the number of its `case` once the call is filed."""

    sid: str
    turn: int
    at: datetime
    node: str
    language: str
    state: Mapping[str, Any]
    answer: str
    caller: str | None
    called: str | None
    report: int | None
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """What the provider says of a call. `status` is one of its CallStatus words; `seconds` is its length at the end."""

    sid: str
    status: str
    at: datetime
    seconds: int | None
    caller: str | None
    called: str | None
    outbound: bool


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording that the provider holds. `seconds` is 0 for an empty one."""

    sid: str
    call: str
    seconds: int
    at: datetime
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Caption:
    """What one person said in a talk without a break: its number within what the provider heard in one session."""

    call: str
    session: str
    sequence: int
    at: datetime
    speaker: Literal["customer", "agent"]
    text: str


class Calls(Protocol):
    """The record of calls. Raises when the database does not answer; the door then goes on without it."""

    async def load(self, sid: str, turn: int) -> Loaded:
        """One round trip."""
        ...

    async def save(self, taken: Taken) -> str:
        """Write a turn and the call's new state in one transaction and return the answer that stands: that of the first
        request, when another has answered this turn meanwhile."""
        ...

    async def follow(self, taken: Taken, after: int) -> bool:
        """Write a turn as `save` does, but only if turn `after` is the last one of a call that goes on, and this one
        was not answered; whether it was written. Turn 0 comes after turn -1: of a call that nothing is known of."""
        ...

    async def first(self, sid: str, act: str) -> bool:
        """Note that an act which must not happen twice is about to be done; False when it already was."""
        ...

    async def tried(self, sid: str, tried: Tried) -> None:
        """Tell the case of a call that was over and filed before a charger answered what it answered; other calls bring
        that with their report."""
        ...

    async def progress(self, progress: Progress) -> Loaded:
        """Note a status, which never moves backwards; an unknown call gets a row. Answers with what is then known."""
        ...

    async def filed(self, sid: str, report: int) -> None:
        """Note the report of a call that was filed outside of a turn."""
        ...

    async def recorded(self, sound: Sound) -> None:
        """Note a recording once, whatever came first; it is fetched later."""
        ...

    async def transcribed(self, recording: str, call: str, text: str, language: str | None) -> None:
        """Keep a transcript that the provider made of a recording."""
        ...


class Filing(Intake, Protocol):
    """`Intake` for calls whose next answer tells of the receipt."""

    async def file(self, report: Report, following: Callable[[Receipt], Taken | None]) -> tuple[Receipt, Taken | None]:
        """Keep a report as `accept` does and write, in the same transaction, the turn that its receipt leads to as
        `Calls.follow` does, after the turn before it. Returns that turn if it was written. `following` is pure: it may
        be asked several times. Raises NotStored and nothing else."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """What a caller's words or keys point at: `near` is the only charger whose number is one digit off. Words that tell
    of danger are `danger`, wherever they point."""

    kind: Literal["charger", "near", "site", "danger", "none"]
    charger: str | None = None
    site: str | None = None
    name: str = ""


class Places(Protocol):
    async def find(self, heard: str, spoken: bool) -> Found:
        """The charger or site that was keyed or said; who calls is no place."""
        ...

    def connectors(self, charger: str) -> int:
        """How many connectors a charger has, numbered from 1. Raises KeyError when there is no such charger."""
        ...


class Dangers(Protocol):
    def told(self, words: str, category: str | None, charger: str | None, faulty: bool) -> bool:
        """Whether a report would be one of danger that says this, of what was chosen as wrong and of this charger."""
        ...


@dataclass(frozen=True, slots=True)
class Incident:
    """An open case, as a stranger may hear it: status, hours until it should be solved, and what is wrong, so that
    whoever follows it says the same. `token`, for a thread, is that of the case, so that they follow this one."""

    status: str
    hours: float | None
    category: str | None = None
    token: str | None = None


class Incidents(Protocol):
    async def open_at(self, charger: str | None, site: str | None) -> Incident | None:
        """The incident at a charger or its site that is certain enough to be told, or None."""
        ...

    async def outage(self, category: str | None, words: str | None, caller: str | None) -> Incident | None:
        """The fault of no place (the app, the payments) that fits what a caller keyed or said, or None."""
        ...

    async def large_outage(self) -> Incident | None:
        """The fault of no place that very many report now, or None."""
        ...


class Announcements(Protocol):
    def told(self, language: str, site: str | None) -> str:
        """What everybody who asks about a site is told now, or everybody at all (None); empty when nothing is."""
        ...


@dataclass(frozen=True, slots=True)
class CaseStatus:
    """What the status page of a reporter tells: the status word, "aside" when what is waited for is no answer of
    theirs, and hours until the case should be solved; and the report that they may say yes or no to, when it waits for
    that. `token` is that of the case, for a thread."""

    status: str
    hours: float | None
    token: str | None = None
    unconfirmed: int | None = None


class Cases(Protocol):
    async def status(self, digits: str, code: str) -> CaseStatus | Literal["wrong", "locked"]:
        """The status of a case by its number (digits only) and a reporter's code, unless the pair is wrong or codes of
        this case were guessed at too often."""
        ...

    async def confirm(self, report: int) -> None:
        """A reporter's yes, once: the problem of their report is solved."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """What a number is known for: the language that it chose or was answered in, whether an owner registered it, and
    whether it asked for no texts. None of it proves who calls."""

    language: str | None
    owner: bool = False
    textless: bool = False


class Callers(Protocol):
    async def known(self, phone: str) -> Caller: ...


@dataclass(frozen=True, slots=True)
class OwnerCase:
    """An open case at one of an owner's sites, as it is spoken."""

    number: str
    site: str
    status: str


class Owners(Protocol):
    async def open_cases(self, phone: str, pin: str) -> tuple[int, Sequence[OwnerCase]] | None:
        """How many cases are open at the sites of the owner who registered this number, and the most urgent of them;
        None when the PIN is wrong, or was guessed at too often."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller who wants a person; `patient` when they wait although nobody is at work."""

    sid: str
    report: int | None
    phone: str | None
    language: str
    priority: str
    queue: str
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A caller's place in line: how many are before (0 = next), the wait as minutes from `least` to `most` (None when
    it cannot be said), the number or room to be connected to once somebody is there, whether anybody is at work,
    whether they have waited longer than their queue allows, and how callers of their queue agree to be recorded:
    "announce" (told, and may say no), "ask" (only who says yes) or "never"."""

    ahead: int
    least: int | None = None
    most: int | None = None
    answerer: str | None = None
    staffed: bool = True
    overdue: bool = False
    consent: str = "never"


class Line(Protocol):
    """The line of callers who wait for a person."""

    async def enter(self, waiting: Waiting) -> Place | None:
        """Take a place, or go back to the one that this call had; None when nobody is at work (never for a P1, nor for
        who waits all the same)."""
        ...

    async def place(self, sid: str) -> Place:
        """Where a call stands now."""
        ...

    async def call_back(self, sid: str, phone: str) -> Literal["booked", "barred", "often"]:
        """Keep the place for a call-back to `phone`, unless that number may not be called or was promised too many."""
        ...

    async def answered(self, sid: str) -> None:
        """A person has taken the call: this is the first response. Noted once."""
        ...

    async def talk(self, sid: str) -> Literal["over", "cut", "nobody"]:
        """How the talk ended that a caller comes back from, who has not hung up: it was `cut` when they were on hold
        or had only just met, and a talk with `nobody` when no person had taken the call."""
        ...

    async def leave(self, sid: str, why: Literal["hung_up", "message"]) -> None:
        """Give the place up; nothing happens when there is none."""
        ...

    async def left_talk(self, sid: str) -> None:
        """A call that we made is over: of who is left in its talk somebody ends that now when they leave."""
        ...

    async def about(self, sid: str) -> str | None:
        """The token of the case that a call is about, for a thread; None while it has none."""
        ...

    async def hurry(self, sid: str) -> None:
        """It has become dangerous: whoever waits in this call, or to be called back for it, is as urgent as can be and
        keeps the arrival that they had. Again, that changes nothing."""
        ...

    async def rated(self, sid: str, rating: int) -> None:
        """Keep a caller's answer, 1 to 5, about the call."""
        ...


@dataclass(frozen=True, slots=True)
class Given:
    """Everything the door may ask."""

    calls: Calls
    intake: Filing
    spool: Spool
    chargers: Chargers
    solutions: Solutions
    places: Places
    dangers: Dangers
    incidents: Incidents
    announcements: Announcements
    cases: Cases
    callers: Callers
    owners: Owners
    line: Line
