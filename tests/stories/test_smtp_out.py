"""Our mails reach the relay whole, once where that can be known; nothing in them becomes a header or a command."""

from __future__ import annotations

import asyncio
import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from channels.mail import read
from channels.outbound import Deferred, File, Mail, Refused, Sent, Unsendable, compose, send
from tests.fakes.mail import MailServer

NOW = datetime(2026, 9, 21, 13, 44, tzinfo=UTC)
LETTER = Mail(
    message_id="<7.seal@support.example>",
    date=NOW,
    sender="kundservice@support.example",
    sender_name="Kundservice, Räv & Co",
    recipient="anna@example.org",
    reply_to="reply+1042.seal@support.example",
    subject="Vi har tagit emot ditt ärende [#1042-9]",
    text="Hej,\n\nföljs <här>: https://support.example/s/abc_-1.\n.En punkt\n<b>inte fet</b>\n",
    in_reply_to="<1@example.org>",
    references=["<0@example.org>", "<1@example.org>", "bad\r\nX: y"],
    language="sv",
)


def test_a_composed_mail_says_what_it_should() -> None:
    raw = compose(LETTER)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"] == LETTER.subject
    assert message["In-Reply-To"] == "<1@example.org>"
    assert message["References"] == "<0@example.org> <1@example.org>"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Content-Language"] == "sv"
    assert message["From"].addresses[0].addr_spec == "kundservice@support.example"
    assert message["From"].addresses[0].display_name == "Kundservice, Räv & Co"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == LETTER.text
    assert '&lt;här&gt;: <a href="https://support.example/s/abc_-1">' in html.get_content()
    assert "&lt;b&gt;inte fet&lt;/b&gt;" in html.get_content()


def test_what_an_agent_set_in_is_set_in_in_both_forms() -> None:
    text = "Gör så här:\n1. Dra ur kabeln\n   a. vänta\n\tb. sätt i den\n\n  Pris   kr\n  10      5  > 3\n"
    message = email.message_from_bytes(compose(replace(LETTER, text=text)), policy=email.policy.default)
    html = message.get_body(("html",))
    assert html is not None
    shown = html.get_content().replace("\r\n", "\n").partition("<body")[2]
    assert "1. Dra ur kabeln<br>\n&nbsp;&nbsp;&nbsp;a. vänta<br>\n&nbsp;&nbsp;&nbsp;&nbsp;b. sätt" in shown
    assert (
        "<p>&nbsp;&nbsp;Pris &nbsp;&nbsp;kr<br>\n&nbsp;&nbsp;10 &nbsp;&nbsp;&nbsp;&nbsp;&nbsp;5 &nbsp;&gt; 3</p>"
        in shown
    )


def test_only_mails_that_no_person_wrote_say_that_they_are_ours() -> None:
    for automatic in (True, False):
        message = email.message_from_bytes(compose(replace(LETTER, automatic=automatic)))
        assert ("X-Switchyard-Loop" in message) is automatic


def test_message_ids_of_any_length_go_out_as_they_came() -> None:
    theirs = [
        f"<AM0PR08MB3412F5A9B1D7C6E9F3B1234567890AB{'0' * nth}@AM0PR08MB3412.eurprd08.prod.outlook.com>"
        for nth in (0, 1, 400)
    ]
    for one in theirs:
        raw = compose(replace(LETTER, message_id=one, in_reply_to=one, references=theirs))
        head = raw.split(b"\r\n\r\n", 1)[0].decode("ascii")
        chain = "\r\n ".join(dict.fromkeys([*theirs, one]))
        assert f"\r\nIn-Reply-To: {one}\r\n" in head
        assert f"\r\nReferences: {chain}\r\n" in head
        assert f"Message-ID: {one}\r\n" in head
        assert read(raw, NOW).thread.references[0] == one


@pytest.mark.parametrize(
    "subject",
    [
        "Re: laddaren i 3) försöker /Örjan på åtgärdat starta 3) på fungerar var fast när sa tack försöker igen",
        "Sv: två  blanka, åtta rader och en punkt. Uttag nummer fem är trasigt igen; därför skriver jag en gång till",
        "Re: plain words, more of them than a line of a header holds, and two  blanks at the place where it is folded",
        "Re: [#1042-9] =?utf-8?q?a=0D=0ABcc:_x@y?=",
        "Re: =?utf-8?b?w6U=?= ö 🔥",
        f"Å{'ä' * 200}",
        "x" * 2000,
        "",
    ],
)
def test_a_subject_goes_out_as_it_was_written(subject: str) -> None:
    raw = compose(replace(LETTER, subject=subject))
    assert email.message_from_bytes(raw, policy=email.policy.default)["Subject"] == subject
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\r\nBcc" not in raw


def test_composed_again_it_is_the_same_mail() -> None:
    letter = replace(LETTER, files=[File("bild.png", "image/png", b"\x89PNG")])
    assert compose(letter) == compose(letter)


def test_a_persons_reply_is_not_marked_automatic_and_quotes_what_it_answers() -> None:
    letter = replace(
        LETTER,
        automatic=False,
        quoted="Laddaren är död.\n\nHälsningar Anna",
        files=[File("å.pdf", "application/pdf", b"%PDF")],
    )
    message = email.message_from_bytes(compose(letter), policy=email.policy.default)
    assert message["Auto-Submitted"] is None
    assert message["Precedence"] is None
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").endswith("> Laddaren är död.\n>\n> Hälsningar Anna\n")
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("å.pdf", b"%PDF")


def test_an_answer_carries_what_our_mail_was_sent_with() -> None:
    sent = read(compose(LETTER), NOW)
    fields = [
        "From: a@b.example",
        f"To: {LETTER.reply_to}",
        f"In-Reply-To: {sent.message_id}",
        "Subject: Re: [#1042-9]",
    ]
    thread = read("\n".join([*fields, "", "Ja", ""]).encode(), NOW, domains={"support.example"}).thread
    assert (thread.token, thread.references, thread.subject) == ("1042.seal", (LETTER.message_id,), "1042-9")


def test_our_own_mail_coming_back_is_known() -> None:
    flags = read(compose(LETTER), NOW, domains={"support.example"}).flags
    assert "from_ourselves" in flags
    assert "no_answer" in flags


INJECTIONS = [
    "x\r\nBcc: evil@example.org",
    "x\nBcc: evil@example.org",
    "x\rBcc: evil@example.org",
    "x\0",
    "x\u2028Bcc: y",
    "x\x0bBcc: y",
    "x\x85Bcc: y",
]


@pytest.mark.parametrize("bad", INJECTIONS)
@pytest.mark.parametrize(
    "field", ["subject", "sender_name", "message_id", "sender", "recipient", "reply_to", "language"]
)
def test_b100_k15_nothing_adds_a_header(field: str, bad: str) -> None:
    with pytest.raises(Unsendable):
        compose(replace(LETTER, **{field: bad}))  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", INJECTIONS)
def test_b100_k15_nor_do_references_texts_and_file_names(bad: str) -> None:
    letter = replace(LETTER, in_reply_to=f"<{bad}@x>", references=[f"<{bad}@x>"], text=bad, quoted=bad)
    message = email.message_from_bytes(compose(letter))
    assert message["Bcc"] is None
    assert message["References"] is None
    with pytest.raises(Unsendable):
        compose(replace(LETTER, files=[File(bad, "text/plain", b"x")]))


@pytest.mark.parametrize(
    "recipient",
    [
        "a@b>\r\nRCPT TO:<x",
        "a@b.example\r\nDATA",
        "a b@c.example",
        "<a@b.example>",
        "a@b.example,c@d.example",
        "",
        "a@",
        "@b",
        "a@b\0c",
    ],
)
async def test_b104_a_bad_recipient_is_refused_before_connecting(recipient: str) -> None:
    async with MailServer() as server:
        assert isinstance(await send(compose(LETTER), LETTER.sender, recipient, server.url), Refused)
        assert not server.met


async def test_a_mail_arrives_as_composed() -> None:
    raw = compose(LETTER)
    async with MailServer() as server:
        assert isinstance(await send(raw, LETTER.sender, LETTER.recipient, server.url), Sent)
    (taken,) = server.mails
    assert (taken.sender, taken.recipients, taken.raw) == (LETTER.sender, [LETTER.recipient], raw)


async def test_b103_f30_later_never_and_perhaps() -> None:
    raw = compose(LETTER)

    async def attempt(server: MailServer) -> Sent | Deferred | Refused:
        return await send(raw, LETTER.sender, LETTER.recipient, server.url, timeout=0.5)

    async with MailServer(answer_rcpt=lambda address: "450 4.2.0 greylisted") as server:
        assert await attempt(server) == Deferred("450 4.2.0 greylisted")
        server.answer_rcpt = lambda address: "550 5.1.1 no such user"
        assert await attempt(server) == Refused("550 5.1.1 no such user")
        server.answer_rcpt = lambda address: None
        hanging = asyncio.Event()

        async def never() -> None:
            await hanging.wait()

        server.answer_data = never
        perhaps = await attempt(server)
        assert isinstance(perhaps, Deferred)
        assert perhaps.uncertain
        hanging.set()
        server.answer_data = None
        assert isinstance(await attempt(server), Sent)
        identities = {email.message_from_bytes(mail.raw)["Message-ID"] for mail in server.mails}
        assert identities == {LETTER.message_id}
        url = server.url
    gone = await send(raw, LETTER.sender, LETTER.recipient, url, timeout=1)
    assert isinstance(gone, Deferred)
    assert not gone.uncertain


@pytest.mark.parametrize(
    ("answer", "later"),
    [
        ("550 5.4.5 Daily user sending limit exceeded", True),
        ("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", True),
        ("554 5.7.1 <anna@example.org>: Relay access denied", True),
        ("550 5.7.1 Greylisted, please try again in 300 seconds", True),
        ("550 Too many messages from you this hour", True),
        ("552 5.2.2 Mailbox quota exceeded, try again later", False),
        ("550 5.1.1 No such user, relaying denied", False),
        ("552 5.3.4 Message size exceeds the limit", False),
        ("550 5.7.1 Refused as spam", False),
    ],
)
async def test_what_is_about_us_and_over_later_is_said_later_whatever_its_code(answer: str, later: bool) -> None:
    raw = compose(LETTER)
    async with MailServer(answer_rcpt=lambda address: answer) as server:
        found = await send(raw, LETTER.sender, LETTER.recipient, server.url)
    assert found == (Deferred(answer) if later else Refused(answer))


async def test_an_international_address_goes_where_it_is_understood() -> None:
    letter = replace(LETTER, recipient="åsa@example.org")
    async with MailServer() as server:
        assert isinstance(await send(compose(letter), letter.sender, letter.recipient, server.url), Sent)
    assert server.mails[0].recipients == ["åsa@example.org"]


async def test_a_domain_beyond_ascii_is_reached_through_any_relay() -> None:
    letter = replace(
        LETTER, recipient="kund@malmö.example", sender="vi@straße.example", reply_to="vi+7.seal@straße.example"
    )
    async with MailServer(international=False) as server:
        assert isinstance(await send(compose(letter), letter.sender, letter.recipient, server.url), Sent)
        named = await send(compose(letter), letter.sender, "åsa@malmö.example", server.url)
        assert named == Refused("the relay cannot take this address")
    (taken,) = server.mails
    assert (taken.sender, taken.recipients) == ("vi@xn--strae-oqa.example", ["kund@xn--malm-8qa.example"])
    message = email.message_from_bytes(taken.raw, policy=email.policy.default)
    assert message["To"] == "kund@xn--malm-8qa.example"
    assert message["Reply-To"].addresses[0].addr_spec == "vi+7.seal@xn--strae-oqa.example"
    with pytest.raises(Unsendable):
        compose(replace(letter, recipient="kund@malmö.example\r\nBcc: evil@example.org"))
