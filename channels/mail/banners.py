"""The warning that a mail system writes above a mail from elsewhere: not its sender's words.

It is taken away only at the very top, and only the sentences that warn: those that say that the mail comes from outside
and what to beware of, and in which nobody speaks of themselves, of a charger or of danger. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.mail.phrases import ALARMING, BEWARE, OUTSIDE, speaks_of_oneself

_LONGEST = 700  # characters
_NUMBER = re.compile(r"\b\d{4,6}\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def without_banner(lines: Sequence[str]) -> Sequence[str]:
    """The lines below such a warning, or all."""
    begin = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
    taken = ""
    for n in range(begin, len(lines)):
        if not lines[n].strip():
            return lines[n:] if _warns(taken) else lines
        sentences = _SENTENCE_END.split(lines[n].strip())
        for at, sentence in enumerate(sentences):
            goes_on = not _warns(taken) or OUTSIDE.search(sentence) or BEWARE.search(sentence)
            if not goes_on or _is_written(sentence) or len(taken) > _LONGEST:
                return [" ".join(sentences[at:]), *lines[n + 1 :]] if _warns(taken) else lines
            taken = f"{taken} {sentence}"
    return [] if _warns(taken) else lines


def _warns(text: str) -> bool:
    return OUTSIDE.search(text) is not None and BEWARE.search(text) is not None


def _is_written(sentence: str) -> bool:
    """Whether a sentence is somebody's own."""
    told = _NUMBER.search(sentence) or ALARMING.search(sentence)
    return told is not None or speaks_of_oneself(sentence)
