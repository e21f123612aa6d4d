"""What the programs of help desks write around a comment: the line to answer above, the comments' heads, links, marks.

A desk's mail is known by its line at the top, by heads of comments one below another, or by a ticket's own line; what
reads as a head elsewhere is somebody's own. The newest comment stands first, older ones below it. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.mail.phrases import ABOVE, COMMENTED, CONTINUES, SERVICE, UPDATED

_TOP_LINES = 40
_HEAD_LIMIT = 110  # characters
_RULE = re.compile(r"\s*[-_=–—*]{3,}\s*")
_CLOCK = r"\d{1,2}[:.]\d\d(?::\d\d)?(?:\s?[ap]\.?m\.?)?(?:\s+\(?[A-Z][A-Za-z/_]{1,20}\)?|\s*[+-]\d\d:?\d\d)?"
_DATE = (
    r"(?:\d{4}-\d\d-\d\d|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}"
    r"|\d{1,2}\.? [^\W\d_]{3,9}\.? \d{4}|[^\W\d_]{3,9}\.? \d{1,2},? \d{4})"
    rf",?(?: (?:kl\.?|um|klo|at))?\s+{_CLOCK}"
)
_WHO = r"[^\W\d_][^\n,:;!?|<>]{1,60}"
_NAMED = re.compile(rf"{_WHO}[,:]?\s+{_DATE}", re.IGNORECASE)  # "Petra (Firm), 25 Sep 2026 14:41 CEST"
_LABELLED = re.compile(rf"{_DATE}\s+[-–—]\s+{_WHO}\([^()\d]{{4,40}}\)", re.IGNORECASE)  # "… - Petra (Comments)"
_TICKET = re.compile(r"[^\W\d_]{3,12} #?\d{3,12} \|[^\n]*\bstatus\s?:", re.IGNORECASE)
_MARK = re.compile(
    r"thread::[\w-]{6,40}::|ref:msg\d{4,12}\w{0,20}|\[?\s*ref:[_!]\S{5,80}:ref\s*\]?|<URL: https?://\S+ ?>",
    re.IGNORECASE,
)
_CODE = re.compile(r"\[(?=[^\]]*[A-Z])[A-Z0-9]{4,8}-[A-Z0-9]{4,8}\]")  # stands below a program's own words only


def newest_comment(lines: Sequence[str]) -> Sequence[str]:
    """The lines without those by which a desk's program leads to a comment, and without older comments."""
    top = _led(lines)
    heads = [n for n in range(top, len(lines)) if _is_head(lines, n)]
    ticket = next((n for n in heads if _TICKET.match(lines[n])), None)
    if ticket is not None:
        return lines[top:ticket]
    if not (heads and (top or len(heads) > 1)):
        return lines[top:]
    if _leads(lines[top : heads[0]]):
        return lines[heads[0] + 1 : _ruled(lines, heads[1]) if len(heads) > 1 else len(lines)]
    return lines[top : _ruled(lines, heads[0])]


def without_lead(text: str) -> str:
    """A desk's mail without what its program writes at the top, so that it can stand below another text."""
    lines = text.split("\n")
    return "\n".join(lines[_led(lines) :])


def without_marks(lines: list[str]) -> list[str]:
    """The lines without links and marks of a program below them, where one says what it is."""
    kept, known = len(lines), False
    for n in range(len(lines) - 1, -1, -1):
        line = lines[n].strip()
        own = SERVICE.match(line) or _MARK.fullmatch(line)
        if line and not own and not any(p.fullmatch(line) for p in (_RULE, _CODE, CONTINUES)):
            break
        known = known or own is not None
        kept = n if own or (line and known) else kept
    if not known or not any(line.strip() for line in lines[:kept]):
        return lines
    while kept and (not lines[kept - 1].strip() or _RULE.fullmatch(lines[kept - 1])):
        kept -= 1
    return lines[:kept]


def _led(lines: Sequence[str]) -> int:
    """Where what a program writes at the top ends: marks, the line to answer above, who commented."""
    end, asked = 0, False
    for n, line in enumerate(lines[:_TOP_LINES]):
        text = line.strip()
        if not text or _RULE.fullmatch(text):
            continue
        asks = len(text) < 120 and (text[0] in "#-_=*–—" or _alone(lines, n)) and ABOVE.search(text) is not None
        if not (asks or _MARK.fullmatch(text) or (asked and COMMENTED.fullmatch(text))):
            break
        asked = asked or asks
        end = n + 1
    return end


def _alone(lines: Sequence[str], at: int) -> bool:
    """Whether a line stands below a rule, or as a paragraph, and is no longer than such lines are."""
    above = at == 0 or not lines[at - 1].strip() or _RULE.fullmatch(lines[at - 1]) is not None
    below = at + 1 == len(lines) or not lines[at + 1].strip() or _RULE.fullmatch(lines[at + 1]) is not None
    return above and below and ABOVE.match(lines[at].strip()) is not None and len(lines[at].split()) <= 9


def _is_head(lines: Sequence[str], at: int) -> bool:
    line = lines[at].strip()
    if not line or len(line) > _HEAD_LIMIT or line[0] in ">|":
        return False
    if _LABELLED.fullmatch(line):
        return True
    if _TICKET.match(line):
        return any(_NAMED.fullmatch(below.strip()) for below in lines[at + 1 : at + 3])
    if _NAMED.fullmatch(line) is None:
        return False
    above = next((lines[n] for n in range(at - 1, max(-1, at - 4), -1) if lines[n].strip()), "")
    return _RULE.fullmatch(above) is not None


def _ruled(lines: Sequence[str], head: int) -> int:
    """Where a head's own rule begins, or itself."""
    while head and (not lines[head - 1].strip() or _RULE.fullmatch(lines[head - 1])):
        head -= 1
    return head


def _leads(lines: Sequence[str]) -> bool:
    """Whether lines above a head are only a program's, and nobody's comment."""
    text = " ".join(line.strip() for line in lines if line.strip() and not _RULE.fullmatch(line))
    return not text or (len(text) < 300 and UPDATED.match(text) is not None)
