"""Who may enter which room of the house, and that what is posted was meant by who posts it.

One table decides: a path that no room covers does not exist. Rooms with roles need a log-in; the agent is then at
`request[AGENT]`. The portal is for owners' people, who are at `request[OWNER]`. In guarded rooms a POST must come from
our own pages and carry the page's token, in the field `csrf` (of a form with files, the first) or the header
`X-CSRF-Token`. The API and the provider's webhooks prove themselves otherwise and are open here.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway import seals
from gateway.languages import N_
from gateway.record import agents, portal
from gateway.record.agents import Agent
from gateway.record.portal import OwnerUser
from gateway.web.bodies import FORM, form
from gateway.web.keys import AGENT, OWNER, VISIT, runtime_of
from gateway.web.problems import Problem
from gateway.web.sessions import cookie_name, logged_in, owner_logged_in, owner_since, session_agent
from gateway.web.uploads import BEGUN, MULTIPART, Upload, UploadLimits

STAFF = frozenset({"agent", "lead", "manager", "admin"})
LEADS = frozenset({"lead", "manager", "admin"})
ABOVE = frozenset({"manager", "admin"})
ADMIN = frozenset({"admin"})
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
TOKEN = UploadLimits(text=1 << 10, whole=2 << 20)  # as far as a form with files is read before its token is known
STALE = N_("This page was open for too long or was sent from elsewhere. Load it again and repeat.")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Room:
    """A part of the house: `exact` covers one path, else everything below; `roles` None lets everybody in, unless the
    room is for `owners`."""

    path: str
    roles: frozenset[str] | None = None
    guarded: bool = True
    exact: bool = False
    owners: bool = False

    def covers(self, path: str) -> bool:
        return path == self.path or (not self.exact and path.startswith(self.path.rstrip("/") + "/"))


ROOMS = (
    Room("/twilio", guarded=False),
    Room("/api/v1", guarded=False),
    Room("/api", guarded=False, exact=True),
    Room("/console/people", ABOVE),
    Room("/console", STAFF),
    Room("/managers/personal", ABOVE),
    Room("/managers/keys", ADMIN),
    Room("/managers/master", ABOVE),
    Room("/managers", LEADS),
    Room("/demo", STAFF),
    Room("/portal/login", exact=True),
    Room("/portal/enter"),
    Room("/portal", owners=True),
    Room("/login", exact=True),
    Room("/logout", exact=True),
    Room("/", guarded=False, exact=True),
    Room("/report", guarded=False, exact=True),
    Room("/help", guarded=False),
    Room("/c", guarded=False),
    Room("/outages", guarded=False),
    Room("/s", guarded=False),
    Room("/v", guarded=False),
    Room("/static", guarded=False),
    Room("/robots.txt", guarded=False, exact=True),
    Room("/healthz", guarded=False, exact=True),
    Room("/readyz", guarded=False, exact=True),
    Room("/metrics", guarded=False, exact=True),
)


def room_of(path: str) -> Room | None:
    """The room that a path lies in; None when there is none."""
    return next((room for room in ROOMS if room.covers(path)), None)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let through who may enter; everybody else gets a Problem or the way to the log-in."""
    room = room_of(request.path)
    if room is None:
        raise Problem(404, "There is nothing here.")
    if room.roles is not None:
        request[AGENT] = await _colleague(request)
        if request[AGENT].role not in room.roles:
            raise Problem(403, "This page is for others.")
    if room.owners:
        request[OWNER] = await _owner(request)
    try:
        if room.guarded and request.method not in SAFE:
            await _meant(request)
        response = await handler(request)
    finally:
        if BEGUN in request:
            await request[BEGUN].close()
    if room.guarded and VISIT in request and not response.prepared:
        secure = _secure(request)
        response.set_cookie(_visit_cookie(secure), request[VISIT], secure=secure, httponly=True, samesite="Lax")
    return response


async def still_admitted(request: web.Request) -> bool:
    """Whether the agent behind an open stream is still here and may still see its room."""
    room = room_of(request.path)
    agent = request.get(AGENT)
    if room is None or room.roles is None or agent is None:
        return False
    runtime = runtime_of(request)
    if await session_agent(request, runtime.db, runtime.clock) != agent.id:
        return False
    now = await agents.find(runtime.db, agent.id)
    return now is not None and now.may_work and now.role in room.roles


def csrf_token(request: web.Request) -> str:
    """The token that a form of this visitor must carry; it changes at log-in."""
    keys = runtime_of(request).config.secret_keys
    return seals.mac(keys[0], "csrf", _anchor(request))


def from_our_pages(request: web.Request) -> bool:
    """Whether a browser says that the request began on a page of ours; those that say nothing are believed."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    public = urlsplit(runtime_of(request).config.public_url)
    return origin in (f"{public.scheme}://{public.netloc}", f"{request.scheme}://{request.host}")


async def _colleague(request: web.Request) -> Agent:
    agent_id = await logged_in(request)
    agent = await agents.find(runtime_of(request).db, agent_id) if agent_id else None
    if agent is None or not agent.may_work:
        if request.method == "GET" and "HX-Request" not in request.headers:
            raise web.HTTPSeeOther(f"/login?next={quote(request.path_qs, safe='')}")
        raise Problem(403 if agent else 401, "Log in first.")
    return agent


async def _owner(request: web.Request) -> OwnerUser:
    user_id = await owner_logged_in(request)
    user = await portal.find(runtime_of(request).db, user_id) if user_id is not None else None
    since = await owner_since(request) if user and user.sessions_after else None
    if user is None or (user.sessions_after and (since is None or since < user.sessions_after)):
        if request.method == "GET" and "HX-Request" not in request.headers:
            raise web.HTTPSeeOther("/portal/login")
        raise Problem(401, "Log in first.")
    return user


async def _meant(request: web.Request) -> None:
    token = request.headers.get(CSRF_HEADER)
    if token is None and request.content_type == FORM:
        token = (await form(request)).get(CSRF_FIELD)
    if token is None and request.content_type == MULTIPART:
        request[BEGUN] = Upload(request, TOKEN)
        token = await request[BEGUN].first(CSRF_FIELD)
    keys = runtime_of(request).config.secret_keys
    if not from_our_pages(request) or not token or not seals.matches(keys, "csrf", _anchor(request), token):
        raise Problem(403, STALE)


def _anchor(request: web.Request) -> str:
    secure = _secure(request)
    cookies = request.cookies
    anchor = cookies.get(cookie_name(secure)) or cookies.get(_visit_cookie(secure)) or request.get(VISIT)
    if not anchor:
        anchor = request[VISIT] = seals.fresh()
    return str(anchor)


def _secure(request: web.Request) -> bool:
    return runtime_of(request).config.public_url.startswith("https:")


def _visit_cookie(secure: bool) -> str:
    return cookie_name(secure) + "-visit"
