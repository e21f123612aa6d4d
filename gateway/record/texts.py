"""SMS in the record: which of ours did not arrive."""

from __future__ import annotations

from channels.provider import LOST, lost
from gateway.clock import Clock
from gateway.messages.undelivered import cause
from gateway.record import timeline
from gateway.record.db import Database, statements
from gateway.record.timeline import Entry

SQL = statements("texts")


class RecordedTexts:
    """`Deliveries` over PostgreSQL. Raises Unavailable."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def delivered(self, sid: str, status: str, error: str | None) -> None:
        if status not in LOST:
            return
        now = self._clock.now()
        async with self._db.transaction() as conn:
            given = {"sid": sid, "reason": lost(status, error)}
            row = await (await conn.execute(SQL["lost"], given)).fetchone()
            if row and row["case_id"]:
                data = {"message": row["id"], "kind": row["kind"], "channel": "sms", "state": "failed"}
                data |= {"because": found} if (found := cause(given["reason"])) else {}
                entry = Entry(row["case_id"], "message_failed", report=row["report_id"], data=data)
                await timeline.append(conn, [entry], now)
