"""By which marks quoted lines are known in a plain text.

Pure. Lines are without their ends and without spaces behind them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

CUT = "\ue000"  # a line by which the HTML reader says: from here on everything is quoted
MAYBE = "\ue001"  # begins a line of an indentation that is a quote only below a line such as "X wrote:"
MARK = re.compile(rf"^(?:> ?|{MAYBE})")
_OWN_MARK = re.compile(r"\s{0,4}(\||[:}\]%#](?=\s)|[A-Z][A-Za-z]{0,3}>)")
_MEASURE = re.compile(r">\s?\d+(?:[.,]\d+)?\s?(?:%|k|a\b|m|h|s\b|v\b|min|sek|kr|°|€|years|år)", re.IGNORECASE)


def is_quote(lines: Sequence[str], at: int, first: str) -> bool:
    """A line with a quote mark; not ">50 kW" on its own, and "|" only in a run of them."""
    around = [lines[n].lstrip()[:1] for n in (at - 1, at + 1) if 0 <= n < len(lines)]
    if first == "|":
        return lines[at].strip()[:2] in ("| ", "|") and "|" in around and lines[at].count("|") == 1
    line = lines[at].lstrip()
    if _MEASURE.match(line):
        return any(near.startswith(">") and not _MEASURE.match(near) for near in _near(lines, at))
    # Mail systems put a mark before a line that begins with "From ".
    return first in around or not line.startswith(">From ")


def own_mark(lines: Sequence[str], at: int) -> str | None:
    """With what the lines of an old mail begin that is marked in a way of its own, such as "|" or "EE>": at least two,
    or all there are, up to a line that is none."""
    match = _OWN_MARK.match(lines[at])
    if match is None:
        return None
    mark = match[1]
    marked = list(takewhile(lambda line: line.lstrip().startswith(mark), lines[at:]))
    alone = all(line.count("|") == 1 for line in marked) if mark == "|" else True
    return mark if alone and (len(marked) > 1 or mark == "|") else None


def quoted_below(lines: Sequence[str], at: int) -> bool:
    below = next_written(lines, at + 1)
    return below is not None and (lines[below].lstrip()[:1] in (">", MAYBE) or lines[below].lstrip()[:2] == "| ")


def next_written(lines: Sequence[str], at: int) -> int | None:
    """The next line that is not blank, at most six lines on."""
    for n in range(at, min(at + 6, len(lines))):
        if lines[n].strip():
            return n
    return None


def _near(lines: Sequence[str], at: int) -> list[str]:
    """The lines of a run of ">" around one, itself not."""
    begin = end = at
    while begin and at - begin < 20 and lines[begin - 1].lstrip().startswith(">"):
        begin -= 1
    while end + 1 < len(lines) and end - at < 20 and lines[end + 1].lstrip().startswith(">"):
        end += 1
    return [lines[n].lstrip() for n in range(begin, end + 1) if n != at]
