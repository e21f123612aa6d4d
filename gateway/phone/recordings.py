"""Fetching what callers recorded: from the provider into the blob store, under its SHA-256, then deleted there.

A recording is due from the moment it is announced; a fetch that fails is tried again, up to four hours apart, and after
twelve tries it is told on the case's timeline. The provider's copy is due to be deleted when ours is durable or was
erased; that is tried until it is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from channels.provider import Provider
from channels.provider_http import ProviderAway
from gateway.blobs import BlobsUnavailable
from gateway.record import timeline
from gateway.record.db import statements
from gateway.record.timeline import Entry
from gateway.runtime import Runtime

log = structlog.get_logger()
SQL, PRIVACY = statements("reconciling"), statements("privacy")
TRIES = 12


async def sweep(runtime: Runtime, provider: Provider) -> int:
    """Fetch what is due, and delete there what is; returns how many recordings were fetched."""
    due = await runtime.db.rows(SQL["due_recordings"], {"now": runtime.clock.now()})
    fetched = sum([await _fetch(runtime, provider, row) for row in due])
    for row in await runtime.db.rows(SQL["due_deletions"], {"now": runtime.clock.now()}):
        await _delete(runtime, provider, row)
    return fetched


async def _fetch(runtime: Runtime, provider: Provider, row: Mapping[str, Any]) -> bool:
    try:
        sound = await provider.recording(row["sid"])
        digest = await runtime.blobs.keep(sound)
    except (ProviderAway, BlobsUnavailable) as error:
        log.warning("recording.not_fetched", recording=row["sid"], tries=row["attempts"], error=str(error))
        if row["attempts"] >= TRIES:
            await _end(runtime, row, "given_up", "recording_missing")
        return False
    if not await _end(runtime, row, "fetched", "recording_fetched", sha256=bytes.fromhex(digest)):  # erased meanwhile
        await runtime.db.run(PRIVACY["doom"], {"files": [digest], "now": runtime.clock.now()})
    return True


async def _delete(runtime: Runtime, provider: Provider, row: Mapping[str, Any]) -> None:
    try:
        await provider.delete_recording(row["sid"])
    except ProviderAway as error:
        log.warning("recording.not_deleted", recording=row["sid"], tries=row["attempts"], error=str(error))
        return
    await runtime.db.run(SQL["gone"], {"sid": row["sid"]})


async def _end(runtime: Runtime, row: Mapping[str, Any], statement: str, kind: str, **given: Any) -> bool:
    """Whether it was still to be fetched."""
    now = runtime.clock.now()
    about = {"sid": row["sid"], "report": row["report_id"], "now": now, **given}
    async with runtime.db.transaction() as conn:
        changed = (await conn.execute(SQL[statement], about)).rowcount
        found = await (await conn.execute(SQL["case_of_report"], {"report": row["report_id"]})).fetchone()
        if changed and found:
            data = {"recording": row["sid"], "call": row["call_sid"]}
            await timeline.append(conn, [Entry(found["case_id"], kind, report=row["report_id"], data=data)], now)
    if changed and found:
        runtime.live.publish({"type": "case", "case": found["case_id"]})
    return changed > 0
