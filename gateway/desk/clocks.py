"""Clocks of a case: they stand still while the customer is waited for, and say so when a target is near or missed.

The due columns always hold what is expected now: a pause shifts them to where they are due if the case goes on when it
is thought to, and going on earlier or later shifts them again. Each pause stands on the timeline with both its ends, so
that every due time is the sum of intervals told there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.desk.acts import Act, act
from gateway.record.db import statements
from gateway.record.timeline import Actor
from gateway.runtime import Runtime
from routing.sla import shifted, warning
from routing.values import Priority

SQL = statements("clocks")
STANDING = ("due_line", "due_next_update", "due_solution")  # the first response is owed before anybody is waited for


async def stop(deed: Act, until: datetime) -> None:
    """Let the clocks stand still, as is thought until a moment."""
    start = deed.case.waiting_until if deed.case.paused_at else deed.now
    assert start is not None
    due = _shifted(deed, start, until)
    await deed.run("pause", paused=deed.case.paused_at or deed.now, **due)


async def go_on(deed: Act) -> None:
    """Let the clocks run again; nothing happens when they do."""
    case = deed.case
    if case.paused_at is None or case.waiting_until is None:
        return
    due = _shifted(deed, case.waiting_until, deed.now)
    await deed.run("go_on", **due)
    told = {name.removeprefix("due_"): at.isoformat() for name, at in due.items() if at}
    deed.tell("resumed", paused=[case.paused_at.isoformat(), deed.now.isoformat()], due=told)


async def with_pauses(deed: Act, due: datetime, priority: str, level: str, timezone: str) -> datetime:
    """A target of the present interval that was reckoned without its pauses, with them."""
    rules = deed.runtime.rules()
    since = deed.case.reopened_at or deed.case.opened_at
    for row in await (await deed.conn.execute(SQL["pauses"], {"case": deed.case.id, "since": since})).fetchall():
        start, end = (datetime.fromisoformat(at) for at in row["paused"])
        due = shifted(due, start, end, Priority(priority), level, timezone, rules)
    if deed.case.paused_at and deed.case.waiting_until:
        due = shifted(due, deed.case.paused_at, deed.case.waiting_until, Priority(priority), level, timezone, rules)
    return due


async def mark(runtime: Runtime, actor: Actor, case_id: int) -> None:
    """Warn of targets that are due soon, and note those that were missed; each once for each time it was due."""
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        if case.status in ("concluded", "closed"):
            return
        for target, due in case.due.items():
            if due is None or warning(due, Priority(case.priority)) > deed.now:
                continue
            kind = "breached" if due <= deed.now else "warned"
            given = {"case": case_id, "target": target, "due": due, "kind": kind, "now": deed.now}
            if (await deed.conn.execute(SQL["mark"], given)).rowcount:
                deed.tell(kind, target=target, due=due.isoformat(), agent=case.assignee)


async def tell_expected(runtime: Runtime, actor: Actor, case_id: int) -> None:
    """Tell everybody who reported when a solution is expected now, if that is not what they were told last."""
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        if case.status in ("concluded", "closed") or case.paused_at or case.due_solution in (None, case.told_solution):
            return
        assert case.due_solution is not None
        await deed.run("told", solution=case.due_solution)
        told = await deed.send_to_reporters("expected_changed") if case.told_solution else []
        deed.tell("expected_changed", due=case.due_solution.isoformat(), told=len(told))


def _shifted(deed: Act, start: datetime, to: datetime) -> Mapping[str, Any]:
    case, rules = deed.case, deed.runtime.rules()
    due: dict[str, datetime | None] = {name: getattr(case, name) for name in STANDING}
    return {
        name: at and shifted(at, start, to, Priority(case.priority), case.sla_level, case.timezone, rules)
        for name, at in due.items()
    }
