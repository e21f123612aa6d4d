"""Case numbers: a counter and its Damm check digit, `1042-9`, so that one wrong or swapped digit is noticed.

The check digit follows H. M. Damm, "Total anti-symmetrische Quasigruppen" (2004), as python-stdnum computes it.
"""

from __future__ import annotations

import re

from stdnum import damm

SHAPE = re.compile(r"\d{2,18}")


def number(case: int) -> str:
    """The number of a case as people see it."""
    return f"{case}-{damm.calc_check_digit(str(case))}"


def parse(text: str) -> int | None:
    """The case that a number names, with or without dash and blanks; None when it is not a case number."""
    digits = re.sub(r"[\s#\-\u2010-\u2015]", "", text)
    if not SHAPE.fullmatch(digits) or not digits.isascii() or not damm.is_valid(digits):
        return None
    return int(digits[:-1])
