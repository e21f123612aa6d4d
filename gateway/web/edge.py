"""What every request passes first: whose host it asks for, how long it may take, and the headers of all answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from aiohttp_remotes import XForwardedStrict

from gateway.config import Config
from gateway.web.problems import Problem

WEBHOOKS = "/twilio/"
CALLS = "/twilio/voice"
PROBES = ("/healthz", "/readyz", "/metrics")  # asked by address, past the proxy
DEADLINE = 30.0  # seconds
UPLOAD_DEADLINE = 900.0  # a photo over a slow line
STREAMS = ("/api/v1/events", "/console/events")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=(self)",
}


def forwarded(config: Config) -> list[Middleware]:
    """Believe the nearest proxy about who asks, when one is configured; never anybody else."""
    if not config.trusted_proxies:
        return []
    strict = XForwardedStrict([list(config.trusted_proxies)])

    @web.middleware
    async def believe(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await (handler(request) if request.path in PROBES else strict.middleware(request, handler))

    return [believe]


@web.middleware
async def straight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Webhooks pass what follows by: their signature is over PUBLIC_URL, so that no header about the way matters, and
    they have no session. One of a call that is all here needs no deadline from us: its door has a shorter one."""
    if not request.path.startswith(WEBHOOKS):
        return await handler(request)
    if request.path.startswith(CALLS) and request.content.is_eof():
        return await request.match_info.handler(request)
    async with asyncio.timeout(DEADLINE):
        return await request.match_info.handler(request)


def hosts(config: Config) -> Middleware:
    """Answer only for our own names (421 for others), so that no link, cookie or cache carries a stranger's."""
    ours = {"localhost", "127.0.0.1", "::1", config.http_host, urlsplit(config.public_url).hostname}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in PROBES and _name(request.host) not in ours:
            raise Problem(421, "This is not the host you asked for.")
        return await handler(request)

    return check


@web.middleware
async def deadline(request: web.Request, handler: Handler) -> web.StreamResponse:
    """End what takes too long: a body that trickles in, or a record that does not answer."""
    if request.path.startswith(STREAMS):
        return await handler(request)
    slow = request.method == "POST" and request.content_type == "multipart/form-data"
    async with asyncio.timeout(UPLOAD_DEADLINE if slow else DEADLINE):
        return await handler(request)


def harden(config: Config) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """What every answer carries, as a signal, so that streams and errors have it too."""
    lasting = {"Strict-Transport-Security": "max-age=31536000"} if config.public_url.startswith("https:") else {}
    every = tuple((HEADERS | lasting).items())

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        for name, value in every:
            headers.setdefault(name, value)
        headers.pop("Server", None)

    return add


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
