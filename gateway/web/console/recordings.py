"""What callers recorded, for those who work on the case. Each listening is written down before a byte goes out."""

from __future__ import annotations

from aiohttp import web

from gateway.record import listening
from gateway.web.keys import AGENT, runtime_of
from gateway.web.pages import HEADERS
from gateway.web.problems import Problem
from gateway.web.within import case_within

POLICY = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"


def add_routes(app: web.Application) -> None:
    app.router.add_get("/console/recordings/{sid:[A-Za-z0-9]{1,64}}", listen)


async def listen(request: web.Request) -> web.StreamResponse:
    """A recording as sound."""
    runtime, agent, sid = runtime_of(request), request[AGENT], request.match_info["sid"]
    found = await listening.recording(runtime.db, sid)
    if found is None:
        raise Problem(404, "There is no such recording.")
    case = await case_within(request, found.case)
    await listening.heard(runtime.db, sid, case.id, agent.id, runtime.clock.now())
    sound = await runtime.blobs.read(found.digest)
    if sound is None:
        raise Problem(404, "There is no such recording.")
    kind = "audio/wav" if sound.startswith(b"RIFF") else "audio/mpeg"
    response = web.Response(body=sound, content_type=kind)
    response.headers.update({**HEADERS, "Content-Security-Policy": POLICY, "Content-Disposition": "inline"})
    return response
