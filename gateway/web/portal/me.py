"""What somebody of an owner's organisation may set for their own log-in: a password, and a second factor beside it.

The mailed link always lets in; a password and one-time codes are for those who want them. Whatever touches the log-in
asks for the password that is set, and ends every other session.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from gateway.people import second_factor
from gateway.people.passwords import weakness
from gateway.record import portal
from gateway.record.portal import OwnerUser
from gateway.web.bodies import form
from gateway.web.console.account import DIFFERENT, WRONG, WRONG_CODE
from gateway.web.keys import OWNER, runtime_of
from gateway.web.login import LONGEST, PASSWORDS
from gateway.web.portal.cases import portal_page
from gateway.web.problems import Problem
from gateway.web.sessions import log_in_owner


def add_routes(app: web.Application) -> None:
    app.router.add_get("/portal/me", show)
    app.router.add_post("/portal/me/password", set_password)
    app.router.add_post("/portal/me/totp/{act:begin|confirm|end}", second)


async def show(request: web.Request) -> web.StreamResponse:
    """The page."""
    return _page(request)


async def set_password(request: web.Request) -> web.StreamResponse:
    """A first or a new password."""
    runtime, user, fields = runtime_of(request), request[OWNER], await form(request)
    fresh = fields.get("new", "")[:LONGEST]
    if not await _knows_password(request, user):
        return _page(request, {"old": WRONG}, 422)
    if fault := weakness(fresh, user.email):
        return _page(request, {"new": fault}, 422)
    if fields.get("again", "")[:LONGEST] != fresh:
        return _page(request, {"again": DIFFERENT}, 422)
    hashed = await request.app[PASSWORDS].hashed(fresh)
    await portal.set_password(runtime.db, user, hashed, runtime.clock.now())
    return await _again(request, user, "password")


async def second(request: web.Request) -> web.StreamResponse:
    """Begin a second factor, let it count once a code of it was shown, or end it."""
    runtime, user, act = runtime_of(request), request[OWNER], request.match_info["act"]
    if user.password_hash is None:
        raise Problem(403, "Set a password first.")
    if act != "confirm" and not await _knows_password(request, user):
        return _page(request, {f"totp_{act}": WRONG}, 422)
    if act == "begin":
        await portal.propose_totp(runtime.db, user, second_factor.fresh_secret())
        raise web.HTTPSeeOther("/portal/me#second")
    now = runtime.clock.now()
    if act == "end":
        await portal.end_totp(runtime.db, user, now)
        return await _again(request, user, "totp_ended")
    code, pending = (await form(request)).get("code", ""), user.totp_pending
    step = second_factor.step_of(pending, code, now) if pending else None
    if step is None:
        return _page(request, {"code": WRONG_CODE}, 422)
    await portal.confirm_totp(runtime.db, user, step, now)
    return await _again(request, user, "totp_set")


async def _knows_password(request: web.Request, user: OwnerUser) -> bool:
    """True also for whoever has set none yet."""
    given = (await form(request)).get("old", "")[:LONGEST]
    return user.password_hash is None or await request.app[PASSWORDS].correct(user.password_hash, given)


async def _again(request: web.Request, user: OwnerUser, done: str) -> web.StreamResponse:
    """This session goes on under a new id; the others are over."""
    await log_in_owner(request, user.id, runtime_of(request).clock.now())
    raise web.HTTPSeeOther(f"/portal/me?done={done}")


def _page(request: web.Request, errors: Mapping[str, str] | None = None, status: int = 200) -> web.Response:
    user = request[OWNER]
    pending = user.totp_pending
    shown = {
        "errors": dict(errors or {}),
        "pending": pending,
        "otpauth": second_factor.address(pending, user.email) if pending else None,
    }
    return portal_page(request, "portal/me.html", shown, status)
