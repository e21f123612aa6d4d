"""What an owner's people read in the portal, and the maintenance they plan. Each statement is bound to one owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.record.db import Database, statements

SQL = statements("owners")


@dataclass(frozen=True, slots=True)
class Sla:
    """A case of a month: the targets it was given when it was opened, and when they were met."""

    id: int
    site_id: str | None
    charger_id: str | None
    channel: str | None
    priority: str | None
    category: str | None
    sla_level: str
    status: str
    opened_at: datetime
    due_first_response: datetime | None
    due_solution: datetime | None
    answered_at: datetime | None
    solved_at: datetime | None
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Window:
    """Planned work at a site; `case_id` is where its alarms are kept once there are any."""

    id: int
    site_id: str
    starts_at: datetime
    ends_at: datetime
    case_id: int | None


async def words(db: Database, owner: str, case: int) -> list[Mapping[str, Any]]:
    """The conversation between an owner's people and us about a case, oldest first; nobody else's words."""
    return list(await db.rows(SQL["words"], {"owner": owner, "case": case}))


async def sites(db: Database, owner: str, now: datetime) -> dict[str, Mapping[str, Any]]:
    """How many cases are open and late at each site."""
    return {row["id"]: row for row in await db.rows(SQL["sites"], {"owner": owner, "now": now})}


async def card(db: Database, owner: str, site: str) -> list[Mapping[str, Any]]:
    """What was done at a site, the newest first."""
    return list(await db.rows(SQL["card"], {"owner": owner, "site": site}))


async def has_document(db: Database, owner: str, document: int) -> bool:
    """Whether a document lies beside a case of this owner's."""
    return await db.row(SQL["document"], {"owner": owner, "document": document}) is not None


async def visits(db: Database, case: int) -> list[Mapping[str, Any]]:
    """When somebody came or comes for a case."""
    return list(await db.rows(SQL["visits"], {"case": case}))


async def sla(db: Database, owner: str, since: datetime, to: datetime) -> list[Sla]:
    return [Sla(**row) for row in await db.rows(SQL["sla"], {"owner": owner, "from": since, "to": to})]


async def maintenance(db: Database, owner: str, now: datetime) -> list[Window]:
    """What is planned or going on."""
    return [Window(**row) for row in await db.rows(SQL["maintenance"], {"owner": owner, "now": now})]


async def plan(
    db: Database, owner: str, site: str, since: datetime, until: datetime, user: int, now: datetime
) -> int | None:
    """Plan work at a site; its id, None when the site is not this owner's."""
    given = {"owner": owner, "site": site, "from": since, "until": until, "user": user, "now": now}
    row = await db.row(SQL["plan"], given)
    return int(row["id"]) if row else None


async def end_maintenance(db: Database, owner: str, site: str, window: int, now: datetime) -> tuple[bool, int | None]:
    """End planned work before its time; whether there was any, and the case that waits for its end."""
    row = await db.row(SQL["end_maintenance"], {"owner": owner, "site": site, "window": window, "now": now})
    return row is not None, row["case_id"] if row else None
