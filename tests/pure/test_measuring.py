"""Formulas against published values, simulation and plain arithmetic."""

from __future__ import annotations

import heapq
import math
import random
import struct
from array import array
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from measuring import arrivals, erlang, patience
from measuring.figures import KINDS, figures
from measuring.history import Entry, Fact, Where, facts
from measuring.hysteresis import Changes, Limit, Open, Sign, judge
from measuring.tally import SPREAD, Tally, unpacked
from measuring.waits import Waits, quantile, waits, wilson

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
HERE = Where("email", "helpdesk", 1, "P3", "basic", None, None, "sv", "Europe/Stockholm", "no_start", None)


def test_erlang_c_as_published() -> None:
    """Mitan's worked example: 360 calls in 30 minutes of 240 s, 55 agents, answered within 15 s."""
    found = erlang.erlang_c(360 / 1800, 240, 55, 15)
    assert found.waits == pytest.approx(0.239, abs=0.0005)
    assert found.average == pytest.approx(8.18, abs=0.01)
    assert found.within == pytest.approx(0.846, abs=0.0005)
    assert found.occupancy == pytest.approx(0.873, abs=0.0005)
    assert erlang.erlang_b(20, 25) == pytest.approx(0.0502, abs=0.00005)  # Erlang's table


def test_erlang_a_as_published() -> None:
    """Garnett, Mandelbaum and Reiman 2002: 50 agents, 48 calls a minute of 1 minute, patience 2 minutes."""
    found = erlang.erlang_a(48 / 60, 60, 120, 50)
    assert found.abandoned == pytest.approx(0.031, abs=0.0005)
    assert found.average == pytest.approx(3.7, abs=0.05)
    without = erlang.erlang_c(48 / 60, 60, 50)
    assert without.average == pytest.approx(20.8, abs=0.05)


def test_erlang_a_with_endless_patience_is_erlang_c() -> None:
    impatient, patient = erlang.erlang_a(10 / 3600, 300, 1e9, 2, 90), erlang.erlang_c(10 / 3600, 300, 2, 90)
    for name in ("waits", "average", "within", "occupancy"):
        assert getattr(impatient, name) == pytest.approx(getattr(patient, name), rel=1e-5)


@pytest.mark.parametrize(("per_hour", "handling", "mean_patience", "agents"), [(40, 300, 180, 4), (20, 420, 120, 2)])
def test_erlang_a_agrees_with_a_simulation(per_hour: float, handling: float, mean_patience: float, agents: int) -> None:
    """60,000 callers through a queue of ours; two per cent of a share, two seconds of a wait."""
    chance, rate = random.Random(5), per_hour / 3600
    free = [0.0] * agents
    clock, waited, left, within = 0.0, 0.0, 0, 0
    callers = 60_000
    for _ in range(callers):
        clock += chance.expovariate(rate)
        start, willing = max(clock, free[0]), chance.expovariate(1 / mean_patience)
        if start - clock > willing:
            left += 1
            waited += willing
            continue
        waited += start - clock
        within += start - clock <= 90
        heapq.heapreplace(free, start + chance.expovariate(1 / handling))
    told = erlang.erlang_a(rate, handling, mean_patience, agents, 90)
    assert told.abandoned == pytest.approx(left / callers, abs=0.02)
    assert told.within == pytest.approx(within / callers, abs=0.02)
    assert told.average == pytest.approx(waited / callers, abs=2.0)


def test_agents_for_the_house_target_as_calculated_in_the_domain() -> None:
    """Erlang C, 90 s on average at 300 s of handling: 2, 3, 5, 9 agents for 10, 20, 40, 80 calls an hour."""
    needed = [
        erlang.agents_for(lambda n, rate=rate: erlang.erlang_c(rate / 3600, 300, n).average <= 90)  # type: ignore[misc]
        for rate in (10, 20, 40, 80)
    ]
    assert needed == [2, 3, 5, 9]
    assert erlang.with_shrinkage(7, 0.3) == 10
    assert erlang.agents_for(lambda n: False) is None
    assert erlang.erlang_a(0, 300, 180, 1).within == 1.0
    assert erlang.erlang_c(1, 300, 10).average == math.inf


@given(some.lists(some.integers(0, 10**9), max_size=40), some.lists(some.integers(0, 10**9), max_size=20))
def test_quantiles_are_those_of_a_plain_product_limit(ended: list[int], lost: list[int]) -> None:
    of = waits(ended, lost)
    for share in (0.1, 0.5, 0.9, 0.99, 1.0):
        left, waiting, expected = 1.0, len(ended) + len(lost), None
        for wait, gone in sorted([(one, 0) for one in ended] + [(one, 1) for one in lost]):
            if not gone:
                left *= 1 - 1 / waiting
                if expected is None and 1 - left >= share - 1e-9:
                    expected = wait
            waiting -= 1
        assert quantile(of, share) == expected
    assert quantile(Waits(), 0.5) is None


@given(some.lists(some.lists(some.integers(0, 2**62)), max_size=6))
def test_days_added_up_are_the_whole(days: list[list[int]]) -> None:
    whole = Tally()
    for day in days:
        whole.merge(Tally(len(day), ended=unpacked(struct.pack(f">{len(day)}q", *day))))
    assert list(whole.waits.ended) == sorted(one for day in days for one in day)


def test_what_keeps_no_waits_tells_no_quantiles() -> None:
    """A tally without its waits says the same as one with them, of every kind but those whose waits are kept."""
    for kind in KINDS:
        whole = Tally()
        for wait in (3, 80 * 10**6, 200 * 10**6):
            whole.add(Fact(kind, AT, HERE, ended=wait, met=True))
            whole.add(Fact(kind, AT, HERE, lost=wait + 1))
        bare = replace(whole, ended=array("q"), lost=array("q"))
        assert (list(figures(None, {kind: whole})) == list(figures(None, {kind: bare}))) == (kind not in SPREAD)


def test_wilson_is_honest_about_few() -> None:
    low, high = wilson(9, 10) or (0, 0)
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)  # Newcombe 1998
    assert wilson(0, 0) is None


def test_patience_counts_those_who_were_answered() -> None:
    chance = random.Random(2)
    hung_up, answered = [], []
    for _ in range(4000):
        willing, offered = chance.expovariate(1 / 180), chance.expovariate(1 / 60)
        (hung_up if willing < offered else answered).append(int(min(willing, offered) * 1e6))
    told = patience.estimate(sum(hung_up) + sum(answered), len(hung_up), len(answered))
    assert told.mean == pytest.approx(180, rel=0.1)
    assert patience.estimate(6, 1, 2).mean is None


def test_a_forecast_learns_the_week_and_tells_its_own_error() -> None:
    chance, monday = random.Random(3), date(2026, 3, 30)  # the clocks went forward the day before
    moments = []
    for back in range(1, 9):
        for weekday in range(7):
            day = datetime.combine(monday + timedelta(days=weekday - 7 * back), datetime.min.time())
            for slot in range(48):
                mean = 6.0 if 16 <= slot < 34 and weekday < 5 else 1.0
                count = sum(chance.random() < mean / 20 for _ in range(20))
                moments += [day + timedelta(minutes=30 * slot + 5)] * count
    came = Counter((one.date(), one.hour * 2 + one.minute // 30) for one in moments)
    said = arrivals.forecast(came, monday - timedelta(weeks=8), monday)
    assert sum(one.mean for day in said[:5] for one in day[17:33]) / 80 == pytest.approx(6, rel=0.1)
    assert sum(one.mean for one in said[6]) / 48 == pytest.approx(1, rel=0.3)
    assert all(one.low <= one.mean <= one.high + 1 for day in said for one in day)
    tested = arrivals.back_test(came, monday - timedelta(weeks=8), monday)
    assert len(tested) == 4
    assert all(one.error is not None and one.error < 0.8 and one.covered > 0.7 for one in tested)
    nothing = arrivals.forecast({}, monday, monday)
    assert nothing[3][3] == arrivals.Expected(0.0, 0, 0)


def test_reports_that_moved_to_another_case_count_there_alone() -> None:
    opened = Entry(AT, "opened", "customer", None, 7, {"channel": "email"})
    moved = Entry(AT + timedelta(minutes=1), "detached", "agent", "a01", 7, {})
    assert facts([opened, moved], HERE) == []
    came = Entry(AT + timedelta(minutes=1), "attached", "agent", "a01", 8, {})
    whole = facts([opened, came], HERE)[-1]
    assert (whole.kind, whole.ended, whole.tags) == ("case", 2, ("incident",))
    assert facts([], HERE) == []


def test_an_alarm_is_told_once_after_it_has_lasted_and_ends_lower_than_it_began() -> None:
    limits = {"risk": Limit(75, 60, timedelta(minutes=2))}

    def look(value: float, standing: list[Open], minutes: float) -> Changes:
        return judge([Sign("risk", "", value)], standing, limits, AT + timedelta(minutes=minutes))

    begun = look(80, [], 0)
    assert (len(begun.begin), begun.tell) == (1, ())
    open_ = Open(1, "risk", "", AT, False)
    assert look(80, [open_], 1) == Changes((), (), ())
    assert look(70, [open_], 2).tell == ((open_, 70),)
    told = Open(1, "risk", "", AT, True)
    assert look(70, [told], 3) == Changes((), (), ())  # below where it began, not yet below where it ends
    assert look(59, [told], 4).end == (told,)
    assert judge([], [told], limits, AT).end == (told,)
    assert judge([], [Open(2, "gone", "", AT, True)], limits, AT).end
