"""Whether those who must be woken can be: the rota's holes and the ladders that are climbed, as a check and figures.

A hole in the next 14 days, an empty rota, a ladder with nobody on it and one that has gone round are alarms: people are
told (`alerts`), `/readyz` says so (degraded), `/metrics` counts them, and the worker writes the first to the log once
an hour.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import structlog
from prometheus_client import Gauge

from gateway.phone import rota
from gateway.record.db import statements
from gateway.runtime import Runtime
from measuring.hysteresis import Sign

log = structlog.get_logger()
SQL = statements("oncall")
_gauge = partial(Gauge, multiprocess_mode="mostrecent")
GAP = _gauge("switchyard_oncall_gap_seconds", "Time in the next 14 days in which a line has nobody on call.")
NEXT_GAP = _gauge(
    "switchyard_oncall_next_gap_seconds", "Seconds until nobody is on call; 14 days when there is no gap."
)
CLIMBS = _gauge("switchyard_oncall_climbs", "On-call ladders that are being climbed.")
STEPS = _gauge("switchyard_oncall_steps", "Telephones rung by the ladder that has been climbed longest.")
EVERY = 3600.0  # seconds between the same words in the log


async def on_call(runtime: Runtime) -> tuple[bool, str]:
    """Whether everybody who must be woken can be, and what is wrong; sets the figures. Raises Unavailable."""
    now = runtime.clock.now()
    seen = await rota.outlook(runtime.db, now)
    climbing = await runtime.db.rows(SQL["climbing"])
    GAP.set(sum((gap.ends - gap.starts for gap in seen.gaps), timedelta()).total_seconds())
    NEXT_GAP.set(min((gap.starts - now for gap in seen.gaps), default=rota.AHEAD).total_seconds())
    CLIMBS.set(len(climbing))
    STEPS.set(max((climb["step"] for climb in climbing), default=0))
    if round_again := [climb["step"] for climb in climbing if climb["rounds"]]:
        return False, f"a ladder has rung {max(round_again)} telephones and nobody has taken it"
    if any(climb["nobody"] for climb in climbing):
        return False, "a ladder has nobody on it"
    if seen.empty:
        return False, "the rota is empty"
    if seen.gaps:
        first = min(seen.gaps, key=lambda gap: gap.starts)
        return False, f"nobody on call on line {first.line} from {first.starts.isoformat(timespec='minutes')}"
    return True, "somebody is on call for the next 14 days"


async def signs(runtime: Runtime, now: datetime) -> list[Sign]:
    """What people are told of, by case, and by line and region; an empty rota is no hole. Raises Unavailable."""
    climbing = await runtime.db.rows(SQL["climbing"])
    found = [Sign("ladder_round", str(climb["case_id"]), climb["rounds"]) for climb in climbing if climb["rounds"]]
    found += [Sign("ladder_nobody", str(climb["case_id"]), 1) for climb in climbing if climb["nobody"]]
    if not runtime.config.twilio_account_sid:
        return found
    seen = await rota.outlook(runtime.db, now)
    if seen.empty:
        return [*found, Sign("rota_empty", "", 1)]
    holes: dict[str, float] = {}
    for gap in seen.gaps:
        place = f"{gap.line} {gap.region or ''}".strip()
        holes[place] = holes.get(place, 0.0) + (gap.ends - gap.starts).total_seconds()
    return found + [Sign("rota_gap", place, seconds) for place, seconds in holes.items()]


async def complain(runtime: Runtime) -> int:
    """Write an alarm to the log; returns whether there was one. Raises Unavailable."""
    if not runtime.config.twilio_account_sid:
        return 0
    ok, detail = await on_call(runtime)
    if not ok:
        log.error("oncall.alarm", detail=detail)
    return int(not ok)
