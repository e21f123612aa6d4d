"""A bucket that speaks as S3 does: objects put, got and deleted (singly or in a batch), for whoever has the key."""

from __future__ import annotations

import asyncio
import re
from typing import Literal

from aiohttp import web
from aiohttp.test_utils import TestServer

KEY, BUCKET = "AKIAEXAMPLEOFTHETESTS", "switchyard"
Mood = Literal["well", "hangs", "too many"]


class Bucket:
    """One bucket; `mood` says how the next requests are answered, `asked` how many came."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.mood: Mood = "well"
        self.asked = 0
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{bucket}", self._batch)
        app.router.add_route("*", "/{bucket}/{name:.+}", self._one)
        self.server = TestServer(app)

    def environ(self, key: str = KEY) -> dict[str, str]:
        """The variables of whoever has this key."""
        return {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": "of-the-tests",
            "AWS_REGION": "eu-north-1",
            "AWS_ENDPOINT": str(self.server.make_url("/")).rstrip("/"),
        }

    async def _batch(self, request: web.Request) -> web.Response:
        await self._admit(request)
        names = re.findall(r"<Key>([^<]+)</Key>", await request.text())
        gone = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names if self.objects.pop(name, b"") or True)
        return web.Response(text=f"<DeleteResult>{gone}</DeleteResult>", content_type="application/xml")

    async def _one(self, request: web.Request) -> web.Response:
        await self._admit(request)
        name = request.match_info["name"]
        if request.method == "PUT":
            self.objects[name] = await request.read()
            return web.Response(headers={"ETag": '"1"'})
        if name not in self.objects:
            raise _refusal(web.HTTPNotFound, "NoSuchKey")
        headers = {"ETag": '"1"', "Last-Modified": "Thu, 26 Nov 2026 09:00:00 GMT"}
        return web.Response(body=self.objects[name], headers=headers)

    async def _admit(self, request: web.Request) -> None:
        self.asked += 1
        if self.mood == "hangs":
            await asyncio.Event().wait()
        if self.mood == "too many":
            raise _refusal(web.HTTPServiceUnavailable, "SlowDown")
        if f"Credential={KEY}/" not in request.headers.get("Authorization", ""):
            raise _refusal(web.HTTPForbidden, "InvalidAccessKeyId")
        if request.match_info["bucket"] != BUCKET:
            raise _refusal(web.HTTPNotFound, "NoSuchBucket")


def _refusal(kind: type[web.HTTPException], code: str) -> web.HTTPException:
    return kind(text=f"<Error><Code>{code}</Code></Error>", content_type="application/xml")
