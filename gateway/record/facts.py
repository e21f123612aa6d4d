"""Facts and counted days in the record: what the timeline says, kept so that a page over a million cases is quick.

All of it is made from the timeline and can be made again. One keeper writes at a time; readers see whole days.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from gateway.record.db import Connection, Database, statements
from measuring.history import Fact, Where, facts, microseconds, read
from measuring.tally import ALL, BY, Key, Tally, merge, packed, tallies, unpacked

SQL = statements("facts")
TIMEZONE = "Europe/Stockholm"  # whose days the house counts by
ZONE = ZoneInfo(TIMEZONE)
WHERE = tuple(one.name for one in fields(Where))
CHUNK = 4000  # entries read at once
BATCH = 1000  # cases read at once


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
    found = await counted(conn, day)
    rows = [_counted(key, tally) | {"tags": dict(tally.tags)} for key, tally in found.items()]
    await conn.execute(SQL["uncount"], {"day": day})
    await conn.execute(SQL["count"], {"day": day, "rows": Jsonb(rows)})
    await conn.execute(SQL["clean"], {"day": day})


async def count_month(conn: Connection, month: date) -> None:
    """One dimension after the other, so that a busy month needs little memory."""
    await conn.execute(SQL["uncount_month"], {"month": month})
    for by in BY:
        given = {"month": month, "by": by}
        found = await (await conn.execute(SQL["of_month"], given, binary=True)).fetchall()
        rows = [_counted((row["kind"], row["by"], row["key"]), _tally(row)) for row in found]
        await conn.execute(SQL["count_month"], {"month": month, "rows": Jsonb(rows)})
    await conn.execute(SQL["finish_month"], {"month": month})


async def counted(conn: Connection, day: date) -> dict[Key, Tally]:
    """The tallies of a day's facts that are over, counted now."""
    rows = await (await conn.execute(SQL["of_day"], {"day": day})).fetchall()
    return tallies(fact_of(row) for row in rows)


async def tallied(
    db: Database, since: datetime, to: datetime, by: Collection[str], kinds: Collection[str], now: datetime
) -> dict[Key, Tally]:
    """The tallies of what began in [since, to); what is not over yet is counted as seen at `now`."""
    first, end = whole_days(since, to)
    given = {
        "from": since,
        "to": to,
        "by": list(by),
        "kinds": list(kinds),
        "first": first,
        "end": end,
        "timezone": TIMEZONE,
    }
    async with db.transaction() as conn:
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found: dict[Key, Tally] = {}
        for row in await (await conn.execute(SQL["tallies"], given, binary=True)).fetchall():
            found[row["kind"], row["by"], row["key"]] = _tally(row)
        for row in await (await conn.execute(SQL["tags"], given)).fetchall():
            found[row["kind"], row["by"], row["key"]].tags[row["tag"]] = row["count"]
        rows = await (await conn.execute(SQL["uncounted"], given)).fetchall()
        waiting = await (await conn.execute(SQL["unfinished"], given)).fetchall()
    merge(found, tallies((fact_of(row) for row in rows), by))
    merge(found, unfinished(((fact_of(row), row["due"]) for row in waiting), by, now))
    return found


async def hourly(
    db: Database, since: datetime, to: datetime, kinds: Collection[str], now: datetime, hours: int = 1
) -> dict[datetime, dict[str, Tally]]:
    """Tallies by kind of every few hours of a short period, by their beginning; hours as they pass."""
    since, to = since.astimezone(UTC), to.astimezone(UTC)
    given = {"from": since, "to": to, "kinds": list(kinds), "timezone": TIMEZONE}
    rows = await db.rows(SQL["span"], given)
    waiting = await db.rows(SQL["unfinished"], given)
    step = hours * 3600
    begins = [since + timedelta(seconds=nth * step) for nth in range(-(-int((to - since).total_seconds()) // step))]

    def begin(at: datetime) -> datetime:
        return begins[int((at - since).total_seconds()) // step]

    found: dict[datetime, dict[str, Tally]] = {one: {} for one in begins}
    for row in rows:
        found[begin(row["at"])].setdefault(row["kind"], Tally()).add(fact_of(row))
    _add_unfinished(found, waiting, begin, now)
    return found


async def daily(
    db: Database, since: datetime, to: datetime, kinds: Collection[str], now: datetime
) -> dict[datetime, dict[str, Tally]]:
    """Tallies by kind of each day of the house, by its midnight; the first and the last may be days in part."""
    first, end = whole_days(since, to)
    given = {"from": since, "to": to, "kinds": list(kinds), "first": first, "end": end, "timezone": TIMEZONE}
    begin, last = day_of(since), day_of(to - timedelta(seconds=1))
    days = [begin + timedelta(days=n) for n in range((last - begin).days + 1)]
    found: dict[datetime, dict[str, Tally]] = {midnight(day): {} for day in days}
    async with db.connection() as conn:
        for row in await (await conn.execute(SQL["daily"], given, binary=True)).fetchall():
            tally = Tally(row["count"], row["met"], row["missed"])
            tally.ended, tally.lost = unpacked(row["ended"]), unpacked(row["lost"])
            found[midnight(row["day"])][row["kind"]] = tally
    for row in await db.rows(SQL["uncounted"], given):
        found[midnight(row["day"])].setdefault(row["kind"], Tally()).add(fact_of(row))
    _add_unfinished(found, await db.rows(SQL["unfinished"], given), lambda at: midnight(day_of(at)), now)
    return found


def _add_unfinished(
    found: dict[datetime, dict[str, Tally]],
    waiting: Iterable[Mapping[str, Any]],
    begin: Callable[[datetime], datetime],
    now: datetime,
) -> None:
    for row in waiting:
        one = unfinished([(fact_of(row), row["due"])], [ALL], now)
        for (kind, _, _), tally in one.items():
            found[begin(row["at"])].setdefault(kind, Tally()).merge(tally)


def unfinished(waiting: Iterable[tuple[Fact, datetime | None]], by: Collection[str], now: datetime) -> dict[Key, Tally]:
    """What is not over yet: waits as long as they have lasted, missed when their time has passed."""
    found = tallies(
        (_seen(fact, now, fact.met is False or (due is not None and now > due)) for fact, due in waiting), by
    )
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


def _tally(row: Mapping[str, Any]) -> Tally:
    ended, lost = unpacked(row["ended"]), unpacked(row["lost"])
    return Tally(row["count"], row["met"], row["missed"], ended=ended, lost=lost)


def _counted(key: Key, tally: Tally) -> dict[str, Any]:
    kind, by, value = key
    return {
        "by": by,
        "kind": kind,
        "key": value,
        "count": tally.count,
        "met": tally.met,
        "missed": tally.missed,
        "ended": base64.b64encode(packed(tally.ended)).decode(),
        "lost": base64.b64encode(packed(tally.lost)).decode(),
    }


def _seen(fact: Fact, now: datetime, missed: bool) -> Fact:
    return Fact(
        fact.kind,
        fact.at,
        fact.where,
        lost=microseconds(now - fact.at),
        met=False if missed else None,
        tags=fact.tags,
        agent=fact.agent,
    )


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
