"""What customers are told leaves this house once, in their language, and its answer finds the way back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from channels import mail
from channels.report import Channel, Receipt, Report, Sender
from gateway import casenumber, desk
from gateway.clock import SetClock
from gateway.config import Config
from gateway.importing import import_folder
from gateway.notify import Words
from gateway.outbox import Outgoing
from gateway.post import MailPost
from gateway.runtime import Runtime, open_runtime
from gateway.settings import read_number
from gateway.worker import Chores, open_chores
from tests.fakes.house import DEMO
from tests.fakes.mail import MailServer
from tests.fakes.provider import ACCOUNT, Provider

NOW = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)
OURS = "+46313900100"


@dataclass
class Office:
    """A worker between a mail server and a provider that can be told how to answer."""

    runtime: Runtime
    chores: Chores
    clock: SetClock
    server: MailServer
    provider: Provider

    async def hear(self, text: str, **more: Any) -> Receipt:
        given = {"channel": Channel.EMAIL, "sender": Sender(name="Mette", email="mette@example.com"), **more}
        key = f"{text}{given['sender']}"
        return await self.runtime.intake.accept(Report(key=key, received_at=self.clock.now(), text=text, **given))

    async def sweep(self, after: timedelta = timedelta()) -> None:
        self.clock.forward(after)
        await self.chores.sweep()

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(taken.raw, policy=default) for taken in self.server.mails]  # type: ignore[misc]

    async def states(self) -> list[str]:
        return [row["state"] for row in await self.runtime.db.rows("SELECT state FROM messages ORDER BY id")]

    async def kinds(self, receipt: Receipt) -> list[str]:
        rows = await self.runtime.db.rows(
            "SELECT kind FROM timeline WHERE case_id = %(case)s ORDER BY id", {"case": casenumber.parse(receipt.case)}
        )
        return [row["kind"] for row in rows]


@asynccontextmanager
async def opened(config: Config, server: MailServer, provider: Provider, **changes: Any) -> AsyncIterator[Office]:
    async with TestServer(provider.app()) as api:
        given = {
            "outbound_smtp_url": server.url,
            "twilio_account_sid": ACCOUNT,
            "twilio_auth_token": "token",
            "twilio_api_url": str(api.make_url("/")).rstrip("/"),
            "public_url": "https://support.example",
            **changes,
        }
        clock = SetClock(NOW)
        async with (
            open_runtime(config.model_copy(update=given), "worker", clock) as runtime,
            open_chores(runtime) as chores,
        ):
            yield Office(runtime, chores, clock, server, provider)


@pytest.fixture
async def office(config: Config) -> AsyncIterator[Office]:
    await import_folder(config, DEMO)
    numbers = (read_number(f"{OURS}=both"),)
    async with MailServer() as server, opened(config, server, Provider(), twilio_numbers=numbers) as office:
        yield office


async def test_a_report_is_acknowledged_by_mail_in_its_language(office: Office) -> None:
    text = "Laderen 21052 starter ikke, og jeg har prøvet to gange med et andet kort."
    receipt = await office.hear(text, message_id="<question@example.com>")
    await office.sweep()
    (sent,) = office.mails
    assert f"[#{receipt.case}]" in sent["Subject"]
    assert sent["To"] == "mette@example.com"
    assert sent["Auto-Submitted"] == "auto-replied"
    words = said(sent)
    assert f"https://support.example/s/{receipt.token}" in words
    assert receipt.code in words
    assert "Hej" in words
    assert "message_sent" in await office.kinds(receipt)


async def test_a_report_in_danger_is_told_112_and_to_keep_away(office: Office) -> None:
    await office.hear("There is smoke coming out of charger 21052!", danger=True)
    await office.sweep()
    (sent,) = office.mails
    assert "112" in said(sent)
    assert "unplug" in said(sent)


async def test_an_answer_to_a_mail_finds_its_case(office: Office) -> None:
    receipt = await office.hear("Charger 21052 does not start.", message_id="<question@example.com>")
    await office.sweep()
    (sent,) = office.mails
    assert sent["In-Reply-To"] == "<question@example.com>"
    for nth, header in enumerate((f"To: {sent['Reply-To']}", f"In-Reply-To: {sent['Message-ID']}")):
        raw = f"From: Mette's Mum <mum{nth}@example.org>\r\n{header}\r\nSubject: Re\r\n\r\nIt works now {nth}.\r\n"
        answer = mail.read(raw.encode(), office.clock.now(), domains=office.runtime.config.mail_domains)
        assert (await office.runtime.intake.accept(answer)).case == receipt.case
    forged = sent["Message-ID"].replace(".", ".0", 1)
    raw = f"From: x@example.org\r\nIn-Reply-To: {forged}\r\nSubject: Re\r\n\r\nTell me all about it.\r\n"
    stranger = await office.runtime.intake.accept(mail.read(raw.encode(), NOW, domains=("support.example",)))
    assert stranger.case != receipt.case


async def test_a_greylisted_mail_goes_out_later_as_the_same_mail(office: Office) -> None:
    answers = ["451 4.7.1 greylisted", None]
    office.server.answer_rcpt = lambda address: answers.pop(0)
    await office.hear("Charger 21052 does not start.")
    await office.sweep()
    assert (office.mails, await office.states()) == ([], ["queued"])
    await office.sweep()
    assert len(answers) == 1, "tried again before its time"
    await office.sweep(timedelta(seconds=31))
    assert len(office.mails) == 1
    assert await office.states() == ["sent"]


async def test_a_mail_whose_answer_was_lost_carries_the_same_message_id_again(office: Office) -> None:
    hung_up = [True, False]

    async def vanish() -> str | None:
        return "421 4.3.0 gone" if hung_up.pop(0) else None

    office.server.answer_data = vanish
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    await office.sweep(timedelta(seconds=31))
    first, second = office.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert (await office.kinds(receipt)).count("message_sent") == 1


async def test_a_refused_mail_is_not_tried_again_and_the_case_says_so(office: Office) -> None:
    office.server.answer_rcpt = lambda address: "550 5.1.1 nobody here"
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    await office.sweep(timedelta(hours=5))
    assert await office.states() == ["failed"]
    assert "message_failed" in await office.kinds(receipt)
    row = await office.runtime.db.row("SELECT reason FROM messages")
    assert row is not None
    assert row["reason"].startswith("550")


async def test_a_mail_server_that_is_away_costs_only_time(config: Config) -> None:
    await import_folder(config, DEMO)
    async with MailServer() as server:
        url = server.url
    async with opened(config, server, Provider(), outbound_smtp_url=url) as office:
        await office.hear("Charger 21052 does not start.")
        await office.sweep()
        (row,) = await office.runtime.db.rows("SELECT state, reason, due_at FROM messages")
        assert row["state"] == "queued"
        assert row["reason"].startswith("no connection")
        assert row["due_at"] == NOW + timedelta(seconds=30)


async def test_nothing_is_thrown_away_while_nothing_is_configured(config: Config) -> None:
    await import_folder(config, DEMO)
    async with (
        MailServer() as server,
        opened(config, server, Provider(), outbound_smtp_url=None, twilio_account_sid=None) as office,
    ):
        await office.hear("Charger 21052 does not start.")
        await office.hear("Laddare 21052 startar inte", channel=Channel.SMS, sender=Sender(phone="+46701740605"))
        await office.sweep()
        rows = await office.runtime.db.rows("SELECT channel, state, reason FROM messages ORDER BY channel")
        assert [(row["channel"], row["state"], row["reason"]) for row in rows] == [
            ("email", "queued", "OUTBOUND_SMTP_URL is not set"),
            ("sms", "queued", "TWILIO_ACCOUNT_SID is not set"),
        ]


async def test_a_text_is_answered_by_one_text_even_when_the_answer_was_lost(office: Office) -> None:
    office.provider.troubles.append("lost")
    receipt = await office.hear("Laddare 21052 startar inte", channel=Channel.SMS, sender=Sender(phone="+46701740605"))
    await office.sweep()
    assert await office.states() == ["queued"]
    await office.sweep(timedelta(seconds=31))
    assert await office.states() == ["sent"]
    (sent,) = office.provider.messages.values()
    assert (sent["to"], sent["from"]) == ("+46701740605", OURS)
    assert receipt.case in sent["body"]
    assert office.provider.violations == []


async def test_b105_a_text_waits_while_the_provider_is_overwhelmed(office: Office) -> None:
    office.provider.troubles.append(429)
    await office.hear("Laddare 21052 startar inte", channel=Channel.SMS, sender=Sender(phone="+46701740605"))
    await office.sweep()
    assert (await office.states(), len(office.provider.messages)) == (["queued"], 0)
    await office.sweep(timedelta(seconds=31))
    assert (await office.states(), len(office.provider.messages)) == (["sent"], 1)


async def test_a_number_that_takes_no_texts_is_refused_before_it_is_asked(office: Office) -> None:
    await office.hear("Laddare 21052 startar inte", channel=Channel.SMS, sender=Sender(phone="+46846500401"))
    await office.sweep()
    assert await office.states() == ["failed"]
    assert [request for request in office.provider.requests if request[0] == "POST"] == []


async def test_one_acknowledgement_an_hour_to_an_address_and_case(office: Office) -> None:
    first = await office.hear("Charger 21052 does not start, it blinks red.")
    await office.sweep()
    second = await office.hear("Charger 21052 still does not start, it blinks red.")
    await office.sweep(timedelta(minutes=5))
    assert first.case == second.case
    assert len(office.mails) == 1


async def test_a_persons_reply_goes_out_to_everybody_it_is_for(office: Office) -> None:
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    case = casenumber.parse(receipt.case)
    assert case
    agent = desk.Actor("agent", "a01", "agent")
    await desk.claim(office.runtime, agent, case)
    await desk.reply(office.runtime, agent, case, "We have restarted it. Please try again.")
    await office.sweep()
    reply = office.mails[-1]
    assert reply["Auto-Submitted"] is None
    assert said(reply).startswith("We have restarted it. Please try again.")
    assert f"[#{receipt.case}]" in reply["Subject"]


async def test_b100_no_header_can_be_smuggled_into_a_mail(config: Config) -> None:
    async with MailServer() as server:
        post = MailPost(config.model_copy(update={"outbound_smtp_url": server.url}))
        for recipient, subject in (
            ("mette@example.com\r\nBcc: all@example.com", "Hi"),
            ("mette@example.com> SIZE=1\r\nRCPT TO:<all@example.com", "Hi"),
            ("mette@example.com", "Hi\r\nBcc: all@example.com\r\n\r\nBuy"),
            ("mette@example.com", "Hi\u2028Bcc: all@example.com\x00"),
        ):
            assert (await post.deliver(outgoing(recipient, subject))).state == "failed"
        assert (await post.deliver(outgoing("mette@example.com", "Hi: Bcc=all@example.com"))).state == "sent"
    assert len(server.mails) == 1
    for taken in server.mails:
        assert taken.recipients == ["mette@example.com"]
        assert message_from_bytes(taken.raw, policy=default)["Bcc"] is None


def said(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def outgoing(recipient: str, subject: str) -> Outgoing:
    return Outgoing(
        id=1,
        case=1000,
        channel="email",
        kind="reply",
        recipient=recipient,
        words=Words(subject, "Hello"),
        language="en",
        automatic=False,
        answers=None,
        attempt=1,
        since=NOW,
    )
