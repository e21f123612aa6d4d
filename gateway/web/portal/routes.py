"""Where the owners' portal answers."""

from __future__ import annotations

from aiohttp import web

from gateway.web.portal import cases, door, me, people, report, sites, sla


def add_routes(app: web.Application) -> None:
    for room in (door, cases, report, sites, sla, people, me):
        room.add_routes(app)
