"""Calls to customers: call-backs, and those that agents make from a case.

A call-back is done once the customer was on the line, else tried again at stated times, which they are told by SMS;
what is not urgent waits for the morning. One that we could not make (a cap, no provider), or whose colleague left as
the customer had picked up, is made later and costs no try, unless their number is refused. While its customer is on
another way to somebody, on the line, called from the case or called back about something else, it is not made, and it
is done when that led to a talk about the same (`fulfil`). Somebody whose number was erased is not tried again. A call
that an agent makes is tried once, and the agent told how it went. The place in the order is that of the caller's first
moment in the queue, at every try. Who is rung first is a matter of the queue: the agent, as here, or the customer
(`customer_first`). Every change is one transaction; doing it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog

from channels.provider import open_provider
from gateway import languages
from gateway.casenumber import number
from gateway.jobs import wake
from gateway.messages.post import account_of
from gateway.phone import wrapping
from gateway.record import cases, timeline
from gateway.record.cases import Case
from gateway.record.db import Connection, recordset, statements
from gateway.record.facts import TIMEZONE
from gateway.record.timeline import SYSTEM, Actor, Entry
from gateway.runtime import Runtime
from routing.hours import after_working
from routing.targets import targets
from routing.values import Priority

log = structlog.get_logger()
SQL, WORK, LINE, MESSAGES = (statements(name) for name in ("rings", "work", "line", "messages"))
BACK = "back-"  # before the name of the room in which a customer who was rung first waits
CAP = "cap"  # why a ring failed that was never tried
REFUSED = "refused"  # how the reason of a ring begins whose number will never be rung
AGAIN = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4))  # after a try that reached nobody
DELAY = timedelta(hours=1)  # after one that we could not make
CROSSED = "callback_crossed"  # of a try while its customer was on another way to somebody, as soon as they are not
NOW = timedelta()
HOME = ("basic", TIMEZONE)  # the level and the time zone of who has no case
End = Literal["reached", "unreached", "capped", "unplaced"]  # the customer was rung in vain, or never


async def sweep(runtime: Runtime) -> int:
    """End what nobody has said the end of: the colleague has hung up."""
    rows = await runtime.db.rows(SQL["unsettled"])
    for row in rows:
        if row["kind"] in ("callback", "outgoing"):
            await settle(runtime, row["item_id"])
            continue
        async with runtime.db.transaction() as conn:
            await conn.execute(WORK["end_item"], {"item": row["item_id"]})
            await wrapping.begin(conn, row["agent_id"], row["call_sid"])
        wrapping.tell(runtime, row["agent_id"])
    return len(rows)


async def settle(runtime: Runtime, item: int) -> End:
    """End a try; how it went."""
    now = runtime.clock.now()
    async with runtime.db.transaction() as conn:
        wanted = await (await conn.execute(SQL["wanted"], {"item": item})).fetchone()
        last = await (await conn.execute(SQL["customer_of"], {"item": item})).fetchone()
        end = _end(last)
        reached = end == "reached"
        if wanted is None or wanted["state"] != "taken":
            return end
        case = await cases.lock(conn, wanted["case_id"]) if wanted["case_id"] else None
        if last and reached and wanted["agent_id"]:
            await wrapping.begin(conn, wanted["agent_id"], last["sid"])
        kept_waiting = last is not None and last["kept_waiting"]
        ours = wanted["crossed"] or kept_waiting or (last is not None and _ours(last))
        kind, data = _unanswered(end)
        until: datetime | None = None
        if wanted["kind"] == "outgoing":
            await conn.execute(WORK["end_item"], {"item": item})
        elif reached:
            await conn.execute(WORK["end_item"], {"item": item})
            kind, data = "callback_done", {"tries": wanted["tries"] + 1}
            other = await (await conn.execute(SQL["promised"], {**wanted, "case": wanted["case_id"]})).fetchone()
            by = Actor("agent", wanted["agent_id"]) if wanted["agent_id"] else SYSTEM
            await fulfil(conn, other["id"] if other else None, by, "rung", now)
        elif wanted["phone"] is None or (wanted["tries"] >= len(AGAIN) and not ours):
            await conn.execute(WORK["end_item"], {"item": item})
            kind, data = "callback_given_up", {"tries": wanted["tries"] + 1}
        else:
            wait = _awake(runtime, wanted, case, _wait(wanted, ours=ours, kept_waiting=kept_waiting))
            later = {"item": item, "wait": wait, "tries": 0 if ours else 1}
            tried = await (await conn.execute(WORK["try_later"], later)).fetchone()
            if tried is None:  # whoever ends it at the same time was first
                return end
            kind, until = CROSSED if wanted["crossed"] else _missed(last), now + wait
            data = {"tries": tried["tries"], "until": tried["not_before"].isoformat()}
        if last and last["state"] in ("due", "ringing"):
            missed = {"ring": last["id"], "state": "missed", "reason": None, "room": None, "now": now}
            await conn.execute(SQL["end"], missed)
        told = wanted["kind"] == "callback" or not reached
        if case and told:
            data["call"] = wanted["call_sid"]
            await timeline.append(conn, [Entry(case.id, kind, SYSTEM, data=data)], now)
            if not reached and wanted["phone"] and kind != CROSSED:
                await _tell(conn, case, kind, wanted["phone"], until, now)
        await wake(conn)
    log.info("callback.ended", item=item, kind=wanted["kind"], reached=reached)
    if reached and wanted["agent_id"]:
        wrapping.tell(runtime, wanted["agent_id"])
    if last and last["state"] == "ringing" and last["sid"]:
        await _let_go(runtime, last["id"], last["sid"], answered=kept_waiting)
    return end


async def _let_go(runtime: Runtime, ring: int, sid: str, *, answered: bool) -> None:
    """Let a customer's telephone ring no longer; one who has picked up is told so before."""
    account = account_of(runtime.config)
    if account is None:
        return
    async with open_provider(account) as provider:
        told = answered and await provider.redirect(sid, f"{runtime.config.public_url.rstrip('/')}/twilio/ring/{ring}")
        if not told:
            await provider.hang_up(sid)


async def not_begun(runtime: Runtime, ring: Mapping[str, Any], state: str, reason: str) -> None:
    """An agent's own telephone was not taken, or never rung, for the call that they wanted to make."""
    now, end = runtime.clock.now(), _end({"state": state, "reason": reason, "kept_waiting": False})
    async with runtime.db.transaction() as conn:
        await cases.lock(conn, ring["case_id"])
        given = {"ring": ring["id"], "state": state, "reason": reason, "room": None, "now": now}
        if await (await conn.execute(SQL["end"], given)).fetchone() is None:
            return
        await conn.execute(WORK["end_item"], {"item": ring["item_id"]})
        if end != "unreached":
            kind, data = _unanswered(end)
            await timeline.append(conn, [Entry(ring["case_id"], kind, SYSTEM, data=data)], now)
        await wake(conn)
    runtime.live.publish({"type": "case", "case": ring["case_id"]})


async def fulfil(
    conn: Connection, item: int | None, actor: Actor, because: Literal["called", "rung"], now: datetime
) -> None:
    """End a call-back, if there is one, whose customer has spoken to somebody in another way."""
    done = await (await conn.execute(WORK["end_item"], {"item": item})).fetchone() if item else None
    if done:
        data = {"call": done["call_sid"], "because": because}
        await timeline.append(conn, [Entry(done["case_id"], "callback_done", actor, data=data)], now)


async def crossed(conn: Connection, item: int, now: datetime) -> bool:
    """Whether the customer of a call-back is on another way to somebody as it is to be made: it waits until they are
    not. The case must be locked."""
    wanted = await (await conn.execute(SQL["wanted"], {"item": item})).fetchone()
    if wanted is None or not wanted["crossed"]:
        return False
    tried = await (await conn.execute(WORK["try_later"], {"item": item, "wait": NOW, "tries": 0})).fetchone()
    if tried and wanted["case_id"]:
        data = {"tries": tried["tries"], "until": tried["not_before"].isoformat(), "call": wanted["call_sid"]}
        await timeline.append(conn, [Entry(wanted["case_id"], CROSSED, SYSTEM, data=data)], now)
    return tried is not None


async def let_sleep(runtime: Runtime, conn: Connection, waiting: Sequence[Mapping[str, Any]], now: datetime) -> bool:
    """Put call-backs that would ring somebody in the night about what can wait off to the morning, their place kept;
    whether there was any. Who is on the line, asked for it within the hour or was to be tried then is awake."""
    waits = {one["id"]: _until_day(runtime, one, now) for one in waiting if one["kind"] == "callback"}
    rows = [{"item": item, "seconds": wait.total_seconds()} for item, wait in waits.items() if wait > NOW]
    return bool(rows) and (await conn.execute(WORK["let_sleep"], {"rows": recordset(rows)})).rowcount > 0


async def put_off(
    runtime: Runtime, conn: Connection, item: int, kind: str, *, ours: bool, wait: timedelta = AGAIN[0]
) -> None:
    """End a try whose customer was rung first and spoke to nobody: they did not answer or hung up, or it was `ours`
    (nobody came, or it could not be made), which costs no try and is made up for after `wait`. The case must be
    locked."""
    now = runtime.clock.now()
    wanted = await (await conn.execute(SQL["wanted"], {"item": item})).fetchone()
    if wanted is None or wanted["state"] not in ("waiting", "offered"):
        return
    if wanted["crossed"]:
        kind, ours, wait = CROSSED, True, NOW
    case = await cases.lock(conn, wanted["case_id"]) if wanted["case_id"] else None
    until: datetime | None = None
    if wanted["phone"] is None or (wanted["tries"] >= len(AGAIN) and not ours):
        await conn.execute(WORK["end_item"], {"item": item})
        kind, data = "callback_given_up", {"tries": wanted["tries"] + 1}
    else:
        wait = _awake(runtime, wanted, case, wait if ours else AGAIN[wanted["tries"]])
        given = {"item": item, "wait": wait, "tries": 0 if ours else 1}
        put = await (await conn.execute(WORK["put_off"], given)).fetchone()
        if put is None:
            return
        until = now + wait
        data = {"tries": put["tries"], "until": put["not_before"].isoformat()}
    await conn.execute(LINE["withdraw"], {"items": [item]})
    await conn.execute(SQL["spare"], {"item": item, "now": now})
    if case:
        entry = Entry(case.id, kind, SYSTEM, data={**data, "call": wanted["call_sid"]})
        await timeline.append(conn, [entry], now)
        if wanted["phone"] and kind != CROSSED:
            await _tell(conn, case, kind, wanted["phone"], until, now)
    await wake(conn)
    log.info("callback.put_off", item=item, ours=ours)


async def unreached(runtime: Runtime, ring: Mapping[str, Any], state: str, reason: str) -> None:
    """A customer who was rung first was not reached."""
    async with runtime.db.transaction() as conn:
        if ring["case_id"]:
            await cases.lock(conn, ring["case_id"])
        given = {"ring": ring["id"], "state": state, "reason": reason, "room": None, "now": runtime.clock.now()}
        if await (await conn.execute(SQL["end"], given)).fetchone():
            ended = {"state": state, "reason": reason, "kept_waiting": False}
            await put_off(runtime, conn, ring["item_id"], _missed(ended), ours=_ours(ended), wait=DELAY)


def _end(ring: Mapping[str, Any] | None) -> End:
    if ring and ring["state"] == "failed":
        return "capped" if ring["reason"] == CAP else "unplaced"
    return "reached" if ring and ring["state"] == "taken" and not ring["kept_waiting"] else "unreached"


def _unanswered(end: End) -> tuple[str, dict[str, Any]]:
    """What is told of a call that an agent wanted to make and in which the customer never spoke."""
    if end in ("capped", "unplaced"):
        return "call_unplaced", {"because": CAP} if end == "capped" else {}
    return "call_unanswered", {}


def _wait(wanted: Mapping[str, Any], *, ours: bool, kept_waiting: bool) -> timedelta:
    """Until the next try."""
    if wanted["crossed"]:
        return NOW
    if kept_waiting:
        return AGAIN[0]
    return DELAY if ours else AGAIN[wanted["tries"]]


def _awake(runtime: Runtime, wanted: Mapping[str, Any], case: Case | None, wait: timedelta) -> timedelta:
    """The same, or until the morning when the customer would be rung in the night about what can wait. Who spoke to us
    a moment ago is up."""
    if wait <= AGAIN[0]:
        return wait
    now = runtime.clock.now()
    told = (case.priority, case.sla_level, case.timezone) if case else (_uncased(wanted), *HOME)
    return _by_day(runtime, now + wait, *told) - now


def _until_day(runtime: Runtime, item: Mapping[str, Any], now: datetime) -> timedelta:
    lately = max(filter(None, (item["callback_at"], item["not_before"])), default=None)
    if lately is not None and now - lately < DELAY:
        return NOW
    told = item["case_priority"], item["sla_level"], item["timezone"]
    return _by_day(runtime, now, *(told if item["case_id"] else (_uncased(item), *HOME))) - now


def _by_day(runtime: Runtime, at: datetime, priority: str, level: str, timezone: str) -> datetime:
    """From when on somebody may be rung about what is so urgent: the clocks of P3 say what is day for all that can
    wait."""
    hours = targets(runtime.rules().sla, Priority(min(priority, Priority.P3)), level).hours
    return after_working(at, NOW, hours, timezone)


def _uncased(wanted: Mapping[str, Any]) -> str:
    """How urgent a call-back without a case is: that it has waited long makes it no more so, only danger does."""
    return Priority.P1 if wanted["priority"] == Priority.P1 else Priority.P3


def _missed(ring: Mapping[str, Any] | None) -> str:
    """What is told of a try that ended so: it was never made, nobody came to the customer, or they did not answer."""
    if ring and ring["state"] == "failed":
        return "callback_delayed"
    return "callback_postponed" if ring and ring["kept_waiting"] else "callback_missed"


def _ours(ring: Mapping[str, Any]) -> bool:
    """Whether a telephone was not rung for a reason that passes."""
    return bool(ring["state"] == "failed" and not ring["reason"].startswith(REFUSED))


async def _tell(conn: Connection, case: Case, kind: str, phone: str, until: datetime | None, now: datetime) -> None:
    """An SMS to a customer who spoke to nobody: when we try again, or that we do not."""
    book = languages.catalogue(case.language if case.language in languages.CUSTOMERS else languages.SPOKEN)
    given, data = {"number": number(case.id)}, {}
    if until:
        data = {"lasts": (until - now).total_seconds()}
        given["time"] = languages.format_time(until, case.timezone, book.language, now)
    row = {"case_id": case.id, "channel": "sms", "kind": kind, "language": book.language}
    added = await (await conn.execute(MESSAGES["add"], {"rows": recordset([row]), "now": now})).fetchone()
    assert added is not None
    content = {"message_id": added["id"], "recipient": phone, "text": book.gettext(f"sms.{kind}") % given, "data": data}
    await conn.execute(MESSAGES["add_contents"], {"rows": recordset([content])})
