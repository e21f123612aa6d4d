"""Who works on a case: claim, release, hand over, escalate, wait."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from gateway.desk.acts import Act, Refused, Taken, act, require_open, require_text
from gateway.record import agents
from gateway.record.timeline import Actor
from gateway.runtime import Runtime
from routing.sla import deadlines
from routing.values import Priority

PROPOSAL = ("fault", "parts", "tools", "access", "safety")  # what a correct and detailed action proposal holds
ON_LINE = {1: "helpdesk", 2: "operations", 3: "field"}


async def claim(runtime: Runtime, actor: Actor, case_id: int) -> None:
    """Take a case. Claiming one's own case again changes nothing. Raises Taken when another has it."""
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        require_open(case)
        if case.assignee == actor.id:
            return
        if case.assignee is not None:
            raise Taken(case.assignee, case.assigned_at)
        await deed.run("claim", agent=actor.id)
        await deed.run("withdraw_offers")
        await deed.run("take", agent=actor.id)
        deed.tell("claimed")


async def release(runtime: Runtime, actor: Actor, case_id: int) -> None:
    """Give a case back to its queue, with its original place in the order."""
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        if case.assignee is None or case.status in ("concluded", "closed"):
            raise Refused(assignee="nobody holds this case")
        if actor.role == "agent" and case.assignee != actor.id:
            raise Taken(case.assignee, case.assigned_at)
        await deed.run("release")
        await deed.run("give_back", queue=case.queue, line=case.line)
        deed.tell("released", held_by=case.assignee)


async def hand_over(runtime: Runtime, actor: Actor, case_id: int, to: str, reason: str) -> None:
    """Give a case to a queue or to an agent by id, with a reason for whoever gets it."""
    require_text(reason=reason)
    async with act(runtime, actor, case_id) as deed:
        require_open(deed.case)
        _require_holder(deed)
        agent = await agents.find(runtime.db, to)
        if agent is None and to not in runtime.rules().queues:
            raise Refused(to="neither a queue nor an agent")
        line = agent.line if agent else _line_of(to, deed.case.line)
        await _hand_over(deed, deed.case.queue if agent else to, line, agent.id if agent else None)
        note = await deed.keep_text("reason", reason)
        deed.tell("handed_over", to=to, queue=deed.case.queue if agent else to, line=line, note=note)


async def escalate(
    runtime: Runtime, actor: Actor, case_id: int, reason: str, proposal: Mapping[str, str] | None = None
) -> None:
    """Hand a case to the next line. The 3rd line gets it only with a whole action proposal; Refused names the gaps."""
    require_text(reason=reason)
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        require_open(case)
        _require_holder(deed)
        if case.line == 3:
            raise Refused(line="there is no line after the 3rd")
        line = case.line + 1
        notes = [await deed.keep_text("reason", reason)]
        if line == 3:
            given = proposal or {}
            missing = [name for name in PROPOSAL if not str(given.get(name, "")).strip()]
            if missing:
                raise Refused(**{f"proposal.{name}": "must not be empty" for name in missing})
            text = "\n".join(f"{name}: {given[name]}" for name in PROPOSAL)
            notes.append(await deed.keep_text("proposal", text))
        await _hand_over(deed, ON_LINE[line], line, None)
        deed.tell("escalated", line=line, queue=ON_LINE[line], notes=notes)


async def escalate_overdue(runtime: Runtime, actor: Actor, case_id: int) -> None:
    """Hand a case that its line did not solve in time to the 2nd line; from there on only people decide."""
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        if case.status not in ("open", "assigned") or case.due_line is None or case.due_line > deed.now:
            return
        if case.line == 1:
            await _hand_over(deed, ON_LINE[2], 2, None)
            deed.tell("escalated", line=2, queue=ON_LINE[2], because="line_overdue", due=case.due_line.isoformat())
        else:
            await deed.run("clear_due_line")
            deed.tell("line_overdue", line=case.line, due=case.due_line.isoformat())


async def wait(runtime: Runtime, actor: Actor, case_id: int, until: datetime, reason: str) -> None:
    """Put a case aside until a moment; it comes back by itself."""
    require_text(reason=reason)
    async with act(runtime, actor, case_id) as deed:
        require_open(deed.case)
        _require_holder(deed)
        if until <= deed.now:
            raise Refused(until="must lie in the future")
        await deed.run("wait", until=until)
        note = await deed.keep_text("reason", reason)
        deed.tell("waiting", until=until.isoformat(), note=note)


async def resume(runtime: Runtime, actor: Actor, case_id: int) -> None:
    """Take a case that waits back into work, when its time has come."""
    async with act(runtime, actor, case_id) as deed:
        if deed.case.status != "waiting":
            return
        await deed.run("resume")
        deed.tell("resumed")


async def _hand_over(deed: Act, queue: str, line: int, agent: str | None) -> None:
    case = deed.case
    due = deadlines(Priority(case.priority), case.sla_level, case.timezone, deed.now, deed.runtime.rules())
    await deed.run("hand_over", queue=queue, line=line, agent=agent, due_line=due.line)
    await deed.run("withdraw_offers")
    await deed.run("give_back", queue=queue, line=line)
    if agent:
        await deed.run("take", agent=agent)


def _require_holder(deed: Act) -> None:
    holder = deed.case.assignee
    if deed.actor.role == "agent" and holder is not None and holder != deed.actor.id:
        raise Taken(holder, deed.case.assigned_at)


def _line_of(queue: str, present: int) -> int:
    return next((line for line, name in ON_LINE.items() if name == queue), present)
