"""What whoever follows a report does from its page: add words or photos, be texted, have the charger helped from afar.

Each is a button on the page; fetching it changes nothing. What is added is a report of its own in the same case, by
the one door. A charger is helped only for who said which one they stand at, soon after they said so, once, and never
where there is danger.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace

from aiohttp import web

from channels.form import read, says_anything, telephone
from channels.report import ADDED, Attachment, RemoteAct, Thread
from gateway import desk, seals
from gateway.blobs import BlobsUnavailable
from gateway.messages.threads import reply_token
from gateway.record import reports
from gateway.record.reports import StatusView
from gateway.web.bodies import form
from gateway.web.helpcenter.reporting import keep, photos_of
from gateway.web.helpcenter.status import ADDITION, following, offered, status_page
from gateway.web.keys import runtime_of
from gateway.web.sayings import NO_NUMBER, SAY_MORE
from gateway.web.uploads import FileFault, Upload


def add_routes(app: web.Application) -> None:
    app.router.add_post("/s/{token}/more", add)
    app.router.add_post("/s/{token}/text", text)
    app.router.add_post("/s/{token}/help", help_from_afar)


async def add(request: web.Request) -> web.StreamResponse:
    """Words or photos that belong to the report."""
    view, runtime = await following(request), runtime_of(request)
    upload = Upload(request)
    try:
        fields = await upload.fields()
        files = await upload.files()
    finally:
        await upload.close()
    photos, faults = photos_of(files)
    if not (says_anything({"text": fields.get("text", "")}) or photos):
        return await status_page(request, view, {"more": SAY_MORE}, 422)
    key = seals.opened(runtime.config.secret_keys, ADDITION, fields.get("form_token", "")) or secrets.token_urlsafe(16)
    if not await _keep(request, view, fields.get("text", ""), f"{view.report}:{key}", photos):
        faults.append(FileFault.BROKEN_OFF)
    raise web.HTTPSeeOther(f"/s/{view.token}?done=added" + (f"&photo={faults[0]}" if faults else ""))


async def text(request: web.Request) -> web.StreamResponse:
    """A text when it is solved, or none after all."""
    view, runtime = await following(request), runtime_of(request)
    fields = await form(request)
    if fields.get("stop"):
        await reports.text_to(runtime.db, view.report, None)
        raise web.HTTPSeeOther(f"/s/{view.token}?done=untexted")
    phone = telephone(fields.get("phone", ""))
    if phone is None:
        return await status_page(request, view, {"phone": NO_NUMBER}, 422)
    if view.may_be_texted:
        await reports.text_to(runtime.db, view.report, phone)
    raise web.HTTPSeeOther(f"/s/{view.token}?done=texted")


async def help_from_afar(request: web.Request) -> web.StreamResponse:
    """Have the charger let go of the cable, or start anew."""
    view, runtime = await following(request), runtime_of(request)
    act = await offered(runtime, view)
    if act is not None:
        given = (await form(request)).get("connector", "1")
        connector = int(given) if given in ("1", "2", "3", "4") else 1
        with suppress(desk.Refused, desk.Unknown):
            nth = connector if act is RemoteAct.UNLOCK else None
            await desk.remote(runtime, desk.CUSTOMER, view.case, act, nth, view.report)
    raise web.HTTPSeeOther(f"/s/{view.token}?done=helped")


async def _keep(request: web.Request, view: StatusView, words: str, key: str, photos: list[Attachment]) -> bool:
    """Keep an addition; False when its photos are missing. Raises NotStored when nothing can be kept."""
    runtime = runtime_of(request)
    thread = Thread(token=reply_token(runtime.config.secret_keys, view.case))
    said = read({"text": words, "language": view.language}, key=key, received_at=runtime.clock.now(), pictures=photos)
    sender = await reports.sender(runtime.db, view.report)
    report = replace(said, thread=thread, sender=sender, charger=view.own_charger, flags=("no_answer", ADDED))
    try:
        await keep(request, report)
    except BlobsUnavailable:
        await keep(request, replace(report, attachments=()))
        return False
    return True
