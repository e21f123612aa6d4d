"""A report of a call and the turn that its receipt leads to: written in one transaction, or the report alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from channels.phone_ports import Taken
from channels.report import Channel, NotStored, Outcome, Receipt
from gateway import intake
from gateway.record.calls import RecordedCalls
from gateway.runtime import Runtime
from tests.record.conftest import NOON
from tests.record.test_intake import report

SID = "CA1"
BEFORE = Taken(SID, 3, NOON, "asked", "sv", {"node": "asked"}, "<asked/>", "+46701740001", "+46313900100", None)
CALL = report(SID, channel=Channel.PHONE, call_sid=SID)


@pytest.fixture
async def calls(runtime: Runtime) -> RecordedCalls:
    calls = RecordedCalls(runtime.db, runtime.clock)
    await calls.save(BEFORE)
    return calls


def telling(turn: int = 4, answer: str = "<your number is {case}/>", sid: str = SID) -> Callable[[Receipt], Taken]:
    def following(receipt: Receipt) -> Taken:
        told = answer.format(case=receipt.case)
        state = {"node": "told", "facts": {"case": receipt.case}}
        return replace(
            BEFORE, sid=sid, turn=turn, answer=told, state=state, report=receipt.report, case=receipt.case, caller=None
        )

    return following


async def test_a_report_and_the_answer_that_tells_its_number_are_written_together(
    runtime: Runtime, calls: RecordedCalls
) -> None:
    receipt, taken = await runtime.intake.file(CALL, telling())
    assert taken is not None
    loaded = await calls.load(SID, 4)
    assert (loaded.turn, loaded.answer) == (4, f"<your number is {receipt.case}/>")
    assert loaded.state == {"node": "told", "facts": {"case": receipt.case}}
    call = await runtime.db.row("SELECT report_id, case_id IS NOT NULL AS told FROM calls")
    assert call == {"report_id": receipt.report, "told": True}


async def test_before_a_commit_that_never_comes_neither_is_there(
    runtime: Runtime, calls: RecordedCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise intake.Unavailable("away")

    monkeypatch.setattr(intake, "plan_again", away)  # after everything was sent
    with pytest.raises(NotStored):
        await runtime.intake.file(CALL, telling())
    assert (await calls.load(SID, 4)).answer is None
    assert await runtime.db.row("SELECT FROM reports") is None


@pytest.mark.parametrize("turn", [3, 5])
async def test_where_another_turn_was_the_last_the_report_is_kept_and_the_turn_is_not(
    runtime: Runtime, calls: RecordedCalls, turn: int
) -> None:
    receipt, taken = await runtime.intake.file(CALL, telling(turn))
    assert (receipt.outcome, taken) == (Outcome.OPENED, None)
    assert ((await calls.load(SID, turn)).answer or "<asked/>", (await calls.load(SID, turn)).turn) == ("<asked/>", 3)


async def test_what_was_filed_before_leads_to_its_turn_as_well(runtime: Runtime, calls: RecordedCalls) -> None:
    first = await runtime.intake.accept(CALL)
    receipt, taken = await runtime.intake.file(CALL, telling())
    assert (receipt.outcome, receipt.case) == (Outcome.REPEATED, first.case)
    assert taken is not None
    assert (await calls.load(SID, 4)).answer == taken.answer


async def test_a_turn_that_cannot_be_written_takes_neither_its_report_nor_a_neighbour_down(
    runtime: Runtime, calls: RecordedCalls
) -> None:
    await calls.save(replace(BEFORE, sid="CA2"))
    others = replace(CALL, key="CA2", call_sid="CA2")
    (bad, taken), (good, written) = await asyncio.gather(
        runtime.intake.file(CALL, telling(answer="no text holds \0")),
        runtime.intake.file(others, telling(sid="CA2")),
    )
    assert taken is None
    assert written is not None
    rows = await runtime.db.rows("SELECT id, quarantined FROM reports ORDER BY id")
    assert rows == [{"id": one, "quarantined": None} for one in sorted((bad.report, good.report))]
    assert (await calls.load("CA2", 4)).answer == f"<your number is {good.case}/>"
