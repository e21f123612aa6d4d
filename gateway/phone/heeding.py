"""What callers told a recording, looked through once it is text: danger in it is a report of the call's case, and
whoever told it and is to be called back is the first.

What is said in a talk a colleague has heard. A report is known by its recording, so that words that are looked through
twice are filed once; what cannot be kept is looked through again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from channels.report import Channel, NotStored, Report, Sender, Thread
from gateway.messages.threads import reply_token
from gateway.phone.lookups import JudgedDangers
from gateway.phone.waiting import hurry
from gateway.record.db import statements
from gateway.runtime import Runtime
from ivr.engine import PROMPTED_IN
from ivr.prompts import Phrases
from routing.values import Priority

log = structlog.get_logger()
SQL = statements("transcripts")


async def sweep(runtime: Runtime, phrases: Phrases) -> int:
    """Look through what is text since the last time; returns how many reports of danger it held."""
    dangers, filed, heard = JudgedDangers(runtime), 0, []
    for row in await runtime.db.rows(SQL["unheard"]):
        if row["alone"] and dangers.told(row["text"], None, row["charger"], False):
            if row["priority"] != Priority.P1:
                try:
                    await runtime.intake.accept(_report(runtime, phrases, row))
                except NotStored as error:
                    log.warning("recording.danger_not_filed", recording=row["sid"], error=str(error))
                    continue
                filed += 1
            await hurry(runtime.db, row["call_sid"])
        heard.append(row["sid"])
    if heard:
        await runtime.db.run(SQL["heard"], {"sids": heard, "now": runtime.clock.now()})
    return filed


def _report(runtime: Runtime, phrases: Phrases, row: Mapping[str, Any]) -> Report:
    language = row["language"] or "sv"
    return Report(
        channel=Channel.PHONE,
        key=row["sid"],
        received_at=runtime.clock.now(),
        text=f"{phrases.say('report_transcribed', PROMPTED_IN.get(language, 'en'), {})}\n{row['text']}",
        own_words=row["text"],
        sender=Sender(phone=row["phone"], language=language),
        charger=row["charger"],
        language=language,
        raw=row["text"].encode(),
        raw_type="text/plain",
        thread=Thread(reply_token(runtime.config.secret_keys, row["case_id"])),
    )
