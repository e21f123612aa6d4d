"""The number words of six languages up to 999 and theirs for a thousand, with what transcribers and dialects make of
them, all folded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

_UNITS: Mapping[str, tuple[str, ...]] = {
    "sv": (
        "noll nolla",
        "ett en etta",
        "tva tvaa",
        "tre trea",
        "fyra",
        "fem femma",
        "sex sexa",
        "sju sjua",
        "atta",
        "nio nie nia",
    ),
    "no": ("null", "en ett ein", "to", "tre", "fire", "fem", "seks", "sju syv", "atte", "ni"),
    "da": ("nul", "en et", "to", "tre", "fire", "fem", "seks", "syv", "otte", "ni"),
    "en": ("zero oh o nought naught nil", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "de": ("null", "ein eins eine", "zwei zwo", "drei", "vier", "funf fuenf", "sechs", "sieben", "acht", "neun"),
    "fi": (
        "nolla",
        "yksi yks yy",
        "kaksi kaks kaa",
        "kolme koo",
        "nelja",
        "viisi viis vii",
        "kuusi kuus kuu",
        "seitseman seitteman seittema seiska",
        "kahdeksan kaheksan kasi",
        "yhdeksan yheksan ysi",
    ),
}
_TEENS: Mapping[str, tuple[str, ...]] = {
    "sv": ("tio tie", "elva", "tolv", "tretton", "fjorton", "femton", "sexton", "sjutton", "arton", "nitton"),
    "no": ("ti", "elleve", "tolv", "tretten", "fjorten", "femten", "seksten", "sytten", "atten", "nitten"),
    "da": ("ti", "elleve", "tolv", "tretten", "fjorten", "femten", "seksten", "sytten", "atten", "nitten"),
    "en": (
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ),
    "de": (
        "zehn",
        "elf",
        "zwolf zwoelf",
        "dreizehn",
        "vierzehn",
        "funfzehn fuenfzehn",
        "sechzehn",
        "siebzehn",
        "achtzehn",
        "neunzehn",
    ),
    "fi": (
        "kymmenen",
        "yksitoista",
        "kaksitoista",
        "kolmetoista",
        "neljatoista",
        "viisitoista",
        "kuusitoista",
        "seitsemantoista",
        "kahdeksantoista",
        "yhdeksantoista",
    ),
}
_TENS: Mapping[str, tuple[str, ...]] = {
    "sv": (
        "tjugo tjugi tjuge tju",
        "trettio tretti",
        "fyrtio fyrti",
        "femtio femti",
        "sextio sexti",
        "sjuttio sjutti",
        "attio atti",
        "nittio nitti",
    ),
    "no": ("tjue tyve", "tretti tredve", "forti", "femti", "seksti", "sytti", "atti", "nitti"),
    "da": ("tyve", "tredive", "fyrre fyrretyve", "halvtreds", "tres", "halvfjerds", "firs", "halvfems"),
    "en": ("twenty", "thirty", "forty fourty", "fifty", "sixty", "seventy", "eighty", "ninety"),
    "de": ("zwanzig", "dreissig dreizig", "vierzig", "funfzig fuenfzig", "sechzig", "siebzig", "achtzig", "neunzig"),
    "fi": (
        "kaksikymmenta kakskyt",
        "kolmekymmenta kolkyt",
        "neljakymmenta nelkyt",
        "viisikymmenta viiskyt",
        "kuusikymmenta kuuskyt",
        "seitsemankymmenta seiskyt",
        "kahdeksankymmenta kaheksankyt",
        "yhdeksankymmenta yheksankyt",
    ),
}
_HUNDRED: Mapping[str, str] = {
    "sv": "hundra hundre",
    "no": "hundre",
    "da": "hundrede hundred",
    "en": "hundred",
    "de": "hundert",
    "fi": "sata sataa",
}
_THOUSAND: Mapping[str, str] = {
    "sv": "tusen",
    "no": "tusen",
    "da": "tusind tusinde",
    "en": "thousand",
    "de": "tausend",
    "fi": "tuhat tuhatta",
}
_AND: Mapping[str, str] = {"sv": "och", "no": "og", "da": "og", "en": "and", "de": "und", "fi": "ja"}


@dataclass(frozen=True, slots=True)
class NumberWord:
    """A number word: `digits` as said, its `size` (1 unit, 2 teen, 3 tens, 4 below a thousand, 5 typed), or a joint."""

    digits: str
    size: int


HUNDRED_WORD = NumberWord("", 6)
THOUSAND_WORD = NumberWord("", 7)
AND_WORD = NumberWord("", 8)


def number_words(language: str) -> Iterator[tuple[str, NumberWord]]:
    """All number words of a language up to 999, written as one word where the language does so."""
    units = [u.split() for u in _UNITS[language]]
    below: dict[int, list[str]] = {}
    for value, names in enumerate(units):
        below[value] = names
        yield from ((name, NumberWord(str(value), 1)) for name in names)
    for value, text in enumerate(_TEENS[language], start=10):
        below[value] = text.split()
        yield from ((name, NumberWord(str(value), 2)) for name in below[value])
    for tens, text in enumerate(_TENS[language], start=2):
        yield from ((name, NumberWord(f"{tens}0", 3)) for name in text.split())
        below[tens * 10] = text.split()
        for unit in range(1, 10):
            names = [one for u in units[unit] for t in text.split() for one in _compounds(language, t, u)]
            below[tens * 10 + unit] = [_compounds(language, t, units[unit][0])[0] for t in text.split()]
            yield from ((name, NumberWord(f"{tens}{unit}", 2)) for name in names)
    for hundred in _HUNDRED[language].split():
        yield hundred, HUNDRED_WORD
        if language == "en":
            continue
        joints = ("",) if language in ("sv", "fi") else ("", _AND[language])
        for count, rest in product(range(1, 10), range(100)):
            heads = [units[count][0], *([""] if count == 1 else [])]
            tails = [""] if rest == 0 else [j + r for r in below[rest] for j in joints]
            for head, tail in product(heads, tails):
                if head or tail:
                    yield head + hundred + tail, NumberWord(str(count * 100 + rest), 4)
    for thousand in _THOUSAND[language].split():
        yield thousand, THOUSAND_WORD
    yield _AND[language], AND_WORD


def _compounds(language: str, tens: str, unit: str) -> tuple[str, ...]:
    """A number of tens and units as one word; in Norway it is said either way round."""
    turned = f"{unit}{_AND[language]}{tens}"
    return {"de": (turned,), "da": (turned,), "no": (tens + unit, turned)}.get(language, (tens + unit,))
