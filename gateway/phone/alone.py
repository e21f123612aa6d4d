"""Nobody is left alone in a room, neither whoever called or was called when their person has hung up, nor a colleague.

A caller who is led into the room just when the other leaves it waits in line again, by the turn after that one; whoever
has not come there yet is let in no more and keeps their place (`waiting`). A customer who was called back is told that
we call again, and is. A colleague is hung up, to be free for the next caller. Whoever met leaves together, so that a
room in which somebody is still alone after `TOGETHER` is one in which nobody met; or two who talked to them left at the
same moment, and neither ended the talk, which is over all the same. Doing it twice changes nothing. Raises Unavailable
only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog

from channels.provider import open_provider
from gateway.messages.post import account_of
from gateway.phone import callbacks
from gateway.record import cases
from gateway.record.db import statements
from gateway.runtime import Runtime

log = structlog.get_logger()
SQL, WORK = statements("rings"), statements("work")
TOGETHER = timedelta(seconds=10)  # in which whoever met has left, once the other has
TALKED = "?DialCallStatus=completed"  # as the provider says that a talk is over


async def sweep(runtime: Runtime) -> int:
    """Look for both; returns how many were alone."""
    given = {"now": runtime.clock.now(), "together": TOGETHER}
    callers = await runtime.db.rows(SQL["callers_alone"], given)
    colleagues = await runtime.db.rows(SQL["colleagues_alone"], given)
    left = await runtime.db.rows(SQL["customers_alone"], given)
    customers = [row for row in left if not row["met"] and await _missed(runtime, row)]
    led = {caller["sid"]: f"voice/{caller['turn'] + 1}{TALKED if caller['met'] else ''}" for caller in callers}
    led |= {customer["sid"]: f"ring/{customer['id']}" for customer in customers}
    account = account_of(runtime.config)
    if account is not None and led:
        async with open_provider(account) as provider:
            for sid, where in led.items():
                log.info("alone.caller", call=sid)
                await provider.redirect(sid, f"{runtime.config.public_url.rstrip('/')}/twilio/{where}")
    over = [*colleagues, *(row for row in left if row["met"])]
    await _hang_up(runtime, over)
    return len(led) + len(over)


async def hung_up(runtime: Runtime, caller: str) -> None:
    """A caller's call is over: whoever waits in their room for them to come waits no longer."""
    await _hang_up(runtime, await runtime.db.rows(SQL["stood_up"], {"caller": caller}))


async def _missed(runtime: Runtime, ring: Mapping[str, Any]) -> bool:
    """Once: a call-back that was taken for done when its customer pressed 1 is none yet."""
    async with runtime.db.transaction() as conn:
        if ring["case_id"]:
            await cases.lock(conn, ring["case_id"])
        given = {"ring": ring["id"], "reason": "alone"}
        if await (await conn.execute(SQL["let_go_first"], given)).fetchone() is None:
            return False
        if ring["item_id"] and await (await conn.execute(WORK["undo"], {"item": ring["item_id"]})).fetchone():
            await callbacks.put_off(runtime, conn, ring["item_id"], "callback_postponed", ours=True)
    return True


async def _hang_up(runtime: Runtime, legs: Sequence[Mapping[str, Any]]) -> None:
    account = account_of(runtime.config)
    if account is None or not legs:
        return
    async with open_provider(account) as provider:
        for leg in legs:
            log.info("alone.colleague", call=leg["sid"])
            await provider.hang_up(leg["sid"])
