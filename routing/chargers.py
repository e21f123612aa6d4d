"""Which chargers a text names: numbers typed, grouped or spoken, EVSE ids, links of QR codes, ids with letters.

Gives what was said and what the master data know of it, with likely mistakes (one digit wrong or missing, two swapped)
for a place to confirm. Pure; decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from routing.directory import Directory, label
from routing.numbers import Reading, digit_strings
from routing.sent import sent
from routing.words import CAP, Words, fold

_EVSE = re.compile(r"\b[A-Z]{2}\*?[A-Z0-9]{3}\*?E[A-Z0-9*]{2,30}", re.IGNORECASE)
_LINK = re.compile(r"/c/([A-Za-z0-9*_-]{1,36})")
_UNIT = re.compile(
    r"kr|kronor|krona|kroner|spänn|sek|nok|dkk|euros?|eur|kwh|kw|kilowatt\w*|km|kilomet\w*|mil|procent|prosent|percent"
    r"|grader|degrees|min|minut\w*|tim\w*|hours?|years?|år|amp\w*|volt|watt|st|stycken|kruunu\w*|kronen|minuut\w*"
)
_PHONE_DIGITS = 8


@sent
@dataclass(frozen=True, slots=True)
class Said:
    """A charger number as said in words `at` to `end`; `charger` is its id in the master data, or None. `sure` is
    False when the digits are only part of a longer stretch of numbers. Links and EVSE ids stand at -1."""

    digits: str
    charger: str | None
    at: int
    end: int
    sure: bool = True


def chargers_said(raw: str, words: Words, languages: Sequence[str], directory: Directory) -> tuple[Said, ...]:
    """Every charger that a text names or seems to name, in order, known ones once."""
    said = [*_marked(raw[:CAP], directory), *_with_letters(words, directory), *_spoken(words, languages, directory)]
    kept: dict[str, Said] = {}
    for one in said:
        key = one.charger or one.digits
        if key not in kept or (one.sure and not kept[key].sure):
            kept[key] = one
    return tuple(sorted(kept.values(), key=lambda s: s.at))


def neighbours(digits: str, among: Collection[str]) -> list[str]:
    """The numbers that a slip turns into `digits`: one digit wrong, missing or too many, or two neighbours swapped."""
    near = process.extract(digits, among, scorer=OSA.distance, score_cutoff=1, limit=None)
    return [number for number, slips, _ in near if slips == 1]


def _marked(raw: str, directory: Directory) -> Iterator[Said]:
    plain = raw.casefold().replace("*", "")
    for found in _EVSE.finditer(raw) if any(operator in plain for operator in directory.operators) else ():
        text = found.group()
        charger = directory.charger_of(text.rstrip("*"))
        if charger:
            yield Said(text, charger, -1, -1)
    for found in _LINK.finditer(raw):
        charger = directory.charger_of(found[1])
        if charger:
            yield Said(found[1], charger, -1, -1)


def _with_letters(words: Words, directory: Directory) -> Iterator[Said]:
    """Ids such as `GBG-A17`, said or written in up to three words."""
    if not directory.labels:
        return
    figures = [at for at, word in enumerate(words.words) if word[0].isdigit()]
    for at in sorted({max(0, at - back) for at in figures for back in range(3)}):
        joined = ""
        for end, word in enumerate(words.words[at : at + 3], start=at + 1):
            joined += word
            charger = directory.labels.get(joined)
            if charger and any(c.isdigit() for c in joined):
                yield Said(joined, charger, at, end)


def _spoken(words: Words, languages: Sequence[str], directory: Directory) -> Iterator[Said]:
    readings = [r for r in digit_strings(words.words, languages, directory.lengths) if not _is_amount(words, r)]
    taken: list[tuple[int, int]] = []
    for reading in sorted(
        readings,
        key=lambda r: (
            not r.whole,
            r.end - r.start > 1 and r.digits not in directory.numbers,
            r.digits not in directory.numbers,
            r.start - r.end,
            r.start,
        ),
    ):
        if any(reading.start < end and start < reading.end for start, end in taken):
            continue
        known = directory.numbers.get(reading.digits)
        whole = reading.whole or words.words[reading.start : reading.end] == (reading.digits,)
        if not whole and not (known and reading.edge and not _is_phone(words, reading)):
            continue
        taken.append((reading.start, reading.end))
        yield Said(reading.digits, known, reading.start, reading.end, whole)


def _is_amount(words: Words, reading: Reading) -> bool:
    return reading.end < len(words) and _UNIT.fullmatch(words.accented[reading.end]) is not None


def _is_phone(words: Words, reading: Reading) -> bool:
    """Whether the digits stand within so many others that the whole is rather a telephone number."""
    around = words.words[max(0, reading.start - 5) : reading.end + 5]
    return sum(len(w) for w in around if w.isdigit()) >= _PHONE_DIGITS


def typed_number(text: str | None) -> str | None:
    """What a form's charger field holds, as it is compared."""
    return label(fold(text))[:40] or None if text else None
