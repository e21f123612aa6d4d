"""An agent's own page: password, second factor with recovery codes, and where they are logged in.

Whatever touches the log-in asks for the password again, ends the other sessions and gives this one a new id.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.languages import N_
from gateway.people import second_factor
from gateway.people.passwords import weakness
from gateway.record import staff
from gateway.record.timeline import Actor
from gateway.web.bodies import form
from gateway.web.console.frame import frame
from gateway.web.keys import AGENT, runtime_of
from gateway.web.login import LONGEST, PASSWORDS
from gateway.web.pages import page
from gateway.web.sessions import log_in, own_key

WRONG = N_("That is not your password.")
WRONG_CODE = N_("That code is not right. Try the next one.")
DIFFERENT = N_("The two are not the same.")
SAID = {
    "password": N_("Your password is changed. Everywhere else you are logged out."),
    "totp": N_("The second factor is off."),
    "sessions": N_("Logged out there."),
}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/console/me", show)
    app.router.add_post("/console/me/password", change_password)
    app.router.add_post("/console/me/totp/{act:begin|confirm|end}", second)
    app.router.add_post("/console/me/sessions", end_sessions)


async def show(request: web.Request) -> web.StreamResponse:
    """The page."""
    return await _page(request)


async def change_password(request: web.Request) -> web.StreamResponse:
    """A new password for oneself."""
    runtime, agent, fields = runtime_of(request), request[AGENT], await form(request)
    fresh = fields.get("new", "")[:LONGEST]
    if not await _knows_password(request):
        return await _page(request, {"old": WRONG}, status=422)
    if fault := weakness(fresh, agent.email):
        return await _page(request, {"new": fault}, status=422)
    if fields.get("again", "")[:LONGEST] != fresh:
        return await _page(request, {"again": DIFFERENT}, status=422)
    hashed = await request.app[PASSWORDS].hashed(fresh)
    await staff.set_password(runtime.db, agent.id, hashed, Actor("agent", agent.id), runtime.clock.now())
    await log_in(request, agent.id)
    raise web.HTTPSeeOther("/console/me?done=password")


async def second(request: web.Request) -> web.StreamResponse:
    """Begin a second factor, let it count once a code of it was shown, or end it."""
    runtime, agent, fields = runtime_of(request), request[AGENT], await form(request)
    act, now = request.match_info["act"], runtime.clock.now()
    if act in ("begin", "end") and not await _knows_password(request):
        return await _page(request, {f"totp_{act}": WRONG}, status=422)
    if act == "begin":
        await staff.propose_totp(runtime.db, agent.id, second_factor.fresh_secret())
        raise web.HTTPSeeOther("/console/me#second")
    if act == "end":
        await staff.end_totp(runtime.db, agent.id, Actor("agent", agent.id), now)
        raise web.HTTPSeeOther("/console/me?done=totp")
    pending = (await staff.secrets_of(runtime.db, agent.id))["totp_pending"]
    step = second_factor.step_of(pending, fields.get("code", ""), now) if pending else None
    if step is None:
        return await _page(request, {"code": WRONG_CODE}, status=422)
    codes = second_factor.recovery_codes()
    hashes = [second_factor.recovery_hash(code) for code in codes]
    await staff.confirm_totp(runtime.db, agent.id, step, hashes, now, own_key(request))
    return await _page(request, codes=codes)


async def end_sessions(request: web.Request) -> web.StreamResponse:
    """Log out somewhere else, or everywhere else."""
    runtime, agent, fields = runtime_of(request), request[AGENT], await form(request)
    if one := fields.get("session"):
        await staff.end_session(runtime.db, agent.id, one)
    else:
        actor = Actor("agent", agent.id)
        await staff.end_sessions(runtime.db, agent.id, actor, runtime.clock.now(), own_key(request))
    raise web.HTTPSeeOther("/console/me?done=sessions")


async def _knows_password(request: web.Request) -> bool:
    fields = await form(request)
    known = await staff.secrets_of(runtime_of(request).db, request[AGENT].id)
    return await request.app[PASSWORDS].correct(known["password_hash"], fields.get("old", "")[:LONGEST])


async def _page(
    request: web.Request,
    errors: dict[str, str] | None = None,
    codes: list[str] | None = None,
    status: int = 200,
) -> web.Response:
    runtime, agent = runtime_of(request), request[AGENT]
    secrets, own = await staff.secrets_of(runtime.db, agent.id), own_key(request)
    pending = secrets["totp_pending"]
    context: dict[str, Any] = {
        "errors": errors or {},
        "done": SAID.get(request.query.get("done", "")),
        "codes": codes,
        "has_totp": bool(secrets["totp_secret"]),
        "pending": pending,
        "otpauth": second_factor.address(pending, agent.email) if pending else None,
        "recovery_left": secrets["recovery_left"],
        "sessions": [
            {**one, "here": bytes(one["whole"]) == own}
            for one in await staff.sessions(runtime.db, agent.id, runtime.clock.now())
        ],
    }
    return page(request, "access/me.html", await frame(request, None) | context, status)
