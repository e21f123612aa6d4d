"""News by SMS when what we know of works again: a report like any other, of what others have reported before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from channels.form import telephone
from channels.phone_report import FOLLOWER
from channels.report import Thread
from gateway import languages
from gateway.messages.threads import reply_token
from gateway.web.access import from_our_pages
from gateway.web.bodies import form
from gateway.web.helpcenter.knowing import everywhere
from gateway.web.helpcenter.reporting import keep, key_of, read_form, report_form
from gateway.web.keys import runtime_of
from gateway.web.pages import page
from gateway.web.sayings import NO_NUMBER, WANTS_NEWS


def add_routes(app: web.Application) -> None:
    app.router.add_post("/outages/{category}/follow", follow)


async def follow(request: web.Request) -> web.StreamResponse:
    """Tell somebody when a fault of no place is mended."""
    fields, category = dict(await form(request)), request.match_info["category"]
    known = await everywhere(request)
    if key_of(request, fields) is None or not from_our_pages(request):
        raise web.HTTPSeeOther("/report")
    if telephone(fields.get("phone", "")) is None:
        typed = {"phone": fields.get("phone", "")}
        return report_form(request, typed, errors={f"follow_{category}": NO_NUMBER}, outages=known, status=422)
    case = next((one.case for one in known if one.category == category), None)
    return await wants_news(request, {**fields, "category": category}, case)


async def wants_news(request: web.Request, fields: Mapping[str, str], case: int | None) -> web.StreamResponse:
    """Keep who wants news of a case, or, when it is not known any more, of what they say themselves."""
    said = {
        "form_token": fields["form_token"],
        "text": languages.catalogue(fields.get("language", "")).gettext(WANTS_NEWS),
        **{name: fields.get(name, "") for name in ("phone", "charger", "category", "language")},
    }
    report = read_form(request, said)
    report = replace(report, key=f"{report.key}:news:{report.category}", flags=(FOLLOWER,))  # its page has other forms
    if case is not None:
        report = replace(report, thread=Thread(token=reply_token(runtime_of(request).config.secret_keys, case)))
    kept = await keep(request, report)
    if kept is None:
        return page(request, "help/receipt.html", {"number": None, "photo_faults": []}, 202)
    raise web.HTTPSeeOther(f"/s/{kept.token}/receipt")
