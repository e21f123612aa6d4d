"""Which reports a case holds: attach, detach, split, each undone by another and each kept as a labelled example."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.casenumber import number
from gateway.desk.acts import CASES, REPORTS, WORK, Act, Refused, Unknown, act, require_unplanned
from gateway.keeping.standing import PLACED, due_told
from gateway.record import cases, timeline
from gateway.record.db import recordset
from gateway.record.timeline import Actor, Entry
from gateway.runtime import Runtime
from routing.sla import deadlines
from routing.values import Priority


async def attach(
    runtime: Runtime, actor: Actor, case_id: int, *, case: int | None = None, report: int | None = None
) -> None:
    """Bring another case's reports, or one report, under this case; an emptied case is closed as merged. Whoever
    is on the line about them, or waits to be called back, comes with them.
    """
    if (case is None) == (report is None):
        raise Refused(case="name either a case or a report")
    async with act(runtime, actor, case_id) as deed:
        if report is not None:
            row = await (await deed.conn.execute(CASES["report"], {"report": report})).fetchone()
            if row is None:
                raise Unknown
            source, moved = row["case_id"], [report]
        else:
            source = case
            found = await (await deed.conn.execute(CASES["report_ids"], {"case": source})).fetchall()
            moved = [row["id"] for row in found]
        if source == case_id:
            raise Refused(case="this is the same case")
        other = await cases.lock(deed.conn, source)
        if other is None or other.merged_into is not None:
            raise Unknown
        if case is not None:
            require_unplanned(other)
        await _move(deed, source, case_id, moved)
        left = await (await deed.conn.execute(CASES["report_ids"], {"case": source})).fetchall()
        if not left:
            await deed.conn.execute(CASES["merge"], {"case": source, "into": case_id, "now": deed.now})
            await deed.conn.execute(WORK["finish"], {"case": source})
            await deed.conn.execute(CASES["move_calls"], {"from": source, "to": case_id, "reports": None})
    runtime.live.publish({"type": "case", "case": source})


async def detach(runtime: Runtime, actor: Actor, case_id: int, report: int) -> int:
    """Undo an attachment. What an agent brought here goes back where it was, with all that came along when a whole
    case was merged; any other report gets a case of its own. Returns the case it is in then.
    """
    given = {"case": case_id, "report": report}
    async with act(runtime, actor, case_id) as deed:
        source = await (await deed.conn.execute(CASES["brought_from"], given)).fetchone()
        back = source is not None and source["id"] != case_id and source["merged_into"] in (None, case_id)
        if source is not None and back:
            await _give_back(deed, source["id"], report)
    if source is None or not back:
        return await split(runtime, actor, case_id, [report])
    runtime.live.publish({"type": "case", "case": source["id"]})
    return int(source["id"])


async def split(runtime: Runtime, actor: Actor, case_id: int, reports: Sequence[int]) -> int:
    """Give some of a case's reports a new case, judged as they were at their arrival. Returns its id."""
    async with act(runtime, actor, case_id) as deed:
        rows = [await (await deed.conn.execute(CASES["report"], {"report": r})).fetchone() for r in reports]
        mine = [row for row in rows if row is not None and row["case_id"] == case_id]
        if not mine or len(mine) != len(reports):
            raise Unknown
        held = await (await deed.conn.execute(CASES["report_ids"], {"case": case_id})).fetchall()
        if len(held) == len(mine):
            raise Refused(reports="a case keeps at least one report")
        first = min(mine, key=lambda row: row["received_at"])
        opened = await _open_from(deed, first, max(row["received_at"] for row in mine))
        await _move(deed, case_id, opened, [row["id"] for row in mine])
    runtime.live.publish({"type": "case", "case": opened})
    return opened


async def _give_back(deed: Act, source: int, report: int) -> None:
    other = await cases.lock(deed.conn, source)
    assert other is not None
    moved = [report]
    if other.merged_into is not None:
        along = {"case": deed.case.id, "source": source}
        rows = await (await deed.conn.execute(CASES["brought_along"], along)).fetchall()
        moved = sorted({report, *(row["id"] for row in rows)})
        rules = deed.runtime.rules()
        due = deadlines(Priority(other.priority), other.sla_level, other.timezone, other.opened_at, rules)
        fresh = {f"due_{name}": getattr(due, name) for name in ("first_response", "line", "next_update", "solution")}
        await deed.conn.execute(CASES["unmerge"], {"case": source, **fresh})
        await deed.conn.execute(WORK["renew"], {"case": source})
    held = await (await deed.conn.execute(CASES["report_ids"], {"case": deed.case.id})).fetchall()
    if {row["id"] for row in held} <= set(moved):
        raise Refused(reports="a case keeps at least one report")
    await _move(deed, deed.case.id, source, moved)


async def _open_from(deed: Act, report: dict[str, object], last: object) -> int:
    row = await (await deed.conn.execute(REPORTS["number"])).fetchone()
    assert row is not None
    directory, site = deed.runtime.directory(), report["site_id"]
    level, timezone = directory.level(str(site) if site else None), directory.timezone(str(site) if site else None)
    due = deadlines(Priority(str(report["priority"])), level, timezone, deed.now, deed.runtime.rules())
    fresh = {
        "id": row["case"],
        "line": 1,
        "queue": report["queue"],
        "priority": report["priority"],
        "category": report["category"],
        "language": report["language"],
        "fault_code": report["fault_code"],
        "charger_id": report["charger_id"],
        "site_id": site,
        "owner_id": directory.owner_of(str(site) if site else None),
        "sla_level": level,
        "timezone": timezone,
        "whole_site": False,
        "mass": False,
        "incident": False,
        "opened_at": report["received_at"].isoformat(),  # type: ignore[attr-defined]
        "last_report_at": last.isoformat(),  # type: ignore[attr-defined]
        "due_first_response": due.first_response.isoformat(),
        "due_line": due.line.isoformat(),
        "due_next_update": due.next_update.isoformat(),
        "due_solution": due.solution.isoformat(),
    }
    for statement in (CASES["open"], WORK["add"]):
        await deed.conn.execute(statement, {"rows": recordset([fresh])})
    data = {
        "because": "split",
        "from": deed.case.number,
        "received_at": fresh["opened_at"],
        "channel": report["channel"],
        "due": due_told(due),
        **{name: fresh[name] for name in ("priority", "category", "queue")},
        **{name: fresh[column] for name, column in PLACED.items()},
    }
    entry = Entry(row["case"], "opened", deed.actor, int(str(report["id"])), data)
    await timeline.append(deed.conn, [entry], deed.now)
    return int(row["case"])


async def _move(deed: Act, source: int, target: int, moved: Sequence[int]) -> None:
    given = {"from": source, "to": target, "reports": list(moved)}
    for what in ("move_reports", "move_messages", "move_calls"):
        await deed.conn.execute(CASES[what], given)
    for case in (source, target):
        await deed.conn.execute(CASES["set_incident"], {"case": case})
    entries = []
    for report in moved:
        await deed.correct("case", source, target, report)
        entries.append(Entry(source, "detached", deed.actor, report, {"to": number(target)}))
        came = {"from": number(source), "case": source, "by": "agent"}
        entries.append(Entry(target, "attached", deed.actor, report, came))
    await timeline.append(deed.conn, entries, deed.now)
