"""The people who work here: who they are, what they may, where they are logged in. For managers and administrators.

Only an administrator makes, changes or lets go of managers and administrators; nobody changes their own rights. A
password that is set here is shown once; a change of rights ends the person's sessions.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gateway.importing import Fault, ImportFaults, agent_row, agent_rows
from gateway.languages import N_, Catalogue, catalogue
from gateway.record import agents, staff
from gateway.record.agents import Agent
from gateway.record.timeline import Actor
from gateway.web.bodies import form
from gateway.web.console.frame import frame
from gateway.web.keys import AGENT, runtime_of
from gateway.web.login import PASSWORDS
from gateway.web.pages import language_of, page
from gateway.web.problems import Problem

ROLES = ("agent", "lead", "manager", "admin")
HIGH = frozenset({"manager", "admin"})
FIELDS = ("name", "email", "phone", "role", "line", "languages", "skills", "queues", "sites", "region")
NOT_YOURS = N_("Only an administrator decides about managers and administrators, and nobody about themselves.")
TAKEN = N_("Somebody else has this address.")
UNKNOWN_REACH = N_("A queue or a site of these is not known.")
SAID = {
    "saved": N_("Kept. If rights changed, they have to log in again."),
    "disable": N_("Their sessions and tokens are worth nothing any more."),
    "enable": N_("They may log in again."),
    "sessions": N_("They are logged out everywhere."),
    "totp": N_("They log in without a second factor until they make a new one."),
    "import": N_("The list is taken in."),
}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/console/people", index)
    app.router.add_post("/console/people", add)
    app.router.add_post("/console/people/import", take_list)
    app.router.add_get("/console/people/{id}", show)
    app.router.add_post("/console/people/{id}/{act:save|password|disable|enable|sessions|totp}", act)


async def index(request: web.Request) -> web.StreamResponse:
    """Everybody, the form for one more, and what was done to rights lately."""
    return await _index(request)


async def show(request: web.Request) -> web.StreamResponse:
    """One person."""
    return await _person(request, await _known(request))


async def add(request: web.Request) -> web.StreamResponse:
    """Somebody new."""
    fields = await form(request)
    fault = await _keep(request, fields.get("id", "").strip(), fields, new=True)
    if fault:
        return await _index(request, fields, fault, 422)
    raise web.HTTPSeeOther(f"/console/people/{fields['id'].strip()}?done=saved")


async def take_list(request: web.Request) -> web.StreamResponse:
    """Many at once, from the text of a CSV file as `import` takes it."""
    runtime, me, fields = runtime_of(request), request[AGENT], await form(request, 1 << 20)
    try:
        rows = agent_rows(fields.get("csv", ""))
        known = {one.id: one for one in await agents.everyone(runtime.db)}
        for row in rows:
            if not _may(me, known.get(row["id"]), row["role"]):
                raise ImportFaults([Fault(row["id"], NOT_YOURS)])
        for row in rows:
            await staff.save(runtime.db, row, Actor("agent", me.id), runtime.clock.now())
    except ImportFaults as problem:
        return await _index(
            request, fields, {"csv": "\n".join(fault.line(_words(request)) for fault in problem.faults[:20])}, 422
        )
    except staff.AddressTaken:
        return await _index(request, fields, {"csv": TAKEN}, 422)
    raise web.HTTPSeeOther("/console/people?done=import")


async def act(request: web.Request) -> web.StreamResponse:
    """Change somebody, set their password, let them go or back in, log them out, take their second factor away."""
    runtime, me, person = runtime_of(request), request[AGENT], await _known(request)
    name, now, by = request.match_info["act"], runtime.clock.now(), Actor("agent", me.id)
    if not _may(me, person, person.role):
        raise Problem(403, NOT_YOURS)
    if name == "save":
        fields = await form(request)
        fault = await _keep(request, person.id, fields)
        if fault:
            return await _person(request, person, fields, fault, status=422)
    elif name == "password":
        password = "-".join(secrets.token_hex(3) for _ in range(3))
        await staff.set_password(runtime.db, person.id, await request.app[PASSWORDS].hashed(password), by, now)
        return await _person(request, person, password=password)
    elif name in ("disable", "enable"):
        await (staff.disable if name == "disable" else staff.enable)(runtime.db, person.id, by, now)
    elif name == "sessions":
        await staff.end_sessions(runtime.db, person.id, by, now)
    else:
        await staff.end_totp(runtime.db, person.id, by, now)
    raise web.HTTPSeeOther(f"/console/people/{person.id}?done={'saved' if name == 'save' else name}")


async def _keep(
    request: web.Request, agent_id: str, fields: Mapping[str, str], *, new: bool = False
) -> dict[str, str] | None:
    """Take in a form; the faults when it does not fit."""
    runtime, me = runtime_of(request), request[AGENT]
    before = await agents.find(runtime.db, agent_id) if agent_id else None
    if new and before:
        return {"id": N_("This id is taken.")}
    try:
        row = agent_row({**fields, "agent_id": agent_id})
    except ImportFaults as problem:
        return {fault.where: fault.told(_words(request)) for fault in problem.faults}
    if not _may(me, before, row["role"]):
        return {"role": NOT_YOURS}
    known = runtime.directory().sites
    if any(one not in runtime.rules().queues for one in row["queues"]) or any(one not in known for one in row["sites"]):
        return {"queues": UNKNOWN_REACH}
    try:
        await staff.save(runtime.db, row, Actor("agent", me.id), runtime.clock.now())
    except staff.AddressTaken:
        return {"email": TAKEN}
    return None


def _words(request: web.Request) -> Catalogue:
    return catalogue(language_of(request))


def _may(me: Agent, person: Agent | None, role: str) -> bool:
    """Whether `me` may decide about somebody and give them a role."""
    if person and person.id == me.id:
        return False
    return me.role == "admin" or not ({role, person.role if person else "agent"} & HIGH)


async def _known(request: web.Request) -> Agent:
    person = await agents.find(runtime_of(request).db, request.match_info["id"])
    if person is None:
        raise Problem(404, "There is no such person.")
    return person


async def _index(
    request: web.Request,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    runtime = runtime_of(request)
    context: dict[str, Any] = await frame(request, None) | {
        "everybody": await agents.everyone(runtime.db),
        "typed": typed or {},
        "errors": errors or {},
        "roles": ROLES if request[AGENT].role == "admin" else ROLES[:2],
        "done": SAID.get(request.query.get("done", "")),
        "acts_done": await staff.acts(runtime.db, 30),
    }
    return page(request, "access/people.html", context, status)


async def _person(
    request: web.Request,
    person: Agent,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    password: str | None = None,
    status: int = 200,
) -> web.Response:
    runtime, me = runtime_of(request), request[AGENT]
    written = {name: getattr(person, name) for name in (*FIELDS, "max_calls", "max_cases")}
    written |= {name: ";".join(written[name]) for name in ("languages", "skills", "queues", "sites")}
    context: dict[str, Any] = await frame(request, None) | {
        "person": person,
        "mine": _may(me, person, person.role),
        "typed": written | dict(typed or {}),
        "errors": errors or {},
        "roles": ROLES if me.role == "admin" else ROLES[:2],
        "password": password,
        "done": SAID.get(request.query.get("done", "")),
        "sessions": await staff.sessions(runtime.db, person.id, runtime.clock.now()),
        "has_totp": bool((await staff.secrets_of(runtime.db, person.id))["totp_secret"]),
        "not_yours": NOT_YOURS,
    }
    return page(request, "access/person.html", context, status)
