"""What an invitation (iCalendar, RFC 5545) says in words. Pure, never raises."""

from __future__ import annotations

import re

_FOLD = re.compile(r"\n[ \t]")
_TOLD = re.compile(r"^(SUMMARY|LOCATION|DESCRIPTION)(?:;[^:\n]{0,500})?:(.*)$", re.IGNORECASE | re.MULTILINE)
_ESCAPED = re.compile(r"\\([nN,;\\])")
_ANSWERS = re.compile(r"^METHOD:REPLY\b", re.IGNORECASE | re.MULTILINE)
_ORDER = ("summary", "location", "description")
_READ = 100_000  # characters


def words_of(calendar: str) -> str:
    """Its title, place and text, as far as it has them; an answer to one has no words of its own."""
    text = _FOLD.sub("", calendar[:_READ])
    if _ANSWERS.search(text):
        return ""
    told: dict[str, str] = {}
    for name, value in _TOLD.findall(text):
        told.setdefault(name.lower(), _ESCAPED.sub(_meant, value).strip())
    return "\n\n".join(told[name] for name in _ORDER if told.get(name))


def _meant(match: re.Match[str]) -> str:
    return "\n" if match[1] in "nN" else match[1]
