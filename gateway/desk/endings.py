"""How a case ends, and how it begins again: conclude, confirm, reopen, close."""

from __future__ import annotations

from typing import Any

from gateway.desk.acts import Act, Refused, act, require_open, require_text, require_unplanned
from gateway.desk.words import respond
from gateway.record import cards
from gateway.record.timeline import Actor
from gateway.record.visits import SQL as VISITS
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
ON_THE_CARD = ("solved_remotely", "solved_on_site", "no_fault_found")  # work at a charger, whoever did it from where


async def conclude(runtime: Runtime, actor: Actor, case_id: int, disposition: str, text: str) -> None:
    """Say that a case is solved; everybody who reported is told and asked to confirm."""
    require_text(text=text)
    if disposition not in DISPOSITIONS:
        raise Refused(disposition=f"one of {', '.join(DISPOSITIONS)}")
    async with act(runtime, actor, case_id) as deed:
        require_open(deed.case)
        require_unplanned(deed.case)
        card = await _onto_the_card(deed, disposition, text)
        note = await deed.keep_text("conclusion", text)
        messages = [] if disposition in SILENT else await deed.send_to_reporters("concluded")
        if messages and deed.case.first_response_at is None:
            await respond(deed, "conclusion")
        await deed.run("conclude", disposition=disposition)
        await deed.run("withdraw_offers")
        await deed.run("finish")
        deed.tell("concluded", disposition=disposition, note=note, told=len(messages), card=card)


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


async def _onto_the_card(deed: Act, disposition: str, text: str) -> int | None:
    """Document what was done on the service card of the area, unless the visit did so already."""
    row = await (await deed.conn.execute(VISITS["verified"], {"case": deed.case.id})).fetchone()
    visited = bool(row and row["verified"])
    if disposition == "solved_on_site" and deed.case.line == 3 and not visited:
        raise Refused(visit="no visit of this case ended with everything working; report what was done first")
    if visited or disposition not in ON_THE_CARD:
        return None
    return await cards.write(
        deed.conn, deed.case, agent=deed.agent, now=deed.now, work=text, disposition=disposition, verified=None
    )


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
