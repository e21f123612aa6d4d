"""What the encoded content of a part says: quoted-printable and base64, best effort, also where nobody said so.

Pure; raises nothing. Blanks behind soft line breaks, strange characters and torn ends are taken as they are meant.
"""

from __future__ import annotations

import binascii
import re

_PADDED_BREAK = re.compile(rb"=[ \t]+(\r?\n|\Z)")  # blanks that a relay put behind a soft line break
_QUOTED_LETTER = re.compile(rb"=(?:C[2-9A-F]|D[0-9A-F]|E[0-9A-F]=[89AB][0-9A-F])=[89AB][0-9A-F]")
# Letters of Latin-1 and of the alphabets beside it: one within a word, or a run of them.
_WITHIN_WORD = re.compile(rb"(?:=[C-F][0-9A-F]|(?:=[89A-F][0-9A-F]){3})[a-z]|(?:=[89A-F][0-9A-F]){5}")
_ONE_LETTER = re.compile(rb"=[C-F][0-9A-F]|=\r?\n")
_NOT_QUOTED = re.compile(rb"=(?![0-9A-F]{2}|[ \t]*(?:\r?\n|\Z))")
_ENCODED_RUN = re.compile(rb"[A-Za-z0-9+/]{40}")  # longer than any word
_ONLY_BASE64 = re.compile(rb"\s*(?:[A-Za-z0-9+/]{60,76}\r?\n)+[A-Za-z0-9+/]{0,76}={0,2}\s*")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/=]+")


def quoted_printable(data: bytes) -> bytes:
    return binascii.a2b_qp(_PADDED_BREAK.sub(rb"=\1", data))


def unsaid_quoted(data: bytes) -> bytes | None:
    """What a text says that is quoted-printable, although nobody said so: each "=" in it is such a letter, or a break,
    and some are letters of UTF-8, or within words."""
    if b"=" not in data or not data.isascii() or _NOT_QUOTED.search(data):
        return None
    if _QUOTED_LETTER.search(data) or (_WITHIN_WORD.search(data) and len(_ONE_LETTER.findall(data)) > 1):
        return quoted_printable(data)
    return None


def unsaid_base64(data: bytes) -> bytes | None:
    """What a text says that is nothing but base64, although nobody said so."""
    if len(data) < 60 or not _ONLY_BASE64.fullmatch(data):
        return None
    decoded = base64(data)
    try:
        return decoded if decoded.decode().replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else None
    except UnicodeDecodeError:
        return None


def base64(data: bytes) -> bytes:
    """Base64 as far as it goes: strange characters skipped, a torn end cut off."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        kept = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        kept = kept[: len(kept) - 1] if len(kept) % 4 == 1 else kept
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def in_the_clear(data: bytes) -> bool:
    """Whether a text is said to be base64 and is not: it begins with words."""
    first, *others = [line.strip() for line in data[:2000].split(b"\n") if line.strip()][:3] or [b""]
    sound = _BASE64_LINE.fullmatch(first) is not None and len(first) % 4 == 0
    begun = (first, *others)
    return not sound and any(b" " in line for line in begun) and not any(map(_ENCODED_RUN.search, begun))
