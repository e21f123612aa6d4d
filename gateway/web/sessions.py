"""Log-in sessions in PostgreSQL, behind aiohttp-session: they outlive every process and every hint store.

The cookie holds 256 random bits; the record knows only their SHA-256. A session ends at a fixed age, at log-out, and
when its agent's password changes. While the record is away, `Unavailable` is raised to whoever asks for a session.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from aiohttp import web
from aiohttp_session import AbstractStorage, Session, get_session, new_session

from gateway.clock import Clock
from gateway.record import agents
from gateway.record.db import Database

AGE = timedelta(hours=16)  # longer than any shift
AGENT = "agent"
OWNER = "owner_user"


def cookie_name(secure: bool) -> str:
    """The cookie's name: the `__Host-` prefix keeps sub-domains from planting one (RFC 6265bis, 4.1.3)."""
    return "__Host-switchyard" if secure else "switchyard"


class RecordedSessions(AbstractStorage):
    """aiohttp-session's storage over the `sessions` table."""

    def __init__(self, db: Database, clock: Clock, *, secure: bool) -> None:
        super().__init__(cookie_name=cookie_name(secure), secure=secure, httponly=True, samesite="Lax")
        self._db, self._clock = db, clock

    async def load_session(self, request: web.Request) -> Session:
        cookie = self.load_cookie(request)
        data = await agents.session(self._db, _key(cookie), self._clock.now()) if cookie else None
        if data is None:
            return await self.new_session()
        return Session(cookie, data={"session": data}, new=False)

    async def save_session(self, request: web.Request, response: web.StreamResponse, session: Session) -> None:
        old = self.load_cookie(request)
        if old and old != session.identity:
            await agents.end_session(self._db, _key(old))
        if session.empty:
            if session.identity:
                await agents.end_session(self._db, _key(session.identity))
            self.save_cookie(response, "")
            return
        value = session.identity or secrets.token_urlsafe(32)
        now = self._clock.now()
        await agents.keep_session(self._db, _key(value), session.get(AGENT), dict(session), now, now + AGE)
        self.save_cookie(response, value)


async def log_in(request: web.Request, agent: str) -> None:
    """Begin a session under a new id; whatever the browser held before is dead."""
    session = await new_session(request)
    session[AGENT] = agent
    session["browser"] = _browser(request.headers.get("User-Agent", ""))


async def log_in_owner(request: web.Request, user: int, now: datetime) -> None:
    """The same for somebody of an owner's organisation."""
    session = await new_session(request)
    session[OWNER] = user
    session["began"] = now.isoformat()


async def log_out(request: web.Request) -> None:
    (await get_session(request)).invalidate()


async def logged_in(request: web.Request) -> str | None:
    """The id of the agent whose session this is."""
    agent = (await get_session(request)).get(AGENT)
    return agent if isinstance(agent, str) else None


async def owner_logged_in(request: web.Request) -> int | None:
    """The id of the owner's user whose session this is."""
    user = (await get_session(request)).get(OWNER)
    return user if isinstance(user, int) else None


async def owner_since(request: web.Request) -> datetime | None:
    """When the session of the owner's user began."""
    began = (await get_session(request)).get("began")
    return datetime.fromisoformat(began) if isinstance(began, str) else None


async def session_agent(request: web.Request, db: Database, clock: Clock) -> str | None:
    """The same, read from the record anew: for streams that outlive what was true when they began."""
    cookie = request.cookies.get(cookie_name(True)) or request.cookies.get(cookie_name(False))
    data = await agents.session(db, _key(cookie), clock.now()) if cookie else None
    return data.get(AGENT) if data else None


def own_key(request: web.Request) -> bytes | None:
    """Under which the record knows the session of this request."""
    cookie = request.cookies.get(cookie_name(True)) or request.cookies.get(cookie_name(False))
    return _key(cookie) if cookie else None


def _browser(told: str) -> str:
    """What a browser says it is, short enough for a list."""
    names = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    systems = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"))
    more = (("Mac OS", "macOS"), ("Linux", "Linux"))
    name = next((name for sign, name in names if sign in told), "")
    return ", ".join(filter(None, (name, next((name for sign, name in systems + more if sign in told), ""))))


def _key(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).digest()
