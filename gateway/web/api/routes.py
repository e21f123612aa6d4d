"""The JSON API of `/api/v1`: every endpoint in one table, and its description made from it."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from gateway.web.api import cases, desk, field, floor, remote, reports, rota
from gateway.web.api.endpoints import BASE, mount
from gateway.web.api.openapi import description
from gateway.web.keys import runtime_of

ENDPOINTS = (
    *reports.ENDPOINTS,
    *cases.ENDPOINTS,
    *desk.ENDPOINTS,
    *floor.ENDPOINTS,
    *field.ENDPOINTS,
    *remote.ENDPOINTS,
    *rota.ENDPOINTS,
)


@dataclass(frozen=True, slots=True)
class Rates:
    """What one token may do in a minute: reports beyond theirs wait in the spool, other requests are told to wait."""

    reports: int = 600
    others: int = 1200


RATES = web.AppKey("rates", Rates)


def add_routes(app: web.Application, rates: Rates | None = None) -> None:
    rates = rates or Rates()
    app[RATES] = rates
    app[reports.REPORTS] = rates.reports
    mount(app, ENDPOINTS, rates.others)
    app.router.add_get(f"{BASE}/openapi.json", described)


async def described(request: web.Request) -> web.StreamResponse:
    """The description, for everybody."""
    return web.json_response(description(ENDPOINTS, runtime_of(request).config.public_url))
