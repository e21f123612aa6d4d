"""Facts counted: by day and by what they belong to, so that parts can be kept and added up without changing a digit.

Pure. A `Tally` holds sums, and of those kinds whose quantiles are told the waits themselves, not buckets of them:
quantiles over any days are exact. `unpacked` is how waits lie in the record: 64-bit microseconds in network order.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np

from measuring.history import Fact
from measuring.waits import MICROSECONDS, Waits

ALL = "all"
NONE = "-"  # the key of what has no site, owner or agent
SOON = 90 * MICROSECONDS  # the house's target for calls
SPREAD = ("response", "open_response", "voice", "stay", "solution")  # kinds whose quantiles are told


def _none() -> array[int]:
    return array("q")


@dataclass(slots=True)
class Tally:
    """What is known of a group of facts of one kind; `open` are not over yet and counted as given up, as seen now.

    `answered` ended as hoped, `total` is how long that took together, `soon` how many took no longer than the target.
    """

    count: int = 0
    met: int = 0
    missed: int = 0
    open: int = 0
    answered: int = 0
    total: int = 0
    soon: int = 0
    longest: int | None = None
    tags: Counter[str] = field(default_factory=Counter)
    ended: array[int] = field(default_factory=_none)
    lost: array[int] = field(default_factory=_none)
    ordered: bool = field(default=False, compare=False)

    def add(self, fact: Fact) -> None:
        self.ordered = False
        self.count += 1
        self.met += fact.met is True
        self.missed += fact.met is False
        self.tags.update(fact.tags)
        wait = fact.lost
        if fact.ended is not None:
            wait = fact.ended
            self.answered += 1
            self.total += wait
            self.soon += wait <= SOON
        if wait is None:
            return
        self.longest = max(wait, self.longest or 0)
        if fact.kind in SPREAD:
            (self.lost if fact.ended is None else self.ended).append(wait)

    def merge(self, other: Tally) -> None:
        self.ordered = False
        self.count += other.count
        self.met += other.met
        self.missed += other.missed
        self.open += other.open
        self.answered += other.answered
        self.total += other.total
        self.soon += other.soon
        self.longest = max((one for one in (self.longest, other.longest) if one is not None), default=None)
        self.tags.update(other.tags)
        self.ended.extend(other.ended)
        self.lost.extend(other.lost)

    def in_order(self) -> Tally:
        """The same with its waits ordered."""
        if not self.ordered:
            for row in (self.ended, self.lost):
                np.asarray(row).sort()
            self.ordered = True
        return self

    @property
    def waits(self) -> Waits:
        """The waits in order; none of a kind whose quantiles nobody tells."""
        of = self.in_order()
        return Waits(np.array(of.ended), np.array(of.lost))


def _hour(fact: Fact) -> str:
    return f"{fact.at.astimezone(_zone(fact.where.timezone)).hour:02d}"


def _weekday(fact: Fact) -> str:
    return str(fact.at.astimezone(_zone(fact.where.timezone)).isoweekday())


def _day(fact: Fact) -> str:
    return fact.at.astimezone(_zone(fact.where.timezone)).date().isoformat()


BY: Mapping[str, Callable[[Fact], str]] = MappingProxyType(
    {
        ALL: lambda fact: "",
        "channel": lambda fact: fact.where.channel,
        "queue": lambda fact: fact.where.queue,
        "line": lambda fact: str(fact.where.line),
        "priority": lambda fact: fact.where.priority,
        "sla_level": lambda fact: fact.where.sla_level,
        "site": lambda fact: fact.where.site or NONE,
        "owner": lambda fact: fact.where.owner or NONE,
        "language": lambda fact: fact.where.language,
        "hour": _hour,
        "weekday": _weekday,
        "category": lambda fact: fact.where.category,
        "agent": lambda fact: fact.agent or NONE,
        "day": _day,
    }
)
Key = tuple[str, str, str]  # kind, by, key


def tallies(facts: Iterable[Fact], by: Iterable[str] = tuple(BY)) -> dict[Key, Tally]:
    """Every group of the facts; facts that are not over yet are counted as `open` only when they carry a wait."""
    found: dict[Key, Tally] = {}
    readers = [(name, BY[name]) for name in by]
    for fact in facts:
        for name, read in readers:
            key = (fact.kind, name, read(fact))
            tally = found.get(key)
            if tally is None:
                tally = found[key] = Tally()
            tally.add(fact)
    return found


def merge(into: dict[Key, Tally], more: Mapping[Key, Tally]) -> None:
    for key, tally in more.items():
        into.setdefault(key, Tally()).merge(tally)


def unpacked(data: bytes) -> array[int]:
    row = array("q")
    row.frombytes(data)
    if sys.byteorder == "little":
        row.byteswap()
    return row


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
