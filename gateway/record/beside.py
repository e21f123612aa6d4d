"""What stands beside a case: suggested duplicates, the charger's last alarms and earlier cases, reports that left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.record.cases import Case, case_of
from gateway.record.db import Database, statements

SQL = statements("beside")
ALARMS = 5


@dataclass(frozen=True, slots=True)
class Beside:
    """The mappings are rows of the statements of `beside.sql`."""

    suggestions: Sequence[Mapping[str, Any]]
    gone: Sequence[Mapping[str, Any]]
    alarms: Sequence[Mapping[str, Any]] = ()
    earlier: Sequence[Case] = ()


async def beside(db: Database, case: int, charger: str | None, alarms: int = ALARMS) -> Beside:
    """What is known beside one case; without a charger, nothing about chargers."""
    given = {"case": case, "charger": charger, "limit": alarms}
    suggestions, gone = await db.rows(SQL["suggestions"], given), await db.rows(SQL["gone"], given)
    if charger is None:
        return Beside(suggestions, gone)
    earlier = [case_of(row) for row in await db.rows(SQL["earlier"], given)]
    return Beside(suggestions, gone, await db.rows(SQL["alarms"], given), earlier)
