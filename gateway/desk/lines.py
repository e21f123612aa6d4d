"""Through the three lines: propose, hand over, escalate, send back. Every step is a contract that is checked.

To the 2nd line goes a case that says where its charger is; to the 3rd, one for which an action proposal stands, whose
fault is told in it or in the fault analysis; back goes one with a reason, and its proposal stands no longer. `Refused`
names what is missing; then nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.desk import clocks
from gateway.desk.acts import Act, Refused, act, require_open, require_text, require_unplanned
from gateway.desk.holding import require_holder
from gateway.record import agents, analyses, proposals
from gateway.record.cases import Case
from gateway.record.proposals import FIELDS
from gateway.record.timeline import Actor
from gateway.runtime import Runtime
from routing.sla import deadlines
from routing.values import Priority

ON_LINE = {1: "helpdesk", 2: "operations", 3: "field"}
AT_A_CHARGER = frozenset({"cable_stuck", "no_start", "interrupted", "slow", "access", "offline", "damage", "blocked"})
URGENT = ("P1", "P2")  # these wait for no form


async def propose(runtime: Runtime, actor: Actor, case_id: int, proposal: Mapping[str, str]) -> None:
    """File the action proposal with which the 3rd line may get the case; it takes the place of an earlier one."""
    async with act(runtime, actor, case_id) as deed:
        require_open(deed.case)
        require_holder(deed)
        if deed.case.line == 3:
            raise Refused(line="the case is with the 3rd line already")
        await _propose(deed, proposal)


async def hand_over(runtime: Runtime, actor: Actor, case_id: int, to: str, reason: str) -> None:
    """Give a case to a queue or to an agent by id, with a reason for whoever gets it."""
    require_text(reason=reason)
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        require_open(case)
        require_holder(deed)
        agent = await agents.find(runtime.db, to)
        if (agent is None or not agent.may_work) and to not in runtime.rules().queues:
            raise Refused(to="neither a queue nor an agent")
        line = agent.line if agent else _line_of(to, case.line)
        await _require_contract(deed, line)
        queue = to if agent is None else case.queue if line == case.line else ON_LINE[line]
        await give(deed, queue, line, agent.id if agent else None)
        note = await deed.keep_text("reason", reason)
        back = {"because": "sent_back"} if line < case.line else {}
        deed.tell("handed_over", None, to=to, queue=queue, line=line, note=note, **back)


async def escalate(
    runtime: Runtime, actor: Actor, case_id: int, reason: str, proposal: Mapping[str, str] | None = None
) -> None:
    """Hand a case to the next line. To the 3rd with the proposal given here or the one that stands."""
    require_text(reason=reason)
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        require_open(case)
        require_holder(deed)
        if case.line == 3:
            raise Refused(line="there is no line after the 3rd")
        line = case.line + 1
        if line == 3 and proposal is not None:
            await _propose(deed, proposal)
        await _require_contract(deed, line)
        await give(deed, ON_LINE[line], line, None)
        deed.tell("escalated", line=line, queue=ON_LINE[line], note=await deed.keep_text("reason", reason))


async def send_back(runtime: Runtime, actor: Actor, case_id: int, reason: str) -> None:
    """Give a case back to the line before, saying what it lacks."""
    require_text(reason=reason)
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        require_open(case)
        require_holder(deed)
        if case.line == 1:
            raise Refused(line="there is no line before the 1st")
        line = case.line - 1
        await _require_contract(deed, line)
        await give(deed, ON_LINE[line], line, None)
        note, queue = await deed.keep_text("reason", reason), ON_LINE[line]
        deed.tell("handed_over", to=queue, queue=queue, line=line, note=note, because="sent_back")


async def overflow(runtime: Runtime, actor: Actor, case_id: int, queue: str) -> None:
    """Give a case that nobody holds to the queue that its own flows over into; it stays with its line."""
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        if case.status != "open" or case.assignee is not None or case.queue == queue:
            return
        await give(deed, queue, case.line, None)
        deed.tell("handed_over", to=queue, queue=queue, line=case.line, because="overflow")


async def escalate_overdue(runtime: Runtime, actor: Actor, case_id: int) -> None:
    """Hand a case that its line did not solve in time to the 2nd line; from there on only people decide."""
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        if case.status not in ("open", "assigned") or case.due_line is None or case.due_line > deed.now:
            return
        if case.line == 1:
            await give(deed, ON_LINE[2], 2, None)
            deed.tell("escalated", line=2, queue=ON_LINE[2], because="line_overdue", due=case.due_line.isoformat())
        else:
            await deed.run("clear_due_line")
            deed.tell("line_overdue", line=case.line, due=case.due_line.isoformat())


async def give(deed: Act, queue: str, line: int, agent: str | None) -> None:
    """Put a case into a queue of a line, or into an agent's hands, with the line's time from now on."""
    case = deed.case
    await clocks.go_on(deed)
    due = deadlines(Priority(case.priority), case.sla_level, case.timezone, deed.now, deed.runtime.rules())
    await deed.run("hand_over", queue=queue, line=line, agent=agent, due_line=due.line)
    await deed.run("withdraw_offers")
    await deed.run("give_back", queue=queue, line=line)
    if agent:
        await deed.run("take", agent=agent)
    else:
        await deed.run("callers_follow", queue=queue, line=line)


async def _propose(deed: Act, words: Mapping[str, str]) -> None:
    known = await analyses.within(deed.conn, deed.case.id)
    if known and known.cause and not words.get("fault", "").strip():
        words = {**words, "fault": known.cause}
    missing = [name for name in FIELDS if not words.get(name, "").strip()]
    if missing:
        raise Refused(**{f"proposal.{name}": "must not be empty" for name in missing})
    filed = await proposals.file(deed.conn, deed.case.id, deed.agent, words, deed.now)
    deed.tell("proposed", proposal=filed)


async def _require_contract(deed: Act, line: int) -> None:
    case = deed.case
    require_unplanned(case)
    if line < case.line:
        await proposals.end(deed.conn, case.id, deed.now)
        return
    if line == 2 and case.line == 1 and _placeless(case):
        raise Refused(charger="say where it is, so that the 2nd line can look: correct the charger or the site")
    if line == 3 and case.line < 3 and await proposals.stands(deed.conn, case.id) is None:
        raise Refused(**{f"proposal.{name}": "must not be empty" for name in FIELDS})


def _placeless(case: Case) -> bool:
    return (
        case.category in AT_A_CHARGER
        and case.priority not in URGENT
        and case.charger_id is None
        and case.site_id is None
    )


def _line_of(queue: str, present: int) -> int:
    return next((line for line, name in ON_LINE.items() if name == queue), present)
