"""Cases as the API tells them: a list by pages, and one whole. Owners see the cases of their own sites alone.

A case that a caller may not see does not exist for them (404). Cursors are sealed: a forged one is 400.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field, StringConstraints, field_validator

from gateway import casenumber, seals, telling
from gateway.languages import words
from gateway.record import agents, cases
from gateway.record.agents import EVERYTHING, Reach
from gateway.record.cases import Case, Filters, FullCase, Listed
from gateway.web.api import models
from gateway.web.api.bearer import Caller
from gateway.web.api.endpoints import STAFF, Call, Endpoint, answer
from gateway.web.api.visits import field_work
from gateway.web.keys import runtime_of
from gateway.web.problems import Problem

LANGUAGE = "en"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
READERS = STAFF | {"owner"}
STATUSES = ("open", "assigned", "waiting", "planned", "concluded", "closed")
FOR_OWNERS = frozenset(
    (
        "opened",
        "attached",
        "repeated",
        "raised",
        "first_response",
        "replied",
        "waiting",
        "resumed",
        "visit_planned",
        "visit_moved",
        "visit_booked",
        "visit_refused",
        "visit_cancelled",
        "visit_performed",
        "expected_changed",
        "rated",
        "concluded",
        "confirmed",
        "reopened",
        "closed",
    )
)
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class CaseQuery(models.Body):
    """`status` may be several, separated by commas; `q` is words, a number, an address or a case number."""

    status: Word | None = None
    queue: Word | None = None
    line: Annotated[int, Field(ge=1, le=3)] | None = None
    priority: models.Priority | None = None
    charger: Word | None = None
    site: Word | None = None
    q: Word | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Word | None = None

    @field_validator("status")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value and any(one not in STATUSES for one in value.split(",")):
            raise ValueError(f"must be of {', '.join(STATUSES)}")
        return value


async def listing(call: Call) -> web.StreamResponse:
    """A page of cases, the latest word first."""
    query: CaseQuery = call.query
    runtime = runtime_of(call.request)
    number = casenumber.parse(query.q) if query.q else None
    owner = call.caller.role == "owner"  # who does not see what was said may not find out by searching for it
    filters = Filters(
        status=tuple(query.status.split(",")) if query.status else None,
        queue=query.queue,
        line=query.line,
        priority=query.priority,
        charger=query.charger or (query.q if owner and not number else None),
        site=query.site,
        owner=call.caller.owner,
        case=number,
        reach=await reach_of(call),
        q=None if number or owner else query.q,
    )
    keys = runtime.config.secret_keys
    found, following = await cases.listing(runtime.db, filters, query.limit, _opened(keys, query.cursor))
    after = seals.seal(keys, "cursor", f"{(following[0] - EPOCH) // MICROSECOND}-{following[1]}") if following else None
    return answer(models.CasePage(items=[item(one) for one in found], next=after))


async def single(call: Call) -> web.StreamResponse:
    """One case with its reports and its timeline."""
    case = await visible(call)
    return await told(call, case.id)


async def visible(call: Call) -> Case:
    """The case that the path names. Raises Problem 404 when there is none for this caller."""
    case_id = casenumber.parse(call.path["number"])
    case = await cases.find(runtime_of(call.request).db, case_id) if case_id is not None else None
    reach = await reach_of(call)
    if case is None or not reach.holds(case.queue, case.site_id, case.assignee):
        raise Problem(404, "There is no such case.")
    if call.caller.role == "owner" and case.owner_id != call.caller.owner:
        raise Problem(404, "There is no such case.")
    return case


async def reach_of(call: Call) -> Reach:
    """Which cases exist for a caller: an agent's token reaches as far as the agent."""
    agent = await agents.find(runtime_of(call.request).db, call.caller.agent) if call.caller.agent else None
    return agent.reach if agent else EVERYTHING


async def told(call: Call, case_id: int, status: int = 200) -> web.StreamResponse:
    """A case as an answer, as far as the caller may see it."""
    whole = await cases.full(runtime_of(call.request).db, case_id)
    if whole is None:
        raise Problem(404, "There is no such case.")
    return answer(_whole(whole, call.caller).model_copy(update=await field_work(call, whole.listed.case)), status)


def item(listed: Listed) -> models.CaseItem:
    """A case in a list."""
    return models.CaseItem(**_common(listed))


def _common(listed: Listed) -> dict[str, Any]:
    case = listed.case
    return {
        "number": case.number,
        "status": case.status,
        "line": case.line,
        "queue": case.queue,
        "priority": case.priority,
        "category": case.category,
        "language": case.language,
        "charger": case.charger_id,
        "site": case.site_id,
        "sla_level": case.sla_level,
        "opened_at": case.opened_at,
        "first_response_at": case.first_response_at,
        "due_at": case.due_at,
        "due": dict(case.due),
        "assignee": case.assignee,
        "channels": list(listed.channels),
        "reasons": {
            topic: [words(reason, LANGUAGE) for reason in listed.reasons.get(topic, ())]
            for topic in models.Reasons.model_fields
        },
    }


def _whole(whole: FullCase, caller: Caller) -> models.WholeCase:
    owner = caller.role == "owner"
    texts = {} if owner else {f"note:{note['id']}": note["text"] for note in whole.notes}
    if not owner:
        texts |= {f"message:{message['id']}": message["text"] for message in whole.messages}
    return models.WholeCase(
        **_common(whole.listed),
        reports=[] if owner else [_report(row, whole) for row in whole.reports],
        timeline=[
            _entry(row, texts, whole.listed.case.timezone)
            for row in whole.timeline
            if not owner or row["kind"] in FOR_OWNERS
        ],
    )


def _report(row: Mapping[str, Any], whole: FullCase) -> models.ReportItem:
    return models.ReportItem.model_validate(
        {
            "id": row["id"],
            "channel": row["channel"],
            "received_at": row["received_at"],
            "from": {name: row[f"sender_{name}"] for name in models.SenderItem.model_fields},
            "subject": row["subject"],
            "text": row["text"],
            "attachments": [one for one in whole.attachments if one["report_id"] == row["id"]],
        }
    )


def _entry(row: Mapping[str, Any], texts: Mapping[str, str | None], timezone: str) -> models.TimelineItem:
    data = row["data"]
    who = row["actor_id"] if row["actor_kind"] == "agent" else None
    said = telling.tell(row["kind"], data, who, LANGUAGE, timezone)
    own = [texts.get(f"{kind}:{data[kind]}") for kind in ("note", "message") if kind in data]
    return models.TimelineItem(
        id=row["id"],
        at=row["at"],
        kind=row["kind"],
        actor=models.ActorItem(kind=row["actor_kind"], id=row["actor_id"]),
        text=": ".join(filter(None, (said, *own))),
        data=data,
    )


def _opened(keys: tuple[str, ...], cursor: str | None) -> tuple[datetime, int] | None:
    if cursor is None:
        return None
    text = seals.opened(keys, "cursor", cursor)
    if text is None:
        raise Problem(400, "This cursor is not one of ours.", fields={"cursor": "not one of ours"})
    at, _, case = text.partition("-")
    return EPOCH + int(at) * MICROSECOND, int(case)


ENDPOINTS = (
    Endpoint("GET", "/cases", listing, "List cases", READERS, {200: models.CasePage}, query=CaseQuery),
    Endpoint("GET", "/cases/{number}", single, "Read one case", READERS, {200: models.WholeCase}, problems=(404,)),
)
