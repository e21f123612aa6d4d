"""A foretold wait is that of the caller's own queue and of those who serve it, and nothing where nothing is known."""

from __future__ import annotations

import heapq
import random
from itertools import pairwise

import pytest

from measuring.expected import Before, Crew, Pace, expected

FIVE = Pace(handling=300.0)


def crew(*queues: str, agents: int, free: int = 0) -> Crew:
    return Crew(frozenset(queues), agents, free)


def test_nobody_who_serves_or_too_few_calls_tell_nothing() -> None:
    ahead = {"helpdesk": Before(3)}
    assert expected("helpdesk", ahead, [], FIVE) is None
    assert expected("helpdesk", ahead, [crew("billing", agents=4)], FIVE) is None
    assert expected("helpdesk", ahead, [crew(agents=4)], Pace()) is None


def test_a_line_of_another_queues_agents_is_not_ones_own() -> None:
    crews = [crew("helpdesk", agents=2), crew("billing", agents=1)]
    before = {"billing": Before(40)}
    assert expected("helpdesk", before, crews, FIVE) == 150
    assert expected("billing", before, crews, FIVE) == 41 * 300
    assert expected("helpdesk", before, [crew(agents=3)], FIVE) == 41 * 100


def test_who_is_ahead_in_a_queue_that_shares_agents_counts_by_the_share() -> None:
    crews = [crew("helpdesk", agents=1), crew("helpdesk", "billing", agents=1), crew("billing", agents=3)]
    assert expected("helpdesk", {"billing": Before(8)}, crews, FIVE) == pytest.approx((8 / 4 + 1) * 150)
    assert expected("helpdesk", {"nobodys": Before(8)}, crews, FIVE) == 150


def test_free_agents_and_whom_they_are_rung_for_cost_no_time() -> None:
    assert expected("helpdesk", {}, [crew(agents=3, free=1)], FIVE) == 0
    assert expected("helpdesk", {"helpdesk": Before(1)}, [crew(agents=3, free=1)], FIVE) == 100
    assert expected("helpdesk", {"helpdesk": Before(1, offered=2)}, [crew(agents=3)], FIVE) == 200
    assert Before(1, 2, 3).all == 6


def test_callers_who_may_hang_up_shorten_it_and_call_backs_do_not() -> None:
    pace = Pace(300.0, 120.0)
    waits = [
        expected("helpdesk", {"helpdesk": Before(calls, 6 - calls)}, [crew(agents=2)], pace) for calls in (0, 3, 6)
    ]
    assert waits[0] == 7 * 150
    assert all(longer > shorter for longer, shorter in pairwise(wait or 0 for wait in waits))


@pytest.mark.parametrize(("agents", "ahead", "patience"), [(1, 2, None), (3, 5, None), (4, 9, 200.0), (8, 20, 90.0)])
def test_it_is_the_mean_of_what_callers_meet(agents: int, ahead: int, patience: float | None) -> None:
    chance = random.Random(agents * 100 + ahead)
    waits = [_wait(chance, agents, ahead, 240.0, patience) for _ in range(4000)]
    told = expected("helpdesk", {"helpdesk": Before(ahead)}, [crew(agents=agents)], Pace(240.0, patience))
    assert told == pytest.approx(sum(waits) / len(waits), rel=0.05)


def _wait(chance: random.Random, agents: int, ahead: int, handling: float, patience: float | None) -> float:
    """Of one caller behind others, while all talk: played through."""
    talks = [chance.expovariate(1 / handling) for _ in range(agents)]
    heapq.heapify(talks)
    for _ in range(ahead):
        willing = chance.expovariate(1 / patience) if patience else float("inf")
        if willing > talks[0]:
            heapq.heapreplace(talks, talks[0] + chance.expovariate(1 / handling))
    return talks[0]
