"""How a case ends, and how it begins again: conclude, confirm, reopen, close."""

from __future__ import annotations

from typing import Any

from gateway.desk.acts import Act, Refused, act, require_open, require_text, require_unplanned
from gateway.desk.words import respond
from gateway.record.timeline import Actor
from gateway.runtime import Runtime
from gateway.standing import due_told
from routing.sla import deadlines
from routing.values import Priority

DISPOSITIONS = (
    "solved_remotely",
    "solved_on_site",
    "explained",
    "refunded",
    "no_fault_found",
    "duplicate",
    "spam",
    "other",
)
SILENT = ("duplicate", "spam")  # nobody is asked to confirm these


async def conclude(runtime: Runtime, actor: Actor, case_id: int, disposition: str, text: str) -> None:
    """Say that a case is solved; everybody who reported is told and asked to confirm."""
    require_text(text=text)
    if disposition not in DISPOSITIONS:
        raise Refused(disposition=f"one of {', '.join(DISPOSITIONS)}")
    async with act(runtime, actor, case_id) as deed:
        require_open(deed.case)
        require_unplanned(deed.case)
        note = await deed.keep_text("conclusion", text)
        messages = [] if disposition in SILENT else await deed.send_to_reporters("concluded")
        if messages and deed.case.first_response_at is None:
            await respond(deed, "conclusion")
        await deed.run("conclude", disposition=disposition)
        await deed.run("withdraw_offers")
        await deed.run("finish")
        deed.tell("concluded", disposition=disposition, note=note, told=len(messages))


async def confirm(runtime: Runtime, actor: Actor, case_id: int, solved: bool) -> None:
    """The customer's word: solved closes the case, not solved reopens it. Saying the same again changes nothing."""
    async with act(runtime, actor, case_id) as deed:
        if deed.case.status == "closed" and solved:
            return
        if deed.case.status not in ("concluded", "closed"):
            raise Refused(status="the case is not concluded yet")
        if solved:
            await deed.run("close", confirmed=True)
            deed.tell("confirmed")
            deed.tell("closed", confirmed=True)
        else:
            await _reopen(deed, {"because": "customer_says_not_solved"})


async def close_unconfirmed(runtime: Runtime, actor: Actor, case_id: int) -> None:
    """Close a concluded case about which nobody said anything."""
    async with act(runtime, actor, case_id) as deed:
        if deed.case.status != "concluded":
            return
        await deed.run("close", confirmed=False)
        deed.tell("closed", confirmed=False)


async def reopen(runtime: Runtime, actor: Actor, case_id: int, reason: str) -> None:
    """Begin a new interval: the case is work again, and the old interval stays as it was."""
    require_text(reason=reason)
    async with act(runtime, actor, case_id) as deed:
        if deed.case.status not in ("concluded", "closed"):
            raise Refused(status="the case is open")
        await _reopen(deed, {"note": await deed.keep_text("reason", reason)})


async def _reopen(deed: Act, data: dict[str, Any]) -> None:
    case = deed.case
    due = deadlines(Priority(case.priority), case.sla_level, case.timezone, deed.now, deed.runtime.rules())
    await deed.run(
        "reopen",
        due_first_response=due.first_response,
        due_line=due.line,
        due_next_update=due.next_update,
        due_solution=due.solution,
    )
    await deed.run("renew")
    deed.tell("reopened", due=due_told(due), **data)
