"""Whether those who must be woken can be: the rota's holes and the ladders that are climbed, as a check and figures.

A hole in the next 14 days, an empty rota and a ladder that has gone round are alarms: `/readyz` says so (degraded),
`/metrics` counts them, and the worker writes each of them to the log once an hour.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from prometheus_client import Gauge

from gateway import rota
from gateway.record.db import statements
from gateway.runtime import Runtime

log = structlog.get_logger()
SQL = statements("oncall")
GAP = Gauge("switchyard_oncall_gap_seconds", "Time in the next 14 days in which a line has nobody on call.")
NEXT_GAP = Gauge("switchyard_oncall_next_gap_seconds", "Seconds until nobody is on call; 14 days when there is no gap.")
CLIMBS = Gauge("switchyard_oncall_climbs", "On-call ladders that are being climbed.")
STEPS = Gauge("switchyard_oncall_steps", "Telephones rung by the ladder that has been climbed longest.")
EVERY = 3600.0  # seconds between the same words in the log
FULL_ROUND = 4  # telephones after which somebody should have answered


async def on_call(runtime: Runtime) -> tuple[bool, str]:
    """Whether everybody who must be woken can be, and what is wrong; sets the figures. Raises Unavailable."""
    now = runtime.clock.now()
    seen = await rota.outlook(runtime.db, now)
    climbing = await runtime.db.row(SQL["climbing"])
    assert climbing is not None
    GAP.set(sum((gap.ends - gap.starts for gap in seen.gaps), timedelta()).total_seconds())
    NEXT_GAP.set(min((gap.starts - now for gap in seen.gaps), default=rota.AHEAD).total_seconds())
    CLIMBS.set(climbing["open"])
    STEPS.set(climbing["steps"])
    if climbing["steps"] > FULL_ROUND:
        return False, f"a ladder has rung {climbing['steps']} telephones and nobody has taken it"
    if seen.empty:
        return False, "the rota is empty"
    if seen.gaps:
        first = min(seen.gaps, key=lambda gap: gap.starts)
        return False, f"nobody on call on line {first.line} from {first.starts.isoformat(timespec='minutes')}"
    return True, "somebody is on call for the next 14 days"


async def complain(runtime: Runtime) -> int:
    """Write an alarm to the log; returns whether there was one. Raises Unavailable."""
    if not runtime.config.twilio_account_sid:
        return 0
    ok, detail = await on_call(runtime)
    if not ok:
        log.error("oncall.alarm", detail=detail)
    return int(not ok)
