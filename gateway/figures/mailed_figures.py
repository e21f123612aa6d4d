"""Figures by mail: yesterday's, last week's or last month's, in the morning after, to whoever ordered them.

The mail is put into the outbox in the transaction that moves the order on, so that each is sent once. A morning that
was missed is made up for once, about the newest period that is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from gateway import languages
from gateway.figures import measures
from gateway.figures.figure_words import SECTIONS, made_of, written
from gateway.jobs import wake
from gateway.languages import N_, Catalogue
from gateway.record.db import recordset, statements
from gateway.record.facts import day_of, midnight
from gateway.runtime import Runtime
from measuring.figures import Figure

SQL, MESSAGES = statements("ordered"), statements("messages")
PERIODS = ("day", "week", "month")
MORNING = timedelta(hours=7)
REST = 30.0  # seconds between looks
TITLES = {
    "day": N_("Figures of %(first)s"),
    "week": N_("Figures of the week from %(first)s to %(last)s"),
    "month": N_("Figures of the month from %(first)s to %(last)s"),
}


async def mail_due(runtime: Runtime) -> int:
    """Write a mail for every order whose morning has come; returns how many."""
    now = runtime.clock.now()
    async with runtime.db.transaction() as conn:
        due = await (await conn.execute(SQL["due"], {"now": now})).fetchall()
        for one in due:
            subject, text = await letter(runtime, one["period"], one["language"], now)
            row = {"channel": "email", "kind": "figures", "language": one["language"], "agent_id": None}
            added = await (await conn.execute(MESSAGES["add"], {"rows": recordset([row]), "now": now})).fetchone()
            assert added is not None
            content = {"message_id": added["id"], "recipient": one["email"], "subject": subject, "text": text}
            await conn.execute(MESSAGES["add_contents"], {"rows": recordset([content])})
            given = {"agent": one["agent_id"], "period": one["period"], "now": now}
            given["next"] = following(one["period"], now)
            await conn.execute(SQL["sent"], given)
        if due:
            await wake(conn)
    return len(due)


async def letter(runtime: Runtime, period: str, language: str, now: datetime) -> tuple[str, str]:
    """Subject and text about the newest such period that is over, compared with the one before it."""
    first, after = over(period, day_of(now))
    before = over(period, first)
    book = languages.catalogue(language)
    told = await _figures(runtime, first, after, now)
    earlier = await _figures(runtime, *before, now)
    days = {"first": first.isoformat(), "last": (after - timedelta(days=1)).isoformat()}
    url = f"{runtime.config.public_url.rstrip('/')}/managers"
    query = f"from={days['first']}&to={days['last']}"
    lines = [*_lines(told, earlier, book), f"{url}?{query}", f"CSV: {url}/figures.csv?{query}&by=queue"]
    return book.gettext(TITLES[period]) % days, "\n".join(lines) + "\n"


def over(period: str, today: date) -> tuple[date, date]:
    """The newest day, week (from Monday) or month that ended before `today`: its first day and the day after it."""
    if period == "day":
        return today - timedelta(days=1), today
    if period == "week":
        monday = today - timedelta(days=today.weekday())
        return monday - timedelta(days=7), monday
    first = today.replace(day=1)
    return (first - timedelta(days=1)).replace(day=1), first


def following(period: str, now: datetime) -> datetime:
    """The next morning on which such a period will have ended."""
    day = day_of(now)
    while True:
        morning = midnight(day) + MORNING
        ends = period == "day" or (period == "week" and day.weekday() == 0) or (period == "month" and day.day == 1)
        if ends and morning > now:
            return morning
        day += timedelta(days=1)


async def _figures(runtime: Runtime, first: date, after: date, now: datetime) -> Mapping[str, Figure]:
    found = await measures.of_period(runtime.db, midnight(first), midnight(after), None, now)
    return {one.measure: one for one in found}


def _lines(told: Mapping[str, Figure], earlier: Mapping[str, Figure], book: Catalogue) -> Sequence[str]:
    lines: list[str] = []
    for _, title, names in SECTIONS:
        shown = [told[name] for name in names if name in told and told[name].value is not None]
        if not shown:
            continue
        lines.append(book.gettext(title).upper())
        lines += [_line(one, earlier.get(one.measure), book) for one in shown]
        lines.append("")
    return lines or [book.gettext(N_("Nothing in these days")), ""]


def _line(one: Figure, before: Figure | None, book: Catalogue) -> str:
    made = made_of(one, book)
    was: Any = written(before.value, before.unit, book) if before and before.value is not None else None
    details = ", ".join(filter(None, (made, book.gettext(N_("before: %(value)s")) % {"value": was} if was else "")))
    said = f"{book.code('measure', one.measure)}: {written(one.value, one.unit, book)}"
    return f"{said} ({details})" if details else said
