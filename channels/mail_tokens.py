"""Access tokens for mailboxes and relays that take no password (OAuth 2.0, RFC 6749): fetched when one is needed, and
kept until shortly before it ends.

With a refresh token (section 6) a person's consent is used, without one the right of the client itself (section 4.4).
A refresh token that comes with the answer takes the place of the one before it for as long as the process lives.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

TIMEOUT = 15.0  # seconds for the whole answer
EARLY = 120.0  # seconds before its end a token is not used any more
LASTS = 3600.0  # seconds, of a token that does not say
LONGEST = 64 << 10  # bytes of an answer
REFUSED = (400, 401, 403)
TOKEN = re.compile(r"[!-~]{1,16384}")  # RFC 6750 section 2.1, and whatever else can be no command
CODE = re.compile(r"[a-z_]{1,40}")  # RFC 6749 section 5.2


@dataclass(frozen=True, slots=True)
class Grant:
    """Where tokens come from, and by which right."""

    url: str
    client: str
    secret: str | None = field(default=None, repr=False)
    scope: str | None = None
    refresh: str | None = field(default=None, repr=False)


class NoToken(Exception):
    """There is no token now. `refused` when the client, its secret or its right is not accepted."""

    def __init__(self, why: str, refused: bool = False) -> None:
        super().__init__(why)
        self.refused = refused


class Tokens:
    """The present token of one grant, shared by all who need one."""

    def __init__(self, grant: Grant) -> None:
        self._grant, self._refresh = grant, grant.refresh
        self._token, self._until = "", 0.0
        self._asking = asyncio.Lock()

    async def token(self) -> str:
        """A token that is good for a while. Raises NoToken."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if now >= self._until:
                told = await self._ask()
                lasts = told.get("expires_in")
                self._token = told["access_token"]
                self._until = now + (float(lasts) if isinstance(lasts, int | float) else LASTS) - EARLY
                if self._refresh and "refresh_token" in told:
                    self._refresh = str(told["refresh_token"])
            return self._token

    def forget(self) -> None:
        """The server did not accept the token: the next one is a new one."""
        self._until = 0.0

    async def _ask(self) -> dict[str, Any]:
        grant = self._grant
        right = {"grant_type": "refresh_token", "refresh_token": self._refresh} if self._refresh else {}
        given = {"client_id": grant.client, "client_secret": grant.secret, "scope": grant.scope}
        fields = {name: text for name, text in {"grant_type": "client_credentials", **given, **right}.items() if text}
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=TIMEOUT)) as session,
                session.post(grant.url, data=fields, allow_redirects=False) as answer,
            ):
                told = _object(await _read(answer))
        except (ClientError, TimeoutError, OSError, ValueError, RecursionError) as error:
            raise NoToken(f"no answer ({type(error).__name__})") from error
        if answer.status in REFUSED:
            code = told.get("error")
            raise NoToken(code if isinstance(code, str) and CODE.fullmatch(code) else "not accepted", refused=True)
        if answer.status != 200 or not isinstance(token := told.get("access_token"), str) or not TOKEN.fullmatch(token):
            raise NoToken(f"answered {answer.status} without a token")
        return told


async def _read(answer: ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_chunked(LONGEST):
        body += piece
        if len(body) > LONGEST:
            raise ValueError("an answer longer than any token")
    return bytes(body)


def _object(body: bytes) -> dict[str, Any]:
    told = json.loads(body or b"{}")
    return told if isinstance(told, dict) else {}
