"""A provider's REST API on HTTP: calls, messages, recordings and pictures, with every request logged.

It keeps what it accepted, lists it as the provider does, and can be told to misbehave: answer 429, 500 or 401, be slow,
or do what was asked and lose the answer. What the published description of the API does not allow (unknown fields,
missing ones, values outside an enumeration) is noted in `violations`. It knows nothing of the product.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

from aiohttp import web

ACCOUNT = "AC" + "a" * 32
DESCRIBED = json.loads((Path(__file__).parent.parent / "data" / "provider_fields.json").read_text())["operations"]


@dataclass
class Provider:
    """The peer. `troubles` are taken one a request: a status, `lost` (done, answer dropped) or seconds of delay."""

    account: str = ACCOUNT
    secrets: set[str] = field(default_factory=lambda: {"token"})
    troubles: deque[int | float | str] = field(default_factory=deque)
    requests: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    recordings: dict[str, dict[str, Any]] = field(default_factory=dict)
    sounds: dict[str, bytes] = field(default_factory=dict)
    media: dict[str, bytes | str] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    sids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    now: datetime | None = None
    violations: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        base = f"/2010-04-01/Accounts/{self.account}"
        for name, kept, prefix in (("Calls", self.calls, "CA"), ("Messages", self.messages, "SM")):
            app.router.add_post(f"{base}/{name}.json", self._creating(kept, prefix))
            app.router.add_get(f"{base}/{name}.json", self._listing(name.lower(), kept))
            app.router.add_post(f"{base}/{name}/{{sid}}.json", self._updating(kept))
        app.router.add_get(f"{base}/Recordings.json", self._listing("recordings", self.recordings))
        app.router.add_delete(f"{base}/Recordings/{{sid}}.json", self._delete)
        app.router.add_get(f"{base}/Recordings/{{sid}}.wav", self._sound)
        app.router.add_get(f"{base}/Messages/{{message}}/Media/{{sid}}", self._picture)
        return app

    def had(self, method: str, ending: str) -> list[Mapping[str, str]]:
        """The fields of every request of a method to a path that ends so."""
        return [fields for used, path, fields in self.requests if used == method and path.endswith(ending)]

    def add_call(self, **row: Any) -> str:
        return self._add(self.calls, "CA", {"direction": "inbound", "status": "completed", "duration": "30", **row})

    def add_message(self, **row: Any) -> str:
        return self._add(self.messages, "SM", {"direction": "inbound", "status": "received", **row})

    def add_recording(self, sound: bytes, **row: Any) -> str:
        sid = self._add(self.recordings, "RE", {"status": "completed", "duration": "9", **row})
        self.sounds[sid] = sound
        return sid

    def _add(self, kept: dict[str, dict[str, Any]], prefix: str, row: dict[str, Any]) -> str:
        sid = f"{prefix}{next(self.sids):032x}"
        at = format_datetime(self.now or datetime.now(UTC))
        times = dict.fromkeys(("date_created", "date_updated", "date_sent", "start_time"), at)
        kept[sid] = {"sid": sid, "account_sid": self.account, "api_version": "2010-04-01", **times, **row}
        return sid

    def _creating(self, kept: dict[str, dict[str, Any]], prefix: str) -> Any:
        async def create(request: web.Request) -> web.StreamResponse:
            fields = await self._read(request)
            trouble = self.troubles.popleft() if self.troubles else None
            if isinstance(trouble, int):
                return _error(trouble, 20001)
            if fields.get("To") in self.refusals:
                return _error(400, self.refusals[fields["To"]])
            row = {"to": fields.get("To"), "from": fields.get("From"), "body": fields.get("Body"), "status": "queued"}
            sid = self._add(kept, prefix, {**row, "direction": "outbound-api"})
            if isinstance(trouble, float):
                await asyncio.sleep(trouble)
            if trouble == "lost" and request.transport is not None:
                request.transport.abort()
            return web.json_response(kept[sid], status=201)

        return create

    def _updating(self, kept: dict[str, dict[str, Any]]) -> Any:
        async def update(request: web.Request) -> web.StreamResponse:
            fields = await self._read(request)
            row = kept.get(request.match_info["sid"])
            if row is None:
                return _error(404, 20404)
            row["updated"] = dict(fields)
            return web.json_response(row)

        return update

    def _listing(self, name: str, kept: dict[str, dict[str, Any]]) -> Any:
        async def listing(request: web.Request) -> web.StreamResponse:
            await self._read(request)
            if self.troubles and self.troubles[0] == "no lists":
                self.troubles.popleft()
                return _error(503, 20500)
            query = request.query
            size, page = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
            after = next((query[key] for key in ("StartTime>", "DateSent>", "DateCreated>") if key in query), None)
            rows = [
                row
                for row in reversed(kept.values())
                if ("To" not in query or row.get("to") == query["To"]) and (after is None or _later(row, after))
            ]
            shown = rows[page * size : (page + 1) * size]
            more = f"{request.path}?Page={page + 1}&PageSize={size}" if (page + 1) * size < len(rows) else None
            return web.json_response({name: shown, "page": page, "page_size": size, "next_page_uri": more})

        return listing

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        await self._read(request)
        gone = self.recordings.pop(request.match_info["sid"], None)
        return web.Response(status=204) if gone else _error(404, 20404)

    async def _sound(self, request: web.Request) -> web.StreamResponse:
        await self._read(request)
        sound = self.sounds.get(request.match_info["sid"])
        return web.Response(body=sound, content_type="audio/wav") if sound is not None else _error(404, 20404)

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        await self._read(request)
        found = self.media.get(request.match_info["sid"])
        if found is None:
            return _error(404, 20404)
        if isinstance(found, str):
            return web.Response(status=307, headers={"Location": found})
        return web.Response(body=found, content_type="image/jpeg")

    def _describe(self, request: web.Request, fields: Mapping[str, Any]) -> None:
        operation = _operation(request, self.account)
        if not operation.endswith(".json"):
            return
        described = DESCRIBED.get(operation)
        if described is None:
            self.violations.append(f"{operation} is not described")
            return
        self.violations += [
            f"{operation}: {name} is unknown" for name in set(fields) - set(described.get("fields", ()))
        ]
        self.violations += [
            f"{operation}: {name} is missing" for name in set(described.get("required", ())) - set(fields)
        ]
        for name, allowed in described.get("enums", {}).items():
            if name in fields and fields[name] not in allowed:
                self.violations.append(f"{operation}: {name} may not be {fields[name]}")

    async def _read(self, request: web.Request) -> Mapping[str, str]:
        fields = dict(await request.post()) if request.method == "POST" else dict(request.query)
        self._describe(request, fields)
        self.requests.append((request.method, request.path, {name: str(value) for name, value in fields.items()}))
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        user, _, secret = base64.b64decode(given or "Og==").decode().partition(":")
        if secret not in self.secrets or not user:
            raise web.HTTPUnauthorized(text='{"code": 20003, "message": "Authenticate", "status": 401}')
        return {name: str(value) for name, value in fields.items()}


def _operation(request: web.Request, account: str) -> str:
    path = request.path.removeprefix(f"/2010-04-01/Accounts/{account}")
    return f"{request.method} {re.sub(r'(?<=/)[A-Z]{2}[0-9A-Za-z]+(?=.json)', '{Sid}', path)}"


def _later(row: Mapping[str, Any], after: str) -> bool:
    at = parsedate_to_datetime(str(row["date_created"]))
    bound = datetime.fromisoformat(after.replace("Z", "+00:00"))
    return at >= (bound if bound.tzinfo else bound.replace(tzinfo=UTC))


def _error(status: int, code: int) -> web.Response:
    return web.json_response({"code": code, "message": "no", "status": status}, status=status)
