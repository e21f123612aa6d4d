"""Remote help on a case: ask the charging platform to restart a charger, to let go of a cable, and more.

Nothing is done from afar where there is danger. The act is asked for outside every transaction, because it may take
seconds; who asked, why, what was answered and how the charger was before and after stands on the timeline, whatever it
was.
"""

from __future__ import annotations

from channels.report import RemoteAct, RemoteAnswer
from gateway.chargers import in_danger
from gateway.desk.acts import Refused, Unknown, act, require_open
from gateway.desk.supposing import harmless, supposed
from gateway.record import cases
from gateway.record.cases import Case
from gateway.record.timeline import Actor
from gateway.runtime import Runtime
from routing.supposing import Supposed
from routing.values import Category, Priority

ALWAYS = (RemoteAct.STOP, RemoteAct.DIAGNOSTICS, RemoteAct.DISABLE, RemoteAct.ENABLE)
FOR_CUSTOMERS = {
    Category.CABLE_STUCK: RemoteAct.UNLOCK,
    Category.NO_START: RemoteAct.RESTART,
    Category.INTERRUPTED: RemoteAct.RESTART,
    Category.SLOW: RemoteAct.RESTART,
}


def possible(runtime: Runtime, case: Case, found: Supposed) -> tuple[RemoteAct, ...]:
    """Which acts may be tried now: none without a charger, none in danger, else what the fault code allows and what
    people tell (`found`) does not forbid."""
    if case.charger_id is None or case.priority == Priority.P1 or case.category == Category.SAFETY:
        return ()
    code = runtime.rules().alarms.codes.get(case.fault_code or "")
    return harmless((*map(RemoteAct, code.remote if code else ("unlock", "restart")), *ALWAYS), found)


async def offered(runtime: Runtime, case: Case) -> RemoteAct | None:
    """What whoever stands at the charger may have done by a button of their own."""
    wanted = FOR_CUSTOMERS.get(Category(case.category))
    if wanted is None or case.status in ("concluded", "closed"):
        return None
    return wanted if wanted in possible(runtime, case, await supposed(runtime, case)) else None


async def restart(runtime: Runtime, actor: Actor, case_id: int) -> RemoteAnswer:
    """Restart the case's charger; returns what the charger said to it."""
    return await remote(runtime, actor, case_id, RemoteAct.RESTART)


async def unlock(runtime: Runtime, actor: Actor, case_id: int, connector: int) -> RemoteAnswer:
    """Let go of the cable in a connector of the case's charger; returns what the charger said to it."""
    return await remote(runtime, actor, case_id, RemoteAct.UNLOCK, connector)


async def remote(
    runtime: Runtime,
    actor: Actor,
    case_id: int,
    wanted: RemoteAct,
    connector: int | None = None,
    report: int | None = None,
) -> RemoteAnswer:
    """Have the case's charger do something; returns what it said to it. Raises Unknown and Refused."""
    if wanted is RemoteAct.UNLOCK and (connector is None or connector < 1):
        raise Refused(connector="unknown")
    case = await _allowed(runtime, case_id, wanted)
    charger = str(case.charger_id)
    before = await runtime.chargers.status(charger)
    answer = await runtime.chargers.act(charger, wanted, connector)
    after = await runtime.chargers.status(charger) if answer is not RemoteAnswer.UNREACHABLE else None
    async with act(runtime, actor, case.id) as deed:
        deed.tell(
            "remote_action",
            report,
            charger=charger,
            act=wanted.value,
            answer=answer.value,
            connector=connector,
            why=case.fault_code or case.category,
            before=before.status if before else None,
            after=after.status if after else None,
        )
    return answer


async def _allowed(runtime: Runtime, case_id: int, wanted: RemoteAct) -> Case:
    case = await cases.find(runtime.db, case_id)
    if case is None or case.merged_into is not None:
        raise Unknown
    require_open(case)
    may = possible(runtime, case, await supposed(runtime, case))
    if wanted not in may or await in_danger(runtime.db, str(case.charger_id)):
        raise Refused(act="not from afar: somebody may be in danger, or the fault forbids it")
    return case
