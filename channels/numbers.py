"""Telephone numbers: what the network or a caller gives, as E.164 or not at all.

A number here is a way to reach somebody, never a proof of who they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache

import phonenumbers

# What carriers send instead of a withheld number: the words spelt on a keypad (ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN,
# UNAVAILABLE), as listed in the provider's documentation.
WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
LONGEST = 24
HOME = "SE"  # ISO 3166: where a number without a country code belongs


def normalise(text: str | None, region: str | None = None) -> str | None:
    """E.164, or None for anything that cannot be a number. `region` (ISO 3166) reads national numbers."""
    return _read(text, region, phonenumbers.is_possible_number)


def reachable(text: str | None, region: str | None) -> str | None:
    """E.164 of a number that a caller keyed to be called back on, or None when no network has such a number."""
    return _read(text, region, phonenumbers.is_valid_number)


def reaches(address: str, numbers: Collection[str]) -> bool:
    """Whether what goes to an address of the provider's reaches one of these numbers; any does while there are none."""
    return not numbers or address.removeprefix("whatsapp:") in numbers


def region_of(number: str | None) -> str | None:
    """The ISO 3166 region of an E.164 number."""
    read = parsed(number, None)
    return phonenumbers.region_code_for_number(read) if read is not None else None


@lru_cache(maxsize=128)  # one call asks the same of its number several times
def parsed(text: str | None, region: str | None) -> phonenumbers.PhoneNumber | None:
    """What a number consists of, or None for anything that cannot be one."""
    if not text or len(text) > LONGEST or any(character.isalpha() for character in text):
        return None
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _read(text: str | None, region: str | None, good: Callable[[phonenumbers.PhoneNumber], bool]) -> str | None:
    if text in WITHHELD:
        return None
    read = parsed(text, region)
    if read is None or not good(read):
        return None
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)
