"""Bytes to text: the declared charset when it is an honest one, else strict UTF-8, else Windows-1252.

Never raises. Charsets that turn plain ASCII into other characters (UTF-7, escapes, punycode, HZ) are not honoured,
since they only serve to hide markup.
"""

from __future__ import annotations

import codecs
import re
from itertools import islice

# Names as codecs.lookup() spells them. ISO 8859-1 is read as Windows-1252, as the WHATWG Encoding Standard does.
_HONEST = frozenset(
    {
        "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "ascii",
        *(f"iso8859-{n}" for n in range(1, 17)), *(f"cp{n}" for n in range(1250, 1259)), "cp874", "tis-620", "cp437",
        "cp720", "cp737", "cp775", "cp850", "cp852", "cp855", "cp857", "cp858", "cp860", "cp861", "cp862", "cp863",
        "cp864", "cp865", "cp866", "cp869", "cp1006", "mac-roman", "mac-cyrillic", "mac-greek", "mac-iceland",
        "mac-latin2", "mac-turkish", "koi8-r", "koi8-u", "koi8-t", "kz1048", "ptcp154", "gb2312", "gbk", "gb18030",
        "big5", "big5hkscs", "cp950", "shift_jis", "cp932", "euc_jp", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2",
        "iso2022_jp_3", "iso2022_jp_2004", "iso2022_jp_ext", "iso2022_kr", "euc_kr", "cp949", "johab",
    }
)  # fmt: skip
# What senders that declare the one really write: the makers' larger sets, as the WHATWG Encoding Standard has it.
_LARGER = {
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "iso8859-9": "cp1254",
    "tis-620": "cp874", "iso8859-11": "cp874", "big5": "big5hkscs",
}  # fmt: skip
# Where a standard has only controls and its sender's system has letters.
_MAKERS = {
    "iso8859-2": "cp1250", "iso8859-4": "cp1257", "iso8859-5": "cp1251", "iso8859-6": "cp1256", "iso8859-7": "cp1253",
    "iso8859-8": "cp1255", "iso8859-13": "cp1257", "iso8859-15": "cp1252",
}  # fmt: skip
_MAKERS_LETTERS = re.compile(rb"[\x80-\x9f]")
_OTHER_NAMES = {
    "x-sjis": "cp932", "x-gbk": "gb18030", "x-mac-roman": "mac-roman", "x-mac-cyrillic": "mac-cyrillic",
    "x-big5": "big5", "x-x-big5": "big5", "x-euc-jp": "euc_jp", "x-windows-949": "cp949", "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8", "cp-850": "cp850", "windows-874": "cp874",
}  # fmt: skip
_WESTERN = frozenset({"iso8859-1", "cp1252"})
_WIDE = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
_NOT_ASCII = _WIDE | frozenset(
    {
        "iso2022_jp",
        "iso2022_jp_1",
        "iso2022_jp_2",
        "iso2022_jp_3",
        "iso2022_jp_2004",
        "iso2022_jp_ext",
        "iso2022_kr",
    }
)
_MOST_SEQUENCES = 100_000  # of a text that nobody wrote
_SEQUENCES = re.compile(rb"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+")
_UTF8 = frozenset({"utf-8", "utf-8-sig", "ascii"})
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


def decode(data: bytes, declared: str | None = None, otherwise: str | None = None) -> str:
    """The text of some bytes; what cannot be read becomes U+FFFD. `otherwise` is what they may be in where they are not
    said to be in any charset, and are neither ASCII nor UTF-8."""
    codec = _codec(declared)
    if codec in (None, "ascii"):
        if b"\x1b$" in data and data.isascii():
            codec = "iso2022_jp"  # no other text has it
        elif otherwise and not _is_utf8(data):
            codec = _codec(otherwise)
    if data.isascii() and (codec not in _NOT_ASCII or (b"\0" not in data and b"\x1b" not in data)):
        return data.decode("ascii")
    if codec is None and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        codec = "utf-16"
    if codec == "iso2022_jp":
        return _japanese(data)
    if codec in _MAKERS and _MAKERS_LETTERS.search(data):
        codec = _MAKERS[codec]
    if codec in _WIDE and b"\0" not in data and data[:2] not in (b"\xff\xfe", b"\xfe\xff") and _is_utf8(data):
        codec = "utf-8"  # what is said of a text that was sent in another form
    if codec and codec not in _UTF8 and codec not in _WESTERN:
        try:
            return data.decode(codec)
        except (UnicodeError, ValueError):
            pass
    try:
        # Bytes above 127 that happen to be good UTF-8 are UTF-8, whatever Western charset they are declared to be in.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cut = error.reason == "unexpected end of data" and not data[: error.start].isascii()
        if codec in _UTF8 and cut:
            return data.decode("utf-8-sig", "replace")
    if codec and codec not in _UTF8 and codec not in _WESTERN:
        return data.decode(codec, "replace")
    if codec in _UTF8 and _mostly_utf8(data):
        return data.decode("utf-8", "replace")
    return _mixed(data)


def says_charset(name: str | None) -> bool:
    """Whether a charset is an honest one, and more than ASCII."""
    return _codec(name) not in (None, "ascii")


def _japanese(data: bytes) -> str:
    """ISO-2022-JP with the characters that makers added to it, which the standard has no room for; or what is said to
    be it, and has eight bits."""
    if not data.isascii():
        for codec in ("utf-8", "euc_jp", "cp932"):
            try:
                return data.decode(codec)
            except UnicodeDecodeError:
                continue
    # The rows that NEC and IBM filled are those of the later standard, which is called by another escape.
    for codec, given in (("iso2022_jp", data), ("iso2022_jp_2004", data.replace(b"\x1b$B", b"\x1b$(Q"))):
        try:
            return given.decode(codec)
        except (UnicodeError, ValueError):
            continue
    return data.decode("iso2022_jp", "replace")


def tidy(text: str) -> str:
    """Text with line feeds only, and without control characters other than tab, those that turn its direction
    and those that are only there to be invisible."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.replace("\n", "").isprintable() else _CONTROLS.sub("", text)


def _codec(declared: str | None) -> str | None:
    if not declared:
        return None
    name = declared.strip(" \t\"'").lower()
    name = _OTHER_NAMES.get(name, name)
    try:
        found = codecs.lookup(name[:40]).name if name.isascii() and name.isprintable() else None
    except (LookupError, ValueError, UnicodeError):
        return None
    return _LARGER.get(found, found) if found in _HONEST else None


def _mixed(data: bytes) -> str:
    """Windows-1252, but for the characters that are UTF-8: a footer or a quote was put below a text as it stood."""
    out: list[str] = []
    end = 0
    for match in islice(_SEQUENCES.finditer(data), _MOST_SEQUENCES):
        out += [data[end : match.start()].decode("cp1252", "replace"), match[0].decode("utf-8", "replace")]
        end = match.end()
    return "".join((*out, data[end:].decode("cp1252", "replace")))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _mostly_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8 with a few broken places, for example cut within a character."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return broken * 4 < sum(1 for character in text if character > "\x7f")
