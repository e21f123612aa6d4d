"""Mails of machines that watch others: one thing, one case, and no news that all is well opens another."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.mail import read
from channels.report import Outcome, Receipt
from gateway import desk
from gateway.casenumber import parse
from gateway.clock import SetClock
from gateway.record import cases
from gateway.record.timeline import Actor
from gateway.runtime import Runtime

AGENT = Actor("agent", "a01")
WATCHERS = [
    (
        "Auto-Submitted: auto-generated",
        "** PROBLEM Service Alert: {}/OCPP is CRITICAL **",
        "Notification Type: PROBLEM\nService: OCPP\nHost: {}\nState: CRITICAL\n\nno heartbeat for 615 s",
        "** RECOVERY Service Alert: {}/OCPP is OK **",
        "Notification Type: RECOVERY\nService: OCPP\nHost: {}\nState: OK\n\nheartbeat",
    ),
    (
        "Precedence: bulk",
        "Monitor is DOWN: {}",
        "The monitor {} is currently DOWN (Connection Timeout).",
        "Monitor is UP: {}",
        "The monitor {} is back UP (HTTP 200 - OK) (It was down for 14 minutes and 2 seconds).",
    ),
    (
        "Auto-Submitted: auto-generated",
        "Larm: {} nere sedan 08:12",
        "Larm från driftövervakningen. {} svarar inte.",
        "Återställt: {} uppe efter 15 minuter",
        "Driftövervakningen meddelar att {} svarar igen.",
    ),
]


async def tell(runtime: Runtime, header: str, subject: str, text: str, host: str) -> Receipt:
    nth = await runtime.db.row("SELECT count(*) AS n FROM reports", {})
    assert nth
    raw = (
        f"From: watcher@monitor.example\nMessage-ID: <{nth['n']}@monitor.example>\n{header}\n"
        f"Subject: {subject.format(host)}\n\n{text.format(host)}\n"
    )
    return await runtime.intake.accept(read(raw.encode(), runtime.clock.now()))


@pytest.mark.parametrize(("header", "ill", "told", "well", "told_well"), WATCHERS)
async def test_an_alarm_joins_the_case_about_the_same_thing_and_no_other(
    runtime: Runtime, clock: SetClock, header: str, ill: str, told: str, well: str, told_well: str
):
    first = await tell(runtime, header, ill, told, "gw-hus-12")
    clock.forward(timedelta(minutes=3))
    other = await tell(runtime, header, ill, told, "gw-lager-4")
    clock.forward(timedelta(minutes=30))
    again = await tell(runtime, header, ill, told, "gw-hus-12")
    clock.forward(timedelta(hours=20))
    over = await tell(runtime, header, well, told_well, "gw-lager-4")
    assert (first.outcome, other.outcome) == (Outcome.OPENED, Outcome.OPENED)
    assert (again.case, over.case) == (first.case, other.case)
    rows = await runtime.db.rows("SELECT id FROM messages")
    assert rows == []


@pytest.mark.parametrize(("header", "ill", "told", "well", "told_well"), WATCHERS)
async def test_that_all_is_well_again_leaves_a_concluded_case_concluded_and_opens_none(
    runtime: Runtime, clock: SetClock, header: str, ill: str, told: str, well: str, told_well: str
):
    first = await tell(runtime, header, ill, told, "gw-hus-12")
    await desk.claim(runtime, AGENT, parse(first.case) or 0)
    await desk.conclude(runtime, AGENT, parse(first.case) or 0, "solved_remotely", "Omstart")
    clock.forward(timedelta(minutes=30))
    over = await tell(runtime, header, well, told_well, "gw-hus-12")
    whole = await cases.full(runtime.db, parse(first.case) or 0)
    assert whole is not None
    assert (over.case, whole.listed.case.status) == (first.case, "concluded")
    clock.forward(timedelta(minutes=30))
    assert (await tell(runtime, header, ill, told, "gw-hus-12")).case != first.case


async def test_a_danger_is_no_news_that_all_is_well(runtime: Runtime, clock: SetClock):
    header, ill, told, well, _ = WATCHERS[0]
    first = await tell(runtime, header, ill, told, "gw-hus-12")
    await desk.claim(runtime, AGENT, parse(first.case) or 0)
    await desk.conclude(runtime, AGENT, parse(first.case) or 0, "solved_remotely", "Omstart")
    clock.forward(timedelta(minutes=30))
    danger = await tell(runtime, header, well, "There is smoke coming out of the charger!", "gw-hus-12")
    assert danger.case != first.case
