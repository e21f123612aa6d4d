"""The provider library's requests over one HTTP session of ours: ten seconds and no more, never repeated by itself, and
to the base URL that the configuration names instead of the one built into the library. And downloads: measured, from
the provider's own hosts only, with our credentials never sent on to where a redirect leads."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, encode_basic_auth
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

TIMEOUT = 10.0  # seconds
DOWNLOAD = ClientTimeout(total=4 * TIMEOUT)
LARGEST = 16 << 20  # bytes of one picture
LONGEST = 128 << 20  # bytes of one recording: an hour of two voices
SLOW = ClientTimeout(total=30 * TIMEOUT, sock_read=TIMEOUT)
MEDIA_HOSTS = (".twilio.com", ".twiliocdn.com")
NOT_TAKEN = 401  # the status of whoever does not know our secret
REDIRECTS = (302, 303, 307, 308)
silent = logging.getLogger("switchyard.provider")


class ProviderAway(Exception):
    """The provider did not answer, or not with what was asked for; `status` is that of its answer."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class ProviderHttp(AsyncHttpClient):  # type: ignore[misc]
    """What `twilio.rest.Client` sends with. What is refused for its secret was not done, and is asked once more with
    the spare one, if there is one. Raises aiohttp.ClientError and TimeoutError as they come."""

    def __init__(self, session: ClientSession, base: str, timeout: float = TIMEOUT, spare: str | None = None) -> None:
        super().__init__(silent, True, timeout)
        self._spare = spare
        self._session = session
        self._base = base.rstrip("/")

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        asked = urlsplit(uri)
        query = urlencode(params, doseq=True) if params else asked.query
        url = self._base + asked.path + (f"?{query}" if query else "")
        body = urlencode(data, doseq=True) if data is not None else None
        answer = await self._answer(method, url, body, {**(headers or {}), **_authorised(auth)})
        if answer.status_code == NOT_TAKEN and auth and self._spare:
            spare = _authorised((auth[0], self._spare))
            return await self._answer(method, url, body, {**(headers or {}), **spare})
        return answer

    async def _answer(self, method: str, url: str, body: str | None, headers: Mapping[str, str]) -> Response:
        async with self._session.request(
            method.upper(),
            url,
            data=body,
            headers=headers,
            timeout=ClientTimeout(total=self.timeout),
            allow_redirects=False,
        ) as answer:
            return Response(answer.status, await answer.text(), answer.headers)


def _authorised(auth: tuple[str, str] | None) -> dict[str, str]:
    return {"Authorization": encode_basic_auth(*auth)} if auth else {}


async def download(
    session: ClientSession,
    url: str,
    headers: Mapping[str, str],
    largest: int = LARGEST,
    timeout: ClientTimeout = DOWNLOAD,
) -> bytes:
    """At most `largest` bytes from a URL of the provider's API, or from where it redirects to. Raises ProviderAway."""
    try:
        async with session.get(url, headers=headers, timeout=timeout, allow_redirects=False) as answer:
            if answer.status not in REDIRECTS:
                return await _measured(answer, largest)
            elsewhere = answer.headers.get("Location", "")
        if not _trusted(elsewhere, url):
            raise ProviderAway("redirected to a host that is not the provider's")
        async with session.get(elsewhere, timeout=timeout, allow_redirects=False) as answer:
            return await _measured(answer, largest)
    except (ClientError, TimeoutError) as error:
        raise ProviderAway(type(error).__name__) from error


def _trusted(elsewhere: str, url: str) -> bool:
    there, ours = urlsplit(elsewhere), urlsplit(url)
    if (there.scheme, there.netloc) == (ours.scheme, ours.netloc):
        return True
    return there.scheme == "https" and (there.hostname or "").endswith(MEDIA_HOSTS)


async def _measured(answer: ClientResponse, largest: int) -> bytes:
    if answer.status != 200:
        raise ProviderAway(f"status {answer.status}", answer.status)
    content = bytearray()
    async for chunk in answer.content.iter_chunked(64 << 10):
        content += chunk
        if len(content) > largest:
            raise ProviderAway(f"larger than {largest >> 20} MB")
    return bytes(content)
