"""The log-in pages. A wrong password costs time and never an account: many tries slow the trier down, and whoever knows
the password gets in (B99). A page that is fetched logs nobody in or out.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web

from gateway import seals
from gateway.activity import set_activity
from gateway.people import second_factor
from gateway.people.passwords import Passwords
from gateway.record import agents, staff
from gateway.runtime import Runtime
from gateway.web.bodies import form
from gateway.web.keys import runtime_of
from gateway.web.pages import page
from gateway.web.problems import Problem
from gateway.web.sayings import WRONG_LOGIN
from gateway.web.sessions import log_in, log_out, logged_in

log = structlog.get_logger()
PASSWORDS = web.AppKey("passwords", Passwords)
HALL = web.AppKey("hall", dict[str, int])
LONGEST = 1024  # characters of a password


@dataclass(frozen=True, slots=True)
class Patience:
    """How many tries in a minute go at full speed, how long the later ones wait, how many may wait at once."""

    tries: int = 10
    delay: float = 2.0
    waiting: int = 20


PATIENCE = web.AppKey("patience", Patience)


def add_routes(app: web.Application, patience: Patience | None = None) -> None:
    app[PASSWORDS] = Passwords()
    app[HALL] = {}
    app[PATIENCE] = patience or Patience()
    app.router.add_get("/login", show)
    app.router.add_post("/login", enter)
    app.router.add_post("/logout", leave)


async def show(request: web.Request) -> web.StreamResponse:
    """The log-in form."""
    return _form(request, {"next": onward(request.query.get("next"))})


async def enter(request: web.Request) -> web.StreamResponse:
    """Log in with address, password and, for those who have one, a one-time code (RFC 6238)."""
    fields = await form(request)
    email, password = fields.get("email", "").strip(), fields.get("password", "")
    runtime = runtime_of(request)
    await slow_down(request, email)
    known = await agents.credentials(runtime.db, email)
    right = await request.app[PASSWORDS].correct(known.password_hash if known else None, password[:LONGEST])
    if known and right and known.totp_secret:
        right = await _second_factor_right(known.agent, known.totp_secret, fields.get("code", ""), runtime)
    if not known or not right:
        log.info("login.refused")
        shown = {"next": onward(fields.get("next")), "email": email, "error": WRONG_LOGIN}
        return _form(request, shown, 403)
    await log_in(request, known.agent)
    log.info("login.entered", agent=known.agent)
    raise web.HTTPSeeOther(onward(fields.get("next")))


async def leave(request: web.Request) -> web.StreamResponse:
    """Log out: the session is dead for every copy of its cookie, and nothing more is offered to its agent."""
    agent = await logged_in(request)
    await log_out(request)
    if agent:
        await set_activity(runtime_of(request), agent, "offline")
    raise web.HTTPSeeOther("/login")


def onward(path: str | None) -> str:
    """A page of ours to go on to; anything else is the console."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or any(c in path for c in "\r\n\\"):
        return "/console"
    return path


def _form(request: web.Request, context: dict[str, Any], status: int = 200) -> web.StreamResponse:
    return page(request, "access/login.html", {"email": "", "error": None, **context}, status)


async def slow_down(request: web.Request, email: str) -> None:
    """Make those who try often wait. Counted by address of the network and by account, each on its own."""
    patience, hall = request.app[PATIENCE], request.app[HALL]
    live, keys = runtime_of(request).live, runtime_of(request).config.secret_keys
    here = f"login:{request.remote}"
    account = f"login:{seals.mac(keys[0], 'login', email.lower())}"
    within = [await live.within(key, patience.tries, 60) for key in (here, account)]
    if all(within):
        return
    if hall.get(here, 0) >= patience.waiting:
        raise Problem(429, "Too many tries from here. Wait a minute.", headers={"Retry-After": "60"})
    hall[here] = hall.get(here, 0) + 1
    try:
        await asyncio.sleep(patience.delay)
    finally:
        hall[here] -= 1
        if not hall[here]:
            del hall[here]


async def _second_factor_right(agent: str, secret: str, code: str, runtime: Runtime) -> bool:
    """Whether this is a code of now that was not used before, or a recovery code, which then is spent."""
    now = runtime.clock.now()
    step = second_factor.step_of(secret, code, now)
    if step is not None:
        return await staff.use_step(runtime.db, agent, step)
    return await staff.use_recovery(runtime.db, agent, second_factor.recovery_hash(code), now)
