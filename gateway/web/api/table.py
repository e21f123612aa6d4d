"""Every endpoint of the API in one table, and what one token may do in a minute."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from gateway.web.api import cases, desk, field, floor, remote, reports, rota

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
    """Of one token: reports beyond theirs wait in the spool, other requests are told to wait."""

    reports: int = 600
    others: int = 1200


RATES = web.AppKey("rates", Rates)
