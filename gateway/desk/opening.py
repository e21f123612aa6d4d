"""Opening a case by hand: what an agent was told comes in by the one door, and is a case of its own."""

from __future__ import annotations

from channels.report import Outcome, Report
from gateway import casenumber
from gateway.desk.acts import Unknown
from gateway.desk.bundles import split
from gateway.record.timeline import Actor
from gateway.runtime import Runtime


async def open_case(runtime: Runtime, actor: Actor, report: Report) -> int:
    """Keep the report, judged like every other, and give it a case of its own; returns the case."""
    receipt = await runtime.intake.accept(report)
    case = casenumber.parse(receipt.case)
    if case is None:
        raise Unknown
    if receipt.outcome is Outcome.ATTACHED:
        return await split(runtime, actor, case, [receipt.report])
    return case
