"""After a talk: whoever did not rate it on the telephone is asked by text, and answers with one digit.

A text is one question at most, a number is asked once a day, landlines and whoever was in danger are not asked. The
answer is a report of the case that the call was about, neither a new case nor a reason to open an old one again, and
the rating of that call.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from channels.answers import Question
from channels.numbers import normalise
from channels.tolls import refusal
from gateway.jobs import wake
from gateway.messages.threads import reply_token
from gateway.record import timeline
from gateway.record.db import recordset, statements
from gateway.record.timeline import CUSTOMER, SYSTEM, Entry
from gateway.runtime import Runtime

log = structlog.get_logger()
SQL, LINE, MESSAGES = statements("asking"), statements("line"), statements("messages")
LEAST = timedelta(seconds=10)  # that a talk must have lasted
LATELY = timedelta(hours=1)  # after which nobody is asked any more
REST = timedelta(days=1)  # between two questions to one number
PATIENCE = timedelta(days=3)  # for which a digit is the answer
EVERY = 5.0  # seconds between looks


async def sweep(runtime: Runtime) -> int:
    """Ask about the talks that have ended; returns how many texts are on their way."""
    if not any(number.sms for number in runtime.config.twilio_numbers):
        return 0
    given = {"now": runtime.clock.now(), "lately": LATELY, "least": LEAST}
    return sum([await _ask(runtime, row) for row in await runtime.db.rows(SQL["over"], given)])


class Ratings:
    """`Ratings` of answers, over the record. Raises Unavailable."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def question(self, phone: str, at: datetime) -> Question | None:
        runtime = self._runtime
        row = await runtime.db.row(SQL["open_question"], {"phone": phone, "at": at, "patience": PATIENCE})
        return Question(row["sid"], reply_token(runtime.config.secret_keys, row["case_id"])) if row else None

    async def about(self, call: str) -> str | None:
        row = await self._runtime.db.row(LINE["about"], {"sid": call})
        return reply_token(self._runtime.config.secret_keys, row["case_id"]) if row and row["case_id"] else None

    async def rated(self, call: str, rating: int, by: str) -> None:
        runtime = self._runtime
        async with runtime.db.transaction() as conn:
            row = await (await conn.execute(LINE["rate"], {"sid": call, "rating": rating})).fetchone()
            if row is None or row["case_id"] is None:
                return
            data = {"call": call, "rating": rating, "of": 5, "by": by}
            entry = Entry(row["case_id"], "rated", CUSTOMER, row["report_id"], data)
            await timeline.append(conn, [entry], runtime.clock.now())
        runtime.live.publish({"type": "case", "case": row["case_id"]})


async def _ask(runtime: Runtime, row: Mapping[str, Any]) -> bool:
    now, phone = runtime.clock.now(), normalise(row["phone"])
    own = [number.number for number in runtime.config.twilio_numbers]
    async with runtime.db.transaction() as conn:
        decided = await (await conn.execute(SQL["decide"], {"call": row["sid"], "now": now})).fetchone()
        if decided is None or phone is None or refusal(phone, own=own, text=True):
            return False
        given = {"phone": phone, "now": now, "rest": REST}
        lately = await (await conn.execute(SQL["asked_lately"], given)).fetchone()
        if lately and lately["asked"]:
            return False
        wanted = {"case_id": row["case_id"], "report_id": row["report_id"], "channel": "sms", "kind": "rating"}
        rows = recordset([{**wanted, "language": row["language"]}])
        added = await (await conn.execute(MESSAGES["add"], {"rows": rows, "now": now})).fetchone()
        assert added is not None
        contents = recordset([{"message_id": added["id"], "recipient": phone}])
        await conn.execute(MESSAGES["add_contents"], {"rows": contents})
        await conn.execute(SQL["asked_by"], {"call": row["sid"], "message": added["id"]})
        data = {"call": row["sid"], "by": "sms"}
        entry = Entry(row["case_id"], "survey_asked", SYSTEM, row["report_id"], data)
        await timeline.append(conn, [entry], now)
        await wake(conn)
    log.info("rating.asked", call=row["sid"], case=row["case_id"])
    return True
