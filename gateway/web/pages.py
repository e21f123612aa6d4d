"""How pages are made: templates, the words and looks a visitor prefers, the files they load, and their headers.

`page` is all that a handler needs; `setup` mounts `/static/` and the templates, all of which are compiled by then, so
that a broken one is found at start. A page never runs inline scripts or styles and loads nothing from elsewhere.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import aiohttp_jinja2
import jinja2
from aiohttp import web
from babel.core import negotiate_locale
from jinja2.runtime import Context
from yarl import URL

from gateway import languages
from gateway.languages import CUSTOMERS, N_, NAMES, PAGES, Catalogue
from gateway.web.access import CSRF_FIELD, SAFE, STALE, csrf_token
from gateway.web.filters import FILTERS, straight
from gateway.web.keys import AGENT, OWNER, runtime_of
from gateway.web.problems import Problem

FOLDER = Path(__file__).parent
HOUSE_LANGUAGE = "sv"
THEMES = ("auto", "light", "dark")
YEAR = 365 * 86400
HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "font-src 'self'; media-src 'self'; connect-src 'self'; frame-src 'self'; frame-ancestors 'none'; "
        "form-action 'self'; base-uri 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
)
ERRORS = MappingProxyType(
    {
        400: (N_("That did not work"), N_("Your browser sent something that we cannot read. Go back and try again.")),
        401: (N_("Log in first"), N_("This page is for people who work here.")),
        403: (N_("Not allowed"), N_("This page is not for you.")),
        404: (N_("Nothing here"), N_("The page does not exist, or the link is no longer valid.")),
        409: (N_("Somebody was first"), N_("The case was taken in the meantime. Load it again to see by whom.")),
        413: (N_("Too large"), N_("What you sent is larger than we can take. Try a smaller photo.")),
        429: (N_("Too many tries"), N_("Wait a minute and try again.")),
        500: (N_("Something went wrong on our side"), N_("It was not your fault, and we have been told.")),
        503: (
            N_("We cannot do this right now"),
            N_("Our system does not answer. Try again in a moment; nothing was lost."),
        ),
    }
)
mimetypes.add_type("image/svg+xml", ".svg")


def setup(app: web.Application) -> None:
    """Give an application its templates and static files."""
    app[aiohttp_jinja2.APP_KEY] = templates()
    app.router.add_get("/static/{name:.+}", _static)


@cache
def templates() -> jinja2.Environment:
    """Every template, compiled once a process: that takes half a second, and they cannot change under it."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        finalize=straight,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.filters.update(FILTERS)
    env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    files = _files()
    env.globals["static"] = lambda name: f"/static/{name}?v={files[name].version}"
    env.globals["language_names"] = NAMES
    for name in env.list_templates(extensions=["html"]):
        env.get_template(name)
    return env


def page(
    request: web.Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    status: int = 200,
    *,
    language: str | None = None,
) -> web.Response:
    """Render a page. `language` is used unless the visitor chose another; the help center has six, other pages two."""
    offered = CUSTOMERS if template.startswith("help/") else PAGES
    chosen = language_of(request, offered, language)
    runtime = runtime_of(request)
    everything = {
        "request": request,
        "language": chosen,
        "languages": offered,
        "catalogue": languages.catalogue(chosen),
        "theme": theme_of(request),
        "agent": request.get(AGENT),
        "path": request.path,
        "csrf": _Csrf(request),
        "here": lambda **changes: str(_address(request).update_query(changes)),
        "phones": tuple(number.number for number in runtime.config.twilio_numbers if number.voice),
        "now": runtime.clock.now(),
        "announcements": runtime.board.told(chosen, runtime.clock.now(), None, *(context or {}).get("about_sites", ())),
        **(context or {}),
    }
    response = aiohttp_jinja2.render_template(template, request, everything, status=status)
    response.headers.update(HEADERS)
    response.headers["Content-Language"] = chosen
    secure = request.secure
    for name, offers in (("language", CUSTOMERS), ("theme", THEMES)):
        if request.query.get(name) in offers:
            response.set_cookie(name, request.query[name], max_age=YEAR, secure=secure, httponly=True, samesite="Lax")
    return response


def error_page(request: web.Request, problem: Problem) -> web.Response:
    """A page that says what went wrong and what to do now."""
    title, text = ERRORS.get(problem.status) or ERRORS[500 if problem.status >= 500 else 400]
    context = {
        "status": problem.status,
        "title": title,
        "text": STALE if problem.detail == STALE else text,
        "retry": problem.status in (429, 500, 503),
        "owner": request.get(OWNER),
    }
    response = page(request, "error.html", context, problem.status)
    response.headers.update(problem.headers)
    return response


def language_of(request: web.Request, offered: tuple[str, ...] = PAGES, preferred: str | None = None) -> str:
    """The visitor's language: chosen here, chosen before, the agent's own, `preferred`, the browser's, else Swedish."""
    agent = request.get(AGENT)
    for choice in (request.query.get("language"), request.cookies.get("language"), agent and agent.language, preferred):
        if choice in offered:
            return str(choice)
    wanted = []
    for part in request.headers.get("Accept-Language", "")[:200].split(","):
        tag, _, quality = part.partition(";q=")
        try:
            wanted.append((-float(quality or 1), tag.strip().lower().replace("nb", "no").replace("nn", "no")))
        except ValueError:
            continue
    ordered = [tag for _, tag in sorted(wanted, key=lambda pair: pair[0]) if tag]
    return negotiate_locale(ordered, offered, sep="-") or (HOUSE_LANGUAGE if not ordered else "en")


def theme_of(request: web.Request) -> str:
    """`auto`, `light` or `dark`: chosen here, chosen before, or the agent's own."""
    agent = request.get(AGENT)
    for choice in (request.query.get("theme"), request.cookies.get("theme"), agent and agent.theme):
        if choice in THEMES:
            return str(choice)
    return "auto"


def _address(request: web.Request) -> URL:
    """Where this page can be fetched again: what answers a form, at the nearest place above that has a page."""
    resource = request.match_info.route.resource
    if request.method in SAFE or resource is None:
        return request.rel_url
    fetched = {one.resource.canonical for one in request.app.router.routes() if one.resource and one.method == "GET"}
    place, path = resource.canonical, request.path
    while place and place not in fetched:
        place, path = place.rpartition("/")[0], path.rpartition("/")[0]
    return request.rel_url.with_path(path or "/", keep_query=True).without_query_params(CSRF_FIELD)


class _File(NamedTuple):
    path: Path
    version: str


@cache
def _files() -> Mapping[str, _File]:
    paths = (FOLDER / "static").rglob("*.*")
    return {
        path.relative_to(FOLDER / "static").as_posix(): _File(path, hashlib.sha256(path.read_bytes()).hexdigest()[:12])
        for path in paths
    }


async def _static(request: web.Request) -> web.StreamResponse:
    file = _files().get(request.match_info["name"])
    if file is None:
        raise web.HTTPNotFound
    known = request.query.get("v") == file.version
    lasting = f"public, max-age={YEAR}, immutable" if known else "no-cache"
    return web.FileResponse(file.path, headers={"Cache-Control": lasting, "X-Content-Type-Options": "nosniff"})


class _Csrf:
    """The form token, made only when a page has a form: making it may begin a visit."""

    def __init__(self, request: web.Request) -> None:
        self._request = request

    def __html__(self) -> str:
        return csrf_token(self._request)

    __str__ = __html__


@jinja2.pass_context
def _gettext(context: Context, msgid: str) -> str:
    book: Catalogue = context["catalogue"]
    return book.gettext(msgid)


@jinja2.pass_context
def _ngettext(context: Context, singular: str, plural: str, number: int) -> str:
    book: Catalogue = context["catalogue"]
    return book.ngettext(singular, plural, number)
