"""Documents beside a case, and the service card of an area, by API.

Photos and documents come as they are, one a request. Owners see the cards of their own sites.
"""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints

from gateway import desk
from gateway.record import agents, cards
from gateway.web.api import models
from gateway.web.api.cases import visible
from gateway.web.api.endpoints import STAFF, Call, Endpoint, answer
from gateway.web.bodies import read
from gateway.web.keys import runtime_of
from gateway.web.problems import Problem

LARGEST = 16 << 20  # bytes of one document
MEDIA = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf", "text/plain"})


class DocumentQuery(models.Body):
    """`as` names the agent for tokens that have none of their own."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    as_: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = Field(None, alias="as")


async def add_document(call: Call) -> web.StreamResponse:
    """Put one photo or document beside a case; the body is the file."""
    case = await visible(call)
    runtime = runtime_of(call.request)
    media_type = call.request.content_type
    if media_type not in MEDIA:
        raise Problem(415, f"Send one of {', '.join(sorted(MEDIA))}.")
    if call.caller.agent and call.query.as_ not in (None, call.caller.agent):
        raise Problem(403, "This token acts for one agent only.")
    agent_id = call.caller.agent or call.query.as_
    agent = await agents.find(runtime.db, agent_id) if agent_id else None
    if agent is None or not agent.may_work:
        raise Problem(422, "Say in whose name.", fields={"as": "must be an agent"})
    actor = desk.Actor("agent", agent.id, agent.role)
    content = await read(call.request, LARGEST)
    await desk.add_document(runtime, actor, case.id, call.query.name, media_type, content)
    listed = await cards.documents(runtime.db, case.id)
    return answer(models.DocumentItem.model_validate(listed[-1]), 201)


async def card(call: Call) -> web.StreamResponse:
    """What was done at a site, newest first."""
    runtime = runtime_of(call.request)
    site = call.path["site"]
    known = runtime.directory().sites.get(site)
    if known is None or (call.caller.role == "owner" and known.owner_id != call.caller.owner):
        raise Problem(404, "There is no such site.")
    items = [
        models.CardItem(
            id=one.id,
            case=one.number,
            charger=one.charger_id,
            at=one.at,
            agent=one.agent_id,
            line=one.line,
            category=one.category,
            fault_code=one.fault_code,
            disposition=one.disposition,
            verified=one.verified,
            work=one.work,
            parts=one.parts,
            documents=one.documents,
        )
        for one in await cards.of_site(runtime.db, site)
    ]
    return answer(models.CardPage(items=items))


ENDPOINTS = (
    Endpoint(
        "POST",
        "/cases/{number}/documents",
        add_document,
        "Put a photo or document beside a case",
        STAFF,
        {201: models.DocumentItem},
        query=DocumentQuery,
        problems=(404, 413, 415, 422),
    ),
    Endpoint(
        "GET",
        "/sites/{site}/card",
        card,
        "The service card of an area",
        STAFF | {"owner"},
        {200: models.CardPage},
        problems=(404,),
    ),
)
