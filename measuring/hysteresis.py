"""When something is wrong for long enough to tell somebody, and when it is right again. Pure.

An alarm begins at `begin` and ends below `end`, which lies lower, so that a figure that hovers tells nobody twice; it
is told when it has lasted for `lasting`, so that a moment tells nobody at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    begin: float
    end: float
    lasting: timedelta = timedelta(0)
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Sign:
    """A figure that may be an alarm; `key` says of what, where there are several."""

    kind: str
    key: str
    value: float


@dataclass(frozen=True, slots=True)
class Open:
    """An alarm that has begun; `told` when people know."""

    id: int
    kind: str
    key: str
    began: datetime
    told: bool


@dataclass(frozen=True, slots=True)
class Changes:
    begin: tuple[Sign, ...]
    tell: tuple[tuple[Open, float], ...]
    end: tuple[Open, ...]


def judge(signs: Iterable[Sign], standing: Iterable[Open], limits: Mapping[str, Limit], now: datetime) -> Changes:
    """What begins, what is told, what ends. A sign that is not given any more has the value 0."""
    values = {(sign.kind, sign.key): sign.value for sign in signs}
    known = {(one.kind, one.key): one for one in standing}
    begin = tuple(
        Sign(kind, key, value)
        for (kind, key), value in values.items()
        if (kind, key) not in known and value >= limits[kind].begin
    )
    tell, end = [], []
    for name, one in known.items():
        limit, value = limits.get(one.kind), values.get(name, 0.0)
        if limit is None or value < limit.end:
            end.append(one)
        elif not one.told and now - one.began >= limit.lasting:
            tell.append((one, value))
    return Changes(begin, tuple(tell), tuple(end))
