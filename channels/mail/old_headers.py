"""The header of an older mail within a text: its From, Sent, To and Subject lines, and the title or rule above them.

Pure. In any of the languages of `phrases`, also in columns without colons as Lotus Notes sets them. What only looks
like labels, such as somebody's way from one town to another, is no header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.mail.attributions import tells_of_oneself
from channels.mail.marks import CUT, MAYBE, next_written
from channels.mail.phrases import ABOVE, CLOCK, LABELS, MOMENT, ORIGINALS, verb_in

_BLOCK_LINES = 14
_LABEL = re.compile(r"[\s*_|]{0,6}([^\W\d_][\w\- ]{0,16}?)[\s*_]{0,4}[:：]")
_COLUMNS, _LONGEST_LABEL = "columns", 14
_GAP = re.compile(r"\s{2,}")
_NOTES_NAME = re.compile(r"@|[^\W\d_]/[^\W\d_]")
_COLUMN = re.compile(r"(?:\s*|[^\n]{0,120}?\S {2,})([^\W\d_]{1,14})(?:(?:\t| {2}).*)?|\s+([^\W\d_]{4,14}) .*")
_RULE = re.compile(r"\s*[-_=–—*]{2,}\s*(.*?)\s*[-_=–—*:]*\s*")
_TITLED = re.compile(r"[-_=–—]{3,}\s*([^\W\d_](?:[^-_=–—]|-(?=[^\W\d_])){2,58})[-_=–—]{3,}(?=\s*[^\W\d_])")
# "Original Message processed by david®", above a header whose labels have no colons
_PROCESSED = re.compile(
    r"Original[ -]?(?:[Mm]essage|[Nn]achricht) (?:processed|verarbeitet) (?:by|von|durch) \S.{0,40}"
)
# "---- Eva Ek wrote ----", of telephones
_SAYS_WHO = re.compile(r"-{3,} ((?:[^\W\d_a-z]\S{0,30} ){1,4}[^\W\d_]{3,12}) -{3,}")


def labels_of(lines: Sequence[str]) -> list[str | None]:
    """For each line which field of a header it names, if any; lines of a header in columns have kinds of their own."""
    kinds = [label(line) for line in lines]
    for top, end in columns(lines):
        kinds[top:end] = [_COLUMNS, *["other"] * (end - top - 1)]
    return kinds


def header_at(lines: Sequence[str], kinds: Sequence[str | None], at: int) -> bool:
    """Whether a header block, or a rule or title above one, begins here. `kinds` are the lines' labels."""
    line = lines[at].removeprefix(MAYBE).strip()
    if not line:
        return False
    if kinds[at] == _COLUMNS or _asks_above(line) or (line[:5] == "Origi" and _PROCESSED.fullmatch(line)):
        return True
    if line[0] in "-_=–—*>" or line[-1] in ":-":
        if titled_header(line):
            return True
        bare = phrase(line)
        if (said := _SAYS_WHO.fullmatch(line)) and verb_in(said[1].split()[-1]) and not tells_of_oneself(line):
            return True
        if groupwise(line) and "@" in line:
            return True
        if groupwise(line) or (bare in ORIGINALS and line[0] in "-_=–—*>"):
            return not _mentioned(lines, kinds, at)
        if bare in ORIGINALS:
            return _above_quote(lines, kinds, at)
        if (not bare and len(line) >= 4) or (line[:3] == "---" and line[-3:] == "---"):
            below = next_written(lines, at + 1)
            if below is None:
                return False
            return (
                kinds[below] == _COLUMNS
                or _header_block(lines, kinds, below, 2)
                or (not bare and ABOVE.match(lines[below].lstrip()) is not None)
            )
    if line.lower() in ORIGINALS:
        return _above_quote(lines, kinds, at)
    return _header_block(lines, kinds, at, 3)


def past_header(lines: Sequence[str], kinds: Sequence[str | None], at: int) -> int:
    """Where the header ends that begins at `at`."""
    end = at + 1
    while end < len(lines) and end < at + _BLOCK_LINES and (kinds[end] or lines[end - 1][:1] == CUT or not lines[end]):
        end += 1
    return end


def label(line: str) -> str | None:
    """Which field of a mail's header a line names, in any of the languages: `from`, `date`, …"""
    line = line.removeprefix(MAYBE)
    if line[:1] == ">" or (":" not in line[:26] and "：" not in line[:26]):
        return None
    match = _LABEL.match(line)
    return LABELS.get(match[1].strip().lower()) if match else None


def value_of(line: str) -> str:
    """What stands behind the label of such a line."""
    return re.split("[:：]", line, maxsplit=1)[1].strip(" *")


def columns(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Where headers of old mails begin and end whose labels have no colon: who wrote it and when, then "To", "cc" and
    "Subject", each alone or before a gap, as Lotus Notes sets them."""
    found = []
    named = [_column(line) if line else None for line in lines]
    for at in [n for n, field in enumerate(named) if field == "subject"]:
        to = next((n for n in range(at - 1, max(-1, at - _BLOCK_LINES), -1) if named[n] == "to"), None)
        if to is None:
            continue
        dated = next((n for n in range(max(0, to - 6), min(at + 4, len(lines))) if _dates(lines[n])), None)
        if dated is None:
            continue
        first = begin = min(to, dated)
        beside = first == to and any(_NOTES_NAME.search(_GAP.split(line)[0]) for line in lines[to : at + 1])
        while not beside and begin and first - begin < 2 and lines[begin - 1] and lines[begin - 1][-1] not in ".!?:-":
            begin -= 1
        if (beside or begin < to) and _NOTES_NAME.search("\n".join(lines[begin : at + 1])):
            found.append((begin, max(at, dated) + 1))
    return found


def titled_header(line: str) -> str | None:
    """The header right behind the title of an old mail, where both became one line."""
    title = _TITLED.match(line)
    if title is None or phrase(title[1]) not in ORIGINALS:
        return None
    header = line[title.end() :].lstrip()
    return header if label(header) == "from" else None


def phrase(line: str) -> str:
    """What a line says between its rules, in small letters."""
    match = _RULE.fullmatch(line)
    found = match[1] if match else line
    return found.strip(" -_=–—*:").lower().replace("i\u0307", "i")  # as Turkish capitals come out


def groupwise(line: str) -> bool:
    told = line.startswith(">>> ") and line.endswith(">>>")
    return told and ("@" in line or MOMENT.search(line) is not None)


def _asks_above(line: str) -> bool:
    """Whether a help desk asks here to answer above."""
    text = line.lstrip()
    return text[:1] in tuple("#-_=*–—") and len(text) < 120 and ABOVE.search(text) is not None


def _above_quote(lines: Sequence[str], kinds: Sequence[str | None], at: int) -> bool:
    """Whether below a title without a rule there really is another mail."""
    below = next_written(lines, at + 1)
    return below is None or lines[below].lstrip()[:1] in (">", MAYBE) or _header_block(lines, kinds, below, 2)


def _mentioned(lines: Sequence[str], kinds: Sequence[str | None], at: int) -> bool:
    """Whether a title between rules stands within somebody's sentence that goes on below it."""
    below = next_written(lines, at + 1)
    if below is None or _above_quote(lines, kinds, at) or not lines[below].lstrip()[0].islower():
        return False
    above = next((n for n in range(at - 1, -1, -1) if lines[n].strip()), None)
    return above is not None and lines[above][-1] not in ".!?" and (above < at - 1) == (below > at + 1)


def _header_block(lines: Sequence[str], kinds: Sequence[str | None], at: int, least: int) -> bool:
    """Whether From/Sent/To/Subject lines stand here, in any of our languages. `kinds` are the lines' labels."""
    if kinds[at] not in ("from", "date", "to", "subject"):
        return False
    if least == 3 and not kinds[min(at + 1, len(lines) - 1)] and _begins_below(lines, kinds, at):
        return False
    return _labels_stand(lines, kinds, at, least)


def _labels_stand(lines: Sequence[str], kinds: Sequence[str | None], at: int, least: int) -> bool:
    """Whether enough labels of a header stand below each other from here on."""
    end, gap = at, 0
    for end in range(at, min(at + _BLOCK_LINES, len(lines))):
        gap = 0 if kinds[end] else gap + 1
        if gap > 2:
            break
    last = max(n for n in range(at, end + 1) if kinds[n])
    found = set(kinds[at : last + 1]) - {None}
    joined = " ".join(lines[at : last + 1])
    if least == 3 and found == {"from", "date"} and any(lines[:at]) and CLOCK.search(joined) and "@" in joined:
        return MOMENT.search(joined) is not None
    if "from" not in found or len(found) < least:
        return False
    if "@" in joined:
        return True
    if all(_measured(lines[n]) for n in range(at, last + 1) if kinds[n] == "from"):
        return False
    # Without an address it may be somebody's way from one town to another, or what a display showed.
    if least == 3 and at and lines[at - 1][-1:] in (":", "："):
        return False
    if len(found) >= 4:
        return MOMENT.search(joined) is not None
    timed = MOMENT if least == 2 else CLOCK
    return bool(found & {"subject", "date"} and timed.search(joined)) and (least == 2 or any(lines[:at]))


def _measured(line: str) -> bool:
    """Whether a label is followed by a figure, as from 20 % to 62 %, and by nobody's name."""
    return not any(letter.isalpha() for letter in value_of(line))


def _begins_below(lines: Sequence[str], kinds: Sequence[str | None], at: int) -> bool:
    """Whether a header block begins within the next lines, so that a line like a label above it is somebody's own; not
    where a blank stands between each two lines of the header, and only this one names its field."""
    if kinds[at + 2 : at + 5 : 2] != [None] and all(kinds[at + 2 : at + 5 : 2]) and not any(lines[at + 1 : at + 4 : 2]):
        return kinds[at] in kinds[at + 2 : at + 8]
    near = range(at + 2, min(at + 7, len(lines)))
    return any(kinds[n] and not kinds[n - 1] and _labels_stand(lines, kinds, n, 3) for n in near)


def _column(line: str) -> str | None:
    """Which field a line names that has no colon: alone, before a gap, or behind one."""
    may = len(line) <= _LONGEST_LABEL or "  " in line or "\t" in line or line[0].isspace()  # faster than to match
    match = _COLUMN.fullmatch(line) if may else None
    return LABELS.get((match[1] or match[2]).lower()) if match else None


def _dates(line: str) -> bool:
    return len(line) < 120 and bool(CLOCK.search(line)) and len(MOMENT.findall(line)) > 1
