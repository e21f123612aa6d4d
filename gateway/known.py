"""What a stranger at a charger may be told at once: a fault that we know about, how far it is, work that goes on.

The same certainty as on the telephone: several have reported it, or somebody is on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.record.db import Database, statements

SQL = statements("known")


@dataclass(frozen=True, slots=True)
class Known:
    """An open fault at a charger or its whole site. `expected_at` is None when the promised time is past."""

    case: int
    status: str
    category: str
    expected_at: datetime | None
    visit_at: datetime | None


async def known_at(db: Database, charger: str, site: str, now: datetime) -> Known | None:
    """What is known to be wrong. Raises Unavailable."""
    row = await db.row(SQL["fault"], {"charger": charger, "site": site})
    if row is None:
        return None
    due, visit = row["due_solution"], row["visit_at"]
    return Known(
        row["id"],
        row["status"],
        row["category"],
        due if due and due > now else None,
        visit if visit and visit > now else None,
    )


async def maintenance_until(db: Database, site: str, now: datetime) -> datetime | None:
    """When the planned work that goes on at a site now ends; None without any. Raises Unavailable."""
    row = await db.row(SQL["maintenance"], {"site": site, "now": now})
    return row["ends_at"] if row else None
