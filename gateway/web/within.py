"""What exists for whoever asks: a case beyond an agent's reach is answered as if there were none (404), and some rooms
are for those who see everything (403)."""

from __future__ import annotations

from aiohttp import web

from gateway import casenumber
from gateway.languages import N_
from gateway.record import agents, cases
from gateway.record.cases import Case
from gateway.runtime import Runtime
from gateway.web.keys import AGENT, runtime_of
from gateway.web.problems import Problem

NOT_ALL = N_("This is for those who may see every queue and site.")


async def case_within(request: web.Request, number: str | int | None) -> Case:
    """A case by its number as people write it, or by its id. Raises Problem 404."""
    wanted = casenumber.parse(number) if isinstance(number, str) else number
    case = await cases.find(runtime_of(request).db, wanted) if wanted is not None else None
    if case is None or not request[AGENT].reach.holds(case.queue, case.site_id, case.assignee):
        raise Problem(404, "There is no such case.")
    return case


def sees_everything(request: web.Request) -> None:
    """Raises Problem 403 for an agent who is kept to some queues or sites."""
    me = request[AGENT]
    if me.queues or me.sites:
        raise Problem(403, NOT_ALL)


async def reaches(runtime: Runtime, agent: str | None, case: int | None) -> bool:
    """Whether an agent by id may touch a case; where nobody is named, whoever asks may everything."""
    found = await cases.find(runtime.db, case) if case is not None else None
    known = await agents.find(runtime.db, agent) if agent else None
    if found is None:
        return False
    return known is None or known.reach.holds(found.queue, found.site_id, found.assignee)
