"""Taking a person's names, numbers and addresses out of words that somebody else wrote. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

GONE = "…"
SHORTEST = 3  # letters of a part of a name that is taken out by itself


def pattern_of(names: Iterable[str], values: Iterable[str]) -> re.Pattern[str] | None:
    """What finds a person: their names by each part, telephone numbers however they are spaced and with or without the
    country, addresses as they are. None when nothing is known of them."""
    parts = {part for name in names for part in re.split(r"[\s,]+", name) if len(part) >= SHORTEST}
    words = [rf"(?<!\w){re.escape(part)}(?!\w)" for part in parts]
    numbers = [_number(value) for value in values if value.startswith("+")]
    addresses = [rf"(?<![\w.+-]){re.escape(value)}(?!\w)" for value in values if not value.startswith("+")]
    found = sorted([*numbers, *addresses, *words], key=len, reverse=True)
    return re.compile("|".join(found), re.IGNORECASE) if found else None


def without(text: str, person: re.Pattern[str]) -> str:
    """The text with everything of the person taken out."""
    return person.sub(GONE, text)


def _number(number: str) -> str:
    """+46701740001 also as 0701-74 00 01, 0046 70 174 00 01; the national part is what counts."""
    digits = number.removeprefix("+")
    spaced = r"[\s().-]*".join(digits)
    national = r"[\s().-]*".join(digits[2:])
    return rf"(?<!\d)(?:(?:\+|00)[\s().-]*{spaced}|0[\s().-]*{national})(?!\d)"
