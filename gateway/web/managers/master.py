"""Owners, sites and chargers: taken along as CSV, and new or changed ones taken in after a look at what would change.

All of it or nothing; what is not in the files stays. For managers and administrators who may see everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from gateway.csvs import csv_bytes
from gateway.importing import IDS, ImportFaults, Tables, check, read_tables
from gateway.languages import N_, catalogue
from gateway.record import imports
from gateway.record.timeline import Actor
from gateway.web.console.frame import frame
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import language_of, page
from gateway.web.problems import Problem
from gateway.web.uploads import MULTIPART, Files, UploadLimits, begun
from gateway.web.within import sees_everything

TABLES = ("owners", "sites", "chargers")
LIMITS = UploadLimits(text=8 << 20, file=8 << 20, whole=24 << 20, files=len(TABLES))
SHOWN = 100  # changes and faults told one by one
NO_FILES = N_("No file was chosen.")
NOT_WHOLE = N_("The files did not come whole, or are too large. Choose them again.")


@dataclass(frozen=True, slots=True)
class Change:
    """One row that is new (`before` is empty) or differs, with the columns that do: (column, before, after)."""

    table: str
    id: str
    new: bool
    columns: Sequence[tuple[str, str, str]]


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers/master", show)
    app.router.add_get("/managers/master/{table:owners|sites|chargers}.csv", take_along)
    app.router.add_post("/managers/master", look)
    app.router.add_post("/managers/master/taken", take_in)


async def show(request: web.Request) -> web.StreamResponse:
    """How many there are, and where files go."""
    sees_everything(request)
    return await _page(request, done=request.query.get("done") == "taken")


async def take_along(request: web.Request) -> web.StreamResponse:
    """All owners, sites or chargers in the columns that are taken in."""
    sees_everything(request)
    table = request.match_info["table"]
    rows = await imports.current(runtime_of(request).db, table)
    head = list(rows[0]) if rows else [IDS[table]]
    return web.Response(
        body=csv_bytes(head, (list(row.values()) for row in rows)),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{table}.csv"', "Cache-Control": "no-store"},
    )


async def look(request: web.Request) -> web.StreamResponse:
    """What files would change; nothing is changed yet."""
    sees_everything(request)
    _, files = await _posted(request)
    if files.faults or not files.contents:
        return await _page(request, faults=[NOT_WHOLE if files.faults else NO_FILES], status=422)
    given = dict(zip(files.names, files.contents, strict=True))
    try:
        tables = await _checked(request, given)
    except ImportFaults as problem:
        return await _page(request, faults=_lines(request, problem), status=422)
    changes = [change for table, rows in tables.items() for change in await _changes(request, table, rows)]
    texts = {f"{table}.csv": given[name].decode("utf-8-sig") for name, table in zip(given, tables, strict=True)}
    return await _page(request, changes=changes, texts=texts, rows=sum(map(len, tables.values())))


async def take_in(request: web.Request) -> web.StreamResponse:
    """Take in what was looked at."""
    sees_everything(request)
    runtime, (fields, _) = runtime_of(request), await _posted(request)
    given = {name: fields[name].encode() for name in (f"{table}.csv" for table in TABLES) if fields.get(name)}
    if not given:
        return await _page(request, faults=[NO_FILES], status=422)
    try:
        tables = await _checked(request, given)
    except ImportFaults as problem:
        return await _page(request, faults=_lines(request, problem), status=422)
    await imports.write(runtime.db, tables, Actor("agent", request[AGENT].id), runtime.clock.now())
    raise web.HTTPSeeOther("/managers/master?done=taken")


def _lines(request: web.Request, problem: ImportFaults) -> list[str]:
    book = catalogue(language_of(request))
    return [fault.line(book) for fault in problem.faults]


async def _posted(request: web.Request) -> tuple[Mapping[str, str], Files]:
    if request.content_type != MULTIPART:
        raise Problem(415, "Send files from the form.")
    upload = begun(request, LIMITS)
    try:
        return await upload.fields(), await upload.files()
    finally:
        await upload.close()


async def _checked(request: web.Request, given: Mapping[str, bytes]) -> Tables:
    tables = read_tables(given, TABLES)
    await check(runtime_of(request).db, tables)
    return tables


async def _changes(request: web.Request, table: str, rows: Sequence[Mapping[str, Any]]) -> list[Change]:
    named = IDS[table]
    known = {row[named]: row for row in await imports.current(runtime_of(request).db, table)}
    found = []
    for row in rows:
        before: Mapping[str, Any] = known.get(row[named], {})
        columns = [
            (name, _written(before.get(name)), _written(value))
            for name, value in row.items()
            if before.get(name) != value
        ]
        if columns:
            found.append(Change(table, row[named], not before, columns))
    return found


def _written(value: object) -> str:
    return "" if value is None else str(value)


async def _page(
    request: web.Request,
    *,
    changes: Sequence[Change] | None = None,
    texts: Mapping[str, str] | None = None,
    rows: int = 0,
    faults: Sequence[str] = (),
    done: bool = False,
    status: int = 200,
) -> web.Response:
    directory = runtime_of(request).directory()
    context = await frame(request, None) | {
        "counts": {"owners": len(directory.owners), "sites": len(directory.sites), "chargers": len(directory.chargers)},
        "changes": changes,
        "new": sum(change.new for change in changes or ()),
        "texts": texts or {},
        "rows": rows,
        "faults": faults,
        "shown": SHOWN,
        "done": done,
    }
    return page(request, "managers/master.html", context, status)
