"""The ladder: what nobody takes rings one telephone after the other, round and round, until somebody has pressed 1.

Climbed for every danger and every whole site that is down until somebody has its case, and for every live call that
waits until somebody has the caller, whoever has the case (`routing.oncall` says who is on it); so does one in danger
who is to be called back, and whoever presses 1 is connected to them. A step is a due column; each is one transaction
under the case's lock that adds the telephone to ring, an SMS beside it and an entry on the timeline, so that workers
that come twice or late ring nobody twice; steps are due by the database's clock. With nobody on a ladder it is looked
at again every minute. That, and a ladder that has gone round, is an alarm (`watch.signs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from gateway import languages
from gateway.casenumber import number
from gateway.jobs import wake
from gateway.record import agents, cases, oncall, timeline
from gateway.record.cases import Case
from gateway.record.db import Connection, recordset, statements
from gateway.record.timeline import SYSTEM, Entry
from gateway.runtime import Runtime
from routing.oncall import PATIENCE, RUNG, Rung, following, region_of, rungs

log = structlog.get_logger()
SQL, RINGS, LINE, MESSAGES = (statements(name) for name in ("oncall", "rings", "line", "messages"))


async def sweep(runtime: Runtime) -> int:
    """Begin, step and end the ladders that are due; returns how many telephones are to be rung."""
    now = runtime.clock.now()
    await _begin(runtime, now)
    for row in await runtime.db.rows(SQL["settled"]):
        await _settle(runtime, row["id"], row["case_id"], gone=row["gone"])
    due = await runtime.db.rows(SQL["due"])
    return sum([await _step(runtime, row["id"], row["case_id"]) for row in due])


async def _begin(runtime: Runtime, now: datetime) -> None:
    staffed = await runtime.db.row(LINE["staffed"], {"queue": None})
    given = {"patience": PATIENCE, "rung": RUNG, "staffed": bool(staffed and staffed["staffed"])}
    async with runtime.db.transaction() as conn:
        for statement in ("begin_cases", "begin_calls"):
            for row in await (await conn.execute(SQL[statement], given)).fetchall():
                data = {"climb": row["id"], "why": row["why"], "due": row["due_at"].isoformat()}
                await timeline.append(conn, [Entry(row["case_id"], "oncall_began", SYSTEM, data=data)], now)


async def _settle(runtime: Runtime, climb: int, case_id: int, *, gone: bool) -> None:
    """End a ladder that has become needless, `gone` when its caller has left; the telephone that may still ring is told
    so when it is picked up."""
    now = runtime.clock.now()
    async with runtime.db.transaction() as conn:
        case = await cases.lock(conn, case_id)
        taken = case is not None and case.assignee is not None and not gone
        await end(conn, climb, case_id, "claimed" if taken else "over", case.assignee if case else None, now)


async def end(conn: Connection, climb: int, case_id: int, how: str, agent: str | None, now: datetime) -> bool:
    """End a ladder in the transaction that made it needless; False when it was over."""
    given = {"climb": climb, "ended": how, "agent": agent}
    row = await (await conn.execute(SQL["end"], given)).fetchone()
    if row is None:
        return False
    for ring in await (await conn.execute(RINGS["of_climb"], {"climb": climb})).fetchall():
        if ring["sid"] is None:
            missed = {"ring": ring["id"], "state": "missed", "reason": how, "room": None, "now": now}
            await conn.execute(RINGS["end"], missed)
    data = {
        "climb": climb,
        "how": how,
        "agent": agent,
        "steps": row["step"],
        "seconds": round(row["lasted"].total_seconds(), 3),
    }
    await timeline.append(conn, [Entry(case_id, "oncall_ended", SYSTEM, data=data)], now)
    return True


async def _step(runtime: Runtime, climb: int, case_id: int) -> bool:
    """Ring the next telephone of a ladder; whether there was one."""
    now = runtime.clock.now()
    async with runtime.db.transaction() as conn:
        case = await cases.lock(conn, case_id)
        row = await (await conn.execute(SQL["lock"], {"climb": climb})).fetchone()
        if case is None or row is None or row["due_at"] is None or row["due_at"] > row["now"]:
            return False
        if not (row["caller_waits"] if row["why"] == "call" else case.status == "open"):
            return False
        ladder = await _ladder(runtime, conn, case, row, row["now"])
        if not ladder:
            await conn.execute(SQL["put_off"], {"climb": climb, "rung": RUNG})
            log.error("oncall.nobody", climb=climb, case=case_id)
            return False
        before = await (await conn.execute(RINGS["rung_for"], {"climb": climb})).fetchall()
        rung, whole = following(ladder, [ring["agent_id"] for ring in before])
        rounds = max(whole, row["rounds"])
        if rounds > row["rounds"]:
            log.error("oncall.round", climb=climb, case=case_id, round=rounds + 1)
        stepped = {"climb": climb, "step": row["step"], "rounds": rounds, "rung": RUNG}
        await conn.execute(SQL["step"], stepped)
        await _ring(runtime, conn, case, climb, row["step"], rung, now)
        data = {"climb": climb, "agent": rung.agent or "last_resort", "step": row["step"] + 1, "round": rounds + 1}
        await timeline.append(conn, [Entry(case_id, "oncall_rung", SYSTEM, data=data)], now)
        await wake(conn)
    log.warning("oncall.rung", climb=climb, case=case_id, step=row["step"] + 1)
    runtime.live.publish({"type": "case", "case": case_id})
    return True


async def _ladder(runtime: Runtime, conn: Connection, case: Case, row: Mapping[str, Any], now: datetime) -> list[Rung]:
    site = runtime.directory().sites.get(case.site_id or "")
    return rungs(
        [kept.shift for kept in await oncall.shifts(conn, now)],
        await oncall.leads(conn),
        runtime.config.last_resort_number,
        line=case.line,
        region=region_of(site.postcode if site else None),
        holder=case.assignee,
        talking=await oncall.talking(conn),
        urgent=row["why"] != "call" or case.priority == "P1",
        at=now,
    )


async def _ring(
    runtime: Runtime, conn: Connection, case: Case, climb: int, step: int, rung: Rung, now: datetime
) -> None:
    ring = {"purpose": "oncall", "case": case.id, "agent": rung.agent, "climb": climb, "step": step, "now": now}
    await conn.execute(RINGS["add"], {**ring, "phone": rung.phone, "item": None, "offer": None})
    agent = await agents.within(conn, rung.agent) if rung.agent else None
    language = agent.language if agent else "sv"
    row = {"case_id": case.id, "channel": "sms", "kind": "oncall", "language": language}
    cursor = await conn.execute(MESSAGES["add"], {"rows": recordset([row]), "now": now})
    added = await cursor.fetchone()
    assert added is not None
    content = {"message_id": added["id"], "recipient": rung.phone, "text": words(runtime, case, language)}
    await conn.execute(MESSAGES["add_contents"], {"rows": recordset([content])})


def words(runtime: Runtime, case: Case, language: str) -> str:
    """What the SMS beside a ring says: what, where, and where to read more."""
    book = languages.catalogue(language)
    where = [book.gettext("oncall.charger") % {"charger": case.charger_id}] if case.charger_id else []
    if site := runtime.directory().sites.get(case.site_id or ""):
        where.append(f"{site.name}, {site.street}, {site.city}")
    given = {
        "number": number(case.id),
        "priority": case.priority,
        "what": book.code("category", case.category),
        "where": ", ".join(where) or book.gettext("oncall.nowhere"),
        "url": f"{runtime.config.public_url.rstrip('/')}/console/cases/{number(case.id)}",
    }
    return book.gettext("oncall.sms") % given
