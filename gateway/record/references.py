"""What makers tell about their chargers, by model: links that colleagues keep for each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.record.db import Connection, Database, statements
from routing.values import Charger

SQL = statements("references")


@dataclass(frozen=True, slots=True)
class Reference:
    id: int
    title: str
    url: str
    agent_id: str | None
    at: datetime


async def of_model(db: Database, charger: Charger | None) -> list[Reference]:
    """The links that are kept for chargers like this one."""
    if charger is None:
        return []
    rows = await db.rows(SQL["of_model"], {"vendor": charger.vendor, "model": charger.model})
    return [Reference(**row) for row in rows]


async def add(conn: Connection, charger: Charger, title: str, url: str, agent: str | None, now: datetime) -> int:
    """Keep a link for all chargers like this one; returns its id."""
    given = {"vendor": charger.vendor, "model": charger.model, "title": title, "url": url, "agent": agent, "now": now}
    row = await (await conn.execute(SQL["add"], given)).fetchone()
    assert row is not None
    return int(row["id"])


async def remove(conn: Connection, charger: Charger, reference: int, now: datetime) -> bool:
    """Take a link away; False when it was none of these chargers'."""
    given = {"vendor": charger.vendor, "model": charger.model, "reference": reference, "now": now}
    return (await conn.execute(SQL["remove"], given)).rowcount == 1
