"""The demo lives: its people reach us by the real doors, and what we answer can be read on this machine."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from channels.report import Channel
from gateway.config import Config, load
from gateway.demo import logins, prepare
from gateway.demo.carrier import Carrier, murmur, serve_carrier
from gateway.demo.mails import KEPT, Mails
from gateway.demo.outside import ACCOUNT, NUMBER, lend, lent, mails_folder
from gateway.demo.people import Doors, NotTold, tell
from gateway.demo.phone import Call, Line
from gateway.demo.role import FOLDER, outside, told_so_far
from gateway.demo.sink import serve_sink
from gateway.demo.stories import Book, Story, open_book
from gateway.doors import smtp_door
from gateway.messages.post import account_of, open_provider
from gateway.record.db import Database
from gateway.worker import open_chores
from tests.fakes.house import House, count, open_house

HOST = "127.0.0.1"
NOW = datetime(2026, 9, 14, 6, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def book() -> Book:
    return open_book(FOLDER)


@pytest.fixture
def lived_in(config: Config, environ: dict[str, str]) -> Config:
    """A configuration as `up --demo` makes it."""
    lent_ones = load({**environ, "PUBLIC_URL": "http://localhost:8080", **lend(config)})
    return lent_ones.model_copy(update={"database_url": config.database_url, "redis_url": config.redis_url})


@dataclass
class Town:
    """A house with its demo around it."""

    house: House
    doors: Doors
    config: Config

    async def case_of(self, channel: Channel) -> Any:
        (case,) = [case for case in await self.house.cases() if channel in case["channels"]]
        return case


@asynccontextmanager
async def town(config: Config) -> AsyncIterator[Town]:
    async with open_house(config) as house, smtp_door(house.runtime, 0) as port, outside(config, pace=0) as doors:
        url = str(house.client.make_url("/")).rstrip("/")
        line = replace(doors.line, url=url)
        yield Town(house, replace(doors, url=url, mail=(HOST, port), line=line), config)


def first(book: Book, channel: Channel, **like: Any) -> Story:
    stories = (book.story(nth, NOW) for nth in range(len(book.told)))
    return next(s for s in stories if s.channel == channel and all(getattr(s, k) == v for k, v in like.items()))


@pytest.mark.parametrize(
    ("channel", "arrives_by"),
    [
        (Channel.EMAIL, "email"),
        (Channel.FORM, "form"),
        (Channel.PHONE, "phone"),
        (Channel.SMS, "sms"),
        (Channel.ALARM, "alarm"),
        (Channel.PORTAL, "api"),
    ],
)
async def test_a_story_of_every_channel_becomes_a_case(
    lived_in: Config, book: Book, channel: Channel, arrives_by: str
) -> None:
    story = first(book, channel)
    async with town(lived_in) as here:
        await tell(here.doors, story)
        (case,) = await here.house.cases()
        assert case["channels"] == [arrives_by]
        assert all(case["reasons"][name] for name in ("category", "priority", "queue"))
        whole = await here.house.case(case["number"])
        said = (story.alarm and story.alarm.info) or story.text
        assert " ".join(said.split())[:40] in " ".join(whole["reports"][0]["text"].split())


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.FORM, Channel.SMS, Channel.ALARM, Channel.PORTAL])
async def test_a_story_told_again_is_there_once(lived_in: Config, book: Book, channel: Channel) -> None:
    story = first(book, channel)
    async with town(lived_in) as here:
        await tell(here.doors, story)
        if channel is not Channel.FORM:  # a form that was answered is not sent again
            await tell(here.doors, story)
        assert await count(here.house.runtime.db, "reports") == 1


async def test_a_form_whose_answer_was_lost_is_sent_again_as_the_same_form(lived_in: Config, book: Book) -> None:
    story = first(book, Channel.FORM)
    lost: list[str] = []

    async def once(request: web.Request) -> web.StreamResponse:
        answer = await through(request)
        if request.method == "POST" and not lost:
            lost.append(request.path)
            assert request.transport is not None
            request.transport.abort()
        return answer

    async with town(lived_in) as here, ClientSession() as session:

        async def through(request: web.Request) -> web.StreamResponse:
            url = here.doors.url + request.path_qs
            headers = {"Content-Type": request.headers.get("Content-Type", "")}
            body = await request.read()
            async with session.request(
                request.method, url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return web.Response(status=answer.status, text=await answer.text())

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", once)
        async with TestServer(app) as server:
            await tell(replace(here.doors, url=str(server.make_url("/")).rstrip("/")), story)
        assert lost == ["/report"]
        assert await count(here.house.runtime.db, "reports") == 1


async def test_a_door_that_says_no_is_not_asked_again(lived_in: Config, book: Book) -> None:
    async with town(lived_in) as here:
        with pytest.raises(NotTold):
            await tell(replace(here.doors, token="wrong"), first(book, Channel.ALARM))
        with pytest.raises(NotTold):
            await tell(replace(here.doors, address="somebody@elsewhere.example"), first(book, Channel.EMAIL))
        assert await count(here.house.runtime.db, "reports") == 0


async def test_the_opening_holds_an_incident_of_several_people_in_two_languages(lived_in: Config, book: Book) -> None:
    opening = [book.story(nth, NOW) for nth in range(book.opening)]
    async with town(lived_in) as here:
        for story in opening[:13]:
            await tell(here.doors, story)
        found = await here.house.runtime.db.rows(
            "SELECT case_id, array_agg(DISTINCT person_id) AS people, array_agg(DISTINCT language) AS languages,"
            " array_agg(site_id) AS sites FROM reports GROUP BY case_id"
        )
        largest = max(found, key=lambda row: len(row["people"]))
        assert len(largest["people"]) >= 3, found
        assert len(largest["languages"]) >= 2, found
        assert "P1" in {case["priority"] for case in await here.house.cases()}


async def test_what_we_answer_is_read_in_the_demo(lived_in: Config, book: Book) -> None:
    async with town(lived_in) as here, open_chores(here.house.runtime) as chores:
        await tell(here.doors, first(book, Channel.EMAIL))
        await tell(here.doors, first(book, Channel.SMS))
        await chores.sweep()
        by_mail, by_text = await here.case_of(Channel.EMAIL), await here.case_of(Channel.SMS)
        await prepare(lived_in)
        await here.house.log_in(logins.AGENT, logins.password(lived_in, logins.AGENT))
        listed = await (await here.house.client.get("/demo/mails")).text()
        assert f"[#{by_mail['number']}]" in listed
        mails = {"@" in mail.to: mail for mail in await Mails(mails_folder(lived_in)).newest()}
        mail = await (await here.house.client.get(f"/demo/mails/{mails[True].id}")).text()
        text = await (await here.house.client.get(f"/demo/mails/{mails[False].id}")).text()
        assert '<a href="http://localhost:8080/s/' in mail
        assert by_text["number"] in text
        assert (await here.house.client.get("/demo/mails/no-such-mail")).status == 404


async def test_without_the_demo_there_are_no_mails_to_read(config: Config) -> None:
    async with open_house(config) as house:
        await house.hire("a01", "correct horse battery")
        await house.log_in(logins.AGENT, "correct horse battery")
        assert (await house.client.get("/demo/mails")).status == 404


async def test_the_sink_takes_mail_escapes_it_and_keeps_the_newest(lived_in: Config) -> None:
    mails = Mails(mails_folder(lived_in))
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "us@support.example", "you@example.com", "Åska <script>"
    message.set_content("<script>alert(1)</script> https://support.example/s/abc")
    async with serve_sink(mails, HOST, 0) as port:

        def send() -> None:
            with smtplib.SMTP(HOST, port) as client:
                client.send_message(message)

        await asyncio.to_thread(send)
    (kept,) = await mails.newest()
    assert (kept.sender, kept.to, kept.subject) == ("us@support.example", "you@example.com", "Åska <script>")
    read = await mails.read(kept.id)
    assert read is not None
    assert read.text.startswith("<script>")
    async with open_house(lived_in) as house:
        await prepare(lived_in)
        await house.log_in(logins.AGENT, logins.password(lived_in, logins.AGENT))
        page = await (await house.client.get(f"/demo/mails/{kept.id}")).text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


async def test_the_sink_forgets_what_is_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.demo.mails.KEPT", 3)
    assert KEPT > 3
    mails = Mails(tmp_path / "mails")
    for nth in range(5):
        await mails.keep_text("+46313900100", "+46701740605", f"text {nth}")
    texts = [await mails.read(mail.id) for mail in await mails.newest()]
    assert [text and text.text.strip() for text in texts] == ["text 4", "text 3", "text 2"]


async def test_the_provider_delivers_texts_and_tells_what_became_of_them(lived_in: Config) -> None:
    arrived: list[tuple[str, str, str]] = []
    told: list[str] = []

    async def arrive(*text: str) -> None:
        arrived.append((text[0], text[1], text[2]))

    async def status(request: web.Request) -> web.StreamResponse:
        assert request.headers["X-Twilio-Signature"]
        told.append(str((await request.post())["MessageStatus"]))
        return web.Response(status=204)

    ours = web.Application()
    ours.router.add_post("/twilio/status", status)
    async with TestServer(ours) as server, ClientSession() as session:
        carrier = Carrier(ACCOUNT, lived_in.twilio_auth_token, session, arrive)
        async with serve_carrier(carrier, HOST, 0) as port:
            account = account_of(lived_in)
            assert account
            here = replace(account, api_url=f"http://{HOST}:{port}", public_url=str(server.make_url("/")).rstrip("/"))
            sid = carrier.add_recording(murmur(2), duration="2")
            async with open_provider(here) as provider:
                await provider.text("+46701740605", NUMBER, "Hej")
                sound = await provider.recording(sid)
            await carrier.told()
    assert arrived == [(NUMBER, "+46701740605", "Hej")]
    assert told == ["sent", "delivered"]
    assert sound.startswith(b"RIFF")


async def test_every_caller_of_the_book_leaves_a_report(lived_in: Config, book: Book) -> None:
    stories = [book.story(nth, NOW) for nth in range(len(book.told) + 40)]
    callers = [story for story in stories if story.channel is Channel.PHONE][::12]
    calls: list[Call] = []
    async with town(lived_in) as here:

        class Watched(Line):
            async def call(self, caller: str = "", **extra: str) -> Call:
                calls.append(await super().call(caller, **extra))
                return calls[-1]

        line = here.doors.line
        watched = Watched(line.session, line.url, line.token, line.account, line.number, line.public_url, line.sids)
        for story in callers:
            await tell(replace(here.doors, line=watched), story)
        filed = await here.house.runtime.db.rows("SELECT count(*) AS n FROM reports WHERE channel = 'phone'")
    assert len(callers) > 8
    assert filed[0]["n"] == len(callers) == len(calls)
    assert all(call.over for call in calls)


def test_the_book_never_tells_the_same_twice_and_goes_on_for_ever(book: Book) -> None:
    stories = [book.story(nth, NOW) for nth in range(len(book.told) + 400)]
    assert len({story.nth for story in stories}) == len(stories)
    samples = {(story.text, story.sender) for story in stories[: len(book.told)]}
    assert len(samples) == len(book.told)
    assert stories == [book.story(nth, NOW) for nth in range(len(stories))]
    made_up = stories[len(book.told) :]
    assert {story.language for story in made_up} == {"sv", "en", "no", "da", "fi", "de"}
    assert not any("{" in story.text or "{" in (story.subject or "") for story in made_up)
    assert {story.channel for story in stories[: book.opening]} == set(Channel) - {Channel.WHATSAPP, Channel.API}


def test_what_is_configured_is_not_replaced(config: Config) -> None:
    mine = {"outbound_smtp_url": "smtp://mail.example", "twilio_account_sid": "AC1", "mail_addresses": ("x",)}
    assert lend(config.model_copy(update=mine)) == {}
    assert not lent(config.model_copy(update=mine))
    lends = lend(config)
    assert lends["TWILIO_NUMBERS"] == NUMBER
    assert not lent(config)
    assert lent(config.model_copy(update={"outbound_smtp_url": lends["OUTBOUND_SMTP_URL"]})).mail


async def test_log_ins_are_made_once_and_end_no_session(lived_in: Config) -> None:
    await prepare(lived_in)
    async with open_house(lived_in) as house:
        for email, status in ((logins.MANAGER, 200), (logins.AGENT, 403)):
            answer = await house.log_in(email, logins.password(lived_in, email))
            assert answer.status == 303
            assert (await house.client.get("/managers")).status == status
        await prepare(lived_in)
        assert (await house.client.get("/console")).status == 200
        db: Database = house.runtime.db
        assert await count(db, "chargers") > 1000


def test_an_installation_keeps_its_name_and_its_place_in_the_book(config: Config) -> None:
    name, told = told_so_far(config)
    assert told == 0
    assert told_so_far(config) == (name, 0)
