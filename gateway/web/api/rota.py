"""The rota by API: who is on call and where nobody is, a shift put on or taken off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import AwareDatetime, Field

from gateway.phone import rota
from gateway.record import oncall
from gateway.record.oncall import Kept
from gateway.record.timeline import Actor
from gateway.web.api import models
from gateway.web.api.endpoints import LEADS, STAFF, Call, Endpoint, answer
from gateway.web.keys import runtime_of
from gateway.web.problems import Problem


class ShiftBody(models.Body):
    """Without `phone` the agent's own telephone is rung; without `region` the shift is for everywhere."""

    agent: models.Short
    line: int = Field(ge=1, le=3)
    region: models.Short | None = None
    phone: models.Short | None = None
    from_: AwareDatetime = Field(alias="from")
    until: AwareDatetime


class ShiftItem(models.Answer):
    id: int
    agent: str
    line: int
    region: str | None
    phone: str
    from_: datetime = Field(alias="from")
    until: datetime


class GapItem(models.Answer):
    line: int
    region: str | None
    from_: datetime = Field(alias="from")
    until: datetime


class RotaPage(models.Answer):
    """Shifts that have not ended, and the gaps of the next 14 days."""

    items: list[ShiftItem]
    next: str | None = None
    gaps: list[GapItem]


class Removed(models.Answer):
    removed: int


async def shifts(call: Call) -> web.StreamResponse:
    """Who is on call, now and later."""
    runtime = runtime_of(call.request)
    seen = await rota.outlook(runtime.db, runtime.clock.now())
    gaps = [
        GapItem.model_validate({"line": gap.line, "region": gap.region, "from": gap.starts, "until": gap.ends})
        for gap in seen.gaps
    ]
    return answer(RotaPage(items=[_item(one) for one in seen.shifts], gaps=gaps))


async def add(call: Call) -> web.StreamResponse:
    """Put a shift on the rota; the same shift again changes nothing."""
    runtime = runtime_of(call.request)
    body: ShiftBody = call.body
    row: dict[str, Any] = {"agent_id": body.agent, "line": body.line, "region": body.region, "phone": body.phone}
    row |= {"from": body.from_, "until": body.until}
    try:
        await rota.take_in(runtime.db, [row], _actor(call), runtime.clock.now())
    except rota.RotaFaults as wrong:
        named = {"agent" if column == "agent_id" else column: what for _, column, what in wrong.faults}
        raise Problem(422, "The shift cannot be put on the rota.", fields=named) from wrong
    return await shifts(call)


async def remove(call: Call) -> web.StreamResponse:
    """Take a shift off the rota."""
    runtime = runtime_of(call.request)
    text = call.path["id"]
    known = text.isascii() and text.isdecimal() and len(text) < 19
    if not known or not await oncall.remove(runtime.db, int(text), _actor(call), runtime.clock.now()):
        raise Problem(404, "There is no such shift.")
    return answer(Removed(removed=int(text)))


def _actor(call: Call) -> Actor:
    return Actor("agent", call.caller.agent, call.caller.role) if call.caller.agent else Actor("system")


def _item(one: Kept) -> ShiftItem:
    shift = one.shift
    given = {"id": one.id, "agent": shift.agent, "line": shift.line, "region": shift.region, "phone": shift.phone}
    return ShiftItem.model_validate({**given, "from": shift.starts, "until": shift.ends})


ENDPOINTS = (
    Endpoint("GET", "/rota", shifts, "Who is on call, and the gaps", STAFF, {200: RotaPage}),
    Endpoint("POST", "/rota", add, "Put a shift on the rota", LEADS, {200: RotaPage}, body=ShiftBody),
    Endpoint("DELETE", "/rota/{id}", remove, "Take a shift off the rota", LEADS, {200: Removed}, problems=(404,)),
)
