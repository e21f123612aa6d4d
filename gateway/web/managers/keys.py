"""The keys that other systems use the API with: made, seen and revoked. For administrators.

A key is shown once, known by its SHA-256 alone, and worth nothing from the moment it is revoked.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from gateway.languages import N_
from gateway.people.tokens import ROLES, UnknownRole, make
from gateway.record import agents
from gateway.record.timeline import Actor
from gateway.web.bodies import UNKEEPABLE, form
from gateway.web.console.frame import frame
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import page
from gateway.web.problems import Problem

LONGEST_NAME = 80  # signs
NO_NAME = N_("Say which system it is for.")
NO_HOLDER = N_("There is nobody of this id; an owner's key needs the owner's.")


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers/keys", show)
    app.router.add_post("/managers/keys", add)
    app.router.add_post("/managers/keys/{id:[0-9]{1,18}}/revoke", revoke)


async def show(request: web.Request) -> web.StreamResponse:
    """The keys that are worth something, and the form for one more."""
    return await _page(request)


async def add(request: web.Request) -> web.StreamResponse:
    """Make a key; the answer shows it this once."""
    runtime, fields, by = runtime_of(request), await form(request), Actor("agent", request[AGENT].id)
    name = UNKEEPABLE.sub("", fields.get("name", "")).strip()[:LONGEST_NAME]
    holder = fields.get("for", "").strip() or None
    if not name:
        return await _page(request, fields=fields, errors={"name": NO_NAME}, status=422)
    try:
        made = await make(runtime.db, fields.get("role", ""), holder, name, by, runtime.clock.now())
    except UnknownRole:
        return await _page(request, fields=fields, errors={"key-for": NO_HOLDER}, status=422)
    return await _page(request, made=made)


async def revoke(request: web.Request) -> web.StreamResponse:
    """End a key."""
    runtime, by = runtime_of(request), Actor("agent", request[AGENT].id)
    if not await agents.revoke_token(runtime.db, int(request.match_info["id"]), by, runtime.clock.now()):
        raise Problem(404, "There is no such key.")
    raise web.HTTPSeeOther("/managers/keys?done=revoked")


async def _page(
    request: web.Request,
    *,
    made: str | None = None,
    fields: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    context = await frame(request, None) | {
        "keys": await agents.tokens(runtime_of(request).db),
        "made": made,
        "roles": ROLES,
        "fields": fields or {},
        "errors": errors or {},
        "done": request.query.get("done") == "revoked",
    }
    return page(request, "managers/keys.html", context, status)
