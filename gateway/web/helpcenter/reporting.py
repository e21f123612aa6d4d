"""The help center: what drivers see without a log-in, with or without JavaScript, on a slow line.

A report form takes three taps from the code on a charger: what is wrong, where to tell you, send. It is kept before its
page answers: in the record, or in the spool when the record is away or somebody sends
very many. On a slow line the words are kept first and the photos follow as an addition to the same case. The same form
sent again is the same case.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import structlog
from aiohttp import web
from yarl import URL

from channels.form import picture, read, says_anything
from channels.report import Attachment, NotStored, Outcome, Receipt, Report, Thread
from gateway import casenumber, seals
from gateway.blobs import BlobsUnavailable
from gateway.languages import CUSTOMERS
from gateway.messages.threads import reply_token
from gateway.outages import Outage
from gateway.record import attachments
from gateway.record.db import Unavailable
from gateway.web.access import from_our_pages
from gateway.web.bodies import UNKEEPABLE
from gateway.web.helpcenter import knowing
from gateway.web.helpcenter.places import Place, nearby, place_of
from gateway.web.keys import runtime_of
from gateway.web.pages import language_of, page
from gateway.web.sayings import PHOTO_FAULTS, SAY_SOMETHING, SEND_AGAIN
from gateway.web.uploads import FileFault, Files, Upload

log = structlog.get_logger()
PURPOSE = "form"
PHOTO_PATIENCE = web.AppKey("photo_patience", float)
SLOW = 4.0  # seconds that photos may take before the words are kept without them
BUSY = 60  # forms a minute from one address that are judged at once; later ones wait in the spool
NO_PICTURE = "no_picture"


PROBLEMS = (
    "cable_stuck",
    "no_start",
    "interrupted",
    "slow",
    "offline",
    "access",
    "payment",
    "damage",
    "blocked",
    "other",
)


def add_routes(app: web.Application, photo_patience: float = SLOW) -> None:
    app[PHOTO_PATIENCE] = photo_patience
    knowing.setup(app)
    app.router.add_get("/", index)
    app.router.add_get("/report", blank)
    app.router.add_post("/report", submit)
    app.router.add_get("/robots.txt", robots)


async def index(request: web.Request) -> web.StreamResponse:
    """The way in: what is wrong everywhere, the number to call, the form, the search, the usual problems."""
    find, language = runtime_of(request).solutions.find, language_of(request, CUSTOMERS)
    found = [(problem, find(problem, language)) for problem in PROBLEMS if problem != "other"]
    problems = [(problem, solutions[0].slug) for problem, solutions in found if solutions]
    outages = await knowing.everywhere(request)
    return page(request, "help/index.html", {"problems": problems, "outages": outages})


async def blank(request: web.Request) -> web.StreamResponse:
    """An empty report form; `?charger=` and `?category=` fill it in."""
    given = {name: UNKEEPABLE.sub("", request.query.get(name, ""))[:60] for name in ("charger", "category")}
    outages = await knowing.everywhere(request)
    return report_form(request, given, place=place_of(request, given["charger"]), outages=outages)


async def submit(request: web.Request) -> web.StreamResponse:
    """Keep what was written, then what was attached, and show the receipt. Nothing that was typed is ever lost."""
    upload = Upload(request)
    reading: asyncio.Task[Files] | None = None
    try:
        fields = await upload.fields()
        fields["site"] = fields.get("site") or nearby(request, fields)
        reading = asyncio.create_task(upload.files())
        await asyncio.wait({reading}, timeout=request.app[PHOTO_PATIENCE])
        if not reading.done() and not _complete(request, fields):
            await reading
        if not _complete(request, fields):
            await reading
            errors = {"text": SEND_AGAIN} if says_anything(fields) else {"category": SAY_SOMETHING}
            return report_form(
                request, fields, errors=errors, place=place_of(request, fields.get("charger", "")), status=422
            )
        if reading.done():
            kept, faults = await _at_once(request, fields, reading.result())
        else:
            kept, faults = await _words_first(request, fields, reading)
    finally:
        if reading:
            reading.cancel()
        await upload.close()
    if kept is None:
        context = {"number": None, "photo_faults": [PHOTO_FAULTS[fault] for fault in faults]}
        return page(request, "help/receipt.html", context, 202)
    raise web.HTTPSeeOther(URL(f"/s/{kept.token}/receipt").with_query({"photo": faults[:1]}))


async def robots(request: web.Request) -> web.StreamResponse:
    """Nothing behind a link of ours belongs into a search engine."""
    away = ("/s/", "/v/", "/console", "/portal/", "/api/")
    return web.Response(text="User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in away))


async def _at_once(request: web.Request, fields: Mapping[str, str], files: Files) -> tuple[Receipt | None, list[str]]:
    pictures, faults = photos_of(files)
    report = read_form(request, fields, pictures)
    try:
        kept = await keep(request, report)
    except BlobsUnavailable:
        return await keep(request, replace(report, attachments=())), [*faults, FileFault.BROKEN_OFF]
    if kept and kept.outcome is Outcome.REPEATED:
        faults += await _add(request, report, kept, pictures)
    return kept, faults


async def _words_first(
    request: web.Request, fields: Mapping[str, str], reading: asyncio.Task[Files]
) -> tuple[Receipt | None, list[str]]:
    report = read_form(request, dict(fields))
    kept = await keep(request, report)
    pictures, faults = photos_of(await reading)
    return kept, faults + await _add(request, report, kept, pictures)


async def _add(request: web.Request, report: Report, kept: Receipt | None, pictures: Sequence[Attachment]) -> list[str]:
    """Photos that came after the words: a report of their own, proven to belong to the same case. Returns faults."""
    runtime = runtime_of(request)
    digests = {hashlib.sha256(picture.content).digest(): picture for picture in pictures}
    case = casenumber.parse(kept.case) if kept else None
    if case is not None:
        with suppress(Unavailable):
            for digest in await attachments.known(runtime.db, case, list(digests)):
                digests.pop(digest, None)
    if not digests:
        return []
    addition = replace(
        report,
        key=f"{report.key}:{hashlib.sha256(b''.join(digests)).hexdigest()}",
        text="" if kept else report.text,
        attachments=tuple(digests.values()),
        thread=Thread(token=reply_token(runtime.config.secret_keys, case)) if case is not None else Thread(),
    )
    try:
        await keep(request, addition)
    except (BlobsUnavailable, NotStored):
        return [FileFault.BROKEN_OFF]
    return []


async def keep(request: web.Request, report: Report) -> Receipt | None:
    """The receipt; None when the report lies in the spool. Raises BlobsUnavailable when only the files cannot be kept,
    NotStored when nothing can."""
    runtime = runtime_of(request)
    if await runtime.live.within(f"form:{request.remote}", BUSY, 60):
        try:
            return await runtime.intake.accept(report)
        except NotStored as error:
            if report.attachments and isinstance(error.__cause__, BlobsUnavailable):
                raise error.__cause__ from error
            log.warning("form.spooled")
    await runtime.spool.keep(report)
    return None


def report_form(
    request: web.Request,
    fields: Mapping[str, str],
    *,
    errors: Mapping[str, str] | None = None,
    place: Place | None = None,
    unknown: str = "",
    outages: Sequence[Outage] = (),
    status: int = 200,
) -> web.Response:
    """`unknown` is the number of a charger that was asked for and that we do not have."""
    token = seals.seal(runtime_of(request).config.secret_keys, PURPOSE, seals.fresh())
    context = {
        "form_token": token,
        "fields": dict(fields),
        "errors": dict(errors or {}),
        "place": place,
        "unknown": unknown,
        "outages": outages,
        "problems": PROBLEMS,
        "timezone": place.timezone if place else None,
        "about_sites": (place.id,) if place else (),
    }
    return page(request, "help/report.html", context, status)


def read_form(request: web.Request, fields: Mapping[str, str], pictures: Sequence[Attachment] = ()) -> Report:
    return read(
        fields, key=key_of(request, fields) or "", received_at=runtime_of(request).clock.now(), pictures=pictures
    )


def _complete(request: web.Request, fields: Mapping[str, str]) -> bool:
    return key_of(request, fields) is not None and from_our_pages(request) and says_anything(fields)


def key_of(request: web.Request, fields: Mapping[str, str]) -> str | None:
    return seals.opened(runtime_of(request).config.secret_keys, PURPOSE, fields.get("form_token", ""))


def photos_of(files: Files) -> tuple[list[Attachment], list[str]]:
    read_as = [picture(content, nth) for nth, content in enumerate(files.contents, 1)]
    faults = [str(fault) for fault in files.faults] + [NO_PICTURE for one in read_as if one is None]
    return [one for one in read_as if one is not None], faults
