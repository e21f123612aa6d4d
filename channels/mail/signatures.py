"""Signature blocks and what programs add below a mail.

A greeting and a short sign-off (a closing word and a first name) stay; a block of name, title, company and ways to
reach somebody goes, with its closing words, and so do "Sent from my phone", list footers and disclaimers. A block is
only taken for one when something in it shows that it is: a telephone number, an address, a company, or the sender's own
name. Lines below a block that read like sentences stay, those that tell of danger wherever they stand, and those that
name a charger or a bay within it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from channels.mail.details import (
    NAME,
    PROSE,
    details_end,
    is_author,
    is_name,
    may_be_reached,
    names_only,
    places,
    shows,
    words,
)
from channels.mail.footers import RULE, trimmed, without_devices, without_disclaimer, without_footer
from channels.mail.phrases import ALARMING, CLOSING, DEVICE, FOOTER, POSTSCRIPT, disclaims, speaks_of_oneself

SIGNED = "\ue004"  # begins a line of what the sender's program marked as their signature
_LOOK_BACK = 30  # lines from the end within which a signature can begin
_BLOCK_LINES = 14
_SIGNATURE_LINES = 20
_NUMBER = re.compile(r"\b\d{4,6}\b")
_POINT = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+\S")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)")


def without_signature(lines: list[str], author: str | None, below: bool = False) -> list[str]:
    """The lines without what nobody wrote by hand; `below` when they stand below others, and may be nothing else."""
    kept = without_footer(without_devices(lines), below)
    kept = _before_delimiter(kept, below)
    kept = _without_block(without_disclaimer(kept), author)
    return trimmed(kept)


def without_marked(lines: Sequence[str]) -> list[str]:
    """The lines without what the sender's program marked as signature, but for what somebody wrote within it."""
    kept: list[str] = []
    for marked, run in groupby(lines, key=lambda line: line.startswith(SIGNED)):
        found = [line.removeprefix(SIGNED) for line in run]
        if marked and (written := _written_within(found)) is not found:
            _drop_delimiter(kept)
            found = list(written)
        kept += found
    return kept


def _drop_delimiter(lines: list[str]) -> None:
    """Take away the delimiter of a marked signature, which would take what stands below that with it."""
    near = [n for n in range(max(0, len(lines) - 3), len(lines)) if lines[n].strip()]
    if near and lines[near[-1]].strip() == "--":
        del lines[near[-1] :]


def _written_within(block: Sequence[str]) -> Sequence[str]:
    if _reports([line for line in block if line.strip()]):
        return block
    written = _written_below(block, 0)
    return places(block) if written is None else [*places(block[:written]), *block[written:]]


def _before_delimiter(lines: list[str], below_others: bool) -> list[str]:
    """Without what stands below "-- " (RFC 3676 section 4.3), also when its blank got lost, if it is short enough. What
    reads like sentences stays.
    """
    for n in range(_near_end(lines), len(lines)):
        marked = lines[n].strip()
        if marked == "--" and _in_a_list(lines, n):
            continue
        ruled = marked[:3] == "___" and RULE.fullmatch(marked) is not None
        if (marked in ("--", "—", "––") or ruled) and (below_others or any(above.strip() for above in lines[:n])):
            below = [text for text in lines[n + 1 :] if text.strip()]
            if marked != "--" and not (below and len(below) <= 8 and is_name(below[0])):
                continue
            if ruled and not shows(below[1:]):
                continue
            if _reports(below):
                continue
            if all(len(text) <= 160 or disclaims(text) for text in below):
                written = _written_below(lines, n + 1)
                if written is None or _next_text(lines, n + 1) < written:
                    end = len(lines) if written is None else written
                    return [*lines[:n], "", *places(lines[n:end]), "", *lines[end:]]
    return lines


def _reports(lines: Sequence[str]) -> bool:
    """Whether lines below a dash name a charger, or danger, and nobody to reach."""
    told = any(_NUMBER.search(line) or ALARMING.search(line) for line in lines)
    return told and not shows(lines) and not is_name(lines[0])


def _in_a_list(lines: Sequence[str], at: int) -> bool:
    """Whether a line stands between two points of a list, as an empty one."""
    return 0 < at < len(lines) - 1 and all(_POINT.match(lines[n]) for n in (at - 1, at + 1))


def _near_end(lines: Sequence[str]) -> int:
    """From where on a line can have a whole signature below it, and no more."""
    written = [n for n, line in enumerate(lines) if line.strip()]
    return written[-_SIGNATURE_LINES - 1] if len(written) > _SIGNATURE_LINES else 0


def _next_text(lines: Sequence[str], at: int) -> int:
    return next((n for n in range(at, len(lines)) if lines[n].strip()), at)


def _written_below(lines: Sequence[str], begin: int) -> int | None:
    """Where a paragraph begins that somebody wrote by hand below their signature."""
    start = begin
    for n in range(begin, len(lines) + 1):
        if n < len(lines) and lines[n].strip():
            continue
        paragraph = [line.strip() for line in lines[start:n] if line.strip()]
        text = " ".join(paragraph)
        added = disclaims(text) or FOOTER.search(text) or DEVICE.match(text)
        written = not added or speaks_of_oneself(text) or ALARMING.search(text)
        if paragraph and written and (POSTSCRIPT.match(paragraph[0]) or _says(paragraph)):
            return start
        start = n + 1
    return None


def _says(paragraph: Sequence[str]) -> bool:
    """Whether it holds a sentence, and is no verse or motto of somebody else's."""
    if any(line[0] in "\"'”“»«" or line[-1] in "\"'”“»«" for line in paragraph):
        return False
    return any((_SENTENCE_END.search(line) and PROSE.search(line)) or ALARMING.search(line) for line in paragraph)


def _without_block(lines: list[str], author: str | None) -> list[str]:
    written = [n for n, line in enumerate(lines) if line.strip()]
    for n in reversed(written[-_LOOK_BACK:]):
        line = lines[n].strip(" *_\t")
        if len(line) > 80:
            continue
        match = CLOSING.fullmatch(line)
        if match and _is_sign_off(match["name"]):
            return _below_closing(lines, n, match["name"], author)
    for n in reversed(written[1:][-_BLOCK_LINES:]):
        if not lines[n - 1].strip() and is_name(lines[n]) and (end := details_end(lines, n + 1)) is not None:
            details = [line for line in lines[n + 1 : end] if line.strip()]
            above = next(lines[m] for m in range(n - 1, -1, -1) if lines[m].strip())
            last, reached = not any(line.strip() for line in lines[end:]), may_be_reached(details)
            somebody = last and reached and words(lines[n]) > 1 and len(details) > 1
            known = (last or reached) and is_author(lines[n], author)
            if details and above[-1] != ":" and (known or somebody):
                return _without(lines, n, end)
    return lines


def _without(lines: list[str], begin: int, end: int) -> list[str]:
    return lines[:begin] + places(lines[begin:end]) + lines[end:]


def _is_sign_off(name: str | None) -> bool:
    return name is None or (len(name.split()) <= 4 and bool(NAME.fullmatch(name.strip())))


def _below_closing(lines: list[str], at: int, name: str | None, author: str | None) -> list[str]:
    """Keep a short sign-off, drop a block: with its closing words when it begins with a whole name."""
    below = [n for n in range(at + 1, len(lines)) if lines[n].strip()]
    if not below:
        return lines
    first = below[0]
    if name:
        end = details_end(lines, first)
        details = [line for line in lines[first : end or first] if line.strip()]
        if end is None or not details or not (shows(details) or (is_author(details[0], author) and len(details) > 1)):
            return lines
        whole = len(name.split()) > 1 and not is_name(lines[first])
        return _without(lines, at if whole else at + 1, end)
    if POSTSCRIPT.match(lines[first].strip()):
        return lines
    named = is_name(lines[first])
    short = named and words(lines[first]) == 1
    begin = below[1] if named and len(below) > 1 else first
    end = details_end(lines, begin) if named and len(below) > 1 else None
    details = [line for line in lines[begin:end] if line.strip()] if end is not None else []
    if named and not short:
        known = is_author(lines[first], author) or any(names_only(line, author) for line in details)
        return _without(lines, at, end) if details and end is not None and (known or shows(details)) else lines
    if short:
        enough = len(details) > 1 and (shows(details) or is_author(details[0], author))
        return _without(lines, begin, end) if enough and end is not None else lines
    end = details_end(lines, first)
    details = [line for line in lines[first : end or first] if line.strip()]
    return _without(lines, at, end) if end is not None and len(details) > 1 and shows(details) else lines
