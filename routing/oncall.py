"""Who is rung, in which order, when nobody takes what cannot wait; and where the rota has holes. Pure.

First whoever has the case, when they are on call; then those on call for its own line, then other lines, the case's
region before everywhere; then the leads; at the end the number of last resort; and round again. A call that is not
urgent only wakes those who are on call for line 1. Nobody's telephone stands on a ladder twice, and none of those who
talk on theirs while there is anybody else. Whoever is next was rung before all others, or never, so that nobody is
passed over when a ladder grows or shrinks while it is climbed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

PATIENCE = timedelta(seconds=30)  # before the first telephone rings, while somebody is at work who could take it
RUNG = timedelta(seconds=60)  # before the next one does
REGIONS = {"1": "east", "2": "south", "3": "south", "4": "west", "5": "south", "6": "west", "7": "east"}
REGIONS |= {"8": "north", "9": "north"}


@dataclass(frozen=True, slots=True)
class Shift:
    """Somebody on call for a line, in a region or (None) everywhere."""

    agent: str
    phone: str
    line: int
    region: str | None
    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Rung:
    """A telephone to ring; `agent` is None for the last resort."""

    phone: str
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nobody is on call for a line and region."""

    line: int
    region: str | None
    starts: datetime
    ends: datetime


def region_of(postcode: str | None) -> str | None:
    """The region of a Swedish postcode, as agents' regions are named; None when it cannot be told."""
    return REGIONS.get((postcode or "")[:1])


def rungs(
    shifts: Iterable[Shift],
    leads: Sequence[Rung],
    last_resort: str | None,
    *,
    line: int,
    region: str | None,
    holder: str | None,
    talking: Collection[str | None],
    urgent: bool,
    at: datetime,
) -> list[Rung]:
    """The whole ladder at a moment, each telephone once."""
    present = [s for s in shifts if s.starts <= at < s.ends and (region is None or s.region in (None, region))]
    if not urgent:
        present = [s for s in present if s.line == 1]
    present.sort(key=lambda s: (s.agent != holder, abs(s.line - line), s.line, s.region is None, s.starts, s.agent))
    ladder = [Rung(s.phone, s.agent) for s in present]
    if urgent:
        ladder += [*leads, *([Rung(last_resort)] if last_resort else [])]
    once: dict[str, Rung] = {}
    for rung in ladder:
        once.setdefault(rung.phone, rung)
    ladder = list(once.values())
    return [rung for rung in ladder if rung.agent not in talking] or ladder


def following(ladder: Sequence[Rung], rung: Iterable[str | None]) -> tuple[Rung, int]:
    """The telephone of a ladder that is rung next, and how often all on it have been; `rung` is whose were before, in
    order. Somebody with several telephones is taken to have been rung on one after the other."""
    last, times = dict.fromkeys(ladder, -1), dict.fromkeys(ladder, 0)
    for at, agent in enumerate(rung):
        theirs = [one for one in ladder if one.agent == agent]
        if theirs:
            one = min(theirs, key=last.__getitem__)
            last[one], times[one] = at, times[one] + 1
    return min(ladder, key=last.__getitem__), min(times.values())


def gaps(shifts: Iterable[Shift], since: datetime, until: datetime) -> list[Gap]:
    """The times between two moments in which a line and region that the rota names has nobody on call; the whole time
    when it names none."""
    known = [shift for shift in shifts if shift.ends > since]
    places = {(shift.line, shift.region) for shift in known}
    found = []
    for line, region in sorted(places, key=lambda place: (place[0], place[1] or "")):
        covered = [s for s in known if s.line == line and s.region in (None, region)]
        found += [Gap(line, region, *hole) for hole in _holes(covered, since, until)]
    return found if places else [Gap(1, None, since, until)]


def _holes(shifts: Iterable[Shift], since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    holes, reached = [], since
    for shift in sorted(shifts, key=lambda s: s.starts):
        if shift.starts >= until:
            break
        if shift.starts > reached:
            holes.append((reached, shift.starts))
        reached = max(reached, shift.ends)
    if reached < until:
        holes.append((reached, until))
    return holes
