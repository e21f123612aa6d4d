"""The floor by API: queues, agents and what they are doing, offers, figures, and live news."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Literal

from aiohttp import web
from aiohttp_sse import sse_response
from pydantic import AwareDatetime, Field

from gateway import casenumber, dispatch
from gateway.activity import set_activity
from gateway.figures import measures
from gateway.languages import words
from gateway.phone import consent
from gateway.record import agents, cases
from gateway.record.agents import Agent
from gateway.record.db import Unavailable
from gateway.web.api import models
from gateway.web.api.bearer import Caller, caller
from gateway.web.api.desk import Deed, Id, acting
from gateway.web.api.endpoints import LEADS, STAFF, Call, Endpoint, answer
from gateway.web.keys import STOPPING, runtime_of
from gateway.web.problems import Problem

LANGUAGE = "en"
LOOK = 4.0  # seconds between looks at whether a stream may go on
DIMENSIONS = Literal[
    "channel",
    "queue",
    "line",
    "priority",
    "sla_level",
    "site",
    "owner",
    "language",
    "hour",
    "weekday",
    "category",
    "agent",
    "day",
]


class ActivityBody(Deed):
    activity: models.Activity


class OfferQuery(models.Body):
    """`agent` is needed by tokens that have no agent of their own."""

    agent: Id | None = None


class MeasureQuery(models.Body):
    """From and to are times with offset; without them, the last 24 hours."""

    from_: AwareDatetime | None = Field(None, alias="from")
    to: AwareDatetime | None = None
    by: DIMENSIONS = "channel"


async def queues(call: Call) -> web.StreamResponse:
    """Every queue with its open cases, also those that are empty."""
    runtime = runtime_of(call.request)
    counts = await cases.board(runtime.db, runtime.clock.now())
    items = []
    for name, queue in runtime.rules().queues.items():
        mine = [count for count in counts if count.queue == name]
        items.append(
            models.QueueItem.model_validate(
                {
                    "name": name,
                    "line": min(queue.lines),
                    "open": sum(count.open for count in mine),
                    "waiting": sum(count.waiting for count in mine),
                    "late": sum(count.late for count in mine),
                    "waiting_since": min((count.longest for count in mine if count.longest), default=None),
                    "by_priority": {count.priority: count.open for count in mine},
                    "longest_wait": round(queue.longest_wait.total_seconds()) if queue.longest_wait else None,
                    "longest_wait_to": queue.longest_wait_to,
                    "recording": consent.mode(runtime, [name]),
                    "callback": queue.callback,
                }
            )
        )
    return answer(models.QueuePage(items=items))


async def everyone(call: Call) -> web.StreamResponse:
    """Who works here, and what they are doing."""
    items = [_agent(agent) for agent in await agents.everyone(runtime_of(call.request).db) if agent.may_work]
    return answer(models.AgentPage(items=items))


async def activity(call: Call) -> web.StreamResponse:
    """Say what an agent is doing; becoming available brings work."""
    runtime = runtime_of(call.request)
    actor = await acting(call)
    await set_activity(runtime, str(actor.id), call.body.activity)
    agent = await agents.find(runtime.db, str(actor.id))
    if agent is None:
        raise Problem(404, "There is no such agent.")
    return answer(_agent(agent))


async def offers(call: Call) -> web.StreamResponse:
    """What is offered to an agent now."""
    runtime = runtime_of(call.request)
    agent = call.caller.agent or call.query.agent
    if agent is None or (call.caller.agent and call.query.agent not in (None, agent)):
        raise Problem(400, "Say whose offers: this token has no such agent.", fields={"agent": "must be given"})
    found = await dispatch.offers_to(runtime.db, agent)
    return answer(models.OfferPage(items=[_offer(row, agent) for row in found]))


async def accept(call: Call) -> web.StreamResponse:
    """Take what is offered."""
    case = await dispatch.accept(runtime_of(call.request), await acting(call), _offer_id(call))
    return answer(models.Answered(status="accepted", case=casenumber.number(case) if case else None))


async def decline(call: Call) -> web.StreamResponse:
    """Leave what is offered to others."""
    await dispatch.decline(runtime_of(call.request), await acting(call), _offer_id(call))
    return answer(models.Answered(status="declined", case=None))


async def figures(call: Call) -> web.StreamResponse:
    """The measures of a period, each with what it was made of."""
    runtime = runtime_of(call.request)
    to = call.query.to or runtime.clock.now()
    since = call.query.from_ or to - timedelta(days=1)
    if since >= to:
        raise Problem(400, "The period ends before it begins.", fields={"to": "must lie after from"})
    found = await measures.of_period(runtime.db, since, to, call.query.by, runtime.clock.now())
    return answer(models.MeasurePage(items=[models.MeasureItem.model_validate(one) for one in found]))


async def events(call: Call) -> web.StreamResponse:
    """News as server-sent events: `case` with a number, `queue`, `offer`, `agent`, `talk`: hints to read anew."""
    request = call.request
    runtime, stopping = runtime_of(request), request.app[STOPPING]
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    async with runtime.live.subscribe() as news, sse_response(request, headers=headers) as stream:
        waiting: asyncio.Task[Mapping[str, Any]] = asyncio.create_task(_next(news))
        stopped = asyncio.create_task(stopping.wait())
        looked = runtime.clock.monotonic()
        try:
            await stream.send("{}", event="hello")
            while not stopping.is_set():
                await asyncio.wait({waiting, stopped}, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
                if waiting.done():
                    event = waiting.result()
                    waiting = asyncio.create_task(_next(news))
                    await stream.send(json.dumps(_told(event)), event=str(event.get("type")))
                if runtime.clock.monotonic() - looked >= LOOK:
                    looked = runtime.clock.monotonic()
                    if not await _still(request, call.caller):
                        break
        except ConnectionError:
            return stream
        finally:
            for task in (waiting, stopped):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
    return stream


async def _next(news: AsyncIterator[Mapping[str, Any]]) -> Mapping[str, Any]:
    return await anext(news)


async def _still(request: web.Request, who: Caller) -> bool:
    """Whether the token is still worth something; while the record is away, it is."""
    try:
        return await caller(request) == who
    except Problem:
        return False
    except Unavailable:
        return True


def _told(event: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in event.items() if name in ("queue", "agent")}
    if isinstance(event.get("case"), int):
        told["case"] = casenumber.number(event["case"])
    return told


def _agent(agent: Agent) -> models.AgentItem:
    return models.AgentItem(**{name: getattr(agent, name) for name in models.AgentItem.model_fields})


def _offer(row: Mapping[str, Any], agent: str) -> models.OfferItem:
    return models.OfferItem(
        id=row["id"],
        kind=row["kind"],
        agent=agent,
        case=casenumber.number(row["case_id"]) if row["case_id"] else None,
        queue=row["queue"],
        priority=row["priority"],
        offered_at=row["offered_at"],
        expires_at=row["expires_at"],
        reasons=[words(reason, LANGUAGE) for reason in row["reasons"]],
    )


def _offer_id(call: Call) -> int:
    text = call.path["id"]
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Problem(404, "There is no such offer.")
    return int(text)


ENDPOINTS = (
    Endpoint("GET", "/queues", queues, "Queues and what waits in them", STAFF, {200: models.QueuePage}),
    Endpoint("GET", "/agents", everyone, "Who works here", STAFF, {200: models.AgentPage}),
    Endpoint(
        "POST",
        "/agents/me/activity",
        activity,
        "Say what an agent is doing",
        STAFF,
        {200: models.AgentItem},
        body=ActivityBody,
        problems=(404,),
    ),
    Endpoint("GET", "/offers", offers, "What is offered to an agent", STAFF, {200: models.OfferPage}, query=OfferQuery),
    Endpoint(
        "POST",
        "/offers/{id}/accept",
        accept,
        "Take what is offered",
        STAFF,
        {200: models.Answered},
        body=Deed,
        problems=(404, 409),
    ),
    Endpoint(
        "POST",
        "/offers/{id}/decline",
        decline,
        "Leave what is offered to others",
        STAFF,
        {200: models.Answered},
        body=Deed,
        problems=(404, 409),
    ),
    Endpoint("GET", "/measures", figures, "Figures of a period", LEADS, {200: models.MeasurePage}, query=MeasureQuery),
    Endpoint("GET", "/events", events, "Live news (server-sent events)", STAFF, {200: None}),
)
