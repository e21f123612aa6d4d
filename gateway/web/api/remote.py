"""Remote help by API: how a case's charger is now, what may be tried from afar, and trying it."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import AwareDatetime, Field

from channels.report import RemoteAct, RemoteAnswer
from gateway import desk
from gateway.web.api import models
from gateway.web.api.cases import visible
from gateway.web.api.desk import Deed, acting
from gateway.web.api.endpoints import STAFF, Call, Endpoint, answer
from gateway.web.keys import runtime_of
from gateway.web.problems import Problem


class ChargerNow(models.Answer):
    """What a charger says now; all but the acts are null when it does not answer."""

    charger: str
    status: str | None
    error: str | None
    at: AwareDatetime | None
    acts: list[RemoteAct]


class Remote(Deed):
    """What the charger shall do; unlocking needs a connector."""

    act: RemoteAct
    connector: Annotated[int, Field(ge=1, le=20)] | None = None


class Answered(models.Answer):
    answer: RemoteAnswer


async def charger(call: Call) -> web.StreamResponse:
    """How the case's charger is now, and what may be asked of it: nothing where there is danger."""
    case, runtime = await visible(call), runtime_of(call.request)
    if case.charger_id is None:
        raise Problem(404, "This case has no charger.")
    state = await runtime.chargers.status(case.charger_id)
    ended = case.status in ("concluded", "closed")
    acts = [] if ended else list(desk.possible(runtime, case, await desk.supposed(runtime, case)))
    return answer(
        ChargerNow(
            charger=case.charger_id,
            status=state.status if state else None,
            error=state.error if state else None,
            at=state.at if state else None,
            acts=acts,
        )
    )


async def remote(call: Call) -> web.StreamResponse:
    """Have the case's charger do something; what it answered stands on the timeline. 422 where there is danger."""
    case, actor = await visible(call), await acting(call)
    body: Remote = call.body
    said = await desk.remote(runtime_of(call.request), actor, case.id, body.act, body.connector)
    return answer(Answered(answer=said))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/cases/{number}/charger",
        charger,
        "How the case's charger is now",
        STAFF,
        {200: ChargerNow},
        problems=(404,),
    ),
    Endpoint(
        "POST",
        "/cases/{number}/remote",
        remote,
        "Have the case's charger do something",
        STAFF,
        {200: Answered},
        body=Remote,
        problems=(404, 409),
    ),
)
