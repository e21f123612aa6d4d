"""The telephony provider's REST API behind one port: texts, calls, recordings, lists, browser tokens.

What costs money is never sent twice on a guess: 429 and an unreachable provider are `Deferred`; an answer that was lost
is `Uncertain`, and the next attempt looks it up by recipient, time and words before it sends; while that cannot be done
nothing is sent (`Deferred`). Nothing here raises but the look-ups and downloads, which raise ProviderAway.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, encode_basic_auth
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.response import Response
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.rest import Client

from channels.provider_http import (
    DOWNLOAD,
    LARGEST,
    LONGEST,
    NOT_TAKEN,
    SLOW,
    TIMEOUT,
    ProviderAway,
    ProviderHttp,
    download,
)
from channels.tolls import COUNTRIES, refusal
from ivr.twiml import CAPTIONS

log = structlog.get_logger()
HALTED = "the provider refuses our credentials"

SKEW = timedelta(minutes=2)
TOKEN_SECONDS = 3600
NOTHING_THERE = 404
LOST = frozenset({"undelivered", "failed"})
BROWSER = re.compile(r"client:agent_(?:[0-9a-f]{2}){1,60}")


@dataclass(frozen=True, slots=True)
class Sent:
    sid: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Certainly not sent by this attempt; try again later. `halted` when nothing will be sent until somebody looks
    (credentials)."""

    reason: str
    halted: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Perhaps sent; the next attempt must say when the first was, so that it is looked up."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Never will be sent."""

    reason: str


Answer = Sent | Deferred | Uncertain | Refused
Find = Callable[[datetime], Awaitable[Answer | None]]


@dataclass(frozen=True, slots=True)
class Account:
    """An account with the provider: its SID and token, or an API key of its own, and where its API is. `spare` is the
    token that becomes the account's when a rotation ends, which may be at any moment."""

    sid: str
    token: str = field(repr=False)
    api_url: str
    public_url: str
    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    app: str | None = None
    spare: str | None = field(default=None, repr=False)
    own: Collection[str] = ()
    countries: Collection[str] = COUNTRIES


@dataclass(frozen=True, slots=True)
class Listed:
    """One call, message or recording that the provider has, with the fields a webhook would have brought."""

    sid: str
    status: str
    at: datetime | None
    sender: str
    recipient: str
    seconds: int = 0
    call: str | None = None
    text: str = ""
    outbound: bool = False
    error: str | None = None
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """What came with a message, as its webhook would have named it."""

    url: str
    media_type: str


class Provider:
    """The port. Made by `open_provider` inside the running loop."""

    def __init__(self, account: Account, session: ClientSession, timeout: float = TIMEOUT) -> None:
        self._account = account
        self._session = session
        user, secret = (account.key or account.sid), (account.secret or account.token)
        spare = None if account.secret else account.spare
        self._secrets = [{"Authorization": encode_basic_auth(user, one)} for one in (secret, spare) if one]
        self._client = Client(
            user,
            secret,
            account.sid,
            http_client=ProviderHttp(session, account.api_url, timeout, spare),
            environment={"TWILIO_ACCOUNT_SID": account.sid},
        )

    async def text(
        self, to: str, sender: str, body: str, since: datetime | None = None, others: Collection[str] = ()
    ) -> Answer:
        """Send an SMS. `since` is when this same text was first tried, if an attempt before this was uncertain;
        `others` are texts that are known to be other ones, perhaps of the same words."""
        if why := refusal(to, own=self._account.own, countries=self._account.countries, text=True):
            return Refused(why)

        async def create() -> Any:
            return await self._client.messages.create_async(
                to=to, from_=sender, body=body, status_callback=f"{self._account.public_url}/twilio/status"
            )

        async def find(earliest: datetime) -> Answer | None:
            async for found in self.messages(earliest, to=to):
                if found.outbound and found.text == body and found.status != "canceled" and found.sid not in others:
                    return Refused(lost(found.status, found.error)) if found.status in LOST else Sent(found.sid)
            return None

        return await self._once("text", create, find, since)

    async def call(
        self, to: str, sender: str, turn_url: str, since: datetime | None = None, others: Collection[str] = ()
    ) -> Answer:
        """Ring a number or a browser; whoever answers is spoken to by `turn_url`. `since`, `others` as for `text`."""
        if not BROWSER.fullmatch(to) and (why := refusal(to, own=self._account.own, countries=self._account.countries)):
            return Refused(why)

        async def create() -> Any:
            return await self._client.calls.create_async(
                to=to,
                from_=sender,
                url=turn_url,
                method="POST",
                status_callback=f"{self._account.public_url}/twilio/status",
                status_callback_method="POST",
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                timeout=25,
            )

        async def find(earliest: datetime) -> Answer | None:
            async for found in self.calls(earliest, to=to):
                if found.outbound and found.status not in {"failed", "canceled"} and found.sid not in others:
                    return Sent(found.sid)
            return None

        return await self._once("call", create, find, since)

    async def redirect(self, call: str, turn_url: str) -> bool:
        """Lead a live call to another document; False when it could not be done."""
        return await self._updated(call, url=turn_url, method="POST")

    async def pause_recording(self, call: str, paused: bool) -> bool:
        """Silence what is recorded of a live call (somebody reads out a card number), or go on; False when that could
        not be done, or nothing is recorded."""
        recording = self._client.calls(call).recordings("Twilio.CURRENT")
        wanted = {"status": "paused", "pause_behavior": "silence"} if paused else {"status": "in-progress"}
        try:
            await recording.update_async(**wanted)
        except (TwilioRestException, ClientError, TimeoutError, ValueError) as error:
            log.warning("provider.recording_not_paused", call=call, error=type(error).__name__)
            return False
        return True

    async def caption(self, call: str, language: str) -> bool:
        """Have what is said in a live call brought as text from now on; False when that could not be done."""
        try:
            await self._client.calls(call).transcriptions.create_async(
                name=CAPTIONS,
                track="both_tracks",
                language_code=language,
                partial_results=False,
                status_callback_url=f"{self._account.public_url}/twilio/captions",
                status_callback_method="POST",
            )
        except (TwilioRestException, ClientError, TimeoutError, ValueError) as error:
            log.warning("provider.captions_not_begun", call=call, error=type(error).__name__)
            return False
        return True

    async def uncaption(self, call: str) -> bool:
        """Have it brought no more; False when that could not be done."""
        try:
            await self._client.calls(call).transcriptions(CAPTIONS).update_async(status="stopped")
        except (TwilioRestException, ClientError, TimeoutError, ValueError) as error:
            if isinstance(error, TwilioRestException) and error.status == NOTHING_THERE:
                return True
            log.warning("provider.captions_not_ended", call=call, error=type(error).__name__)
            return False
        return True

    async def seat(self, room: str, call: str, **changes: Any) -> bool:
        """Change how a call takes part in a room (`hold`, `end_conference_on_exit` …); False when it could not be
        done: the room is empty, or the call is not in it."""
        try:
            found = await self._client.conferences.list_async(friendly_name=room, status="in-progress", limit=1)
            if not found:
                return False
            await self._client.conferences(found[0].sid).participants(call).update_async(**changes)
        except (TwilioException, ClientError, TimeoutError, ValueError, KeyError) as error:
            log.warning("provider.seat_not_changed", call=call, error=type(error).__name__)
            return False
        return True

    async def hang_up(self, call: str) -> bool:
        return await self._updated(call, status="completed")

    async def calls(self, since: datetime, to: str | None = None) -> AsyncIterator[Listed]:
        """The account's calls that began after `since`, newest first. Raises ProviderAway."""
        given: dict[str, Any] = {"start_time_after": since - SKEW, **({"to": to} if to else {})}
        async for row in _stream(self._client.calls.stream_async(page_size=100, **given)):
            yield Listed(
                sid=row.sid,
                status=str(row.status),
                at=row.start_time,
                sender=row._from or "",
                recipient=row.to or "",
                seconds=int(row.duration or 0),
                outbound=str(row.direction or "").startswith("outbound"),
            )

    async def messages(self, since: datetime, to: str | None = None) -> AsyncIterator[Listed]:
        """The account's messages sent or received after `since`, newest first. Raises ProviderAway."""
        given: dict[str, Any] = {"date_sent_after": since - SKEW, **({"to": to} if to else {})}
        async for row in _stream(self._client.messages.stream_async(page_size=100, **given)):
            yield Listed(
                sid=row.sid,
                status=str(row.status),
                at=row.date_sent or row.date_created,
                sender=row.from_ or "",
                recipient=row.to or "",
                text=row.body or "",
                outbound=str(row.direction or "").startswith("outbound"),
                error=str(row.error_code) if row.error_code else None,
                pictures=int(row.num_media or 0),
            )

    async def pictures(self, message: str) -> AsyncIterator[Picture]:
        """What came with a message. Raises ProviderAway."""
        async for row in _stream(self._client.messages(message).media.stream_async(page_size=100)):
            yield Picture(self._url(f"Messages/{message}/Media/{row.sid}"), row.content_type or "")

    async def recordings(self, since: datetime) -> AsyncIterator[Listed]:
        """The account's recordings made after `since`, newest first. Raises ProviderAway."""
        given: dict[str, Any] = {"date_created_after": since - SKEW}
        async for row in _stream(self._client.recordings.stream_async(page_size=100, **given)):
            yield Listed(
                sid=row.sid,
                status=str(row.status),
                at=row.date_created,
                sender="",
                recipient="",
                seconds=int(row.duration or 0),
                call=row.call_sid,
            )

    async def recording(self, sid: str) -> bytes:
        """The sound of a recording (WAV). Raises ProviderAway."""
        return await self._downloaded(f"Recordings/{sid}.wav", LONGEST, SLOW)

    async def delete_recording(self, sid: str) -> None:
        """Delete a recording at the provider; one that is already gone is fine. Raises ProviderAway."""
        try:
            await self._client.recordings(sid).delete_async()
        except TwilioRestException as error:
            if error.status != 404:
                raise ProviderAway(f"status {error.status}") from error
        except (ClientError, TimeoutError) as error:
            raise ProviderAway(type(error).__name__) from error

    async def media(self, message: str, media: str) -> bytes:
        """A picture of an MMS, at most 16 MB. Raises ProviderAway."""
        return await self._downloaded(f"Messages/{message}/Media/{media}")

    def browser_token(self, identity: str) -> str:
        """A token with which a browser may take and place calls as `identity` for an hour. Needs an API key."""
        if not (self._account.key and self._account.secret and self._account.app):
            raise ProviderAway("no API key or application is configured")
        token = AccessToken(
            self._account.sid, self._account.key, self._account.secret, identity=identity, ttl=TOKEN_SECONDS
        )
        token.add_grant(VoiceGrant(outgoing_application_sid=self._account.app, incoming_allow=True))
        return str(token.to_jwt())

    async def _once(self, what: str, create: Any, find: Find, since: datetime | None) -> Answer:
        try:
            if since is not None and (found := await find(since)):
                return found
        except ProviderAway as error:
            return _halted(error.status) or Deferred(f"not looked up: {error}")
        try:
            return Sent((await create()).sid)
        except TwilioRestException as error:
            return _judged(error)
        except ClientConnectorError:
            return Deferred("the provider cannot be reached")
        except (ClientError, TimeoutError, ValueError) as error:
            log.warning("provider.answer_lost", what=what, error=type(error).__name__)
            return Uncertain(type(error).__name__)

    async def _updated(self, call: str, **changes: str) -> bool:
        try:
            await self._client.calls(call).update_async(**changes)
        except (TwilioRestException, ClientError, TimeoutError, ValueError) as error:
            log.warning("provider.call_not_updated", call=call, error=type(error).__name__)
            return False
        return True

    async def _downloaded(self, path: str, largest: int = LARGEST, timeout: ClientTimeout = DOWNLOAD) -> bytes:
        url, (headers, *spare) = self._url(path), self._secrets
        try:
            return await download(self._session, url, headers, largest, timeout)
        except ProviderAway as error:
            if error.status != NOT_TAKEN or not spare:
                raise
        return await download(self._session, url, spare[0], largest, timeout)

    def _url(self, path: str) -> str:
        return f"{self._account.api_url.rstrip('/')}/2010-04-01/Accounts/{self._account.sid}/{path}"


@asynccontextmanager
async def open_provider(account: Account) -> AsyncIterator[Provider]:
    """The port for as long as the block lasts."""
    async with ClientSession() as session:
        yield Provider(account, session)


def lost(status: str, error: str | None) -> str:
    """Why a text that was handed over did not arrive."""
    return f"the provider could not deliver it ({error or status})"


def _judged(error: TwilioRestException) -> Answer:
    """What an error answer means for whoever wanted to send."""
    if error.status == 429:
        return Deferred("the provider asks us to slow down")
    if halted := _halted(error.status):
        return halted
    if error.status >= 500:
        return Uncertain(f"status {error.status}")
    return Refused(f"provider error {error.code}")


def _halted(status: int | None) -> Deferred | None:
    if status not in (401, 403):
        return None
    log.error("provider.halted", status=status)
    return Deferred(HALTED, halted=True)


async def _stream(pages: Any) -> AsyncIterator[Any]:
    try:
        async for row in await pages if asyncio.iscoroutine(pages) else pages:
            yield row
    except (TwilioException, ClientError, TimeoutError, ValueError, KeyError) as error:
        # A page that cannot be had is an exception without a status, but with the answer.
        status = next((one.status_code for one in error.args if isinstance(one, Response)), None)
        raise ProviderAway(f"status {status}" if status else type(error).__name__, status) from error
