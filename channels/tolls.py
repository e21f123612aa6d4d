"""Which numbers we may call or text at our own cost: what is refused is refused before any request is made.

Emergency and short numbers are never called for somebody else, nor are our own (a loop), premium and shared-cost
numbers, nor countries that the operation has not allowed. A Swedish 010 number costs what a landline does: it is one
that belongs to no area.
"""

from __future__ import annotations

from collections.abc import Collection

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo

from channels.numbers import HOME, parsed

COUNTRIES = frozenset(
    {"SE", "NO", "DK", "FI", "DE", "AX", "IS", "GB", "IE", "NL", "BE", "PL", "FR", "ES", "IT", "AT", "CH"}
)
COSTLY = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.PAGER,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)
AREALESS = ("SE", "10")  # its library takes them for numbers at a special rate
TEXTLESS = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE, PhoneNumberType.VOIP})


def refusal(
    number: str, *, own: Collection[str] = (), countries: Collection[str] = COUNTRIES, text: bool = False
) -> str | None:
    """Why a number may not be called (or, with `text`, sent an SMS); None when it may."""
    read = parsed(number, None)
    if read is None:
        return "not a telephone number"
    if phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164) in own:
        return "one of our own numbers"
    region = phonenumbers.region_code_for_number(read)
    national = str(read.national_number)
    if any(shortnumberinfo.connects_to_emergency_number(national, code) for code in {region or HOME, HOME}):
        return "an emergency number"
    if not phonenumbers.is_possible_number(read):
        return "not a possible number"
    if region not in countries:
        return "a country that is not allowed"
    arealess = (region, national[:2]) == AREALESS
    kind = PhoneNumberType.FIXED_LINE if arealess else phonenumbers.number_type(read)
    if kind in COSTLY:
        return "a number at a special rate"
    if text and kind in TEXTLESS:
        return "a number that takes no SMS"
    return None
