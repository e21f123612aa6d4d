"""Header fields of a mail: raw values by name, and their decoding (RFC 2047) into one safe line.

Never raises. A decoded value has no line breaks, controls, bidirectional overrides or zero-width characters in it.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from email.message import Message

from channels.mail.charsets import decode
from channels.mail.encodings import base64

HEADER_BLOCK = 128 * 1024  # bytes
HEADER_LIMIT = 8 * 1024  # characters of one value that are looked at
_WORD = re.compile(r"=\?([^?\s*]{0,40})(?:\*[^?\s]*)?\?([bBqQ])\?(.*?)\?=", re.DOTALL)
_BETWEEN = re.compile(r"(\?=)[ \t\r\n]+(?==\?[^?\s]{0,60}\?[bBqQ]\?)")
_FIRST_WORD = re.compile(r"\s*([^;(\s]{1,200})")
_FOLD = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_ODD = re.compile("[^\x20-\x7e\xa1-\u01ff]")
_BLANKS = re.compile(r"[ \t\xa0]{2,}")


class Fields:
    """The raw header fields of one part, read once. Names are given in lower case."""

    __slots__ = ("_values", "charset", "pairs")

    def __init__(self, part: Message) -> None:
        self.charset: str | None = None  # what the mail's text is in: so are bare bytes in its header, mostly
        self.pairs: list[tuple[str, str]] = list(part.raw_items())
        self._values: dict[str, list[str]] = {}
        for name, value in self.pairs:
            self._values.setdefault(name.lower(), []).append(value)

    @property
    def count(self) -> int:
        return len(self.pairs)

    def all(self, name: str) -> list[str]:
        """Every raw value, top one first; bytes above 127 are lone surrogates in it."""
        return self._values.get(name, [])

    def raw(self, name: str) -> str | None:
        """The first raw value."""
        values = self._values.get(name)
        return values[0] if values else None

    def text(self, name: str) -> str | None:
        """The first value, decoded."""
        value = self.raw(name)
        return None if value is None else decode_field(value, self.charset)

    def word(self, name: str) -> str:
        """The first value in lower case without comments and parameters; empty when there is none."""
        value = self.raw(name)
        if not value:
            return ""
        match = _FIRST_WORD.match(value)
        return match[1].lower() if match else ""

    def __contains__(self, name: str) -> bool:
        return name in self._values


def header_end(raw: bytes) -> int:
    """Where the header block of a mail ends."""
    end = most = min(len(raw), HEADER_BLOCK + 2)
    for blank in (b"\n\r\n", b"\n\n", b"\r\r"):
        at = raw.find(blank, 0, end + 2)
        end = at if 0 <= at < end else end
    return end if end == most else end - (raw[end] == 10 and raw[end - 1 : end] == b"\r")


def decode_field(value: str, charset: str | None = None) -> str:
    """One safe line of text from a raw value; `charset` is that of bare bytes that are not UTF-8."""
    value = value[:HEADER_LIMIT]
    if "=?" in value:
        value = _decode_words(value, charset)
    elif not value.isascii() or "\x1b" in value:
        value = eight_bit(value, charset)
    return one_line(value)


def one_line(text: str) -> str:
    """Text without line breaks, controls and invisible characters, blanks folded."""
    if "\n" in text or "\r" in text:
        text = _FOLD.sub(" ", text)
    if _ODD.search(text):
        text = "".join(_visible(character) for character in text)
    return _BLANKS.sub(" ", text).strip()


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    if category in ("Cf", "Cs", "Cn"):
        # Emoji are joined by U+200D; alone it hides nothing that matters within a line.
        return character if character == "\u200d" else ""
    return character


def eight_bit(value: str, charset: str | None = None) -> str:
    """Raw bytes in a header, which the parser keeps as lone surrogates."""
    data = value.encode("utf-8", "surrogateescape")
    if b"\x1b" in data:
        return decode(data, charset or "iso-2022-jp")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return decode(data, charset)


def _decode_words(value: str, bare: str | None) -> str:
    """Encoded words to text; neighbours of one charset are joined first, since some senders cut characters."""
    value = _BETWEEN.sub(r"\1", _FOLD.sub(" ", value))
    out: list[str] = []
    pending, charset, end = b"", "", 0
    for match in _WORD.finditer(value):
        between = value[end : match.start()]
        name = match[1].lower()
        if between or name != charset:
            out.append(decode(pending, charset))
            out.append(between if between.isascii() else eight_bit(between, bare))
            pending = b""
        pending, charset, end = pending + _bytes_of(match[2], match[3]), name, match.end()
    out.append(decode(pending, charset))
    rest = value[end:]
    out.append(rest if rest.isascii() else eight_bit(rest, bare))
    return "".join(out)


def _bytes_of(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return binascii.a2b_qp(data.replace(b"=\n", b"= "), header=True)
    return base64(data)
