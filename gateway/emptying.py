"""Emptying the spool: what was promised while the record was away is filed when it is back, oldest first, by whoever
has doors that promise so, or looks after everything.

What answers a question of ours is understood and applied as it would have been at once, as far as that is still right;
what no longer is one stays a report for people. A file goes only when that is done, so that it is done whatever breaks
off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog

from channels.answers import Answers, during
from channels.report import NotStored, Receipt, Report
from gateway.phone.asking import Ratings
from gateway.phone.concluding import Conclusions
from gateway.phone.waiting import hurry
from gateway.record.db import Unavailable
from gateway.runtime import Runtime

log = structlog.get_logger()
REST = 4.0  # seconds between looks at what others have put there
RETRY = 1.0  # seconds between tries while the database is away


async def keep_empty(runtime: Runtime) -> None:
    """Empty the spool whenever something lies in it, until cancelled."""
    while True:
        await sweep(runtime)
        with suppress(TimeoutError):
            await asyncio.wait_for(runtime.spool.arrived.wait(), RETRY if runtime.spool.waiting() else REST)
            runtime.spool.arrived.clear()


async def sweep(runtime: Runtime) -> int:
    """File what waits, judged by the newest master data; returns how many that were, 0 while the record is away."""
    await runtime.refresh_directory()
    answers = Answers(Ratings(runtime), Conclusions(runtime))
    try:
        return await runtime.spool.empty(lambda report: _file(runtime, answers, report))
    except NotStored:
        return 0


async def _file(runtime: Runtime, answers: Answers, report: Report) -> Receipt:
    understood = report
    with _answering(report):
        understood = await answers.understood(report)
    receipt = await runtime.intake.accept(understood)
    with _answering(report):
        await answers.apply(report, receipt.flags)
        if call := during(report.flags):
            await hurry(runtime.db, call)
    return receipt


@contextmanager
def _answering(report: Report) -> Iterator[None]:
    """What goes wrong with an answer keeps no report in the spool, unless it is that the record is away."""
    try:
        yield
    except Unavailable as error:
        raise NotStored("the record is away") from error
    except Exception as error:
        log.exception("spool.answer_failed", channel=report.channel, error=type(error).__name__)
