"""What a machine that watches others writes in a subject: about what it is, and whether that is well again.

Such a machine tells of one thing under one subject, in which nothing changes but how it is and when, and for how long
(machines.toml). Pure.
"""

from __future__ import annotations

import re

from routing.tables import read_table

_STATES = {
    name: frozenset(word for words in groups.values() for word in words)
    for name, groups in read_table("machines.toml").items()
}
_WELL, _TOLD = _STATES["well"], _STATES["well"] | _STATES["wrong"]
_NAMELESS = _TOLD | _STATES["between"]
_WORD = re.compile(r"[^\W_](?:[\w./-]*[^\W_])?(?::\d+)?")
# A span of time, a share, a time, a date or a measure, none of which names anything; a plain number may.
_FIGURE = re.compile(
    r"(?<![\w.:/-])(?:\d+(?:[.,]\d+)?\s?(?:%|(?:ms|s|sec|m|min|h|d|w|tim|std|sekunder|sekuntia|sekunden|seconds?|minuter|minutter"
    r"|minuuttia|minuten|minutes?|hours?|timmar|timer|tuntia|stunden|days?|dagar|dager|dage|päivää|tagen?)(?!\w))"
    r"|\d+[.,]\d+|\d{1,2}:\d\d(?::\d\d)?|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(?:t\d[\d:.]*z?)?)(?![\w/-]|[.:]\w)"
)


def about(subject: str) -> frozenset[str]:
    """The words that name what a subject is about; the same whatever state it tells of."""
    return frozenset(word for word in _words(subject) if _bare(word) not in _NAMELESS)


def is_well(subject: str) -> bool:
    """Whether the first word about a state says that it is well again."""
    return next((word in _WELL for word in map(_bare, _words(subject)) if word in _TOLD), False)


def _words(subject: str) -> list[str]:
    return _WORD.findall(_FIGURE.sub(" ", subject[:300].casefold()))


def _bare(word: str) -> str:
    """Without the count behind it, as in "firing:1"."""
    return word.partition(":")[0]
