"""Who of an owner's organisation may enter the portal, with which rights; and the keys of their own systems.

The registered contact always stays and manages. A key is shown once, known by its SHA-256 alone, narrowed to the scopes
it was made for, and worth nothing from the moment it is revoked.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from aiohttp import web

from channels.form import address
from gateway.languages import CUSTOMERS, N_
from gateway.people.tokens import hashed, new_token
from gateway.record import portal
from gateway.record.portal import ROLES
from gateway.web.bodies import UNKEEPABLE, form
from gateway.web.keys import OWNER, runtime_of
from gateway.web.login import PASSWORDS
from gateway.web.portal.cases import manager, portal_page
from gateway.web.problems import Problem

SCOPES = ("read", "report")
MOST = 50  # users, and keys, of one organisation


def add_routes(app: web.Application) -> None:
    app.router.add_get("/portal/people", people)
    app.router.add_post("/portal/people", invite)
    app.router.add_post("/portal/people/{user}/role", change)
    app.router.add_post("/portal/people/{user}/remove", remove)
    app.router.add_post("/portal/pin", make_pin)
    app.router.add_get("/portal/keys", keys)
    app.router.add_post("/portal/keys", add_key)
    app.router.add_post("/portal/keys/{key}/revoke", revoke_key)


async def people(request: web.Request) -> web.StreamResponse:
    """Everybody of the organisation."""
    return await _people_page(request)


async def invite(request: web.Request) -> web.StreamResponse:
    """Let a colleague in; they log in by a link to their own address."""
    user, runtime, fields = manager(request), runtime_of(request), await form(request)
    email, role = address(fields.get("email", "").strip()), fields.get("role")
    language = fields.get("language") if fields.get("language") in CUSTOMERS else user.language
    name = UNKEEPABLE.sub("", fields.get("name", "")).strip()[:200] or None
    if email is None or role not in ROLES:
        error = {"email": N_("This is not an e-mail address.")} if email is None else {"role": N_("Choose the rights.")}
        return await _people_page(request, errors=error, fields=fields, status=422)
    everybody = await portal.colleagues(runtime.db, user.owner_id)
    if len(everybody) >= MOST:
        return await _people_page(
            request, errors={"email": N_("There are too many already.")}, fields=fields, status=422
        )
    await portal.invite(runtime.db, user, email, name, role, str(language), runtime.clock.now())
    raise web.HTTPSeeOther("/portal/people?done=invited")


async def change(request: web.Request) -> web.StreamResponse:
    """Give a colleague other rights."""
    user, runtime = manager(request), runtime_of(request)
    role = (await form(request)).get("role")
    if role not in ROLES:
        raise Problem(400, "There are no such rights.")
    if not await portal.set_role(runtime.db, user, _id(request, "user"), role, runtime.clock.now()):
        raise Problem(404, "There is no such colleague.")
    raise web.HTTPSeeOther("/portal/people?done=changed")


async def remove(request: web.Request) -> web.StreamResponse:
    """End a colleague's access at once."""
    user, runtime = manager(request), runtime_of(request)
    if not await portal.remove(runtime.db, user, _id(request, "user"), runtime.clock.now()):
        raise Problem(404, "There is no such colleague.")
    raise web.HTTPSeeOther("/portal/people?done=removed")


async def make_pin(request: web.Request) -> web.StreamResponse:
    """A new telephone code for the organisation, shown this one time."""
    user, runtime = manager(request), runtime_of(request)
    pin = f"{secrets.randbelow(10**6):06d}"
    await portal.set_pin(runtime.db, user, await request.app[PASSWORDS].hashed(pin), runtime.clock.now())
    return await _people_page(request, pin=pin, status=201)


async def keys(request: web.Request) -> web.StreamResponse:
    """The keys of the organisation's systems."""
    manager(request)
    return await _keys_page(request)


async def add_key(request: web.Request) -> web.StreamResponse:
    """Make a key and show it, this one time."""
    user, runtime, fields = manager(request), runtime_of(request), await form(request)
    name = UNKEEPABLE.sub("", fields.get("name", "")).strip()[:80]
    scopes = [scope for scope in SCOPES if scope in fields.getall("scope", [])]
    errors = {} if name else {"name": N_("Say which system it is for.")}
    if not scopes:
        errors["scope"] = N_("Choose what the key may do.")
    if len(await portal.keys(runtime.db, user.owner_id)) >= MOST:
        errors["name"] = N_("There are too many already.")
    if errors:
        return await _keys_page(request, errors=errors, fields=fields, status=422)
    token = new_token()
    await portal.add_key(runtime.db, user, hashed(token), name, scopes, runtime.clock.now())
    return await _keys_page(request, made=token, status=201)


async def revoke_key(request: web.Request) -> web.StreamResponse:
    """End a key at once."""
    user, runtime = manager(request), runtime_of(request)
    if not await portal.revoke_key(runtime.db, user, _id(request, "key"), runtime.clock.now()):
        raise Problem(404, "There is no such key.")
    raise web.HTTPSeeOther("/portal/keys?done=revoked")


async def _people_page(
    request: web.Request,
    *,
    pin: str | None = None,
    errors: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    everybody = await portal.colleagues(runtime_of(request).db, request[OWNER].owner_id)
    shown = {
        "pin": pin,
        "everybody": everybody,
        "roles": ROLES,
        "errors": dict(errors or {}),
        "fields": dict(fields or {}),
    }
    return portal_page(request, "portal/people.html", shown, status)


async def _keys_page(
    request: web.Request,
    *,
    made: str | None = None,
    errors: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    found = await portal.keys(runtime_of(request).db, request[OWNER].owner_id)
    shown = {"keys": found, "made": made, "scopes": SCOPES, "errors": dict(errors or {}), "fields": dict(fields or {})}
    return portal_page(request, "portal/keys.html", shown, status)


def _id(request: web.Request, name: str) -> int:
    text = request.match_info[name]
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0
