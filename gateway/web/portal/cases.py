"""The owners' portal: the cases of one organisation's sites, and its people's own words about them.

Whoever is at `request[OWNER]` sees their organisation's cases and no other; what belongs to another owner does not
exist for them (404 on every verb). What drivers said, who they are, and what agents noted is never here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gateway import casenumber, desk, seals, telling
from gateway.languages import N_
from gateway.messages.threads import reply_token
from gateway.record import cards, cases, owners
from gateway.record.cases import OPEN, Case, Filters, FullCase
from gateway.record.portal import OwnerUser
from gateway.record.timeline import CUSTOMER
from gateway.web.api.cases import FOR_OWNERS
from gateway.web.bodies import UNKEEPABLE, form
from gateway.web.keys import OWNER, runtime_of
from gateway.web.pages import language_of, page
from gateway.web.portal.words import DONE, FORM, said
from gateway.web.problems import Problem

PAGE = 100
STATES = {"open": OPEN, "done": ("concluded", "closed")}


def add_routes(app: web.Application) -> None:
    app.router.add_get("/portal", index)
    app.router.add_get("/portal/cases/{number}", show)
    app.router.add_post("/portal/cases/{number}/write", write)
    app.router.add_post("/portal/cases/{number}/confirm", confirm)


async def index(request: web.Request) -> web.StreamResponse:
    """Every case of the owner's sites, the open ones first shown; `?state=`, `?site=`, `?q=` narrow."""
    runtime, user = runtime_of(request), request[OWNER]
    state = request.query.get("state", "open")
    state = state if state in STATES else "open"
    q = UNKEEPABLE.sub("", request.query.get("q", "")).strip()[:60]
    site = request.query.get("site") or None
    if site and site not in sites_of(request):
        raise Problem(404, "There is no such site.")
    number = casenumber.parse(q) if q else None
    filters = Filters(
        status=None if q else STATES[state],
        owner=user.owner_id,
        site=site,
        case=number,
        charger=q if q and number is None else None,
    )
    found, following = await cases.listing(runtime.db, filters, PAGE)
    shown = {"found": found, "more": following is not None, "state": state, "site_chosen": site, "q": q}
    return portal_page(request, "portal/cases.html", shown)


async def show(request: web.Request) -> web.StreamResponse:
    """One case: how far it is, its targets, what was done, and what the organisation and we wrote."""
    return await _case_page(request, await mine(request))


async def write(request: web.Request) -> web.StreamResponse:
    """A word from the owner's people on a case of theirs, through the one door."""
    case, user, runtime = await mine(request), writer(request), runtime_of(request)
    fields = await form(request)
    key = seals.opened(runtime.config.secret_keys, FORM, fields.get("form_token", ""))
    if key is None or not fields.get("text", "").strip():
        return await _case_page(request, case, errors={"text": N_("Write something first.")}, typed=fields, status=422)
    thread = reply_token(runtime.config.secret_keys, case.id)
    await runtime.intake.accept(said(runtime, user, key, {"text": fields["text"]}, thread=thread))
    raise web.HTTPSeeOther(f"/portal/cases/{case.number}?done=written")


async def confirm(request: web.Request) -> web.StreamResponse:
    """The owner's word at the end of a case that they reported themselves: solved, or not yet."""
    case, user, runtime = await mine(request), writer(request), runtime_of(request)
    answer = (await form(request)).get("solved")
    if answer not in ("yes", "no"):
        raise Problem(400, "Say whether it is solved: yes or no.")
    if not await owners.words(runtime.db, user.owner_id, case.id):
        raise Problem(403, "Who reported the case confirms it.")
    await desk.confirm(runtime, CUSTOMER, case.id, answer == "yes")
    raise web.HTTPSeeOther(f"/portal/cases/{case.number}?done={'confirmed' if answer == 'yes' else 'reopened'}")


async def mine(request: web.Request) -> Case:
    """The case that the path names. Raises Problem 404 for another owner's."""
    number = casenumber.parse(request.match_info["number"])
    case = await cases.find(runtime_of(request).db, number) if number is not None else None
    if case is None or case.owner_id != request[OWNER].owner_id:
        raise Problem(404, "There is no such case.")
    return case


def writer(request: web.Request) -> OwnerUser:
    """Who asks, when they may write. Raises Problem 403."""
    if not request[OWNER].may_write:
        raise Problem(403, "You may read but not write.")
    return request[OWNER]


def manager(request: web.Request) -> OwnerUser:
    """Who asks, when they may manage people, keys and maintenance. Raises Problem 403."""
    if not request[OWNER].may_manage:
        raise Problem(403, "This is for those who manage the organisation's account.")
    return request[OWNER]


def sites_of(request: web.Request) -> dict[str, Any]:
    """The owner's sites by id, by name."""
    directory = runtime_of(request).directory()
    found = [directory.sites[site] for site in directory.owner_sites.get(request[OWNER].owner_id, ())]
    return {site.id: site for site in sorted(found, key=lambda site: (site.name, site.id))}


def portal_page(request: web.Request, template: str, context: Mapping[str, Any], status: int = 200) -> web.Response:
    """A page of the portal, in the user's language, with what its frame shows."""
    done = DONE.get(request.query.get("done", ""))
    user = request[OWNER]
    sites = sites_of(request)
    framed = {"owner": user, "sites": sites, "about_sites": tuple(sites), "done": done, **context}
    return page(request, template, framed, status, language=user.language)


async def _case_page(
    request: web.Request,
    case: Case,
    *,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    runtime, user = runtime_of(request), request[OWNER]
    whole = await cases.full(runtime.db, case.id)
    if whole is None:
        raise Problem(404, "There is no such case.")
    words = await owners.words(runtime.db, user.owner_id, case.id)
    shown = {
        "case": case,
        "visits": await owners.visits(runtime.db, case.id),
        "documents": await cards.documents(runtime.db, case.id),
        "card": await cards.of_case(runtime.db, case.id),
        "timezone": case.timezone,
        "words": words,
        "reported": any(word["kind"] == "report" for word in words),
        "timeline": _timeline(whole, language_of(request, preferred=user.language)),
        "form_token": seals.seal(runtime.config.secret_keys, FORM, seals.fresh()),
        "errors": dict(errors or {}),
        "typed": dict(typed or {}),
    }
    return portal_page(request, "portal/case.html", shown, status)


def _timeline(whole: FullCase, language: str) -> list[dict[str, Any]]:
    zone = whole.listed.case.timezone
    return [
        {"at": row["at"], "text": telling.tell(row["kind"], row["data"], None, language, zone)}
        for row in reversed(whole.timeline)
        if row["kind"] in FOR_OWNERS
    ]
