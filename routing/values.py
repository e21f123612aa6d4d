"""The values of judgement: what was said, what is known, what was decided and why.

Nothing here does I/O. A decision never stands without its `Reason`s, and a reason holds codes and figures only, never
names, numbers of people, addresses or texts, so that it may stand on the timeline for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from routing.sent import sent


class Category(StrEnum):
    SAFETY = "safety"
    CABLE_STUCK = "cable_stuck"
    NO_START = "no_start"
    INTERRUPTED = "interrupted"
    SLOW = "slow"
    ACCESS = "access"
    PAYMENT = "payment"
    OFFLINE = "offline"
    DAMAGE = "damage"
    BLOCKED = "blocked"
    ACCOUNT = "account"
    ENQUIRY = "enquiry"
    OTHER = "other"


class Priority(StrEnum):
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was decided: a code, and the figures its sentence needs. `gateway.languages` has the words."""

    code: str
    data: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    id: str
    name: str
    street: str
    postcode: str
    city: str
    owner_id: str
    sla_level: str
    timezone: str
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Charger:
    id: str
    evse_id: str
    site_id: str
    vendor: str
    model: str
    power_kw: float
    connectors: str


@dataclass(frozen=True, slots=True)
class Owner:
    id: str
    organisation: str
    contact_name: str
    email: str
    phone: str
    language: str


@dataclass(frozen=True, slots=True)
class Alarm:
    status: str | None
    error: str | None
    connector: int | None
    vendor_id: str | None
    vendor_code: str | None
    info: str | None


@sent
@dataclass(frozen=True, slots=True)
class Said:
    """What judgement sees of a report. `charger`, `site` are what the sender gave in a structured way, unchecked,
    and `faulty` that they chose that a charger does not work, and not how.

    `phone` and `email` serve only to find the owner in the directory and are never repeated in a reason. `automatic`
    is what a machine sends of its own accord.
    """

    channel: str
    at: datetime
    text: str
    subject: str | None = None
    phone: str | None = None
    email: str | None = None
    verified: bool = False
    charger: str | None = None
    site: str | None = None
    connector: int | None = None
    category: str | None = None
    danger: bool = False
    faulty: bool = False
    language: str | None = None
    alarm: Alarm | None = None
    auto_reply: bool = False
    bounce: bool = False
    automatic: bool = False
    quarantined: bool = False
    unreadable: bool = False
    queue: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where: `charger` and `site` are decided only when sure enough; `chargers` are all that were named; `whole_site`
    when a whole site is meant; `candidates` what it could also have been (charger id -> confidence 0..1)."""

    charger: str | None = None
    site: str | None = None
    chargers: tuple[str, ...] = ()
    whole_site: bool = False
    candidates: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier report of the same person, newest first in `History`."""

    at: datetime
    case: int
    charger: str | None
    site: str | None
    category: str


@dataclass(frozen=True, slots=True)
class History:
    """What the record knows of the person who reports (id None = unknown person), and which other known persons the
    text mentions by address or number."""

    person: int | None = None
    earlier: tuple[Earlier, ...] = ()
    mentioned: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one report is, decided at its arrival. `mass` marks a report of a fault that is not bound to one place
    (an app or payment outage), `foreign` one in none of our languages. `keys` are the advisory-lock keys under which
    its duplicates are looked for."""

    language: str
    place: Place
    category: Category
    fault_code: str | None
    priority: Priority
    queue: str
    sla_level: str
    owner: str | None
    spam: bool
    mass: bool
    reasons: Mapping[str, tuple[Reason, ...]]  # place, category, priority, queue, language
    tokens: frozenset[str] = frozenset()  # what the duplicate score compares; opaque to everyone else
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class CaseReport:
    """A report that a candidate case already holds. `added`: by nobody new, but by the link of an earlier one, so by
    who sent that, or by a mail server about a mail of ours."""

    id: int
    at: datetime
    person: int | None
    channel: str
    charger: str | None
    site: str | None
    category: str
    language: str
    text: str
    added: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case that a new report might belong to: open, or concluded/closed at most 14 days ago. `reports` newest first,
    at most eight; `persons` are all who reported, `machines` those of them of whom only machines wrote."""

    id: int
    status: str
    category: str
    priority: str
    charger: str | None
    site: str | None
    opened_at: datetime
    last_report_at: datetime
    concluded_at: datetime | None
    persons: frozenset[int]
    reports: tuple[CaseReport, ...]
    mass: bool = False
    whole_site: bool = False
    machines: frozenset[int] = frozenset()


class Verdict(StrEnum):
    ATTACH = "attach"
    SUGGEST = "suggest"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Match:
    """Again? `case` is the best candidate for attach and suggest. `score` is 0..1; reasons say what spoke for and
    against and what the threshold was."""

    verdict: Verdict
    case: int | None
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Raised:
    """What an attachment does to the case: the most urgent priority and, while it grows, category, place, incident."""

    priority: Priority
    category: Category
    charger: str | None
    site: str | None
    whole_site: bool
    incident: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When the targets of sla.toml fall due, aware datetimes in UTC."""

    first_response: datetime
    line: datetime
    next_update: datetime
    solution: datetime
