"""What is known of where a mail comes from, and what a check found, in the words of RFC 8601."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a mail comes from: the client's address, what it calls itself, and MAIL FROM (empty for a bounce)."""

    client: str
    name: str
    mail_from: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: `pass`, `fail`, `temperror` … and why. `domain` is the one it speaks for, told as `about`
    (`header.d`)."""

    method: str
    result: str
    reason: str
    about: str = ""
    domain: str = ""
    selector: str = ""


def is_domain(text: str) -> bool:
    """Whether it can be asked about: ASCII labels, lower case."""
    return _DOMAIN.fullmatch(text) is not None
