"""Which cases a text names by their numbers, `1042-9`: candidates only, since anybody can write a number; and the text
without them, for whoever looks for other numbers.

Pure, never raises. A number counts whose check digit is right and that stands in a tag or behind a word for a case, as
our own letters give it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum import damm

MENTIONS = 5
TEXT = 20_000  # characters that are read
BEFORE = 48
_NUMBER = re.compile(r"(?<![\d/-])(\d{4,17})[ \xa0]?[-\u2010-\u2015\u2212][ \xa0]?(\d)(?!\d|[-./:]\d)", re.ASCII)
_LED_TO = re.compile(
    r"(?:(?P<tag>[\[#])\s?"
    r"|\b(?:(?:ä|a\u0308?)rende|sak|sag|case|ticket|fall|vorgang|tapau|referen[sz]|reference|ref)"
    r"(?:s?-?(?:nummer|numret|nr|numero)\w{0,4}|e?ts?|ens?|s(?:ta)?|k\w{1,4})?\b(?P<between>[^\d!?\n]{0,24}))$",
    re.IGNORECASE,
)
_TAG = re.compile(r"\[#\d{1,17}-\d\]")
# What may stand before a number that is the case's for certain: "ärende nr 1042-9", not "ärende om laddare 1042-9".
_CLOSE = re.compile(r"(?:[\s:.#\[]|\b(?:number|nummer|numret|nr|no|med|with|is|är|er|on|ist)\b)*", re.IGNORECASE)


def named(text: str) -> tuple[str, ...]:
    """The numbers as `1042-9`, each once: those in tags, then those behind words, in the order of the text."""
    tagged: list[str] = []
    worded: list[str] = []
    for match, led in _mentions(text):
        (tagged if led["tag"] else worded).append("-".join(match.groups()))
    return tuple(dict.fromkeys(tagged + worded))[:MENTIONS]


def without(text: str) -> str:
    """The text without our tags and the numbers right behind words: they may be spelt as chargers with an outlet are.
    One in another's tag ("#1042-1") may be just that."""
    text = _TAG.sub(" ", text)
    kept, end = [], 0
    for match, led in _mentions(text):
        if not led["tag"] and _CLOSE.fullmatch(led["between"]):
            kept.append(text[end : match.start()])
            end = match.end()
    return " ".join([*kept, text[end:]])


def _mentions(text: str) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Each number, and what leads to it."""
    for match in _NUMBER.finditer(text[:TEXT]):
        led = _LED_TO.search(text[max(0, match.start() - BEFORE) : match.start()])
        if led and damm.is_valid("".join(match.groups())):
            yield match, led
