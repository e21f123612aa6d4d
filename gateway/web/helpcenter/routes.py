"""Where the help center answers."""

from __future__ import annotations

from aiohttp import web

from gateway.web.helpcenter import advice, following, news, reporting, scanned, status, visit


def add_routes(app: web.Application, photo_patience: float = reporting.SLOW) -> None:
    """`photo_patience`: seconds that photos on a slow line are waited for."""
    reporting.add_routes(app, photo_patience)
    for room in (advice, news, scanned, status, following, visit):
        room.add_routes(app)
