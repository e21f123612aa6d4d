"""What managers do about it: announce, let a queue flow over, move work, change whose queue is whose.

Each is a button on one page; each is on the audit. What makes no sense is said beside the form and changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from gateway import desk
from gateway.desk import Actor, Refused, Taken, Unknown
from gateway.jobs import wake
from gateway.languages import CUSTOMERS, N_
from gateway.phone import consent
from gateway.record import agents, floor
from gateway.record.facts import ZONE
from gateway.web.bodies import form
from gateway.web.console.frame import frame
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import page

MOST = 200  # cases moved at once
LONGEST = 1200  # letters of an announcement
HOURS = (1, 4, 12, 24, 72, 168)
DONE = {
    "announced": N_("Announced. Phone, help center, portal and automatic answers tell it within ten seconds."),
    "withdrawn": N_("Withdrawn."),
    "overflow": N_("The queue flows over from now on."),
    "ended": N_("The queue keeps its work again."),
    "queues": N_("The agent's queues are changed."),
    "moved": N_("The work is moved."),
}
NO_TEXT = N_("Write the text in at least Swedish or English.")
NO_TIME = N_("It must end after it begins, and not have ended yet.")
NO_SUCH = N_("Choose two different queues.")


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers/acts", show)
    for name, act in (
        ("announce", announce),
        ("withdraw", withdraw),
        ("overflow", overflow),
        ("end-overflow", end_overflow),
        ("move", move),
        ("queues", queues),
    ):
        app.router.add_post(f"/managers/acts/{name}", act)


async def show(request: web.Request) -> web.StreamResponse:
    """What is announced and flows over now, and the forms."""
    return await _page(request)


async def announce(request: web.Request) -> web.StreamResponse:
    """Publish a text, by language, from now or later."""
    runtime, fields = runtime_of(request), await form(request)
    now = runtime.clock.now()
    texts = {language: _text(fields.get(f"text.{language}", "")) for language in CUSTOMERS}
    texts = {language: text for language, text in texts.items() if text}
    site = fields.get("site") or None
    begins = _moment(fields.get("from", "")) or now
    ends = _moment(fields.get("until", "")) or begins + timedelta(hours=_hours(fields.get("hours", "")))
    if not {"sv", "en"} & set(texts):
        return await _page(request, {"announce": NO_TEXT}, fields)
    if ends <= max(begins, now) or (site and site not in runtime.directory().sites):
        return await _page(request, {"announce": NO_TIME}, fields)
    await floor.announce(runtime.db, texts, site, begins, ends, request[AGENT].id, now)
    await runtime.board.look(now)
    raise _done("announced")


async def withdraw(request: web.Request) -> web.StreamResponse:
    runtime, fields = runtime_of(request), await form(request)
    now = runtime.clock.now()
    if fields.get("id", "").isdecimal() and len(fields["id"]) < 19:
        await floor.withdraw(runtime.db, int(fields["id"]), request[AGENT].id, now)
    await runtime.board.look(now)
    raise _done("withdrawn")


async def overflow(request: web.Request) -> web.StreamResponse:
    runtime, fields = runtime_of(request), await form(request)
    queue, into, now = fields.get("queue", ""), fields.get("into", ""), runtime.clock.now()
    if queue == into or not {queue, into} <= set(runtime.rules().queues):
        return await _page(request, {"overflow": NO_SUCH}, fields)
    until = now + timedelta(hours=_hours(fields.get("hours", "")))
    await floor.overflow(runtime.db, queue, into, until, request[AGENT].id, now)
    async with runtime.db.connection() as conn:
        await wake(conn)
    raise _done("overflow")


async def end_overflow(request: web.Request) -> web.StreamResponse:
    runtime, fields = runtime_of(request), await form(request)
    await floor.end_overflow(runtime.db, fields.get("queue", ""), request[AGENT].id, runtime.clock.now())
    raise _done("ended")


async def move(request: web.Request) -> web.StreamResponse:
    """Hand the free cases of a queue to another queue or to an agent, with a reason that each case keeps."""
    runtime, fields, agent = runtime_of(request), await form(request), request[AGENT]
    queue, to, reason = fields.get("queue", ""), fields.get("to", ""), fields.get("reason", "").strip()[:500]
    count = fields.get("count", "")
    most = min(int(count), MOST) if count.isdecimal() and len(count) < 6 else MOST
    priority = fields.get("priority", "")
    if queue == to or queue not in runtime.rules().queues or not reason:
        return await _page(request, {"move": N_("Choose where from, where to, and write why.")}, fields)
    given = {"queue": queue, "priority": priority if priority in ("P1", "P2", "P3", "P4") else "", "most": most}
    for row in await runtime.db.rows(floor.SQL["free_cases"], given):
        try:
            await desk.hand_over(runtime, Actor("agent", agent.id, agent.role), row["id"], to, reason)
        except Unknown:
            continue
        except Taken:
            continue
        except Refused as refused:
            if "to" in refused.fields:
                return await _page(request, {"move": NO_SUCH}, fields)
    raise _done("moved")


async def queues(request: web.Request) -> web.StreamResponse:
    """Give an agent other queues; none means all."""
    runtime, fields = runtime_of(request), await form(request)
    chosen = [queue for queue in runtime.rules().queues if f"queue.{queue}" in fields]
    if not await floor.set_queues(runtime.db, fields.get("agent", ""), chosen, request[AGENT].id, runtime.clock.now()):
        return await _page(request, {"queues": N_("There is no such agent.")})
    async with runtime.db.connection() as conn:
        await wake(conn)
    raise _done("queues")


async def _page(request: web.Request, errors: dict[str, str] | None = None, typed: Any = None) -> web.StreamResponse:
    runtime = runtime_of(request)
    now = runtime.clock.now()
    directory = runtime.directory()
    everyone = await agents.everyone(runtime.db)
    shown = {
        "board": await floor.announcements(runtime.db, now),
        "overflows": await floor.overflows(runtime.db, now),
        "known": list(runtime.rules().queues),
        "ruled": list(runtime.rules().queues.values()),
        "consent": {name: consent.mode(runtime, [name]) for name in runtime.rules().queues},
        "sites": sorted(directory.sites.values(), key=lambda one: (one.city, one.name)),
        "people": [one for one in everyone if one.may_work],
        "hours": HOURS,
        "errors": errors or {},
        "typed": dict(typed or {}),
        "done": DONE.get(request.query.get("done", "")),
    }
    context = await frame(request, None)
    return page(request, "managers/acts.html", context | shown, 422 if errors else 200)


def _done(name: str) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"/managers/acts?done={name}")


def _text(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:LONGEST]


def _hours(text: str) -> int:
    return int(text) if text.isdecimal() and int(text) in HOURS else HOURS[1]


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=ZONE) if moment.tzinfo is None else moment
