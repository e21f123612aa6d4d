"""Calls to customers: call-backs, and those that agents make from a case.

A call-back is done once the customer was on the line, else tried again at stated times, which they are told by SMS; a
call that an agent makes is tried once, and the agent told how it went. The place in the order is that of the caller's
first moment in the queue, at every try. Every change is one transaction; doing it twice changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog

from channels.provider import open_provider
from gateway import languages, wrapping
from gateway.casenumber import number
from gateway.jobs import wake
from gateway.post import account_of
from gateway.record import cases, timeline
from gateway.record.db import Connection, recordset, statements
from gateway.record.timeline import SYSTEM, Entry
from gateway.runtime import Runtime

log = structlog.get_logger()
SQL, WORK, MESSAGES = statements("rings"), statements("work"), statements("messages")
AGAIN = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4))  # after a try that reached nobody


async def sweep(runtime: Runtime) -> int:
    """End what nobody has said the end of: the colleague has hung up."""
    rows = await runtime.db.rows(SQL["unsettled"])
    for row in rows:
        if row["kind"] in ("callback", "outgoing"):
            await settle(runtime, row["item_id"])
            continue
        async with runtime.db.transaction() as conn:
            await conn.execute(WORK["end_item"], {"item": row["item_id"]})
            await wrapping.begin(conn, row["agent_id"], row["call_sid"])
        wrapping.tell(runtime, row["agent_id"])
    return len(rows)


async def settle(runtime: Runtime, item: int) -> bool:
    """End a try; whether the customer was reached."""
    now = runtime.clock.now()
    async with runtime.db.transaction() as conn:
        wanted = await (await conn.execute(SQL["wanted"], {"item": item})).fetchone()
        last = await (await conn.execute(SQL["customer_of"], {"item": item})).fetchone()
        reached = bool(last and last["state"] == "taken")
        if wanted is None or wanted["state"] != "taken":
            return reached
        if wanted["case_id"]:
            await cases.lock(conn, wanted["case_id"])
        if last and reached:
            await wrapping.begin(conn, wanted["agent_id"], last["sid"])
        kind: str = "call_unanswered"
        data: dict[str, Any] = {}
        if wanted["kind"] == "outgoing":
            await conn.execute(WORK["end_item"], {"item": item})
        elif reached:
            await conn.execute(WORK["end_item"], {"item": item})
            kind, data = "callback_done", {"tries": wanted["tries"] + 1}
        elif wanted["tries"] >= len(AGAIN):
            await conn.execute(WORK["end_item"], {"item": item})
            kind, data = "callback_given_up", {"tries": wanted["tries"] + 1}
        else:
            later = {"item": item, "wait": AGAIN[wanted["tries"]]}
            tried = await (await conn.execute(WORK["try_later"], later)).fetchone()
            if tried is None:  # whoever ends it at the same time was first
                return False
            kind, data = "callback_missed", {"tries": tried["tries"], "until": tried["not_before"].isoformat()}
        if last and last["state"] in ("due", "ringing"):
            missed = {"ring": last["id"], "state": "missed", "reason": None, "room": None, "now": now}
            await conn.execute(SQL["end"], missed)
        told = wanted["kind"] == "callback" or not reached
        if wanted["case_id"] and told:
            data["call"] = wanted["call_sid"]
            await timeline.append(conn, [Entry(wanted["case_id"], kind, SYSTEM, data=data)], now)
            if not reached and wanted["phone"]:
                await _tell(runtime, conn, wanted["case_id"], kind, wanted["phone"], wanted["tries"])
        await wake(conn)
    log.info("callback.ended", item=item, kind=wanted["kind"], reached=reached)
    if reached:
        wrapping.tell(runtime, wanted["agent_id"])
    account = account_of(runtime.config)
    if last and last["state"] == "ringing" and last["sid"] and account:
        async with open_provider(account) as provider:
            await provider.hang_up(last["sid"])
    return reached


async def _tell(runtime: Runtime, conn: Connection, case_id: int, kind: str, phone: str, tries: int) -> None:
    """An SMS to a customer who could not be reached: when we try again, or that we do not."""
    now = runtime.clock.now()
    case = await cases.lock(conn, case_id)
    assert case is not None
    book = languages.catalogue(case.language if case.language in languages.CUSTOMERS else languages.SPOKEN)
    given = {"number": number(case_id)}
    if kind == "callback_missed":
        given["time"] = languages.format_time(now + AGAIN[tries], case.timezone, book.language, now)
    row = {"case_id": case_id, "channel": "sms", "kind": kind, "language": book.language}
    added = await (await conn.execute(MESSAGES["add"], {"rows": recordset([row]), "now": now})).fetchone()
    assert added is not None
    content = {"message_id": added["id"], "recipient": phone, "text": book.gettext(f"sms.{kind}") % given}
    await conn.execute(MESSAGES["add_contents"], {"rows": recordset([content])})
