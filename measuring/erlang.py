"""How many people a queue needs: Erlang C (nobody hangs up) and Erlang A (everybody has some patience). Pure.

Erlang A is M/M/n+M: Poisson arrivals, exponential handling and patience (Palm 1957; Garnett, Mandelbaum, Reiman 2002).
Both are computed from their birth-and-death chain, by ratios that neither overflow nor lose digits. Times are seconds,
rates are per second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

MOST = 400  # agents; beyond this the question is another one
NEGLIGIBLE = 1e-13


@dataclass(frozen=True, slots=True)
class Service:
    """What callers meet in the long run."""

    agents: int
    waits: float  # share of callers who wait at all
    average: float  # seconds in the queue, of all callers; infinite where the queue grows without end
    abandoned: float  # share of callers who hang up
    within: float  # share of all callers answered within the limit
    occupancy: float


def erlang_b(load: float, agents: int) -> float:
    """The share that finds all lines busy when nobody can wait."""
    inverse = 1.0
    for n in range(1, agents + 1):
        inverse = 1.0 + inverse * n / load if load else math.inf
    return 1.0 / inverse


def erlang_c(rate: float, handling: float, agents: int, within: float = 90.0) -> Service:
    """M/M/n: everybody waits until served."""
    load = rate * handling
    if load >= agents:
        return Service(agents, 1.0, math.inf, 0.0, 0.0, 1.0)
    blocked = erlang_b(load, agents)
    waits = blocked / (1 - load / agents * (1 - blocked)) if agents else 1.0
    average = waits * handling / (agents - load)
    late = waits * math.exp(-(agents - load) * within / handling)
    return Service(agents, waits, average, 0.0, 1 - late, load / agents)


def erlang_a(rate: float, handling: float, patience: float, agents: int, within: float = 90.0) -> Service:
    """M/M/n+M: whoever waits hangs up at the rate 1 / patience."""
    if rate <= 0:
        return Service(agents, 0.0, 0.0, 0.0, 1.0, 0.0)
    states = _states(rate, 1 / handling, 1 / patience, agents)
    waiting = sum((n - agents) * share for n, share in enumerate(states) if n > agents)
    waits = math.fsum(states[agents:])
    busy = math.fsum(min(n, agents) * share for n, share in enumerate(states))
    abandoned = waiting / patience / rate
    answered = math.fsum(
        share * (1.0 if n < agents else _served_within(n - agents, agents / handling, 1 / patience, within))
        for n, share in enumerate(states)
        if share > NEGLIGIBLE
    )
    return Service(agents, waits, waiting / rate, abandoned, answered, busy / agents if agents else 0.0)


def agents_for(good: Callable[[int], bool], least: int = 1) -> int | None:
    """The fewest agents with whom `good` holds; None beyond what anybody has."""
    return next((agents for agents in range(max(least, 1), MOST) if good(agents)), None)


def with_shrinkage(agents: int, shrinkage: float) -> int:
    """How many must be paid for so many to be there: breaks, training, illness. `shrinkage` below 1."""
    return math.ceil(agents / (1 - shrinkage) - 1e-9)


def _states(rate: float, served: float, lost: float, agents: int) -> list[float]:
    """The long-run share of time with n callers in the system, from the most likely state outwards."""
    ratios = [1.0]
    top, n = 1.0, 0
    while n < agents or ratios[-1] > NEGLIGIBLE * top:
        n += 1
        ratios.append(ratios[-1] * rate / (min(n, agents) * served + max(n - agents, 0) * lost))
        top = max(top, ratios[-1])
        if top > 1e200:
            ratios = [one / top for one in ratios]
            top = 1.0
        if n > 20_000:
            break
    whole = math.fsum(ratios)
    return [one / whole for one in ratios]


def _served_within(ahead: int, served: float, lost: float, limit: float) -> float:
    """Whether one who finds all busy and `ahead` waiting is served within `limit`, before losing patience.

    The wait lasts until `ahead + 1` have left before him, and he leaves himself at the rate `lost`: a pure death
    chain, solved by uniformisation.
    """
    top = served + (ahead + 1) * lost
    steps = top * limit
    # places: 0 = served, 1 and on = so many steps away from it; whoever hangs up is in none
    here = [0.0] * (ahead + 2)
    here[ahead + 1] = 1.0
    done, total, log_weight, k = 0.0, 0.0, -steps, 0
    most = int(steps + 12 * math.sqrt(steps + 1) + 20)
    while k <= most:
        weight = math.exp(log_weight) if log_weight > -745 else 0.0
        total += weight
        done += weight * here[0]
        if total > 1 - 1e-12:
            break
        following = [here[0], *[0.0] * (ahead + 1)]
        for place in range(1, ahead + 2):
            if not here[place]:
                continue
            on = served + (place - 1) * lost
            following[place - 1] += here[place] * on / top
            following[place] += here[place] * (top - on - lost) / top
        here = following
        k += 1
        log_weight += math.log(steps / k)
    return min(1.0, done)
