"""Mailboxes and relays that take no password are opened by tokens (OAuth 2.0, XOAUTH2)."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.smtp import SMTP, AuthResult

from channels import imap, outbound
from channels.imap import ImapDoor
from channels.imap_session import Account
from channels.mail_tokens import Grant, NoToken, Tokens
from channels.parsing import Parsers
from tests.fakes.mail import CursorShelf, Mailbox, MailServer, RealClock, Shelf
from tests.stories.test_imap_door import mail, subjects, until

RELAYED = b"From: us@example.org\r\nTo: a@example.org\r\nSubject: s\r\n\r\ntext\r\n"


@dataclass
class Issuer:
    """A token endpoint: what it was asked, and what it answers next; its own token when nothing is said."""

    token: str = Mailbox.password
    asked: list[dict[str, str]] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/token", self._issue)
        return app

    async def _issue(self, request: web.Request) -> web.Response:
        self.at.append(time.monotonic())
        self.asked.append({name: str(value) for name, value in (await request.post()).items()})
        status, told = self.answers.pop(0) if self.answers else (200, self._told())
        if isinstance(told, bytes):
            return web.Response(body=told, status=status)
        return web.json_response(told, status=status)

    def _told(self) -> dict[str, Any]:
        return {"access_token": self.token, "token_type": "Bearer", "expires_in": 3600}


@pytest.fixture
async def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
async def url(issuer: Issuer) -> AsyncIterator[str]:
    async with TestServer(issuer.app()) as server:
        yield str(server.make_url("/token"))


async def test_the_right_of_the_client_is_asked_for_once_an_hour(issuer: Issuer, url: str) -> None:
    tokens = Tokens(Grant(url, "client", "secret", "mail/.default"))
    assert await asyncio.gather(tokens.token(), tokens.token(), tokens.token()) == [issuer.token] * 3
    given = {"client_id": "client", "client_secret": "secret", "scope": "mail/.default"}
    assert issuer.asked == [{"grant_type": "client_credentials", **given}]
    tokens.forget()
    await tokens.token()
    assert len(issuer.asked) == 2


async def test_a_token_that_ends_soon_is_not_used_again(issuer: Issuer, url: str) -> None:
    issuer.answers.append((200, {"access_token": "short", "expires_in": 60}))
    tokens = Tokens(Grant(url, "client"))
    assert [await tokens.token(), await tokens.token()] == ["short", issuer.token]


async def test_a_persons_consent_is_used_and_follows_what_the_issuer_renews(issuer: Issuer, url: str) -> None:
    issuer.answers.append((200, {"access_token": "one", "expires_in": 1, "refresh_token": "second"}))
    tokens = Tokens(Grant(url, "client", refresh="first"))
    await tokens.token()
    await tokens.token()
    assert [one["grant_type"] for one in issuer.asked] == ["refresh_token"] * 2
    assert [one["refresh_token"] for one in issuer.asked] == ["first", "second"]


@pytest.mark.parametrize(
    ("status", "told", "refused"),
    [
        (400, {"error": "invalid_client"}, True),
        (401, b"no", False),
        (403, {}, True),
        (500, {}, False),
        (302, {}, False),
        (200, {}, False),
        (200, {"access_token": "a\r\nA2 DELETE INBOX"}, False),
        (200, {"access_token": 7}, False),
        (200, b"x" * 100_000, False),
        (200, b"[" * 60_000, False),
    ],
)
async def test_what_is_no_token_is_told_and_never_handed_on(
    issuer: Issuer, url: str, status: int, told: Any, refused: bool
) -> None:
    issuer.answers.append((status, told))
    tokens = Tokens(Grant(url, "client", "s3cr3t"))
    with pytest.raises(NoToken) as why:
        await tokens.token()
    assert why.value.refused is refused
    assert "s3cr3t" not in str(why.value) + repr(tokens._grant)
    assert await tokens.token() == issuer.token


@asynccontextmanager
async def reading(box: Mailbox, url: str, shelf: Shelf) -> AsyncIterator[ImapDoor]:
    pool, tokens = Parsers(), Tokens(Grant(url, "client", "secret", refresh="consent"))
    await pool.start()
    account = Account("127.0.0.1", box.port, box.user, None, tls=False)
    door = ImapDoor(shelf, pool, RealClock(), [account], CursorShelf(), tokens=tokens, again=0.05)
    await door.start()
    try:
        yield door
    finally:
        await door.stop()
        await pool.stop()


async def test_a_mailbox_is_read_by_a_token_and_opened_again_when_that_is_not_taken_any_more(
    issuer: Issuer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "DENIED_PAUSE", 0.05)
    issuer.answers += [(503, {}), (200, {"access_token": "of_yesterday", "expires_in": 3600})]
    shelf = Shelf()
    async with Mailbox(by_token=True) as box:
        await box.put(mail(1))
        async with reading(box, url, shelf) as door:
            await until(lambda: subjects(shelf) == ["nr 1"])
            (drawn,) = await door.account()
            assert drawn.adds_up
    assert len(issuer.asked) == 3


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((200, {"access_token": "expired"}), "the server does not accept user and token"),
        ((400, {"error": "invalid_grant"}), "no token: invalid_grant"),
    ],
)
async def test_b50_an_expired_token_or_consent_is_told_and_the_server_asked_once_a_minute_at_most(
    issuer: Issuer, url: str, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, Any], reason: str
) -> None:
    assert imap.DENIED_PAUSE >= 60
    monkeypatch.setattr(imap, "DENIED_PAUSE", 0.3)
    issuer.answers += [answer] * 3
    shelf = Shelf()
    async with Mailbox(by_token=True) as box:
        await box.put(mail(1))
        async with reading(box, url, shelf) as door:
            (health,) = door.health().values()
            await until(lambda: health.failing is not None)
            assert (health.read, health.reason) == (False, reason)
            await until(lambda: subjects(shelf) == ["nr 1"])
            await until(lambda: health.read and health.failing is None)
    assert len(issuer.at) == 4, "a token that was not accepted is not tried again"
    assert all(after - before >= 0.3 for before, after in pairwise(issuer.at))


async def test_a_mail_leaves_by_a_token(issuer: Issuer, url: str) -> None:
    taken: list[str] = []

    class Relay(MailServer):
        async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
            taken.append(base64.b64decode(args[1]).decode())
            return AuthResult(success=f"Bearer {issuer.token}\1\1" in taken[-1], handled=False)

    async with Relay(open_to_tokens=True) as relay:
        way = relay.url.replace("smtp://", "smtp://us%40example.org;AUTH=XOAUTH2@")
        tokens = Tokens(Grant(url, "client", "secret"))
        issuer.answers.append((200, {"access_token": "old", "expires_in": 3600}))
        first = await outbound.send(RELAYED, "us@example.org", "a@example.org", way, tokens=tokens)
        assert isinstance(first, outbound.Deferred)
        second = await outbound.send(RELAYED, "us@example.org", "a@example.org", way, tokens=tokens)
        assert isinstance(second, outbound.Sent), second
        assert taken == [f"user=us@example.org\1auth=Bearer {token}\1\1" for token in ("old", issuer.token)]
        issuer.answers += [(400, {"error": "invalid_grant"})]
        tokens.forget()
        third = await outbound.send(RELAYED, "us@example.org", "a@example.org", way, tokens=tokens)
        assert third == outbound.Deferred("no token for the relay: invalid_grant")
        assert len(relay.mails) == 1
