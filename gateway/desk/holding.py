"""Who works on a case: claim, release, wait."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gateway.desk import clocks
from gateway.desk.acts import Act, Refused, Taken, act, require_open, require_text, require_unplanned
from gateway.keeping.standing import due_told
from gateway.record import agents
from gateway.record.timeline import Actor
from gateway.runtime import Runtime
from routing.sla import deadlines
from routing.values import Priority


async def claim(runtime: Runtime, actor: Actor, case_id: int) -> None:
    """Take a case. Claiming one's own case again changes nothing. Raises Taken when another has it."""
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        require_open(case)
        if case.assignee == actor.id:
            return
        if case.assignee is not None:
            raise Taken(case.assignee, case.assigned_at)
        await take_over(deed)


async def take_over(deed: Act) -> None:
    """Make a case that nobody holds the actor's."""
    await clocks.go_on(deed)
    await deed.run("claim", agent=deed.actor.id)
    await deed.run("withdraw_offers")
    await deed.run("take", agent=deed.actor.id)
    deed.tell("claimed")


async def release(runtime: Runtime, actor: Actor, case_id: int) -> None:
    """Give a case back to its queue, with its original place in the order."""
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        if case.assignee is None or case.status in ("concluded", "closed"):
            raise Refused(assignee="nobody holds this case")
        require_unplanned(case)
        if actor.role == "agent" and case.assignee != actor.id:
            raise Taken(case.assignee, case.assigned_at)
        await clocks.go_on(deed)
        await deed.run("release")
        await deed.run("give_back", queue=case.queue, line=case.line)
        deed.tell("released", held_by=case.assignee)


async def take_back(runtime: Runtime, actor: Actor, case_id: int, holder: str) -> bool:
    """Give the case of somebody who has gone back to its queue, with its original place; False when that has become
    needless: they are back, somebody else has it, or a visit or the customer is waited for."""
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        agent = await agents.within(deed.conn, holder)
        gone = agent is not None and (agent.activity == "offline" or not agent.may_work)
        if not gone or case.assignee != holder or case.status != "assigned":
            return False
        await deed.run("release")
        await deed.run("give_back", queue=case.queue, line=case.line)
        deed.tell("released", held_by=holder, because="gone")
        return True


async def wait(
    runtime: Runtime, actor: Actor, case_id: int, until: datetime, reason: str, *, for_customer: bool = True
) -> None:
    """Put a case aside until a moment; it comes back by itself, or when somebody writes.

    While the customer is waited for, the clocks of a case that was answered stand still; while a part or a colleague is
    waited for, they run on.
    """
    require_text(reason=reason)
    async with act(runtime, actor, case_id) as deed:
        require_open(deed.case)
        require_unplanned(deed.case)
        require_holder(deed)
        if until <= deed.now:
            raise Refused(until="must lie in the future")
        pausing = for_customer and deed.case.first_response_at is not None
        await (clocks.stop(deed, until) if pausing else clocks.go_on(deed))
        await deed.run("wait", until=until)
        note = await deed.keep_text("reason", reason)
        given = {"because": "customer"} if pausing else {}
        deed.tell("waiting", None, until=until.isoformat(), note=note, **given)


async def resume(runtime: Runtime, actor: Actor, case_id: int) -> None:
    """Take a case that waits back into work, when its time has come or somebody wrote."""
    async with act(runtime, actor, case_id) as deed:
        if deed.case.status != "waiting":
            return
        await deed.run("resume")
        if deed.case.paused_at:
            await clocks.go_on(deed)
        else:
            deed.tell("resumed", **(await _unmute(deed) if deed.case.muted else {}))


def require_holder(deed: Act) -> None:
    """Raises Taken when an agent acts on a case that a colleague holds; leads may."""
    holder = deed.case.assignee
    if deed.actor.role == "agent" and holder is not None and holder != deed.actor.id:
        raise Taken(holder, deed.case.assigned_at)


async def _unmute(deed: Act) -> dict[str, Any]:
    """Give a case of muted alarms its targets, and its place in the queue; what the timeline is told of it."""
    case = deed.case
    due = deadlines(Priority(case.priority), case.sla_level, case.timezone, deed.now, deed.runtime.rules())
    await deed.run(
        "unmute",
        due_first_response=due.first_response,
        due_line=due.line,
        due_next_update=due.next_update,
        due_solution=due.solution,
    )
    await deed.run("renew")
    return {"due": due_told(due)}
