"""The warning that a mail system writes above a mail from elsewhere: not its sender's words.

It is taken away only at the very top, in a paragraph of its own that says both that the mail comes from outside and
what to beware of, and in which nobody speaks of themselves. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.mail.phrases import BEWARE, OUTSIDE, speaks_of_oneself

_LONGEST = 700  # characters


def without_banner(lines: Sequence[str]) -> Sequence[str]:
    """The lines below such a warning, or all."""
    begin = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
    end = next((n for n in range(begin, len(lines)) if not lines[n].strip()), len(lines))
    paragraph = " ".join(lines[begin:end])
    warns = len(paragraph) <= _LONGEST and OUTSIDE.search(paragraph) and BEWARE.search(paragraph)
    return lines[end:] if warns and not speaks_of_oneself(paragraph) else lines
