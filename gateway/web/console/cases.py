"""The console: the queues as they fill, one case with everything known about it, and the verbs as forms.

Every page works without JavaScript; with it, the same pages are fetched again when something changed. A verb that comes
too late or lacks something shows the case again with the reason and with every typed word (409, 422).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from channels.report import RemoteAnswer
from gateway import casenumber, desk, languages
from gateway.activity import set_activity
from gateway.languages import N_
from gateway.messages import replies
from gateway.phone import captions
from gateway.record import agents, analyses, cards, cases, listening, proposals, references, visits
from gateway.record.agents import Agent
from gateway.record.beside import beside
from gateway.record.cases import Case
from gateway.record.people import dead_addresses, joined
from gateway.runtime import Runtime
from gateway.web.bodies import form
from gateway.web.console import caseview, refusals
from gateway.web.console.deskforms import FORMS, After, enclosed, reply
from gateway.web.console.fieldforms import FIELD_FORMS
from gateway.web.console.frame import frame, scope_of
from gateway.web.console.whom import choice
from gateway.web.keys import AGENT, runtime_of
from gateway.web.login import onward
from gateway.web.pages import THEMES, YEAR, language_of, page
from gateway.web.problems import Problem
from gateway.web.uploads import MULTIPART, Files, UploadLimits, begun
from gateway.web.within import case_within, reaches
from routing.supposing import Supposed
from routing.values import Category

ENCLOSED = UploadLimits(file=10 << 20, whole=20 << 20)  # what most mail servers still take
MANY = 500  # sites; more are typed, not chosen
ACTIVITIES = ("available", "busy", "away", "offline")
VERBS = {**FORMS, **FIELD_FORMS}
DONE = {
    "claim": N_("The case is yours."),
    "release": N_("The case is back in its queue."),
    "reply": N_("The reply is on its way."),
    "note": N_("The note is kept."),
    "correct": N_("Corrected. The judgement learns from it."),
    "hand_over": N_("Handed over."),
    "escalate": N_("Escalated."),
    "wait": N_("Put aside. The case comes back by itself."),
    "conclude": N_("Concluded. Those who reported are asked to confirm."),
    "confirm": N_("The customer's word is kept, and the case is closed."),
    "reopen": N_("The case is open again."),
    "analyse": N_("The fault analysis is kept."),
    "refer": N_("The reference is kept for every charger of this model."),
    "unrefer": N_("The reference is gone."),
    "send_back": N_("Sent back to the line before."),
    "call": N_(
        "Your telephone rings and leads you to the customer; without one here, call now. It is on the timeline."
    ),
    "plan_visit": N_("The customer is asked which time fits."),
    "book_visit": N_("The visit is booked, and everybody is told."),
    "cancel_visit": N_("The visit is called off, and everybody is told."),
    "perform_visit": N_("It stands on the service card of the area."),
    "open": N_("The case is open, and yours."),
    "attach": N_("The reports are together now. Each can be taken out again."),
    "fetch": N_("The report is back."),
    "detach": N_("The report was taken out."),
    "split": N_("The reports have a case of their own: this one."),
    "part": N_("Told apart. The address is a person of its own, with what it sent."),
    "same": N_("Put together. The report can be taken out again."),
    "different": N_("Kept apart. The judgement learns from it."),
    "restart": N_("The charger was asked to restart."),
    "unlock": N_("The charger was asked to let go of the cable."),
    "document": N_("The files lie beside the case."),
    "files_none": N_("No file was chosen."),
    "files_lost": N_("The files did not come whole, or are too large. Choose them again."),
    "remote": N_("The charger was asked."),
    "accepted": N_("The offer is yours."),
    "beyond": N_("Done. The case is with others now."),
    "gone": N_("That offer had run out; it went to somebody else."),
}
LOST = ("gone", "files_none", "files_lost")
TAKEN = N_("%(who)s was first and took the case at %(time)s.")


def add_routes(app: web.Application) -> None:
    app.router.add_get("/console", index)
    app.router.add_get("/console/cases/{number}", show)
    app.router.add_post("/console/cases/{number}/{verb}", act)
    app.router.add_post("/console/settings", settings)


async def index(request: web.Request) -> web.StreamResponse:
    """A list of cases; a search that is a case number opens the case."""
    scope = scope_of(request)
    number = casenumber.parse(scope.q) if scope.q else None
    if number is not None and await reaches(runtime_of(request), request[AGENT].id, number):
        raise web.HTTPSeeOther(f"/console/cases/{casenumber.number(number)}")
    context = await frame(request, scope)
    return page(request, "console/index.html", context | {"notice": _done(request)})


async def show(request: web.Request) -> web.StreamResponse:
    """One case."""
    return await _case_page(request, _number(request), notice=_done(request))


async def act(request: web.Request) -> web.StreamResponse:
    """Do what a form asks for; on success the case is shown by a GET (303)."""
    runtime, agent, case_id = runtime_of(request), request[AGENT], _number(request)
    verb = request.match_info["verb"]
    fields, files = await _posted(request)
    case = await case_within(request, case_id)
    if verb not in VERBS:
        raise Problem(404, "There is no such verb.")
    actor = desk.Actor("agent", agent.id, agent.role)
    try:
        if files is None or verb != "reply":
            after = await VERBS[verb](runtime, actor, case, fields) or After()
        else:
            await reply(runtime, actor, case, fields, enclosed(files))
            after = After()
    except desk.Taken as taken:
        by = await agents.find(runtime.db, taken.by) if taken.by else None
        told = {
            "who": by.name if by else taken.by,
            "time": languages.format_time(taken.at, case.timezone, language_of(request), runtime.clock.now())
            if taken.at
            else "–",
        }
        notice = {"kind": "bad", "text": _words(request, TAKEN) % told}
        return await _case_page(request, case_id, notice=notice, verb=verb, typed=fields, status=409)
    except desk.Refused as refused:
        book = languages.catalogue(language_of(request))
        notice = {"kind": "bad", "text": refusals.told(book, verb, refused.fields)}
        return await _case_page(
            request,
            case_id,
            notice=notice,
            verb=verb,
            typed=fields,
            errors=refused.fields,
            status=409 if isinstance(refused, desk.Overtaken) else 422,
        )
    answer = f"answer={after.answer}" if after.answer else ""
    query = "&".join(filter(None, (f"done={verb}", answer, scope_of(request).query())))
    if not await reaches(runtime, agent.id, after.case or case_id):
        raise web.HTTPSeeOther("/console?done=beyond")
    raise web.HTTPSeeOther(f"/console/cases/{casenumber.number(after.case or case_id)}?{query}")


async def _posted(request: web.Request) -> tuple[Mapping[str, str], Files | None]:
    """The fields of a form, and its files when it may have some."""
    if request.content_type != MULTIPART:
        return await form(request), None
    upload = begun(request, ENCLOSED)
    try:
        fields = await upload.fields()
        return fields, await upload.files()
    finally:
        await upload.close()


async def settings(request: web.Request) -> web.StreamResponse:
    """What an agent is doing, and in which language and colours they work."""
    runtime, agent, fields = runtime_of(request), request[AGENT], await form(request)
    if (activity := fields.get("activity")) in ACTIVITIES and activity != agent.activity:
        await set_activity(runtime, agent.id, activity)
    language = fields.get("language") if fields.get("language") in languages.PAGES else None
    theme = fields.get("theme") if fields.get("theme") in THEMES else None
    await agents.set_preferences(runtime.db, agent.id, language=language, theme=theme)
    response = web.HTTPSeeOther(onward(fields.get("back")))
    for name, value in (("language", language), ("theme", theme)):
        if value:
            response.set_cookie(name, value, max_age=YEAR, secure=request.secure, httponly=True, samesite="Lax")
    raise response


async def _case_page(
    request: web.Request,
    case_id: int,
    *,
    notice: Mapping[str, str] | None = None,
    verb: str | None = None,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    runtime, agent = runtime_of(request), request[AGENT]
    await case_within(request, case_id)
    whole = await cases.full(runtime.db, case_id)
    if whole is None:
        raise Problem(404, "There is no such case.")
    case = whole.listed.case
    context = await frame(request, scope_of(request), case_id)
    everyone, fields = desk.recipients(whole.reports[::-1]), typed if typed and verb == "reply" else {}
    known = {
        "case": case,
        "timezone": case.timezone,
        "notice": notice,
        "act": verb,
        "typed": typed or {},
        "errors": errors or {},
        "holder": context["names"].get(case.assignee or ""),
        "stream": caseview.stream(whole, context["names"]),
        "timeline": caseview.timeline(whole, context["names"], language_of(request)),
        "why": caseview.why(whole.listed),
        "people": (people := caseview.people(whole)),
        "dead": await dead_addresses(runtime.db, [one["email"] for one in people if one["email"]]),
        "joined": await _joined(runtime, case_id),
        "whom": choice(everyone, fields.get("whom", ""), fields.get("to")),
        "visit": next((one for one in await visits.of_case(runtime.db, case_id) if one.open), None),
        "technicians": [one for one in (agent, *context["colleagues"]) if one.line == 3],
        "card": (await cards.of_site(runtime.db, case.site_id))[:5] if case.site_id else [],
        "analysis": await analyses.standing(runtime.db, case_id),
        "references": await references.of_model(runtime.db, runtime.directory().chargers.get(case.charger_id or "")),
        "proposal": await proposals.standing(runtime.db, case_id),
        "documents": await cards.documents(runtime.db, case_id),
        "recordings": await listening.of_case(runtime.db, case_id),
        "captions": await captions.of_case(runtime, case_id),
        "neighbours": [one for one in whole.neighbours if agent.reach.holds(one.queue, one.site_id, one.assignee)],
        **caseview.beside(whole, await beside(runtime.db, case_id, case.charger_id), context["names"], agent),
    }
    offered = _offered(runtime, case, agent, everyone, await desk.supposed(runtime, case), language_of(request))
    return page(request, "console/case.html", context | known | offered, status)


async def _joined(runtime: Runtime, case_id: int) -> Sequence[Mapping[str, Any]]:
    async with runtime.db.connection() as conn:
        return await joined(conn, case_id)


def _offered(
    runtime: Runtime,
    case: Case,
    agent: Agent,
    everyone: Sequence[desk.Recipient],
    found: Supposed,
    language: str,
) -> dict[str, Any]:
    """What can be supposed, looked up, chosen and done for a case now."""
    place = caseview.place(case, runtime.directory())
    model = place["charger"].model if place["charger"] else None
    written = everyone[0].language if everyone else case.language
    fitting = replies.fitting(case.category, written)
    likely = [one.code.code for one in found.hypotheses]
    tomorrow = runtime.clock.now().astimezone(ZoneInfo(case.timezone)) + timedelta(days=1)
    return {
        "place": place,
        "solutions": runtime.solutions.find(case.category, language, model)[:3],
        "may": caseview.may(case, agent),
        "categories": [str(one) for one in Category],
        "dispositions": desk.DISPOSITIONS,
        "components": desk.COMPONENTS,
        "fault_codes": [*likely, *sorted(runtime.rules().alarms.codes.keys() - set(likely))],
        "sites": sites if len(sites := list(runtime.directory().sites.values())) <= MANY else [],
        "tomorrow": tomorrow.strftime("%Y-%m-%dT08:00"),
        "supposed": found,
        "acts": desk.possible(runtime, case, found),
        "written": written,
        "replies": [(one.title, one.filled(_facts(runtime, case, agent, everyone))) for one in fitting],
    }


def _facts(runtime: Runtime, case: Case, agent: Agent, everyone: Sequence[desk.Recipient]) -> dict[str, str | None]:
    """What the placeholders of a reply stand for, in the customer's language; no name while it may go to several."""
    site = runtime.directory().sites.get(case.site_id or "")
    written = everyone[0].language if everyone else case.language
    due = languages.format_time(case.due_solution, case.timezone, written) if case.due_solution else None
    alone = len({one.person for one in everyone}) == 1
    return {
        "name": everyone[0].name if alone else None,
        "charger": case.charger_id,
        "site": site.name if site else None,
        "due": due,
        "case": case.number,
        "agent": agent.name,
    }


def _done(request: web.Request) -> dict[str, str] | None:
    """What an act before this page did, as a notice; what a charger answered decides whether that was good news."""
    done, answer = DONE.get(request.query.get("done", "")), request.query.get("answer")
    if done is None:
        return None
    if answer not in tuple(RemoteAnswer):
        return {"kind": "bad" if request.query["done"] in LOST else "good", "text": _words(request, done)}
    book = languages.catalogue(language_of(request))
    obeyed = answer in (RemoteAnswer.ACCEPTED, RemoteAnswer.UNLOCKED)
    return {"kind": "good" if obeyed else "warn", "text": f"{_words(request, done)} {book.code('remote', answer)}"}


def _number(request: web.Request) -> int:
    number = casenumber.parse(request.match_info["number"])
    if number is None:
        raise Problem(404, "There is no such case.")
    return number


def _words(request: web.Request, msgid: str) -> str:
    return languages.catalogue(language_of(request)).gettext(msgid)
