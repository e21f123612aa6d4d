"""A fault that its caller solved by our advice during the call: kept, closed by their word, and nobody's work; as is
who wants no texts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from channels.report import SOLVED, STOP, Channel, Receipt, Report, Sender, Thread
from gateway import desk
from gateway.casenumber import parse
from gateway.clock import SetClock
from gateway.messages.threads import reply_token
from gateway.record import cases, owners
from gateway.record.cases import FullCase
from gateway.record.timeline import CUSTOMER
from gateway.runtime import Runtime
from measuring.history import Entry, Fact, Where, facts

CALLER = Sender(None, "+46701740007", None)
NOWHERE = Where("", "", 1, "P3", "Standard", None, None, "sv", "Europe/Stockholm", "other", None)


def call(runtime: Runtime, sid: str = "CA01", sender: Sender = CALLER, category: str = "no_start") -> Report:
    return Report(
        channel=Channel.PHONE,
        key=sid,
        received_at=runtime.clock.now(),
        text="Laddaren startade inte. Rådet eller fjärrhjälpen löste problemet under samtalet.",
        own_words="",
        sender=sender,
        charger="21007",
        category=category,
        language="sv",
        flags=(SOLVED,),
    )


async def full(runtime: Runtime, receipt: Receipt) -> FullCase:
    found = await cases.full(runtime.db, parse(receipt.case) or 0)
    assert found is not None
    return found


def thread(runtime: Runtime, receipt: Receipt) -> Thread:
    return Thread(reply_token(runtime.config.secret_keys, parse(receipt.case) or 0))


def counted(case: FullCase) -> list[Fact]:
    told = [Entry(e["at"], e["kind"], e["actor_kind"], e["actor_id"], e["report_id"], e["data"]) for e in case.timeline]
    return facts(told, NOWHERE)


async def work(runtime: Runtime, receipt: Receipt) -> list[str]:
    rows = await runtime.db.rows(
        "SELECT state FROM work_items WHERE case_id = %(case)s ORDER BY id", {"case": parse(receipt.case)}
    )
    return [row["state"] for row in rows]


async def test_it_is_closed_by_the_callers_word_and_waits_for_nobody(runtime: Runtime, clock: SetClock) -> None:
    receipt = await runtime.intake.accept(call(runtime))
    found = await full(runtime, receipt)
    case = found.listed.case
    assert (case.status, case.disposition) == ("closed", SOLVED)
    assert case.confirmed_at is not None
    assert not any(case.due.values())
    assert await work(runtime, receipt) == ["done"]
    assert [e["kind"] for e in found.timeline][:4] == ["opened", "concluded", "confirmed", "closed"]
    assert {fact.kind for fact in counted(found)} == {"case"}
    (whole,) = counted(found)
    assert whole.tags == ("solved_alone",)


async def test_a_wish_for_no_texts_is_counted_as_come_in_and_as_waiting_for_nothing(runtime: Runtime) -> None:
    text = replace(call(runtime, "SM01"), channel=Channel.SMS, text="Stopp", charger=None, category=None, flags=(STOP,))
    found = await full(runtime, await runtime.intake.accept(text))
    assert (found.listed.case.status, found.listed.case.disposition) == ("closed", "wish")
    (whole,) = counted(found)
    assert (whole.kind, whole.tags) == ("case", ())


async def test_whoever_answers_that_it_is_back_opens_it_and_waits_from_then(runtime: Runtime, clock: SetClock) -> None:
    receipt = await runtime.intake.accept(call(runtime))
    clock.forward(timedelta(minutes=20))
    back = replace(call(runtime, "CA02"), text="Laddaren startar inte igen.", flags=(), thread=thread(runtime, receipt))
    assert (await runtime.intake.accept(back)).case == receipt.case
    found = await full(runtime, receipt)
    assert (found.listed.case.status, found.listed.case.disposition) == ("open", None)
    assert found.listed.case.due["first_response"] is not None
    assert await work(runtime, receipt) == ["done", "waiting"]
    counts = counted(found)
    assert {fact.kind: fact.at for fact in counts if fact.kind != "case"} == dict.fromkeys(
        ("response", "stay", "solution"), clock.now()
    )
    assert "solved_alone" not in {tag for fact in counts for tag in fact.tags}


async def test_whoever_only_calls_again_is_shown_as_perhaps_the_same(runtime: Runtime, clock: SetClock) -> None:
    receipt = await runtime.intake.accept(call(runtime))
    clock.forward(timedelta(minutes=20))
    again = await runtime.intake.accept(replace(call(runtime, "CA02"), text="Laddaren startar inte igen.", flags=()))
    assert again.case != receipt.case
    assert (await full(runtime, again)).timeline[0]["data"]["suggested"] == receipt.case
    assert await work(runtime, again) == ["waiting"]


async def test_who_says_on_the_page_that_it_is_not_solved_opens_it(runtime: Runtime, clock: SetClock) -> None:
    receipt = await runtime.intake.accept(call(runtime))
    clock.forward(timedelta(minutes=20))
    await desk.confirm(runtime, CUSTOMER, parse(receipt.case) or 0, False, receipt.report)
    assert (await full(runtime, receipt)).listed.case.status == "open"
    assert await work(runtime, receipt) == ["done", "waiting"]


async def test_what_comes_with_it_in_one_group_is_work_of_its_own(runtime: Runtime) -> None:
    back = replace(call(runtime, "CA02"), text="Laddaren startar inte igen.", flags=())
    elsewhere = replace(call(runtime), charger="22809", flags=())
    others = [replace(elsewhere, key=f"CA9{n}", sender=Sender(None, f"+4670174010{n}", None)) for n in range(3)]
    *_, receipt, again = await asyncio.gather(*map(runtime.intake.accept, (*others, call(runtime), back)))
    assert (await full(runtime, again)).listed.case.status == "open"
    assert (await work(runtime, again))[-1] == "waiting"
    assert again.case != receipt.case


async def test_a_second_call_about_it_that_ended_well_leaves_it_closed(runtime: Runtime, clock: SetClock) -> None:
    receipt = await runtime.intake.accept(call(runtime))
    clock.forward(timedelta(minutes=20))
    again = await runtime.intake.accept(replace(call(runtime, "CA02"), thread=thread(runtime, receipt)))
    assert again.case == receipt.case
    found = await full(runtime, receipt)
    assert (found.listed.case.status, len(found.reports)) == ("closed", 2)


async def test_a_case_that_others_wait_for_stays_open(runtime: Runtime, clock: SetClock) -> None:
    other = replace(call(runtime), text="Laddaren startar inte.", flags=(), sender=Sender(None, "+46701740008", None))
    receipt = await runtime.intake.accept(other)
    clock.forward(timedelta(minutes=5))
    assert (await runtime.intake.accept(call(runtime, "CA02"))).case == receipt.case
    assert (await full(runtime, receipt)).listed.case.status == "open"
    assert await work(runtime, receipt) == ["waiting"]


async def test_danger_is_looked_after_whatever_the_caller_says(runtime: Runtime) -> None:
    receipt = await runtime.intake.accept(replace(call(runtime), danger=True))
    assert receipt.priority == "P1"
    assert (await full(runtime, receipt)).listed.case.status == "open"
    assert await work(runtime, receipt) == ["waiting"]


async def test_an_owners_month_counts_it_as_solved_and_against_no_target(runtime: Runtime) -> None:
    receipt = await runtime.intake.accept(call(runtime))
    case = (await full(runtime, receipt)).listed.case
    since = runtime.clock.now() - timedelta(days=1)
    (one,) = await owners.sla(runtime.db, case.owner_id or "", since, since + timedelta(days=2))
    assert (one.due_first_response, one.due_solution) == (None, None)
    assert one.solved_at is not None
    assert one.confirmed_at is not None
