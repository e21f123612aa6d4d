"""A mail's tree of parts: parsed under limits, mended where a boundary is broken, sorted into body and attachments.

Raises `TooComplex` for what is beyond the limits; the parser itself (the library's `compat32`) raises nothing else for
content. Sizes and counts are checked while the parser works, so that no header reaches it that it is slow on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from channels.mail.charsets import decode, tidy
from channels.mail.flowed import unwrap
from channels.mail.headers import HEADER_LIMIT, Fields

HEADER_BLOCK = 128 * 1024  # bytes
HEADERS, PARTS, DEPTH = 200, 100, 20
_LONG_AND_HARMLESS = frozenset(
    {"references", "in-reply-to", "to", "cc", "bcc", "reply-to", "received", "subject", "keywords", "comments"}
)
_FIRST_BOUNDARY = re.compile(rb"(?:\A|\n)--([^\r\n]{1,200}?)[ \t]*\r?\n(?=[A-Za-z-]{4,40}:)")
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\r\r")
_BOUNDARY_TEXT = re.compile(r"[\w'()+,./:=?-]{1,70}")
_OTHER_FORMS = frozenset({"text/x-amp-html", "text/watch-html", "text/enriched", "text/richtext"})
_LETTERS = re.compile(r"[^\W\d_]{2}")


class TooComplex(Exception):
    """The mail is beyond a limit; the text says which."""


@dataclass(slots=True)
class Body:
    """What a person reads, in order, as (is it HTML, text); every HTML form there is; and every other leaf."""

    written: list[tuple[bool, str]] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    files: list[Message] = field(default_factory=list)


def parse(raw: bytes) -> Message:
    """The tree of a mail. Raises TooComplex."""
    end = header_end(raw)
    if end > HEADER_BLOCK:
        raise TooComplex(f"the header is longer than {HEADER_BLOCK // 1024} kB")
    root = _parse(raw)
    if Fields(root).count > HEADERS:
        raise TooComplex(f"there are more than {HEADERS} header lines")
    if not root.is_multipart() and (mended := _mended(root, raw, end)) is not None:
        root = _parse(mended)
    if _depth(root) > DEPTH:
        raise TooComplex(f"parts lie more than {DEPTH} deep")
    return root


def header_end(raw: bytes) -> int:
    """Where the header block of a mail ends."""
    match = _END_OF_HEADERS.search(raw, 0, HEADER_BLOCK + 2)
    return match.start() if match else min(len(raw), HEADER_BLOCK + 2)


def body_of(root: Message) -> Body:
    """What a person reads, and the rest."""
    body = Body()
    _sort(root, body)
    return body


def leaves(root: Message) -> Iterator[Message]:
    """Every part that has content of its own, in order; attached mails count as one."""
    if root.get_content_type() == "message/rfc822" or not root.is_multipart():
        yield root
        return
    for child in children(root):
        yield from leaves(child)


def children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def content(part: Message) -> bytes:
    """The decoded bytes of a leaf, best effort; of an attached mail its source."""
    if part.is_multipart():
        nested = children(part)
        return _source(nested[0]) if nested else b""
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def text_of(part: Message) -> str:
    """The text of a textual leaf."""
    text = tidy(decode(content(part), _parameter(part, "charset")))
    if part.get_content_type() == "text/plain" and (_parameter(part, "format") or "").lower() == "flowed":
        return unwrap(text, (_parameter(part, "delsp") or "").lower() == "yes")
    return text


def filename(part: Message) -> str | None:
    """The raw file name of a part, in whichever of the ways it is given."""
    try:
        return part.get_filename() or None
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return None


def _parse(raw: bytes) -> Message:
    count = 0

    def new_part(policy: object = compat32) -> Message:
        nonlocal count
        count += 1
        if count > PARTS:
            raise TooComplex(f"there are more than {PARTS} parts")
        return _Measured(policy)  # type: ignore[arg-type]

    return BytesParser(_class=new_part, policy=compat32).parsebytes(raw)  # type: ignore[arg-type, return-value]


class _Measured(Message):
    """A part that takes no over-long header from its parser."""

    def set_raw(self, name: str, value: str) -> None:
        if len(value) > HEADER_LIMIT:
            if name.lower() not in _LONG_AND_HARMLESS and not name.lower().startswith(
                ("x-", "dkim", "arc-", "authentication")
            ):
                raise TooComplex(f"a header line is longer than {HEADER_LIMIT // 1024} kB")
            value = value[:HEADER_LIMIT]
        super().set_raw(name, value)  # type: ignore[misc]


def _mended(root: Message, raw: bytes, end: int) -> bytes | None:
    """The mail with the boundary that its body really uses, when the declared one never occurs."""
    declared = root.get_content_maintype() == "multipart"
    if not declared and root.get("content-type") is not None:
        return None
    match = _FIRST_BOUNDARY.search(raw, end)
    if not match:
        return None
    if not declared and b"content-type" not in raw[match.end() : match.end() + 400].lower():
        return None
    boundary = match[1].decode("latin-1")
    if not _BOUNDARY_TEXT.fullmatch(boundary.replace(" ", "")):
        return None
    kind = root.get_content_type() if declared else "multipart/mixed"
    lines = [f"{name}: {value}" for name, value in root.raw_items() if name.lower() != "content-type"]  # type: ignore[attr-defined]
    head = "\r\n".join([*lines, f'Content-Type: {kind}; boundary="{boundary}"'])
    return head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + raw[match.start() :].lstrip(b"\r\n")


def _depth(part: Message, depth: int = 1) -> int:
    below = children(part)
    if not below or depth > DEPTH:
        return depth
    return max(_depth(child, depth + 1) for child in below)


def _sort(part: Message, body: Body) -> None:
    kind = part.get_content_type()
    if part.is_multipart() and kind != "message/rfc822":
        if kind == "multipart/alternative":
            _alternatives(children(part), body)
        elif kind == "multipart/report":
            _report(children(part), body)
        else:
            for child in children(part):
                _sort(child, body)
    elif kind in ("text/plain", "text/html") and not _is_file(part):
        text = text_of(part)
        body.written.append((kind == "text/html", text))
        if kind == "text/html":
            body.html.append(text)
    elif part.get_content_maintype() == "multipart" and not part.is_multipart():
        body.written.append((False, text_of(part)))
    else:
        body.files.append(part)


def _alternatives(parts: list[Message], body: Body) -> None:
    """Of several forms of one text the plain one is read and the HTML one shown."""
    inner = Body()
    for part in parts:
        if part.get_content_type() not in _OTHER_FORMS:
            _sort(part, inner)
    plain = "\n".join(text for is_html, text in inner.written if not is_html)
    read_html = bool(inner.html) and not _says_something(plain)
    body.written += [(is_html, text) for is_html, text in inner.written if is_html == read_html]
    body.html += inner.html
    body.files += inner.files


def _says_something(plain: str) -> bool:
    """Whether a plain alternative is more than "this mail needs HTML"."""
    short = plain.strip()
    if not _LETTERS.search(short):
        return bool(re.search(r"\w", short))
    return len(short) > 300 or not re.search(
        r"(?i)\bhtml\b.*(?:mail|view|client|support|läs|visa|anzeig)|view (?:this|it) (?:e-?mail )?in (?:a|your) browser",
        short,
    )


def _report(parts: list[Message], body: Body) -> None:
    """Of a delivery report the notice is read; its machine-readable parts are no attachments."""
    for part in parts[:1]:
        _sort(part, body)


def _is_file(part: Message) -> bool:
    disposition = str(part.get("content-disposition", "")).strip().lower()
    return disposition.startswith("attachment") or bool(filename(part))


def _parameter(part: Message, name: str) -> str | None:
    value = part.get_param(name)
    if isinstance(value, tuple):
        return value[2]
    return value if isinstance(value, str) else None


def _source(part: Message) -> bytes:
    try:
        return part.as_bytes()
    except (UnicodeError, LookupError, ValueError, TypeError, AttributeError):
        return str(part.get_payload()).encode("utf-8", "surrogateescape")
