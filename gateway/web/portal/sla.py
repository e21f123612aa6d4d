"""The SLA report of a month: how many of each site's targets were met, on a page and as CSV.

Both are made from the timeline alone, so that they come out the same whenever they are asked for. Every share stands
beside what it was made of; a case that a charger's alarm opened has nobody who waits for a first answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway import casenumber, languages
from gateway.csvs import csv_bytes
from gateway.languages import N_
from gateway.record import owners
from gateway.record.owners import Sla
from gateway.web.filters import TIMEZONE
from gateway.web.keys import OWNER, runtime_of
from gateway.web.pages import HEADERS, language_of
from gateway.web.portal.cases import portal_page, sites_of
from gateway.web.problems import Problem
from routing.values import Site

ZONE = ZoneInfo(TIMEZONE)
BACK = 13  # months that the page offers
HEAD = (
    N_("Case"),
    N_("Site"),
    N_("Charger"),
    N_("Category"),
    N_("Priority"),
    N_("SLA level"),
    N_("Opened"),
    N_("First response by"),
    N_("First response"),
    N_("First response in time"),
    N_("Solution by"),
    N_("Solved"),
    N_("Solved in time"),
    N_("Confirmed"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """The targets of one site, or of all (None): met of those that were due to be met."""

    site: str | None
    opened: int
    answered: int
    answerable: int
    solved: int
    solvable: int

    @property
    def answered_share(self) -> float | None:
        return self.answered / self.answerable if self.answerable else None

    @property
    def solved_share(self) -> float | None:
        return self.solved / self.solvable if self.solvable else None


def add_routes(app: web.Application) -> None:
    app.router.add_get("/portal/sla", show)
    app.router.add_get("/portal/sla.csv", export)


async def show(request: web.Request) -> web.StreamResponse:
    """The page of a month, `?month=2026-11`; without one, this month."""
    now = runtime_of(request).clock.now()
    month = month_of(request, now)
    found = await _cases(request, month)
    shown = {
        "month": f"{month[0]:04d}-{month[1]:02d}",
        "months": months(now),
        "lines": lines(found, now),
        "rows": [{"case": one, "number": casenumber.number(one.id), **verdicts(one, now)} for one in found],
        "timezone": TIMEZONE,
    }
    return portal_page(request, "portal/sla.html", shown)


async def export(request: web.Request) -> web.StreamResponse:
    """The same cases, a line each, for a spreadsheet."""
    now = runtime_of(request).clock.now()
    month = month_of(request, now)
    book = languages.catalogue(language_of(request, preferred=request[OWNER].language))
    return csv_of(await _cases(request, month), month, sites_of(request), book, now)


def csv_of(
    found: Iterable[Sla], month: tuple[int, int], sites: Mapping[str, Site], book: languages.Catalogue, now: datetime
) -> web.Response:
    """The cases of a month, a line each, for a spreadsheet."""
    yes = {True: book.gettext("yes"), False: book.gettext("no"), None: ""}
    rows = []
    for one in found:
        verdict = verdicts(one, now)
        site = sites.get(one.site_id or "")
        rows.append(
            (
                casenumber.number(one.id),
                site.name if site else one.site_id,
                one.charger_id,
                book.code("category", one.category),
                one.priority,
                book.code("sla_level", one.sla_level),
                _written(one.opened_at),
                _written(one.due_first_response) if one.channel != "alarm" else "",
                _written(one.answered_at),
                yes[verdict["answered"]],
                _written(one.due_solution),
                _written(one.solved_at),
                yes[verdict["solved"]],
                _written(one.confirmed_at),
            )
        )
    content = csv_bytes([book.gettext(name) for name in HEAD], rows)
    response = web.Response(body=content, content_type="text/csv", charset="utf-8")
    response.headers.update(HEADERS)
    response.headers["Content-Disposition"] = f'attachment; filename="sla-{month[0]:04d}-{month[1]:02d}.csv"'
    return response


def lines(found: Sequence[Sla], now: datetime) -> list[Line]:
    """All together, then each site."""
    by_site: dict[str | None, list[Sla]] = {}
    for one in found:
        by_site.setdefault(one.site_id, []).append(one)
    order = sorted(by_site, key=lambda site: site or "")
    return [_line(None, found, now), *(_line(site, by_site[site], now) for site in order)] if found else []


def _line(site: str | None, found: Iterable[Sla], now: datetime) -> Line:
    each = [verdicts(one, now) for one in found]
    answered = [one["answered"] for one in each if one["answered"] is not None]
    solved = [one["solved"] for one in each if one["solved"] is not None]
    return Line(site, len(each), sum(answered), len(answered), sum(solved), len(solved))


def verdicts(one: Sla, now: datetime) -> dict[str, bool | None]:
    """Whether each target was met; None while it may still be, or where nobody waits."""
    waits = one.channel != "alarm"
    return {
        "answered": _met(one.due_first_response, one.answered_at, now) if waits else None,
        "solved": _met(one.due_solution, one.solved_at, now),
    }


def _met(due: datetime | None, at: datetime | None, now: datetime) -> bool | None:
    if due is None or (at is None and now <= due):
        return None
    return at is not None and at <= due


async def _cases(request: web.Request, month: tuple[int, int]) -> list[Sla]:
    return await owners.sla(runtime_of(request).db, request[OWNER].owner_id, *bounds(month))


def bounds(month: tuple[int, int]) -> tuple[datetime, datetime]:
    """When a month of the house begins and ends."""
    year, nth = month
    since = datetime(year, nth, 1, tzinfo=ZONE).astimezone(UTC)
    return since, datetime(year + nth // 12, nth % 12 + 1, 1, tzinfo=ZONE).astimezone(UTC)


def month_of(request: web.Request, now: datetime) -> tuple[int, int]:
    given = request.query.get("month")
    if not given:
        local = now.astimezone(ZONE)
        return local.year, local.month
    year, _, month = given.partition("-")
    if not (given.isascii() and len(given) == 7 and year.isdecimal() and month.isdecimal()):
        raise Problem(400, "A month is written 2026-11.")
    if not (2000 <= int(year) <= 2200 and 1 <= int(month) <= 12):
        raise Problem(400, "There is no such month.")
    return int(year), int(month)


def months(now: datetime) -> list[str]:
    local = now.astimezone(ZONE)
    counted = local.year * 12 + local.month - 1
    return [f"{nth // 12:04d}-{nth % 12 + 1:02d}" for nth in range(counted, counted - BACK, -1)]


def _written(at: datetime | None) -> str:
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") if at else ""
