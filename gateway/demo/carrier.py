"""The demo's telephony provider: texts that are sent "arrive" where they can be read; who is rung picks up and presses
1, or is not there.

What becomes of a text or call is posted to its status callback, signed as the provider signs. Nothing leaves this
machine. A recording is the murmur of somebody who might be speaking.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import re
import secrets
import struct
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from io import BytesIO

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, web

from gateway.demo.phone import signature
from gateway.demo.provider import Provider, Row

log = structlog.get_logger()

CALLBACK = ClientTimeout(total=10.0)
RATE = 8000  # samples a second
TEXT_STATES = ("sent", "delivered")
RINGING = ("initiated", "ringing")
THERE = 0.7  # of those who are rung
Arrived = Callable[[str, str, str], Awaitable[None]]


class Carrier(Provider):
    """`arrived` is told the sender, the recipient and the words of every text that leaves."""

    def __init__(self, account: str, token: str, session: ClientSession, arrived: Arrived) -> None:
        super().__init__(account, {token}, sids=itertools.count(secrets.randbits(100)))
        self._token, self._session, self._arrived = token, session, arrived
        self._telling: set[asyncio.Task[None]] = set()

    async def made(self, request: web.Request, row: Row, fields: Mapping[str, str]) -> None:
        about = {"To": fields["To"], "From": fields["From"], "Direction": "outbound-api"}
        if row["sid"].startswith("SM"):
            await self._arrived(fields["From"], fields["To"], fields.get("Body", ""))
            states = [{"MessageSid": row["sid"], "MessageStatus": state, **about} for state in TEXT_STATES]
        else:
            states = [{"CallSid": row["sid"], "CallStatus": state, **about} for state in RINGING]
            task = asyncio.create_task(self._ring(row, fields, states))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
            return
        task = asyncio.create_task(self._tell(row, fields.get("StatusCallback"), states))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def told(self) -> None:
        """Wait until every callback that is under way has been posted."""
        while self._telling:
            await asyncio.gather(*self._telling)

    async def _ring(self, row: Row, fields: Mapping[str, str], states: Sequence[Mapping[str, str]]) -> None:
        """Somebody's telephone rings: they listen and press 1, or nobody is there."""
        callback, document = fields.get("StatusCallback"), fields.get("Url")
        await self._tell(row, callback, states)
        about = {name: value for name, value in states[-1].items() if name != "CallStatus"}
        end = "no-answer"
        if document and random.random() < THERE:
            heard = await self._post(document, {**about, "CallStatus": "in-progress"})
            asked = re.search(r'<Gather[^>]*action="([^"]+)"', heard)
            if asked:
                await self._post(asked[1], {**about, "CallStatus": "in-progress", "Digits": "1"})
            end = "completed"
        await self._tell(row, callback, [{**about, "CallStatus": end}])

    async def _tell(self, row: Row, url: str | None, states: Sequence[Mapping[str, str]]) -> None:
        for state in states:
            row["status"] = state.get("MessageStatus") or state["CallStatus"]
            if not url:
                continue
            await self._post(url, state)

    async def _post(self, url: str, state: Mapping[str, str]) -> str:
        fields = {"AccountSid": self.account, "ApiVersion": "2010-04-01", **state}
        signed = {"X-Twilio-Signature": signature(self._token, url, fields)}
        try:
            async with self._session.post(url, data=fields, headers=signed, timeout=CALLBACK) as answer:
                return await answer.text()
        except (ClientError, TimeoutError) as error:
            log.info("demo.callback_lost", error=type(error).__name__)
            return ""


@asynccontextmanager
async def serve_carrier(carrier: Carrier, host: str, port: int) -> AsyncIterator[int]:
    """Answer the provider's API for as long as the block lasts; yields the port. Raises OSError."""
    runner = web.AppRunner(carrier.app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
        await carrier.told()
    finally:
        await runner.cleanup()


@cache
def murmur(seconds: int) -> bytes:
    """A WAV file (8 kHz, 16 bit, mono): a low tone that swells four times a second."""
    second = bytearray()
    for at in range(RATE):
        swell = 0.5 - 0.5 * math.cos(8 * math.pi * at / RATE)
        second += struct.pack("<h", int(6000 * swell * math.sin(320 * math.pi * at / RATE)))
    file = BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(bytes(second) * seconds)
    return file.getvalue()
