"""Random MIME trees, headers, charsets and bytes: every one has an answer, and no stored byte changes."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.mail import quarantined, read, sanitise
from channels.mail.headers import header_end
from channels.mail.tree import _parse, _parse_simple
from channels.parsing_frames import pack, unpack

NOW = datetime(2026, 9, 28, tzinfo=UTC)
NAMES = (
    "From To Subject Message-ID In-Reply-To References Date Content-Type Content-Disposition Content-Transfer-Encoding "
    "Content-ID Auto-Submitted Return-Path List-Id Authentication-Results MIME-Version X-Failed-Recipients Sender"
)
VALUES = [
    "",
    "x",
    "<a@b.example>",
    "a@b.example",
    '"',
    "<",
    "=?utf-8?q?=C3=A5?=",
    "=?utf-8?b?/w=?=",
    "=?x?q??=",
    "åäö",
    "auto-replied",
    "<>",
    "multipart/mixed; boundary=b",
    'multipart/alternative; boundary="b"',
    "multipart/report; report-type=delivery-status; boundary=b",
    "multipart/related",
    "message/rfc822",
    "message/delivery-status",
    "message/partial",
    "message/external-body",
    "text/plain; charset=utf-7",
    "text/plain; charset=",
    "text/html; charset=iso-8859-1",
    "text/plain; format=flowed; delsp=yes",
    "application/ms-tnef",
    "attachment; filename=../x",
    "attachment; filename*0*=utf-8''%ff; filename*1=x",
    "inline; filename*=x'y",
    "base64",
    "quoted-printable",
    "x-uuencode",
    "8bit",
    "; ; ;",
    "a/b/c",
    "text",
    "\x00",
    "\x0b",
    "a\x0cb: c",
    "text/plain; charset=utf\x00",
    "text/plain; charset=utf-16",
]
BODIES = [
    b"",
    b"hej",
    b"\xff\xfe",
    b"--b\r\n",
    b"--b--\r\n",
    b"\r\n\r\n",
    b"<p>hej</p>",
    b"<blockquote>",
    b"=C3=A5=\r\n",
    b"aGVq",
    b"begin 644 x\r\n",
    b"> x\r\n",
    b"On 1 Jan 2026, a <a@b.se> wrote:\r\n",
    b"From: a@b.se\r\nSent: x\r\nTo: y\r\nSubject: z\r\n",
    b"-- \r\n",
    b"\x020\x03\n",
    b"\x00",
    b"\x0c",
    b"\x1c",
    b"\xe2\x80\xae",
    b"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n",
]


def _field(pair: tuple[str, str]) -> bytes:
    line = f"{pair[0]}: {pair[1]}".encode("utf-8", "replace")
    return line.replace(b"\n", b"").replace(b"\r", b"") + b"\r\n"


def _multipart(pair: tuple[bytes, list[bytes]]) -> bytes:
    return pair[0] + b"\r\n" + b"".join(b"--b\r\n" + part + b"\r\n" for part in pair[1]) + b"--b--\r\n"


values = st.one_of(st.sampled_from(VALUES), st.text(max_size=30))
fields = st.lists(st.tuples(st.sampled_from(NAMES.split()), values).map(_field), max_size=6).map(b"".join)
body = st.lists(st.one_of(st.sampled_from(BODIES), st.binary(max_size=40)), max_size=6).map(b"".join)
leaf = st.tuples(fields, body).map(b"\r\n".join)
several = st.lists(leaf, max_size=3).map(
    lambda parts: _multipart((b"Content-Type: multipart/mixed; boundary=b\r\n", parts))
)
tree = st.recursive(leaf, lambda inner: st.tuples(fields, st.lists(inner, max_size=3)).map(_multipart), max_leaves=6)


def holds(raw: bytes) -> None:
    report = read(raw, NOW, domains={"b.example"}, trusted_authserv=("b.example",))
    assert report.raw == raw
    assert len(report.key) == 64
    assert not (report.quarantined or "").startswith("not understood"), report.quarantined
    assert report.subject is None or not set(report.subject) & set("\r\n\x00")
    for attachment in report.attachments:
        assert attachment.name
        assert not set(attachment.name) & set("\r\n\x00/\\")
    frames = pack(report)
    assert unpack(frames[1], b"".join(frames[2:]), raw, NOW) == report
    if report.html:
        sanitise(report.html)
    assert quarantined(raw, NOW, "x").raw == raw


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(tree)
def test_any_tree_has_an_answer(raw: bytes) -> None:
    holds(raw)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=600))
def test_any_bytes_have_an_answer(raw: bytes) -> None:
    holds(raw)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(several)
def test_parts_are_set_apart_as_the_library_does_it(raw: bytes) -> None:
    quick = _parse_simple(raw, header_end(raw))
    assert quick is None or _shown(quick) == _shown(_parse(raw))


def test_the_usual_mail_is_set_apart_without_the_library() -> None:
    text, image = b"Subject: x\r\n\r\nhej\r\n", b"Content-Type: image/png\r\n\r\n\x89P\r\n--c"
    mail = _multipart((b"Content-Type: multipart/mixed; boundary=b\r\n", [text, image]))
    quick = _parse_simple(mail, header_end(mail))
    assert quick is not None
    assert _shown(quick) == _shown(_parse(mail))
    assert [part.get_payload(decode=True) for part in quick.walk()] == [None, b"hej\r\n", b"\x89P\r\n--c"]


def _shown(message: Message) -> list[object]:
    return [
        (
            part.items(),
            part.get_default_type(),
            None if part.is_multipart() else part.get_payload(decode=True),
            part.source,
        )
        for part in message.walk()
    ]


@pytest.mark.parametrize("seed", range(20))
def test_mutated_mails_have_an_answer(seed: int) -> None:
    chance = random.Random(seed)
    files = sorted((Path(__file__).parents[1] / "data" / "mail").glob("*.eml"))
    for _ in range(15):
        raw = bytearray(chance.choice(files).read_bytes())
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(raw))
            what = chance.randrange(5)
            if what == 0:
                raw[at] = chance.randrange(256)
            elif what == 1:
                del raw[at : at + chance.randrange(60)]
            elif what == 2:
                raw[at:at] = chance.choice(BODIES)
            elif what == 3:
                raw[at:at] = raw[at : at + chance.randrange(200)]
            else:
                raw[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(8)))
            if not raw:
                break
        holds(bytes(raw))
