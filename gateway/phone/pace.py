"""What a wait is estimated from: who serves which queue now, and how long calls took and callers waited lately.

A process reads it again when it is older than `FRESH`, one caller at a time while the others go by what was known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from gateway.clock import Clock
from gateway.record import facts
from gateway.record.db import Database, statements
from measuring import expected, patience
from measuring.expected import Crew, Pace
from measuring.waits import MICROSECONDS

SQL = statements("line")
FRESH = 10.0  # seconds
LATELY = timedelta(days=1)  # before today: a queue that had no calls since yesterday is not foretold


class Paces:
    """What this process knows of the queues."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._read: float | None = None
        self._crews: Sequence[Crew] = ()
        self._paces: Mapping[str, Pace] = {}

    async def of(self, queue: str) -> tuple[Sequence[Crew], Pace]:
        """Who serves, and the pace of a queue. Raises Unavailable."""
        now = self._clock.monotonic()
        if self._read is None or now - self._read >= FRESH:
            before, self._read = self._read, now
            try:
                await self._look()
            except BaseException:
                self._read = before
                raise
        return self._crews, self._paces.get(queue, Pace())

    async def _look(self) -> None:
        crews = await self._db.rows(SQL["crews"])
        paces = await self._db.rows(SQL["paces"], {"since": facts.day_of(self._clock.now()) - LATELY})
        self._crews = [Crew(frozenset(row["queues"]), row["agents"], row["free"]) for row in crews]
        self._paces = {
            row["queue"]: Pace(
                row["handling"] / MICROSECONDS if row["handled"] >= expected.ENOUGH else None,
                patience.estimate(int(row["waited"]), row["hung_up"], row["answered"]).mean,
            )
            for row in paces
        }
