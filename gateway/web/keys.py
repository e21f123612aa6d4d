"""What handlers find in the application and in a request, by typed key."""

from __future__ import annotations

import asyncio

from aiohttp import web

from gateway.record.agents import Agent
from gateway.record.portal import OwnerUser
from gateway.runtime import Runtime

RUNTIME = web.AppKey("runtime", Runtime)
STOPPING = web.AppKey("stopping", asyncio.Event)
AGENT = web.RequestKey("agent", Agent)  # who is logged in, in rooms that ask for a log-in
OWNER = web.RequestKey("owner", OwnerUser)  # who of an owner's organisation is logged in, in the portal
VISIT = web.RequestKey("visit", str)  # a visitor without a session, once a page needs to know one from another


def runtime_of(request: web.Request) -> Runtime:
    """The runtime behind a request: config, clock, record, hints, intake."""
    return request.app[RUNTIME]
