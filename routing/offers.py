"""Who gets which work: the order of waiting items, and the agent that one is offered to.

Most urgent first, then what is due first, then what arrived first, by original arrival. The agent who has been idle
longest wins among those who may take it; wishes (language, skills, region) are let go step by step as the item waits,
the line last; an agent's own reach (queues, sites) never is. Pure: the same waiting room gives the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from routing.values import Reason


class Kind(StrEnum):
    CALL = "call"
    CALLBACK = "callback"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class Item:
    """Work that waits. `arrived` is the original arrival and survives every return to the queue; `passed` are agents
    who declined or missed it and are asked again only when nobody else may take it."""

    id: int
    kind: Kind
    priority: str
    due: datetime | None
    arrived: datetime
    line: int
    language: str = "sv"
    skills: frozenset[str] = frozenset()
    region: str | None = None
    passed: frozenset[str] = frozenset()
    queue: str = ""
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """An agent as dispatch sees one. A call is exclusive: who talks gets nothing, who works on cases may get a call.
    `queues` and `sites` are what exists for them; empty means all."""

    id: str
    line: int
    languages: frozenset[str]
    skills: frozenset[str]
    region: str | None
    activity: str
    idle_since: datetime
    max_calls: int
    max_cases: int
    calls: int = 0
    cases: int = 0
    queues: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()

    def has_room(self, kind: Kind) -> bool:
        """Whether one more item of a kind fits beside what they have."""
        if self.activity != "available" or self.calls:
            return False
        return self.cases < self.max_cases if kind is Kind.CASE else self.max_calls > 0


@dataclass(frozen=True, slots=True)
class Relax:
    """After how long a wish is let go, for calls and call-backs, and for cases. P1 and P2 wait a tenth of it."""

    language: timedelta
    skills: timedelta
    region: timedelta
    line: timedelta


CALL_RELAX = Relax(timedelta(seconds=45), timedelta(seconds=20), timedelta(seconds=20), timedelta(seconds=75))
CASE_RELAX = Relax(timedelta(minutes=20), timedelta(minutes=10), timedelta(hours=4), timedelta(hours=2))
_HASTE = {"P1": 0.0, "P2": 0.1}
_LATE = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Choice:
    """The agent an item is offered to, or None; the reasons say why this one, or why nobody."""

    agent: str | None
    reasons: tuple[Reason, ...]


def order(items: Iterable[Item], now: datetime) -> list[Item]:
    """Waiting items in the order in which they are offered; those that arrive after `now` are not waiting yet."""
    return sorted((i for i in items if i.arrived <= now), key=lambda i: (i.priority, i.due or _LATE, i.arrived, i.id))


def choose(item: Item, workers: Sequence[Worker], now: datetime) -> Choice:
    """The agent for an item: longest idle first among those who fit best; wishes relax with waiting time."""
    waited = max(timedelta(), now - item.arrived)
    relax = CASE_RELAX if item.kind is Kind.CASE else CALL_RELAX
    haste = _HASTE.get(item.priority, 1.0)
    free = [w for w in workers if w.has_room(item.kind) and _reaches(w, item)]
    if not free:
        return Choice(None, (Reason("nobody_free", {"line": item.line}),))
    fit: list[tuple[tuple[bool, int, int, datetime, str], Worker, list[str]]] = []
    for worker in free:
        misses = _misses(worker, item)
        if all(waited >= getattr(relax, miss) * haste for miss in misses):
            asked = worker.id in item.passed
            fit.append(((asked, "line" in misses, len(misses), worker.idle_since, worker.id), worker, misses))
    if not fit:
        return Choice(None, (Reason("nobody_fits", {"line": item.line, "language": item.language, "free": len(free)}),))
    _, best, missed = min(fit, key=lambda one: one[0])
    idle = max(0, round((now - best.idle_since).total_seconds()))
    reasons = [Reason("longest_idle", {"agent": best.id, "seconds": idle, "fit": len(fit)})]
    reasons += [Reason(f"relaxed_{miss}", {"seconds": round(waited.total_seconds())}) for miss in missed]
    return Choice(best.id, tuple(reasons))


def _reaches(worker: Worker, item: Item) -> bool:
    return (not worker.queues or item.queue in worker.queues) and (not worker.sites or item.site in worker.sites)


def _misses(worker: Worker, item: Item) -> list[str]:
    misses = []
    if worker.line != item.line:
        misses.append("line")
    if item.language not in worker.languages:
        misses.append("language")
    if not item.skills <= worker.skills:
        misses.append("skills")
    if item.region and worker.region and worker.region != item.region:
        misses.append("region")
    return misses
