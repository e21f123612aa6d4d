"""Heartbeats: one row a role and ten-second slot, so that a dead machine counts as downtime."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import psycopg

from gateway.record.db import Database, Unavailable, statements

SQL = statements("heartbeats")


async def beat(db: Database, role: str, now: datetime) -> None:
    """Leave this slot's sign of life; a database that is away is itself the gap."""
    with suppress(Unavailable, psycopg.Error):
        await db.run(SQL["beat"], {"role": role, "now": now})


async def forget(db: Database, before: datetime) -> None:
    """Drop the signs of days that have long been counted."""
    await db.run(SQL["forget"], {"before": before})
