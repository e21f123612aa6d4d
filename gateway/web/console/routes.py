"""Where the agents' console answers."""

from __future__ import annotations

from aiohttp import web

from gateway.web.console import (
    account,
    cases,
    documents,
    fleet,
    offering,
    opening,
    recordings,
    telephone,
    viewing,
    whom,
)


def add_routes(app: web.Application) -> None:
    for room in (account, opening, fleet, whom, recordings, telephone, cases, offering, viewing, documents):
        room.add_routes(app)
