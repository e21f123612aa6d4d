"""The telephone of an agent: answered in the browser or on an ordinary one, and what can be done while they talk.

The page is a window of its own, so that a call outlives every other page. The browser says every half minute that it is
still there; when it no longer does, the agent's ordinary telephone rings instead.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from channels.provider import open_provider
from channels.provider_http import ProviderAway
from gateway.desk.acts import Refused, Taken
from gateway.languages import N_
from gateway.messages.post import account_of
from gateway.phone import talks, wrapping
from gateway.phone.talks import NoTalk
from gateway.record import cases
from gateway.record.timeline import Actor
from gateway.runtime import Runtime
from gateway.web.access import LEADS
from gateway.web.bodies import form
from gateway.web.console.frame import frame
from gateway.web.keys import AGENT, runtime_of
from gateway.web.login import onward
from gateway.web.pages import HEADERS, page
from gateway.web.problems import Problem

# The voice SDK signals over wss and plays its ringing from the provider's hosts; nothing else is let in.
POLICY = (
    HEADERS["Content-Security-Policy"]
    .replace("connect-src 'self'", "connect-src 'self' https://*.twilio.com wss://*.twilio.com")
    .replace("media-src 'self'", "media-src 'self' blob: mediastream: https://sdk.twilio.com")
)
LINE = "line-"
FAILED = {
    "call": N_("The provider could not do that. Nothing has changed."),
    "held": N_("Handed over, but the caller still hears music: your colleague has to take them back."),
    "recording": N_("Nothing is recorded right now."),
    "colleague": N_("That colleague cannot be asked now."),
    "talk": N_("You are not talking to anybody now."),
}
Verb = Callable[[Runtime, Actor], Awaitable[None]]
VERBS: Mapping[str, Verb] = {
    "hold": lambda runtime, actor: talks.hold(runtime, actor, True),
    "resume": lambda runtime, actor: talks.hold(runtime, actor, False),
    "silence": lambda runtime, actor: talks.silence(runtime, actor, True),
    "record": lambda runtime, actor: talks.silence(runtime, actor, False),
    "hand": lambda runtime, actor: talks.hand(runtime, actor, True),
    "lower": lambda runtime, actor: talks.hand(runtime, actor, False),
    "give": talks.give,
}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/console/phone", show)
    app.router.add_post("/console/phone/token", token)
    app.router.add_post("/console/phone/here", here)
    app.router.add_post("/console/phone/ready", ready)
    app.router.add_post("/console/phone/consult", consult)
    app.router.add_post("/console/phone/{act:hold|resume|silence|record|hand|lower|give}", act)
    app.router.add_post("/managers/talks/{how:listen|coach|join}", attend)
    app.router.add_post("/managers/talks/lower", lower)


async def show(request: web.Request) -> web.StreamResponse:
    """The page."""
    return await _page(request)


async def token(request: web.Request) -> web.StreamResponse:
    """What the browser registers with at the provider, as the agent who is logged in and nobody else."""
    account = account_of(runtime_of(request).config)
    if account is None:
        raise Problem(503, "No telephony provider is configured.")
    async with open_provider(account) as provider:
        try:
            return web.json_response({"token": provider.browser_token(talks.identity(request[AGENT].id))})
        except ProviderAway as away:
            raise Problem(503, str(away)) from None


async def here(request: web.Request) -> web.StreamResponse:
    """The browser answers, or does so no more."""
    answers = (await form(request)).get("answers") == "yes"
    await talks.here(runtime_of(request), request[AGENT].id, answers)
    return web.Response(status=204)


async def ready(request: web.Request) -> web.StreamResponse:
    """The last call is written up, with what came of it or without."""
    fields, agent = await form(request), request[AGENT]
    actor = Actor("agent", agent.id, agent.role)
    try:
        await wrapping.end(runtime_of(request), actor, fields.get("call") or None, fields.get("disposition") or None)
    except Refused as refused:
        raise Problem(422, "There is no such disposition.", fields=refused.fields) from None
    raise web.HTTPSeeOther(onward(fields.get("back")))


async def act(request: web.Request) -> web.StreamResponse:
    """What is done to the talk that goes on."""
    return await _done(request, VERBS[request.match_info["act"]])


async def consult(request: web.Request) -> web.StreamResponse:
    """Ask a colleague into the talk, or whoever of a line has been free longest."""
    runtime, agent, wanted = runtime_of(request), request[AGENT], (await form(request)).get("colleague", "")
    if wanted.startswith(LINE):
        line = wanted.removeprefix(LINE)
        free = [one["id"] for one in await talks.colleagues(runtime, agent.id) if str(one["line"]) == line]
        wanted = free[0] if free else ""

    async def ask(runtime: Runtime, actor: Actor) -> None:
        await talks.consult(runtime, actor, wanted)

    return await _done(request, ask)


async def attend(request: web.Request) -> web.StreamResponse:
    """A lead listens, coaches or joins in."""
    agent, how = (await form(request)).get("agent", ""), request.match_info["how"]

    async def ring(runtime: Runtime, actor: Actor) -> None:
        await talks.attend(runtime, actor, agent, how)

    return await _done(request, ring)


async def lower(request: web.Request) -> web.StreamResponse:
    """A lead has seen a raised hand."""
    agent = (await form(request)).get("agent", "")

    async def seen(runtime: Runtime, actor: Actor) -> None:
        await talks.lower(runtime, actor, agent)

    return await _done(request, seen)


async def _done(request: web.Request, verb: Verb) -> web.StreamResponse:
    agent = request[AGENT]
    try:
        await verb(runtime_of(request), Actor("agent", agent.id, agent.role))
    except NoTalk:
        return await _page(request, FAILED["talk"], 409)
    except Taken:
        return await _page(request, FAILED["colleague"], 409)
    except Refused as refused:
        return await _page(request, FAILED[next(iter(refused.fields))], 409)
    raise web.HTTPSeeOther("/console/phone")


async def _page(request: web.Request, failed: str | None = None, status: int = 200) -> web.Response:
    runtime, agent = runtime_of(request), request[AGENT]
    talk = await talks.current(runtime, agent.id)
    account = account_of(runtime.config)
    context: dict[str, Any] = {
        "failed": failed,
        "browser": bool(account and account.key and account.app),
        "talk": talk,
        "case": await cases.find(runtime.db, talk["case_id"]) if talk and talk["case_id"] else None,
        "beside": await talks.beside(runtime, talk) if talk else [],
        "in_vain": await talks.in_vain(runtime, talk) if talk else None,
        "colleagues": await talks.colleagues(runtime, agent.id) if talk else [],
        "live": await talks.live(runtime, agent.reach) if agent.role in LEADS else [],
    }
    response = page(request, "console/phone.html", await frame(request, None) | context, status)
    response.headers["Content-Security-Policy"] = POLICY
    return response
