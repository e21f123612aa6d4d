"""Broken mails as they were meant, so that the library's parser finds what is in them.

Pure: bytes to bytes, and linear. Headers with lines that are no fields, parameters that lost the blank before them,
boundaries that are not the declared one or were used twice.
"""

from __future__ import annotations

import re

from channels.mail.headers import HEADER_BLOCK, Fields, header_end

_FIELD = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,60}:")
_BAD_LINE = re.compile(rb"(?m)^(?![\x21-\x39\x3b-\x7e]+:|[ \t\r\n]|From (?![ \t]*:)|\Z)[^\r\n]+")
_SPACED = re.compile(rb"([\x21-\x39\x3b-\x7e]{1,80})[ \t]+:")
_KNOWN = re.compile(rb"(?im)^(?:from|to|subject|date|message-id|mime-version|content-type|content-transfer-encoding):")
_LOST = re.compile(rb";[ \t]*\r?\n[bcnfBCNF]")
# A parameter on a line of its own that lost the blank by which it belongs to the line above.
_UNFOLDED = re.compile(
    rb"(?im)^(content-(?:type|disposition):[^\r\n]{0,998};)[ \t]*\r?\n(?=(?:boundary|charset|(?:file)?name)\*?=)"
)
_GLOBAL_NAMED = re.compile(rb"(?i)/global")
# What international mails are returned as (RFC 6533), by the names that the library knows.
_GLOBAL = re.compile(rb"(?im)^(content-type:[ \t]*)message/global(-[a-z-]{1,30})?")
_GLOBAL_KINDS = {b"": b"message/rfc822", b"-headers": b"text/rfc822-headers"}
_FIRST_BOUNDARY = re.compile(rb"(?:\A|\n)--([^\r\n]{1,200}?)[ \t]*\r?\n(?=[A-Za-z-]{4,40}:)")
_BOUNDARY_TEXT = re.compile(r"[\w'()+,./:=? -]{1,70}")
_SAYS_PARTS = re.compile(
    rb"(?i)this (?:is a|message is in) (?:multi-?part|mime)[^\r\n]{0,100}(?:\r?\n[^\r\n]{1,100}){0,2}"
)


def sound(raw: bytes) -> bytes:
    """The mail with a header that the parser reads as it was meant; as it is when that is longer than HEADER_BLOCK."""
    if raw[:1].isspace() and _FIELD.match(raw.lstrip()[:200]):
        raw = raw.lstrip()
    end = header_end(raw)
    if end > HEADER_BLOCK:
        return raw
    if _BAD_LINE.search(raw, 0, end):
        raw = _sound_head(raw[:end]) + raw[end:]
    if _LOST.search(raw):
        raw = _UNFOLDED.sub(rb"\1\n ", raw)
    return _GLOBAL.sub(_known_kind, raw) if _GLOBAL_NAMED.search(raw) else raw


def with_its_boundary(kind: str, fields: Fields, raw: bytes, end: int) -> bytes | None:
    """The mail with the boundary that its body really uses, when the declared one never occurs; None where there is
    nothing to mend. `kind` and `fields` are the mail's own, which has no parts; its header ends at `end`.
    """
    declared = kind.startswith("multipart/")
    if not declared and "content-type" in fields:
        return None
    match = _FIRST_BOUNDARY.search(raw, end)
    if not match:
        return None
    if not declared and b"content-type" not in raw[match.end() : match.end() + 400].lower():
        return None
    boundary = match[1].decode("latin-1")
    if not _BOUNDARY_TEXT.fullmatch(boundary):
        return None
    kind = kind if declared else "multipart/mixed"
    lines = [f"{name}: {value}" for name, value in fields.pairs if name.lower() != "content-type"]
    head = "\r\n".join([*lines, f'Content-Type: {kind}; boundary="{boundary}"'])
    first = re.compile(rb"(?m)^--" + re.escape(match[1])).search(raw, end)
    begin = first.start() if first else match.start()
    above = raw[end:begin].strip()
    # Where nothing said that there are parts, what stands above them was written to be read.
    words = b"" if declared or not above or _SAYS_PARTS.fullmatch(above) else b"--" + match[1] + b"\r\n\r\n" + above
    source = head.encode("utf-8", "surrogateescape") + b"\r\n\r\n"
    return source + (words and words + b"\r\n") + raw[begin:].lstrip(b"\r\n")


def told_apart(declared: str, epilogue: str, raw: bytes, end: int) -> bytes | None:
    """The mail with a boundary of its own for parts within one, when both had the same and parts stand below the first
    end of it, where nobody looks, in its `epilogue`; None where there is nothing to mend."""
    boundary = declared.encode("utf-8", "surrogateescape")
    if not boundary or b"--" + boundary not in epilogue.encode("utf-8", "surrogateescape"):
        return None
    mark = re.escape(boundary)
    again = re.compile(rb"(?i)boundary=\"?(" + mark + rb")(?=[\";\r\n])").search(raw, end)
    ends = again and re.compile(rb"(?m)^--" + mark + rb"--").search(raw, again.end())
    if not again or not ends:
        return None
    within = re.sub(rb"(?m)^--" + mark, b"--" + boundary + b".within", raw[again.end() : ends.end()])
    return raw[: again.end(1)] + b".within" + raw[again.end(1) : again.end()] + within + raw[ends.end() :]


def _sound_head(head: bytes) -> bytes:
    """A header block whose broken lines end it no more: other fields come after them."""
    last = max((known.start() for known in _KNOWN.finditer(head)), default=-1)

    def mended(match: re.Match[bytes]) -> bytes:
        if spaced := _SPACED.match(match[0]):
            return spaced[1] + b":" + match[0][spaced.end() :]
        return b" " + match[0] if match.start() and match.end() <= last else match[0]

    if (first := _BAD_LINE.match(head)) and first.end() <= last:
        taken = len(head)
        head = head[first.end() :].lstrip(b"\r\n")
        last -= taken - len(head)
    return _BAD_LINE.sub(mended, head)


def _known_kind(match: re.Match[bytes]) -> bytes:
    kind = (match[2] or b"").lower()
    return match[1] + _GLOBAL_KINDS.get(kind, b"message/" + kind[1:])
