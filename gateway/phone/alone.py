"""Nobody is left alone in a room: neither a caller whose person has hung up, nor a colleague whose caller has.

A caller who is led into the room just when the other leaves it waits in line again, by the turn after that one; whoever
has not come there yet is let in no more and keeps their place (`waiting`). A colleague is hung up, to be free for the
next caller. Whoever met leaves together, so that a room in which somebody is still alone after `TOGETHER` is one in
which nobody met. Doing it twice changes nothing. Raises Unavailable only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog

from channels.provider import open_provider
from gateway.messages.post import account_of
from gateway.record.db import statements
from gateway.runtime import Runtime

log = structlog.get_logger()
SQL = statements("rings")
TOGETHER = timedelta(seconds=10)  # in which whoever met has left, once the other has


async def sweep(runtime: Runtime) -> int:
    """Look for both; returns how many were alone."""
    given = {"now": runtime.clock.now(), "together": TOGETHER}
    callers = await runtime.db.rows(SQL["callers_alone"], given)
    colleagues = await runtime.db.rows(SQL["colleagues_alone"], given)
    account = account_of(runtime.config)
    if account is not None and callers:
        async with open_provider(account) as provider:
            for caller in callers:
                log.info("alone.caller", call=caller["sid"])
                url = f"{runtime.config.public_url.rstrip('/')}/twilio/voice/{caller['turn'] + 1}"
                await provider.redirect(caller["sid"], url)
    await _hang_up(runtime, colleagues)
    return len(callers) + len(colleagues)


async def hung_up(runtime: Runtime, caller: str) -> None:
    """A caller's call is over: whoever waits in their room for them to come waits no longer."""
    await _hang_up(runtime, await runtime.db.rows(SQL["stood_up"], {"caller": caller}))


async def _hang_up(runtime: Runtime, legs: Sequence[Mapping[str, Any]]) -> None:
    account = account_of(runtime.config)
    if account is None or not legs:
        return
    async with open_provider(account) as provider:
        for leg in legs:
            log.info("alone.colleague", call=leg["sid"])
            await provider.hang_up(leg["sid"])
