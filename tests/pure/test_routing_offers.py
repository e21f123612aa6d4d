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


def test_an_agents_reach_is_never_let_go():
    waited = NOON + timedelta(days=3)
    item = replace(ITEM, queue="billing", site="s1")
    for reach in ({"queues": frozenset({"helpdesk"})}, {"sites": frozenset({"s2"})}):
        assert choose(item, [replace(WORKER, **reach)], waited).agent is None
    mine = replace(WORKER, queues=frozenset({"billing"}), sites=frozenset({"s1", "s2"}))
    assert choose(item, [mine], waited).agent == WORKER.id


QUEUES = st.sampled_from(["helpdesk", "billing", "operations"])
ITEMS = st.builds(
    Item,
    id=st.just(0),
    kind=st.sampled_from(Kind),
    priority=st.sampled_from(["P1", "P2", "P3", "P4"]),
    due=st.none() | st.integers(-600, 600).map(after),
    arrived=st.integers(-9000, 0).map(after),
    line=st.integers(1, 3),
    language=st.sampled_from(["sv", "en", "fi"]),
    skills=st.frozensets(st.sampled_from(["voice", "ocpp"])),
    region=st.none() | st.sampled_from(["north", "west"]),
    passed=st.frozensets(st.sampled_from(["w0", "w1", "w2"])),
    queue=QUEUES,
)
WORKERS = st.builds(
    Worker,
    id=st.just(""),
    line=st.integers(1, 3),
    languages=st.frozensets(st.sampled_from(["sv", "en", "fi"]), min_size=1),
    skills=st.frozensets(st.sampled_from(["voice", "ocpp"])),
    region=st.none() | st.sampled_from(["north", "west"]),
    activity=st.sampled_from(["available", "available", "away", "offline"]),
    idle_since=st.integers(-900, 0).map(after),
    max_calls=st.integers(0, 1),
    max_cases=st.integers(0, 3),
    calls=st.integers(0, 1),
    cases=st.integers(0, 3),
    queues=st.frozensets(QUEUES, max_size=2),
)


@given(st.lists(ITEMS, max_size=12), st.lists(WORKERS, max_size=6))
def test_a_waiting_room_is_emptied_in_order_and_nobody_gets_two_or_is_passed_over(
    given_items: list[Item], given_workers: list[Worker]
):
    items = [replace(item, id=n) for n, item in enumerate(given_items)]
    free = {f"w{n}": replace(worker, id=f"w{n}") for n, worker in enumerate(given_workers)}
    left, taken = [], {}
    for item in order(items, NOON):
        choice = choose(item, list(free.values()), NOON)
        if choice.agent is None:
            left.append(item)
            continue
        worker = free.pop(choice.agent)
        taken[worker.id] = item
        assert worker.has_room(item.kind)
        assert not worker.queues or item.queue in worker.queues
        same = [w for w in free.values() if replace(w, idle_since=worker.idle_since, id=worker.id) == worker]
        assert all(w.idle_since >= worker.idle_since for w in same if w.id not in item.passed), "longest idle first"
    assert len(left) + len(taken) == len(items)
    for item in left:
        assert choose(item, list(free.values()), NOON).agent is None, "nobody who is free was passed over"
