"""What chargers last said about themselves, as far as a case or a sweep asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway.record.db import Database, statements
from routing.flapping import State

SQL = statements("alarms")


async def of_case(db: Database, case: int) -> list[State]:
    """The connectors whose alarms are in a case."""
    return [State(**row) for row in await db.rows(SQL["of_case"], {"case": case})]


async def silent(
    db: Database, categories: Sequence[str], now: datetime, patience: timedelta, lookback: timedelta, alive: timedelta
) -> list[Mapping[str, Any]]:
    """Cases in which people report a charger that says nothing of it itself: opened within `lookback`, at least
    `patience` ago, while some charger was heard within `alive`."""
    given = {"categories": list(categories), "since": now - lookback, "before": now - patience, "alive": now - alive}
    return list(await db.rows(SQL["silent"], given))
