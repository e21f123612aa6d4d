"""Who gets which work: the order of the waiting room and the longest idle of those who fit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.offers import Item, Kind, Worker, choose, order

NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)
ITEM = Item(1, Kind.CASE, "P3", None, NOON - timedelta(seconds=1), 1)
WORKER = Worker(
    "a01", 1, frozenset({"sv", "en"}), frozenset({"voice"}), None, "available", NOON - timedelta(minutes=5), 1, 4
)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_order_is_priority_then_due_then_arrival():
    late = replace(ITEM, id=2, due=after(60))
    early = replace(ITEM, id=3, due=after(30))
    urgent = replace(ITEM, id=4, priority="P1")
    first = replace(ITEM, id=5, due=after(30), arrived=NOON - timedelta(hours=1))
    assert [i.id for i in order([ITEM, late, early, urgent, first], NOON)] == [4, 5, 3, 2, 1]


def test_a_call_back_keeps_its_place():
    call = replace(ITEM, id=2, kind=Kind.CALL, due=after(90), arrived=NOON - timedelta(seconds=10))
    back = replace(ITEM, id=3, kind=Kind.CALLBACK, due=after(90), arrived=NOON - timedelta(minutes=10))
    assert [i.id for i in order([call, back], NOON)] == [3, 2]


@given(st.permutations(range(6)))
def test_the_order_of_arrival_in_memory_changes_nothing(places: list[int]):
    items = [replace(ITEM, id=i, due=after(i % 3), priority=f"P{i % 2 + 1}") for i in range(6)]
    assert order([items[i] for i in places], NOON) == order(items, NOON)


def test_the_longest_idle_gets_it_and_the_reason_says_so():
    longer = replace(WORKER, id="a02", idle_since=NOON - timedelta(minutes=9))
    choice = choose(ITEM, [WORKER, longer], NOON)
    assert choice.agent == "a02"
    assert choice.reasons[0].data == {"agent": "a02", "seconds": 540, "fit": 2}


@pytest.mark.parametrize(
    "busy",
    [
        {"activity": "away"},
        {"activity": "offline"},
        {"calls": 1},
        {"cases": 4},
    ],
)
def test_who_has_no_room_gets_nothing(busy: dict[str, object]):
    assert choose(ITEM, [replace(WORKER, **busy)], NOON).agent is None  # type: ignore[arg-type]


def test_who_works_on_cases_may_get_a_call_but_not_two():
    call = replace(ITEM, kind=Kind.CALL)
    assert choose(call, [replace(WORKER, cases=4)], NOON).agent == "a01"
    assert choose(call, [replace(WORKER, calls=1)], NOON).agent is None
    assert choose(call, [replace(WORKER, max_calls=0)], NOON).agent is None


def test_language_is_let_go_with_waiting():
    finnish = replace(ITEM, kind=Kind.CALL, language="fi")
    assert choose(finnish, [WORKER], NOON).reasons[0].code == "nobody_fits"
    relaxed = choose(finnish, [WORKER], after(46))
    assert relaxed.agent == "a01"
    assert [r.code for r in relaxed.reasons] == ["longest_idle", "relaxed_language"]


def test_danger_waits_for_no_language():
    assert choose(replace(ITEM, priority="P1", language="fi"), [WORKER], NOON).agent == "a01"


def test_own_line_comes_before_another():
    second = replace(WORKER, id="b01", line=2, idle_since=NOON - timedelta(hours=5))
    assert choose(replace(ITEM, priority="P1"), [second, WORKER], NOON).agent == "a01"


def test_who_passed_is_asked_last():
    longer = replace(WORKER, id="a02", idle_since=NOON - timedelta(minutes=9))
    passed = replace(ITEM, passed=frozenset({"a02"}))
    assert choose(passed, [WORKER, longer], NOON).agent == "a01"
    assert choose(passed, [longer], NOON).agent == "a02"


def test_nobody_is_a_reason_too():
    assert choose(ITEM, [], NOON).reasons[0].code == "nobody_free"
