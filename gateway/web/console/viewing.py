"""Small acts around lists and cases: lists that are kept, and who else looks at a case.

Looking is a hint in Redis that expires by itself; without Redis nobody is warned and nothing else changes.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from gateway.record import agents, views
from gateway.web.access import LEADS
from gateway.web.bodies import form
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import page
from gateway.web.within import case_within

LOOKS = 30  # seconds that a look is good for; an open page looks every ten
KEPT = ("view", "queue", "q", "priority", "line", "category", "site")


def add_routes(app: web.Application) -> None:
    app.router.add_post("/console/views", save)
    app.router.add_post("/console/views/{id:[0-9]{1,18}}/remove", remove)
    app.router.add_post("/console/look/{number}", look)


async def save(request: web.Request) -> web.StreamResponse:
    """Keep the list that the agent looks at under a name of their own."""
    runtime, agent, fields = runtime_of(request), request[AGENT], await form(request)
    name = " ".join(fields.get("name", "").split())[:60]
    asked = parse_qsl(fields.get("query", "")[:2000])
    query = urlencode([(key, value) for key, value in asked if key in KEPT and value])[:1000]
    if name and query:
        shared = fields.get("shared") == "1" and agent.role in LEADS
        await views.save(runtime.db, agent.id, name, query, shared, runtime.clock.now())
    raise web.HTTPSeeOther(f"/console?{query}")


async def remove(request: web.Request) -> web.StreamResponse:
    """Forget a list."""
    agent = request[AGENT]
    await views.remove(runtime_of(request).db, agent.id, int(request.match_info["id"]), agent.role in LEADS)
    raise web.HTTPSeeOther("/console")


async def look(request: web.Request) -> web.StreamResponse:
    """The agent has this case open; answers with who else has, as a piece of a page."""
    runtime, agent = runtime_of(request), request[AGENT]
    case = (await case_within(request, request.match_info["number"])).id
    await views.seen(runtime.db, agent.id, case, runtime.clock.now())
    others = await runtime.live.looking(f"case:{case}", agent.id, runtime.clock.now().timestamp(), LOOKS)
    names = [one.name for one in await agents.everyone(runtime.db) if one.id in others]
    return page(request, "console/lookers.html", {"lookers": names})
