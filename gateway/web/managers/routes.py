"""Where those who lead find their pages."""

from __future__ import annotations

from aiohttp import web

from gateway.web.managers import (
    accounts,
    acts,
    alarms,
    analysis,
    keys,
    master,
    people,
    personal,
    recurring,
    reports,
    rota,
    staffing,
    wall,
)


def add_routes(app: web.Application) -> None:
    for room in (
        analysis,
        wall,
        acts,
        alarms,
        recurring,
        staffing,
        accounts,
        reports,
        personal,
        keys,
        master,
        people,
        rota,
    ):
        room.add_routes(app)
