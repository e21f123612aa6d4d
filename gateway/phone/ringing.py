"""Ringing telephones of our own accord: a row first, then the call, once, whatever becomes of the provider's answer.

Whoever leases a row, by the database's clock, rings it; an answer that was lost is looked up before anything is
repeated. A telephone that nobody takes (no key pressed: a voicemail does not count) is `missed`, and what it was rung
for goes on: whoever waits for a customer who cannot be reached is told so. Calls have caps a day, so that money is
bounded: customers, our own colleagues and emergencies have one each, so that none can keep another from ringing. A
browser costs nothing and has none; an offer that a cap kept from ringing is no miss of whoever it was for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog

from channels.provider import Deferred, Provider, Refused, Sent, Uncertain
from gateway.jobs import wake
from gateway.phone import callbacks, customer_first
from gateway.phone.callbacks import CAP
from gateway.record.db import Connection, statements
from gateway.runtime import Runtime

log = structlog.get_logger()
SQL, ONCALL, WORK = statements("rings"), statements("oncall"), statements("work")
SILENT = timedelta(seconds=90)  # after which a telephone of which nothing is heard counts as missed
PATIENCE = timedelta(seconds=60)  # for which a provider that cannot be reached is asked again
COLLEAGUES = "colleagues"
A_DAY: Mapping[str, int] = {"customer": 1000, "oncall": 2000, COLLEAGUES: 10_000}  # calls
DAY = timedelta(days=1)
ERASED = "erased"  # why a ring is over whose customer was erased meanwhile
USELESS = ("busy", "failed", "canceled")


async def sweep(runtime: Runtime, provider: Provider | None) -> int:
    """Ring what is due and end what nobody took; returns how many telephones were rung."""
    for row in await runtime.db.rows(SQL["over"]):
        if row["reason"] == ERASED:
            await _stop(runtime, provider, row)
        else:
            await finish(runtime, row, "missed", row["status"] or "silent", hurry=row["status"] in USELESS)
        await _let_go(runtime, provider, row)
    leased = await runtime.db.rows(SQL["lease"])
    return sum([await _ring(runtime, provider, row) for row in leased])


async def finish(runtime: Runtime, row: Mapping[str, Any], state: str, reason: str, *, hurry: bool) -> None:
    """End a ring that nobody took. `hurry` when the ladder need not wait for it any longer."""
    if customer_first.is_one(row):
        await callbacks.unreached(runtime, row, state, reason)
        return
    if row["purpose"] == "outgoing":
        await callbacks.not_begun(runtime, row, state, reason)
        return
    now = runtime.clock.now()
    async with runtime.db.transaction() as conn:
        given = {"ring": row["id"], "state": state, "reason": reason, "room": row["room"], "now": now}
        ended = await (await conn.execute(SQL["end"], given)).fetchone()
        if ended and hurry and row["climb_id"]:
            step = {"climb": row["climb_id"], "step": row["step"] + 1}
            await conn.execute(ONCALL["hurry"], step)
            await wake(conn)
        if ended and row["offer_id"]:
            await _offer_ended(conn, row, state, reason)
            await wake(conn)
    if ended and row["purpose"] == "consult":
        runtime.live.publish({"type": "talk"})


async def _offer_ended(conn: Connection, row: Mapping[str, Any], state: str, reason: str) -> None:
    """Who passed on has declined; who did not answer has let the offer run out. What was never rung runs out in its
    own time, or the same few would be offered it without a pause."""
    if reason == CAP:
        return
    if state != "passed":
        await conn.execute(WORK["hurry"], {"offer": row["offer_id"]})
        return
    given = {"offer": row["offer_id"], "agent": row["agent_id"], "state": "declined"}
    answered = await (await conn.execute(WORK["answer"], given)).fetchone()
    if answered:
        await conn.execute(WORK["unreserve"], {"item": answered["item_id"], "epoch": answered["epoch"]})


async def _stop(runtime: Runtime, provider: Provider | None, row: Mapping[str, Any]) -> None:
    """Let a telephone ring no longer for somebody who was erased, and whoever was to call them do something else."""
    await finish(runtime, row, "failed", ERASED, hurry=False)
    if provider is not None and row["sid"]:
        await provider.hang_up(row["sid"])
    runtime.live.publish({"type": "offer", "agent": row["agent_id"], "case": row["case_id"]})


async def _let_go(runtime: Runtime, provider: Provider | None, row: Mapping[str, Any]) -> None:
    """Tell whoever waits in a room that the customer was not reached."""
    if row["purpose"] != "customer" or provider is None:
        return
    waiting = await runtime.db.row(SQL["waits_in"], {"room": row["room"]})
    if waiting:
        await provider.redirect(waiting["sid"], f"{_url(runtime)}/{waiting['id']}/ended")


async def _ring(runtime: Runtime, provider: Provider | None, row: Mapping[str, Any]) -> bool:
    numbers = [one.number for one in runtime.config.twilio_numbers if one.voice]
    if provider is None or not numbers:
        await finish(runtime, row, "failed", "no provider", hurry=False)
        return False
    if await _capped(runtime, row):
        await finish(runtime, row, "failed", CAP, hurry=False)
        await _let_go(runtime, provider, row)
        return False
    since = row["tried_at"]
    others = await runtime.db.rows(SQL["others"], {"lately": DAY}) if since else []
    url = f"{_url(runtime)}/{row['id']}"
    answer = await provider.call(row["phone"], numbers[0], url, since, {other["sid"] for other in others})
    given = {"ring": row["id"], "epoch": row["lease_epoch"]}
    match answer:
        case Sent(sid=sid):
            await runtime.db.run(SQL["rung"], {**given, "sid": sid, "silent": SILENT})
            return True
        case Refused(reason=reason):
            await _failed(runtime, provider, row, f"{callbacks.REFUSED}: {reason}")
        case Deferred(reason=reason) | Uncertain(reason=reason):
            if row["age"] > PATIENCE:
                await _failed(runtime, provider, row, reason)
            else:
                wait = timedelta(seconds=min(2 ** row["attempts"], 15))
                await runtime.db.run(SQL["again"], {**given, "wait": wait, "reason": reason})
    log.warning("ring.not_rung", ring=row["id"], purpose=row["purpose"], answer=type(answer).__name__)
    return False


async def _failed(runtime: Runtime, provider: Provider, row: Mapping[str, Any], reason: str) -> None:
    await finish(runtime, row, "failed", reason, hurry=True)
    await _let_go(runtime, provider, row)


def _url(runtime: Runtime) -> str:
    return f"{runtime.config.public_url.rstrip('/')}/twilio/ring"


async def _capped(runtime: Runtime, row: Mapping[str, Any]) -> bool:
    if row["phone"].startswith("client:"):
        return False
    whose = row["purpose"] if row["purpose"] in A_DAY else COLLEAGUES
    spent = await runtime.db.row(SQL["spent"], {"whose": whose, "lately": DAY})
    assert spent is not None
    capped = spent["rung"] > A_DAY[whose]
    if capped:
        log.error("ring.cap_reached", whose=whose, rung=spent["rung"])
    return bool(capped)
