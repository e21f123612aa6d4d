"""Alarms that come, go and come again; chargers that are well; planned maintenance; chargers that say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from channels import alarms
from channels.report import Channel, Receipt, Report, Sender
from gateway import desk, escalation, silence
from gateway.casenumber import parse
from gateway.clock import SetClock
from gateway.record import alarms as record
from gateway.record import cases, owners
from gateway.record.cases import FullCase
from gateway.runtime import Runtime

FAULT = {"status": "Faulted", "error": "PowerSwitchFailure"}
WELL = {"status": "Available", "error": "NoError"}


async def alarm(runtime: Runtime, said: dict[str, str], charger: str = "21007", connector: int | None = 1) -> Receipt:
    now = runtime.clock.now()
    key = f"{charger}:{connector}:{now.isoformat()}:{said}"
    body = {"charger": charger, "connector": connector, "protocol": "ocpp1.6", **said}
    return await runtime.intake.accept(alarms.read(body, key=key, received_at=now, fingerprint=b"f" * 32))


async def person(runtime: Runtime, text: str, charger: str = "21007") -> Receipt:
    now = runtime.clock.now()
    sender = Sender(None, "+46701740001", None)
    return await runtime.intake.accept(
        Report(
            channel=Channel.FORM, key=text, received_at=now, text=text, sender=sender, charger=charger, language="sv"
        )
    )


async def case(runtime: Runtime, receipt: Receipt) -> FullCase:
    found = await cases.full(runtime.db, parse(receipt.case) or 0)
    assert found is not None
    return found


async def news(runtime: Runtime, receipt: Receipt) -> Sequence[str]:
    heard = await case(runtime, receipt)
    return [e["kind"] for e in heard.timeline if e["kind"].startswith(("alarm", "muted", "charger"))]


async def everything(runtime: Runtime) -> int:
    row = await runtime.db.row("SELECT count(*) AS n FROM cases")
    assert row is not None
    return int(row["n"])


async def test_a_cleared_alarm_is_noted_and_its_case_waits_for_a_person_to_conclude_it(
    runtime: Runtime, clock: SetClock
) -> None:
    opened = await alarm(runtime, FAULT)
    clock.forward(timedelta(minutes=3))
    assert (await alarm(runtime, {"status": "Faulted", "error": "GroundFailure"})).case == opened.case
    raised = await case(runtime, opened)
    assert (raised.listed.case.priority, raised.listed.case.incident) == ("P1", False)
    clock.forward(timedelta(minutes=3))
    cleared = await alarm(runtime, WELL)
    assert cleared.case == opened.case
    assert await news(runtime, opened) == ["alarm_raised", "alarm_cleared"]
    (state,) = await record.of_case(runtime.db, parse(opened.case) or 0)
    assert not state.well(clock.now())
    clock.forward(timedelta(minutes=10))
    assert state.well(clock.now())
    assert (await case(runtime, opened)).listed.case.status == "open"
    assert (await alarm(runtime, FAULT)).case == opened.case
    assert await news(runtime, opened) == ["alarm_raised", "alarm_cleared", "alarm_returned"]


async def test_an_alarm_that_flaps_is_one_case_and_one_piece_of_news(runtime: Runtime, clock: SetClock) -> None:
    opened = await alarm(runtime, FAULT)
    for nth in range(20):
        clock.forward(timedelta(minutes=2))
        assert (await alarm(runtime, FAULT if nth % 2 else WELL)).case == opened.case
    assert await everything(runtime) == 1
    told = await news(runtime, opened)
    assert told == [
        "alarm_raised",
        "alarm_cleared",
        "alarm_returned",
        "alarm_cleared",
        "alarm_returned",
        "alarm_flapping",
    ]
    full = await case(runtime, opened)
    assert (len(full.reports), full.listed.case.incident) == (21, False)
    await alarm(runtime, WELL)
    (state,) = await record.of_case(runtime.db, full.listed.case.id)
    assert not state.well(clock.now() + timedelta(minutes=30))
    assert state.well(clock.now() + timedelta(hours=1, minutes=1))


async def test_a_charger_that_is_well_is_kept_and_is_nobodys_work(runtime: Runtime, clock: SetClock) -> None:
    first = await alarm(runtime, WELL)
    clock.forward(timedelta(hours=3))
    again = await alarm(runtime, {"status": "Preparing"})
    full = await case(runtime, first)
    assert (again.case, len(full.reports)) == (first.case, 2)
    assert (full.listed.case.status, full.listed.case.disposition) == ("closed", "recovered")
    row = await runtime.db.row("SELECT count(*) AS n FROM work_items WHERE state <> 'done'")
    assert row is not None
    assert row["n"] == 0
    clock.forward(timedelta(hours=3))
    fault = await alarm(runtime, FAULT)
    assert fault.case != first.case
    actor = desk.Actor("agent", "a01", "agent")
    await desk.conclude(runtime, actor, parse(fault.case) or 0, "solved_remotely", "Omstart")
    assert (await alarm(runtime, WELL)).case == fault.case
    assert (await case(runtime, fault)).listed.case.status == "concluded"
    clock.forward(timedelta(minutes=20))
    assert (await alarm(runtime, FAULT)).case == fault.case
    assert (await case(runtime, fault)).listed.case.status == "open"


async def test_during_maintenance_alarms_wait_together_and_people_and_danger_do_not(
    runtime: Runtime, clock: SetClock
) -> None:
    now = clock.now()
    assert await owners.plan(runtime.db, "o002", "s001", now, now + timedelta(hours=4), 1, now) is None
    await runtime.db.run(
        "INSERT INTO maintenance (site_id, starts_at, ends_at, created_at)"
        " VALUES ('s001', %(now)s, %(until)s, %(now)s)",
        {"now": now, "until": now + timedelta(hours=4)},
    )
    kept = await alarm(runtime, FAULT)
    assert (await alarm(runtime, {"status": "Unavailable"}, "21012")).case == kept.case
    held = (await case(runtime, kept)).listed.case
    assert (held.status, held.waiting_until) == ("waiting", now + timedelta(hours=4))
    assert held.due_first_response is not None
    assert held.due_first_response > now + timedelta(hours=4)
    assert "muted" in await news(runtime, kept)
    reported = await person(runtime, "Laddaren startar inte alls", "21007")
    assert reported.case != kept.case
    danger = await alarm(runtime, {"status": "Faulted", "error": "GroundFailure"}, "21007")
    assert (danger.case != kept.case, danger.priority) == (True, "P1")
    row = await runtime.db.row(
        "SELECT count(*) AS n FROM work_items WHERE case_id = %(case)s AND state <> 'done'", {"case": held.id}
    )
    assert row is not None
    assert row["n"] == 0
    clock.forward(timedelta(hours=4, minutes=1))
    await escalation.sweep(runtime)
    assert (await case(runtime, kept)).listed.case.status == "open"
    row = await runtime.db.row(
        "SELECT state FROM work_items WHERE case_id = %(case)s AND state <> 'done'", {"case": held.id}
    )
    assert row is not None
    assert row["state"] == "waiting"


async def test_people_who_report_a_charger_that_says_nothing_mark_their_case(runtime: Runtime, clock: SetClock) -> None:
    quiet = await person(runtime, "Laddaren är helt död", "21007")
    clock.forward(timedelta(minutes=6))
    assert await silence.sweep(runtime) == 0  # no charger is heard at all
    await alarm(runtime, FAULT, "21052")
    assert await silence.sweep(runtime) == 1
    assert await silence.sweep(runtime) == 0
    assert await news(runtime, quiet) == ["charger_silent"]
