"""What every request passes first: whose host it asks for, how long it may take, and the headers of all answers."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from aiohttp_remotes import XForwardedStrict

from gateway.config import Config
from gateway.web.problems import Problem

PROBES = ("/healthz", "/readyz", "/metrics")  # asked by address, past the proxy
DEADLINE = 30.0  # seconds
UPLOAD_DEADLINE = 900.0  # a photo over a slow line
STREAMS = ("/api/v1/events", "/console/events")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=(self)",
}


def forwarded(config: Config) -> list[Middleware]:
    """Believe the nearest proxy about who asks, when one is configured; never anybody else."""
    if not config.trusted_proxies:
        return []
    return [XForwardedStrict([list(config.trusted_proxies)], white_paths=PROBES).middleware]


def hosts(config: Config) -> Middleware:
    """Answer only for our own names (421 for others), so that no link, cookie or cache carries a stranger's."""
    ours = {"localhost", "127.0.0.1", "::1", config.http_host, urlsplit(config.public_url).hostname}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        signed = request.path.startswith("/twilio/")  # over PUBLIC_URL, so that no header matters
        if not signed and request.path not in PROBES and _name(request.host) not in ours:
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


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """Set what every answer carries (a signal, so that streams and errors have it too)."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    response.headers.pop("Server", None)


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
