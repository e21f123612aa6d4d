"""Sweeping what is due: lines that did not solve in time, cases that waited, targets to warn of, times to tell, visits
that lapsed, conclusions that nobody answered.

Deadlines are columns; running this twice, late or in two processes at once changes nothing but seconds, because every
step is a verb that looks again under the case's lock. A case that fails holds up no other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, LiteralString

import structlog
from psycopg.types.json import Jsonb

from gateway import desk
from gateway.desk import SYSTEM, clocks
from gateway.desk.onsite import LATE
from gateway.notify import SILENT_DAYS
from gateway.record.db import Unavailable, statements
from gateway.runtime import Runtime
from routing.sla import WARNING

log = structlog.get_logger()
CASES, CLOCKS, VISITS = statements("cases"), statements("clocks"), statements("visits")
LEADS = Jsonb({priority: f"{lead.total_seconds()} seconds" for priority, lead in WARNING.items()})
Step = Callable[[Mapping[str, Any]], Awaitable[object]]


async def sweep(runtime: Runtime) -> int:
    """Do what is due at this moment; returns how many cases were touched."""
    now = runtime.clock.now()
    silent = {"before": now - timedelta(days=SILENT_DAYS)}
    soon = {"now": now, "horizon": now + max(WARNING.values()), "leads": LEADS}
    steps: tuple[tuple[LiteralString, Mapping[str, Any], Step], ...] = (
        (CASES["due_line"], {"now": now}, lambda row: desk.escalate_overdue(runtime, SYSTEM, row["id"])),
        (CASES["done_waiting"], {"now": now}, lambda row: desk.resume(runtime, SYSTEM, row["id"])),
        (CLOCKS["to_mark"], soon, lambda row: clocks.mark(runtime, SYSTEM, row["id"])),
        (CLOCKS["to_tell"], {}, lambda row: clocks.tell_expected(runtime, SYSTEM, row["id"])),
        (VISITS["lapsed"], {"now": now, "late": now - LATE}, lambda row: _lapse(runtime, row)),
        (CASES["unanswered"], silent, lambda row: desk.close_unconfirmed(runtime, SYSTEM, row["id"])),
    )
    touched = 0
    for statement, given, step in steps:
        for row in await runtime.db.rows(statement, given):
            try:
                await step(row)
            except (desk.Refused, desk.Taken, desk.Unknown) as error:
                log.warning("sweep.passed_over", case=row["id"], error=type(error).__name__)
            except Unavailable:
                raise
            except Exception as error:
                log.exception("sweep.case_failed", case=row["id"], error=type(error).__name__)
            else:
                touched += 1
    return touched


async def _lapse(runtime: Runtime, row: Mapping[str, Any]) -> None:
    await desk.lapse_visit(runtime, SYSTEM, row["case_id"], row["id"])
