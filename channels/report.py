"""What every door hands over, and the few things a door is given.

A channel turns what came in into a `Report` and calls `Intake.accept`. A `Receipt` means that the report is committed;
`NotStored` means that nobody may be told "we have it" and that the sender should try again later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

AS_JSON = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}  # how the spool writes bytes


class Channel(StrEnum):
    PHONE = "phone"
    EMAIL = "email"
    FORM = "form"
    PORTAL = "portal"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    ALARM = "alarm"
    API = "api"


class Outcome(StrEnum):
    OPENED = "opened"
    ATTACHED = "attached"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who says it, as the channel knows it: `email` bare and lower case, `phone` E.164 where it could be normalised.

    `verified` is true only when somebody we trust vouches for it (a trusted Authentication-Results, our own checks,
    a log-in), never because of a caller ID or a From header alone. `language` is the one that they chose to be spoken
    to.
    """

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    verified: bool = False
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as it came; `name` is cleaned and has no folder; `quarantined` says why it must not be opened lightly."""

    name: str
    media_type: str
    content: bytes
    inline: bool = False
    quarantined: str | None = None

    __pydantic_config__: ClassVar[Any] = AS_JSON


@dataclass(frozen=True, slots=True)
class Alarm:
    """A charger's own words: an OCPP StatusNotification (1.6) or its 2.0.1 counterpart."""

    status: str | None = None
    error: str | None = None
    connector: int | None = None
    vendor_id: str | None = None
    vendor_code: str | None = None
    info: str | None = None
    protocol: str = "ocpp1.6"


ADDED = "added"  # the flag of what a reporter adds by the link of their own report
ANSWER = "answer"  # the flag of a message that answers what we asked: it is no news about the case
UNREADABLE = "unreadable"  # the flag of a mail whose words are locked, or in no form that is read, or not there
FORGED = "forged"  # the flag of a mail whose From the checks of its origin clearly refused
STOP, START = "stop", "start"  # the flags of a wish: that its sender wants no texts any more, or wants them again
SOLVED = "solved_in_call"  # the flag of a call whose caller said that our advice or remote help solved it
UNSOLVED = "unsolved"  # the flag of an answer that it is not solved: its case is work again


@dataclass(frozen=True, slots=True)
class Thread:
    """What a message says it belongs to: a signed reply token, Message-IDs it answers, a case number in its subject."""

    token: str | None = None
    references: tuple[str, ...] = ()
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A case that we think is solved, and a report whose reporter has not said so; `token` is that of the case, for a
    thread."""

    report: int
    token: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a bounce says became of a mail of ours: `action` and `status` as in RFC 3464 (`failed`, `delayed`, …;
    `5.1.1`), `message_id` that of the mail, where the bounce tells it."""

    recipient: str
    action: str = "failed"
    status: str | None = None
    diagnostic: str | None = None
    message_id: str | None = None


class RemoteAct(StrEnum):
    """What a charger can be asked to do from afar."""

    RESTART = "restart"
    UNLOCK = "unlock"
    STOP = "stop"
    DISABLE = "disable"
    ENABLE = "enable"
    DIAGNOSTICS = "diagnostics"


class RemoteAnswer(StrEnum):
    """What a charger back end answers to a remote action (OCPP 1.6 and 2.0.1 words folded together)."""

    ACCEPTED = "Accepted"
    SCHEDULED = "Scheduled"
    REJECTED = "Rejected"
    ONGOING = "OngoingAuthorizedTransaction"
    UNLOCKED = "Unlocked"
    UNLOCK_FAILED = "UnlockFailed"
    NOT_SUPPORTED = "NotSupported"
    UNREACHABLE = "Unreachable"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a charger was asked to do from afar before anything was filed, and what it answered."""

    act: RemoteAct
    answer: RemoteAnswer
    charger: str
    connector: int | None = None

    __pydantic_config__: ClassVar[Any] = AS_JSON


@dataclass(frozen=True, slots=True)
class Report:
    """One thing that one person or charger told us through one channel at one time.

    `key` is the idempotency key within `channel`; it must hold something that a stranger cannot choose alone.
    `text` is what was newly said, `full_text` everything with quotes and signatures; `raw` is what came over the wire.
    `own_words` is what is judged in place of `text` (None: that is): of a text that is partly ours what its sender
    said, of a mail that sends others on what those say as well.
    `charger`, `site`, `connector`, `category`, `danger` and `faulty` (a charger does not work, and how was not
    chosen) are what the sender gave in a structured way, unchecked.
    `quarantined` is the reason why the content was not understood; such a report goes to a person. `fingerprint` is a
    hash of a request's body: doors that refuse the same key with another body compare it with their receipt's.
    """

    channel: Channel
    key: str
    received_at: datetime
    text: str
    sender: Sender = Sender()
    subject: str | None = None
    reply_to: str | None = None  # where a mail asks answers to go: proves nothing about its sender
    copies: tuple[str, ...] = ()  # who else a mail went to, of those who can be answered
    full_text: str | None = None
    own_words: str | None = None
    html: str | None = None
    charger: str | None = None
    site: str | None = None
    connector: int | None = None
    category: str | None = None
    danger: bool = False
    faulty: bool = False
    language: str | None = None
    alarm: Alarm | None = None
    attachments: tuple[Attachment, ...] = ()
    raw: bytes = b""
    raw_type: str = "application/octet-stream"
    recipients: tuple[str, ...] = ()
    queue: str | None = None
    thread: Thread = Thread()
    message_id: str | None = None
    auto_reply: bool = False
    bounce: bool = False
    deliveries: tuple[Delivery, ...] = ()
    quarantined: str | None = None
    call_sid: str | None = None
    fingerprint: bytes | None = None
    flags: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()

    __pydantic_config__: ClassVar[Any] = AS_JSON

    @property
    def told(self) -> str:
        """What is judged of it."""
        return self.text if self.own_words is None else self.own_words

    def digest(self) -> bytes:
        """The 32 bytes under which the record knows this report: SHA-256 over channel family and key."""
        return hashlib.sha256(f"{self.channel}\0{self.key}".encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The promise that a report is kept. `case` is the case number (`1042-9`), `token` opens the status page,
    `code` is the reporter's own four digits for asking about the case by phone, `flags` are those of the kept report:
    of a repeat, those of the first."""

    case: str
    report: int
    outcome: Outcome
    token: str
    code: str
    priority: str
    category: str
    queue: str
    fingerprint: bytes | None = None
    flags: tuple[str, ...] = ()


class NotStored(Exception):
    """The report could not be stored, or it is not known whether it was; try again later."""


class Intake(Protocol):
    async def accept(self, report: Report) -> Receipt:
        """Keep one report and return after COMMIT. Raises NotStored (temporary) and nothing else."""
        ...


class Spool(Protocol):
    async def keep(self, report: Report) -> None:
        """Put a report on durable disk (file and folder fsynced) until the database answers. Raises NotStored."""
        ...


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to a customer. `kind` names the text (`acknowledgement`, `reply`, …); `case` is the case's id.

    With `text` None the words are composed at sending time from the kind's template in `language`.
    """

    case: int
    channel: Channel
    kind: str
    language: str
    to: str | None = None
    report: int | None = None
    subject: str | None = None
    text: str | None = None
    data: Mapping[str, str] = field(default_factory=dict)


class Messages(Protocol):
    async def send(self, letter: Letter) -> int:
        """Put a message into the outbox, in a transaction of its own, and return its id."""
        ...


@dataclass(frozen=True, slots=True)
class ChargerStatus:
    charger: str
    status: str
    error: str | None
    at: datetime | None


class Chargers(Protocol):
    """The charging platform's back end. Every act may take seconds and never raises: no answer is UNREACHABLE."""

    async def status(self, charger: str) -> ChargerStatus | None: ...
    async def restart(self, charger: str) -> RemoteAnswer: ...
    async def unlock(self, charger: str, connector: int) -> RemoteAnswer: ...


class Fleet(Chargers, Protocol):
    """The same with everything that can be asked for."""

    async def act(self, charger: str, act: RemoteAct, connector: int | None = None) -> RemoteAnswer: ...


@dataclass(frozen=True, slots=True)
class Solution:
    """A standard solution: `steps` are sentences that can be read aloud one by one, `pictures` names a drawing for each
    (or there are none), `words` is what else people look for it by."""

    slug: str
    category: str
    title: str
    steps: tuple[str, ...]
    models: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Solutions(Protocol):
    def find(self, category: str, language: str, model: str | None = None) -> Sequence[Solution]:
        """The standard solutions for a category, best first; in English where there are none in the language."""
        ...
