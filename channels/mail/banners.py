"""What a mail system writes above a mail: how secret it is, or that it comes from elsewhere. Not its sender's words.

It is taken away only at the very top. Of a line only one that is nothing else; of a warning only the sentences that
warn: those that say that the mail comes from outside and what to beware of, and in which nobody speaks of themselves,
of a charger or of danger. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.mail.phrases import ALARMING, BEWARE, FENCED, FOREIGN, MARKING, OUTSIDE, speaks_of_oneself

_LONGEST = 700  # characters
_MARKING = 80  # characters
_FRAME = " []<>*_=#|~"
_NUMBER = re.compile(r"\b\d{4,6}\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def without_banner(lines: Sequence[str]) -> Sequence[str]:
    """The lines below such lines and such a warning, or all."""
    return _unmarked(_unwarned(_unmarked(lines)))


def is_marking(line: str) -> bool:
    """Whether a line says how secret a mail is, and nothing else."""
    return len(line) <= _MARKING and MARKING.fullmatch(line) is not None


def _unmarked(lines: Sequence[str]) -> Sequence[str]:
    for n, line in enumerate(lines):
        text = line.strip()
        if text and not is_marking(text.strip(_FRAME)) and not (len(text) <= _MARKING and FENCED.fullmatch(text)):
            return [FOREIGN.sub("", line, count=1) if FOREIGN.match(line) else line, *lines[n + 1 :]]
    return []


def _unwarned(lines: Sequence[str]) -> Sequence[str]:
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
