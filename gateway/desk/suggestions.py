"""What the judgement suggests and a person decides: whether a report belongs to a case it resembles.

A yes is an attachment and undone like one; a no is kept as a labelled example and may still be attached afterwards.
"""

from __future__ import annotations

from gateway.casenumber import number
from gateway.desk.acts import CASES, Refused, Unknown, act
from gateway.desk.bundles import attach
from gateway.record import cases
from gateway.record.timeline import Actor
from gateway.runtime import Runtime


async def same(runtime: Runtime, actor: Actor, report: int) -> int:
    """The report does belong to the case that was suggested for it; returns that case."""
    suggested = (await _asked(runtime, report))[1]
    await attach(runtime, actor, suggested, report=report)
    return suggested


async def different(runtime: Runtime, actor: Actor, report: int) -> int:
    """The report has nothing to do with the case that was suggested; returns the case it stays in."""
    holder, suggested = await _asked(runtime, report)
    async with act(runtime, actor, holder) as deed:
        await deed.correct("suggested", suggested, None, report)
        deed.tell("suggestion_declined", report, case=number(suggested))
    return holder


async def _asked(runtime: Runtime, report: int) -> tuple[int, int]:
    """The case of a report and the one suggested for it. Raises Unknown, and Refused when nothing is to be decided."""
    row = await runtime.db.row(CASES["report"], {"report": report})
    if row is None or row["suggested"] is None:
        raise Unknown
    suggested = await cases.find(runtime.db, row["suggested"])
    if suggested is None or suggested.merged_into is not None or suggested.id == row["case_id"]:
        raise Refused(report="this is decided already")
    return row["case_id"], suggested.id
