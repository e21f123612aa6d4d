"""Payment card numbers in what people key, say and write: found by length and check digit (ISO/IEC 7812-1) and masked
before anything is kept, logged or traced. Numbers that begin with 0 are telephone numbers, never cards.

People say more than the number: what they count before it stays, month, year and security code behind it are masked
too. Digits may be spelt out, one by one or, in Swedish and English, in pairs. Among other digits only lengths that the
big issuers have count, from the beginning of a group to the end of one, since one in ten numbers has a right check
digit by chance.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.digits import DIGITS

CANDIDATE = re.compile(r"(?<![\d+])[1-9](?:[ \-.]?\d){12,18}(?!\d)")
MASK = "••••"
_RUN = re.compile(r"(?<![\d+])\d(?:[\s.,/*#\-]{0,2}\d){12,79}(?!\d)")
_GROUP = re.compile(r"\d+")
_ISSUERS = re.compile(r"[46]\d{15}|(?:5[0-8]|2[2-7])\d{14}|3[47]\d{13}|3[068]\d{12}")  # 16, 15 and 14 digits
_BEHIND = 8  # digits: month, year and security code
_LEAST = 13  # digits of a card
_TEENS = (
    "tio elva tolv tretton fjorton femton sexton sjutton arton nitton",
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
)
_TENS = (
    ("tjugo trettio fyrtio femtio sextio sjuttio åttio nittio", "ett två tre fyra fem sex sju åtta nio"),
    ("twenty thirty forty fifty sixty seventy eighty ninety", "one two three four five six seven eight nine"),
)


def _number_words() -> dict[str, str]:
    """The digits of each word, which is written without what may stand within it."""
    words = {word: str(digit) for word, digit in DIGITS.items()}
    words |= {word: str(number) for spelt in _TEENS for number, word in enumerate(spelt.split(), 10)}
    for tens, ones in _TENS:
        for ten, begins in enumerate(tens.split(), 2):
            words |= {begins: f"{ten}0"} | {f"{begins}{end}": f"{ten}{one}" for one, end in enumerate(ones.split(), 1)}
    return words


_WORDS = _number_words()
_PAIRS = "|".join(f"(?:{tens.replace(' ', '|')})[ -]?(?:{ones.replace(' ', '|')})" for tens, ones in _TENS)
_WORD = rf"(?:{_PAIRS}|{'|'.join(_WORDS)}|\d+)"
_SAID = re.compile(rf"(?<!\w){_WORD}(?:[\s.,\-]{{1,3}}{_WORD}){{6,79}}(?!\w)", re.IGNORECASE)
_ONE_WORD = re.compile(rf"(?<!\w){_WORD}(?!\w)", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")
_WITHIN = re.compile(r"[ \-]")


def masked(text: str) -> str:
    """The text with every card number in it replaced."""
    spelt = (_WORDS.get(word, "") for word in _LETTERS.findall(text.casefold()))
    if sum(map(str.isdigit, text)) + sum(map(len, spelt)) < _LEAST:
        return text
    return _keyed(_SAID.sub(lambda found: _said(found.group()), text))


def hidden(text: str) -> str:
    """The text with a sign for everything in it that may be part of a number."""
    without_words = _ONE_WORD.sub(lambda word: word.group() if word.group().isdigit() else "•", text)
    return "".join("•" if sign.isdigit() else sign for sign in without_words)


def _said(run: str) -> str:
    """Digits of which some are spelt out, in figures if a card is among them."""
    figures = _ONE_WORD.sub(lambda word: _WORDS.get(_WITHIN.sub("", word.group()).casefold(), word.group()), run)
    without = _keyed(figures)
    return run if without == figures else without


def _keyed(text: str) -> str:
    text = CANDIDATE.sub(lambda found: MASK if is_card(found.group()) else found.group(), text)
    return _RUN.sub(lambda found: _without_card(found.group()), text)


def holds_card(keys: str) -> bool:
    """Whether keys that were pressed are a card's number, or begin with one."""
    return is_card(keys) or _without_card(keys) != keys


def is_card(text: str) -> bool:
    """Whether 13 to 19 digits (spaces, dots and dashes left out) end in a right Luhn check digit."""
    digits = [int(character) for character in text if character.isdecimal()]
    if not 13 <= len(digits) <= 19 or digits[0] == 0:
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _without_card(run: str) -> str:
    groups = list(_GROUP.finditer(run))
    for first in groups:
        for length in (16, 15, 14):
            end = _end(groups, first.start(), length)
            card = "" if end is None else "".join(_GROUP.findall(run[first.start() : end]))
            if end is not None and _ISSUERS.fullmatch(card) and is_card(card):
                behind = run[end:]
                few = sum(map(str.isdigit, behind)) <= _BEHIND
                return run[: first.start()] + MASK + ("" if few else _without_card(behind))
    return run


def _end(groups: Sequence[re.Match[str]], begin: int, length: int) -> int | None:
    """Where so many digits from there end; None when that is within a group, unless it is the only one."""
    for group in groups:
        if group.end() <= begin:
            continue
        size = group.end() - group.start()
        if length == size or (length < size and len(groups) == 1):
            return group.start() + length
        if length < size:
            return None
        length -= size
    return None
