"""Remote help on a case: ask the charging platform to restart a charger or to let go of a cable.

Nothing is done from afar where there is danger. The act is asked for outside every transaction, because it may take
seconds; what was answered stands on the timeline, whatever it was.
"""

from __future__ import annotations

from typing import Any

from channels.report import RemoteAnswer
from gateway.desk.acts import Refused, Unknown, act, require_open
from gateway.record import cases
from gateway.record.cases import Case
from gateway.record.timeline import Actor
from gateway.runtime import Runtime
from routing.values import Category, Priority


def possible(runtime: Runtime, case: Case) -> tuple[str, ...]:
    """Which acts may be tried now: none without a charger, none in danger, else what the fault code allows."""
    if case.charger_id is None or case.priority == Priority.P1 or case.category == Category.SAFETY:
        return ()
    code = runtime.rules().alarms.codes.get(case.fault_code or "")
    return code.remote if code else ("unlock", "restart")


async def restart(runtime: Runtime, actor: Actor, case_id: int) -> RemoteAnswer:
    """Restart the case's charger; returns what the charger said to it."""
    case = await _allowed(runtime, case_id, "restart")
    answer = await runtime.chargers.restart(str(case.charger_id))
    await _tell(runtime, actor, case, {"act": "restart", "answer": answer.value})
    return answer


async def unlock(runtime: Runtime, actor: Actor, case_id: int, connector: int) -> RemoteAnswer:
    """Let go of the cable in a connector of the case's charger; returns what the charger said to it."""
    if connector < 1:
        raise Refused(connector="unknown")
    case = await _allowed(runtime, case_id, "unlock")
    answer = await runtime.chargers.unlock(str(case.charger_id), connector)
    await _tell(runtime, actor, case, {"act": "unlock", "answer": answer.value, "connector": connector})
    return answer


async def _allowed(runtime: Runtime, case_id: int, wanted: str) -> Case:
    case = await cases.find(runtime.db, case_id)
    if case is None or case.merged_into is not None:
        raise Unknown
    require_open(case)
    if wanted not in possible(runtime, case):
        raise Refused(act="not from afar: somebody may be in danger, or the fault forbids it")
    return case


async def _tell(runtime: Runtime, actor: Actor, case: Case, data: dict[str, Any]) -> None:
    async with act(runtime, actor, case.id) as deed:
        deed.tell("remote_action", charger=case.charger_id, **data)
