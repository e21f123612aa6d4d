"""Whether this process lives, whether it can do its work, and its figures.

`/healthz` touches nothing. `/readyz` asks every neighbour, with a time limit each, and says `degraded` while one is
away: the doors still answer then. Only `starting` (PostgreSQL has never answered yet) and `draining` are 503.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Histogram, generate_latest

from gateway.record.db import Unavailable, statements
from gateway.runtime import Runtime
from gateway.web.keys import RUNTIME, STOPPING, runtime_of

PATIENCE = 2.0  # seconds for one check
AGAIN = 0.5  # seconds between looks while starting
STARTED = web.AppKey("started", asyncio.Event)
REQUESTS = Counter("switchyard_http_requests_total", "Answers by route and status.", ["route", "status"])
SECONDS = Histogram("switchyard_http_request_seconds", "Seconds until an answer, by route.", ["route"])


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    detail: str
    ms: float


def add_routes(app: web.Application) -> None:
    app[STARTED] = asyncio.Event()
    app.cleanup_ctx.append(_await_postgresql)
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", figures)


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count every answer and its time under its route, never under what was asked for."""
    clock = runtime_of(request).clock
    began = clock.monotonic()
    response = await handler(request)
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "unknown"
    REQUESTS.labels(route, response.status).inc()
    SECONDS.labels(route).observe(clock.monotonic() - began)
    return response


async def alive(request: web.Request) -> web.StreamResponse:
    """This process answers."""
    return web.json_response({"status": "ok"})


async def ready(request: web.Request) -> web.StreamResponse:
    """Every neighbour of this process, and what that makes of its own state."""
    runtime = runtime_of(request)
    checks = await asyncio.gather(
        _check(runtime, "postgresql", _postgresql), _check(runtime, "redis", _redis), _check(runtime, "spool", _spool)
    )
    started = request.app[STARTED]
    if checks[0].ok:
        started.set()
    if request.app[STOPPING].is_set():
        status = "draining"
    elif not started.is_set():
        status = "starting"
    else:
        status = "ok" if all(check.ok for check in checks) else "degraded"
    body = {
        "status": status,
        "checks": {check.name: {"ok": check.ok, "detail": check.detail, "ms": check.ms} for check in checks},
    }
    return web.json_response(body, status=200 if status in ("ok", "degraded") else 503)


async def figures(request: web.Request) -> web.StreamResponse:
    """What Prometheus reads."""
    return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _await_postgresql(app: web.Application) -> AsyncIterator[None]:
    """Notice the first answer of PostgreSQL also when nobody asks for it."""

    async def look() -> None:
        while not app[STOPPING].is_set():
            if (await _check(app[RUNTIME], "postgresql", _postgresql)).ok:
                app[STARTED].set()
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(app[STOPPING].wait(), AGAIN)

    looking = asyncio.create_task(look())
    yield
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking


async def _check(runtime: Runtime, name: str, ask: Callable[[Runtime], Awaitable[tuple[bool, str]]]) -> Check:
    began = runtime.clock.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            ok, detail = await ask(runtime)
    except (Unavailable, TimeoutError, OSError) as error:
        ok, detail = False, f"no answer ({type(error).__name__})"
    return Check(name, ok, detail, round((runtime.clock.monotonic() - began) * 1000, 1))


async def _postgresql(runtime: Runtime) -> tuple[bool, str]:
    try:
        await runtime.db.row(statements("sites")["version"])
    except psycopg.ProgrammingError:
        return False, "not migrated"
    return True, "answers"


async def _redis(runtime: Runtime) -> tuple[bool, str]:
    if not runtime.config.redis_url:
        return True, "not configured; pages poll"
    ok = await runtime.live.answers()
    return ok, "answers" if ok else "no answer; pages poll"


async def _spool(runtime: Runtime) -> tuple[bool, str]:
    oldest = await asyncio.to_thread(runtime.spool.oldest)
    return oldest is None, "empty" if oldest is None else f"waiting since {oldest.isoformat(timespec='seconds')}"
