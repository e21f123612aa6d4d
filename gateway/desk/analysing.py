"""The fault analysis: what a line found out about a fault, in codes of ours and in words.

It stands beside the case until a newer one takes its place, and its cause is the fault of an action proposal that does
not tell one itself. `Refused` names what is missing or unknown.
"""

from __future__ import annotations

from gateway.desk.acts import Refused, act, require_open, require_text
from gateway.desk.holding import require_holder
from gateway.record import analyses
from gateway.record.analyses import Finding
from gateway.record.timeline import Actor
from gateway.runtime import Runtime

COMPONENTS = (
    "cable",
    "connector",
    "lock",
    "contactor",
    "power_module",
    "controller",
    "display",
    "reader",
    "meter",
    "cooling",
    "supply",
    "housing",
    "network",
    "software",
    "back_end",
    "vehicle",
    "other",
)


async def analyse(runtime: Runtime, actor: Actor, case_id: int, found: Finding) -> None:
    """File what was found; it takes the place of an earlier analysis."""
    require_text(cause=found.cause, evidence=found.evidence)
    if found.component not in COMPONENTS:
        raise Refused(component="must be one of our components")
    async with act(runtime, actor, case_id) as deed:
        require_open(deed.case)
        require_holder(deed)
        if found.fault_code not in (None, deed.case.fault_code, *runtime.rules().alarms.codes):
            raise Refused(fault_code="not a fault code that we know")
        filed = await analyses.file(deed.conn, deed.case.id, deed.agent, found, deed.now)
        deed.tell(
            "analysed",
            analysis=filed,
            component=found.component,
            fault_code=found.fault_code,
            reproduced=found.reproduced,
        )
