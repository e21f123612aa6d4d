"""Reports: figures by mail on the morning after, and the SLA report of any owner for a month, as page and CSV."""

from __future__ import annotations

from aiohttp import web

from gateway import casenumber, languages
from gateway.figures import mailed_figures
from gateway.record import owners
from gateway.web.bodies import form
from gateway.web.console.frame import frame
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import language_of, page
from gateway.web.portal.sla import bounds, csv_of, lines, month_of, months, verdicts


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers/reports", show)
    app.router.add_post("/managers/reports", order)
    app.router.add_get("/managers/sla.csv", export)


async def show(request: web.Request) -> web.StreamResponse:
    """`?owner=&month=2026-11`: what I ordered, and that owner's report."""
    runtime, directory = runtime_of(request), runtime_of(request).directory()
    now, owner = runtime.clock.now(), request.query.get("owner", "")
    month = month_of(request, now)
    known = sorted(directory.owners.values(), key=lambda one: (one.organisation, one.id))
    found = await owners.sla(runtime.db, owner, *bounds(month)) if owner in directory.owners else []
    ordered = await runtime.db.rows(mailed_figures.SQL["orders"], {"agent": request[AGENT].id})
    shown = {
        "ordered": {row["period"]: row for row in ordered},
        "choices": mailed_figures.PERIODS,
        "owners": known,
        "owner": owner if owner in directory.owners else None,
        "month": f"{month[0]:04d}-{month[1]:02d}",
        "months": months(now),
        "lines": lines(found, now),
        "rows": [{"case": one, "number": casenumber.number(one.id), **verdicts(one, now)} for one in found],
    }
    return page(request, "managers/reports.html", await frame(request, None) | shown)


async def order(request: web.Request) -> web.StreamResponse:
    """Order figures by mail, or cancel them."""
    runtime, fields, agent = runtime_of(request), await form(request), request[AGENT]
    period = fields.get("period", "")
    if period in mailed_figures.PERIODS:
        given = {"agent": agent.id, "period": period}
        if fields.get("act") == "cancel":
            await runtime.db.run(mailed_figures.SQL["cancel"], given)
        else:
            morning = mailed_figures.following(period, runtime.clock.now())
            await runtime.db.run(mailed_figures.SQL["order"], {**given, "next": morning})
    raise web.HTTPSeeOther("/managers/reports")


async def export(request: web.Request) -> web.StreamResponse:
    """An owner's cases of a month, a line each."""
    runtime, owner = runtime_of(request), request.query.get("owner", "")
    now, directory = runtime.clock.now(), runtime.directory()
    month = month_of(request, now)
    found = await owners.sla(runtime.db, owner, *bounds(month))
    sites = {site: directory.sites[site] for site in directory.owner_sites.get(owner, ())}
    return csv_of(found, month, sites, languages.catalogue(language_of(request)), now)
