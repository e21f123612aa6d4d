"""Service cards: what was done at a site, when and by whom; and the documents beside cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.casenumber import number
from gateway.record.cases import Case
from gateway.record.db import Connection, Database, statements
from gateway.record.reports import StoredFile

SQL = statements("cards")


@dataclass(frozen=True, slots=True)
class Card:
    """One piece of work at a site. The words are None when they were erased."""

    id: int
    site_id: str
    charger_id: str | None
    case_id: int
    visit_id: int | None
    agent_id: str | None
    at: datetime
    line: int
    category: str
    fault_code: str | None
    disposition: str | None
    verified: bool | None
    work: str | None
    parts: str | None
    documents: int

    @property
    def number(self) -> str:
        return number(self.case_id)


@dataclass(frozen=True, slots=True)
class Document:
    id: int
    visit_id: int | None
    agent_id: str | None
    at: datetime
    name: str
    media_type: str
    size: int


async def of_site(db: Database, site: str, limit: int = 100) -> list[Card]:
    """The service card of an area, newest work first."""
    return [Card(**row) for row in await db.rows(SQL["of_site"], {"site": site, "limit": limit})]


async def of_case(db: Database, case: int) -> list[Card]:
    return [Card(**row) for row in await db.rows(SQL["of_case"], {"case": case})]


async def documents(db: Database, case: int) -> list[Document]:
    return [Document(**row) for row in await db.rows(SQL["documents"], {"case": case})]


async def document(db: Database, document_id: int) -> StoredFile | None:
    """A document's name and where its bytes lie."""
    row = await db.row(SQL["document"], {"document": document_id})
    if row is None:
        return None
    return StoredFile(row["name"], row["media_type"], row["size"], row["sha256"], None, row["case_id"])


async def write(
    conn: Connection,
    case: Case,
    *,
    agent: str | None,
    now: datetime,
    work: str,
    parts: str = "",
    visit: int | None = None,
    disposition: str | None = None,
    verified: bool | None = None,
) -> int | None:
    """Write a piece of work onto the card of the case's site; returns its id, None when the site is not known."""
    if case.site_id is None:
        return None
    given = {
        "site": case.site_id,
        "charger": case.charger_id,
        "case": case.id,
        "visit": visit,
        "agent": agent,
        "now": now,
        "line": case.line,
        "category": case.category,
        "fault_code": case.fault_code,
        "disposition": disposition,
        "verified": verified,
    }
    row = await (await conn.execute(SQL["add"], given)).fetchone()
    assert row is not None
    await conn.execute(SQL["add_contents"], {"card": row["id"], "work": work, "parts": parts})
    return int(row["id"])
