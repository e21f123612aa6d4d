"""What customers are told leaves this house once, in their language, and its answer finds the way back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import pairwise
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from channels import mail
from channels.report import Attachment, Channel, Letter, Receipt, Report, Sender
from gateway import casenumber, desk, telling
from gateway.blobs import open_blobs
from gateway.clock import SetClock
from gateway.config import Config
from gateway.languages import PAGES
from gateway.messages.outbox import Enclosed, Outbox, Outgoing, pause
from gateway.messages.post import MailPost
from gateway.notify import Words
from gateway.people.privacy import erase_person, export_person, find_person
from gateway.record import cases
from gateway.record.people import dead_addresses
from gateway.runtime import Runtime, open_runtime
from gateway.settings import read_number
from gateway.worker import Chores, open_chores
from tests.fakes.clock import LeaseClock
from tests.fakes.mail import MailServer
from tests.fakes.provider import ACCOUNT, Provider

NOW = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)
OURS = "+46313900100"
AGENT = desk.Actor("agent", "a01", "agent")


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
        clock = LeaseClock(NOW, config.database_url or "")
        async with (
            open_runtime(config.model_copy(update=given), "worker", clock) as runtime,
            open_chores(runtime) as chores,
        ):
            yield Office(runtime, chores, clock, server, provider)


@pytest.fixture
async def office(config: Config) -> AsyncIterator[Office]:
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


async def test_who_writes_none_of_our_languages_is_told_why_they_read_english(office: Office) -> None:
    told = "so we answer in English"
    await office.hear("Bonjour, la borne 21052 affiche hors service et je ne peux pas recharger ma voiture.")
    await office.hear("Hello, charger 21053 does not start and I cannot leave.", message_id="<other@example.com>")
    await office.sweep()
    assert [(told in said(sent), sent["Content-Language"]) for sent in office.mails] == [(True, "en"), (False, "en")]


async def test_in_danger_nothing_stands_before_112_whatever_language_they_write(office: Office) -> None:
    await office.hear("Au secours, la borne 21052 est en feu, fire, fire, il y a de la fumée et des flammes partout!")
    await office.sweep()
    (sent,) = office.mails
    words = said(sent)
    assert 0 < words.index("112") < words.index("so we answer in English")


async def test_who_writes_what_we_cannot_read_is_asked_to_write_again_and_told_of_no_category(office: Office) -> None:
    locked = "-----BEGIN PGP MESSAGE-----\n\nhQEMA5vJ\n=Ab3d\n-----END PGP MESSAGE-----\n"
    answered = "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n"
    mails = {
        "Hello": f"Content-Type: text/plain\n\n{locked}",
        "Accepted: Service visit": f"Content-Type: text/calendar; method=REPLY\n\n{answered}",
    }
    for subject, body in mails.items():
        receipt = await take(office, f"From: anna@example.com\nSubject: {subject}\nMIME-Version: 1.0\n{body}".encode())
        assert (receipt.queue, receipt.category) == ("review", "other")
        await office.sweep()
    (sent,) = office.mails
    assert "write to us again in plain text" in said(sent)
    assert "what we understood" not in said(sent)


async def test_a_report_in_danger_is_told_112_and_to_keep_away(office: Office) -> None:
    await office.hear("There is smoke coming out of charger 21052!", danger=True)
    await office.sweep()
    (sent,) = office.mails
    assert "112" in said(sent)
    assert "unplug" in said(sent)


async def test_b68_e4_e13_an_answer_to_a_mail_finds_its_case_and_a_strangers_does_not(office: Office) -> None:
    receipt = await office.hear("Charger 21052 does not start.", message_id="<question@example.com>")
    await office.sweep()
    (sent,) = office.mails
    assert sent["In-Reply-To"] == "<question@example.com>"
    for nth, header in enumerate((f"To: {sent['Reply-To']}", f"In-Reply-To: {sent['Message-ID']}")):
        raw = f"From: Mette's Mum <mum{nth}@example.org>\r\n{header}\r\nSubject: Re\r\n\r\nIt works now {nth}.\r\n"
        answer = mail.read(raw.encode(), office.clock.now(), domains=office.runtime.config.mail_domains)
        assert (await office.runtime.intake.accept(answer)).case == receipt.case
    forged = sent["Message-ID"].replace(".", ".0", 1)
    token = sent["Reply-To"].addresses[0].username.partition("+")[2]
    strange = (
        f"In-Reply-To: {forged}\r\nSubject: Re",
        f"To: support+{token[:-1]}{'1' if token[-1] == '0' else '0'}@support.example\r\nSubject: Re",
        f"To: support+{casenumber.parse(receipt.case)}@support.example\r\nSubject: Re",
        f"Subject: Re: [#{receipt.case}]",
        f"In-Reply-To: <question@example.com>\r\nSubject: Re: [#{receipt.case}]",
    )
    for nth, headers in enumerate(strange):
        raw = f"From: x{nth}@example.org\r\n{headers}\r\n\r\nTell me all about it, number {nth}.\r\n"
        stranger = await take(office, raw.encode())
        assert stranger.case != receipt.case, headers
        await office.sweep()
        told = office.mails[-1]
        assert told["To"] == f"x{nth}@example.org"
        assert not [
            secret for secret in (receipt.token, receipt.case, "21052") if secret in f"{told['Subject']}{said(told)}"
        ]
    linked = await office.runtime.db.rows("SELECT data -> 'cases' AS cases FROM timeline WHERE kind = 'linked'")
    assert [row["cases"] for row in linked if row["cases"] == [receipt.case]] == [[receipt.case]] * 2


@pytest.mark.parametrize(
    ("words", "priority"),
    [
        ("Thank you for looking into it. When may I charge there?", "P3"),
        ("Now flames come out of the charger!", "P1"),
        ("It is doing it again", "P1"),
    ],
)
async def test_who_answers_under_a_subject_of_danger_tells_of_it_by_new_words_only(
    office: Office, words: str, priority: str
) -> None:
    """An agent saw that it was steam and lowered the case: the old subject above each answer is no new alarm."""
    asked = "From: Mette <mette@example.com>\nSubject: Smoke from charger 21052\n\nSee subject."
    receipt = await take(office, asked.encode())
    case = casenumber.parse(receipt.case) or 0
    assert receipt.priority == "P1"
    await office.sweep()
    await desk.correct(office.runtime, AGENT, case, category="no_start", priority="P3", reason="steam")
    await desk.reply(office.runtime, AGENT, case, "It was steam. We look into it.")
    await office.sweep()
    sent = office.mails[-1]
    assert "Smoke" in sent["Subject"]
    answer = f"From: Mette <mette@example.com>\nTo: {sent['Reply-To']}\nSubject: Re: {sent['Subject']}\n\n{words}"
    told = await take(office, answer.encode())
    (row,) = await office.runtime.db.rows("SELECT priority FROM cases WHERE id = %(case)s", {"case": case})
    assert (told.case, row["priority"]) == (receipt.case, priority)


async def test_e5_an_answer_finds_its_case_although_a_relay_gave_our_mail_another_message_id(office: Office) -> None:
    receipt = await office.hear("Charger 21052 does not start.", message_id="<question@example.com>")
    await office.sweep()
    (sent,) = office.mails
    rewritten = "In-Reply-To: <0102018f-1@eu-west-1.relay.example>\r\nReferences: <0102018f-1@eu-west-1.relay.example>"
    to_reply = (
        f"From: Mette <mette@example.com>\r\nTo: {sent['Reply-To']}\r\n{rewritten}\r\nSubject: Re\r\n\r\nYes.\r\n"
    )
    assert (await take(office, to_reply.encode())).case == receipt.case
    to_from = (
        f"From: Mette <mette@example.com>\r\nTo: {sent['From']}\r\n{rewritten}\r\n"
        f"Subject: Re: {sent['Subject']}\r\n\r\nIt works now.\r\n"
    )
    assert (await take(office, to_from.encode())).case == receipt.case


async def test_e9_our_own_mail_that_comes_back_is_kept_and_answered_by_nobody(office: Office) -> None:
    await office.hear("Charger 21052 does not start.")
    await office.sweep()
    (sent,) = office.mails
    forwarded = bytes(sent).replace(b"To: mette@example.com", b"To: kundservice@support.example", 1)
    for raw in (bytes(sent), forwarded, forwarded.replace(b"Message-ID: <", b"Message-ID: <x", 1)):
        await take(office, raw)
        await office.sweep(timedelta(hours=2))
    assert len(office.mails) == 1


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


async def test_f30_a_mail_that_is_tried_again_is_composed_again_and_says_what_is_true_then(office: Office) -> None:
    office.server.answer_rcpt = lambda address: "450 4.2.0 greylisted"
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    first = (await texts(office, receipt))[0]
    promised = office.clock.now() + timedelta(hours=8, minutes=37)
    await office.runtime.db.run("UPDATE cases SET priority = 'P1', due_first_response = %(at)s", {"at": promised})
    await office.sweep(timedelta(hours=3))
    office.server.answer_rcpt = lambda address: None
    await office.sweep(timedelta(hours=3))
    (sent,) = office.mails
    words = said(sent).replace("\r\n", "\n")
    assert (words.count(receipt.token), words.count(receipt.code)) == (1, 1)
    assert "112" in words
    assert "112" not in first
    assert "18:37" in words
    assert await texts(office, receipt) == [words]


async def test_f30_a_persons_words_that_are_tried_again_are_the_same(office: Office) -> None:
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    office.server.answer_rcpt = lambda address: "450 4.2.0 greylisted"
    await desk.reply(office.runtime, AGENT, casenumber.parse(receipt.case) or 0, "Please try again.")
    await office.sweep()
    await office.sweep(timedelta(hours=1))
    office.server.answer_rcpt = lambda address: None
    await office.sweep(timedelta(hours=3))
    words = said(office.mails[-1])
    assert (words.count("Please try again."), words.count(receipt.token)) == (1, 1)
    assert (await texts(office, receipt))[-1] == "Please try again."


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


async def test_keys_that_are_changed_between_two_tries_change_neither_the_mail_nor_what_its_answers_belong_to(
    office: Office,
) -> None:
    gone = iter(("421 4.3.0 gone", None))

    async def vanish() -> str | None:
        return next(gone)

    office.server.answer_data = vanish
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    config = office.runtime.config.model_copy(update={"secret_keys": ("another-key-of-more-than-32-characters",)})
    async with open_runtime(config, "worker", office.clock) as rotated, open_chores(rotated) as chores:
        office.clock.forward(timedelta(seconds=31))
        await chores.sweep()
        first, second = office.mails
        assert first["Message-ID"] == second["Message-ID"]
        assert first["Reply-To"] != second["Reply-To"], "the keys are others"
        answer = "From: Mum <mum@example.org>\r\n{}\r\nSubject: Re\r\n\r\n{}\r\n"
        for nth, header in enumerate((f"In-Reply-To: {first['Message-ID']}", f"To: {second['Reply-To']}")):
            raw = answer.format(header, f"It works now {nth}.").encode()
            heard = mail.read(raw, office.clock.now(), domains=("support.example",))
            assert (await rotated.intake.accept(heard)).case == receipt.case, header
        bounce = report_about(first, "failed", "5.1.1")
        heard = mail.read(bounce, office.clock.now(), domains=("support.example",))
        assert (await rotated.intake.accept(heard)).case == receipt.case
        assert (await office.states())[0] == "bounced"
        forged = "<1." + "0" * 32 + "@support.example>"
        raw = answer.format(f"In-Reply-To: {forged}", "And who am I?").encode()
        stranger = await rotated.intake.accept(mail.read(raw, office.clock.now(), domains=("support.example",)))
        assert stranger.case != receipt.case


async def test_an_answer_about_a_case_that_was_brought_into_another_belongs_to_that_one(office: Office) -> None:
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    (sent,) = office.mails
    others = [
        await office.hear("I was charged twice last week", sender=Sender(email="per@example.com")),
        await office.hear("The app does not show my receipts", sender=Sender(email="pia@example.com")),
    ]
    chain = [casenumber.parse(one.case) or 0 for one in (receipt, *others)]
    for moved, into in pairwise(chain):
        await desk.attach(office.runtime, AGENT, into, case=moved)
    ways = (f"To: {sent['Reply-To']}", f"In-Reply-To: {sent['Message-ID']}", "X-Other: 1")
    for nth, header in enumerate(ways):
        raw = f"From: Mette <mette@example.com>\r\n{header}\r\nSubject: {sent['Subject']}\r\n\r\nIt works {nth}.\r\n"
        assert (await take(office, raw.encode())).case == others[-1].case, header


@pytest.mark.parametrize("way", ["To: {Reply-To}", "In-Reply-To: {Message-ID}", "X-Other: 1"])
async def test_an_answer_to_what_was_written_about_a_report_goes_where_that_report_is_by_now(
    office: Office, way: str
) -> None:
    theirs = await office.hear("Charger 21052 does not start.", sender=Sender(email="per@example.com"))
    case = casenumber.parse(theirs.case) or 0
    mine = await office.hear("Charger 21052 does not start at all.", charger="21052")
    assert mine.case == theirs.case
    await office.sweep()
    sent = next(one for one in office.mails if one["To"] == "mette@example.com")
    header = way.format_map(sent)

    async def answer(nth: int) -> Receipt:
        raw = (
            f"From: Mette <mette@example.com>\r\n{header}\r\nSubject: {sent['Subject']}\r\n\r\nMy code is 47{nth}.\r\n"
        )
        return await take(office, raw.encode())

    apart = await desk.split(office.runtime, AGENT, case, [mine.report])
    assert (await answer(1)).case == casenumber.number(apart)
    for number, to in ((case, "per@example.com"), (apart, "mette@example.com")):
        whole = await cases.full(office.runtime.db, number)
        assert whole is not None
        assert to in [one["recipient"] for one in whole.messages]
        assert {one["recipient"] for one in whole.messages} <= {to, None}
    await desk.attach(office.runtime, AGENT, case, report=mine.report)
    assert (await answer(2)).case == theirs.case, "it was brought back"


async def test_who_has_the_address_of_a_report_that_was_split_off_gets_into_no_other_case(office: Office) -> None:
    theirs = await office.hear("Charger 21052 does not start.", sender=Sender(email="per@example.com"))
    mine = await office.hear("Charger 21052 does not start at all.", charger="21052")
    await office.sweep()
    apart = await desk.split(office.runtime, AGENT, casenumber.parse(theirs.case) or 0, [mine.report])
    for nth, sent in enumerate(office.mails):
        raw = f"From: mum@example.org\r\nTo: {sent['Reply-To']}\r\nSubject: Re\r\n\r\nIt works now {nth}.\r\n"
        its = casenumber.number(apart) if sent["To"] == "mette@example.com" else theirs.case
        assert (await take(office, raw.encode())).case == its
    raw = f"From: dad@example.org\r\nSubject: [#{theirs.case}]\r\n\r\nMay I have the code?\r\n"
    assert (await take(office, raw.encode())).case not in (theirs.case, casenumber.number(apart))


@pytest.mark.parametrize(
    ("results", "attached"),
    [
        ("dmarc=fail header.from=example.com", False),
        ("spf=pass smtp.mailfrom=evil.example; dmarc=FAIL (p=NONE) header.from=example.com", False),
        ("dkim=fail header.d=example.com", True),  # as after many a mailing list: no verdict on From
        ("dmarc=temperror header.from=example.com", True),
        ("dmarc=pass header.from=example.com", True),
    ],
)
async def test_a_number_leads_nobody_into_a_case_whose_from_was_found_to_be_forged(
    office: Office, results: str, attached: bool
) -> None:
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    await desk.conclude(office.runtime, AGENT, casenumber.parse(receipt.case) or 0, "solved_remotely", "Restarted.")
    (sent, *_) = office.mails
    found = f"mx.support.example; {results}"

    async def write(nth: int, header: str) -> Receipt:
        raw = f"From: Mette <mette@example.com>\r\n{header}\r\n\r\nPlease refund me to account {nth}.\r\n"
        heard = mail.read(raw.encode(), office.clock.now(), domains=("support.example",), found=found)
        return await office.runtime.intake.accept(heard)

    by_number = await write(1, f"Subject: Refund [#{receipt.case}]")
    assert (by_number.case == receipt.case) is attached
    case = await cases.find(office.runtime.db, casenumber.parse(receipt.case) or 0)
    assert case is not None
    assert case.status == ("open" if attached else "concluded")
    if not attached:
        row = await office.runtime.db.row("SELECT data FROM timeline WHERE kind = 'linked'")
        assert row is not None
        assert row["data"] == {"cases": [receipt.case], "reasons": [{"code": "sender_refused", "data": {}}]}
    by_address = await write(2, f"To: {sent['Reply-To']}\r\nSubject: Refund")
    assert by_address.case == receipt.case, "nobody else knows that address"


@pytest.mark.parametrize(
    ("header", "to"),
    [
        ("Reply-To: Anna <Anna@example.com>", "anna@example.com"),
        ("Reply-To: support@support.example", "noreply@form.example"),
        ("Reply-To: a@example.com, b@example.com", "noreply@form.example"),
        ("Reply-To: nobody", "noreply@form.example"),
        ("X-Nothing: at all", "noreply@form.example"),
    ],
)
async def test_an_agents_reply_goes_where_a_forms_mail_asks_answers_to_go(office: Office, header: str, to: str) -> None:
    raw = f"From: Webbformulär <noreply@form.example>\r\n{header}\r\nSubject: Trasig\r\n\r\nLaddare 21052 är död.\r\n"
    heard = mail.read(raw.encode(), office.clock.now(), domains=("support.example",))
    receipt = await office.runtime.intake.accept(heard)
    await desk.reply(office.runtime, AGENT, casenumber.parse(receipt.case) or 0, "Vi skickar en tekniker.")
    await office.sweep()
    assert [sent["To"] for sent in office.mails] == [to]


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        ("References: <1@a.example>\r\n <2@b.example>\r\nIn-Reply-To: <2@b.example>\r\n", "12"),
        ("References: <1@a.example> <2@b.example> <3@c.example>\r\n", "123"),
        ("In-Reply-To: <1@a.example>\r\n", "1"),
        ("", ""),
    ],
)
async def test_an_answer_refers_to_all_mails_before_it_and_to_what_it_answers(
    office: Office, headers: str, names: str
) -> None:
    mails = {"1": "<1@a.example>", "2": "<2@b.example>", "3": "<3@c.example>"}
    head = f"From: anna@example.com\r\nMessage-ID: <own@d.example>\r\n{headers}Subject: Trasig\r\n"
    receipt = await take(office, f"{head}\r\nLaddare 21052 är död.\r\n".encode())
    await office.sweep()
    await desk.reply(office.runtime, AGENT, casenumber.parse(receipt.case) or 0, "Vi skickar en tekniker.")
    await office.sweep()
    expected = [*(mails[name] for name in names), "<own@d.example>"]
    assert [sent["References"].split() for sent in office.mails] == [expected, expected]


COPIED = (
    "From: anna@example.com\r\nTo: support@support.example, bo@example.org\r\n"
    "Cc: Ordf <ordf@brf.example>, noreply@desk.example, kontor@support.example\r\n"
    "Subject: Trasig\r\n\r\nLaddare 21052 är död.\r\n"
).encode()


@pytest.mark.parametrize("everybody", [True, False])
async def test_an_agent_answers_all_who_got_a_mail_or_its_sender_alone(office: Office, everybody: bool) -> None:
    receipt = await take(office, COPIED)
    case = casenumber.parse(receipt.case) or 0
    await office.sweep()
    await desk.reply(office.runtime, AGENT, case, "Vi skickar en tekniker.", everybody=everybody)
    await office.sweep()
    acknowledged, answered = office.mails
    copies = ["bo@example.org", "ordf@brf.example"] if everybody else []
    assert acknowledged["Cc"] is None
    assert (answered["To"], answered["Cc"]) == ("anna@example.com", ", ".join(copies) or None)
    assert [taken.recipients for taken in office.server.mails] == [["anna@example.com"], ["anna@example.com", *copies]]
    whole = await cases.full(office.runtime.db, case)
    assert whole is not None
    assert [message["copies"] for message in whole.messages] == [None, copies or None]


async def test_an_answer_that_one_of_many_cannot_get_yet_goes_to_nobody_until_all_can(office: Office) -> None:
    receipt = await take(office, COPIED)
    await office.sweep()
    office.server.answer_rcpt = lambda address: "450 4.2.0 later" if address == "ordf@brf.example" else None
    await desk.reply(office.runtime, AGENT, casenumber.parse(receipt.case) or 0, "Vi kommer.", everybody=True)
    await office.sweep()
    assert (len(office.mails), await shown(office, receipt)) == (1, ["sent", "deferred"])
    office.server.answer_rcpt = lambda address: None
    await office.sweep(timedelta(minutes=1))
    assert office.server.mails[-1].recipients == ["anna@example.com", "bo@example.org", "ordf@brf.example"]


async def test_whoever_asked_does_not_wait_for_days_for_somebody_in_copy(office: Office) -> None:
    receipt = await take(office, COPIED)
    await office.sweep()
    unknown = "450 4.1.2 Recipient address rejected: Domain not found"
    office.server.answer_rcpt = lambda address: unknown if address == "ordf@brf.example" else None
    await desk.reply(office.runtime, AGENT, casenumber.parse(receipt.case) or 0, "Vi kommer.", everybody=True)
    await office.sweep()
    await office.sweep(timedelta(hours=1))
    assert (len(office.mails), await shown(office, receipt)) == (1, ["sent", "deferred"])
    await office.sweep(timedelta(hours=3))
    assert await shown(office, receipt) == ["sent", "sent"]
    assert office.server.mails[-1].recipients == ["anna@example.com", "bo@example.org"]
    told = await office.runtime.db.rows("SELECT kind, data FROM timeline WHERE kind = 'message_sent' ORDER BY id")
    assert "not to all" in telling.tell(told[-1]["kind"], told[-1]["data"], None, "en")


async def test_an_answer_that_one_in_copy_never_gets_goes_to_all_others_and_that_is_told(office: Office) -> None:
    receipt = await take(office, COPIED)
    await office.sweep()
    office.server.answer_rcpt = lambda address: "550 5.1.1 unknown" if address == "bo@example.org" else None
    await desk.reply(office.runtime, AGENT, casenumber.parse(receipt.case) or 0, "Vi kommer.", everybody=True)
    await office.sweep()
    assert await shown(office, receipt) == ["sent", "sent"]
    assert office.server.mails[-1].recipients == ["anna@example.com", "ordf@brf.example"]
    told = await office.runtime.db.rows("SELECT kind, data FROM timeline WHERE kind = 'message_sent' ORDER BY id")
    sentences = [telling.tell(row["kind"], row["data"], None, "en") for row in told]
    assert ["not to all" in sentence for sentence in sentences] == [False, True]


async def test_an_answer_of_somebody_in_copy_to_a_mail_that_came_in_is_linked_and_goes_into_no_case(
    office: Office,
) -> None:
    async def write(sender: str, header: str, text: str) -> Receipt:
        raw = f"From: {sender}\r\n{header}\r\n\r\n{text}\r\n"
        return await office.runtime.intake.accept(
            mail.read(raw.encode(), office.clock.now(), domains=("support.example",))
        )

    first = await write(
        "anna@example.com", "Message-ID: <1@example.com>\r\nSubject: Trasig", "Laddare 21052 startar inte."
    )
    other = await write(
        "chef@example.org", "In-Reply-To: <1@example.com>\r\nSubject: Re: Trasig", "Vad kostar ett laddkort till?"
    )
    assert other.case != first.case
    rows = await office.runtime.db.rows("SELECT data FROM timeline WHERE kind = 'linked' ORDER BY id")
    assert {"cases": [first.case], "reasons": [{"code": "answers_report", "data": {}}]} in [row["data"] for row in rows]


async def test_only_who_is_not_alone_with_a_case_is_told_of_others(office: Office) -> None:
    first = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    office.clock.forward(timedelta(days=8))
    raw = f"From: Mette <mette@example.com>\r\nTo: {office.mails[0]['Reply-To']}\r\nSubject: Re\r\n\r\nAny news?\r\n"
    assert (await take(office, raw.encode())).case == first.case
    await office.sweep()
    assert f"added it to case {first.case}" in said(office.mails[-1])
    raw = f"From: Per <per@example.com>\r\nTo: {office.mails[0]['Reply-To']}\r\nSubject: Re\r\n\r\nFor me too.\r\n"
    assert (await take(office, raw.encode())).case == first.case
    await office.sweep()
    assert "Others have told us" in said(office.mails[-1])


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
    failed = await office.runtime.db.row("SELECT data FROM timeline WHERE kind = 'message_failed'")
    assert failed is not None
    assert failed["data"]["because"] == "unknown_address"
    assert "nobody here" not in str(failed["data"]), "what a server says may hold an address"
    said = [telling.tell("message_failed", failed["data"], None, language) for language in PAGES]
    assert said == [
        "Ett meddelande via e-post gick inte ut: adressen eller numret finns inte",
        "A message by e-mail did not go out: the address or number does not exist",
    ]


async def test_a_mail_server_that_is_away_costs_only_time(config: Config) -> None:
    async with MailServer() as server:
        url = server.url
    async with opened(config, server, Provider(), outbound_smtp_url=url) as office:
        await office.hear("Charger 21052 does not start.")
        await office.sweep()
        (row,) = await office.runtime.db.rows("SELECT state, reason, due_at FROM messages")
        assert row["state"] == "queued"
        assert row["reason"].startswith("no connection")
        assert timedelta(seconds=24) <= row["due_at"] - NOW <= timedelta(seconds=30)


@pytest.mark.parametrize(("attempts", "longest"), [(1, 30), (4, 240), (40, 4 * 3600)])
def test_f27_what_failed_together_waits_longer_each_time_and_is_not_tried_again_together(
    attempts: int, longest: int
) -> None:
    pauses = [pause(attempts).total_seconds() for _ in range(50)]
    assert longest * 0.8 <= min(pauses) < max(pauses) <= longest


async def test_nothing_is_thrown_away_while_nothing_is_configured(config: Config) -> None:
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


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
async def test_b22_a_number_that_seems_to_answer_by_itself_is_muted_for_a_while_and_all_it_sends_is_kept(
    office: Office, channel: Channel
) -> None:
    async def hear(text: str, after: int) -> None:
        await office.hear(text, channel=channel, sender=Sender(phone="+46701740605"))
        await office.sweep(timedelta(minutes=after))

    for charger in ("21007", "21109", "21205", "21290"):
        await hear(f"Laddare {charger} startar inte", 1)
    assert await office.states() == ["sent"] * 3 + ["suppressed"]
    await hear("Det brinner i laddare 21360!", 1)
    await hear("Laddare 21494 startar inte", 11)
    assert await office.states() == ["sent"] * 3 + ["suppressed", "sent", "sent"]
    row = await office.runtime.db.row("SELECT count(*) AS reports, count(DISTINCT case_id) AS cases FROM reports")
    assert row == {"reports": 6, "cases": 6}


async def test_b105_a_text_waits_while_the_provider_is_overwhelmed(office: Office) -> None:
    office.provider.troubles.append(429)
    await office.hear("Laddare 21052 startar inte", channel=Channel.SMS, sender=Sender(phone="+46701740605"))
    await office.sweep()
    assert (await office.states(), len(office.provider.messages)) == (["queued"], 0)
    await office.sweep(timedelta(seconds=31))
    assert (await office.states(), len(office.provider.messages)) == (["sent"], 1)


async def test_b105_the_same_words_to_the_same_number_are_two_texts(office: Office) -> None:
    receipt = await office.hear("Laddare 21052 startar inte")
    box, case = Outbox(office.runtime.db, office.clock), casenumber.parse(receipt.case)
    letter = Letter(case, Channel.SMS, "reply", "sv", "+46701740605", text="Ring oss")
    await box.send(letter)
    await office.sweep()
    for troubles in ([429], ["lost"], ["lost", "no lists"]):
        before = len(office.provider.messages)
        office.provider.troubles.extend(troubles)
        await box.send(letter)
        await office.sweep()
        await office.sweep(timedelta(seconds=31))
        await office.sweep(timedelta(seconds=61))
        assert len(office.provider.messages) == before + 1
    rows = await office.runtime.db.rows("SELECT state, provider_id FROM messages WHERE channel = 'sms'")
    assert {row["state"] for row in rows} == {"sent"}
    assert {row["provider_id"] for row in rows} == set(office.provider.messages)


async def test_b105_a_text_of_a_worker_that_died_is_looked_up_before_it_is_sent_again(office: Office) -> None:
    await office.hear("Laddare 21052 startar inte", channel=Channel.SMS, sender=Sender(phone="+46701740605"))
    await office.sweep()
    await office.runtime.db.run(
        "UPDATE messages SET state = 'queued', sent_at = NULL, provider_id = NULL, due_at = lease_now(),"
        " lease_until = lease_now() - interval '1 second'"
    )
    await office.sweep()
    assert (await office.states(), len(office.provider.messages)) == (["sent"], 1)


async def test_a_number_that_takes_no_texts_is_refused_before_it_is_asked(office: Office) -> None:
    await office.hear("Laddare 21052 startar inte", channel=Channel.SMS, sender=Sender(phone="+46846500401"))
    await office.sweep()
    assert await office.states() == ["failed"]
    assert [request for request in office.provider.requests if request[0] == "POST"] == []


async def test_one_acknowledgement_a_week_to_an_address_and_case(office: Office) -> None:
    first = await office.hear("Charger 21052 does not start, it blinks red.")
    await office.sweep()
    second = await office.hear("Charger 21052 still does not start, it blinks red.")
    await office.sweep(timedelta(minutes=5))
    assert first.case == second.case
    assert len(office.mails) == 1


async def answer(office: Office, sent: EmailMessage, text: str, nth: int = 0) -> Receipt:
    """What somebody writes who answers a mail of ours."""
    raw = (
        f"From: Mette <{sent['To']}>\r\nTo: {sent['Reply-To']}\r\nSubject: Re: {sent['Subject']}\r\n"
        f"Message-ID: <answer{nth}@example.com>\r\nIn-Reply-To: {sent['Message-ID']}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
    return await take(office, raw.encode())


DANGERS = [
    "Hjälp, nu brinner det i laddare 21052! Vad ska jag göra?",
    "There is smoke coming out of it now, and it smells burnt.",
    "Kablet til lader 21052 er smeltet, og det gnistrer.",
]


@pytest.mark.parametrize("text", DANGERS)
@pytest.mark.parametrize("concluded", [True, False])
async def test_who_tells_of_a_danger_is_told_what_to_do_although_their_case_was_acknowledged(
    office: Office, text: str, concluded: bool
) -> None:
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    if concluded:
        case = casenumber.parse(receipt.case) or 0
        await desk.conclude(office.runtime, AGENT, case, "solved_remotely", "Restarted.")
        await office.sweep(timedelta(hours=2))
    before = len(office.mails)
    danger = await answer(office, office.mails[-1], text)
    assert (danger.case, danger.priority) == (receipt.case, "P1")
    await office.sweep(timedelta(minutes=1))
    acknowledged = [one for one in office.mails[before:] if receipt.case in one["Subject"] and "112" in said(one)]
    assert acknowledged
    await office.sweep()  # of an open case everybody is told the new time as well
    sent = len(office.mails)
    for nth in range(1, 4):
        await answer(office, office.mails[-1], f"{text} ({nth})", nth)
        await office.sweep(timedelta(hours=1))
    assert len(office.mails) == sent
    await answer(office, office.mails[-1], text, 4)
    await office.sweep(timedelta(days=1))
    assert ["112" in said(one) for one in office.mails[sent:]] == [True]


async def test_who_writes_again_about_a_concluded_case_is_told_that_it_is_open_again(office: Office) -> None:
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    for nth in range(2):
        case = casenumber.parse(receipt.case) or 0
        await desk.conclude(office.runtime, AGENT, case, "solved_remotely", "Restarted.")
        await office.sweep(timedelta(hours=2))
        before = len(office.mails)
        for more in range(3):
            await answer(
                office, office.mails[-1], f"It still does not work, I tried {more + 2} times.", 10 * nth + more
            )
            await office.sweep(timedelta(minutes=5))
        assert len(office.mails) == before + 1


@pytest.mark.parametrize(
    ("results", "text", "told"),
    [
        (
            "spf=fail smtp.mailfrom=evil.example; dmarc=fail (p=reject) header.from=bank.example",
            "does not start",
            False,
        ),
        ("spf=pass smtp.mailfrom=evil.example; dmarc=FAIL (p=NONE sp=NONE dis=NONE)", "does not start", False),
        ("dkim=none; dmarc=fail action=oreject header.from=bank.example", "does not start", False),
        ("dkim=fail header.d=bank.example", "does not start", True),  # as after many a mailing list
        ("dmarc=temperror header.from=bank.example", "does not start", True),
        ("dmarc=fail (p=reject) header.from=bank.example", "is on fire", True),
    ],
)
async def test_nobody_is_mailed_because_a_forged_mail_names_them_but_for_a_danger(
    office: Office, results: str, text: str, told: bool
) -> None:
    raw = f"From: Offer <victim@bank.example>\r\nSubject: Charger\r\n\r\nThe charger 21052 {text}.\r\n"
    found = f"mx.support.example; {results}"
    heard = mail.read(raw.encode(), office.clock.now(), domains=("support.example",), found=found)
    receipt = await office.runtime.intake.accept(heard)
    await office.sweep()
    assert [one["To"] for one in office.mails] == ["victim@bank.example"] * told
    rows = await office.runtime.db.rows(
        "SELECT data ->> 'because' AS why FROM timeline WHERE case_id = %(case)s AND kind = 'message_failed'",
        {"case": casenumber.parse(receipt.case)},
    )
    assert [row["why"] for row in rows] == ["forged"] * (not told)


def reaction(sent: EmailMessage, emoji: str) -> bytes:
    """What a reaction is to programs that do not know any."""
    return (
        f"From: Mette Holm <mette@example.com>\r\nTo: {sent['Reply-To']}\r\nSubject: Re: {sent['Subject']}\r\n"
        f"In-Reply-To: {sent['Message-ID']}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{emoji}\r\n\r\nMette Holm reagerade via Gmail\r\n"
        "--b\r\nContent-Type: text/vnd.google.email-reaction+json; charset=utf-8\r\n\r\n"
        f'{{"version": 1, "emoji": "{emoji}"}}\r\n'
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>{emoji}</p>\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Tack! Nu funkar det.", "concluded"),
        ("Thank you for the quick help, it's working again.\r\n\r\nKind regards\r\nMette", "concluded"),
        ("👍", "concluded"),
        ("👎", "open"),
        ("Tack, men det funkar inte.", "open"),
        ("Thanks! And when do I get my money back?", "open"),
    ],
)
async def test_thanks_leave_a_case_concluded_and_whatever_else_opens_it(office: Office, text: str, status: str) -> None:
    receipt = await office.hear("Ni har dragit dubbelt belopp på min faktura.")
    case = casenumber.parse(receipt.case) or 0
    await office.sweep()
    await desk.conclude(office.runtime, AGENT, case, "refunded", "Återbetalt.")
    await office.sweep(timedelta(hours=1))
    newest = office.mails[-1]
    heard = await (take(office, reaction(newest, text)) if len(text) == 1 else answer(office, newest, text))
    assert heard.case == receipt.case
    whole = await cases.full(office.runtime.db, case)
    assert whole is not None
    assert whole.listed.case.status == status
    attached = [entry for entry in whole.timeline if entry["kind"] == "attached"]
    why = [one["code"] for one in telling.reasons(attached[0]["data"], "attached")]
    assert ("only_thanks" in why) == (status == "concluded")
    if len(text) == 1:
        rows = await office.runtime.db.rows(
            "SELECT text, (SELECT count(*) FROM report_attachments) AS files FROM report_contents"
            " ORDER BY report_id DESC LIMIT 1"
        )
        assert rows == [{"text": text, "files": 0}]


@pytest.mark.parametrize("address", ['"mette friis"@example.com', '"friis, mette"@example.com'])
async def test_whoever_has_an_address_in_quotes_is_acknowledged_and_answered(office: Office, address: str) -> None:
    receipt = await take(office, f"From: Mette <{address}>\r\nSubject: Fault\r\n\r\nLaddare 21052 är död.\r\n".encode())
    await office.sweep()
    await desk.reply(office.runtime, AGENT, casenumber.parse(receipt.case) or 0, "Please try again.")
    await office.sweep()
    assert [taken.recipients for taken in office.server.mails] == [[address]] * 2
    assert [one.addr_spec for sent in office.mails for one in sent["To"].addresses] == [address] * 2
    assert await shown(office, receipt) == ["sent", "sent"]


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
        blobs = open_blobs(None, config.data_dir)
        post = MailPost(config.model_copy(update={"outbound_smtp_url": server.url}), blobs)
        for recipient, subject in (
            ("mette@example.com\r\nBcc: all@example.com", "Hi"),
            ("mette@example.com> SIZE=1\r\nRCPT TO:<all@example.com", "Hi"),
            ('"mette> RCPT TO:<all@example.com"@example.com', "Hi"),
            ("mette@example.com", "Hi\r\nBcc: all@example.com\r\n\r\nBuy"),
            ("mette@example.com", "Hi\u2028Bcc: all@example.com\x00"),
        ):
            assert (await post.deliver(outgoing(recipient, subject))).state == "failed"
        assert (await post.deliver(outgoing("mette@example.com", "Hi: Bcc=all@example.com"))).state == "sent"
    assert len(server.mails) == 1
    for taken in server.mails:
        assert taken.recipients == ["mette@example.com"]
        assert message_from_bytes(taken.raw, policy=default)["Bcc"] is None


async def test_b100_what_an_agent_writes_goes_out_letter_by_letter_and_adds_no_header(office: Office) -> None:
    subject = b"=?utf-8?q?Hej=0D=0ABcc:_evil@example.org?="
    receipt = await take(office, b"From: anna@example.com\r\nSubject: " + subject + b"\r\n\r\n21052 startar inte.\r\n")
    words = "Hej {{7*7}} {name} %(name)s ${name} <b>\r\nBcc: evil@example.org\r\n\r\nMvh Support"
    await desk.reply(office.runtime, AGENT, casenumber.parse(receipt.case) or 0, words)
    await office.sweep()
    assert [taken.recipients for taken in office.server.mails] == [["anna@example.com"]] * 2
    assert [sent["Bcc"] for sent in office.mails] == [None, None]
    assert said(office.mails[-1]).replace("\r\n", "\n").startswith(words.replace("\r\n", "\n"))


async def test_a_file_whose_kind_is_no_header_fails_and_is_not_raised(config: Config) -> None:
    async with MailServer() as server:
        blobs = open_blobs(None, config.data_dir)
        post = MailPost(config.model_copy(update={"outbound_smtp_url": server.url}), blobs)
        kept = Enclosed("a.txt", "text/plain\r\nX: y", await blobs.keep(b"hej"))
        assert (await post.deliver(replace(outgoing("mette@example.com", "Hi"), files=(kept,)))).state == "failed"
    assert server.mails == []


def said(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def outgoing(recipient: str, subject: str) -> Outgoing:
    return Outgoing(
        id=1,
        case=1000,
        report=None,
        channel="email",
        kind="reply",
        recipient=recipient,
        words=Words(subject, "Hello"),
        language="en",
        automatic=False,
        answers=None,
        since=NOW,
        mail_id="<1.seal@support.example>",
    )


def report_about(sent: EmailMessage, action: str, status: str, whom: str | None = None) -> bytes:
    """What a mail server tells about a mail of ours."""
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: Delivery Status Notification\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nAbout your mail.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {whom or sent['To']}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {sent['Message-ID']}\r\n\r\n--b--\r\n"
    ).encode()


async def take(office: Office, raw: bytes) -> Receipt:
    return await office.runtime.intake.accept(mail.read(raw, office.clock.now(), domains=("support.example",)))


async def texts(office: Office, receipt: Receipt) -> list[str]:
    whole = await cases.full(office.runtime.db, casenumber.parse(receipt.case) or 0)
    assert whole is not None
    return [message["text"] for message in whole.messages]


async def shown(office: Office, receipt: Receipt) -> list[str]:
    case = casenumber.parse(receipt.case)
    assert case is not None
    whole = await cases.full(office.runtime.db, case)
    assert whole is not None
    return [message["state"] for message in whole.messages]


async def test_b27_b65_e8_a_late_mail_is_shown_as_late_and_a_lost_one_as_come_back(office: Office) -> None:
    receipt = await office.hear("Charger 21052 does not start.", message_id="<question@example.com>")
    await office.sweep()
    (sent,) = office.mails
    late = await take(office, report_about(sent, "delayed", "4.4.1"))
    assert late.case == receipt.case
    assert await shown(office, receipt) == ["delayed"]
    lost = await take(office, report_about(sent, "failed", "5.1.1"))
    assert lost.case == receipt.case
    assert await shown(office, receipt) == ["bounced"]
    assert [kind for kind in await office.kinds(receipt) if kind in ("delayed", "bounced")] == ["delayed", "bounced"]
    await office.sweep()
    assert len(office.mails) == 1  # nobody answers a bounce


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        (
            "Mail Delivery System <Mailer-Daemon@mx.example>",
            "Warning: message 1kNqZx-0001Ab-7T delayed 24 hours",
            "A message that you sent has not yet been delivered to one or more of its recipients after more than 24 "
            "hours.\r\n\r\n  mette@example.com\r\n    Delay reason: 450 4.2.1 mailbox temporarily unavailable\r\n\r\n"
            "No action is required on your part. Delivery attempts will continue for some time.",
        ),
        (
            "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
            "Warning: could not send message for past 4 hours",
            "** THIS IS A WARNING MESSAGE ONLY **\r\n\r\n-- The following addresses had transient non-fatal errors --"
            "\r\n<mette@example.com>\r\n\r\nWill keep trying until message is 5 days old",
        ),
        (
            "Postmaster@example.com",
            "DELIVERY DELAY: Your report",
            "Your message\r\n\r\nwas not yet delivered to:\r\n\r\n  mette@example.com\r\n\r\nbecause:\r\n\r\n"
            "  Router: Unable to open mailbox file; will retry",
        ),
        (
            "postmaster@example.com",
            "Benachrichtigung zum Übermittlungsstatus (Verzögerung)",
            "DIES IST NUR EINE WARNMELDUNG.\r\n\r\nDie Übermittlung an folgende Empfänger wurde verzögert.\r\n\r\n"
            "       mette@example.com",
        ),
    ],
)
async def test_b65_a_servers_own_words_that_a_mail_is_late_open_no_case_and_kill_no_address(
    office: Office, sender: str, subject: str, text: str
) -> None:
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    returns = office.mails[0]["Message-ID"].strip("<>").partition("@")[0]
    head = f"Return-Path: <>\r\nFrom: {sender}\r\nTo: support+{returns}@support.example\r\nSubject: {subject}\r\n"
    late = await take(office, f"{head}\r\n{text}\r\n".encode())
    assert late.case == receipt.case
    assert await shown(office, receipt) == ["delayed"]
    assert "delayed" in await office.kinds(receipt)
    assert await dead_addresses(office.runtime.db, ["mette@example.com"]) == set()
    await office.sweep()
    assert len(office.mails) == 1


async def test_b65_a_receipt_that_our_mail_was_read_belongs_to_its_case_and_is_answered_by_nobody(
    office: Office,
) -> None:
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    (sent,) = office.mails
    read = (
        "From: Mette <mette@example.com>\r\nTo: support@support.example\r\nSubject: Read: your report\r\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nYour mail was read.\r\n"
        "--b\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; mette@example.com\r\n"
        f"Original-Message-ID: {sent['Message-ID']}\r\nDisposition: manual-action/x; displayed\r\n\r\n--b--\r\n"
    )
    assert (await take(office, read.encode())).case == receipt.case
    await office.sweep(timedelta(hours=2))
    assert (len(office.mails), await shown(office, receipt)) == (1, ["sent"])


async def test_b66_what_a_machine_or_a_list_sends_is_kept_as_a_case_and_answered_by_nobody(office: Office) -> None:
    marks = (
        "Auto-Submitted: auto-generated",
        "Precedence: bulk",
        "List-Id: <alarms.grid.example>",
        "X-Auto-Response-Suppress: All",
        "Return-Path: <>",
        "X-Switchyard-Loop: 1",
        "Reply-To: noreply@grid.example\r\nX-Autoreply: yes",
    )
    for nth, mark in enumerate(marks):
        raw = f"From: host{nth}@grid.example\r\n{mark}\r\nSubject: ALARM\r\n\r\nCharger 21052 is offline, {nth}.\r\n"
        assert (await take(office, raw.encode())).report == nth + 1
    await take(office, b"From: no-reply@grid.example\r\nSubject: ALARM\r\n\r\nCharger 22809 is offline.\r\n")
    await office.sweep()
    assert (office.mails, await office.states()) == ([], [])


def bare_report(to: str, recipient: str) -> bytes:
    """What a mail server tells that returns nothing of the mail."""
    return (
        f"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered Mail\r\n"
        f"Message-ID: <to-{to.partition('@')[0]}@mx.example>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNobody is here.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    ).encode()


async def test_b27_e8_a_bounce_that_returns_nothing_belongs_to_the_mail_whose_sender_it_goes_to(office: Office) -> None:
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    await desk.reply(office.runtime, AGENT, casenumber.parse(receipt.case) or 0, "Please try again.")
    await office.sweep()
    first, second = (taken.sender for taken in office.server.mails)
    assert {one.partition("@")[2] for one in (first, second)} == {"support.example"}, "SPF is for the domain of From"
    assert first != second
    lost = await take(office, bare_report(first, "mette@example.com"))
    assert (lost.case, await shown(office, receipt)) == (receipt.case, ["bounced", "sent"])
    assert await dead_addresses(office.runtime.db, ["mette@example.com"]) == {"mette@example.com"}


async def test_a_mail_that_comes_back_makes_no_second_reporter(office: Office) -> None:
    receipt = await office.hear("Laddare 21052 startar inte.")
    await office.sweep()
    (first,) = office.mails
    await take(office, report_about(first, "failed", "4.2.2"))
    (case,) = await office.runtime.db.rows(
        "SELECT incident FROM cases WHERE id = %(id)s", {"id": casenumber.parse(receipt.case)}
    )
    assert not case["incident"]


@pytest.mark.parametrize(
    "text",
    [
        "Jag är på semester. Det brinner i knutarna, ring jouren om laddaren brinner.",
        "Out of office. Smoke from a charger? Call 112.",
    ],
)
async def test_an_answering_machine_raises_no_case(office: Office, text: str) -> None:
    receipt = await office.hear("Fakturan stämmer inte, ni har dragit dubbelt belopp.")
    await office.sweep()
    (first,) = office.mails
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"] = (
        "mette@example.com",
        first["Reply-To"] or first["From"],
        "Frånvaro",
    )
    answer["In-Reply-To"], answer["Auto-Submitted"], answer["Message-ID"] = (
        first["Message-ID"],
        "auto-replied",
        "<away@example.com>",
    )
    answer.set_content(text)
    answered = await take(office, answer.as_bytes())
    (case,) = await office.runtime.db.rows(
        "SELECT priority, category FROM cases WHERE id = %(id)s", {"id": casenumber.parse(receipt.case)}
    )
    assert answered.case == receipt.case
    assert (case["priority"], case["category"]) == (receipt.priority, receipt.category)


async def test_e8_nobody_who_can_answer_can_tell_that_a_mail_to_another_came_back(office: Office) -> None:
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    (sent,), (taken,) = office.mails, office.server.mails
    address = sent["Reply-To"].addresses[0].addr_spec
    number, _, seal = taken.sender.partition("+")[2].partition("@")[0].partition(".")
    for forged in (f"{number}.{'0' * len(seal)}", f"{int(number) + 1}.{seal}"):
        strange = await take(office, bare_report(f"kundservice+{forged}@support.example", "mette@example.com"))
        assert (strange.case == receipt.case, await shown(office, receipt)) == (False, ["sent"]), forged
        assert strange.queue == "review"
    told = await take(office, bare_report(address, "mette@example.com"))
    assert (told.case, await shown(office, receipt)) == (receipt.case, ["sent"])
    assert await dead_addresses(office.runtime.db, ["mette@example.com"]) == set()


NAMING = (
    "From: postmaster@mx.example\r\nSubject: Undeliverable: hello\r\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain\r\n\r\nYour message did not reach {0}. There is no {0}\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    "Final-Recipient: rfc822; {0}\r\nAction: failed\r\n\r\n--b--\r\n"
)


async def test_a_person_who_is_erased_is_erased_from_what_mail_servers_said_of_letters_to_them(office: Office) -> None:
    for name in ("mette", "annamette"):
        text = f"Charger 21052 does not start, says {name}."
        await office.hear(text, sender=Sender(name=name, email=f"{name}@example.com"))
    await office.sweep()
    told: dict[str, list[int]] = {"mette@example.com": [], "annamette@example.com": []}
    for sent, taken in zip(office.mails, office.server.mails, strict=True):
        to = str(sent["To"])
        for raw in (
            report_about(sent, "delayed", "4.4.7"),
            report_about(sent, "failed", "5.1.1"),
            bare_report(taken.sender, to),
            NAMING.format(to).encode(),
        ):
            told[to].append((await take(office, raw)).report)
    db = office.runtime.db
    person = await find_person(db, "mette@example.com")
    exported = [row["id"] for row in (await export_person(db, person))["reports"]]
    assert exported[1:] == told["mette@example.com"]
    await erase_person(db, office.runtime.blobs, person, AGENT, office.clock.now())
    kept = [row["report_id"] for row in await db.rows("SELECT report_id FROM report_contents ORDER BY report_id")]
    assert kept[1:] == told["annamette@example.com"], "what was said of letters to others stays"


async def test_what_mail_servers_say_of_letters_to_somebody_after_they_were_erased_is_erased_at_once(
    office: Office,
) -> None:
    for name in ("mette", "anna"):
        text = f"Charger 21052 does not start, says {name}."
        await office.hear(text, sender=Sender(name=name, email=f"{name}@example.com"))
    await office.sweep()
    db, (to_mette, to_anna) = office.runtime.db, zip(office.mails, office.server.mails, strict=True)
    person = await find_person(db, "mette@example.com")
    await erase_person(db, office.runtime.blobs, person, AGENT, office.clock.now())
    returned = {}
    for sent, taken in (to_mette, to_anna):
        reports = report_about(sent, "delayed", "4.4.7"), bare_report(taken.sender, str(sent["To"]))
        returned[str(sent["To"])] = [(raw, await take(office, raw)) for raw in reports]
    found = [row["report_id"] for row in await db.rows("SELECT report_id FROM report_contents ORDER BY report_id")]
    assert found[1:] == [receipt.report for _, receipt in returned["anna@example.com"]]
    for raw, receipt in returned["mette@example.com"]:
        assert (await take(office, raw)).report == receipt.report, "the same again is recognised"
    told = [kind for kind in await office.kinds(receipt) if kind in ("delayed", "bounced", "erased")]
    assert told == ["erased", "delayed", "erased", "bounced", "erased", "delayed", "bounced"]
    assert not await traces_of(office, "mette@example")


@pytest.mark.parametrize("by", ["token", "reference"])
async def test_what_answers_by_itself_for_somebody_after_they_were_erased_is_erased_at_once(
    office: Office, by: str
) -> None:
    for name in ("mette", "anna"):
        text = f"Charger 21052 does not start, says {name}."
        await office.hear(text, sender=Sender(name=name, email=f"{name}@example.com"))
    await office.sweep()
    db = office.runtime.db
    person = await find_person(db, "mette@example.com")
    await erase_person(db, office.runtime.blobs, person, AGENT, office.clock.now())
    away = {}
    for sent in office.mails:
        field = f"To: {sent['Reply-To']}" if by == "token" else f"In-Reply-To: {sent['Message-ID']}"
        raw = f"From: {sent['To']}\nSubject: Out of office\nAuto-Submitted: auto-replied\n{field}\n\nI am away.\n"
        away[str(sent["To"])] = raw.encode(), await take(office, raw.encode())
    found = [row["report_id"] for row in await db.rows("SELECT report_id FROM report_contents ORDER BY report_id")]
    assert found[1:] == [away["anna@example.com"][1].report]
    raw, receipt = away["mette@example.com"]
    assert (await take(office, raw)).report == receipt.report, "the same again is recognised"
    assert (await office.kinds(receipt)).count("erased") == 2
    assert not await traces_of(office, "mette@example")
    back = await office.hear("Charger 21052 still does not start.", sender=Sender(email="mette@example.com"))
    assert await find_person(db, "mette@example.com") != person, "whoever writes again is somebody new"
    assert (await take(office, raw.replace(b"away.", b"away until Monday."))).report > back.report
    assert await traces_of(office, "away until Monday")


async def traces_of(office: Office, text: str) -> list[str]:
    """The tables that hold a text."""
    db = office.runtime.db
    tables = await db.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    query = "SELECT 1 FROM {} AS t WHERE t::text LIKE %(text)s LIMIT 1"
    return [one["name"] for one in tables if await db.row(query.format(one["name"]), {"text": f"%{text}%"})]  # type: ignore[arg-type]


async def test_f30_a_relay_that_lets_us_send_from_our_own_address_alone_gets_it(office: Office) -> None:
    def only_ours(address: str) -> str | None:
        sender = office.server.commands[-1].removeprefix("MAIL ")
        return f"553 5.7.1 <{sender}>: Sender address rejected: not owned by us" if "+" in sender else None

    office.server.answer_rcpt = only_ours
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    (taken,) = office.server.mails
    assert taken.sender == office.mails[0]["From"].addresses[0].addr_spec
    assert await shown(office, receipt) == ["sent"]


async def test_a_dead_address_is_remembered_until_somebody_writes_from_it(office: Office) -> None:
    first = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    await take(office, report_about(office.mails[0], "failed", "5.1.1"))
    async with office.runtime.db.transaction() as conn:
        await conn.execute(
            "INSERT INTO messages (case_id, report_id, channel, kind, language, state, created_at, due_at)"
            " SELECT case_id, id, 'email', 'concluded', 'en', 'queued', %(now)s, %(now)s FROM reports LIMIT 1",
            {"now": office.clock.now()},
        )
    assert await dead_addresses(office.runtime.db, ["mette@example.com"]) == {"mette@example.com"}
    await office.sweep()
    assert (len(office.mails), (await shown(office, first))[-1]) == (1, "suppressed")
    await office.sweep(after=timedelta(hours=2))
    await office.hear("Now I have a new phone, and charger 22809 is broken.", message_id="<second@example.com>")
    await office.sweep()
    assert (len(office.mails), await dead_addresses(office.runtime.db, ["mette@example.com"])) == (2, set())


@pytest.mark.parametrize(
    ("status", "dead"),
    [
        ("5.1.1", True),
        ("5.1.10", True),
        ("5.2.1", True),
        ("5.0.0", True),
        ("5.1.8", False),
        ("5.2.2", False),
        ("5.3.4", False),
        ("5.7.26", False),
        ("4.2.2", False),
    ],
)
async def test_e8_an_address_is_dead_where_nobody_is_and_not_where_one_mail_was_not_taken(
    office: Office, status: str, dead: bool
) -> None:
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    await take(office, report_about(office.mails[0], "failed", status))
    assert await shown(office, receipt) == ["bounced"]
    assert await dead_addresses(office.runtime.db, ["mette@example.com"]) == ({"mette@example.com"} if dead else set())


@pytest.mark.parametrize(
    ("whom", "dead"),
    [("other@elsewhere.example", False), ("mette@old.example", False), ("Mette@Example.com", True)],
)
async def test_an_address_is_not_dead_because_another_is_that_its_mail_was_passed_on_to(
    office: Office, whom: str, dead: bool
) -> None:
    await office.hear("Charger 21052 does not start.")
    await office.sweep()
    await take(office, report_about(office.mails[0], "failed", "5.1.1", whom))
    assert await dead_addresses(office.runtime.db, ["mette@example.com"]) == ({"mette@example.com"} if dead else set())


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("bo@exämple.se", "bo@xn--exmple-cua.se"),
        ("bo@xn--exmple-cua.se", "bo@exämple.se"),
        ("kund@straße.example", "KUND@XN--STRAE-OQA.EXAMPLE"),
        ("åsa@malmö.example", "åsa@malmö.example"),
    ],
)
async def test_an_address_is_dead_however_the_server_spells_its_domain(office: Office, written: str, told: str) -> None:
    await office.hear("Charger 21052 does not start.", sender=Sender(email=written))
    await office.sweep()
    await take(office, report_about(office.mails[0], "failed", "5.1.1", told))
    assert await dead_addresses(office.runtime.db, [written]) == {written}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("Auto-Submitted: auto-replied\r\nSubject: Autosvar: Faktura", "waiting"),
        ("Subject: Out of office", "waiting"),
        ("Subject: Re: Faktura", "open"),
    ],
)
async def test_an_answering_machine_is_not_the_customer_that_a_case_waits_for(
    office: Office, headers: str, status: str
) -> None:
    receipt = await office.hear("Ni har dragit dubbelt belopp på min faktura.")
    await office.sweep()
    case = casenumber.parse(receipt.case) or 0
    await desk.reply(office.runtime, AGENT, case, "Hej Mette, vilket datum gäller det?")
    await desk.wait(office.runtime, AGENT, case, office.clock.now() + timedelta(days=3), "väntar på svar")
    await office.sweep(timedelta(minutes=1))
    sent = office.mails[-1]
    raw = (
        f"From: Mette <mette@example.com>\r\nTo: {sent['Reply-To']}\r\n"
        f"In-Reply-To: {sent['Message-ID']}\r\n{headers}\r\n\r\n"
        "Jag kommer tillbaka den 1 oktober.\r\n"
    )
    assert (await take(office, raw.encode())).case == receipt.case
    mails = len(office.mails)
    for _ in range(2):
        await office.sweep(timedelta(minutes=1))
    rows = await office.runtime.db.rows("SELECT status FROM cases WHERE id = %(case)s", {"case": case})
    assert rows[0]["status"] == status
    assert len(office.mails) == mails or status == "open"


async def test_a_question_that_came_back_ends_the_waiting_for_its_answer(office: Office) -> None:
    receipt = await office.hear("Ni har dragit dubbelt belopp på min faktura.")
    case = casenumber.parse(receipt.case) or 0
    await desk.reply(office.runtime, AGENT, case, "Hej Mette, vilket datum gäller det?")
    await desk.wait(office.runtime, AGENT, case, office.clock.now() + timedelta(days=3), "väntar på svar")
    await office.sweep(timedelta(minutes=1))
    await take(office, report_about(office.mails[-1], "failed", "5.1.1"))
    await office.sweep(timedelta(minutes=1))
    rows = await office.runtime.db.rows("SELECT status FROM cases WHERE id = %(case)s", {"case": case})
    assert rows[0]["status"] == "open"


async def test_an_agents_reply_carries_files_and_what_it_answers(office: Office) -> None:
    receipt = await office.hear("Laderen 21052 starter ikke.", message_id="<question@example.com>")
    case = casenumber.parse(receipt.case)
    assert case is not None
    await office.sweep()
    files = [Attachment("vejledning – ny.pdf", "application/pdf", b"%PDF-1.7 x")]
    await desk.reply(office.runtime, AGENT, case, "Se den vedlagte vejledning.", "email", files)
    with pytest.raises(desk.Refused):
        await desk.reply(office.runtime, AGENT, case, "Kort.", "sms", files)
    await office.sweep()
    reply = office.mails[-1]
    (enclosed,) = reply.iter_attachments()
    assert (enclosed.get_filename(), enclosed.get_content()) == ("vejledning – ny.pdf", b"%PDF-1.7 x")
    assert "skrev Mette:\n> Laderen 21052 starter ikke." in said(reply).replace("\r\n", "\n")
    assert reply["Auto-Submitted"] is None
    assert await shown(office, receipt) == ["sent", "sent"]


async def test_b67_two_machines_that_answer_each_other_fall_silent(office: Office) -> None:
    """An answering machine that says nowhere that it is one."""
    await office.hear("Charger 21052 does not start.", message_id="<question@example.com>")
    for nth in range(30):
        await office.sweep(after=timedelta(minutes=61))
        newest = office.mails[-1]
        raw = (
            f"From: Mette <mette@example.com>\r\nTo: {newest['Reply-To']}\r\nMessage-ID: <auto{nth}@example.com>\r\n"
            f"In-Reply-To: {newest['Message-ID']}\r\nSubject: Re: {newest['Subject']}\r\n\r\n"
            f"Thank you for your mail number {nth}, I am away and read it when I am back.\r\n"
        )
        await take(office, raw.encode())
    await office.sweep(after=timedelta(minutes=61))
    assert len(office.mails) == 1
    assert (await office.runtime.db.rows("SELECT count(*) AS n FROM reports"))[0]["n"] == 31


@pytest.mark.parametrize(
    ("text", "most", "answers"),
    [
        (
            "Hello,\n\nyour mail reached the Acme team. Ticket number: ACME-{n}. We will look at it during the day.",
            2,
            True,
        ),
        ("Hej!\n\nDitt mejl har kommit fram. Referens: {n}. En handläggare tittar på det under dagen.", 2, True),
        ("Hej!\n\nDitt mejl har kommit fram. Referens: {n}. En handläggare tittar på det under dagen.", 2, False),
        ("We no longer use this address. Please write to new@acme.example or call 08-123456.", 2, False),
        ("Hello {word}, somebody here has your mail and comes back to you.", 5, True),
        ("Your case {n} is with {word}. If there is smoke or fire at the charger, call 112 at once.", 5, True),
    ],
)
async def test_b67_a_machine_that_answers_from_another_address_each_time_falls_silent(
    office: Office, text: str, most: int, answers: bool
) -> None:
    await office.hear("Charger 21052 does not start.", sender=Sender(email="ticket-0@desk.example"))
    await office.sweep()
    for nth in range(1, 9):
        newest = office.mails[-1]
        told = f"To: {newest['Reply-To']}\r\nIn-Reply-To: {newest['Message-ID']}\r\n" if answers else ""
        raw = (
            f"From: Acme Support <ticket-{nth}@desk.example>\r\n{told}Subject: [Acme] {newest['Subject']}\r\n"
            f"Message-ID: <d{nth}@desk.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            f"{text.format(n=nth, word='abcdefghi'[nth] * 9)}\r\n"
        )
        await take(office, raw.encode())
        await office.sweep(timedelta(minutes=1))
    assert len([one for one in office.mails if "desk.example" in one["To"]]) <= most


async def test_neighbours_at_one_domain_who_say_the_same_are_all_acknowledged(office: Office) -> None:
    for nth in range(5):
        await office.hear("Charger 21052 does not start.", sender=Sender(email=f"neighbour{nth}@mail.example"))
    await office.sweep()
    assert len(office.mails) == 5


async def test_b67_e10_an_address_is_acknowledged_ten_times_a_day_at_most(office: Office) -> None:
    for nth in range(1, 14):
        sender = Sender(email="script@example.com")
        await office.hear(f"The charger does not start {nth}.", sender=sender, site=f"s{nth:03d}")
    await office.sweep()
    assert len(office.mails) == 10


async def test_a_reply_that_is_too_long_for_a_text_is_refused_and_goes_by_mail(office: Office) -> None:
    sender = Sender(phone="+46701740605", email="mette@example.com")
    receipt = await office.hear("Laddare 21052 startar inte", channel=Channel.SMS, sender=sender)
    case = casenumber.parse(receipt.case)
    for text in ("å" * 1601, "ord " * 1250):
        for by in ("sms", None):
            with pytest.raises(desk.Refused, match=r"text: too long for an SMS"):
                await desk.reply(office.runtime, AGENT, case, text, by)
        await desk.reply(office.runtime, AGENT, case, text, "email")
    await desk.reply(office.runtime, AGENT, case, "å" * 1600, "sms")
    assert (await office.kinds(receipt)).count("replied") == 3


async def test_an_answer_whose_form_comes_twice_is_sent_once(office: Office) -> None:
    receipt = await office.hear("Laderen 21052 starter ikke.")
    case = casenumber.parse(receipt.case) or 0
    await office.sweep()
    files = [Attachment("vejledning.pdf", "application/pdf", b"%PDF-1.7 x")]

    async def write(text: str, *, by: desk.Actor = AGENT, enclosed: Sequence[Attachment] = ()) -> int:
        await desk.reply(office.runtime, by, case, text, "email", enclosed)
        return len(await office.states())

    twice = await asyncio.gather(write("Se her.", enclosed=files), write("Se her.", enclosed=files))
    assert max(twice) == 2
    assert await write("Se her.") == 3, "without the file it is another letter"
    assert await write("Se også her.") == 4
    assert await write("Se her.", by=replace(AGENT, id="a02")) == 5
    office.clock.forward(timedelta(minutes=3))
    assert await write("Se her.", enclosed=files) == 6
    assert (await office.kinds(receipt)).count("replied") == 5


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@mx.example", "Mail Delivery System"])
@pytest.mark.parametrize("together", [False, True])
async def test_what_mail_servers_say_of_our_letters_makes_no_second_reporter(
    office: Office, sender: str, together: bool
) -> None:
    receipt = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    await desk.reply(office.runtime, AGENT, casenumber.parse(receipt.case) or 0, "We are on it.")
    await office.sweep(timedelta(minutes=1))
    told = [report_about(sent, "delayed", "4.4.7") for sent in office.mails]
    raws = [raw.replace(b"MAILER-DAEMON@mx.example", sender.encode()) for raw in told]
    if together:
        await asyncio.gather(*(take(office, raw) for raw in raws))
    else:
        assert [(await take(office, raw)).case for raw in raws] == [receipt.case] * 2
    await office.hear("It still does not start, charger 21052.")
    found = await office.runtime.db.rows("SELECT incident FROM cases")
    assert found == [{"incident": False}]
    await office.hear("Charger 21052 is dead.", sender=Sender(name="Bo", email="bo@example.org"))
    assert await office.runtime.db.rows("SELECT incident FROM cases") == [{"incident": True}]
