"""Visits of the 3rd line: planned with the customer, confirmed by them, changed, called off.

A visit is proposed with one or more times; whoever has its link chooses one (`book`) or says that none fits (`refuse`).
While it is open the case is `planned`; afterwards it is work again until somebody concludes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from channels.report import Channel
from gateway import seals
from gateway.desk import clocks
from gateway.desk.acts import MESSAGES, Act, Refused, act, require_open, require_text
from gateway.desk.holding import require_holder
from gateway.desk.recipients import ways
from gateway.record import agents, visits
from gateway.record.db import recordset
from gateway.record.timeline import Actor
from gateway.record.visits import SQL, Visit
from gateway.runtime import Runtime

Times = Sequence[tuple[datetime, datetime]]
MOST_TIMES = 5
LONGEST = timedelta(hours=12)


async def plan_visit(runtime: Runtime, actor: Actor, case_id: int, times: Times, agent: str) -> None:
    """Propose times for a visit by an agent of the 3rd line, or other times for the one that is open."""
    now = runtime.clock.now()
    _require_times(times, now)
    visitor = await agents.find(runtime.db, agent)
    if visitor is None or not visitor.may_work or visitor.line != 3:
        raise Refused(agent="nobody of the 3rd line")
    async with act(runtime, actor, case_id) as deed:
        require_open(deed.case)
        if deed.case.line != 3:
            raise Refused(line="visits are planned by the 3rd line; escalate with an action proposal")
        known = await visits.open_visit(deed.conn, case_id)
        visit, sequence, channel = await _proposed(deed, known, agent)
        rows = [
            {"nth": nth, "starts_at": start.isoformat(), "ends_at": stop.isoformat()}
            for nth, (start, stop) in enumerate(sorted(times), 1)
        ]
        await deed.conn.execute(SQL["clear_times"], {"visit": visit})
        await deed.conn.execute(SQL["add_times"], {"visit": visit, "rows": recordset(rows)})
        await clocks.go_on(deed)
        await deed.run("plan", agent=agent)
        await deed.run("withdraw_offers")
        await deed.run("take", agent=agent)
        deed.tell(
            "visit_planned" if known is None else "visit_moved",
            visit=visit,
            agent=agent,
            sequence=sequence,
            times=[[row["starts_at"], row["ends_at"]] for row in rows],
            told=channel,
        )


async def book_visit(runtime: Runtime, actor: Actor, case_id: int, nth: int, visit: int | None = None) -> None:
    """Choose one of the proposed times. Choosing the same time again changes nothing."""
    async with act(runtime, actor, case_id) as deed:
        open_ = await open_of(deed, visit)
        chosen = next((time for time in open_.times if time.nth == nth), None)
        if chosen is None:
            raise Refused(time="not one of the proposed times")
        if open_.state == "booked":
            if open_.starts_at == chosen.starts_at:
                return
            raise Refused(time="another time is booked already; plan the visit anew")
        if chosen.starts_at <= deed.now:
            raise Refused(time="this time has passed")
        await deed.conn.execute(SQL["book"], {"visit": open_.id, "nth": nth, "now": deed.now})
        messages = await deed.send_to_reporters("visit_booked")
        if open_.report is None:
            await _write_to_owner(deed, "visit_booked", open_.language)
        deed.tell(
            "visit_booked",
            visit=open_.id,
            starts=chosen.starts_at.isoformat(),
            ends=chosen.ends_at.isoformat(),
            told=len(messages),
        )


async def refuse_visit(runtime: Runtime, actor: Actor, case_id: int, wish: str = "", visit: int | None = None) -> None:
    """None of the times fits, or the booked one no longer does: the case is work again, with the customer's wish."""
    async with act(runtime, actor, case_id) as deed:
        open_ = await open_of(deed, visit)
        note = await deed.keep_text("note", wish[:2000]) if wish.strip() else None
        await end(deed, open_, "cancelled")
        deed.tell("visit_refused", visit=open_.id, **({"note": note} if note else {}))


async def cancel_visit(runtime: Runtime, actor: Actor, case_id: int, reason: str) -> None:
    """Call a visit off; whoever was told of it is told so."""
    require_text(reason=reason)
    async with act(runtime, actor, case_id) as deed:
        open_ = await open_of(deed, None)
        if open_.report is None:
            await _write_to_owner(deed, "visit_cancelled", open_.language)
        await deed.send_to_reporters("visit_cancelled")
        await end(deed, open_, "cancelled")
        deed.tell("visit_cancelled", visit=open_.id, note=await deed.keep_text("reason", reason))


async def open_of(deed: Act, visit: int | None) -> Visit:
    """The visit that is open, and the one that is meant. Raises Refused when there is none."""
    require_open(deed.case)
    found = await visits.open_visit(deed.conn, deed.case.id)
    if found is None or visit not in (None, found.id):
        raise Refused(visit="no such visit is open")
    return found


async def end(deed: Act, visit: Visit, state: str, verified: bool | None = None) -> None:
    """End a visit; the case is work again."""
    await deed.conn.execute(SQL["end"], {"visit": visit.id, "state": state, "verified": verified, "now": deed.now})
    await deed.run("unplan")


def _require_times(times: Times, now: datetime) -> None:
    if not 1 <= len(times) <= MOST_TIMES:
        raise Refused(times=f"between one and {MOST_TIMES}")
    if any(start <= now for start, _ in times):
        raise Refused(**{"from": "must lie in the future"})
    if any(not timedelta() < stop - start <= LONGEST for start, stop in times):
        raise Refused(until=f"must lie after from, by {LONGEST.seconds // 3600} hours at most")
    if len({start for start, _ in times}) < len(times):
        raise Refused(times="a time is given twice")


async def _proposed(deed: Act, known: Visit | None, agent: str) -> tuple[int, int, str | None]:
    """The visit's id, how often its times have changed, and the channel by which the customer is asked."""
    if known:
        given = {"visit": known.id, "agent": agent, "now": deed.now}
        row = await (await deed.conn.execute(SQL["again"], given)).fetchone()
        report, language = known.report, known.language
    else:
        require_holder(deed)
        report, language = await _customer(deed)
        given = {
            "case": deed.case.id,
            "agent": agent,
            "report": report,
            "token": seals.fresh(),
            "language": language,
            "now": deed.now,
        }
        row = await (await deed.conn.execute(SQL["add"], given)).fetchone()
    assert row is not None
    channel = await _ask(deed, report, language)
    return row["id"], row["sequence"], channel


async def _customer(deed: Act) -> tuple[int | None, str]:
    """Whose report the visit is planned with: the newest reporter who can be reached; else the owner."""
    for row in await (await deed.conn.execute(MESSAGES["reachable"], {"case": deed.case.id})).fetchall():
        if ways(row):
            return row["id"], row["language"]
    owner = deed.runtime.directory().owners.get(deed.case.owner_id or "")
    return None, owner.language if owner else "sv"


async def _ask(deed: Act, report: int | None, language: str) -> str | None:
    for row in await (await deed.conn.execute(MESSAGES["reachable"], {"case": deed.case.id})).fetchall():
        if row["id"] == report and (found := ways(row)):
            channel, recipient = found[0]
            await deed.send(
                "visit_proposed",
                channel,
                report=report,
                person=row["person_id"],
                language=row["language"],
                recipient=recipient,
            )
            return str(channel)
    return await _write_to_owner(deed, "visit_proposed", language) if report is None else None


async def _write_to_owner(deed: Act, kind: str, language: str) -> str | None:
    owner = deed.runtime.directory().owners.get(deed.case.owner_id or "")
    if owner is None or not owner.email:
        return None
    await deed.send(kind, Channel.EMAIL, report=None, person=None, language=language, recipient=owner.email)
    return "email"
