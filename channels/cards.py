"""Payment card numbers in what people key, say and write: found by length and check digit (ISO/IEC 7812-1) and masked
before anything is kept, logged or traced. Numbers that begin with 0 are telephone numbers, never cards."""

from __future__ import annotations

import re

CANDIDATE = re.compile(r"(?<![\d+])[1-9](?:[ \-.]?\d){12,18}(?!\d)")
MASK = "••••"


def masked(text: str) -> str:
    """The text with every card number in it replaced."""
    if sum(map(str.isdigit, text)) < 13:
        return text
    return CANDIDATE.sub(lambda found: MASK if is_card(found.group()) else found.group(), text)


def is_card(text: str) -> bool:
    """Whether 13 to 19 digits (spaces, dots and dashes left out) end in a right Luhn check digit."""
    digits = [int(character) for character in text if character.isdecimal()]
    if not 13 <= len(digits) <= 19 or digits[0] == 0:
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
