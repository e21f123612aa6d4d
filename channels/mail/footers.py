"""What programs and lawyers add below a mail: "Sent from my phone", a mailing list's footer, disclaimers.

Pure. Lines stay in which somebody speaks of themselves, tells of danger or names a charger.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.mail.banners import is_marking
from channels.mail.details import PLACE, PROSE, places
from channels.mail.phrases import (
    ALARMING,
    DEVICE,
    DEVICE_LIMIT,
    EXCUSE,
    FOOTER,
    MATTER,
    SENT,
    any_of,
    is_disclaimer,
    speaks_of_oneself,
)

RULE = re.compile(r"[_\-=*~]{3,}\s*")
_LOOK_BACK = 30  # lines from the end within which a footer can begin
_RULES = frozenset("_-=*~—–")
_DELIMITER = re.compile(r"(?:--|—|–|__|-- -)\s*")
_OUTLOOK_RULE = re.compile(r"_{20,}")
_TELLS = re.compile(
    r"\b(?:is|are|am|was|has|have|can|will|not|but|är|har|kan|ska|inte|men|jag|ikke|jeg|ei|ole|ist|hat|nicht|ich)\b",
    re.IGNORECASE,
)
_HEADING = re.compile(r"[*_ ]{0,3}(?:legal )?disclaimer[*_: ]{0,3}", re.IGNORECASE)
_SCANNED = re.compile(any_of("scanned"), re.IGNORECASE)
_LINK = re.compile(r"https?:\S+")
_COLON = re.compile(r":(?![a-zäö]{1,4}\b)")  # none that a Finnish ending stands behind, as in "iOS:lle"


def without_devices(given: Sequence[str]) -> list[str]:
    """Without lines such as "Sent from my phone" that stand alone."""
    lines = trimmed(list(given))
    whole = len(lines)
    for n in range(len(lines) - 1, -1, -1):
        line = lines[n].strip(" *_\t()<>[]")
        if not line or not _is_device(line):
            continue
        above = n == 0 or not lines[n - 1].strip() or _is_device(lines[n - 1].strip(" *_\t()<>[]"))
        below = n + 1 == len(lines) or not lines[n + 1].strip() or _tail(lines, n)
        if (above and below) or n + 1 == len(trimmed(lines)):
            del lines[n]
    if len(trimmed(lines)) > 1 and len(lines) < whole and _OUTLOOK_RULE.fullmatch(lines[-1].strip()):
        lines.pop()  # it begins the old mail otherwise
    return trimmed(lines)


def without_footer(lines: list[str], below_others: bool) -> list[str]:
    """Without what a mailing list or a virus scanner puts below a rule."""
    for n in range(max(0, len(lines) - _LOOK_BACK), len(lines)):
        line = lines[n].strip()
        if line[:1] in _RULES and (RULE.fullmatch(line) or _DELIMITER.fullmatch(line)):
            below = [line for line in lines[n + 1 :] if line.strip()]
            alone = not any(above.strip() for above in lines[:n])
            footer = " ".join(below[:4])
            if (
                below
                and len(below) <= 10
                and FOOTER.search(footer)
                and (below_others or not alone)
                and not speaks_of_oneself(footer)
                and not places(below)
            ):
                return lines[:n]
    return lines


def without_disclaimer(lines: list[str]) -> list[str]:
    """Without last paragraphs that only lawyers wrote."""
    while True:
        end = len(trimmed(lines))
        begin = end
        while begin and lines[begin - 1].strip():
            begin -= 1
        paragraph = " ".join(lines[begin:end])
        if begin == 0 or not (_is_lawyers(paragraph) or _is_scanners(paragraph)):
            return lines
        lines = lines[:begin]
        trimmed(lines)
        if lines and (RULE.fullmatch(lines[-1].strip()) or _HEADING.fullmatch(lines[-1].strip())):
            lines.pop()


def trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _is_device(line: str) -> bool:
    if is_marking(line):
        return True
    if len(line) > DEVICE_LIMIT or not DEVICE.match(line):
        return False
    if EXCUSE.search(line):
        return True
    telling = (_TELLS if len(line) < 50 else PROSE, SENT, MATTER, PLACE)
    told = speaks_of_oneself(line) or any(pattern.search(line) for pattern in telling)
    return not told and not _COLON.search(_LINK.sub("", line))


def _tail(lines: Sequence[str], at: int) -> bool:
    return all(len(line) < 60 for line in lines[at + 1 : at + 3])


def _is_lawyers(paragraph: str) -> bool:
    return (
        len(paragraph) >= 90
        and is_disclaimer(paragraph)
        and _about_mail(paragraph)
        and not speaks_of_oneself(paragraph)
        and not ALARMING.search(paragraph)
    )


def _is_scanners(paragraph: str) -> bool:
    """Whether a paragraph only says that a program looked for viruses in the mail."""
    return (
        len(paragraph) < 600
        and _SCANNED.match(paragraph.lstrip(" *_")) is not None
        and not speaks_of_oneself(paragraph)
        and not ALARMING.search(paragraph)
        and not places([paragraph])
    )


def _about_mail(text: str) -> bool:
    return bool(
        re.search(
            r"mail|message|in this communication|meddelande|melding|"
            r"meddelelse|besked|viesti|nachricht|e-post|epost|mejl|sähköposti|print|skriv",
            text,
            re.IGNORECASE,
        )
    )
