"""What came with reports, as the console may show it: files, pictures drawn anew, HTML mails in a frame.

Nothing here runs, loads or reaches beyond its own answer: files are taken along, never opened; a picture is one that we
drew; an HTML mail is sanitised, sandboxed, and fetches pictures from elsewhere only when it is asked to. One that
is too heavy to be sanitised is shown as its text.
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote

import structlog
from aiohttp import web

from channels.pictures import Pictures
from channels.sanitising import Sanitising
from gateway import pictures
from gateway.languages import N_, catalogue
from gateway.record import attachments, reports
from gateway.record.reports import StoredFile
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import HEADERS, language_of
from gateway.web.problems import Problem
from gateway.web.within import case_within

log = structlog.get_logger()
ALONE = "default-src 'none'; sandbox"
FRAME = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
ELSEWHERE = "; img-src https: http:"
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:12px;color:#1b1f24;background:#fff;overflow-wrap:anywhere}"
    "img{max-width:100%;height:auto}img:not([src]),img[src^='cid:']{display:none}table{max-width:100%}"
    "blockquote{margin:0 0 0 .5rem;padding-left:.75rem;border-left:2px solid #c8ced6;color:#4a535e}"
    "pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere}"
)
TOO_HEAVY = N_("This mail is nested too deep, or takes too long, to be shown as it looked. This is its text:")
DRAW = web.AppKey("draw", Pictures)
SANITISE = web.AppKey("sanitise", Sanitising)


def add_routes(app: web.Application) -> None:
    app[DRAW], app[SANITISE] = Pictures(), Sanitising()
    app.router.add_get("/console/attachments/{id:[0-9]{1,18}}", taken_along)
    app.router.add_post("/console/attachments/{id:[0-9]{1,18}}", taken_all_the_same)
    app.router.add_get("/console/attachments/{id:[0-9]{1,18}}/picture", picture)
    app.router.add_get("/console/reports/{id:[0-9]{1,18}}/html", html)


async def taken_along(request: web.Request) -> web.StreamResponse:
    """The file as it came, to be saved; one that was put away only by the button (POST)."""
    found = await _found(request)
    if found.quarantined:
        raise Problem(404, "There is no such file.")
    return await saved(request, found)


async def taken_all_the_same(request: web.Request) -> web.StreamResponse:
    """A file that was put away because it may be dangerous, for an agent who was told so and wants it."""
    found = await _found(request)
    log.info("file.taken", attachment=int(request.match_info["id"]), agent=request[AGENT].id)
    return await saved(request, found)


async def picture(request: web.Request) -> web.StreamResponse:
    """A picture drawn anew; `?large` for one to look at closely."""
    found = await _found(request)
    if found.quarantined or found.media_type not in pictures.KINDS:
        raise Problem(404, "There is no such picture.")
    width = pictures.WIDTHS["large" in request.query]
    drawn = await pictures.shown(runtime_of(request), request.app[DRAW], found.digest, width)
    if drawn is None:
        raise Problem(404, "There is no such picture.")
    response = web.Response(body=drawn, content_type="image/jpeg")
    response.headers.update({**HEADERS, "Content-Security-Policy": ALONE, "Cache-Control": "private, max-age=86400"})
    return response


async def html(request: web.Request) -> web.StreamResponse:
    """An HTML mail for a sandboxed frame; `?pictures` lets it fetch those that lie elsewhere."""
    found = await attachments.html(runtime_of(request).db, int(request.match_info["id"]))
    if found is None:
        raise Problem(404, "There is no such mail.")
    await case_within(request, await reports.case_of(runtime_of(request).db, int(request.match_info["id"])))
    (source, text), remote = found, "pictures" in request.query
    body = await request.app[SANITISE].shown(source, remote)
    if body is None:
        why = catalogue(language_of(request)).gettext(TOO_HEAVY)
        body = f"<p><strong>{escape(why)}</strong></p><pre>{escape(text)}</pre>"
    page = f"<!DOCTYPE html><meta charset=utf-8><base target=_blank><style>{STYLE}</style>{body}"
    response = web.Response(text=page, content_type="text/html")
    policy = FRAME + (ELSEWHERE if remote else "")
    response.headers.update({**HEADERS, "Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"})
    return response


async def _found(request: web.Request) -> StoredFile:
    found = await reports.attachment(runtime_of(request).db, int(request.match_info["id"]))
    if found is None:
        raise Problem(404, "There is no such file.")
    await case_within(request, found.case)
    return found


async def saved(request: web.Request, found: StoredFile) -> web.Response:
    """A file to be taken along, never opened here."""
    content = await runtime_of(request).blobs.read(found.digest)
    if content is None:
        raise Problem(404, "There is no such file.")
    response = web.Response(body=content, content_type="application/octet-stream")
    name = "".join(sign if sign.isalnum() or sign in "-_. " else "_" for sign in found.name)[:100]
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    response.headers.update({**HEADERS, "Content-Security-Policy": ALONE, "Content-Disposition": disposition})
    return response
