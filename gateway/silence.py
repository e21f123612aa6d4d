"""Chargers that say nothing while people report them: the case is marked, because a person is the only evidence there.

Only while other chargers are heard: when the whole platform is silent, that is not the charger's doing. Swept by the
worker; a case is marked once.
"""

from __future__ import annotations

from datetime import timedelta

from gateway.desk.acts import act
from gateway.record import alarms
from gateway.record.timeline import SYSTEM
from gateway.runtime import Runtime
from routing.values import Category

FAULTS = (
    Category.OFFLINE,
    Category.NO_START,
    Category.INTERRUPTED,
    Category.CABLE_STUCK,
    Category.SAFETY,
    Category.SLOW,
)
PATIENCE = timedelta(minutes=5)  # an alarm may come after the people
LOOKBACK = timedelta(hours=12)
ALIVE = timedelta(hours=24)


async def sweep(runtime: Runtime) -> int:
    """Mark the cases of silent chargers; returns how many."""
    found = await alarms.silent(runtime.db, FAULTS, runtime.clock.now(), PATIENCE, LOOKBACK, ALIVE)
    for row in found:
        async with act(runtime, SYSTEM, row["id"]) as deed:
            last = row["heard_at"].isoformat() if row["heard_at"] else None
            deed.tell("charger_silent", charger=row["charger_id"], heard_at=last)
    return len(found)
