"""What is said in a talk, as text while it is said (LIVE_CAPTIONS), until a transcript of its recording takes its
place.

The provider brings utterance by utterance; the same again changes nothing. Card numbers are masked before anything is
kept, also when somebody stops for breath in the middle of one. While a talk is silenced nothing is kept. What was
spoken while the record was away is in the recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.phone_events import Params, caption_of
from channels.provider import Provider
from gateway.keeping.cleaning import clean_text
from gateway.languages import SPOKEN
from gateway.phone.transcribing import BREATHS, masked
from gateway.record.db import statements
from gateway.runtime import Runtime
from ivr.twiml import VOICES
from transcripts.port import Said

SQL = statements("captions")


async def note(runtime: Runtime, params: Params) -> None:
    """Keep one utterance, by the provider's parameters, and tell those who look at its case. Raises Unavailable."""
    caption = caption_of(params, runtime.clock.now())
    if caption is None:
        return
    given = {"call": caption.call, "speaker": caption.speaker, "many": BREATHS}
    async with runtime.db.transaction() as conn:
        talk = await (await conn.execute(SQL["talk"], given)).fetchone()
        if talk is None:
            return
        before = (await (await conn.execute(SQL["lately"], given)).fetchall())[::-1]
        *earlier, text = _masked([row["text"] for row in before] + [clean_text(caption.text)])
        for row, clean in zip(before, earlier, strict=True):
            if clean != row["text"]:
                await conn.execute(SQL["mask"], {**given, **row, "text": clean})
        kept = {"session": caption.session, "sequence": caption.sequence, "at": caption.at, "text": text}
        changed = (await conn.execute(SQL["keep"], {**given, **kept})).rowcount
    if changed and talk["case_id"]:
        runtime.live.publish({"type": "case", "case": talk["case_id"]})


async def begin(runtime: Runtime, provider: Provider, call: str, language: str | None) -> bool:
    """Have what is said in a talk brought from now on; False when it could not be done."""
    return not _wanted(runtime) or await provider.caption(call, VOICES[language or SPOKEN])


async def end(runtime: Runtime, provider: Provider, call: str) -> bool:
    """Have it brought no more; False when it could not be done."""
    return not _wanted(runtime) or await provider.uncaption(call)


async def of_case(runtime: Runtime, case: int) -> Mapping[int, list[Mapping[str, Any]]]:
    """What was said in talks, by the report that they became; each utterance with `speaker`, `text`, `starts` (seconds
    of the talk) and whether the talk is `live`."""
    told: dict[int, list[Mapping[str, Any]]] = {}
    for row in await runtime.db.rows(SQL["of_case"], {"case": case}):
        told.setdefault(row["report_id"], []).append(row)
    return told


def _wanted(runtime: Runtime) -> bool:
    return runtime.config.live_captions == "on"


def _masked(texts: list[str]) -> list[str]:
    """What one voice said, utterance by utterance."""
    return [one.text for one in masked([Said(0, 0, text) for text in texts])]
