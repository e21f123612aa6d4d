"""The JSON API of `/api/v1`: every endpoint in one table, and its description made from it."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from gateway.web import api_cases, api_desk, api_field, api_floor, api_remote, api_reports, api_rota
from gateway.web.endpoints import BASE, mount
from gateway.web.keys import runtime_of
from gateway.web.openapi import description

ENDPOINTS = (
    *api_reports.ENDPOINTS,
    *api_cases.ENDPOINTS,
    *api_desk.ENDPOINTS,
    *api_floor.ENDPOINTS,
    *api_field.ENDPOINTS,
    *api_remote.ENDPOINTS,
    *api_rota.ENDPOINTS,
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
    app[api_reports.REPORTS] = rates.reports
    mount(app, ENDPOINTS, rates.others)
    app.router.add_get(f"{BASE}/openapi.json", described)


async def described(request: web.Request) -> web.StreamResponse:
    """The description, for everybody."""
    return web.json_response(description(ENDPOINTS, runtime_of(request).config.public_url))
