"""The web application: one factory that mounts every room, and the role that serves it.

`create_app` checks everything that can be checked before a port is opened. `serve` runs until SIGTERM, then answers
`draining`, ends its streams first, turns nobody away who was let in, and gives what is on its way 5 seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import structlog
from aiohttp import web
from aiohttp_session import session_middleware

from channels.phone_lately import Lately
from gateway.config import Config
from gateway.emptying import keep_empty
from gateway.hosting.ports import Listeners, port_of
from gateway.hosting.stopping import end, until_stopped
from gateway.hosting.tracing import Span, open_tracing, untraced
from gateway.hosting.watchdog import watched
from gateway.phone.telephony import support_flow
from gateway.runtime import Runtime, open_runtime
from gateway.web import (
    access,
    demo,
    edge,
    errors,
    events,
    files,
    greeting,
    health,
    leaving,
    login,
    pages,
    phone,
)
from gateway.web.api import routes as api
from gateway.web.api.table import Rates
from gateway.web.console import routes as console
from gateway.web.helpcenter import routes as helpcenter
from gateway.web.helpcenter.reporting import SLOW
from gateway.web.keys import RUNTIME, STOPPING
from gateway.web.managers import routes as managers
from gateway.web.portal import routes as portal
from gateway.web.sessions import RecordedSessions

log = structlog.get_logger()
GRACE = 5.0  # seconds for what is on its way at shutdown
LINGER = 0.2  # seconds between draining and closing the door, so that a balancer notices


def read_once() -> None:
    """Read what all applications of a process share; otherwise the first of them does. Raises FlowError."""
    pages.templates()
    support_flow()


def create_app(
    runtime: Runtime,
    *,
    rates: Rates | None = None,
    patience: login.Patience | None = None,
    photo_patience: float = SLOW,
    span: Span = untraced,
    lately: Lately | None = None,
) -> web.Application:
    """The application over an open runtime. `lately` is a memory of calls, to be shared by applications of one port."""
    config = runtime.config
    sessions = RecordedSessions(runtime.db, runtime.clock, secure=config.public_url.startswith("https:"))
    app = web.Application(
        middlewares=[
            *health.traced(span),
            health.measured,
            errors.errors,
            edge.straight,
            *edge.forwarded(config),
            edge.hosts(config),
            edge.deadline,
            session_middleware(sessions),
            access.guard,
        ],
    )
    app[RUNTIME] = runtime
    app[STOPPING] = asyncio.Event()
    app.on_response_prepare.append(edge.harden(config))
    app.on_response_prepare.append(leaving.say_goodbye)
    app.on_shutdown.append(_stop)
    app.cleanup_ctx.append(_keep_spool_empty)
    pages.setup(app)
    login.add_routes(app, patience)
    helpcenter.add_routes(app, photo_patience)
    api.add_routes(app, rates)
    phone.add_routes(app, lately)
    for room in (portal, console, managers, files, health, events, demo):
        room.add_routes(app)
    return app


async def serve(config: Config, listeners: Listeners, others: Sequence[Listeners], lately: Lately) -> None:
    """The role `web`, or one of its processes: open everything, answer until SIGTERM or SIGINT, leave in order.

    `others` are the sockets of the other processes, `lately` what they all remember of calls.
    """
    async with watched(), open_tracing(config, "web") as span, open_runtime(config, role="web") as runtime:
        app = create_app(runtime, span=span, lately=lately)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE, handler_cancellation=False)
        await runner.setup()
        doors = await greeting.open_doors(runner, listeners)
        log.info("web.open", host=config.http_host, port=port_of(listeners))
        async with greeting.standing_in(runner, others):
            await until_stopped()
            app[STOPPING].set()
            await asyncio.sleep(LINGER)
        await leaving.leave(runner, doors, others)
        log.info("web.closed")


async def _stop(app: web.Application) -> None:
    app[STOPPING].set()


async def _keep_spool_empty(app: web.Application) -> AsyncIterator[None]:
    emptying = asyncio.create_task(keep_empty(app[RUNTIME]))
    yield
    await end([emptying])
