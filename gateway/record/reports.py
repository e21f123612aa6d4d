"""Single reports as they are read: by their status link, and the files that came with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from channels.report import Sender
from gateway.casenumber import number
from gateway.record.db import Database, statements

SQL = statements("reports")


@dataclass(frozen=True, slots=True)
class StatusView:
    """What a status link may tell: state and times of the case, the reporter's own code, nothing about anybody."""

    token: str
    report: int
    case: int
    language: str
    code: str
    status: str
    category: str
    priority: str
    incident: bool  # several people have reported it
    charger: str | None
    site: str | None
    timezone: str
    opened_at: datetime
    first_response_at: datetime | None
    expected_at: datetime | None
    concluded_at: datetime | None
    closed_at: datetime | None
    confirmed: bool  # by this reporter, about the present conclusion
    rated: bool
    visit_at: datetime | None
    visit_token: str | None  # for whoever may choose its time
    own_charger: str | None  # where this reporter stood
    connector: int | None
    texted: bool  # asked for a text when it is solved
    may_be_texted: bool  # is told otherwise, and may ask for one
    tried: str | None  # what the charger answered when this reporter had it helped from afar

    @property
    def number(self) -> str:
        return number(self.case)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a report; its bytes lie in the blob store under `digest`."""

    name: str
    media_type: str
    size: int
    digest: str
    quarantined: str | None
    case: int


async def by_token(db: Database, token: str) -> StatusView | None:
    """The status behind a link; None when there is no such link."""
    if "\0" in token:
        return None
    row = await db.row(SQL["by_token"], {"token": token})
    if row is None:
        return None
    return StatusView(
        token=token,
        report=row["report_id"],
        case=row["case_id"],
        language=row["language"],
        code=row["code"],
        status=row["status"],
        category=row["category"],
        priority=row["priority"],
        incident=row["incident"],
        charger=row["charger_id"],
        site=row["site_id"],
        timezone=row["timezone"],
        opened_at=row["received_at"],
        first_response_at=row["first_response_at"],
        expected_at=row["due_solution"],
        concluded_at=row["concluded_at"],
        closed_at=row["closed_at"],
        confirmed=row["confirmed"],
        rated=row["rated"],
        visit_at=row["visit_at"],
        visit_token=row["visit_token"],
        own_charger=row["own_charger"],
        connector=row["connector"],
        texted=row["texted"],
        may_be_texted=row["may_be_texted"],
        tried=row["tried"],
    )


async def sender(db: Database, report: int) -> Sender:
    """Who said it; nobody when it was erased."""
    row = await db.row(SQL["sender"], {"report": report})
    return Sender(row["sender_name"], row["sender_phone"], row["sender_email"]) if row else Sender()


async def text_to(db: Database, report: int, phone: str | None) -> None:
    """Where a reporter wants a text when the problem is solved; None for nowhere any more."""
    await db.run(SQL["text_to"], {"report": report, "phone": phone})


async def attachment(db: Database, attachment_id: int) -> StoredFile | None:
    row = await db.row(SQL["attachment"], {"attachment": attachment_id})
    if row is None:
        return None
    return StoredFile(
        name=row["name"],
        media_type=row["media_type"],
        size=row["size"],
        digest=row["sha256"],
        quarantined=row["quarantined"],
        case=row["case_id"],
    )


async def case_of(db: Database, report: int) -> int | None:
    """The case that a report is in; None when there is no such report."""
    row = await db.row(SQL["case_of"], {"report": report})
    return row["case_id"] if row else None


async def suggested(db: Database, report: int) -> list[int]:
    """The case that a report is in and the one that was suggested for it."""
    row = await db.row(SQL["case_of"], {"report": report})
    return [row["case_id"], row["suggested"]] if row and row["suggested"] else []
