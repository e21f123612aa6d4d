"""Whether this process lives, whether it can do its work, and its figures.

`/healthz` touches nothing. `/readyz` asks every neighbour, with a time limit each, and says `degraded` while one is
away: the doors still answer then. Only `starting` (PostgreSQL has never answered yet) and `draining` are 503.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import cache

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.hosting.tracing import Span, untraced
from gateway.phone.watch import on_call
from gateway.record.db import Unavailable
from gateway.web import gauges
from gateway.web.keys import RUNTIME, STOPPING, runtime_of
from gateway.web.neighbours import PATIENCE, Neighbours, check, postgresql

AGAIN = 0.5  # seconds between looks while starting
STARTED = web.AppKey("started", asyncio.Event)
NEIGHBOURS = web.AppKey("neighbours", Neighbours)
REQUESTS = Counter("switchyard_http_requests_total", "Answers by route and status.", ["route", "status"])
UNTOLD = ("/healthz", "/readyz", "/metrics", "/static/{name}")
SECONDS = Histogram("switchyard_http_request_seconds", "Seconds until an answer, by route.", ["route"])


def add_routes(app: web.Application) -> None:
    app[STARTED] = asyncio.Event()
    app[NEIGHBOURS] = Neighbours(app[RUNTIME])
    app.cleanup_ctx.append(_await_postgresql)
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", figures)


def traced(span: Span) -> Sequence[Middleware]:
    """The middleware that tells how long each answer took, where anything is traced. Looks of machines are not told."""
    if span is untraced:
        return ()

    @web.middleware
    async def traced(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "unknown"
        if route in UNTOLD:
            return await handler(request)
        with span(f"{request.method} {route}") as note:
            response = await handler(request)
            note({"http.request.method": request.method, "http.route": route})
            note({"http.response.status_code": response.status})
            return response

    return (traced,)


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count every answer and its time under its route, never under what was asked for."""
    clock = runtime_of(request).clock
    began = clock.monotonic()
    response = await handler(request)
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "unknown"
    answers, seconds = _counted(route, response.status)
    answers.inc()
    seconds.observe(clock.monotonic() - began)
    return response


async def alive(request: web.Request) -> web.StreamResponse:
    """This process answers."""
    return web.json_response({"status": "ok"})


async def ready(request: web.Request) -> web.StreamResponse:
    """Every neighbour of this process, and what that makes of its own state."""
    checks = await request.app[NEIGHBOURS].ask()
    started = request.app[STARTED]
    if checks[0].ok:
        started.set()
    if request.app[STOPPING].is_set():
        status = "draining"
    elif not started.is_set():
        status = "starting"
    else:
        status = "ok" if all(one.ok for one in checks) else "degraded"
    body = {
        "status": status,
        "checks": {one.name: {"ok": one.ok, "detail": one.detail, "ms": one.ms} for one in checks},
    }
    return web.json_response(body, status=200 if status in ("ok", "degraded") else 503)


async def figures(request: web.Request) -> web.StreamResponse:
    """What Prometheus reads."""
    await gauges.read(runtime_of(request))
    runtime = runtime_of(request)
    with suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await on_call(runtime)
    registry = REGISTRY
    if runtime.config.figures.is_dir():  # those of all processes on this port, whichever is asked
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(runtime.config.figures))  # type: ignore[no-untyped-call]
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


@cache
def _counted(route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(route, status), SECONDS.labels(route)


async def _await_postgresql(app: web.Application) -> AsyncIterator[None]:
    """Notice the first answer of PostgreSQL also when nobody asks for it."""

    async def look() -> None:
        while not app[STOPPING].is_set():
            if (await check(app[RUNTIME], "postgresql", postgresql)).ok:
                app[STARTED].set()
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(app[STOPPING].wait(), AGAIN)

    looking = asyncio.create_task(look())
    yield
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
