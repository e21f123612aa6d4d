"""The portal's door: a link to the registered address, and a button on the page behind it that logs in, once; or a
password and a one-time code, for those who have set them.

Asking for a link is answered in the same words and the same time whoever asks, so that nobody learns which addresses
are registered. Fetching a link, any number of times, changes nothing (law 11). A link lasts half an hour; a user is
sent a few an hour and no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog
from aiohttp import web

from channels.form import address
from gateway import languages
from gateway.jobs import wake
from gateway.languages import CUSTOMERS
from gateway.people import second_factor
from gateway.people.tokens import hashed, new_token
from gateway.record import portal
from gateway.record.portal import LinkLetter, OwnerUser
from gateway.runtime import Runtime
from gateway.web.bodies import form
from gateway.web.keys import runtime_of
from gateway.web.login import LONGEST, PASSWORDS, slow_down
from gateway.web.pages import page
from gateway.web.sayings import WRONG_LOGIN
from gateway.web.sessions import log_in_owner, log_out, owner_logged_in

log = structlog.get_logger()
LASTS = timedelta(minutes=30)
AN_HOUR = 5  # links to one user
TRIES = 10  # a minute from one address of the network, before answers slow down
SAME_TIME = 0.15  # seconds that every answer takes, and more than the record needs
SLOW = 2.0


def add_routes(app: web.Application) -> None:
    app.router.add_get("/portal/login", show)
    app.router.add_post("/portal/login", ask)
    app.router.add_get("/portal/enter/{token}", door)
    app.router.add_post("/portal/enter/{token}", enter)
    app.router.add_post("/portal/logout", leave)


async def show(request: web.Request) -> web.StreamResponse:
    """The page that asks for an address."""
    runtime = runtime_of(request)
    user = await owner_logged_in(request)
    if user is not None and await portal.find(runtime.db, user):
        raise web.HTTPSeeOther("/portal")
    return page(request, "portal/login.html", {"sent": False, "email": "", "error": None})


async def ask(request: web.Request) -> web.StreamResponse:
    """Send a link to everybody of this address; the answer is the same for nobody. With a password: log in by it."""
    runtime, fields = runtime_of(request), await form(request)
    email = address(fields.get("email", "").strip())
    if fields.get("password"):
        return await _by_password(request, email or "", fields)
    if not await runtime.live.within(f"portal:{request.remote}", TRIES, 60):
        await asyncio.sleep(SLOW)
    _, known = await asyncio.gather(asyncio.sleep(SAME_TIME), _send(runtime, email))
    log.info("portal.link_asked", known=known)
    return page(request, "portal/login.html", {"sent": True, "email": "", "error": None})


async def door(request: web.Request) -> web.StreamResponse:
    """The page with the button; says for which organisation the link is, while it is good."""
    runtime = runtime_of(request)
    organisation = await portal.link(runtime.db, _key(request), runtime.clock.now())
    response = page(request, "portal/enter.html", {"organisation": organisation}, 200 if organisation else 404)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


async def enter(request: web.Request) -> web.StreamResponse:
    """Spend the link and log in."""
    runtime = runtime_of(request)
    user = await portal.use_link(runtime.db, _key(request), runtime.clock.now())
    if user is None:
        return page(request, "portal/enter.html", {"organisation": None}, 404)
    await log_in_owner(request, user.id, runtime.clock.now())
    log.info("portal.entered", user=user.id)
    raise web.HTTPSeeOther("/portal")


async def leave(request: web.Request) -> web.StreamResponse:
    """Log out; the session is dead for every copy of its cookie."""
    await log_out(request)
    raise web.HTTPSeeOther("/portal/login")


async def _by_password(request: web.Request, email: str, fields: Mapping[str, str]) -> web.StreamResponse:
    """Log in as whoever of this address the password and the code belong to; wrong ones cost time and say no more."""
    runtime, password = runtime_of(request), fields["password"][:LONGEST]
    await slow_down(request, email)
    users = await portal.users_of(runtime.db, email, runtime.clock.now())
    candidates: list[OwnerUser | None] = [user for user in users if user.password_hash]
    for user in candidates or [None]:
        right = await request.app[PASSWORDS].correct(user.password_hash if user else None, password)
        if user is None or not right or not await _code_right(runtime, user, fields.get("code", "")):
            continue
        await log_in_owner(request, user.id, runtime.clock.now())
        log.info("portal.entered", user=user.id)
        raise web.HTTPSeeOther("/portal")
    log.info("portal.refused")
    return page(request, "portal/login.html", {"sent": False, "email": email, "error": WRONG_LOGIN}, 403)


async def _code_right(runtime: Runtime, user: OwnerUser, code: str) -> bool:
    """Whether this is a code of now that was not used before, where the user has a second factor."""
    if user.totp_secret is None:
        return True
    step = second_factor.step_of(user.totp_secret, code, runtime.clock.now())
    return step is not None and await portal.use_step(runtime.db, user.id, step)


async def _send(runtime: Runtime, email: str | None) -> bool:
    now = runtime.clock.now()
    users = await portal.users_of(runtime.db, email or "", now)
    for user in users:
        token = new_token()
        letter = _letter(runtime, user, token)
        if await portal.send_link(runtime.db, letter, now, LASTS, AN_HOUR):
            async with runtime.db.connection() as conn:
                await wake(conn)
    return bool(users)


def _letter(runtime: Runtime, user: OwnerUser, token: str) -> LinkLetter:
    language = user.language if user.language in CUSTOMERS else languages.SPOKEN
    book = languages.catalogue(language)
    told = {
        "organisation": user.organisation,
        "url": f"{runtime.config.public_url.rstrip('/')}/portal/enter/{token}",
        "minutes": int(LASTS.total_seconds() // 60),
    }
    text = "\n\n".join(
        book.gettext(part) % told
        for part in ("letter.greeting", "letter.portal_link.text", "letter.portal_link.unasked", "letter.sign")
    )
    return LinkLetter(
        hash=hashed(token),
        user=user.id,
        to=user.email,
        language=language,
        subject=book.gettext("letter.portal_link.subject") % told,
        text=f"{text}\n",
    )


def _key(request: web.Request) -> bytes:
    return hashed(request.match_info["token"])
