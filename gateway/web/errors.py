"""Every failure told in the way of its door: problem details for the API, a sentence for a call, a page for people.

What is refused is said; what breaks inside is logged by class and place and told without any of its text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from twilio.twiml.voice_response import VoiceResponse

from channels.report import NotStored
from gateway.blobs import BlobsUnavailable
from gateway.desk import Refused, Taken, Unknown
from gateway.record.db import Unavailable
from gateway.web.keys import runtime_of
from gateway.web.pages import error_page
from gateway.web.problems import Problem, try_later

log = structlog.get_logger()
PROBLEM_TYPE = "application/problem+json"


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with what the handler returns, or tell what kept it from answering."""
    try:
        return await handler(request)
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        kept = {name: answer.headers[name] for name in ("Allow", "Retry-After") if name in answer.headers}
        problem = Problem(answer.status, answer.reason, headers=kept)
    except Exception as error:
        problem = known(error) or _unexpected(request, error)
    return told(request, problem)


def known(error: Exception) -> Problem | None:
    """What an expected failure of the inner rooms means to whoever asked; None for a fault of ours."""
    match error:
        case Problem():
            return error
        case Unavailable() | NotStored() | BlobsUnavailable():
            return try_later()
        case asyncio.TimeoutError():
            return try_later()
        case Unknown():
            return Problem(404, "There is no such thing.")
        case Taken():
            at = error.at.isoformat() if error.at else None
            return Problem(409, f"Taken by {error.by} at {at}.", more={"assignee": error.by, "since": at})
        case Refused():
            return Problem(422, "Something is missing or not as it must be.", fields=error.fields)
    return None


def told(request: web.Request, problem: Problem) -> web.StreamResponse:
    """A problem in the way of the door that the request came by."""
    if request.path.startswith("/api/"):
        return web.json_response(
            problem.document(), status=problem.status, headers=problem.headers, content_type=PROBLEM_TYPE
        )
    if request.path.startswith("/twilio/"):
        if problem.status >= 500 and request.path.startswith("/twilio/voice"):
            return web.Response(text=_spoken(request), content_type="text/xml")
        return web.Response(status=problem.status, headers=problem.headers)
    return error_page(request, problem)


def _unexpected(request: web.Request, error: Exception) -> Problem:
    resource = request.match_info.route.resource
    log.error(
        "web.failed",
        method=request.method,
        path=resource.canonical if resource else None,
        error=type(error).__name__,
        exc_info=error,
    )
    return Problem(500, "Something went wrong on our side.")


def _spoken(request: web.Request) -> str:
    """A caller never meets silence: a sentence in both languages, then a person or a goodbye that says what to do."""
    words: Mapping[str, str] = {
        "sv-SE": "Vi har ett tekniskt fel. Ring igen om en stund. Är någon i fara, ring ett ett två.",
        "en-GB": "We have a technical problem. Please call again in a while. If anybody is in danger, call 1 1 2.",
    }
    answer = VoiceResponse()
    for language, sentence in words.items():
        answer.say(sentence, language=language)
    number = runtime_of(request).config.last_resort_number
    if number:
        answer.dial(number)
    return str(answer)
