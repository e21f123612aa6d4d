"""The measures of a period: what pages, exports and the API all read, and the proof that it is the truth.

Everything is a pure function of the timeline (`measuring.history`). What is kept for speed (facts, counted days) is
brought up to date before it is read. `recompute` reads every timeline again and raises `Disagreement` when a figure
differs anywhere.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

import structlog

from gateway.clock import SystemClock
from gateway.config import Config
from gateway.figures.house_figures import of_house
from gateway.record import facts, house
from gateway.record.db import Database, opened
from measuring.figures import KINDS, Figure, figures
from measuring.history import Fact
from measuring.tally import ALL, BY, Key, Tally, merge, tallies

log = structlog.get_logger()
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
END = datetime(3000, 1, 1, tzinfo=UTC)
REST = 5.0  # seconds
ROUNDS = 20  # pieces of the timeline that a reader waits for; the worker reads the rest
DIMENSIONS = tuple(name for name in BY if name != ALL)


class Disagreement(Exception):
    """A figure is not what the timeline says."""


async def of_period(
    db: Database, since: datetime, to: datetime, by: str | None, now: datetime, kinds: Collection[str] = KINDS
) -> list[Figure]:
    """Every measure of what began in [since, to): the whole first (key None), then each value of `by`."""
    found = await groups(db, since, to, by, now, kinds)
    told = await asyncio.to_thread(lambda: [one for key, of in found.items() for one in figures(key, of)])
    if kinds is not KINDS:
        return told
    whole = sum(one.key is None for one in told)
    return [*told[:whole], *await of_house(db, since, to, now), *told[whole:]]


async def groups(
    db: Database, since: datetime, to: datetime, by: str | None, now: datetime, kinds: Collection[str] = KINDS
) -> dict[str | None, dict[str, Tally]]:
    """Tallies by kind, of the whole (None) and of each value of `by`, in order."""
    await catch_up(db)
    return _grouped(await facts.tallied(db, since, to, by, kinds, now))


async def behind(
    db: Database, since: datetime, to: datetime, kind: str, by: str, key: str, outcome: str, now: datetime
) -> int:
    """How many cases or calls stand behind a figure: of one kind and key, all or those of one outcome or tag."""
    await catch_up(db)
    found = await facts.tallied(db, since, to, None if by == ALL else by, [kind], now, spread=())
    tally = found.get((kind, by, key), Tally())
    counts = {
        "": tally.count,
        "ended": tally.answered,
        "lost": tally.count - tally.open - tally.answered,
        "open": tally.open,
        "met": tally.met,
        "missed": tally.missed,
    }
    return counts.get(outcome, tally.tags[outcome])


async def catch_up(db: Database, rounds: int = ROUNDS) -> None:
    """Read what the timeline has said since the last time."""
    await facts.follow_all(db, rounds)


async def sweep(db: Database, now: datetime) -> int:
    """Follow the timeline, count the days that are over. Returns how many were counted."""
    await catch_up(db)
    await house.count_days(db, now)
    counted = await facts.count_days(db, now)
    if not counted:
        await facts.count_months(db, now)
    return counted


async def recompute(config: Config, check: bool) -> None:
    """Compute everything again from the timeline. With `check` nothing is changed. Raises Disagreement."""
    if config.database_url is None:
        raise ValueError("measures need DATABASE_URL")
    async with opened(config.direct_url) as db:
        if not check:
            await rebuild(db)
        differing = await differences(db, SystemClock().now())
        if differing:  # or somebody worked meanwhile
            differing = await differences(db, SystemClock().now())
    if differing:
        raise Disagreement("; ".join(differing[:20]))
    log.info("measures.agree", check=check)


async def rebuild(db: Database) -> None:
    """Forget facts and counted days and make them again."""
    async with db.transaction() as conn:
        await conn.execute(facts.SQL["alone_waiting"])
        await conn.execute(facts.SQL["forget"])
        await conn.execute(facts.SQL["move_mark"], {"entry": 0, "seen": 0, "seen_until": 0})
    await facts.follow_all(db)
    while await facts.count_days(db, SystemClock().now()):
        pass
    while await facts.count_months(db, SystemClock().now()):
        pass


async def differences(db: Database, now: datetime) -> list[str]:
    """What does not agree between timelines, columns, facts, counted days and told figures; empty when all is well."""
    await facts.follow_all(db)
    differing: list[str] = []
    whole: dict[Key, Tally] = {}
    waiting: list[Fact] = []
    async for said, kept, wrong in facts.every_case(db):
        differing += wrong
        differing += [
            f"case {case}: timeline says {Counter(f.kind for f in said.get(case, []))}, kept otherwise"
            for case in {*said, *kept}
            if said.get(case, []) != kept.get(case, [])
        ]
        every = [one for case in said.values() for one in case]
        merge(whole, tallies(one for one in every if one.over))
        waiting += [one for one in every if not one.over]
    differing += await _days_differ(db)
    for by in (None, *DIMENSIONS):
        mine = {key: tally for key, tally in whole.items() if key[1] in (ALL, by)}
        computed, told = await _both(db, by, mine, waiting, now)
        differing += [f"{one} is told otherwise" for one in computed if one not in told]
        differing += [f"{one} is told of nothing" for one in told if one not in computed]
    return differing


async def _days_differ(db: Database) -> list[str]:
    differing = []
    for row in await db.rows(facts.SQL["all_days"]):
        if row["dirty"]:
            continue
        async with db.transaction() as conn:
            read, kept = await facts.counted(conn, row["day"])
        differing += [
            f"{row['day']} {key}: counted otherwise than kept"
            for key in sorted({*read, *kept})
            if not _same(read.get(key), kept.get(key))
        ]
    return differing


def _same(one: Tally | None, other: Tally | None) -> bool:
    return one is not None and other is not None and one.in_order() == other.in_order()


async def _both(
    db: Database, by: str | None, mine: dict[Key, Tally], waiting: list[Fact], now: datetime
) -> tuple[list[Figure], list[Figure]]:
    """Figures read from the timeline just now, and the same as told; only of what is over, where nothing else moves."""
    told = await facts.tallied(db, EPOCH, END, by, KINDS, now)
    open_now = facts.unfinished(waiting, [ALL, *([by] if by else [])], now)
    dues = {key: tally.missed for key, tally in told.items()}
    both = {key: _copy(tally) for key, tally in mine.items()}
    merge(both, open_now)
    for key, tally in both.items():
        tally.missed = dues.get(key, tally.missed) if tally.open else tally.missed
    return list(_all_figures(both)), list(_all_figures(told))


def _all_figures(of: Mapping[Key, Tally]) -> Iterator[Figure]:
    for key, kinds in _grouped(of).items():
        yield from figures(key, kinds)


def _grouped(found: Mapping[Key, Tally]) -> dict[str | None, dict[str, Tally]]:
    grouped: dict[str | None, dict[str, Tally]] = {None: {}}
    for (kind, by, key), tally in sorted(found.items(), key=lambda one: (one[0][1] != ALL, one[0][2], one[0][0])):
        grouped.setdefault(None if by == ALL else key, {})[kind] = tally
    return grouped


def _copy(tally: Tally) -> Tally:
    copy = Tally()
    copy.merge(tally)
    return copy
