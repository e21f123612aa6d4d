"""The driver's way through the written doors: a mail client, a browser's form, two API clients.

They know protocols only. Each `Door` tries once and says what it was promised; trying again is the driver's business.
A line that broke before anything could have been accepted is `fail`, one that broke while an answer was due `unknown`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp

from tests.faults.ledger import Result
from tests.faults.tellings import Telling

Moment = Callable[[str], Awaitable[None]]
PATIENCE = 45.0  # seconds for any one answer; the product's own deadline is 30
FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


class Door(Protocol):
    async def tell(self, telling: Telling) -> Result:
        """Try once. Never raises."""
        ...


async def quietly(point: str) -> None:
    """Nothing happens at this moment."""


@dataclass
class MailDoor:
    """An MTA that hands over one mail a session. `moment` is awaited at four points of the dialogue."""

    host: str
    port: int
    recipient: str
    moment: Moment = quietly
    mails: dict[str, bytes] = field(default_factory=dict)

    async def tell(self, telling: Telling) -> Result:
        raw = self.mails.setdefault(telling.nonce, telling.mail(self.recipient))
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection(self.host, self.port)
        except (OSError, TimeoutError) as error:
            return Result("fail", 0, type(error).__name__)
        try:
            return await self._dialogue(telling, raw, reader, writer)
        finally:
            writer.transport.abort()

    async def _dialogue(
        self, telling: Telling, raw: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Result:
        unsure = False
        try:
            for command in (None, "EHLO mail.example", f"MAIL FROM:<{telling.email}>", f"RCPT TO:<{self.recipient}>"):
                if command:
                    writer.write(f"{command}\r\n".encode())
                code, said = await _reply(reader)
                if code >= 400:
                    return Result("fail", code, said)
            await self.moment("before_data")
            writer.write(b"DATA\r\n")
            code, said = await _reply(reader)
            if code != 354:
                return Result("fail", code, said)
            body = _stuffed(raw)
            half = len(body) // 2
            writer.write(body[:half])
            await writer.drain()
            await self.moment("mid_data")
            writer.write(body[half:])
            unsure = True
            writer.write(b".\r\n")
            await writer.drain()
            await self.moment("after_dot")
            code, said = await _reply(reader)
        except (OSError, EOFError, TimeoutError) as error:
            return Result("unknown" if unsure else "fail", 0, type(error).__name__)
        await self.moment("after_reply")
        return Result("ok" if code == 250 else "fail", code, said)


async def _reply(reader: asyncio.StreamReader) -> tuple[int, str]:
    while True:
        async with asyncio.timeout(PATIENCE):
            line = await reader.readline()
        if not line:
            raise EOFError
        if line[3:4] != b"-":
            return int(line[:3]), line.decode(errors="replace").strip()


def _stuffed(raw: bytes) -> bytes:
    lines = raw.replace(b"\r\n", b"\n").split(b"\n")
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines[:-1])


@dataclass
class FormDoor:
    """A browser with the report form open; its user presses the button again until a page says that it is kept."""

    session: aiohttp.ClientSession
    url: str
    tokens: dict[str, str] = field(default_factory=dict)

    async def tell(self, telling: Telling) -> Result:
        if telling.nonce not in self.tokens:
            page = await _asked(self.session.get(f"{self.url}/report"))
            found = FORM_TOKEN.search(page[1])
            if page[0] != 200 or not found:
                return Result("fail", page[0], page[1][:120])
            self.tokens[telling.nonce] = found.group(1)
        form = aiohttp.FormData(default_to_multipart=True)
        fields = {"name": telling.name, "phone": telling.phone, "email": telling.email, "text": telling.words}
        for name, value in {"form_token": self.tokens[telling.nonce], **fields, "charger": telling.charger}.items():
            form.add_field(name, value)
        if telling.photo:
            form.add_field("photo", telling.photo, filename="IMG.jpg", content_type="image/jpeg")
        code, text = await _asked(self.session.post(f"{self.url}/report", data=form, allow_redirects=False))
        return _judged(code, text, {303: False, 202: True})


@dataclass
class ApiDoor:
    """A system that hands in reports, and the charging platform that hands in alarms, both with an idempotency key."""

    session: aiohttp.ClientSession
    url: str
    token: str

    async def tell(self, telling: Telling) -> Result:
        headers = {"Authorization": f"Bearer {self.token}"}
        if telling.door == "alarm":
            path = "alarms"
            body: dict[str, object] = {
                "id": telling.nonce,
                "charger": telling.charger,
                "connector": 1,
                "status": "Faulted",
                "error": "GroundFailure",
                "info": telling.words,
            }
        else:
            path = "reports"
            headers["Idempotency-Key"] = telling.nonce
            body = {
                "from": {"name": telling.name, "phone": telling.phone, "email": telling.email},
                "text": telling.words,
                "charger": telling.charger,
            }
        code, text = await _asked(self.session.post(f"{self.url}/api/v1/{path}", json=body, headers=headers))
        return _judged(code, text, {201: False, 202: True})


async def _asked(request: aiohttp.client._RequestContextManager) -> tuple[int, str]:
    """Status and text; 0 when the connection could not be made, -1 when it broke before the answer was whole."""
    try:
        async with asyncio.timeout(PATIENCE), request as answer:
            return answer.status, await answer.text()
    except aiohttp.ClientConnectorError as error:
        return 0, type(error).__name__
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return -1, type(error).__name__


def _judged(code: int, text: str, promises: dict[int, bool]) -> Result:
    if code in promises:
        return Result("ok", code, kept=promises[code])
    if code == -1:
        return Result("unknown", 0, text)
    return Result("fail", code, text[:200])
