"""Bytes to text: the declared charset when it is an honest one, else strict UTF-8, else Windows-1252.

Never raises. Charsets that turn plain ASCII into other characters (UTF-7, escapes, punycode, HZ) are not honoured,
since they only serve to hide markup.
"""

from __future__ import annotations

import codecs
import re

# Names as codecs.lookup() spells them. ISO 8859-1 is read as Windows-1252, as the WHATWG Encoding Standard does.
_HONEST = frozenset(
    {
        "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "ascii", "cp1250",
        "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "tis-620", "cp850",
        "cp437", "cp865", "mac-roman", "koi8-r", "koi8-u", "gb2312", "gbk", "gb18030", "big5", "big5hkscs", "shift_jis",
        "cp932", "euc_jp", "iso2022_jp", "euc_kr", "cp949", *(f"iso8859-{n}" for n in range(1, 17)),
    }
)  # fmt: skip
_WESTERN = frozenset({"iso8859-1", "cp1252"})
_NOT_ASCII = frozenset({"iso2022_jp", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
_UTF8 = frozenset({"utf-8", "utf-8-sig", "ascii"})
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")


def decode(data: bytes, declared: str | None = None) -> str:
    """The text of some bytes; what cannot be read becomes U+FFFD."""
    codec = _codec(declared)
    if data.isascii() and codec not in _NOT_ASCII:
        return data.decode("ascii")
    if codec and codec not in _UTF8 and codec not in _WESTERN:
        try:
            return data.decode(codec)
        except (UnicodeError, ValueError):
            pass
    try:
        # Bytes above 127 that happen to be good UTF-8 are UTF-8, whatever Western charset they are declared to be in.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if codec and codec not in _UTF8 and codec not in _WESTERN:
        return data.decode(codec, "replace")
    if codec in _UTF8 and _mostly_utf8(data):
        return data.decode("utf-8", "replace")
    return data.decode("cp1252", "replace")


def tidy(text: str) -> str:
    """Text with line feeds only and without control characters other than tab."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", text)


def _codec(declared: str | None) -> str | None:
    if not declared:
        return None
    name = declared.strip(" \t\"'").lower()
    try:
        found = codecs.lookup(name[:40]).name if name.isascii() and name.isprintable() else None
    except (LookupError, ValueError, UnicodeError):
        return None
    return found if found in _HONEST else None


def _mostly_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8 with a few broken places, for example cut within a character."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return broken * 4 < sum(1 for character in text if character > "\x7f")
