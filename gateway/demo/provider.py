"""A telephony provider's REST API, as much of it as a support line uses: calls, messages, recordings, pictures.

It follows the public description of Twilio's API (version 2010-04-01): Basic authentication, form bodies, JSON answers,
dates as in RFC 2822, lists in pages, newest first. It keeps what it accepted in memory and knows nothing of who uses
it. Subclasses refuse, delay, or let something follow.
"""

from __future__ import annotations

import itertools
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from aiohttp import web

BASE = "/2010-04-01/Accounts"
KEPT = 2000  # of each kind
Row = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Provider:
    """One account and what it has. `sids` count up and make identifiers; `now` stands still when it is set."""

    account: str = "AC" + "a" * 32
    secrets: set[str] = field(default_factory=lambda: {"token"})
    calls: dict[str, Row] = field(default_factory=dict)
    messages: dict[str, Row] = field(default_factory=dict)
    recordings: dict[str, Row] = field(default_factory=dict)
    sounds: dict[str, bytes] = field(default_factory=dict)
    media: dict[str, bytes | str] = field(default_factory=dict)
    pictures: dict[str, Row] = field(default_factory=dict)
    rooms: dict[str, Row] = field(default_factory=dict)
    sids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    now: datetime | None = None

    def app(self) -> web.Application:
        app = web.Application()
        base = f"{BASE}/{self.account}"
        for name, kept, prefix in (("Calls", self.calls, "CA"), ("Messages", self.messages, "SM")):
            app.router.add_post(f"{base}/{name}.json", self._creating(kept, prefix))
            app.router.add_get(f"{base}/{name}.json", self._listing(name.lower(), kept))
            app.router.add_post(f"{base}/{name}/{{sid}}.json", self._updating(kept))
        app.router.add_post(f"{base}/Calls/{{call}}/Recordings/{{sid}}.json", self._silence)
        app.router.add_post(f"{base}/Calls/{{call}}/Transcriptions.json", self._caption)
        app.router.add_post(f"{base}/Calls/{{call}}/Transcriptions/{{sid}}.json", self._caption)
        app.router.add_get(f"{base}/Conferences.json", self._conferences)
        app.router.add_post(f"{base}/Conferences/{{room}}/Participants/{{sid}}.json", self._seat)
        app.router.add_get(f"{base}/Recordings.json", self._listing("recordings", self.recordings))
        app.router.add_delete(f"{base}/Recordings/{{sid}}.json", self._delete)
        app.router.add_get(f"{base}/Recordings/{{sid}}.wav", self._sound)
        app.router.add_get(f"{base}/Messages/{{message}}/Media.json", self._pictures)
        app.router.add_get(f"{base}/Messages/{{message}}/Media/{{sid}}", self._picture)
        return app

    def add_call(self, **row: Any) -> str:
        """A call that came about elsewhere; returns its identifier."""
        return self._add(self.calls, "CA", {"direction": "inbound", "status": "completed", "duration": "30", **row})

    def add_room(self, name: str, *calls: str) -> str:
        """A room in which these calls meet."""
        seats: dict[str, dict[str, str]] = {call: {} for call in calls}
        return self._add(self.rooms, "CF", {"friendly_name": name, "status": "in-progress", "seats": seats})

    def add_message(self, **row: Any) -> str:
        given = {"direction": "inbound", "status": "received", "num_media": "0"}
        return self._add(self.messages, "SM", {**given, **row})

    def add_picture(self, message: str, content: bytes, media_type: str = "image/jpeg") -> str:
        """Something that came with a message, which then has one more of them."""
        sid = self._add(self.pictures, "ME", {"parent_sid": message, "content_type": media_type})
        self.media[sid] = content
        if len(self.media) > KEPT:
            self.media.pop(next(iter(self.media)))
        row = self.messages[message]
        row["num_media"] = str(int(row["num_media"]) + 1)
        return sid

    def add_recording(self, sound: bytes, **row: Any) -> str:
        sid = self._add(self.recordings, "RE", {"status": "completed", "duration": "9", **row})
        self.sounds[sid] = sound
        if len(self.sounds) > KEPT:
            self.sounds.pop(next(iter(self.sounds)))
        return sid

    async def asked(self, request: web.Request, fields: Mapping[str, str]) -> None:
        """Called with every request before it is looked at."""

    def refused(self, fields: Mapping[str, str]) -> web.StreamResponse | None:
        """The answer to what is not to be made; None to make it."""
        return None

    async def made(self, request: web.Request, row: Row, fields: Mapping[str, str]) -> None:
        """Called when a call or message was made, before that is answered."""

    def _add(self, kept: dict[str, Row], prefix: str, row: Row) -> str:
        sid = str(row.get("sid") or f"{prefix}{next(self.sids):032x}")
        at = format_datetime(self.now or datetime.now(UTC))
        times = dict.fromkeys(("date_created", "date_updated", "date_sent", "start_time"), at)
        kept[sid] = {"sid": sid, "account_sid": self.account, "api_version": "2010-04-01", **times, **row}
        if len(kept) > KEPT:
            kept.pop(next(iter(kept)))
        return sid

    def _creating(self, kept: dict[str, Row], prefix: str) -> Handler:
        async def create(request: web.Request) -> web.StreamResponse:
            fields = await self._read(request)
            if answer := self.refused(fields):
                return answer
            row = {"to": fields.get("To"), "from": fields.get("From"), "body": fields.get("Body"), "status": "queued"}
            sid = self._add(kept, prefix, {**row, "direction": "outbound-api"})
            await self.made(request, kept[sid], fields)
            return web.json_response(kept[sid], status=201)

        return create

    def _updating(self, kept: dict[str, Row]) -> Handler:
        async def update(request: web.Request) -> web.StreamResponse:
            fields = await self._read(request)
            row = kept.get(request.match_info["sid"])
            if row is None:
                return problem(404, 20404)
            row["updated"] = dict(fields)
            return web.json_response(row)

        return update

    def _listing(self, name: str, kept: dict[str, Row]) -> Handler:
        async def listing(request: web.Request) -> web.StreamResponse:
            query = await self._read(request)
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

    async def _conferences(self, request: web.Request) -> web.StreamResponse:
        query = await self._read(request)
        rows = [
            {name: value for name, value in row.items() if name != "seats"}
            for row in reversed(self.rooms.values())
            if row["friendly_name"] == query.get("FriendlyName", row["friendly_name"])
            and row["status"] == query.get("Status", row["status"])
        ]
        return web.json_response({"conferences": rows, "page": 0, "page_size": 50, "next_page_uri": None})

    async def _seat(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        room = self.rooms.get(request.match_info["room"])
        if room is None or request.match_info["sid"] not in room["seats"]:
            return problem(404, 20404)
        room["seats"][request.match_info["sid"]].update(fields)
        return web.json_response({"call_sid": request.match_info["sid"], "conference_sid": room["sid"]})

    async def _silence(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        call = self.calls.get(request.match_info["call"])
        if call is None:
            return problem(404, 20404)
        call["recording"] = dict(fields)
        return web.json_response({"sid": "RE" + "0" * 32, "call_sid": call["sid"], "status": fields["Status"]})

    async def _caption(self, request: web.Request) -> web.StreamResponse:
        fields = await self._read(request)
        call = self.calls.get(request.match_info["call"])
        if answer := self.refused(fields):
            return answer
        if call is None or ("Status" in fields and "captions" not in call):
            return problem(404, 20404)
        call["captions"] = dict(fields)
        return web.json_response({"sid": "GT" + "0" * 32, "call_sid": call["sid"], "name": "captions"})

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        await self._read(request)
        gone = self.recordings.pop(request.match_info["sid"], None)
        self.sounds.pop(request.match_info["sid"], None)
        return web.Response(status=204) if gone else problem(404, 20404)

    async def _sound(self, request: web.Request) -> web.StreamResponse:
        await self._read(request)
        sound = self.sounds.get(request.match_info["sid"])
        return web.Response(body=sound, content_type="audio/wav") if sound is not None else problem(404, 20404)

    async def _pictures(self, request: web.Request) -> web.StreamResponse:
        await self._read(request)
        message = request.match_info["message"]
        if message not in self.messages:
            return problem(404, 20404)
        rows = [row for row in self.pictures.values() if row["parent_sid"] == message]
        return web.json_response({"media_list": rows, "page": 0, "page_size": 50, "next_page_uri": None})

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        await self._read(request)
        found = self.media.get(request.match_info["sid"])
        if found is None:
            return problem(404, 20404)
        if isinstance(found, str):
            return web.Response(status=307, headers={"Location": found})
        return web.Response(body=found, content_type="image/jpeg")

    async def _read(self, request: web.Request) -> Mapping[str, str]:
        posted = await request.post() if request.method == "POST" else request.query
        fields = {name: str(value) for name, value in posted.items()}
        await self.asked(request, fields)
        try:
            given = b64decode(request.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        except (NotBase64, UnicodeDecodeError):
            given = ""
        user, _, secret = given.partition(":")
        if secret not in self.secrets or not user:
            raise web.HTTPUnauthorized(text='{"code": 20003, "message": "Authenticate", "status": 401}')
        return fields


def problem(status: int, code: int) -> web.Response:
    """An error answer of the provider with its own error code."""
    return web.json_response({"code": code, "message": "no", "status": status}, status=status)


def _later(row: Mapping[str, Any], after: str) -> bool:
    at = parsedate_to_datetime(str(row["date_created"]))
    bound = datetime.fromisoformat(after)
    return at >= (bound if bound.tzinfo else bound.replace(tzinfo=UTC))
