"""Robots are known, no human is taken for one, and a bounce says which mail of ours it is about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.mail import read

NOW = datetime(2026, 9, 28, tzinfo=UTC)


def mail(*fields: str, body: str = "Hej", sender: str = "anna@example.org") -> bytes:
    return "\r\n".join([f"From: {sender}", *fields, "", body]).encode()


AUTO = [
    ("Auto-Submitted: auto-replied", "Subject: Re: x"),
    ("Auto-Submitted: auto-replied (vacation)",),
    (
        "auto-submitted: auto-generated",
        "In-Reply-To: <1@support.example>",
        "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent",
    ),
    ("X-Autoreply: yes",),
    ("X-Autorespond: Re: hej",),
    ("Precedence: auto_reply",),
    ("Subject: Automatic reply: Case",),
    ("Subject: Autosvar: Ärende",),
    ("Subject: Automatiskt svar: Ärende",),
    ("Subject: Automatisk svar: Sak",),
    ("Subject: Automaattinen vastaus: Asia",),
    ("Subject: Automatische Antwort: Fall",),
    ("Subject: Out of Office: Case",),
    ("Subject: Out of office",),
    ("Subject: =?utf-8?q?Fr=C3=A5nvarande=3A_=C3=84rende?=",),
    ("Subject: Abwesenheitsnotiz: Fall",),
    ("Subject: Poissaoloilmoitus: Asia",),
    ("Subject: Ikke til stede: Sak",),
]


@pytest.mark.parametrize("fields", AUTO)
def test_b66_answering_machines_are_known(fields: tuple[str, ...]) -> None:
    report = read(mail(*fields), NOW)
    assert report.auto_reply
    assert not report.bounce
    assert "no_answer" in report.flags
    assert report.text == "Hej"


HUMAN = [
    ("Subject: Re: Automatic reply: Case",),
    ("Subject: SV: Autosvar: Ärende",),
    ("Subject: Out of office hours your charger is broken",),
    ("Subject: Frånvaro av laddning",),
    ("Auto-Submitted: no", "Subject: Autosvar: x"),
    ("List-Id: <elbil.example>", "Precedence: list", "Subject: Laddaren"),
    ("Precedence: bulk", "Subject: Hej"),
    ("X-Auto-Response-Suppress: OOF", "Subject: Laddaren"),
    ("X-Auto-Response-Suppress: None",),
    ("Subject: Mail delivery failed last week",),
    ("Subject: Undeliverable parcel at the charger", "Return-Path: <anna@example.org>"),
    ("Subject: Poissa käytöstä: laturi 24352",),
    ("Subject: Autonomous charging",),
]


@pytest.mark.parametrize("fields", HUMAN)
def test_no_human_is_taken_for_a_robot(fields: tuple[str, ...]) -> None:
    report = read(mail(*fields), NOW)
    assert not report.auto_reply
    assert not report.bounce


def test_b66_monitoring_may_report_a_fault() -> None:
    report = read(mail("Auto-Submitted: auto-generated", "Subject: ALARM charger 24352 offline"), NOW)
    assert not report.auto_reply
    assert set(report.flags) == {"automatic", "no_answer"}


@pytest.mark.parametrize(
    ("fields", "sender"),
    [
        (("List-Id: <x.example>",), "anna@example.org"),
        (("Precedence: junk",), "anna@example.org"),
        (("X-Auto-Response-Suppress: All",), "anna@example.org"),
        (("Return-Path: <>",), "anna@example.org"),
        ((), "no-reply@example.org"),
        ((), "donotreply@example.org"),
        ((), "MAILER-DAEMON@example.org"),
        ((), "kundservice@support.example"),
        (("X-Switchyard-Loop: 1",), "anna@example.org"),
    ],
)
def test_b66_b67_who_must_not_be_answered(fields: tuple[str, ...], sender: str) -> None:
    report = read(mail(*fields, sender=sender), NOW, domains={"support.example"})
    assert "no_answer" in report.flags


def test_people_may_be_answered() -> None:
    assert read(mail("Subject: x"), NOW, domains={"support.example"}).flags == ()


def dsn(
    action: str = "failed",
    status: str = "5.1.1",
    returned: str = "message/rfc822",
    report_type: str = "delivery-status",
) -> bytes:
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f'Content-Type: multipart/report; report-type={report_type}; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt did not arrive.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; Anna@Example.org\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 no\r\n\r\n--b\r\nContent-Type: {returned}\r\n\r\nFrom: us@support.example\r\n"
        "Message-ID: <1042.a.b@support.example>\r\nSubject: x\r\n\r\nold\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_b27_b65_a_bounce_names_our_mail(returned: str) -> None:
    report = read(dsn(returned=returned), NOW)
    assert report.bounce
    assert report.auto_reply
    assert report.text == "It did not arrive."
    assert report.attachments == ()
    assert report.thread.references == ("<1042.a.b@support.example>",)
    (delivery,) = report.deliveries
    assert (delivery.recipient, delivery.action, delivery.status) == ("anna@example.org", "failed", "5.1.1")
    assert delivery.message_id == "<1042.a.b@support.example>"


def test_a_delivery_report_of_success_is_no_bounce() -> None:
    report = read(dsn("delivered", "2.0.0"), NOW)
    assert report.auto_reply
    assert not report.bounce
    assert report.deliveries[0].action == "delivered"


def test_a_delay_is_told_as_one() -> None:
    report = read(dsn("delayed", "4.4.1"), NOW)
    assert (report.auto_reply, report.bounce) == (True, False)
    assert report.deliveries[0].action == "delayed"


def test_b65_a_read_receipt_is_automatic_and_no_bounce() -> None:
    raw = (
        b"From: anna@example.org\r\nSubject: Read: x\r\n"
        b'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nIt was read.\r\n"
        b"--b\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; anna@example.org\r\n"
        b"Original-Message-ID: <1042.a.b@support.example>\r\nDisposition: manual-action/x; displayed\r\n\r\n--b--\r\n"
    )
    report = read(raw, NOW)
    assert (report.auto_reply, report.bounce) == (True, False)
    assert report.thread.references[:1] == ("<1042.a.b@support.example>",)
    assert report.attachments == ()


QMAIL = """Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<anna@example.org>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <us@support.example>
Message-ID: <1042.a.b@support.example>
Subject: x

old words
"""
EXIM = """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  anna@example.org
    host mx.example.org [192.0.2.1]: 550 unknown user

------ This is a copy of the message, including all the headers. ------

Return-path: <us@support.example>
Message-ID: <1042.a.b@support.example>

old words
"""


LATE = """This is the mail system at mx.example.

Your message to <anna@example.org> has not yet been delivered; we will keep trying for three days.
"""
FIELDS = """We were not able to send your mail on.

Final-Recipient: rfc822; anna@example.org
Action: failed
Status: 5.1.1
"""


@pytest.mark.parametrize(
    ("fields", "sender", "body"),
    [
        (("Return-Path: <>", "Subject: failure notice"), "MAILER-DAEMON@mx.example", QMAIL),
        (
            ("Subject: Mail delivery failed: returning message to sender", "X-Failed-Recipients: anna@example.org"),
            "Mailer-Daemon@mx.example",
            EXIM,
        ),
    ],
)
def test_bounces_without_a_report_are_known(fields: tuple[str, ...], sender: str, body: str) -> None:
    report = read(mail(*fields, body=body, sender=sender), NOW)
    assert report.bounce
    assert "old words" not in report.text
    assert "anna@example.org" in report.text
    assert [delivery.recipient for delivery in report.deliveries] == ["anna@example.org"]
    assert report.thread.references[0] == "<1042.a.b@support.example>"


@pytest.mark.parametrize("named", ["MAILER-DAEMON <>", "<>", "Mail Delivery System <MAILER-DAEMON>"])
def test_b27_a_notice_from_nobody_is_a_bounce(named: str) -> None:
    raw = f"From: {named}\r\nTo: us@support.example\r\nSubject: Mail delivery failed\r\n\r\n{FIELDS}".encode()
    report = read(raw, NOW)
    assert (report.auto_reply, report.bounce) == (True, True)
    assert [(d.recipient, d.status) for d in report.deliveries] == [("anna@example.org", "5.1.1")]


def test_b27_a_notice_that_a_mail_is_late_is_no_bounce() -> None:
    fields = ("Return-Path: <>", "Subject: Delayed mail")
    report = read(mail(*fields, body=LATE, sender="mailer-daemon@mx.example"), NOW)
    assert (report.auto_reply, report.bounce) == (True, False)
    assert [(d.recipient, d.action) for d in report.deliveries] == [("anna@example.org", "delayed")]


def test_b27_who_sends_a_bounce_on_is_a_person() -> None:
    inner = dsn().decode().replace("\r\n", "\n")
    body = (
        f"--c\nContent-Type: text/plain\n\nThis came back, why?\n--c\nContent-Type: message/rfc822\n\n{inner}\n--c--\n"
    )
    fields = ("Subject: Fwd: Undelivered Mail Returned to Sender", 'Content-Type: multipart/mixed; boundary="c"')
    report = read(mail(*fields, body=body), NOW)
    assert (report.auto_reply, report.bounce, report.deliveries) == (False, False, ())
    assert report.text == "This came back, why?"


def test_a_postmaster_is_a_person_too() -> None:
    report = read(mail("Subject: Laddaren vid vårt kontor är trasig", sender="postmaster@company.example"), NOW)
    assert not report.bounce
    assert not report.auto_reply


def test_an_abuse_report_is_automatic() -> None:
    raw = dsn(report_type="feedback-report")
    report = read(raw, NOW)
    assert (report.auto_reply, report.bounce) == (True, False)
