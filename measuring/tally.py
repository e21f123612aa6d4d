"""Facts counted: by day and by what they belong to, so that parts can be kept and added up without changing a digit.

Pure. A `Tally` holds the waits themselves, not buckets of them: quantiles over any days are exact. `packed` and
`unpacked` are how waits lie in the record: ordered 64-bit microseconds, little-endian.
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

from measuring.history import Fact
from measuring.waits import Waits

ALL = "all"
NONE = "-"  # the key of what has no site or owner


@dataclass(slots=True)
class Tally:
    """What is known of a group of facts of one kind; `open` are not over yet and counted among `lost` as seen now."""

    count: int = 0
    met: int = 0
    missed: int = 0
    open: int = 0
    tags: Counter[str] = field(default_factory=Counter)
    ended: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)

    def add(self, fact: Fact) -> None:
        self.count += 1
        self.met += fact.met is True
        self.missed += fact.met is False
        self.tags.update(fact.tags)
        if fact.ended is not None:
            self.ended.append(fact.ended)
        elif fact.lost is not None:
            self.lost.append(fact.lost)

    def merge(self, other: Tally) -> None:
        self.count += other.count
        self.met += other.met
        self.missed += other.missed
        self.open += other.open
        self.tags.update(other.tags)
        self.ended += other.ended
        self.lost += other.lost

    @property
    def waits(self) -> Waits:
        self.ended.sort()
        self.lost.sort()
        return Waits(self.ended, self.lost)


def _hour(fact: Fact) -> str:
    return f"{fact.at.astimezone(_zone(fact.where.timezone)).hour:02d}"


def _weekday(fact: Fact) -> str:
    return str(fact.at.astimezone(_zone(fact.where.timezone)).isoweekday())


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


def packed(values: Iterable[int]) -> bytes:
    row = array("q", sorted(values))
    if sys.byteorder == "big":
        row.byteswap()
    return row.tobytes()


def unpacked(data: bytes) -> list[int]:
    row = array("q")
    row.frombytes(data)
    if sys.byteorder == "big":
        row.byteswap()
    return row.tolist()


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
