"""A mail's tree of parts, parsed under limits, and mended where a boundary is broken.

Raises `TooComplex` for what is beyond the limits; the library's parser (`compat32`) raises nothing else for content.
Sizes and counts are checked while it works, so that no header reaches it that it is slow on, and long runs of base64
are taken out before, since it looks at every line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError, MultipartInvariantViolationDefect
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32, compat32
from typing import Any, cast

from channels.mail import encodings
from channels.mail.charsets import says_charset
from channels.mail.headers import HEADER_BLOCK, HEADER_LIMIT, Fields, eight_bit, header_end
from channels.mail.mending import sound, told_apart, with_its_boundary

HEADERS, PARTS, DEPTH = 200, 250, 20
_LONG_RUN = 64 * 1024  # bytes; shorter mails are parsed as they are
_MUST_BE_WHOLE = ("from", "sender", "message-id", "content-")  # how names of fields begin that mislead when cut
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\r\r")
_PLAIN_MULTIPARTS = ("multipart/alternative", "multipart/mixed", "multipart/related")
_LAST = re.compile(rb"--(?:\r\n|\Z)")
_FEW = 20  # parts
_ENCODED_WORD = re.compile(r"=\?([\w.:-]{2,40})(?:\*[^?\s]{0,20})?\?[bq]\?", re.IGNORECASE)
_NO_BODY_YET = MultipartInvariantViolationDefect  # what Python 3.11.2 says of a head alone
# Parameters as nearly everybody writes them; the library takes its time for the others.
_PLAIN_PARAMETER = re.compile(r';\s*([\w-]{1,60})=(?:"([^"\\]*)"|([^\s;"\\(),*\'<>]+))', re.ASCII)
_PLAIN_PARAMETERS = re.compile(rf"[\w/.+-]{{1,160}}\s*(?:{_PLAIN_PARAMETER.pattern}\s*)+;?\s*", re.ASCII)
_PLAIN_NAME = re.compile(r';\s*(?:file)?name\s*=\s*(?:"[^"]*"|[^;"]*)', re.IGNORECASE)
_WORDS = re.compile(r"text/(?:plain|html)(?![a-z0-9-])")  # with what does not belong behind it
_KIND = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+*-]{1,80}")
_BASE64_LINES = re.compile(rb"(?m)^(?:[A-Za-z0-9+/]{60,76}\r?\n)+")  # all there are, so that none is looked at twice
_RUN = 12 * 1024  # bytes of them that are worth taking out
_RUN_MARK = b"\x02%d\x03\n"
_RUN_MARKED = re.compile(rb"\x02(\d{1,4})\x03\n")


class TooComplex(Exception):
    """The mail is beyond a limit; the text says which."""


@dataclass(slots=True)
class Part:
    """One part: `kind` its media type, `parameters` those of its Content-Type, `filename` as given and undecoded."""

    kind: str
    fields: Fields
    parameters: dict[str, str]
    filename: str | None
    children: list[Part]
    message: Message
    runs: list[bytes] = field(repr=False)
    _content: bytes | None = None

    @property
    def disposition(self) -> str:
        """`attachment`, `inline` or empty."""
        return self.fields.word("content-disposition")

    @property
    def content(self) -> bytes:
        """The decoded bytes, best effort; of an attached mail its source."""
        if self._content is None:
            self._content = self._decoded()
        return self._content

    def walk(self) -> Iterator[Part]:
        """This part and everything below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def leaves(self) -> Iterator[Part]:
        """Every part that has content of its own, in order; attached mails and reports count as one."""
        if not self.children or self.kind.startswith("message/"):
            yield self
            return
        for child in self.children:
            yield from child.leaves()

    def _decoded(self) -> bytes:
        if self.children:
            return self._restored(b"\n".join(_source(child.message) for child in self.children))
        encoding = self.fields.word("content-transfer-encoding")
        if encoding == "quoted-printable":
            return self._restored(encodings.quoted_printable(_undecoded(self.message)))
        if encoding == "base64":
            encoded = self._restored(_undecoded(self.message))
            return (
                encoded
                if self.kind.startswith("text/") and encodings.in_the_clear(encoded)
                else encodings.base64(encoded)
            )
        decoded = self.message.get_payload(decode=True)
        found = self._restored(decoded) if isinstance(decoded, bytes) else b""
        if self.kind.startswith("text/") and encoding in ("", "7bit", "8bit"):
            return (None if encoding else encodings.unsaid_base64(found)) or encodings.unsaid_quoted(found) or found
        return found

    def _restored(self, data: bytes) -> bytes:
        runs = self.runs
        if not runs or b"\x02" not in data:
            return data
        return _RUN_MARKED.sub(lambda m: runs[int(m[1])] if int(m[1]) < len(runs) else m[0], data)


def parse(raw: bytes) -> Part:
    """The tree of a mail. Raises TooComplex."""
    raw = sound(raw)
    end = header_end(raw)
    if end > HEADER_BLOCK:
        raise TooComplex(f"the header is longer than {HEADER_BLOCK // 1024} kB")
    runs: list[bytes] = []
    source = _without_runs(raw, runs) if len(raw) > _LONG_RUN else raw
    root = _part(_parse_simple(source, end) or _parse(source), runs)
    if root.fields.count > HEADERS:
        raise TooComplex(f"there are more than {HEADERS} header lines")
    if root.children:
        mended = told_apart(root.parameters.get("boundary") or "", root.message.epilogue or "", source, end)
    else:
        mended = with_its_boundary(root.kind, root.fields, source, end)
    if mended is not None:
        root = _part(_parse(mended), runs)
    root.fields.charset = next(filter(says_charset, _charsets(root)), None)
    if root.fields.charset:
        for part in root.walk():
            part.fields.charset = root.fields.charset
            if part.filename and not part.filename.isascii():
                part.filename = _filename(part.message, part.fields, root.fields.charset)
    return root


def _charsets(root: Part) -> Iterator[str | None]:
    """The charsets that the parts of a mail are said to be in, and those of its subject and sender."""
    yield from (part.parameters.get("charset") for part in root.walk())
    for name in ("subject", "from"):
        yield from (match[1] for match in _ENCODED_WORD.finditer((root.fields.raw(name) or "")[:HEADER_LIMIT]))


def _without_runs(raw: bytes, runs: list[bytes]) -> bytes:
    def taken(match: re.Match[bytes]) -> bytes:
        if match.end() - match.start() < _RUN:
            return match[0]
        runs.append(match[0])
        return _RUN_MARK % (len(runs) - 1)

    return _BASE64_LINES.sub(taken, raw)


def _parse_simple(raw: bytes, end: int, within: bool = False) -> _Measured | None:
    """A mail of one part, or of several that have none in them, its bodies left as they are and not looked at line by
    line; None for any other. `within`: it is a part."""
    head = raw[:end]
    lower = head.lower()
    several = b"multipart/" in lower
    if (several and within) or b"message/" in lower:
        return None
    message = _parse(head + b"\r\n\r\n", True)
    if message.source or any(not isinstance(one, _NO_BODY_YET) for one in message.defects):
        return None
    separator = _END_OF_HEADERS.match(raw, end)
    body = raw[separator.end() :] if separator else b""
    if several:
        return _with_parts(message, raw[end:])
    message.set_payload(body.decode("ascii", "surrogateescape"))
    return message


def _with_parts(message: _Measured, body: bytes) -> _Measured | None:
    """A mail with its parts, where they are set apart beyond doubt: by lines that are the boundary and nothing else."""
    boundary = message.get_boundary()
    if not boundary or not boundary.isascii() or message.get_content_type() not in _PLAIN_MULTIPARTS:
        return None
    mark = b"--" + boundary.encode()
    _, *between = body.split(b"\r\n" + mark)
    if not 1 < len(between) < _FEW or len(between) != body.count(mark) or not _LAST.match(between.pop()):
        return None
    parts = []
    for found in between:
        end = header_end(found)
        if found[:2] != b"\r\n" or found[end : end + 4] != b"\r\n\r\n":
            return None
        part = _parse_simple(found[2:], end - 2, True)
        if part is None:
            return None
        part.source += "\r\n"  # as the library has it: the last line end belongs to the boundary
        parts.append(part)
    message.set_payload(parts)
    return message


def _parse(raw: bytes, only_head: bool = False) -> _Measured:
    count = 0

    def new_part(policy: object = compat32) -> Message:
        nonlocal count
        count += 1
        if count > PARTS:
            raise TooComplex(f"there are more than {PARTS} parts")
        return _Measured(policy)  # type: ignore[arg-type]

    return cast(_Measured, BytesParser(_class=new_part, policy=compat32).parsebytes(raw, only_head))


class _Measured(Message):
    """A part that takes no over-long header from its parser, and keeps its content as the parser found it."""

    source = ""
    _kind: str | None = None

    def get_content_type(self) -> str:
        """Remembered between fields: the parser asks for it four times a part."""
        if self._kind is None:
            self._kind = super().get_content_type()
        return self._kind

    def set_payload(self, payload: Any, charset: Any = None) -> None:
        if isinstance(payload, str):
            self.source = payload
        super().set_payload(payload, charset)

    def set_raw(self, name: str, value: str) -> None:
        if len(value) > HEADER_LIMIT:
            if name.lower().startswith(_MUST_BE_WHOLE):
                raise TooComplex(f"a header line is longer than {HEADER_LIMIT // 1024} kB")
            value = value[:HEADER_LIMIT]
        self._kind = None
        super().set_raw(name, value)


def _part(message: Message, runs: list[bytes], depth: int = 1) -> Part:
    if depth > DEPTH:
        raise TooComplex(f"parts lie more than {DEPTH} deep")
    fields = Fields(message)
    payload = message.get_payload() if message.is_multipart() else None
    below = (
        [_part(child, runs, depth + 1) for child in payload if isinstance(child, Message)]
        if isinstance(payload, list)
        else []
    )
    kind = fields.word("content-type")
    if not _KIND.fullmatch(kind) and (words := _WORDS.match(kind)):
        kind = words[0]
    elif not _KIND.fullmatch(kind):
        kind = message.get_default_type() if not kind or "/" not in kind else "application/octet-stream"
    return Part(kind, fields, _parameters(message, fields), _filename(message, fields), below, message, runs)


def _parameters(message: Message, fields: Fields) -> dict[str, str]:
    value = fields.raw("content-type")
    if not value or ";" not in value:
        return {}
    if _PLAIN_PARAMETERS.fullmatch(value):
        return {name.lower(): quoted or bare for name, quoted, bare in _PLAIN_PARAMETER.findall(value)}
    found = {}
    for name, given in (message.get_params() or [])[1:]:
        found[name.lower()] = given[2] if isinstance(given, tuple) else given
    return found


def _filename(message: Message, fields: Fields, charset: str | None = None) -> str | None:
    given = {name: value for name in ("content-disposition", "content-type") if (value := fields.raw(name))}
    if not any("name" in value.lower() for value in given.values()):
        return None
    # A name that stands there in plain letters as well as whole: the whole one counts.
    given = {name: _PLAIN_NAME.sub("", value) if "name*" in value.lower() else value for name, value in given.items()}
    if not all(value.isascii() and value == fields.raw(name) for name, value in given.items()):
        message = Message()
        for name, value in given.items():
            message[name] = eight_bit(value, charset)
    try:
        return message.get_filename() or None
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return None


def _source(message: Message) -> bytes:
    """A mail as it came, its line ends those of the wire."""
    try:
        return message.as_bytes(policy=_VERBATIM)
    except (UnicodeError, LookupError, ValueError, TypeError, AttributeError, MessageError):
        return _undecoded(message)


class _Verbatim(Compat32):
    """Fields are written as they came, neither folded nor encoded anew."""

    def fold_binary(self, name: str, value: str) -> bytes:
        return f"{name}: {value}\r\n".encode("utf-8", "surrogateescape")


_VERBATIM = _Verbatim(linesep="\r\n", mangle_from_=False)


def _undecoded(message: Message) -> bytes:
    """The content of a part as it came: the library decodes it by whatever charset it is said to be in."""
    return getattr(message, "source", "").encode("utf-8", "surrogateescape")
