"""Sums of money in a text, typed or spoken, as whole numbers. Pure."""

from __future__ import annotations

import re

from routing.numbers import small_numbers
from routing.words import split

_MONEY = re.compile(
    r"kr|kronor|krona|kroner|kronen|spann|sek|nok|dkk|eur|euros?|kruunu\w*|crowns?|kronas?|pounds?|dollars?|\u20ac"
)
_REACH = 4


def amounts(text: str, language: str) -> frozenset[int]:
    """Every sum of at least ten that stands right before a word of money."""
    words = split(text[:2000]).words
    found: set[int] = set()
    for at, word in enumerate(words):
        if not _MONEY.fullmatch(word):
            continue
        for start in range(max(0, at - _REACH), at):
            typed = re.fullmatch(r"(\d{2,6})(?:[.,]\d{1,2})?", words[start])
            if typed and start == at - 1:
                found.add(int(typed[1]))
            said = small_numbers(words, start, (language,))
            reach = [int(n) for n in said if int(n) >= 10]
            if reach and _ends_at(words, start, at, language):
                found.add(max(reach))
                break
    return frozenset(found)


def _ends_at(words: tuple[str, ...], start: int, at: int, language: str) -> bool:
    """Whether numbers stand all the way from one word to another."""
    return all(
        small_numbers(words, i, (language,)) or words[i] in ("och", "og", "and", "und", "ja") for i in range(start, at)
    )
