"""Numbers as people type, say and group them, in six languages.

`digit_strings` finds every stretch of number words that can be read as a string of a wanted length: "tjugofem
sexhundratrettiofyra", "two five six three four" and "25 634" all read as 25634. Pure; unknown words end a stretch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
    "de": ("null", "eins ein eine", "zwei zwo", "drei", "vier", "funf fuenf", "sechs", "sieben", "acht", "neun"),
    "fi": (
        "nolla",
        "yksi yks yy",
        "kaksi kaks kaa",
        "kolme koo",
        "nelja",
        "viisi viis vii",
        "kuusi kuus kuu",
        "seitseman seittema seiska",
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
        "tjugo tjugi tjuge",
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
_TWICE = {"double": 2, "dubbel": 2, "dobbel": 2, "dobbelt": 2, "doppel": 2, "tupla": 2, "triple": 3, "trippel": 3}
_FILLERS = frozenset({"eh", "ehm", "hm", "oh", "streck", "dash", "strek", "viiva", "punkt"})

_MOST_WORDS = 12


@dataclass(frozen=True, slots=True)
class Reading:
    """Words `start` to `end` (exclusive) read as `digits`; `whole` when they are all of their stretch, `edge` when
    they begin or end it."""

    start: int
    end: int
    digits: str
    whole: bool
    edge: bool


@dataclass(frozen=True, slots=True)
class _Word:
    """A number word: `digits` as said, its `size` (1 unit, 2 teen, 3 tens, 4 below a thousand, 5 typed), or a joint."""

    digits: str
    size: int


_HUNDRED_WORD = _Word("", 6)
_THOUSAND_WORD = _Word("", 7)
_AND_WORD = _Word("", 8)


def digit_strings(words: Sequence[str], languages: Sequence[str], lengths: frozenset[int]) -> list[Reading]:
    """Every reading of a stretch of numbers as a digit string whose length is wanted, in order of position."""
    table = _table(tuple(languages))
    readings: list[Reading] = []
    for start, end in stretches(words, table):
        if end - start > 3 * _MOST_WORDS:
            continue
        for i in range(start, end):
            for j in range(i + 1, min(end, i + _MOST_WORDS) + 1):
                for digits in _read(words, i, j, table, max(lengths)):
                    if len(digits) in lengths:
                        whole = i == start and j == end
                        readings.append(Reading(i, j, digits, whole, i == start or j == end))
    return readings


def small_numbers(words: Sequence[str], at: int, languages: Sequence[str]) -> list[str]:
    """The numbers under 1000 that can be read from a word on, as a house number wants it ("sjuttiosex", "ninety
    seven"), shortest reading first."""
    table = _table(tuple(languages))
    found: list[str] = []
    for end in range(at + 1, min(len(words), at + 4) + 1):
        if not _is_number(words[end - 1], table):
            break
        found += [d for d, used in _groups(words, at, end, table) if used == end and len(d) <= 3 and d not in found]
    return found


def stretches(words: Sequence[str], table: Mapping[str, tuple[_Word, ...]]) -> Iterator[tuple[int, int]]:
    """Where number words stand side by side; a joining word counts only between numbers."""
    i = 0
    while i < len(words):
        if not _is_number(words[i], table) or _joins(words[i], table):
            i += 1
            continue
        j = i + 1
        while j < len(words) and (_is_number(words[j], table) or words[j] in _FILLERS):
            j += 1
        end = j
        while (
            end > i and (words[end - 1] in _FILLERS or _joins(words[end - 1], table)) and words[end - 1] not in ("oh",)
        ):
            end -= 1
        yield i, end
        i = j


def _is_number(word: str, table: Mapping[str, tuple[_Word, ...]]) -> bool:
    return word.isdigit() or word in table or word in _TWICE or (len(word) > 5 and bool(_run_together(word, table)))


def _joins(word: str, table: Mapping[str, tuple[_Word, ...]]) -> bool:
    return all(w is _AND_WORD for w in table.get(word, ())) and word in table


def _read(words: Sequence[str], start: int, end: int, table: Mapping[str, tuple[_Word, ...]], most: int) -> set[str]:
    """All digit strings, no longer than `most`, that words[start:end] can be heard as."""
    partial: dict[int, set[str]] = {start: {""}}
    for at in range(start, end):
        said = partial.get(at)
        if not said:
            continue
        if at > start and words[at] in _FILLERS and words[at] not in table:
            partial.setdefault(at + 1, set()).update(said)
            continue
        for digits, used in _groups(words, at, end, table):
            for before in said:
                if len(before) + len(digits) <= most:
                    partial.setdefault(used, set()).add(before + digits)
    return partial.get(end, set())


def _groups(
    words: Sequence[str], at: int, end: int, table: Mapping[str, tuple[_Word, ...]]
) -> Iterator[tuple[str, int]]:
    """The numbers that can begin at a word, and where they end: "six hundred and thirty four" is one, and "six" too."""
    times = _TWICE.get(words[at])
    if times is not None and at + 1 < end:
        for word in _meanings(words[at + 1], table):
            if word.size == 1 or (word.size == 5 and len(word.digits) == 1):
                yield word.digits * times, at + 2
        return
    for value, used in _below_hundred(words, at, end, table):
        yield value, used
        yield from _hundreds(value, words, used, end, table)
        yield from _thousands(value, words, used, end, table)
    for word in _meanings(words[at], table):
        if word.size == 4:
            yield word.digits, at + 1
            if word.digits.endswith("00"):
                yield from _completed(word.digits, words, at + 1, end, table)
        elif word is _HUNDRED_WORD:
            yield from _hundreds("1", words, at, end, table)


def _below_hundred(
    words: Sequence[str], at: int, end: int, table: Mapping[str, tuple[_Word, ...]]
) -> Iterator[tuple[str, int]]:
    for word in _meanings(words[at], table):
        if word.size in (1, 2, 3, 5):
            yield word.digits, at + 1
        if word.size == 3 and at + 1 < end:
            nxt = at + 2 if _joins(words[at + 1], table) and at + 2 < end else at + 1
            for unit in _meanings(words[nxt], table):
                if unit.size == 1 and unit.digits != "0":
                    yield word.digits[0] + unit.digits, nxt + 1
        if word.size == 1 and at + 2 < end and _joins(words[at + 1], table):
            for tens in _meanings(words[at + 2], table):
                if tens.size == 3:
                    yield tens.digits[0] + word.digits, at + 3


def _hundreds(
    head: str, words: Sequence[str], at: int, end: int, table: Mapping[str, tuple[_Word, ...]]
) -> Iterator[tuple[str, int]]:
    if at >= end or len(head) > 2 or _HUNDRED_WORD not in _meanings(words[at], table):
        return
    yield str(int(head) * 100), at + 1
    rest = at + 2 if at + 1 < end and _joins(words[at + 1], table) else at + 1
    if rest < end:
        for value, used in _below_hundred(words, rest, end, table):
            if len(value) <= 2:
                yield str(int(head) * 100 + int(value)), used


def _thousands(
    head: str, words: Sequence[str], at: int, end: int, table: Mapping[str, tuple[_Word, ...]]
) -> Iterator[tuple[str, int]]:
    if at >= end or len(head) > 3 or _THOUSAND_WORD not in _meanings(words[at], table):
        return
    thousands = int(head) * 1000
    yield str(thousands), at + 1
    rest = at + 2 if at + 1 < end and _joins(words[at + 1], table) else at + 1
    if rest < end and _THOUSAND_WORD not in _meanings(words[rest], table):
        for value, used in _groups(words, rest, end, table):
            if len(value) <= 3:
                yield str(thousands + int(value)), used


def _completed(
    head: str, words: Sequence[str], at: int, end: int, table: Mapping[str, tuple[_Word, ...]]
) -> Iterator[tuple[str, int]]:
    """The rest of a hundred or thousand that was said as one word: "sechshundert vierunddreissig"."""
    rest = at + 1 if at < end and _joins(words[at], table) else at
    if rest >= end:
        return
    room = len(head) - len(head.rstrip("0"))
    if room >= 3:
        for value, used in _groups(words, rest, end, table):
            if len(value) <= 3:
                yield str(int(head) + int(value)), used
    else:
        for value, used in _below_hundred(words, rest, end, table):
            if len(value) <= 2 and value != "0":
                yield str(int(head) + int(value)), used


def _meanings(word: str, table: Mapping[str, tuple[_Word, ...]]) -> tuple[_Word, ...]:
    if word.isdigit():
        return (_Word(word, 5),)
    return table.get(word) or _run_together(word, table)


def _run_together(word: str, table: Mapping[str, tuple[_Word, ...]]) -> tuple[_Word, ...]:
    """Two numbers that a transcriber wrote as one word: "attafemtiosex" is 8 and 56."""
    for cut in range(2, len(word) - 1):
        heads = [w for w in table.get(word[:cut], ()) if 1 <= w.size <= 3]
        tails = [w for w in table.get(word[cut:], ()) if 1 <= w.size <= 4]
        if heads and tails:
            return (_Word(heads[0].digits + tails[0].digits, 4),)
    return ()


@lru_cache(maxsize=64)
def _table(languages: tuple[str, ...]) -> Mapping[str, tuple[_Word, ...]]:
    table: dict[str, tuple[_Word, ...]] = {}
    for language in languages:
        for text, word in _number_words(language):
            if word not in table.get(text, ()):
                table[text] = (*table.get(text, ()), word)
    return table


def _number_words(language: str) -> Iterator[tuple[str, _Word]]:
    """All number words of a language up to 999, written as one word where the language does so."""
    units = [u.split() for u in _UNITS[language]]
    below: dict[int, list[str]] = {}
    for value, names in enumerate(units):
        below[value] = names
        yield from ((name, _Word(str(value), 1)) for name in names)
    for value, text in enumerate(_TEENS[language], start=10):
        below[value] = text.split()
        yield from ((name, _Word(str(value), 2)) for name in below[value])
    for tens, text in enumerate(_TENS[language], start=2):
        yield from ((name, _Word(f"{tens}0", 3)) for name in text.split())
        below[tens * 10] = text.split()
        for unit in range(1, 10):
            names = [_compound(language, t, units[unit][0]) for t in text.split()]
            below[tens * 10 + unit] = names
            yield from ((name, _Word(f"{tens}{unit}", 2)) for name in names)
    for hundred in _HUNDRED[language].split():
        yield hundred, _HUNDRED_WORD
        if language in ("en", "fi"):
            continue
        joints = ("",) if language == "sv" else ("", _AND[language])
        for count, rest in product(range(1, 10), range(100)):
            heads = [units[count][0], *([""] if count == 1 else [])]
            tails = [""] if rest == 0 else [j + r for r in below[rest] for j in joints]
            for head, tail in product(heads, tails):
                if head or tail:
                    yield head + hundred + tail, _Word(str(count * 100 + rest), 4)
    for thousand in _THOUSAND[language].split():
        yield thousand, _THOUSAND_WORD
        if language not in ("en", "fi"):
            for value, names in below.items():
                for name in names if value else ():
                    yield name + thousand, _Word(f"{value}000", 4)
    yield _AND[language], _AND_WORD


def _compound(language: str, tens: str, unit: str) -> str:
    return f"{unit}{_AND[language]}{tens}" if language in ("de", "da") else tens + unit
