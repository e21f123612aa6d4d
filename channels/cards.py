"""Payment card numbers in what people key, say and write: found by length and check digit (ISO/IEC 7812-1) and masked
before anything is kept, logged or traced. Numbers that begin with 0 are telephone numbers, never cards.

People say more than the number: what they count before it stays, month, year and security code behind it are masked
too. Among other digits only lengths that the big issuers have count, from the beginning of a group to the end of one,
since one in ten numbers has a right check digit by chance.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

CANDIDATE = re.compile(r"(?<![\d+])[1-9](?:[ \-.]?\d){12,18}(?!\d)")
MASK = "••••"
_RUN = re.compile(r"(?<![\d+])\d(?:[\s.,/*#\-]{0,2}\d){12,79}(?!\d)")
_GROUP = re.compile(r"\d+")
_ISSUERS = re.compile(r"[46]\d{15}|(?:5[0-8]|2[2-7])\d{14}|3[47]\d{13}|3[068]\d{12}")  # 16, 15 and 14 digits
_BEHIND = 8  # digits: month, year and security code


def masked(text: str) -> str:
    """The text with every card number in it replaced."""
    if sum(map(str.isdigit, text)) < 13:
        return text
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
