"""A new case from the portal: site and charger are picked from the owner's own, and it goes through the one door.

The same form sent again is the same case. A photo that cannot be kept never costs the words beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from channels.form import picture, says_anything
from gateway import seals
from gateway.blobs import BlobsUnavailable
from gateway.web.keys import OWNER, runtime_of
from gateway.web.portal.cases import portal_page, sites_of, writer
from gateway.web.portal.words import FORM, said
from gateway.web.problems import Problem
from gateway.web.sayings import SAY_SOMETHING, SEND_AGAIN
from gateway.web.uploads import begun

CATEGORIES = (
    "safety",
    "offline",
    "no_start",
    "interrupted",
    "slow",
    "cable_stuck",
    "damage",
    "access",
    "payment",
    "enquiry",
    "other",
)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/portal/report", blank)
    app.router.add_post("/portal/report", submit)


async def blank(request: web.Request) -> web.StreamResponse:
    """The form; `?site=` or `?charger=` picks a place of the owner's own."""
    writer(request)
    picked = {name: request.query[name] for name in ("site", "charger") if request.query.get(name)}
    _own(request, picked)
    return _form(request, picked)


async def submit(request: web.Request) -> web.StreamResponse:
    """Keep it and show its case."""
    user, runtime = writer(request), runtime_of(request)
    upload = begun(request)
    try:
        fields = await upload.fields()
        files = await upload.files()
    finally:
        await upload.close()
    _own(request, fields)
    key = seals.opened(runtime.config.secret_keys, FORM, fields.get("form_token", ""))
    if key is None or not says_anything(fields):
        error = SEND_AGAIN if says_anything(fields) else SAY_SOMETHING
        return _form(request, fields, errors={"text": error}, status=422)
    pictures = [one for nth, content in enumerate(files.contents, 1) if (one := picture(content, nth))]
    wanted = {name: fields.get(name, "") for name in ("text", "site", "charger", "connector", "category")}
    if fields.get("category") == "safety":
        wanted["danger"] = "yes"
    report = said(runtime, user, key, wanted, pictures=pictures)
    try:
        receipt = await runtime.intake.accept(report)
    except BlobsUnavailable:
        receipt = await runtime.intake.accept(replace(report, attachments=()))
    raise web.HTTPSeeOther(f"/portal/cases/{receipt.case}?done=reported")


def _own(request: web.Request, fields: Mapping[str, str]) -> None:
    """Raises Problem 404 for a place that is not the owner's."""
    directory, sites = runtime_of(request).directory(), sites_of(request)
    charger = directory.chargers.get(fields.get("charger", ""))
    if fields.get("site") and fields["site"] not in sites:
        raise Problem(404, "There is no such site.")
    if fields.get("charger") and (charger is None or charger.site_id not in sites):
        raise Problem(404, "There is no such charger.")


def _form(
    request: web.Request, fields: Mapping[str, str], *, errors: Mapping[str, str] | None = None, status: int = 200
) -> web.Response:
    directory, keys = runtime_of(request).directory(), runtime_of(request).config.secret_keys
    chargers = {
        site: [directory.chargers[one] for one in directory.site_chargers.get(site, ())] for site in sites_of(request)
    }
    shown = {
        "chargers": chargers,
        "categories": CATEGORIES,
        "fields": dict(fields),
        "errors": dict(errors or {}),
        "form_token": seals.seal(keys, FORM, seals.fresh()),
        "who": request[OWNER],
    }
    return portal_page(request, "portal/report.html", shown, status)
