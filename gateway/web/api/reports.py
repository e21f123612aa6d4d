"""Reports and alarms by API: kept before they are answered, and never refused for being many (law 10).

A key belongs to its token. The same key with the same body gets the first receipt again, with another body 422.
Above its rate a caller's reports go into the spool, are answered 202, and are judged one after the other.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from channels import alarms, form
from channels.report import Channel, Receipt, Report
from gateway.web.api import models
from gateway.web.api.endpoints import ANYONE, Call, Endpoint, answer
from gateway.web.keys import runtime_of
from gateway.web.problems import Problem

REPORTS = web.AppKey("reports_a_minute", int)
KEY = "Idempotency-Key"
LONGEST_KEY = 255


async def report(call: Call) -> web.StreamResponse:
    """Keep one report of a person or a system."""
    body: models.ReportBody = call.body
    key = call.request.headers.get(KEY, "").strip()
    if not key or len(key) > LONGEST_KEY or not key.isprintable():
        raise Problem(422, f"Send an {KEY} of 1 to {LONGEST_KEY} characters.", fields={KEY: "must be given"})
    return await _keep(call, read(call, body, f"{call.caller.token}:{key}", Channel.API))


async def alarm(call: Call) -> web.StreamResponse:
    """Keep one alarm of the charging platform."""
    body: models.AlarmBody = call.body
    raw = _canonical(body)
    told = alarms.read(
        body.model_dump(),
        key=f"{call.caller.token}:{body.id}",
        received_at=runtime_of(call.request).clock.now(),
        fingerprint=_fingerprint(raw),
    )
    return await _keep(call, replace(told, raw=raw))


def read(call: Call, body: models.ReportBody, key: str, channel: Channel) -> Report:
    """A body as a report."""
    raw = _canonical(body)
    sender = body.from_ or models.From()
    given = {
        "name": sender.name,
        "phone": sender.phone,
        "email": sender.email,
        "charger": body.charger,
        "site": body.site,
        "connector": None if body.connector is None else str(body.connector),
        "language": body.language,
        "text": body.text,
    }
    said = form.read(
        {name: value for name, value in given.items() if value is not None},
        key=key,
        received_at=runtime_of(call.request).clock.now(),
        channel=channel,
    )
    return replace(said, subject=body.subject, raw=raw, fingerprint=_fingerprint(raw))


async def _keep(call: Call, kept: Report) -> web.StreamResponse:
    runtime = runtime_of(call.request)
    if not await runtime.live.within(f"reports:{call.caller.token}", call.request.app[REPORTS], 60):
        await runtime.spool.keep(kept)
        detail = "Kept, and judged as soon as those before it are. Send it again for its case number."
        return answer(models.Kept(detail=detail), 202)
    receipt = await runtime.intake.accept(kept)
    if receipt.fingerprint is not None and receipt.fingerprint != kept.fingerprint:
        raise Problem(422, "This key was used before with another body.", fields={KEY: "used with another body"})
    return answer(_receipt(receipt, runtime.config.public_url), 201)


def _receipt(receipt: Receipt, public_url: str) -> models.Receipt:
    return models.Receipt(
        case=receipt.case,
        report=receipt.report,
        outcome=receipt.outcome.value,
        status_url=f"{public_url.rstrip('/')}/s/{receipt.token}",
    )


def _canonical(body: BaseModel) -> bytes:
    said: dict[str, Any] = body.model_dump(mode="json", by_alias=True, exclude_none=True)
    return json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _fingerprint(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


ENDPOINTS = (
    Endpoint(
        "POST",
        "/reports",
        report,
        "Hand in a report",
        ANYONE,
        {201: models.Receipt, 202: models.Kept},
        body=models.ReportBody,
        headers=(KEY,),
        limited=False,
    ),
    Endpoint(
        "POST",
        "/alarms",
        alarm,
        "Hand in an alarm of a charger",
        frozenset({"platform", "admin"}),
        {201: models.Receipt, 202: models.Kept},
        body=models.AlarmBody,
        limited=False,
    ),
)
