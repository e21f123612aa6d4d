"""How long somebody in a line will wait, from who is before them and who serves. Pure.

With every server busy, and each free one taking whoever is first, people leave at the rate of the talks that end and
of those ahead who hang up: the expected wait is the sum of the times between (Whitt 1999; with impatience Ibrahim and
Whitt 2009). Whoever is ahead in another queue counts by the share of its servers who serve one's own queue too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ENOUGH = 5  # handled calls below which a mean says nothing


@dataclass(frozen=True, slots=True)
class Crew:
    """Servers with the same reach: the queues that they serve, none meaning all; how many, and how many are free."""

    queues: frozenset[str]
    agents: int
    free: int = 0

    def serves(self, queue: str) -> bool:
        return not self.queues or queue in self.queues


@dataclass(frozen=True, slots=True)
class Pace:
    """Of a queue lately: seconds that a call takes, wrap-up included, and that callers are willing to wait; None where
    too few tell."""

    handling: float | None = None
    patience: float | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """Who is ahead in a queue: on the line, who may hang up; to be called back, who cannot; and whom somebody is being
    rung for, who takes nobody else's time."""

    callers: int = 0
    callbacks: int = 0
    offered: int = 0

    @property
    def all(self) -> int:
        return self.callers + self.callbacks + self.offered


def expected(queue: str, before: Mapping[str, Before], crews: Sequence[Crew], pace: Pace) -> float | None:
    """Seconds until whoever is next behind `before` is served; None where nobody serves or too little is known."""
    serving = sum(crew.agents for crew in crews if crew.serves(queue))
    if not serving or not pace.handling:
        return None
    free = sum(crew.free for crew in crews if crew.serves(queue))
    shares = {name: _shared(queue, name, crews) for name in before}
    callers = sum(one.callers * shares[name] for name, one in before.items())
    ahead = callers + sum(one.callbacks * shares[name] for name, one in before.items())
    impatient = callers / ahead / pace.patience if ahead and pace.patience else 0.0
    wait, left = 0.0, ahead + 1 - free  # how many must go before somebody is free
    while left > 0:
        step = min(left, 1.0)
        wait += step / (serving / pace.handling + max(left - 1, 0.0) * impatient)
        left -= step
    return wait


def _shared(queue: str, other: str, crews: Sequence[Crew]) -> float:
    """The share of another queue's servers who serve this one too; nobody's work takes nobody's time."""
    theirs = sum(crew.agents for crew in crews if crew.serves(other))
    both = sum(crew.agents for crew in crews if crew.serves(other) and crew.serves(queue))
    return both / theirs if theirs else 0.0
