"""The agents' verbs: guard, change and timeline in one transaction."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.report import Channel, Report, Sender
from gateway import desk, escalation
from gateway.activity import set_activity
from gateway.casenumber import parse
from gateway.clock import SetClock
from gateway.desk import CUSTOMER, SYSTEM, Actor, Refused, Taken, Unknown
from gateway.messages.replies import read_replies
from gateway.record import cases, views, worklist
from gateway.record.beside import beside
from gateway.record.cases import FullCase
from gateway.runtime import Runtime
from routing import sla
from routing.targets import targets
from routing.values import Priority
from tests.record.conftest import NOON

AMINA, BO, LEAD = Actor("agent", "a01", "agent"), Actor("agent", "a02", "agent"), Actor("agent", "a16", "lead")
PROPOSAL = {"fault": "Reläet är bränt", "parts": "Relä", "tools": "Mejsel", "access": "Port 4", "safety": "Bryt först"}


async def opened(runtime: Runtime, key: str = "k", charger: str = "21007", phone: str = "+46701740001") -> int:
    receipt = await runtime.intake.accept(
        Report(
            channel=Channel.EMAIL,
            key=key,
            received_at=runtime.clock.now(),
            text=f"Laddningen startar inte på {charger}, den blinkar blått.",
            sender=Sender("Anna", phone, f"a{phone[1:]}@mail.example"),
            charger=charger,
            language="sv",
        )
    )
    return parse(receipt.case) or 0


async def read(runtime: Runtime, case: int) -> FullCase:
    full = await cases.full(runtime.db, case)
    assert full is not None
    return full


def kinds(full: FullCase) -> list[str]:
    return [entry["kind"] for entry in full.timeline]


async def test_one_claims_and_the_other_is_told_who(runtime: Runtime, clock: SetClock):
    case = await opened(runtime)
    await desk.claim(runtime, AMINA, case)
    await desk.claim(runtime, AMINA, case)
    with pytest.raises(Taken) as taken:
        await desk.claim(runtime, BO, case)
    assert (taken.value.by, taken.value.at) == ("a01", clock.now())
    assert kinds(await read(runtime, case)) == ["opened", "claimed"]


async def test_f35_of_fifty_who_claim_at_once_exactly_one_wins(runtime: Runtime):
    for n in range(3):
        case = await opened(runtime, f"k{n}", phone=f"+4670174000{n}", charger=["21007", "22809", "24582"][n])
        agents = [Actor("agent", f"a{1 + i % 24:02d}", "agent") for i in range(50)]
        answers = await asyncio.gather(*(desk.claim(runtime, agent, case) for agent in agents), return_exceptions=True)
        full = await read(runtime, case)
        winner = full.listed.case.assignee
        assert winner is not None
        assert kinds(full).count("claimed") == 1
        for agent, answer in zip(agents, answers, strict=True):
            assert answer is None if agent.id == winner else isinstance(answer, Taken)


async def test_released_work_goes_back_to_its_queue(runtime: Runtime):
    case = await opened(runtime)
    await desk.claim(runtime, AMINA, case)
    with pytest.raises(Taken):
        await desk.release(runtime, BO, case)
    await desk.release(runtime, AMINA, case)
    full = await read(runtime, case)
    assert (full.listed.case.status, full.listed.case.assignee) == ("open", None)


async def test_the_first_reply_is_the_first_response_and_meets_its_target(runtime: Runtime, clock: SetClock):
    case = await opened(runtime)
    await desk.claim(runtime, AMINA, case)
    clock.forward(timedelta(minutes=7))
    await desk.reply(runtime, AMINA, case, "Hej! Prova en gång till.")
    clock.forward(timedelta(minutes=7))
    await desk.reply(runtime, AMINA, case, "Gick det bra?")
    full = await read(runtime, case)
    assert full.listed.case.first_response_at == NOON + timedelta(minutes=7)
    assert full.listed.case.due_first_response is None
    responses = [entry["data"] for entry in full.timeline if entry["kind"] == "first_response"]
    assert [(r["seconds"], r["in_time"]) for r in responses] == [(420.0, True)]
    assert [m["text"] for m in full.messages if m["kind"] == "reply"] == ["Hej! Prova en gång till.", "Gick det bra?"]


async def test_the_timeline_holds_no_words_of_anybody(runtime: Runtime):
    case = await opened(runtime)
    await desk.claim(runtime, AMINA, case)
    await desk.note(runtime, AMINA, case, "kanariefågel i anteckning")
    await desk.reply(runtime, AMINA, case, "kanariefågel i svar")
    await desk.conclude(runtime, AMINA, case, "explained", "kanariefågel i avslut")
    full = await read(runtime, case)
    assert "kanarie" not in str(full.timeline)
    assert "Anna" not in str(full.timeline)
    assert [note["text"] for note in full.notes] == ["kanariefågel i anteckning", "kanariefågel i avslut"]


async def test_empty_words_and_unknown_cases_are_refused(runtime: Runtime):
    case = await opened(runtime)
    with pytest.raises(Refused) as refused:
        await desk.reply(runtime, AMINA, case, "  ")
    assert "text" in refused.value.fields
    with pytest.raises(Unknown):
        await desk.claim(runtime, AMINA, 999_999)


async def test_a_correction_moves_the_targets_and_is_kept_as_an_example(runtime: Runtime):
    case = await opened(runtime)
    await desk.correct(runtime, AMINA, case, reason="hela garaget", category="offline", priority="P2")
    found = (await read(runtime, case)).listed.case
    assert (found.category, found.priority) == ("offline", "P2")
    assert found.due_solution == NOON + timedelta(hours=6)
    async with runtime.db.connection() as conn:
        rows = await (await conn.execute("SELECT field, before, after FROM corrections ORDER BY id")).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        ("category", "no_start", "offline"),
        ("priority", "P3", "P2"),
    ]


async def test_p1_and_safety_go_together(runtime: Runtime):
    case = await opened(runtime)
    with pytest.raises(Refused):
        await desk.correct(runtime, AMINA, case, reason="x", priority="P1")
    with pytest.raises(Refused) as refused:
        await desk.correct(runtime, AMINA, case, reason="x", charger="nope", category="nonsense")
    assert set(refused.value.fields) == {"charger", "category"}


async def test_the_third_line_gets_a_case_only_with_a_whole_proposal(runtime: Runtime):
    case = await opened(runtime)
    await desk.escalate(runtime, LEAD, case, "kräver felsökning")
    with pytest.raises(Refused) as refused:
        await desk.escalate(runtime, LEAD, case, "byt relä", {**PROPOSAL, "safety": " "})
    assert set(refused.value.fields) == {"proposal.safety"}
    await desk.escalate(runtime, LEAD, case, "byt relä", PROPOSAL)
    found = (await read(runtime, case)).listed.case
    assert (found.line, found.queue) == (3, "field")
    with pytest.raises(Refused):
        await desk.escalate(runtime, LEAD, case, "vidare", PROPOSAL)


async def test_handing_over_to_a_queue_and_to_an_agent(runtime: Runtime):
    case = await opened(runtime)
    await desk.claim(runtime, AMINA, case)
    with pytest.raises(Refused):
        await desk.hand_over(runtime, AMINA, case, "nowhere", "x")
    await desk.hand_over(runtime, AMINA, case, "a02", "din tur")
    assert (await read(runtime, case)).listed.case.assignee == "a02"
    await desk.hand_over(runtime, BO, case, "billing", "gäller en faktura")
    found = (await read(runtime, case)).listed.case
    assert (found.queue, found.status, found.assignee) == ("billing", "open", None)


async def test_a_case_put_aside_comes_back_by_itself(runtime: Runtime, clock: SetClock):
    case = await opened(runtime)
    await desk.claim(runtime, AMINA, case)
    with pytest.raises(Refused):
        await desk.wait(runtime, AMINA, case, clock.now(), "reservdel")
    await desk.wait(runtime, AMINA, case, clock.now() + timedelta(hours=2), "reservdel")
    await escalation.sweep(runtime)
    assert (await read(runtime, case)).listed.case.status == "waiting"
    clock.forward(timedelta(hours=2))
    await escalation.sweep(runtime)
    assert (await read(runtime, case)).listed.case.status == "assigned"


async def test_a_case_that_its_line_does_not_solve_goes_to_the_second_by_itself_once(runtime: Runtime, clock: SetClock):
    case = await opened(runtime)
    due = (await read(runtime, case)).listed.case.due_line
    assert due is not None
    clock.put(due)
    await asyncio.gather(escalation.sweep(runtime), escalation.sweep(runtime))
    full = await read(runtime, case)
    assert (full.listed.case.line, full.listed.case.queue) == (2, "operations")
    assert kinds(full).count("escalated") == 1


async def test_the_customers_yes_closes_and_their_no_reopens_with_a_new_interval(runtime: Runtime, clock: SetClock):
    case = await opened(runtime)
    await desk.claim(runtime, AMINA, case)
    clock.forward(timedelta(minutes=5))
    await desk.reply(runtime, AMINA, case, "Vi startar om den.")
    await desk.conclude(runtime, AMINA, case, "solved_remotely", "Startad om.")
    clock.forward(timedelta(minutes=5))
    await desk.confirm(runtime, CUSTOMER, case, False)
    found = (await read(runtime, case)).listed.case
    assert (found.status, found.first_response_at, found.assignee) == ("open", None, None)
    assert found.due_first_response is not None
    clock.forward(timedelta(minutes=3))
    await desk.claim(runtime, AMINA, case)
    await desk.reply(runtime, AMINA, case, "Vi provar igen.")
    await desk.conclude(runtime, AMINA, case, "solved_remotely", "Nu så.")
    await desk.confirm(runtime, CUSTOMER, case, True)
    await desk.confirm(runtime, CUSTOMER, case, True)
    full = await read(runtime, case)
    assert full.listed.case.status == "closed"
    assert full.listed.case.confirmed_at == clock.now()
    assert [e["data"]["seconds"] for e in full.timeline if e["kind"] == "first_response"] == [300.0, 180.0]
    assert kinds(full).count("closed") == 1


async def test_silence_closes_a_concluded_case_as_unconfirmed(runtime: Runtime, clock: SetClock):
    case = await opened(runtime)
    await desk.conclude(runtime, LEAD, case, "explained", "Förklarat.")
    clock.forward(timedelta(days=5))
    await escalation.sweep(runtime)
    found = (await read(runtime, case)).listed.case
    assert (found.status, found.confirmed_at) == ("closed", None)


async def test_everybody_who_reported_is_told_once_when_it_is_solved(runtime: Runtime):
    case = await opened(runtime, "one", phone="+46701740001")
    assert await opened(runtime, "two", phone="+46701740002") == case
    assert await opened(runtime, "three", phone="+46701740001") == case
    await desk.conclude(runtime, LEAD, case, "solved_remotely", "Klart.")
    full = await read(runtime, case)
    assert len([m for m in full.messages if m["kind"] == "concluded"]) == 2


async def test_an_attachment_can_be_undone_and_done_again(runtime: Runtime):
    case = await opened(runtime, "one", phone="+46701740001")
    await opened(runtime, "two", phone="+46701740002")
    second = (await read(runtime, case)).reports[1]["id"]
    alone = await desk.detach(runtime, AMINA, case, second)
    assert [len((await read(runtime, c)).reports) for c in (case, alone)] == [1, 1]
    assert (await read(runtime, case)).listed.case.incident is False
    await desk.attach(runtime, AMINA, case, case=alone)
    full = await read(runtime, case)
    assert (len(full.reports), full.listed.case.incident) == (2, True)
    merged = await cases.find(runtime.db, alone)
    assert merged is not None
    assert (merged.status, merged.merged_into) == ("closed", case)
    with pytest.raises(Unknown):
        await desk.claim(runtime, AMINA, alone)
    with pytest.raises(Refused):
        await desk.split(runtime, AMINA, case, [row["id"] for row in full.reports])


async def test_the_timeline_cannot_be_changed(runtime: Runtime):
    import psycopg

    await opened(runtime)
    for statement in ("UPDATE timeline SET kind = 'x'", "DELETE FROM timeline", "TRUNCATE timeline"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            await runtime.db.run(statement)  # type: ignore[arg-type]


async def test_nobody_concludes_twice(runtime: Runtime):
    case = await opened(runtime)
    await desk.conclude(runtime, SYSTEM, case, "other", "x")
    with pytest.raises(Refused):
        await desk.conclude(runtime, SYSTEM, case, "other", "x")
    with pytest.raises(Refused):
        await desk.conclude(runtime, SYSTEM, case, "nonsense", "x")


async def test_a_merged_case_comes_back_with_all_its_reports(runtime: Runtime):
    first, second = await opened(runtime, "k1"), await opened(runtime, "k2", charger="22809", phone="+46701740002")
    report = (await read(runtime, second)).reports[0]["id"]
    await desk.attach(runtime, AMINA, first, case=second)
    assert (await read(runtime, second)).listed.case.merged_into == first
    assert await desk.detach(runtime, BO, first, report) == second
    back = await read(runtime, second)
    assert (back.listed.case.status, back.listed.case.merged_into, len(back.reports)) == ("open", None, 1)
    assert back.listed.case.due_first_response
    await desk.claim(runtime, BO, second)
    assert len((await read(runtime, first)).reports) == 1
    given = {"case": second}
    corrections = await runtime.db.rows("SELECT * FROM corrections WHERE field = 'case' ORDER BY id", given)
    assert [(row["before"], row["after"]) for row in corrections] == [
        (str(second), str(first)),
        (str(first), str(second)),
    ]


async def test_a_suggestion_is_taken_or_turned_down_and_both_can_be_undone(runtime: Runtime):
    first, second = await opened(runtime, "k1"), await opened(runtime, "k2", charger="22809", phone="+46701740002")
    report = (await read(runtime, second)).reports[0]["id"]
    async with runtime.db.connection() as conn:
        await conn.execute("UPDATE reports SET suggested = %(c)s WHERE id = %(r)s", {"c": first, "r": report})
    for case in (first, second):
        (told,) = (await beside(runtime.db, case, None)).suggestions
        assert (told["report"], told["holder"], told["suggested"]) == (report, second, first)
    assert await desk.different(runtime, AMINA, report) == second
    assert (await beside(runtime.db, second, None)).suggestions[0]["declined_by"] == "a01"
    assert await desk.same(runtime, BO, report) == first
    assert (await beside(runtime.db, first, None)).suggestions == []
    with pytest.raises(Refused):
        await desk.same(runtime, BO, report)
    assert await desk.detach(runtime, BO, first, report) == second
    assert kinds(await read(runtime, second)).count("suggestion_declined") == 1


async def test_a_colleague_named_in_a_note_is_called_until_they_looked(runtime: Runtime):
    case = await opened(runtime)
    await desk.note(runtime, AMINA, case, "Can @a02 or @nobody look? mail@a03.example", ["a04"])
    assert [await views.mentioned(runtime.db, agent) for agent in ("a02", "a03", "a04")] == [1, 0, 1]
    found, total = await worklist.work(runtime.db, called="a02")
    assert (total, found[0].case.id) == (1, case)
    await views.seen(runtime.db, "a02", case, NOON)
    assert await views.mentioned(runtime.db, "a02") == 0
    assert (await read(runtime, case)).timeline[-1]["data"]["mentions"] == ["a02", "a04"]


async def test_nothing_is_done_from_afar_where_there_is_danger(runtime: Runtime):
    case = await opened(runtime)
    answer = await desk.restart(runtime, AMINA, case)
    told = (await read(runtime, case)).timeline[-1]
    assert (told["kind"], told["data"]["answer"], told["data"]["charger"]) == ("remote_action", answer, "21007")
    await desk.correct(runtime, AMINA, case, reason="it smokes", category="safety", priority="P1")
    for verb in (desk.restart(runtime, AMINA, case), desk.unlock(runtime, AMINA, case, 1)):
        with pytest.raises(Refused):
            await verb


async def test_clocks_stand_still_while_the_customer_is_waited_for_and_the_sum_of_intervals_is_the_target(
    runtime: Runtime, clock: SetClock
):
    case = await opened(runtime)
    await desk.claim(runtime, AMINA, case)
    clock.forward(timedelta(hours=1))
    await desk.reply(runtime, AMINA, case, "Vilken bil har du?")
    before = (await read(runtime, case)).listed.case
    assert before.due_solution is not None
    await desk.wait(runtime, AMINA, case, clock.now() + timedelta(days=2), "kunden svarar")
    waiting = (await read(runtime, case)).listed.case
    assert waiting.due_solution == before.due_solution + timedelta(days=2)
    clock.forward(timedelta(hours=30))
    await escalation.sweep(runtime)
    assert (await read(runtime, case)).listed.case.status == "waiting"
    assert await opened(runtime, "answer") == case
    await escalation.sweep(runtime)
    after = await read(runtime, case)
    found = after.listed.case
    assert found.status == "assigned"
    start, end = (entry["at"] for entry in after.timeline if entry["kind"] in ("waiting", "resumed"))
    rules = runtime.rules()
    assert found.due_solution is not None
    ran = [(found.opened_at, start), (end, found.due_solution)]
    promise = targets(rules.sla, Priority.P3, found.sla_level).solution
    assert sla.ran(ran, Priority.P3, found.sla_level, found.timezone, rules) == promise
    await desk.correct(runtime, AMINA, case, reason="hela", category="offline", priority="P2")
    corrected = (await read(runtime, case)).listed.case
    assert corrected.due_solution is not None
    ran = [(found.opened_at, start), (end, corrected.due_solution)]
    promise = targets(rules.sla, Priority.P2, corrected.sla_level).solution
    assert sla.ran(ran, Priority.P2, corrected.sla_level, corrected.timezone, rules) == promise


async def test_everybody_is_warned_before_a_target_and_told_each_change_of_the_expected_time(
    runtime: Runtime, clock: SetClock
):
    case = await opened(runtime, "one", phone="+46701740001")
    await opened(runtime, "two", phone="+46701740002")
    await asyncio.gather(escalation.sweep(runtime), escalation.sweep(runtime))
    assert not {"warned", "breached", "expected_changed"} & set(kinds(await read(runtime, case)))
    due = (await read(runtime, case)).listed.case.due_first_response
    assert due is not None
    for moment, warned, breached in (
        (due - timedelta(minutes=10), 1, 0),
        (due, 1, 1),
        (due + timedelta(hours=1), 1, 1),
    ):
        clock.put(moment)
        await asyncio.gather(escalation.sweep(runtime), escalation.sweep(runtime))
        said = [(e["kind"], e["data"]["target"]) for e in (await read(runtime, case)).timeline if "target" in e["data"]]
        assert (said.count(("warned", "first_response")), said.count(("breached", "first_response"))) == (
            warned,
            breached,
        )
    await desk.correct(runtime, LEAD, case, reason="hela", category="offline", priority="P2")
    for _ in range(2):
        await asyncio.gather(escalation.sweep(runtime), escalation.sweep(runtime))
    full = await read(runtime, case)
    assert kinds(full).count("expected_changed") == 1
    assert len([m for m in full.messages if m["kind"] == "expected_changed"]) == 2


async def test_an_incident_is_closed_when_each_of_its_reporters_said_yes_and_each_is_asked_how_it_went(
    runtime: Runtime, clock: SetClock
):
    case = await opened(runtime, "one", phone="+46701740001")
    await opened(runtime, "two", phone="+46701740002")
    first, second = (report["id"] for report in (await read(runtime, case)).reports)
    await desk.conclude(runtime, LEAD, case, "solved_remotely", "Omstartad.")
    for _ in range(2):
        await desk.confirm(runtime, CUSTOMER, case, True, first)
    assert (await read(runtime, case)).listed.case.status == "concluded"
    await desk.confirm(runtime, CUSTOMER, case, True, second)
    full = await read(runtime, case)
    assert (full.listed.case.status, kinds(full).count("confirmed"), kinds(full).count("closed")) == ("closed", 2, 1)
    assert await desk.rate(runtime, CUSTOMER, case, second, 4, "kanariefågel sjöng")
    assert not await desk.rate(runtime, CUSTOMER, case, second, 1)
    rated = [entry for entry in (await read(runtime, case)).timeline if entry["kind"] == "rated"]
    assert [(entry["report_id"], entry["data"]) for entry in rated] == [(second, {"rating": 4, "of": 5})]

    clock.forward(timedelta(hours=1))
    await desk.confirm(runtime, CUSTOMER, case, False, first)
    await desk.conclude(runtime, LEAD, case, "solved_remotely", "Nu så.")
    await desk.confirm(runtime, CUSTOMER, case, True, first)
    clock.forward(timedelta(days=5))
    await escalation.sweep(runtime)
    full = await read(runtime, case)
    assert full.listed.case.confirmed_at == clock.now()
    asked = [entry["report_id"] for entry in full.timeline if entry["kind"] == "survey_asked"]
    assert sorted(asked) == [first, first, second]
    assert [m for m in full.messages if m["kind"] == "closed"] == []


async def test_a_reopened_case_goes_to_the_same_people_or_to_the_front(runtime: Runtime, clock: SetClock):
    async def item(case: int) -> tuple[object, ...]:
        query = "SELECT state, agent_id FROM work_items WHERE case_id = %(case)s AND state <> 'done'"
        row = await runtime.db.row(query, {"case": case})
        assert row is not None
        return tuple(row.values())

    case = await opened(runtime)
    await set_activity(runtime, "a01", "available")
    for expected in ("a01", None):
        await desk.claim(runtime, AMINA, case)
        await desk.conclude(runtime, AMINA, case, "explained", "Förklarat.")
        await desk.confirm(runtime, CUSTOMER, case, False)
        assert (await read(runtime, case)).listed.case.assignee == expected
        assert await item(case) == (("taken", "a01") if expected else ("waiting", None))
        await set_activity(runtime, "a01", "offline")
    other = await opened(runtime, "other", charger="22809", phone="+46701740009")
    rows = await runtime.db.rows("SELECT case_id FROM work_items WHERE state = 'waiting' ORDER BY priority, due_at")
    assert [row["case_id"] for row in rows] == [case, other]


async def heard(runtime: Runtime, key: str, sender: Sender, **more: Any) -> int | None:
    report = Report(Channel.EMAIL, key, NOON, "Laddare 21052 startar inte, felkod 12 på skärmen.", sender)
    return parse((await runtime.intake.accept(replace(report, **more))).case)


async def test_a_reply_goes_to_whom_it_was_written_and_not_to_who_came_in_meanwhile(runtime: Runtime):
    case = await heard(runtime, "a", Sender(name="Anna", email="anna@example.com"))
    assert case is not None
    assert await heard(runtime, "b", Sender(name="Bertil", email="bertil@example.com")) == case
    phoned = {"channel": Channel.PHONE, "text": "Laddare 21052 startar inte, felkod 12."}
    assert await heard(runtime, "c", Sender(name="Cilla", phone="+46701234567"), **phoned) == case
    for to in ("anna@example.com", "+46701234567", "bertil@example.com"):
        await desk.reply(runtime, AMINA, case, "Hej!", to=to)
    with pytest.raises(Refused) as refused:
        await desk.reply(runtime, AMINA, case, "Hej Bertil!", "email")
    assert "to" in refused.value.fields
    with pytest.raises(desk.Overtaken):
        await desk.reply(runtime, AMINA, case, "Hej!", to="dora@example.com")
    full = await read(runtime, case)
    sent = [(m["channel"], m["recipient"], m["report_id"]) for m in full.messages if m["kind"] == "reply"]
    first, second, third = (report["id"] for report in full.reports)
    assert sent == [
        ("email", "anna@example.com", first),
        ("sms", "+46701234567", third),
        ("email", "bertil@example.com", second),
    ]


async def test_those_who_look_like_spam_can_be_answered_but_come_last(runtime: Runtime):
    rows = [
        {"id": n, "person_id": None, "channel": "email", "language": "sv", "flags": flags, "sender_name": None}
        | {"sender_email": f"{n}@example.com", "sender_phone": None, "reply_to": None, "copies": None}
        for n, flags in ((4, ["spam"]), (3, []), (2, ["auto_reply"]), (1, []))
    ]
    assert [one.report for one in desk.recipients(rows)] == [3, 1, 4]


async def test_a_ready_made_reply_with_a_gap_is_not_sent_until_it_is_filled(runtime: Runtime):
    case = await opened(runtime)
    for reply in read_replies()["sv"]:
        words = reply.filled({"agent": "Amina", "case": "1000-8"})
        if "[…]" in words:
            with pytest.raises(Refused) as refused:
                await desk.reply(runtime, AMINA, case, words)
            assert "text" in refused.value.fields
    await desk.reply(runtime, AMINA, case, "Hej Anna! Vi ser på det …")
    assert [m["kind"] for m in (await read(runtime, case)).messages].count("reply") == 1
