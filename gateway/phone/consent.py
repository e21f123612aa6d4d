"""Whether callers may be recorded while they talk: as the house says (`RECORDING_CONSENT`), or their queue does
(`recording` of queues.toml).

Of several queues the strictest word counts, and once a call was in a queue that is stricter it stays so: nobody is
recorded who was not told or asked for it. A talk whose case comes to a queue that never records is silenced, whoever
moved it, also when the recording began with an earlier talk of the same call.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from channels.provider import Provider
from gateway.phone import captions
from gateway.record import timeline
from gateway.record.db import statements
from gateway.record.timeline import SYSTEM, Entry
from gateway.runtime import Runtime
from ivr.engine import CallState
from ivr.vocabulary import is_recorded, stricter

log = structlog.get_logger()
SQL = statements("talks")


def mode(runtime: Runtime, queues: Iterable[str | None]) -> str:
    """The strictest word of these queues."""
    known, house = runtime.rules().queues, runtime.config.recording_consent
    words = [known[queue].recording or house for queue in queues if queue and queue in known]
    found = words[0] if words else house
    for word in words[1:]:
        found = stricter(found, word)
    return found


def never(runtime: Runtime) -> list[str]:
    """The queues that say so; where the house never records, nothing is to be silenced."""
    return [name for name, queue in runtime.rules().queues.items() if queue.recording == "never"]


async def sweep(runtime: Runtime, provider: Provider) -> int:
    """Silence what is recorded of talks that may not be any more; returns how many."""
    silenced = 0
    queues = never(runtime)
    if not queues:
        return 0
    for row in await runtime.db.rows(SQL["forbidden"], {"queues": queues, "now": runtime.clock.now()}):
        if not is_recorded(CallState.from_json(row["state"]).facts):
            continue
        call = row["caller"]
        if not (await captions.end(runtime, provider, call) and await provider.pause_recording(call, True)):
            log.warning("recording.not_silenced", call=call)
            continue
        now = runtime.clock.now()
        async with runtime.db.transaction() as conn:
            await conn.execute(SQL["silence"], {"caller": row["caller"], "at": now})
            data = {"call": row["caller"], "queue": row["queue"], "because": "queue"}
            await timeline.append(conn, [Entry(row["case_id"], "recording_silenced", SYSTEM, data=data)], now)
        runtime.live.publish({"type": "talk"})
        silenced += 1
    return silenced
