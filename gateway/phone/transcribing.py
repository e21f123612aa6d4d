"""What was recorded, as text: by TRANSCRIBER_URL, kept with speakers and times, card numbers masked before it is.

A recording that was fetched is due; one that fails is tried again, up to four hours apart, and after twelve tries it
stays sound only. What the provider has transcribed is left alone. Both hold what people said and go with their
retention.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import structlog
from psycopg.types.json import Jsonb

from channels import cards
from gateway.blobs import BlobsUnavailable
from gateway.record import timeline
from gateway.record.db import statements
from gateway.record.timeline import Entry
from gateway.runtime import Runtime
from transcripts.port import NotTranscribed, Said, Transcriber
from transcripts.voices import transcribed

log = structlog.get_logger()
SQL = statements("transcripts")
BREATHS = 8  # utterances before and after, over which a card number may be spread


async def sweep(runtime: Runtime, transcriber: Transcriber) -> int:
    """Transcribe what is due; returns how many recordings were."""
    due = await runtime.db.rows(SQL["due"], {"now": runtime.clock.now()})
    return sum([await _transcribe(runtime, transcriber, row) for row in due])


def masked(said: Sequence[Said]) -> list[Said]:
    """The same without card numbers, also when somebody stopped for breath in the middle of one."""
    return list(_masked(said))


def _masked(said: Sequence[Said]) -> Iterator[Said]:
    for nth, one in enumerate(said):
        text = cards.masked(one.text)
        beside = [other for other in said[max(0, nth - BREATHS) : nth + BREATHS + 1] if other.speaker == one.speaker]
        together = " ".join(other.text for other in beside)
        if text == one.text and cards.masked(together) != " ".join(cards.masked(other.text) for other in beside):
            text = cards.hidden(one.text)
        yield replace(one, text=text)


async def _transcribe(runtime: Runtime, transcriber: Transcriber, row: Mapping[str, Any]) -> bool:
    try:
        sound = await runtime.blobs.read(row["digest"])
        if sound is None:
            return False
        heard = await transcribed(transcriber, sound, row["language"])
    except (NotTranscribed, BlobsUnavailable) as error:
        log.warning("recording.not_transcribed", recording=row["sid"], tries=row["tries"], error=str(error))
        return False
    said = masked(heard.said)
    kept = {
        "sid": row["sid"],
        "language": heard.language,
        "text": "\n".join(one.text for one in said),
        "said": Jsonb([asdict(one) for one in said]),
    }
    now = runtime.clock.now()
    async with runtime.db.transaction() as conn:
        changed = (await conn.execute(SQL["keep"], kept)).rowcount
        found = await (await conn.execute(SQL["case"], {"report": row["report_id"]})).fetchone()
        if changed and found:
            data = {"recording": row["sid"], "call": row["call_sid"]}
            await timeline.append(
                conn, [Entry(found["case_id"], "transcribed", report=row["report_id"], data=data)], now
            )
    if changed and found:
        runtime.live.publish({"type": "case", "case": found["case_id"]})
    return bool(changed)
