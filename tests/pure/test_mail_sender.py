"""Who a mail is from: the mailbox that was checked, not the name that is shown."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import pytest

from channels.mail import read
from channels.mail.address import Mailbox, author, mailboxes
from channels.outbound import address
from channels.verification import passed, told_by

NOW = datetime(2026, 9, 28, tzinfo=UTC)
OWNER = "owner@site.example"

FROMS = [
    ("Anna <anna@x.example>", "anna@x.example", "Anna", False),
    ("anna@x.example", "anna@x.example", None, False),
    ("<anna@x.example>", "anna@x.example", None, False),
    ("ANNA@X.Example (Anna Berg)", "anna@x.example", "Anna Berg", False),
    ('"Berg, Anna" <anna@x.example>', "anna@x.example", "Berg, Anna", False),
    ("Berg, Anna <anna@x.example>", "anna@x.example", "Anna", False),
    ('"anna@x.example" <anna@x.example>', "anna@x.example", "anna@x.example", False),
    ("=?UTF-8?B?Tm9yw6luLCBMYXJz?= <lars@x.example>", "lars@x.example", "Norén, Lars", False),
    ("åsa@x.example", "åsa@x.example", None, False),
    ("Pia (at work) <pia(her mail)@x.example(the host)>", "pia@x.example", "Pia", False),
    ('"q uoted"@x.example', '"q uoted"@x.example', None, False),
    (f"{OWNER} <evil@y.example>", "evil@y.example", OWNER, True),
    (f'"{OWNER}" <evil@y.example>', "evil@y.example", OWNER, True),
    ("=?utf-8?q?owner=40site=2Eexample?= <evil@y.example>", "evil@y.example", OWNER, True),
    (f"<evil@y.example> ({OWNER})", "evil@y.example", OWNER, True),
    (f"{OWNER}, <evil@y.example>", OWNER, None, True),
    (f"<{OWNER}> <evil@y.example>", "evil@y.example", None, True),
    ("owner＠site.example <evil@y.example>", "evil@y.example", "owner＠site.example", True),
    ("Anna <anna@x.example.>", "anna@x.example", "Anna", False),
    ('"Anna"anna@x.example', "anna@x.example", None, True),
    ('"Anna Berg"anna@x.example', "anna@x.example", None, True),
    ("Anna Berg &lt;anna@x.example&gt;", "anna@x.example", None, True),
    ("=?utf-8?b?QW5uYSA8YW5uYUB4LmV4YW1wbGU+?=", "anna@x.example", "Anna", True),
    ("=?utf-8?b?b3duZXJAc2l0ZS5leGFtcGxl?=", OWNER, None, True),
]


@pytest.mark.parametrize(("value", "address", "name", "odd"), FROMS)
def test_k7_the_mailbox_not_the_display_name(value: str, address: str, name: str | None, odd: bool) -> None:
    box = author([value])
    assert box is not None
    assert (box.address, box.odd) == (address, odd)
    if name is not None:
        assert box.name == name


def test_k8_encoded_words_are_decoded_after_the_mailboxes_were_found() -> None:
    box = author([f"=?utf-8?q?evil=40x.y=2C?= {OWNER}"])
    assert box is not None
    assert box.odd
    box = author(["=?utf-8?q?owner=40site=2Eexample=3E=2C_=3Cx?= <evil@y.example>"])
    assert box is not None
    assert (box.address, box.odd) == ("evil@y.example", True)


@pytest.mark.parametrize(
    "value",
    [
        "<",
        "<a@[",
        '"',
        "a@",
        "",
        ",,,",
        "(" * 3000,
        '"' * 30_000,
        "<" * 5000,
        "a" * 9000 + "@b",
        "@",
        "undisclosed-recipients:;",
        "\\",
        "=?utf-8?q??=",
    ],
)
def test_k9_broken_senders_are_nobody(value: str) -> None:
    assert mailboxes(value) == []
    report = read(f"From: {value}\r\nSubject: x\r\n\r\ny".encode(), NOW)
    assert report.sender.email is None


def test_several_senders_are_believed_in_nothing() -> None:
    box = author([OWNER, "evil@y.example"])
    assert box is not None
    assert box.odd


AR = "mx.support.example; {}"
TRUSTED = ("support.example",)
RESULTS = [
    ("dmarc=pass (p=none) header.from=site.example", True),
    ("spf=pass smtp.mailfrom=site.example; dkim=pass header.d=site.example; dmarc=pass header.from=site.example", True),
    ("dkim=pass header.d=site.example", True),
    ("dkim=pass header.i=@site.example header.d=site.example header.s=a", True),
    ("dmarc=fail header.from=site.example", False),
    ("dmarc=none header.from=site.example", False),
    ("dmarc=pass header.from=evil.example", False),
    ("dmarc=fail header.from=site.example; dkim=pass header.d=site.example", False),
    ("dkim=pass header.d=evil.example", False),
    ("dkim=pass header.d=example", False),
    ("spf=pass smtp.mailfrom=site.example", False),
    ("none", False),
    ("", False),
    (";;;(((", False),
    ('dmarc=pass header.from="site.example', False),
]


def verified(address: str, results: list[str], trusted: Collection[str]) -> bool:
    return passed(address, told_by(results, trusted))


@pytest.mark.parametrize(("results", "believed"), RESULTS)
def test_b42_verified_by_our_own_server_only(results: str, believed: bool) -> None:
    assert verified(OWNER, [AR.format(results)], TRUSTED) is believed
    assert not verified(OWNER, [f"mx.evil.example; {results}"], TRUSTED)
    assert not verified(OWNER, [f"evilsupport.example; {results}"], TRUSTED)
    assert not verified(OWNER, [AR.format(results)], ())


def test_b42_only_the_topmost_of_ours_counts() -> None:
    good, bad = AR.format("dmarc=pass header.from=site.example"), AR.format("dmarc=fail header.from=site.example")
    assert not verified(OWNER, [bad, good], TRUSTED)
    assert verified(OWNER, ["mx.elsewhere.example; dmarc=fail", good, bad], TRUSTED)


@pytest.mark.parametrize("value", [entry[0] for entry in FROMS if entry[3]])
def test_b42_an_odd_sender_is_never_verified(value: str) -> None:
    for domain in ("site.example", "y.example"):
        results = AR.format(f"dmarc=pass header.from={domain}")
        raw = f"Authentication-Results: {results}\r\nFrom: {value}\r\n\r\nx".encode()
        assert not read(raw, NOW, trusted_authserv=TRUSTED).sender.verified


def test_a_vouched_sender_is_verified() -> None:
    results = AR.format("\r\n dmarc=pass header.from=site.example")
    raw = f"Authentication-Results: {results}\r\nFrom: Owner <{OWNER}>\r\n\r\nx".encode()
    assert read(raw, NOW, trusted_authserv=TRUSTED).sender.verified
    assert not read(raw, NOW).sender.verified


@pytest.mark.parametrize(
    ("fields", "others"),
    [
        ("To: support@us.example", ()),
        ("To: support@us.example\nCc: Ordf <ORDF@brf.example>", ("ordf@brf.example",)),
        ("To: support@us.example, b@y.example\nCc: b@y.example, c@z.example", ("b@y.example", "c@z.example")),
        ("To: support@us.example\nCc: anna@x.example, help@us.example", ()),
        ("To: support@us.example\nReply-To: b@y.example\nCc: b@y.example", ()),
        ("To: support@us.example\nCc: noreply@y.example, MAILER-DAEMON@y.example, svara-inte@y.example", ()),
        (f"To: support@us.example\nCc: {OWNER} <evil@y.example>", ()),
        ("To: undisclosed-recipients:;\nCc: =?utf-8?q?=C3=85sa?= <asa@y.example>", ("asa@y.example",)),
    ],
)
def test_who_else_a_mail_went_to_and_can_be_answered(fields: str, others: tuple[str, ...]) -> None:
    raw = f"From: Anna <anna@x.example>\n{fields}\nSubject: Trasig\n\nHej\n"
    assert read(raw.encode(), NOW, domains={"us.example"}).copies == others


def test_of_very_many_who_got_a_mail_some_are_kept() -> None:
    everybody = ", ".join(f"a{nth}@y.example" for nth in range(500))
    raw = f"From: a@x.example\nTo: {everybody}\nSubject: Trasig\n\nHej\n"
    assert read(raw.encode(), NOW).copies == tuple(f"a{nth}@y.example" for nth in range(20))


@pytest.mark.parametrize("field", ["From: Case <{}>", "From: {}", "From: anna@x.example\r\nReply-To: Case <{}>"])
def test_an_address_longer_than_the_standard_allows_is_no_other(field: str) -> None:
    long = f"reply+{'a1b2c3d4' * 9}@desk.example"
    report = read(f"{field.format(long)}\r\nSubject: x\r\n\r\nhej".encode(), NOW)
    assert (report.reply_to or report.sender.email) == long
    assert address(long) == long


def test_of_an_address_that_nobody_can_have_no_part_is_taken() -> None:
    assert author([f"{'a' * 300}@desk.example"]) is None


@pytest.mark.parametrize(
    "shown", ["Eva Ek <eva@ kund.example>", "Eva Ek < eva @kund.example >", "Eva Ek <eva@kund .example>"]
)
def test_an_address_with_blanks_in_it_is_read_and_not_believed(shown: str) -> None:
    box = author([shown])
    assert box is not None
    assert (box.address, box.name, box.odd) == ("eva@kund.example", "Eva Ek", True)


def test_what_stands_before_a_blank_is_no_part_of_an_address() -> None:
    assert author(["Eva Ek <evil ek@kund.example>"]) == Mailbox("ek@kund.example", "Eva Ek", True)


@pytest.mark.parametrize("shown", ["Eva Ek", "Eva Ek <>", "Eva =?utf-8?q?Ek?= <>"])
def test_whoever_writes_without_an_address_is_shown_by_name(shown: str) -> None:
    sender = read(f"From: {shown}\r\nSubject: x\r\n\r\nhej".encode(), NOW).sender
    assert (sender.name, sender.email, sender.verified) == ("Eva Ek", None, False)
    answered = read(f"From: {shown}\r\nReply-To: eva@x.example\r\n\r\nhej".encode(), NOW).sender
    assert (answered.name, answered.email, answered.verified) == ("Eva Ek", "eva@x.example", False)
