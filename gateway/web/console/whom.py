"""To whom a reply goes: the newest of those who reported, and who is found by their name, address or number.

A case of a storm has thousands; a list of them all says nothing, and every look at the case would carry it. What was
looked for comes first: a reply never goes to somebody who does not answer to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from gateway import desk
from gateway.desk import Recipient
from gateway.web.keys import runtime_of
from gateway.web.pages import page
from gateway.web.within import case_within

MOST = 20  # who are offered at once


@dataclass(frozen=True, slots=True)
class Whom:
    """Who is `offered`, which of them is chosen (`to`), how many `more` there are, and whether `many` reported."""

    offered: Sequence[Recipient]
    to: str
    more: int
    many: bool


def add_routes(app: web.Application) -> None:
    app.router.add_get("/console/cases/{number}/recipients", found)


async def found(request: web.Request) -> web.StreamResponse:
    """The list for what is being looked for, as a piece of the case page."""
    case = await case_within(request, request.match_info["number"])
    everyone = await desk.reachable(runtime_of(request), case.id)
    whom = choice(everyone, request.query.get("whom", ""))
    return page(request, "console/whom.html", {"case": case, "whom": whom, "act": None, "typed": {}, "errors": {}})


def choice(everyone: Sequence[Recipient], words: str, to: str | None = None) -> Whom:
    """What is offered when these words are looked for; `to` was chosen before."""
    named = desk.named(everyone, words)
    offered = [one for nth, one in enumerate(named) if nth < MOST or one.address == to]
    if to is None:
        to = named[0].address if named and (len(named) == 1 or not words.strip()) else ""
    return Whom(offered, to, len(named) - len(offered), len(everyone) > MOST)
