"""Facts and counted days in the record: what the timeline says, kept so that a page over a million cases is quick.

All of it is made from the timeline and can be made again. One keeper writes at a time; readers see whole days.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from gateway.record.db import Connection, Database, statements
from measuring.history import Fact, Where, facts, microseconds, read
from measuring.tally import ALL, BY, SOON, SPREAD, Key, Tally, tallies, unpacked

SQL = statements("facts")
TIMEZONE = "Europe/Stockholm"  # whose days the house counts by
ZONE = ZoneInfo(TIMEZONE)
WHERE = tuple(one.name for one in fields(Where))
CHUNK = 4000  # entries read at once
BATCH = 200  # cases read at once


async def follow(db: Database, after: int = 0) -> int | None:
    """Read on in the timeline, from the mark or from `after`; returns where more is waiting, None where nothing is.

    The mark only moves where no earlier entry can appear any more; while a transaction that writes stays open, what
    came since is read again each time. Does nothing while another is at it.
    """
    async with db.transaction() as conn:
        row = await (await conn.execute(SQL["alone"])).fetchone()
        if not row or not row["mine"]:
            return None
        mark = await (await conn.execute(SQL["mark"])).fetchone()
        assert mark is not None
        settled = mark["oldest"] >= mark["seen_until"]
        begin = max(mark["entry"], after)
        if mark["last"] <= begin:
            return None
        upto = min(mark["last"], begin + CHUNK)
        given = {"after": begin, "upto": upto}
        touched = [one["case_id"] for one in await (await conn.execute(SQL["touched"], given)).fetchall()]
        for start in range(0, len(touched), BATCH):
            await renew(conn, touched[start : start + BATCH])
        safe = mark["seen"] if settled else mark["entry"]
        moved = {
            "entry": max(mark["entry"], min(upto, safe)),
            "seen": mark["last"] if settled else mark["seen"],
            "seen_until": mark["following"] if settled else mark["seen_until"],
        }
        await conn.execute(SQL["move_mark"], moved)
        return upto if upto < mark["last"] else None


async def follow_all(db: Database, rounds: int | None = None) -> None:
    """Read on until nothing waits, or for so many pieces."""
    after: int | None = 0
    while after is not None and rounds != 0:
        after = await follow(db, after)
        rounds = None if rounds is None else rounds - 1


async def renew(conn: Connection, cases: Sequence[int]) -> int:
    """Read the timelines of cases anew and keep what differs; returns how many cases did."""
    said = await told(conn, cases)
    kept: dict[int, list[Fact]] = {case: [] for case in cases}
    for row in await (await conn.execute(SQL["kept"], {"cases": list(cases)})).fetchall():
        kept[row["case_id"]].append(fact_of(row))
    changed = [case for case in cases if said.get(case, []) != kept[case]]
    if not changed:
        return 0
    before = {(case, one) for case in changed for one in kept[case] if one.over}
    after = {(case, one) for case in changed for one in said.get(case, []) if one.over}
    await conn.execute(SQL["drop"], {"cases": changed})
    rows = [_row(case, nth, fact) for case in changed for nth, fact in enumerate(said.get(case, []))]
    if rows:
        await conn.execute(SQL["keep"], {"rows": Jsonb(rows)})
    soiled = {day_of(fact.at) for _, fact in before ^ after}
    if soiled:
        await conn.execute(SQL["soil"], {"days": sorted(soiled)})
    return len(changed)


async def told(conn: Connection, cases: Sequence[int]) -> dict[int, list[Fact]]:
    """What the timelines of cases say, read now."""
    given = {"cases": list(cases)}
    wheres = {row.pop("case_id"): Where(**row) for row in await (await conn.execute(SQL["wheres"], given)).fetchall()}
    rows = await (await conn.execute(SQL["entries"], given)).fetchall()
    return {
        case: facts(list(read(list(entries))), wheres[case])
        for case, entries in groupby(rows, key=lambda row: int(row["case_id"]))
    }


async def count_days(db: Database, now: datetime, most: int = 30) -> int:
    """Count days that are over and have changed; returns how many."""
    async with db.transaction() as conn:
        row = await (await conn.execute(SQL["alone"])).fetchone()
        if not row or not row["mine"]:
            return 0
        days = await (await conn.execute(SQL["dirty"], {"today": day_of(now), "most": most})).fetchall()
        for one in days:
            await count_day(conn, one["day"])
        return len(days)


async def count_months(db: Database, now: datetime) -> int:
    """Add up months that are over and of which every day is counted; returns how many."""
    async with db.transaction() as conn:
        row = await (await conn.execute(SQL["alone"])).fetchone()
        if not row or not row["mine"]:
            return 0
        months = await (await conn.execute(SQL["ripe_months"], {"today": day_of(now)})).fetchall()
        for one in months:
            await count_month(conn, one["month"])
        return len(months)


async def count_day(conn: Connection, day: date) -> None:
    given = {"day": day, "by": list(BY), "soon": SOON, "spread": list(SPREAD)}
    await conn.execute(SQL["uncount"], given)
    await conn.execute(SQL["count"], given)
    await conn.execute(SQL["count_tags"], given)
    await conn.execute(SQL["clean"], given)


async def count_month(conn: Connection, month: date) -> None:
    """One dimension after the other, so that a busy month needs little memory."""
    await conn.execute(SQL["uncount_month"], {"month": month})
    for by in BY:
        await conn.execute(SQL["count_month"], {"month": month, "by": by})
    await conn.execute(SQL["finish_month"], {"month": month})


async def counted(conn: Connection, day: date) -> tuple[dict[Key, Tally], dict[Key, Tally]]:
    """The tallies of a day's facts that are over: as they are when its facts are read now, and as they are kept."""
    read = tallies(fact_of(row) for row in await (await conn.execute(SQL["of_day"], {"day": day})).fetchall())
    given = {"day": day, "by": list(BY)}
    rows = await (await conn.execute(SQL["kept_day"], given, binary=True)).fetchall()
    kept = {(row["kind"], row["by"], row["key"]): _tally(row) for row in rows}
    for row in await (await conn.execute(SQL["kept_tags"], given)).fetchall():
        kept[row["kind"], row["by"], row["key"]].tags[row["tag"]] = row["count"]
    return read, kept


async def tallied(
    db: Database,
    since: datetime,
    to: datetime,
    by: str | None,
    kinds: Collection[str],
    now: datetime,
    spread: Collection[str] = SPREAD,
) -> dict[Key, Tally]:
    """The tallies of what began in [since, to), of all together and by each key of a dimension; what is not over yet is
    counted as seen at `now`. The waits themselves are read of the kinds in `spread` alone."""
    first, end = whole_days(since, to)
    given = _period(since, to, kinds, now) | {"by": by or ALL, "first": first, "end": end, "spread": list(spread)}
    found: dict[Key, Tally] = {}
    async with db.snapshot() as conn:
        for row in await (await conn.execute(SQL["tallies"], given, binary=True)).fetchall():
            found[row["kind"], by or ALL, row["key"]] = _tally(row)
        for row in await (await conn.execute(SQL["tags"], given)).fetchall():
            found[row["kind"], by or ALL, row["key"]].tags[row["tag"]] = row["count"]
    if by:
        whole: dict[Key, Tally] = {}
        for (kind, _, _), tally in found.items():
            whole.setdefault((kind, ALL, ""), Tally()).merge(tally)
        found |= whole
    return found


async def hourly(
    db: Database, since: datetime, to: datetime, kinds: Collection[str], now: datetime, hours: int = 1
) -> dict[datetime, dict[str, Tally]]:
    """Tallies by kind of every few hours of a short period, by their beginning; hours as they pass."""
    since, to = since.astimezone(UTC), to.astimezone(UTC)
    step = hours * 3600
    begins = [since + timedelta(seconds=nth * step) for nth in range(-(-int((to - since).total_seconds()) // step))]
    found: dict[datetime, dict[str, Tally]] = {one: {} for one in begins}
    given = _period(since, to, kinds, now) | {"step": step, "spread": list(SPREAD)}
    async with db.connection() as conn:
        for row in await (await conn.execute(SQL["hourly"], given, binary=True)).fetchall():
            found[begins[row["slot"]]][row["kind"]] = _tally(row)
    return found


async def daily(
    db: Database, since: datetime, to: datetime, kinds: Collection[str], now: datetime
) -> dict[datetime, dict[str, Tally]]:
    """Tallies by kind of each day of the house, by its midnight; the first and the last may be days in part."""
    first, end = whole_days(since, to)
    given = _period(since, to, kinds, now) | {"first": first, "end": end, "spread": list(SPREAD)}
    begin, last = day_of(since), day_of(to - timedelta(seconds=1))
    days = [begin + timedelta(days=n) for n in range((last - begin).days + 1)]
    found: dict[datetime, dict[str, Tally]] = {midnight(day): {} for day in days}
    async with db.connection() as conn:
        for row in await (await conn.execute(SQL["daily"], given, binary=True)).fetchall():
            found[midnight(row["day"])][row["kind"]] = _tally(row)
    return found


def unfinished(waiting: Iterable[Fact], by: Collection[str], now: datetime) -> dict[Key, Tally]:
    """What is not over yet: waits as long as they have lasted."""
    found = tallies((_seen(fact, now) for fact in waiting), by)
    for tally in found.values():
        tally.open = tally.count
    return found


async def every_case(
    db: Database,
) -> AsyncIterator[tuple[dict[int, list[Fact]], dict[int, list[Fact]], list[str]]]:
    """All cases in pieces: what timelines say now, what is kept, and columns that are not what the timeline says."""
    after = 0
    while True:
        async with db.transaction() as conn:
            found = await (await conn.execute(SQL["cases_after"], {"after": after, "most": BATCH})).fetchall()
            if not found:
                return
            cases = [row["id"] for row in found]
            said = await told(conn, cases)
            kept: dict[int, list[Fact]] = {}
            for row in await (await conn.execute(SQL["kept"], {"cases": cases})).fetchall():
                kept.setdefault(row["case_id"], []).append(fact_of(row))
            last = {
                row["case_id"]: row["at"] if row["kind"] == "first_response" else None
                for row in await (await conn.execute(SQL["answered_last"], {"cases": cases})).fetchall()
            }
        wrong = [
            f"case {row['id']}: timeline {last.get(row['id'])}, column {row['first_response_at']}"
            for row in found
            if last.get(row["id"]) != row["first_response_at"]
        ]
        yield said, kept, wrong
        after = cases[-1]


def fact_of(row: Mapping[str, Any]) -> Fact:
    return Fact(
        kind=row["kind"],
        at=row["at"],
        where=Where(**{name: row[name] for name in WHERE}),
        ended=row["ended"],
        lost=row["lost"],
        met=row["met"],
        tags=tuple(row["tags"]),
        agent=row["agent_id"],
    )


def day_of(at: datetime) -> date:
    return at.astimezone(ZONE).date()


def midnight(day: date) -> datetime:
    """When a day of the house begins."""
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


def whole_days(since: datetime, to: datetime) -> tuple[date, date]:
    """The days that lie wholly in [since, to): the first of them and the one after the last."""
    first = day_of(since)
    if midnight(first) < since:
        first += timedelta(days=1)
    return first, max(first, day_of(to))


def _period(since: datetime, to: datetime, kinds: Collection[str], now: datetime) -> dict[str, Any]:
    return {"from": since, "to": to, "kinds": list(kinds), "now": now, "soon": SOON, "timezone": TIMEZONE}


def _tally(row: Mapping[str, Any]) -> Tally:
    return Tally(
        count=row["count"],
        met=row["met"],
        missed=row["missed"],
        open=row.get("open", 0),
        answered=row["answered"],
        total=int(row["total"]),
        soon=row["soon"],
        longest=row["longest"],
        ended=unpacked(row["ended"]),
        lost=unpacked(row["lost"]),
    )


def _seen(fact: Fact, now: datetime) -> Fact:
    return replace(fact, lost=microseconds(now - fact.at))


def _row(case: int, nth: int, fact: Fact) -> dict[str, Any]:
    where = {name: getattr(fact.where, name) for name in WHERE}
    return where | {
        "case_id": case,
        "nth_fact": nth,
        "kind": fact.kind,
        "at": fact.at.isoformat(),
        "day": day_of(fact.at).isoformat(),
        "ended": fact.ended,
        "lost": fact.lost,
        "met": fact.met,
        "tags": list(fact.tags),
        "agent_id": fact.agent,
    }
