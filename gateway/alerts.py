"""Alarms for people: what is going wrong on the floor, told once, with what to do, until it is right again.

Leads and managers get a mail; what is urgent goes by SMS too. The wallboard and the page of alarms show what stands.
`measuring.hysteresis` decides when; one worker judges at a time, and an alarm is told in the transaction that marks it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog

from channels.provider import HALTED
from gateway import languages
from gateway.casenumber import number
from gateway.jobs import wake
from gateway.messages.outbox import TOO_MANY
from gateway.phone import watch
from gateway.phone.callbacks import CAP
from gateway.record import accounts, floor, mailboxes
from gateway.record.db import Connection, recordset, statements
from gateway.record.facts import day_of
from gateway.runtime import Runtime
from measuring.hysteresis import Limit, Open, Sign, judge

log = structlog.get_logger()
SQL, MESSAGES = statements("alarming"), statements("messages")
REST = 10.0  # seconds between looks
WEEK, HOUR, MINUTES = timedelta(days=7), timedelta(hours=1), timedelta(minutes=1)
ROLES = ("web", "smtp", "imap", "worker")
ENOUGH = 5  # calls of an hour below which a share says nothing
LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "target_at_risk": Limit(75, 60, 2 * MINUTES),
        "queue_unserved": Limit(120, 1, urgent=True),
        "queue_long": Limit(1, 0.8),
        "abandonment": Limit(0.15, 0.08, 2 * MINUTES),
        "wave": Limit(8, 3),
        "mail_silent": Limit(5, 0.5),
        "role_silent": Limit(60, 30, urgent=True),
        "mailbox_failing": Limit(120, 1, urgent=True),
        "outbox_ageing": Limit(300, 60),
        "spool_ageing": Limit(60, 1, urgent=True),
        "provider_errors": Limit(5, 1),
        "provider_refuses": Limit(1, 0.5, urgent=True),
        "cap_reached": Limit(1, 0.5, urgent=True),
        "recordings_kept": Limit(1, 0.5),
        "recordings_missing": Limit(1, 0.5),
        "transcripts_missing": Limit(1, 0.5),
        "reports_missing": Limit(1, 0.5, urgent=True),
        "clock_skew": Limit(2, 1),
        "rules_refused": Limit(1, 0.5),
        "rota_gap": Limit(60, 1, 5 * MINUTES),
        "rota_empty": Limit(1, 0.5, 5 * MINUTES, urgent=True),
        "ladder_nobody": Limit(1, 0.5, urgent=True),
        "ladder_round": Limit(1, 0.5, urgent=True),
    }
)


async def look(runtime: Runtime) -> int:
    """Judge every sign once; returns how many alarms were told."""
    now = runtime.clock.now()
    seen = await signs(runtime, now)
    async with runtime.db.transaction() as conn:
        row = await (await conn.execute(SQL["alone"])).fetchone()
        if not row or not row["mine"]:
            return 0
        standing = [_open(one) for one in await (await conn.execute(SQL["standing"])).fetchall()]
        changes = judge(seen, standing, LIMITS, now)
        for sign in changes.begin:
            given = {"kind": sign.kind, "key": sign.key, "value": sign.value, "now": now}
            await conn.execute(SQL["begin"], given)
        for sign in seen:
            await conn.execute(SQL["see"], {"kind": sign.kind, "key": sign.key, "value": sign.value, "now": now})
        for one, value in changes.tell:
            await conn.execute(SQL["told"], {"alarm": one.id, "now": now})
            await _tell(runtime, conn, one, value, now)
        for one in changes.end:
            await conn.execute(SQL["end"], {"alarm": one.id, "now": now})
        if changes.tell:
            await wake(conn)
    for one, value in changes.tell:
        log.warning("alarm.told", kind=one.kind, key=one.key, value=round(value, 3))
    for one in changes.end:
        log.info("alarm.ended", kind=one.kind, key=one.key)
    return len(changes.tell)


async def signs(runtime: Runtime, now: datetime) -> list[Sign]:
    """Every figure that may be an alarm, as it is now."""
    db = runtime.db
    found: list[Sign] = []
    calls = await db.row(SQL["calls"], {"since": now - HOUR})
    if calls and calls["answered"] >= ENOUGH:
        found.append(Sign("target_at_risk", "", calls["seconds"] / calls["answered"]))
    if calls and calls["queued"] >= 2 * ENOUGH:
        found.append(Sign("abandonment", "", calls["abandoned"] / calls["queued"]))
    waiting = await db.rows(floor.SQL["work_waiting"])
    found += [
        Sign("queue_unserved", row["queue"], (now - row["since"]).total_seconds())
        for row in waiting
        if not row["serving"]
    ]
    limits = {name: queue.limit for name, queue in runtime.rules().queues.items()}
    found += [
        Sign("queue_long", row["queue"], row["waiting"] / n) for row in waiting if (n := limits.get(row["queue"]))
    ]
    found += [Sign("wave", r["site"], r["reports"]) for r in await db.rows(SQL["waves"], {"since": now - 10 * MINUTES})]
    mails = await db.row(SQL["mails"], {"now": now})
    if mails and not mails["now"]:
        found.append(Sign("mail_silent", "", mails["usual"]))
    roles = await db.rows(SQL["roles"], {"now": now})
    found += [Sign("role_silent", row["role"], row["seconds"]) for row in roles if row["role"] in ROLES]
    found += [Sign("mailbox_failing", str(n), since) for n, since in (await mailboxes.failing(db)).items()]
    outbox = await db.row(SQL["outbox"], {"now": now})
    found.append(Sign("outbox_ageing", "", outbox["oldest"] if outbox else 0))
    halted = await db.row(SQL["halted"], {"reason": HALTED})
    found.append(Sign("provider_refuses", "", halted["waiting"] if halted else 0))
    capped = await db.rows(SQL["capped"], {"since": now - HOUR, "texts": TOO_MANY, "calls": CAP})
    found += [Sign("cap_reached", row["channel"], row["kept"]) for row in capped]
    counted = await db.row(SQL["recordings"], {"now": now}) or {}
    found += [Sign(kind, "", n) for kind, n in counted.items()]
    oldest = runtime.spool.oldest()
    found.append(Sign("spool_ageing", "", (now - oldest).total_seconds() if oldest else 0))
    found.append(Sign("reports_missing", "", await accounts.unaccounted(db, day_of(now) - WEEK)))
    found.append(Sign("clock_skew", "", await _skew(runtime)))
    found.append(Sign("rules_refused", "", len(runtime.rule_faults())))
    found += await watch.signs(runtime, now)
    failed = await db.rows(SQL["failed"], {"since": now - HOUR})
    return found + [Sign("provider_errors", row["channel"], row["failed"]) for row in failed]


async def _skew(runtime: Runtime) -> float:
    """By how many seconds, at least, our clock and the database's differ: the way there and back is not held against
    either."""
    before = runtime.clock.now()
    row = await runtime.db.row(SQL["clock"])
    after = runtime.clock.now()
    theirs = row["at"] if row else after
    return max(0.0, (before - theirs).total_seconds(), (theirs - after).total_seconds())


async def standing(runtime: Runtime) -> Sequence[Mapping[str, Any]]:
    """Alarms that people were told of and that are not over."""
    return [row for row in await runtime.db.rows(SQL["standing"]) if row["told_at"]]


def words(runtime: Runtime, kind: str, key: str, value: float, language: str) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    book = languages.catalogue(language)
    given = {
        "what": _about(runtime, kind, key, book),
        "seconds": languages.format_clock(timedelta(seconds=value), exact=True),
        "share": f"{100 * value:.0f} %",
        "count": f"{value:.0f}",
    }
    return book.gettext(f"alarm.{kind}") % given, book.gettext(f"alarm.{kind}.do") % given


def _about(runtime: Runtime, kind: str, key: str, book: languages.Catalogue) -> str:
    """The queue, case, line and region, or site that a key stands for."""
    if kind in ("queue_unserved", "queue_long"):
        return book.code("queue", key)
    if kind in ("ladder_nobody", "ladder_round"):
        return number(int(key))
    if kind == "rota_gap":
        line, _, region = key.partition(" ")
        return ", ".join(filter(None, (line, book.code("region", region))))
    if kind == "cap_reached":
        return book.code("channel", key)
    site = runtime.directory().sites.get(key)
    return f"{site.name}, {site.city}" if site else key


async def _tell(runtime: Runtime, conn: Connection, one: Open, value: float, now: datetime) -> None:
    for person in await (await conn.execute(SQL["people"])).fetchall():
        title, advice = words(runtime, one.kind, one.key, value, person["language"])
        url = f"{runtime.config.public_url.rstrip('/')}/managers/alarms"
        ways: list[tuple[str, str, str | None, str]] = [
            ("email", person["email"], title, f"{title}\n\n{advice}\n\n{url}\n")
        ]
        if LIMITS[one.kind].urgent and person["phone"] and runtime.config.twilio_account_sid:
            ways.append(("sms", person["phone"], None, f"{title} {advice}"))
        for channel, recipient, subject, text in ways:
            row = {"channel": channel, "kind": "alarm", "language": person["language"], "agent_id": None}
            added = await (await conn.execute(MESSAGES["add"], {"rows": recordset([row]), "now": now})).fetchone()
            assert added is not None
            content = {"message_id": added["id"], "recipient": recipient, "subject": subject, "text": text}
            await conn.execute(MESSAGES["add_contents"], {"rows": recordset([content])})


def _open(row: Mapping[str, Any]) -> Open:
    return Open(row["id"], row["kind"], row["key"], row["began_at"], row["told_at"] is not None)
