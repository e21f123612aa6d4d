"""What is to come: arrivals by half hour and weekday, from what came in the weeks before. Pure.

The forecast of a half hour is a weighted mean of the same half hour of earlier weeks (halved every four weeks), drawn
towards the mean of its neighbours while there are few weeks. Its interval is that of a negative binomial count with the
dispersion seen: days differ more than chance alone would have it. Times are local, so that a half hour is the same half
hour in summer and winter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

SLOTS = 48
HALF_LIFE = 4.0  # weeks
NEIGHBOURS = 1.0  # how many weeks' worth the neighbours count for


@dataclass(frozen=True, slots=True)
class Expected:
    """Arrivals expected in a half hour, and the 80 % interval of what may come."""

    mean: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Tested:
    """How an earlier forecast of a week came out: over all half hours that the centre was asked about."""

    week: date  # its Monday
    arrived: int
    expected: float
    error: float | None  # sum of absolute errors / arrived (WAPE); None when nobody came
    covered: float  # share of half hours inside their interval


def forecast(arrived: Mapping[tuple[date, int], int], begin: date, monday: date) -> list[list[Expected]]:
    """Seven days of 48 half hours for the week of `monday`, from what arrived in the days [begin, monday)."""
    weeks = _weeks(begin, monday)
    means = [[0.0] * SLOTS for _ in range(7)]
    for weekday in range(7):
        plain = [_mean(arrived, weeks, monday, weekday, slot) for slot in range(SLOTS)]
        for slot in range(SLOTS):
            near = (plain[slot - 1] + plain[(slot + 1) % SLOTS] + plain[slot]) / 3
            means[weekday][slot] = (plain[slot] * len(weeks) + near * NEIGHBOURS) / (len(weeks) + NEIGHBOURS)
    spread = _dispersion(arrived, weeks, monday, means)
    return [[_expected(mean, spread) for mean in day] for day in means]


def back_test(arrived: Mapping[tuple[date, int], int], begin: date, monday: date, weeks: int = 4) -> list[Tested]:
    """Each of the last whole weeks before `monday`, forecast from what was known before it."""
    found = []
    for back in range(weeks, 0, -1):
        week = monday - timedelta(weeks=back)
        if week - timedelta(weeks=1) < begin:
            continue
        said = forecast(arrived, begin, week)
        pairs = [
            (arrived.get((week + timedelta(days=weekday), slot), 0), said[weekday][slot])
            for weekday in range(7)
            for slot in range(SLOTS)
        ]
        came = sum(one for one, _ in pairs)
        wrong = math.fsum(abs(one - expected.mean) for one, expected in pairs)
        inside = sum(expected.low <= one <= expected.high for one, expected in pairs)
        expected = math.fsum(expected.mean for _, expected in pairs)
        found.append(Tested(week, came, expected, wrong / came if came else None, inside / len(pairs)))
    return found


def _weeks(begin: date, monday: date) -> Sequence[int]:
    """How many weeks back, of those that lie wholly in what is known."""
    return range(1, max(0, (monday - begin).days // 7) + 1)


def _mean(
    arrived: Mapping[tuple[date, int], int], weeks: Sequence[int], monday: date, weekday: int, slot: int
) -> float:
    weights = [0.5 ** ((back - 1) / HALF_LIFE) for back in weeks]
    counts = [arrived.get((monday + timedelta(days=weekday - 7 * back), slot), 0) for back in weeks]
    return math.fsum(w * c for w, c in zip(weights, counts, strict=True)) / math.fsum(weights) if weights else 0.0


def _dispersion(
    arrived: Mapping[tuple[date, int], int], weeks: Sequence[int], monday: date, means: Sequence[Sequence[float]]
) -> float:
    """The variance beyond chance, as r of var = mean + mean² / r; infinite when chance explains it."""
    beyond, squared = 0.0, 0.0
    for back in weeks:
        for weekday in range(7):
            for slot in range(SLOTS):
                mean = means[weekday][slot]
                came = arrived.get((monday + timedelta(days=weekday - 7 * back), slot), 0)
                beyond += (came - mean) ** 2 - mean
                squared += mean * mean
    return squared / beyond if beyond > 0 and squared > 0 else math.inf


def _expected(mean: float, spread: float) -> Expected:
    return Expected(mean, _count_at(mean, spread, 0.1), _count_at(mean, spread, 0.9))


def _count_at(mean: float, spread: float, share: float) -> int:
    """The smallest count reached with probability `share`: negative binomial, Poisson when `spread` is infinite."""
    if mean <= 0:
        return 0
    plain = math.isinf(spread)
    chance = math.exp(-mean if plain else spread * math.log(spread / (spread + mean)))
    total, n = chance, 0
    while total < share and n < 10_000:
        ratio = mean / (n + 1) if plain else (n + spread) / (n + 1) * mean / (spread + mean)
        chance *= ratio
        total += chance
        n += 1
    return n
