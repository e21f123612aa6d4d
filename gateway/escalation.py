"""Sweeping what is due: lines that did not solve in time, cases that waited, conclusions that nobody answered.

Deadlines are columns; running this twice, late or in two processes at once changes nothing but seconds, because every
step is a verb that looks again under the case's lock.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from gateway import desk
from gateway.desk import SYSTEM
from gateway.notify import SILENT_DAYS
from gateway.record.db import statements
from gateway.runtime import Runtime

log = structlog.get_logger()
SQL = statements("cases")


async def sweep(runtime: Runtime) -> int:
    """Do what is due at this moment; returns how many cases were touched."""
    now = runtime.clock.now()
    touched = 0
    for row in await runtime.db.rows(SQL["due_line"], {"now": now}):
        await desk.escalate_overdue(runtime, SYSTEM, row["id"])
        touched += 1
    for row in await runtime.db.rows(SQL["done_waiting"], {"now": now}):
        await desk.resume(runtime, SYSTEM, row["id"])
        touched += 1
    before = now - timedelta(days=SILENT_DAYS)
    for row in await runtime.db.rows(SQL["unanswered"], {"before": before}):
        await desk.close_unconfirmed(runtime, SYSTEM, row["id"])
        touched += 1
    return touched
