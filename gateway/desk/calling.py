"""Calling the customer: whom, and whether we may.

An agent whose telephone or browser we can ring is rung, and from there the customer; others call by themselves. The
number is the one given or that of whoever reported last. Emergency numbers, our own, and those at special rates are
refused before anything is dialled. A call counts as a response when somebody answers it, not when it is wanted.
"""

from __future__ import annotations

from channels.numbers import HOME, normalise
from channels.tolls import refusal
from gateway.desk.acts import MESSAGES, Act, Refused, act, require_open
from gateway.record.db import statements
from gateway.record.timeline import Actor
from gateway.runtime import Runtime

RINGS, WORK = statements("rings"), statements("work")


async def call(runtime: Runtime, actor: Actor, case_id: int, number: str | None = None) -> str:
    """Note that an agent calls the customer; returns the number in E.164. Raises Refused when it may not be called."""
    async with act(runtime, actor, case_id) as deed:
        require_open(deed.case)
        report = None
        if number is None:
            for row in await (await deed.conn.execute(MESSAGES["reachable"], {"case": case_id})).fetchall():
                if normalise(row["sender_phone"], HOME):
                    number, report = row["sender_phone"], row["id"]
                    break
            else:
                raise Refused(number="nobody who reported left a telephone number")
        called = normalise(number, HOME)
        own = {own.number for own in runtime.config.twilio_numbers}
        why = refusal(called, own=own) if called else "not a telephone number"
        if called is None or why:
            raise Refused(number=str(why))
        rung = await _ring(deed, called)
        deed.tell("call_wanted", report, **({"because": "rung"} if rung else {}))
    return called


async def _ring(deed: Act, called: str) -> bool:
    """Ring the agent's own telephone, to lead them to the customer; False when we cannot."""
    config = deed.runtime.config
    if not config.twilio_account_sid or not any(number.voice for number in config.twilio_numbers) or not deed.agent:
        return False
    given = {"case": deed.case.id, "agent": deed.agent, "number": called, "now": deed.now}
    ring = await (await deed.conn.execute(RINGS["add_outgoing"], given)).fetchone()
    if ring and ring["callback_id"]:
        await deed.conn.execute(WORK["stand_aside"], {"item": ring["callback_id"]})
    return ring is not None
