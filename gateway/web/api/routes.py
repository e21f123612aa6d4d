"""Where the JSON API of `/api/v1` answers, with its description and the page about it."""

from __future__ import annotations

from aiohttp import web

from gateway.web.api import page, reports
from gateway.web.api.endpoints import BASE, mount
from gateway.web.api.openapi import description
from gateway.web.api.table import ENDPOINTS, RATES, Rates
from gateway.web.keys import runtime_of


def add_routes(app: web.Application, rates: Rates | None = None) -> None:
    rates = rates or Rates()
    app[RATES] = rates
    app[reports.REPORTS] = rates.reports
    mount(app, ENDPOINTS, rates.others)
    app.router.add_get(f"{BASE}/openapi.json", described)
    page.add_routes(app)


async def described(request: web.Request) -> web.StreamResponse:
    """The description, for everybody."""
    return web.json_response(description(ENDPOINTS, runtime_of(request).config.public_url))
