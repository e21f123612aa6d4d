"""Which cases a text names by their numbers, `1042-9`: candidates only, since anybody can write a number.

Pure, never raises. A number counts whose check digit is right and that stands in a tag or behind a word for a case, as
our own letters give it.
"""

from __future__ import annotations

import re

from stdnum import damm

MENTIONS = 5
TEXT = 20_000  # characters that are read
BEFORE = 48
_NUMBER = re.compile(r"(?<![\d/-])(\d{4,17})[ \xa0]?[-\u2010-\u2015\u2212][ \xa0]?(\d)(?!\d|[-./:]\d)", re.ASCII)
_LED_TO = re.compile(
    r"(?:(?P<tag>[\[#])\s?"
    r"|\b(?:(?:ä|a\u0308?)rende|sak|sag|case|ticket|fall|vorgang|tapau|referen[sz]|reference|ref)"
    r"(?:s?-?(?:nummer|numret|nr|numero)\w{0,4}|e?ts?|ens?|s(?:ta)?|k\w{1,4})?\b[^\d!?\n]{0,24})$",
    re.IGNORECASE,
)


def named(text: str) -> tuple[str, ...]:
    """The numbers as `1042-9`, each once: those in tags, then those behind words, in the order of the text."""
    tagged: list[str] = []
    worded: list[str] = []
    for match in _NUMBER.finditer(text[:TEXT]):
        case, check = match.groups()
        led = _LED_TO.search(text[max(0, match.start() - BEFORE) : match.start()])
        if led and damm.is_valid(case + check):
            (tagged if led["tag"] else worded).append(f"{case}-{check}")
    return tuple(dict.fromkeys(tagged + worded))[:MENTIONS]
