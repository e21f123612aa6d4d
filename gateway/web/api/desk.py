"""The agents' verbs by API: one table of verb, body and act. Each answers with the case as it is afterwards.

An agent's own token acts as that agent. Other tokens name the agent in `as`; nobody acts in another agent's name with a
token of their own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import AwareDatetime, Field, StringConstraints

from channels.report import Channel
from gateway import casenumber, desk, seals
from gateway.desk import Actor
from gateway.record import agents, reports
from gateway.record.analyses import Finding
from gateway.runtime import Runtime
from gateway.web.api import models
from gateway.web.api import reports as api_reports
from gateway.web.api.cases import told, visible
from gateway.web.api.endpoints import STAFF, Call, Endpoint
from gateway.web.keys import runtime_of
from gateway.web.problems import Problem
from gateway.web.within import reaches

Words = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=models.WORDED)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class Deed(models.Body):
    """What every verb may carry: the agent in whose name it is done."""

    as_: Id | None = Field(None, alias="as")


class Reply(Deed):
    """`to` is the address or number of one of those who reported; refused when nobody in the case has it any more.
    Without `to` the reply goes to the only person who reported, and is refused when there are several. `everybody`
    who got their mail gets the reply too."""

    text: Words
    to: Annotated[str, StringConstraints(min_length=2, max_length=320)] | None = None
    channel: Literal["email", "sms"] | None = None
    everybody: bool = False


class Note(Deed):
    text: Words


class HandOver(Deed):
    to: Id
    reason: Words


class Proposal(models.Body):
    """What the 3rd line needs before anybody drives out; without `fault` it is the cause of the fault analysis."""

    fault: str = ""
    parts: str = ""
    tools: str = ""
    access: str = ""
    safety: str = ""


class Escalate(Deed):
    reason: Words
    proposal: Proposal | None = None


class Wait(Deed):
    """While the customer is waited for, the clocks of an answered case stand still; for a part they run on."""

    for_: Literal["customer", "other"] = Field("customer", alias="for")
    until: AwareDatetime
    reason: Words


class Correct(Deed):
    category: models.Category | None = None
    priority: models.Priority | None = None
    charger: Id | None = None
    site: Id | None = None
    reason: Words


class CallUp(Deed):
    """Without `number`, whoever reported last is called."""

    number: Annotated[str, StringConstraints(min_length=2, max_length=30)] | None = None


class Analyse(Deed):
    """What was found out about a fault; `fault_code` is one of OCPP's, ChargeX's or the charger's own."""

    component: Literal[*desk.COMPONENTS]  # type: ignore[valid-type]
    fault_code: Id | None = None
    cause: Words
    evidence: Words
    reproduced: bool


class Refer(Deed):
    """A link to what the maker tells, for every case of the same model; `url` begins with https://."""

    title: Words
    url: Annotated[str, StringConstraints(min_length=9, max_length=1000)]


class Unrefer(Deed):
    reference: int = Field(ge=1, lt=1 << 62)


class Propose(Deed, Proposal):
    """The action proposal, filed before the hand-over."""


class SendBack(Deed):
    reason: Words


class Span(models.Body):
    from_: AwareDatetime = Field(alias="from")
    until: AwareDatetime


class PlanVisit(Deed, Span):
    """One time, and in `times` others to choose from. Asked again, the open visit gets other times."""

    agent: Id
    times: Annotated[list[Span], Field(max_length=4)] = []


class BookVisit(Deed):
    """Which of the proposed times, counted from 1 in order of time."""

    time: int = Field(1, ge=1, le=9)


class CancelVisit(Deed):
    reason: Words


class PerformVisit(Deed):
    work: Words
    parts: Annotated[str, StringConstraints(max_length=20_000)] = ""
    verified: bool


class Conclude(Deed):
    disposition: Literal[*desk.DISPOSITIONS]  # type: ignore[valid-type]
    text: Words


class Confirm(Deed):
    solved: bool


class Reopen(Deed):
    reason: Words


class Attach(Deed):
    """Either `case` (a case number) or `report`."""

    case: Id | None = None
    report: int | None = Field(None, ge=1, lt=1 << 62)


class Detach(Deed):
    report: int = Field(ge=1, lt=1 << 62)


class Split(Deed):
    reports: Annotated[list[Annotated[int, Field(ge=1, lt=1 << 62)]], Field(min_length=1, max_length=200)]


class Part(Deed):
    """An e-mail address or a telephone number (E.164) of somebody who reported in the case and has others. Its reports,
    messages and calls go to a person of its own, in all cases. Agents of role `agent` may not."""

    address: Annotated[str, StringConstraints(min_length=3, max_length=320)]


Run = Callable[[Runtime, Actor, int, Any], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Verb:
    name: str
    summary: str
    body: type[Deed]
    run: Run


async def _attach(runtime: Runtime, actor: Actor, case: int, body: Attach) -> None:
    other = casenumber.parse(body.case) if body.case else None
    if body.case and other is None:
        raise desk.Refused(case="not a case number")
    touched = other if other is not None else await reports.case_of(runtime.db, body.report or 0)
    if touched is not None and not await reaches(runtime, actor.id, touched):
        raise desk.Unknown
    await desk.attach(runtime, actor, case, case=other, report=body.report)


async def _reply(runtime: Runtime, actor: Actor, case: int, body: Reply) -> None:
    await desk.reply(runtime, actor, case, body.text, body.channel, to=body.to, everybody=body.everybody)


async def _correct(runtime: Runtime, actor: Actor, case: int, body: Correct) -> None:
    changes = body.model_dump(include={"category", "priority", "charger", "site"})
    await desk.correct(runtime, actor, case, reason=body.reason, **changes)


async def _escalate(runtime: Runtime, actor: Actor, case: int, body: Escalate) -> None:
    proposal = body.proposal.model_dump() if body.proposal else None
    await desk.escalate(runtime, actor, case, body.reason, proposal)


async def _analyse(runtime: Runtime, actor: Actor, case: int, body: Analyse) -> None:
    await desk.analyse(runtime, actor, case, Finding(**body.model_dump(exclude={"as_"})))


async def _propose(runtime: Runtime, actor: Actor, case: int, body: Propose) -> None:
    await desk.propose(runtime, actor, case, body.model_dump(exclude={"as_"}))


async def _plan_visit(runtime: Runtime, actor: Actor, case: int, body: PlanVisit) -> None:
    times = [(one.from_, one.until) for one in (body, *body.times)]
    await desk.plan_visit(runtime, actor, case, times, body.agent)


async def _perform_visit(runtime: Runtime, actor: Actor, case: int, body: PerformVisit) -> None:
    await desk.perform_visit(runtime, actor, case, body.work, body.parts, body.verified)


async def _wait(runtime: Runtime, actor: Actor, case: int, body: Wait) -> None:
    await desk.wait(runtime, actor, case, body.until, body.reason, for_customer=body.for_ == "customer")


VERBS = (
    Verb("claim", "Take a case", Deed, lambda r, a, c, b: desk.claim(r, a, c)),
    Verb("release", "Give a case back to its queue", Deed, lambda r, a, c, b: desk.release(r, a, c)),
    Verb("reply", "Write to the customer", Reply, _reply),
    Verb("note", "Write something down for colleagues", Note, lambda r, a, c, b: desk.note(r, a, c, b.text)),
    Verb(
        "hand_over",
        "Give a case to a queue or an agent",
        HandOver,
        lambda r, a, c, b: desk.hand_over(r, a, c, b.to, b.reason),
    ),
    Verb("escalate", "Hand a case to the next line", Escalate, _escalate),
    Verb("analyse", "File what was found out about the fault", Analyse, _analyse),
    Verb("refer", "Keep a link to what the maker tells", Refer, lambda r, a, c, b: desk.refer(r, a, c, b.title, b.url)),
    Verb("unrefer", "Take such a link away", Unrefer, lambda r, a, c, b: desk.unrefer(r, a, c, b.reference)),
    Verb("propose", "File the action proposal that the 3rd line needs", Propose, _propose),
    Verb(
        "send_back",
        "Give a case back to the line before",
        SendBack,
        lambda r, a, c, b: desk.send_back(r, a, c, b.reason),
    ),
    Verb("call", "Call the customer", CallUp, lambda r, a, c, b: desk.call(r, a, c, b.number)),
    Verb("plan_visit", "Propose times for a visit", PlanVisit, _plan_visit),
    Verb(
        "book_visit",
        "Book a proposed time that the customer chose on the telephone",
        BookVisit,
        lambda r, a, c, b: desk.book_visit(r, a, c, b.time),
    ),
    Verb(
        "cancel_visit",
        "Call a visit off",
        CancelVisit,
        lambda r, a, c, b: desk.cancel_visit(r, a, c, b.reason),
    ),
    Verb("perform_visit", "Say what was done at the site", PerformVisit, _perform_visit),
    Verb("wait", "Put a case aside until a moment", Wait, _wait),
    Verb("correct", "Correct what was judged", Correct, _correct),
    Verb(
        "conclude",
        "Say that a case is solved",
        Conclude,
        lambda r, a, c, b: desk.conclude(r, a, c, b.disposition, b.text),
    ),
    Verb(
        "confirm",
        "Pass on the customer's word",
        Confirm,
        lambda r, a, c, b: desk.confirm(r, a, c, b.solved),
    ),
    Verb("reopen", "Begin again", Reopen, lambda r, a, c, b: desk.reopen(r, a, c, b.reason)),
    Verb("attach", "Bring another case or report under this one", Attach, _attach),
    Verb("detach", "Give a report a case of its own", Detach, lambda r, a, c, b: desk.detach(r, a, c, b.report)),
    Verb("split", "Give some reports a case of their own", Split, lambda r, a, c, b: desk.split(r, a, c, b.reports)),
    Verb(
        "part",
        "Take an address from the person it was joined with",
        Part,
        lambda r, a, c, b: desk.part(r, a, c, b.address),
    ),
)


def verb_endpoint(verb: Verb) -> Endpoint:
    """`POST /cases/{number}/{verb}`."""

    async def act(call: Call) -> web.StreamResponse:
        case = await visible(call)
        await verb.run(runtime_of(call.request), await acting(call), case.id, call.body)
        return await told(call, case.id)

    return Endpoint(
        "POST",
        f"/cases/{{number}}/{verb.name}",
        act,
        verb.summary,
        STAFF,
        {200: models.WholeCase},
        body=verb.body,
        problems=(404, 409),
        name=verb.name,
    )


async def acting(call: Call) -> Actor:
    """In whose name a call acts. Raises Problem 422 when nobody is named, 403 when it is somebody else."""
    named = call.body.as_
    agent_id = call.caller.agent
    if agent_id and named not in (None, agent_id):
        raise Problem(403, "This token acts for one agent only.")
    agent_id = agent_id or named
    if agent_id is None:
        raise Problem(422, "Say in whose name: this token has no agent of its own.", fields={"as": "must be given"})
    agent = await agents.find(runtime_of(call.request).db, agent_id)
    if agent is None or not agent.may_work:
        raise Problem(422, "There is no such agent.", fields={"as": "unknown"})
    return Actor("agent", agent.id, agent.role)


class Open(models.ReportBody, Deed):
    """What somebody told an agent, and how; it is judged like every other report, but is a case of its own."""

    channel: models.Channel = "phone"


async def open_case(call: Call) -> web.StreamResponse:
    """Open a case for what an agent was told. It comes in by the one door, so that nothing is asked twice."""
    actor = await acting(call)
    runtime = runtime_of(call.request)
    report = api_reports.read(call, call.body, f"agent:{actor.id}:{seals.fresh()}", Channel(call.body.channel))
    return await told(call, await desk.open_case(runtime, actor, report), 201)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/cases",
        open_case,
        "Open a case for what an agent was told",
        STAFF,
        {201: models.WholeCase},
        body=Open,
    ),
    *(verb_endpoint(verb) for verb in VERBS),
)
