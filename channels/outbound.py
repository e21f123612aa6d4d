"""Mails to customers: composed so that nothing in them can add a header, and handed to the relay.

The same letter composed again is the same mail with the same Message-ID, so that a second try after an answer that
never came is recognised. `send` never raises: it tells whether the relay took the mail, asked to try later, said no for
good, or left it open whether it has it.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, Policy
from email.utils import format_datetime
from html import escape
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib

from channels.domains import in_ascii
from channels.mail_tokens import NoToken, Tokens
from channels.mail_users import named

TIMEOUT = 60.0  # seconds for the connection and for each command
DATA_TIMEOUT = 600.0  # seconds for the answer to the final dot, RFC 5321 section 4.5.3.2.6
DENIED = "the relay does not let us in"
LOOP_HEADER = "X-Switchyard-Loop"
_LONGEST = 900  # characters of a subject that may be one word: a line may be 998 long, RFC 5322 section 2.1.1
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ADDRESS = re.compile(
    r"(?:[^\s@<>()\[\]\\,;:\"\x00-\x20\x7f-\x9f]{1,200}|\"[^\"\\<>@\x00-\x1f\x7f-\U0010ffff]{1,62}\")"
    r"@[^\s@<>()\[\]\\,;:\"/\x00-\x20\x7f-\x9f]{1,253}"
)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,500}>")
_SENDER = re.compile(r"\bsend(?:er\b| ?as\b|AsDenied)", re.IGNORECASE)
# What servers say for good that is over later, and is about us and nobody whom we write to: a quota, a relay that is
# not ours any more.
_NOT_NOW = re.compile(
    r"^5\d\d 5\.4\.5\b|\bgr[ea]y-?list|\btry (?:it |your message )?(?:again|later)|\bcome back later"
    r"|\b(?:send(?:ing)?|submission|hourly|daily|message|rate)[ -]?(?:rate[ -]?)?(?:limit|quota)"
    r"|\btoo many (?:e-?)?m(?:ails|essages)\b"
    r"|\brelay(?:ing)? (?:access )?(?:is )?(?:denied|not (?:permitted|allowed))",
    re.IGNORECASE,
)
_OF_THEIRS = re.compile(r"5\d\d 5\.(?:1\.|2\.[1-9])")  # an address or a mailbox, RFC 3463
_BLANKS = re.compile(r"(?m)^[ \t]+|\t[ \t]*|(?<= ) [ \t]*")  # what a page would show as one blank, or none
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")


class _MessageIds(UnstructuredHeader, BaseHeader):
    """Message-IDs as they are, one a line: folded as words, a long one would be encoded and known by nobody."""

    def fold(self, *, policy: Policy[Any]) -> str:
        return f"{self.name}: {f'{policy.linesep} '.join(self.split())}{policy.linesep}"


class _Words(UnstructuredHeader, BaseHeader):
    """A subject as it was written: read and folded as words, it would lose blanks, and what looks encoded in it would
    be decoded."""

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["parse_tree"], kwds["decoded"] = cls.value_parser(""), value

    def fold(self, *, policy: Policy[Any]) -> str:
        plain = self.isascii() and "=?" not in self and len(self) < _LONGEST
        charset = "us-ascii" if plain else "utf-8"
        encoded = Header(str(self), charset, header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {encoded}{policy.linesep}"


_FIELDS = HeaderRegistry()
_FIELDS.map_to_type("subject", _Words)
for _name in ("in-reply-to", "references"):
    _FIELDS.map_to_type(_name, _MessageIds)
_PLAIN, _INTERNATIONAL = (policy.clone(header_factory=_FIELDS) for policy in (SMTP, SMTPUTF8))


class Unsendable(ValueError):
    """A value that would be no proper mail: an address that is none, a line break in a header."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to go with a mail."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says. `quoted` is earlier text shown as a quote below, under the line `above`; `language` is BCP 47.

    `copies` are who else gets it, `in_reply_to` and `references` Message-IDs; `automatic` marks what no person wrote
    (RFC 3834).
    """

    message_id: str
    date: datetime
    sender: str
    recipient: str
    subject: str
    text: str
    copies: Sequence[str] = ()
    sender_name: str = ""
    reply_to: str | None = None
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    language: str = "en"
    automatic: bool = True
    quoted: str = ""
    above: str = ""
    files: Sequence[File] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """The relay has it, but for those of the copies that it never takes. `answer` is what it said."""

    answer: str = ""
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now. `uncertain` when the relay may have taken it all the same."""

    reason: str
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Never: another try would be refused as well, but perhaps from another address when it is the `sender` that the
    relay does not let through."""

    reason: str
    sender: bool = False


def compose(mail: Mail) -> bytes:
    """The mail as it goes over the wire: plain text, the same as HTML, and files. Raises Unsendable."""
    addresses = [address(text) for text in (mail.sender, mail.recipient, *mail.copies, mail.reply_to) if text]
    message = EmailMessage(policy=_PLAIN if "".join(addresses).isascii() else _INTERNATIONAL)
    message["Message-ID"] = _message_id(mail.message_id)
    message["Date"] = format_datetime(mail.date)
    message["From"] = _mailbox(mail.sender_name, mail.sender)
    message["To"] = _mailbox("", mail.recipient)
    if mail.copies:
        message["Cc"] = [_mailbox("", one) for one in mail.copies]
    if mail.reply_to:
        message["Reply-To"] = _mailbox(mail.sender_name, mail.reply_to)
    message["Subject"] = _line(mail.subject)
    answered = _valid_ids([mail.in_reply_to] if mail.in_reply_to else [])
    chain = _valid_ids([*mail.references, *answered])
    if answered:
        message["In-Reply-To"] = answered[0]
    if chain:
        message["References"] = " ".join(chain)
    if mail.automatic:
        message[LOOP_HEADER] = "1"
        message["Auto-Submitted"] = "auto-replied" if answered else "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message["Precedence"] = "auto_reply" if answered else "bulk"
    text = _body(mail.text)
    quoted = _body(mail.quoted).rstrip("\n")
    above = " ".join(_body(mail.above).split())
    history = "".join(f"> {line}\n" if line else ">\n" for line in quoted.split("\n")) if quoted else ""
    below = "\n" + (f"{above}\n" if above else "") + history if history else ""
    message.set_content(text + below, cte="quoted-printable")
    message.add_alternative(_html(text, above, quoted, mail.language), subtype="html", cte="quoted-printable")
    _fix_boundaries(message, mail)
    for file in mail.files:
        kind, _, subtype = file.media_type.partition("/")
        message.add_attachment(
            file.content,
            maintype=kind if subtype and kind not in ("multipart", "message") else "application",
            subtype=subtype if subtype and kind not in ("multipart", "message") else "octet-stream",
            filename=_line(file.name) or "file",
        )
        _fix_boundaries(message, mail)
    message["Content-Language"] = _line(mail.language)
    raw = message.as_bytes()
    _check(raw, message)
    return raw


def address(text: str) -> str:
    """An address that is one and nothing else, in ASCII where only its domain is not (RFC 5891), so that any relay
    takes it. Raises Unsendable."""
    if not _ADDRESS.fullmatch(text):
        raise Unsendable("not an address")
    local, _, domain = text.rpartition("@")
    return f"{local}@{in_ascii(domain)}" if local.isascii() else text


def addressable(texts: Iterable[str]) -> tuple[str, ...]:
    """Those of some addresses that any relay takes."""
    found = []
    for text in texts:
        with contextlib.suppress(Unsendable):
            found.append(address(text))
    return tuple(one for one in dict.fromkeys(found) if one.isascii())


async def send(
    raw: bytes,
    sender: str,
    recipient: str,
    url: str,
    *,
    copies: Sequence[str] = (),
    for_all: bool = True,
    tokens: Tokens | None = None,
    timeout: float = TIMEOUT,
) -> Sent | Deferred | Refused:
    """Hand a mail, for all of whom it is to or for none but those of the copies that never get one, or not now where it
    need not be `for_all`, to the relay at `smtp://`, `smtp+starttls://` or `smtps://` `[user:password@]host[:port]`;
    one of `tokens` opens it for `user;AUTH=XOAUTH2@`."""
    try:
        sender, recipients = address(sender), [address(one) for one in (recipient, *copies)]
    except Unsendable as error:
        return Refused(str(error))
    parts = urlsplit(url)
    user, by_token = named(parts.username)
    ports = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
    context = ssl.create_default_context() if parts.scheme != "smtp" else None
    client = aiosmtplib.SMTP(
        hostname=parts.hostname or "localhost",
        port=parts.port or ports.get(parts.scheme, 25),
        use_tls=parts.scheme == "smtps",
        start_tls=parts.scheme == "smtp+starttls",
        tls_context=context,
        username=user or None,
        password=unquote(parts.password) if parts.password else None,
        oauth_token_generator=tokens.token if tokens and by_token else None,
        timeout=timeout,
    )
    answer = await _attempt(client, raw, sender, recipients, for_all, timeout)
    if tokens and isinstance(answer, Deferred) and answer.reason.startswith(DENIED):
        tokens.forget()
    return answer


async def _attempt(
    client: aiosmtplib.SMTP, raw: bytes, sender: str, recipients: Sequence[str], for_all: bool, timeout: float
) -> Sent | Deferred | Refused:
    try:
        await client.connect()
    except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPNotSupported) as error:
        return Deferred(f"{DENIED} ({type(error).__name__})")
    except NoToken as error:
        return Deferred(f"no token for the relay: {error}")
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return Deferred(f"no connection to the relay ({type(error).__name__})")
    body_begun = False
    try:
        international = not "".join([sender, *recipients]).isascii()
        if international:
            await client.ehlo()
            if not client.supports_extension("smtputf8"):
                return Refused("the relay cannot take this address")
        encoding = "utf-8" if international else "ascii"
        await client.mail(sender, options=["SMTPUTF8"] if international else [], encoding=encoding)
        without = []
        for one in recipients:
            try:
                await client.rcpt(one, encoding=encoding)
            except aiosmtplib.SMTPRecipientRefused as error:
                put_off = not _is_final(error) and (for_all or error.code == 421)
                if one == recipients[0] or put_off:
                    raise
                without.append(one)
        body_begun = True
        response = await client.data(raw, timeout=max(timeout, DATA_TIMEOUT) if timeout >= TIMEOUT else timeout)
        return Sent(_shown(response.message), tuple(without))
    except aiosmtplib.SMTPResponseException as error:
        told = f"{error.code} {_shown(error.message)}"
        if not _is_final(error):
            return Deferred(told)
        named = sender.lower() in told.lower() or _SENDER.search(told) is not None
        return Refused(told, named or isinstance(error, aiosmtplib.SMTPSenderRefused))
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return Deferred(f"the relay hung up or did not answer ({type(error).__name__})", uncertain=body_begun)
    finally:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=2)
        client.close()


def _is_final(error: aiosmtplib.SMTPResponseException) -> bool:
    """Whether another try would be answered in the same way."""
    told = f"{error.code} {error.message}"
    over_later = _NOT_NOW.search(told) and not _OF_THEIRS.match(told)
    return 500 <= error.code < 600 and error.code not in (503, 530, 535) and not over_later


def _shown(answer: str) -> str:
    return " ".join(_UNSAFE.sub(" ", answer).split())[:300]


def _line(text: str) -> str:
    """A header value; a line break in it is no mistake but an attack or a bug, and nothing is sent."""
    if _UNSAFE.search(text):
        raise Unsendable("a control character in a header")
    return text


def _mailbox(name: str, text: str) -> Address:
    local, _, domain = address(text).rpartition("@")
    return Address(_line(name), local.strip('"'), domain)


def _message_id(text: str) -> str:
    if not _MESSAGE_ID.fullmatch(text):
        raise Unsendable("not a Message-ID")
    return text


def _valid_ids(ids: Sequence[str]) -> list[str]:
    """Only well-formed Message-IDs: what others made is left out when it is not."""
    return list(dict.fromkeys(found for found in ids if _MESSAGE_ID.fullmatch(found)))


def _body(text: str) -> str:
    cleaned = re.sub(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "", text.replace("\r\n", "\n").replace("\r", "\n")
    )
    return cleaned if not cleaned or cleaned.endswith("\n") else f"{cleaned}\n"


def _html(text: str, above: str, quoted: str, language: str) -> str:
    """The same words as HTML; links can be clicked, nothing else is in it."""
    paragraphs = "".join(f"<p>{_marked(block)}</p>\n" for block in re.split(r"\n{2,}", text.strip("\n")) if block)
    said = f"<p>{_marked(above)}</p>\n" if above else ""
    below = f'{said}<blockquote type="cite">{_marked(quoted)}</blockquote>\n' if quoted else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language, quote=True)}"><head><meta charset="utf-8"></head>\n'
        f'<body style="font-family:sans-serif;line-height:1.5">\n{paragraphs}{below}</body></html>\n'
    )


def _marked(text: str) -> str:
    out, end = [], 0
    for match in _LINK.finditer(text):
        shown = escape(match[0], quote=True)
        out += [escape(text[end : match.start()]), f'<a href="{shown}">{shown}</a>']
        end = match.end()
    out.append(escape(text[end:]))
    shown = "".join(out)
    if "  " in shown or "\n " in shown or "\t" in shown or shown[:1] == " ":
        shown = _BLANKS.sub(lambda match: "&nbsp;" * len(match[0].expandtabs(4)), shown)
    return shown.replace("\n", "<br>\n")


def _fix_boundaries(message: EmailMessage, mail: Mail) -> None:
    """The same mail has the same boundaries each time it is composed."""
    stem = re.sub(r"[^A-Za-z0-9]", "", mail.message_id)[:40]
    for depth, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{stem}_{depth}")


def _check(raw: bytes, message: EmailMessage) -> None:
    """The header block holds the fields that were put in and no others, whatever the Python version does."""
    head = raw.split(b"\r\n\r\n", 1)[0]
    names = [line.split(b":", 1)[0].lower() for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    if names != [name.lower().encode() for name in message] or re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", head):
        raise Unsendable("a header that is more than one")
