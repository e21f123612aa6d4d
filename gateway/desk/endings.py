"""How a case ends, and how it begins again: conclude, confirm, close, rate, reopen."""

from __future__ import annotations

from typing import Any

from gateway.desk.acts import Act, Refused, act, require_open, require_text, require_unplanned
from gateway.desk.words import respond
from gateway.keeping.standing import due_told
from gateway.record import agents, cards
from gateway.record.db import statements
from gateway.record.timeline import Actor
from gateway.record.visits import SQL as VISITS
from gateway.runtime import Runtime
from routing.sla import deadlines
from routing.values import Priority

CONFIRMATIONS, WORK = statements("confirmations"), statements("work")
LONGEST_COMMENT = 4000
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
        because = disposition if disposition in SILENT else "concluded"
        given = {"case": case_id, "disposition": disposition}
        for row in await (await deed.conn.execute(WORK["not_needed"], given)).fetchall():
            deed.tell("callback_given_up", call=row["call_sid"], because=because)


async def confirm(
    runtime: Runtime, actor: Actor, case_id: int, solved: bool, report: int | None = None, by: str | None = None
) -> None:
    """The customer's word: solved closes the case, not solved reopens it. Saying the same again changes nothing.

    With `report` it is that reporter's own word: where several were asked, the case is closed when all of them have
    said yes, or when the others stay silent. `by` is `phone` or `sms` when it came from there; who says it on the page
    is asked how it went in the same breath, the others by a message when the case is closed.
    """
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        if case.status not in ("concluded", "closed"):
            if solved and report is None:
                raise Refused(status="the case is not concluded yet")
            return
        if not solved:
            await _reopen(deed, {"because": "customer_says_not_solved"}, report)
            return
        if report is not None and await _once(deed, "confirm", report=report, concluded=case.concluded_at, by=by):
            deed.tell("confirmed", report, **({"by": by} if by else {}))
            row = await (await deed.conn.execute(CONFIRMATIONS["rated"], {"report": report})).fetchone()
            if row and not row["rated"] and by is None:
                deed.tell("survey_asked", report)
        if case.status == "closed":
            return
        if report is None:
            deed.tell("confirmed")
        elif await _silent(deed):
            return
        await _close(deed, confirmed=True)


async def close_unconfirmed(runtime: Runtime, actor: Actor, case_id: int) -> None:
    """Close a concluded case about which nobody said anything more. One reporter's yes makes it a confirmed one."""
    async with act(runtime, actor, case_id) as deed:
        if deed.case.status != "concluded":
            return
        given = {"case": case_id, "concluded": deed.case.concluded_at}
        row = await (await deed.conn.execute(CONFIRMATIONS["any"], given)).fetchone()
        await _close(deed, confirmed=bool(row and row["confirmed"]))


async def rate(runtime: Runtime, actor: Actor, case_id: int, report: int, score: int, text: str = "") -> bool:
    """Keep what a reporter thought of it, 1 to 5, and their words apart; False when they had answered before."""
    if not 1 <= score <= 5:
        raise Refused(score="from 1 to 5")
    async with act(runtime, actor, case_id) as deed:
        if not await _once(deed, "rate", report=report, score=score):
            return False
        deed.tell("rated", report, rating=score, of=5)
        if text.strip():
            await deed.conn.execute(
                CONFIRMATIONS["comment"], {"report": report, "text": text.strip()[:LONGEST_COMMENT]}
            )
    return True


async def reopen(runtime: Runtime, actor: Actor, case_id: int, reason: str) -> None:
    """Begin a new interval: the case is work again, and the old interval stays as it was."""
    require_text(reason=reason)
    async with act(runtime, actor, case_id) as deed:
        if deed.case.status not in ("concluded", "closed"):
            raise Refused(status="the case is open")
        await _reopen(deed, {"note": await deed.keep_text("reason", reason)})


async def _onto_the_card(deed: Act, disposition: str, text: str) -> int | None:
    """Document what was done on the service card of the area, unless the visit did so already. The 3rd line ends no
    case without."""
    row = await (await deed.conn.execute(VISITS["verified"], {"case": deed.case.id})).fetchone()
    visited = bool(row and row["verified"])
    if disposition == "solved_on_site" and deed.case.line == 3 and not visited:
        raise Refused(visit="no visit of this case ended with everything working; report what was done first")
    documented = disposition in ON_THE_CARD or (deed.case.line == 3 and disposition not in SILENT)
    if visited or not documented:
        return None
    if deed.case.line == 3 and deed.case.site_id is None:
        raise Refused(site="say where it was, for the service card: correct the site, or send the case back")
    return await cards.write(
        deed.conn, deed.case, agent=deed.agent, now=deed.now, work=text, disposition=disposition, verified=None
    )


async def _once(deed: Act, name: str, **given: Any) -> bool:
    given |= {"case": deed.case.id, "now": deed.now}
    return (await deed.conn.execute(CONFIRMATIONS[name], given)).rowcount == 1


async def _silent(deed: Act) -> int:
    """How many people who were asked have not said yes."""
    given = {"case": deed.case.id, "concluded": deed.case.concluded_at}
    row = await (await deed.conn.execute(CONFIRMATIONS["silent"], given)).fetchone()
    return int(row["people"]) if row else 0


async def _close(deed: Act, *, confirmed: bool) -> None:
    """Close, and ask how it went whoever was not asked on the page where they said yes."""
    await deed.run("close", confirmed=confirmed)
    deed.tell("closed", confirmed=confirmed)
    if deed.case.disposition in SILENT:
        return
    given = {"case": deed.case.id, "concluded": deed.case.concluded_at, "kind": "closed", "now": deed.now}
    told = await (await deed.conn.execute(CONFIRMATIONS["tell_silent"], given)).fetchall()
    for row in told:
        deed.tell("survey_asked", row["report_id"])


async def _reopen(deed: Act, data: dict[str, Any], report: int | None = None) -> None:
    """A new interval with the same people, if they are at work; else at the front of the queue."""
    case = deed.case
    due = deadlines(Priority(case.priority), case.sla_level, case.timezone, deed.now, deed.runtime.rules())
    same = await agents.find(deed.runtime.db, case.assignee) if case.assignee else None
    agent = same.id if same and same.may_work and same.activity in ("available", "busy") else None
    await deed.run(
        "reopen",
        agent=agent,
        due_first_response=due.first_response,
        due_line=due.line,
        due_next_update=due.next_update,
        due_solution=due.solution,
    )
    await deed.run("renew_first")
    if agent:
        await deed.run("take", agent=agent)
    told = await deed.send_to_reporters("reopened")
    deed.tell("reopened", report, due=due_told(due), **data, told=len(told), **({"to": agent} if agent else {}))
