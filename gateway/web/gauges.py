"""Figures of the floor for Prometheus, read when it asks. Labels are bounded: queues of the rules, activities, roles.

While the record is away the last figures stay and `switchyard_floor_read` is 0, so that an old figure is known as one.
"""

from __future__ import annotations

import asyncio
from functools import partial

from prometheus_client import Gauge

from gateway import alerts
from gateway.record import floor
from gateway.record.db import Unavailable
from gateway.runtime import Runtime

PATIENCE = 2.0  # seconds that a scrape waits
_gauge = partial(Gauge, multiprocess_mode="mostrecent")  # of several processes, the one that looked last knows
READ = _gauge("switchyard_floor_read", "1 when the figures of the floor were read just now.")
CALLS = _gauge("switchyard_calls_waiting", "Calls that wait for a voice.")
CALLS_LONGEST = _gauge("switchyard_calls_waiting_longest_seconds", "How long the first of them has waited.")
WORK = _gauge("switchyard_work_waiting", "Work that waits for somebody, by queue.", ["queue"])
WORK_LONGEST = _gauge("switchyard_work_waiting_longest_seconds", "How long the oldest of it has waited.", ["queue"])
AGENTS = _gauge("switchyard_agents", "Agents by activity.", ["activity"])
ALARMS = _gauge("switchyard_alarms", "Alarms for people that stand, by kind.", ["kind"])
OUTBOX = _gauge("switchyard_outbox_oldest_seconds", "Age of the oldest message that is due and not sent.")
SPOOL = _gauge("switchyard_spool_files", "Reports on this machine that wait for the database.")
ROLE = _gauge(
    "switchyard_role_silent_seconds", "Since the last heartbeat of a role that was here within a day.", ["role"]
)
ROLES = ("web", "smtp", "imap", "worker")


async def read(runtime: Runtime) -> None:
    """Set every gauge. Never raises for a record that is away."""
    SPOOL.set(len(runtime.spool.waiting()))
    try:
        async with asyncio.timeout(PATIENCE):
            await _read(runtime)
        READ.set(1)
    except (Unavailable, TimeoutError):
        READ.set(0)


async def _read(runtime: Runtime) -> None:
    db, now = runtime.db, runtime.clock.now()
    calls = await db.row(floor.SQL["calls_waiting"])
    if calls:
        CALLS.set(calls["waiting"])
        CALLS_LONGEST.set((now - calls["since"]).total_seconds() if calls["since"] else 0)
    rows = {row["queue"]: row for row in await db.rows(floor.SQL["work_waiting"])}
    for queue in runtime.rules().queues:
        row = rows.get(queue)
        WORK.labels(queue).set(row["waiting"] if row else 0)
        WORK_LONGEST.labels(queue).set((now - row["since"]).total_seconds() if row else 0)
    agents = {row["activity"]: row["agents"] for row in await db.rows(floor.SQL["activities"])}
    for activity in ("available", "busy", "away", "offline"):
        AGENTS.labels(activity).set(agents.get(activity, 0))
    standing = await alerts.standing(runtime)
    for kind in alerts.LIMITS:
        ALARMS.labels(kind).set(sum(one["kind"] == kind for one in standing))
    outbox = await db.row(alerts.SQL["outbox"], {"now": now})
    OUTBOX.set(outbox["oldest"] if outbox else 0)
    for row in await db.rows(alerts.SQL["roles"], {"now": now}):
        if row["role"] in ROLES:
            ROLE.labels(row["role"]).set(row["seconds"])
