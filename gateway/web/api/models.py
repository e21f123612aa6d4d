"""The JSON API's bodies and answers as types: what is checked, what the description is generated from.

Bodies refuse unknown fields. Every time carries an offset. Names follow the contract to the letter.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictInt, StringConstraints

WORDED = r"\S\s*$"  # not `\S`: who joins it with a length makes a pattern that takes a second to read
Text = Annotated[str, StringConstraints(min_length=1, max_length=100_000, pattern=WORDED)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Category = Literal[
    "safety",
    "cable_stuck",
    "no_start",
    "interrupted",
    "slow",
    "access",
    "payment",
    "offline",
    "damage",
    "blocked",
    "account",
    "enquiry",
    "other",
]
Priority = Literal["P1", "P2", "P3", "P4"]
Channel = Literal["phone", "email", "form", "portal", "sms", "whatsapp", "alarm", "api"]
Status = Literal["open", "assigned", "waiting", "planned", "concluded", "closed"]
Activity = Literal["available", "busy", "away", "offline"]
Disposition = Short


class Body(BaseModel):
    """What is sent to us."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Answer(BaseModel):
    """What is answered."""

    model_config = ConfigDict(populate_by_name=True, from_attributes=True)


class From(Body):
    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    phone: Annotated[str, StringConstraints(max_length=60)] | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = None


class ReportBody(Body):
    """A report. All but `text` is optional; places that we do not know are kept as they were given."""

    from_: From | None = Field(None, alias="from")
    subject: Annotated[str, StringConstraints(max_length=998)] | None = None
    text: Text
    charger: Annotated[str, StringConstraints(max_length=60)] | None = None
    site: Annotated[str, StringConstraints(max_length=200)] | None = None
    connector: Annotated[StrictInt, Field(ge=0, le=99)] | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] | None = None


class AlarmBody(Body):
    """A charger's StatusNotification (OCPP 1.6 or 2.0.1). `id` is the idempotency key."""

    id: Short
    at: AwareDatetime | None = None
    charger: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    connector: Annotated[StrictInt, Field(ge=0, le=99)] | None = None
    protocol: Literal["ocpp1.6", "ocpp2.0.1"] = "ocpp1.6"
    status: Annotated[str, StringConstraints(max_length=60)] | None = None
    error: Annotated[str, StringConstraints(max_length=60)] | None = None
    vendor_id: Annotated[str, StringConstraints(max_length=255)] | None = None
    vendor_code: Annotated[str, StringConstraints(max_length=50)] | None = None
    info: Annotated[str, StringConstraints(max_length=2000)] | None = None


class Receipt(Answer):
    """The promise that a report is kept."""

    case: str
    report: int
    outcome: Literal["opened", "attached", "repeated"]
    status_url: str


class Kept(Answer):
    """The report is on durable disk and will be judged; send it again later for its case number."""

    outcome: Literal["kept"] = "kept"
    detail: str


class Due(Answer):
    first_response: datetime | None
    next_update: datetime | None
    solution: datetime | None


class Reasons(Answer):
    place: list[str] = []
    category: list[str] = []
    priority: list[str] = []
    duplicate: list[str] = []
    queue: list[str] = []


class CaseItem(Answer):
    """A case. `due_at` is the earliest target that is not met yet."""

    number: str
    status: Status
    line: int
    queue: str
    priority: Priority
    category: Category
    language: str
    charger: str | None
    site: str | None
    sla_level: Literal["basic", "plus", "premium"]
    opened_at: datetime
    first_response_at: datetime | None
    due_at: datetime | None
    due: Due
    assignee: str | None
    channels: list[Channel]
    reasons: Reasons


class SenderItem(Answer):
    name: str | None
    phone: str | None
    email: str | None


class AttachmentItem(Answer):
    id: int
    name: str
    media_type: str
    size: int


class ReportItem(Answer):
    id: int
    channel: Channel
    received_at: datetime
    from_: SenderItem = Field(alias="from")
    subject: str | None
    text: str | None
    attachments: list[AttachmentItem]


class ActorItem(Answer):
    kind: Literal["agent", "customer", "system"]
    id: str | None


class TimelineItem(Answer):
    id: int
    at: datetime
    kind: str
    actor: ActorItem
    text: str
    data: dict[str, Any]


class TimeItem(Answer):
    nth: int
    starts_at: datetime
    ends_at: datetime


class VisitItem(Answer):
    """A visit at the site; `starts_at` is null until one of its times was chosen."""

    id: int
    agent: str
    state: Literal["proposed", "booked", "performed", "cancelled", "lapsed"]
    starts_at: datetime | None
    ends_at: datetime | None
    verified: bool | None
    times: list[TimeItem]
    url: str | None


class AnalysisItem(Answer):
    """The fault analysis that stands; its words are null when they were erased."""

    agent_id: str | None
    at: datetime
    component: str
    fault_code: str | None
    reproduced: bool
    cause: str | None
    evidence: str | None


class ReferenceItem(Answer):
    """A link to what the maker tells about this model of charger."""

    id: int
    title: str
    url: str
    agent_id: str | None
    at: datetime


class ProposalItem(Answer):
    """The action proposal that stands; its words are null when they were erased."""

    agent_id: str | None
    at: datetime
    fault: str | None
    parts: str | None
    tools: str | None
    access: str | None
    safety: str | None


class DocumentItem(Answer):
    id: int
    name: str
    media_type: str
    size: int
    at: datetime


class CardItem(Answer):
    """One piece of work on the service card of an area."""

    id: int
    case: str
    charger: str | None
    at: datetime
    agent: str | None
    line: int
    category: str
    fault_code: str | None
    disposition: str | None
    verified: bool | None
    work: str | None
    parts: str | None
    documents: int


class CardPage(Answer):
    items: list[CardItem]
    next: None = None


class WholeCase(CaseItem):
    """A case with everything that was said and done."""

    reports: list[ReportItem]
    timeline: list[TimelineItem]
    visits: list[VisitItem] = []
    analysis: AnalysisItem | None = None
    references: list[ReferenceItem] = []
    proposal: ProposalItem | None = None
    documents: list[DocumentItem] = []


class CasePage(Answer):
    items: list[CaseItem]
    next: str | None


class QueueItem(Answer):
    """A queue: its open cases, those nobody has taken, since when the oldest of them waits, and those past a target.
    `longest_wait` is how many seconds a caller may wait in it; `longest_wait_to` the queue they are then moved to;
    `recording` how its callers agree to be recorded; `callback` whose telephone rings first in a call-back."""

    name: str
    line: int
    open: int
    waiting: int
    late: int
    waiting_since: datetime | None
    by_priority: dict[Priority, int]
    longest_wait: int | None
    longest_wait_to: str | None
    recording: Literal["announce", "ask", "never"]
    callback: Literal["agent first", "customer first"]


class QueuePage(Answer):
    items: list[QueueItem]
    next: None = None


class AgentItem(Answer):
    id: str
    name: str
    role: str
    line: int
    languages: list[str]
    skills: list[str]
    queues: list[str]
    region: str | None
    activity: Activity
    activity_at: datetime


class AgentPage(Answer):
    items: list[AgentItem]
    next: None = None


class OfferItem(Answer):
    """A work item that is reserved for one agent until `expires_at`."""

    id: int
    kind: Literal["case", "call", "callback"]
    agent: str
    case: str | None
    queue: str
    priority: Priority
    offered_at: datetime
    expires_at: datetime
    reasons: list[str]


class OfferPage(Answer):
    items: list[OfferItem]
    next: None = None


class Answered(Answer):
    """What became of an offer, and the case it was about."""

    status: Literal["accepted", "declined"]
    case: str | None


class MeasureItem(Answer):
    """A figure and what it was made of: `value` by `formula`, null where nothing was counted."""

    measure: str
    key: str | None
    value: float | None
    unit: str
    numerator: float | None
    denominator: float | None
    formula: str


class MeasurePage(Answer):
    items: list[MeasureItem]
    next: None = None


class ProblemItem(Answer):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    fields: dict[str, str] = {}
