"""What stands around every page of the console: queues with their counts, views, and the list being worked through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import phonenumbers
from aiohttp import web

from channels.numbers import HOME
from gateway import casenumber, languages, presence
from gateway.languages import N_
from gateway.phone import talks, wrapping
from gateway.record import agents, cases, views, worklist
from gateway.record.cases import Filters, Listed, QueueCount
from gateway.runtime import Runtime
from gateway.web.access import LEADS
from gateway.web.console import caseview
from gateway.web.console.offering import offered
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import language_of
from routing.values import Category, Priority

VIEWS = ("all", "mine", "unassigned", "called", "done")
TITLES = {
    "all": N_("All open"),
    "mine": N_("Mine"),
    "unassigned": N_("Nobody's yet"),
    "called": N_("Called to"),
    "done": N_("view.done"),
    "search": N_("Found"),
}
PAGE = 60
FARTHEST = 100_000


@dataclass(frozen=True, slots=True)
class Scope:
    """Which list an agent looks at; part of every link, so that a case knows the list it was opened from."""

    view: str = "all"
    queue: str | None = None
    q: str = ""
    offset: int = 0
    priority: str | None = None
    line: int | None = None
    category: str | None = None
    site: str | None = None

    @property
    def narrowed(self) -> bool:
        """Whether the list shows less than its title says."""
        return any((self.priority, self.line, self.category, self.site))

    def query(self, offset: int = 0) -> str:
        parts = {
            "view": self.view if self.view in VIEWS[1:] else "",
            "queue": self.queue or "",
            "q": self.q,
            "priority": self.priority or "",
            "line": str(self.line or ""),
            "category": self.category or "",
            "site": self.site or "",
            "offset": str(offset) if offset else "",
        }
        return urlencode({name: value for name, value in parts.items() if value})


def scope_of(request: web.Request) -> Scope:
    """The list that a request names; what makes no sense is left out."""
    given = request.query
    queue = given.get("queue")
    q = " ".join(given.get("q", "").replace("\0", "").split())[:200]
    offset = given.get("offset", "")
    return Scope(
        view="search" if q else given.get("view", "all") if given.get("view") in VIEWS else "all",
        queue=queue if queue in runtime_of(request).rules().queues else None,
        q=q,
        priority=given["priority"] if given.get("priority") in tuple(Priority) else None,
        line=int(given["line"]) if given.get("line") in ("1", "2", "3") else None,
        category=given["category"] if given.get("category") in tuple(Category) else None,
        site=given["site"] if given.get("site") in runtime_of(request).directory().sites else None,
        offset=min(int(offset), FARTHEST) if offset.isascii() and offset.isdigit() and len(offset) < 9 else 0,
    )


async def frame(request: web.Request, scope: Scope | None, open_case: int | None = None) -> dict[str, Any]:
    """The context of `console/layout.html`, and with a scope that of `console/list.html`."""
    runtime = runtime_of(request)
    agent = request[AGENT]
    await presence.sign(runtime, agent.id)
    counts = await worklist.counts(runtime.db, agent.id, agent.reach)
    everyone = await agents.everyone(runtime.db)
    names = {one.id: one.name for one in everyone}
    context: dict[str, Any] = {
        "queues": [
            one
            for one in _queues(await cases.board(runtime.db, runtime.clock.now()), list(runtime.rules().queues))
            if not agent.queues or one["id"] in agent.queues
        ],
        "counts": counts,
        "urgent": counts["urgent"],
        "names": names,
        "colleagues": [one for one in everyone if one.may_work and one.id != agent.id],
        "view": None,
        "offers": await offered(request),
        "writes_up": await _writes_up(runtime, agent.id),
        "call_dispositions": wrapping.DISPOSITIONS,
        "hands": [talk for talk in await talks.live(runtime, agent.reach) if talk["hand_at"]]
        if agent.role in LEADS
        else [],
        "saved": await views.saved(runtime.db, agent.id),
        "called": await views.mentioned(runtime.db, agent.id),
    }
    if scope is None:
        return context
    listed, total = await _listed(request, scope)
    book = languages.catalogue(language_of(request))
    following = scope.offset + PAGE
    return context | {
        "view": None if scope.queue else scope.view,
        "queue": scope.queue,
        "q": scope.q,
        "scope": scope.query(),
        "narrowing": scope,
        "priorities": [str(one) for one in Priority],
        "all_categories": [str(one) for one in Category],
        "title": book.code("queue", scope.queue) if scope.queue else book.gettext(TITLES[scope.view]),
        "rows": caseview.rows(listed, runtime.directory(), names),
        "total": total,
        "more": f"/console?{scope.query(following)}" if total > following else None,
        "open_case": open_case,
    }


async def _writes_up(runtime: Runtime, agent: str) -> Mapping[str, Any] | None:
    call = await wrapping.present(runtime, agent)
    return {**call, "number": casenumber.number(call["case_id"]) if call["case_id"] else None} if call else None


async def _listed(request: web.Request, scope: Scope) -> tuple[list[Listed], int]:
    runtime, agent = runtime_of(request), request[AGENT]
    if scope.view in ("search", "done"):
        status = ("concluded", "closed") if scope.view == "done" else None
        number = casenumber.parse(scope.q) if scope.q else None
        wanted = Filters(
            status=status,
            case=number,
            q=None if number else _searched(scope.q),
            queue=scope.queue,
            priority=scope.priority,
            line=scope.line,
            category=scope.category,
            site=scope.site,
            reach=agent.reach,
        )
        found, _ = await cases.listing(runtime.db, wanted, PAGE)
        return found, len(found)
    return await worklist.work(
        runtime.db,
        queue=scope.queue,
        assignee=agent.id if scope.view == "mine" else None,
        free=scope.view == "unassigned",
        reach=agent.reach,
        called=agent.id if scope.view == "called" else None,
        narrowed={name: getattr(scope, name) for name in ("priority", "line", "category", "site")},
        offset=scope.offset,
        limit=PAGE,
    )


def _searched(q: str) -> str | None:
    """Telephone numbers are looked for as they are kept (E.164), everything else as it was typed."""
    try:
        number = phonenumbers.parse(q, HOME)
    except phonenumbers.NumberParseException:
        return q or None
    if len(q) > 6 and phonenumbers.is_possible_number(number):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return q


def _queues(board: list[QueueCount], known: list[str]) -> list[Mapping[str, Any]]:
    """A line for every queue, the configured ones first and in their order."""
    order = known + sorted({count.queue for count in board} - set(known))
    return [_queue(name, [count for count in board if count.queue == name]) for name in order]


def _queue(name: str, counts: list[QueueCount]) -> Mapping[str, Any]:
    waits = [count.longest for count in counts if count.longest]
    return {
        "id": name,
        "open": sum(count.open for count in counts),
        "urgent": sum(count.open for count in counts if count.priority == "P1"),
        "late": sum(count.late for count in counts),
        "longest": min(waits, default=None),
        "cells": dict.fromkeys(("P1", "P2", "P3", "P4"), 0) | {count.priority: count.open for count in counts},
    }
