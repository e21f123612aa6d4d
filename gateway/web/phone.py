"""The provider's webhooks: measured, verified, handed to the phone and SMS doors, answered as XML.

A request without a good signature, from another account or to a number that is not ours is 403 without a body and
changes nothing. Voice and SMS are always answered; a callback that could not be noted is 503.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import structlog
from aiohttp import hdrs, web
from prometheus_client import Counter

from channels.numbers import reaches
from channels.phone import PhoneDoor
from channels.phone_events import SID
from channels.phone_lately import Lately
from channels.signatures import HEADER, Signatures
from channels.sms import SmsDoor
from gateway.keeping.cleaning import clean_text
from gateway.phone import captions, telephony
from gateway.phone.ringdoor import RingDoor
from gateway.web import bodies
from gateway.web.keys import RUNTIME
from gateway.web.problems import Problem
from ivr.music import waiting_music

log = structlog.get_logger()
REFUSED = Counter("switchyard_webhooks_refused_total", "Requests that are not of our provider, or not for us.", ["why"])

LIMIT = 128 << 10  # bytes; the provider's own limit for what it posts is far below
XML = MappingProxyType({hdrs.CONTENT_TYPE: "text/xml; charset=utf-8"})


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What the provider's webhooks need. `account` and `numbers` are not checked while they are not configured."""

    phone: PhoneDoor
    sms: SmsDoor
    signatures: Signatures
    account: str | None
    numbers: Collection[str]
    rings: RingDoor | None = None
    caption: Callable[[Mapping[str, str]], Awaitable[None]] | None = None


WEBHOOKS = web.AppKey("webhooks", Webhooks)


def add_routes(app: web.Application, lately: Lately | None = None) -> None:
    """Mount `/twilio/…` on an application that has a runtime; `lately` is a memory of calls that its phone door shares.
    Raises FlowError when a flow is wrong."""
    runtime = app[RUNTIME]
    numbers = frozenset(number.number for number in runtime.config.twilio_numbers)
    mount(
        app,
        Webhooks(
            phone=telephony.phone_door(runtime, lately),
            sms=telephony.sms_door(runtime, numbers),
            signatures=telephony.signatures(runtime.config),
            account=runtime.config.twilio_account_sid,
            numbers=numbers,
            rings=telephony.ring_door(runtime),
            caption=partial(captions.note, runtime),
        ),
    )


def mount(app: web.Application, webhooks: Webhooks) -> None:
    """Mount `/twilio/…` over doors that are there already."""
    app[WEBHOOKS] = webhooks
    app.router.add_post("/twilio/voice", voice)
    app.router.add_post(r"/twilio/voice/{turn:\d{1,6}}", voice)
    app.router.add_post(r"/twilio/ring/{ring:\d{1,18}}", ring)
    app.router.add_post(r"/twilio/ring/{ring:\d{1,18}}/ended", rung)
    app.router.add_post("/twilio/status", status)
    app.router.add_post("/twilio/recording", recording)
    app.router.add_post("/twilio/transcription", transcription)
    app.router.add_post("/twilio/captions", caption)
    app.router.add_post("/twilio/sms", sms)
    app.router.add_get("/twilio/music.wav", music)


async def voice(request: web.Request) -> web.Response:
    fields = await _storable(request, "CallSid", to_us=True)
    turn = int(request.match_info.get("turn", "0"))
    return _xml(await request.app[WEBHOOKS].phone.voice({**request.query, **fields}, turn))


async def ring(request: web.Request) -> web.Response:
    fields = await _storable(request, "CallSid")
    return _xml(await _rings(request).answer(int(request.match_info["ring"]), {**request.query, **fields}))


async def rung(request: web.Request) -> web.Response:
    fields = await _storable(request, "CallSid")
    return _xml(await _rings(request).ended(int(request.match_info["ring"]), {**request.query, **fields}))


async def sms(request: web.Request) -> web.Response:
    fields = await _verified(request, "MessageSid", to_us=True)
    return _xml(await request.app[WEBHOOKS].sms.sms(fields))


async def status(request: web.Request) -> web.Response:
    fields = await _storable(request)
    if "MessageSid" in fields:
        await request.app[WEBHOOKS].sms.status(fields)
    else:
        await request.app[WEBHOOKS].phone.status(_complete(fields, "CallSid"))
    return web.Response(status=204)


async def recording(request: web.Request) -> web.Response:
    await request.app[WEBHOOKS].phone.recording(await _storable(request, "RecordingSid", "CallSid"))
    return web.Response(status=204)


async def transcription(request: web.Request) -> web.Response:
    await request.app[WEBHOOKS].phone.transcription(await _storable(request, "RecordingSid", "CallSid"))
    return web.Response(status=204)


async def caption(request: web.Request) -> web.Response:
    fields, note = await _storable(request, "TranscriptionSid", "CallSid"), request.app[WEBHOOKS].caption
    if note is not None:
        await note(fields)
    return web.Response(status=204)


async def music(request: web.Request) -> web.Response:
    return web.Response(body=waiting_music(), content_type="audio/wav", headers={"Cache-Control": "max-age=86400"})


def _rings(request: web.Request) -> RingDoor:
    rings = request.app[WEBHOOKS].rings
    if rings is None:
        raise Problem(404, "There is nothing here.")
    return rings


async def _storable(request: web.Request, *needed: str, to_us: bool = False) -> Mapping[str, str]:
    """The posted fields of whatever is no report yet: a text message is kept as it came, and cleaned where it is
    stored."""
    fields = await _verified(request, *needed, to_us=to_us)
    return {name: clean_text(value) for name, value in fields.items()}


async def _verified(request: web.Request, *needed: str, to_us: bool = False) -> Mapping[str, str]:
    """The posted fields; what comes again under a name has one of its own. Raises Problem: 413, 415, 400 before and 403
    after they are read."""
    webhooks = request.app[WEBHOOKS]
    if HEADER not in request.headers:
        raise _refused("unsigned")
    if request.content_type != bodies.FORM:
        raise Problem(415, f"Send the body as {bodies.FORM}.")
    posted = bodies.form_fields(await bodies.read(request, LIMIT))
    if not webhooks.signatures.good(request.path_qs, posted, request.headers[HEADER]):
        raise _refused("signature")
    fields: dict[str, str] = {}
    for name, value in posted.items():
        fields[f"{name}.{len(fields)}" if name in fields else name] = value
    if webhooks.account and fields.get("AccountSid") != webhooks.account:
        raise _refused("account")
    leg = "ParentCallSid" in fields  # of an agent: from the caller's number to the agent's
    ours = fields.get("From" if fields.get("Direction", "").startswith("outbound") else "To")
    if to_us and not leg and not reaches(ours or "", webhooks.numbers):
        raise _refused("number")
    return _complete(fields, *needed)


def _complete(fields: Mapping[str, str], *needed: str) -> Mapping[str, str]:
    for name in needed:
        if not SID.fullmatch(fields.get(name, "")):
            raise Problem(400, f"{name} is missing or malformed.")
    return fields


def _refused(why: str) -> Problem:
    log.warning("webhook.refused", why=why)
    REFUSED.labels(why).inc()
    return Problem(403, "This is not a request of our provider.")


def _xml(document: str) -> web.Response:
    return web.Response(body=document.encode(), headers=XML)
