"""The provider library's requests over one HTTP session of ours: ten seconds and no more, never repeated by itself, and
to the base URL that the configuration names instead of the one built into the library."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from aiohttp import ClientSession, ClientTimeout, encode_basic_auth
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

TIMEOUT = 10.0  # seconds
silent = logging.getLogger("switchyard.provider")


class ProviderHttp(AsyncHttpClient):  # type: ignore[misc]
    """What `twilio.rest.Client` sends with. Raises aiohttp.ClientError and TimeoutError as they come."""

    def __init__(self, session: ClientSession, base: str, timeout: float = TIMEOUT) -> None:
        super().__init__(silent, True, timeout)
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
        async with self._session.request(
            method.upper(),
            self._base + asked.path + (f"?{query}" if query else ""),
            data=urlencode(data, doseq=True) if data is not None else None,
            headers={**(headers or {}), **({"Authorization": encode_basic_auth(*auth)} if auth else {})},
            timeout=ClientTimeout(total=self.timeout),
            allow_redirects=False,
        ) as answer:
            return Response(answer.status, await answer.text(), answer.headers)
