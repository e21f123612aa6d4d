"""Files within a text, as programs put them there before MIME: "begin 644 photo.gif", lines, "end". Never raises."""

from __future__ import annotations

import binascii
import re

_MOST = 50  # files of one text
_BEGIN = re.compile(rb"(?m)^begin [0-7]{3,4} ([^\r\n]{1,255}?)[ \t]*\r?\n")
_LINES = re.compile(rb"(?:[\x20-\x60][\x20-\x60]{0,90}\r?\n)*")
_END = re.compile(rb"end[ \t]*(?:\r?\n|\Z)")


def taken_out(data: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A text without the files in it, and those as (name, content)."""
    kept: list[bytes] = []
    files: list[tuple[str, bytes]] = []
    at = 0
    for begin in _BEGIN.finditer(data):
        if begin.start() < at or len(files) == _MOST:
            continue
        lines = _LINES.match(data, begin.end())
        last = lines.end() if lines else begin.end()
        end = _END.match(data, last)
        content = _decoded(data[begin.end() : last]) if end else None
        if end is not None and content is not None:
            kept.append(data[at : begin.start()])
            files.append((begin[1].decode("utf-8", "replace"), content))
            at = end.end()
    return b"".join((*kept, data[at:])), files


def _decoded(lines: bytes) -> bytes | None:
    """The bytes; None when a line is none of such a file."""
    out = []
    for line in lines.splitlines():
        count = (line[0] - 32) & 63
        whole = -(-count // 3) * 4
        if not 0 <= len(line) - 1 <= whole + 2:
            return None
        try:
            out.append(binascii.a2b_uu(line[: 1 + whole]))
        except binascii.Error:
            return None
    return b"".join(out) or None
