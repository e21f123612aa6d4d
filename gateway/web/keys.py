"""What handlers find in the application and in a request, by typed key."""

from __future__ import annotations

import asyncio

from aiohttp import web

from gateway.runtime import Runtime

RUNTIME = web.AppKey("runtime", Runtime)
STOPPING = web.AppKey("stopping", asyncio.Event)


def runtime_of(request: web.Request) -> Runtime:
    """The runtime behind a request: config, clock, record, hints, intake."""
    return request.app[RUNTIME]
