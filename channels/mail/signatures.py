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

from channels.mail.banners import is_marking
from channels.mail.phrases import (
    ALARMING,
    CLOSING,
    DEVICE,
    DEVICE_LIMIT,
    EXCUSE,
    FOOTER,
    MATTER,
    POSTSCRIPT,
    SENT,
    TITLE,
    disclaims,
    is_disclaimer,
    speaks_of_oneself,
)

SIGNED = "\ue004"  # begins a line of what the sender's program marked as their signature
_LOOK_BACK = 30  # lines from the end within which a signature can begin
_BLOCK_LINES = 14
_SIGNATURE_LINES = 20
_PHONE = re.compile(
    r"(?:\+|\b0|\(0?)\d(?:[\s().\-–/]{0,3}\d){6,13}\b|\b(?:tel|tlf|mob|mobil|phone|puh|fax|fon)\b\.?\s*:?\s*\+?\d",
    re.IGNORECASE,
)
_REACH = re.compile(
    r"https?://|\bwww\.|[^\s@]@[^\s@]+\.\w|(?:^|\s)@\w{3}|\b[\w-]+\.(?:se|com|no|dk|fi|de|org|net|eu|example|nu|io)\b",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    r"(?:^|\W)(?:AB|HB|KB|ApS|A/S|AS|ASA|Oyj?|Ky|Ry|GmbH|AG|KG|UG|e\.\s?V\.|Ltd|Inc|LLC|plc|BRF|Brf"
    r"|Bostadsrättsförening(?:en)?|Kommun|kommun|Kommune|kommune|[A-ZÅÄÖÆØ]\w*(?:bolaget|förening(?:en)?|gruppen|fastigheter))(?:\W|$)"
)
_POSTAL = re.compile(r"\b(?:SE-|S-|DK-|N-|FI-|D-)?\d{3} ?\d{2}\s+[A-ZÅÄÖÆØ]|\b\d{4,5}\s+[A-ZÅÄÖÆØÜ]\w+")
_STREET = re.compile(
    r"\w+(?:gatan|vägen|gränd|torget|allén|gata|väg|gate|veien|vei|vegen|gade|vej|katu|tie|straße|strasse|str\."
    r"|street|road|plan)\s+\d",
    re.IGNORECASE,
)
_PROSE = re.compile(
    r"\b(?:är|har|står|ligger|finns|sitter|kan|ska|kommer|vill|måste|går|var|blev|inte|jag|vi|ni|du|den som"
    r"|is|are|am|was|has|have|can|will|please|not|you|we|er|kan|skal|vil|jeg|ikke|dere|bliver|on|ei|ole|voi|minä|olen"
    r"|ist|sind|bin|habe|hat|wird|nicht|ich|wir|bitte)\b",
    re.IGNORECASE,
)
_TELLS = re.compile(
    r"\b(?:is|are|am|was|has|have|can|will|not|but|är|har|kan|ska|inte|men|jag|ikke|jeg|ei|ole|ist|hat|nicht|ich)\b",
    re.IGNORECASE,
)
_TO_SOMEBODY = re.compile(
    r"\b(?:jag|mig|min|mitt|mina|du|dig|ni|er|inte|tack|ring|svar\w*|kan|i|me|my|you|not|please|thanks?|call|jeg|meg|ikke"
    r"|takk?|minä|te|et|ei|kiitos|ich|mich|mein\w*|sie|nicht|bitte|danke)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?:\S+")
_PAGE = re.compile(r"https?://[^\s/]+/\S{2,}")  # more than where somebody's site begins
_COLON = re.compile(r":(?![a-zäö]{1,4}\b)")  # none that a Finnish ending stands behind, as in "iOS:lle"
_NAME_WORD = r"(?:[\"”“(]?[A-ZÅÄÖÆØÜÉ][\w'’.\-]*[\"”“)]?|af|av|von|van|de|der|den|la|le|och|og|und|ja|and|&|/)"
_PRONOUNS = r"(?:\s+\([a-z]{2,6}(?:/[a-z]{2,6}){1,2}\))?"
_NAME = re.compile(rf"[*_]*(?:{_NAME_WORD}\s+){{0,4}}{_NAME_WORD}[*_]*{_PRONOUNS},?")
_RULES = frozenset("_-=*~—–")
_DELIMITER = re.compile(r"(?:--|—|–|__|-- -)\s*")
_NUMBER = re.compile(r"\b\d{4,6}\b")
_PLACE = re.compile(
    r"\b(?:laddare|ladd(?:stolpe|plats|box|punkt|station)|uttag|charger|charging (?:point|station)|charge ?point|socket"
    r"|lader|lade(?:stander|stolpe|boks|punkt|säule|station|plass|plads|platz)|wallbox|säule|latauspiste|latausasema|laturi"
    r"|(?:garage|parkerings|bil|p-?)?(?:plats|plass|plads)|bay|parking (?:space|level)|stellplatz|parkplatz"
    r"|parkerings?plan|(?:tief)?garage(?: ebene| plan)?|parkhaus|p-hus|(?:autotalli|pysäköinti|parkki)paikka|ruutu"
    r"|(?:fel|fejl|feil)(?:kode?|meddelande|melding|meddelelse)?|(?:error|fault)(?: code)?|virhe(?:koodi)?|vikakoodi"
    r"|fehler(?:code|meldung|nummer)?|störung)"
    r"\s*(?:nr|no|nummer|number|#)?[.:]?\s*(?:[A-ZÅÄÖa-z]-?)?-?\d",
    re.IGNORECASE,
)
_POINT = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+\S")
_SAID = re.compile(r"\d|\b[a-zåäöæøüß][^\W\d_]{3}")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)")
_OUTLOOK_RULE = re.compile(r"_{20,}")
_FOOT_RULE = re.compile(r"[_\-=*~]{3,}\s*")


def without_signature(lines: list[str], author: str | None, below: bool = False) -> list[str]:
    """The lines without what nobody wrote by hand; `below` when they stand below others, and may be nothing else."""
    kept = _without_footer(without_devices(lines), below)
    kept = _before_delimiter(kept, below)
    kept = _without_block(_without_disclaimer(kept), author)
    return _trimmed(kept)


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
    return _places(block) if written is None else [*_places(block[:written]), *block[written:]]


def _places(block: Sequence[str]) -> list[str]:
    """The lines of a signature that name a charger, where it stands or its fault: they are told, whoever signs."""
    return [line for line in block if _PLACE.search(line) and not _PHONE.search(_PLACE.sub("", line))]


def without_devices(given: Sequence[str]) -> list[str]:
    """Without lines such as "Sent from my phone" that stand alone."""
    lines = _trimmed(list(given))
    whole = len(lines)
    for n in range(len(lines) - 1, -1, -1):
        line = lines[n].strip(" *_\t()<>[]")
        if not line or not _is_device(line):
            continue
        above = n == 0 or not lines[n - 1].strip() or _is_device(lines[n - 1].strip(" *_\t()<>[]"))
        below = n + 1 == len(lines) or not lines[n + 1].strip() or _tail(lines, n)
        if (above and below) or n + 1 == len(_trimmed(lines)):
            del lines[n]
    if len(_trimmed(lines)) > 1 and len(lines) < whole and _OUTLOOK_RULE.fullmatch(lines[-1].strip()):
        lines.pop()  # it begins the old mail otherwise
    return _trimmed(lines)


def _trimmed(lines: list[str]) -> list[str]:
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
    telling = (_TELLS if len(line) < 50 else _PROSE, SENT, MATTER, _PLACE)
    told = speaks_of_oneself(line) or any(pattern.search(line) for pattern in telling)
    return not told and not _COLON.search(_LINK.sub("", line))


def _tail(lines: Sequence[str], at: int) -> bool:
    return all(len(line) < 60 for line in lines[at + 1 : at + 3])


def _without_footer(lines: list[str], below_others: bool) -> list[str]:
    """Without what a mailing list or a virus scanner puts below a rule."""
    for n in range(max(0, len(lines) - _LOOK_BACK), len(lines)):
        line = lines[n].strip()
        if line[:1] in _RULES and (_FOOT_RULE.fullmatch(line) or _DELIMITER.fullmatch(line)):
            below = [line for line in lines[n + 1 :] if line.strip()]
            alone = not any(above.strip() for above in lines[:n])
            footer = " ".join(below[:4])
            if (
                below
                and len(below) <= 10
                and FOOTER.search(footer)
                and (below_others or not alone)
                and not speaks_of_oneself(footer)
                and not _places(below)
            ):
                return lines[:n]
    return lines


def _before_delimiter(lines: list[str], below_others: bool) -> list[str]:
    """Without what stands below "-- " (RFC 3676 section 4.3), also when its blank got lost, if it is short enough. What
    reads like sentences stays.
    """
    for n in range(_near_end(lines), len(lines)):
        marked = lines[n].strip()
        if marked == "--" and _in_a_list(lines, n):
            continue
        ruled = marked[:3] == "___" and _FOOT_RULE.fullmatch(marked) is not None
        if (marked in ("--", "—", "––") or ruled) and (below_others or any(above.strip() for above in lines[:n])):
            below = [text for text in lines[n + 1 :] if text.strip()]
            if marked != "--" and not (below and len(below) <= 8 and _is_name(below[0])):
                continue
            if ruled and not _shows(below[1:]):
                continue
            if _reports(below):
                continue
            if all(len(text) <= 160 or disclaims(text) for text in below):
                written = _written_below(lines, n + 1)
                if written is None or _next_text(lines, n + 1) < written:
                    end = len(lines) if written is None else written
                    return [*lines[:n], "", *_places(lines[n:end]), "", *lines[end:]]
    return lines


def _reports(lines: Sequence[str]) -> bool:
    """Whether lines below a dash name a charger, or danger, and nobody to reach."""
    told = any(_NUMBER.search(line) or ALARMING.search(line) for line in lines)
    return told and not _shows(lines) and not _is_name(lines[0])


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
    return any((_SENTENCE_END.search(line) and _PROSE.search(line)) or ALARMING.search(line) for line in paragraph)


def _without_disclaimer(lines: list[str]) -> list[str]:
    """Without last paragraphs that only lawyers wrote."""
    while True:
        end = len(_trimmed(lines))
        begin = end
        while begin and lines[begin - 1].strip():
            begin -= 1
        if begin == 0 or not _is_lawyers(" ".join(lines[begin:end])):
            return lines
        lines = lines[:begin]
        _trimmed(lines)
        if lines and _FOOT_RULE.fullmatch(lines[-1].strip()):
            lines.pop()


def _is_lawyers(paragraph: str) -> bool:
    return (
        len(paragraph) >= 90
        and is_disclaimer(paragraph)
        and _about_mail(paragraph)
        and not speaks_of_oneself(paragraph)
        and not ALARMING.search(paragraph)
    )


def _about_mail(text: str) -> bool:
    return bool(
        re.search(
            r"mail|message|meddelande|melding|meddelelse|besked|viesti|nachricht|e-post|epost|mejl|sähköposti|print|skriv",
            text,
            re.IGNORECASE,
        )
    )


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
        if not lines[n - 1].strip() and _is_name(lines[n]) and (end := _block_end(lines, n + 1)) is not None:
            details = [line for line in lines[n + 1 : end] if line.strip()]
            above = next(lines[m] for m in range(n - 1, -1, -1) if lines[m].strip())
            last, reached = not any(line.strip() for line in lines[end:]), _may_be_reached(details)
            somebody = last and reached and _words(lines[n]) > 1 and len(details) > 1
            known = (last or reached) and _is_author(lines[n], author)
            if details and above[-1] != ":" and (known or somebody):
                return _without(lines, n, end)
    return lines


def _without(lines: list[str], begin: int, end: int) -> list[str]:
    return lines[:begin] + _places(lines[begin:end]) + lines[end:]


def _is_sign_off(name: str | None) -> bool:
    return name is None or (len(name.split()) <= 4 and bool(_NAME.fullmatch(name.strip())))


def _below_closing(lines: list[str], at: int, name: str | None, author: str | None) -> list[str]:
    """Keep a short sign-off, drop a block: with its closing words when it begins with a whole name."""
    below = [n for n in range(at + 1, len(lines)) if lines[n].strip()]
    if not below:
        return lines
    first = below[0]
    if name:
        end = _block_end(lines, first)
        details = [line for line in lines[first : end or first] if line.strip()]
        if end is None or not details or not (_shows(details) or (_is_author(details[0], author) and len(details) > 1)):
            return lines
        whole = len(name.split()) > 1 and not _is_name(lines[first])
        return _without(lines, at if whole else at + 1, end)
    if POSTSCRIPT.match(lines[first].strip()):
        return lines
    named = _is_name(lines[first])
    short = named and _words(lines[first]) == 1
    begin = below[1] if named and len(below) > 1 else first
    end = _block_end(lines, begin) if named and len(below) > 1 else None
    details = [line for line in lines[begin:end] if line.strip()] if end is not None else []
    if named and not short:
        known = _is_author(lines[first], author) or any(_names_only(line, author) for line in details)
        return _without(lines, at, end) if details and end is not None and (known or _shows(details)) else lines
    if short:
        enough = len(details) > 1 and (_shows(details) or _is_author(details[0], author))
        return _without(lines, begin, end) if enough and end is not None else lines
    end = _block_end(lines, first)
    details = [line for line in lines[first : end or first] if line.strip()]
    return _without(lines, at, end) if end is not None and len(details) > 1 and _shows(details) else lines


def _block_end(lines: Sequence[str], begin: int) -> int | None:
    """Where the run of lines that may be a signature's details ends; None when there is no such line at all.

    What stands below the last one that is a detail beyond doubt may be somebody's own short words.
    """
    seen, end = 0, None
    for n in range(begin, len(lines)):
        line = lines[n].strip(" *_\t")
        if not line:
            continue
        if disclaims(line) and seen:
            return len(lines)
        if not _is_detail(line) or seen >= _BLOCK_LINES:
            if seen and _is_motto(lines, begin, n, seen):
                return len(lines)
            break
        seen += 1
        if _proves(line) or not _may_be_said(line):
            end = n + 1
    return end


def _is_detail(line: str) -> bool:
    if POSTSCRIPT.match(line) or len(line) > 110:
        return False
    if _proves(line):
        return len(line.split()) <= 3 or not (_TO_SOMEBODY if "|" in line else _PROSE).search(line)
    return len(line.split()) <= 7 and line[-1] not in ".?!:" and not (_PROSE.search(line) or ALARMING.search(line))


def _may_be_said(line: str) -> bool:
    """Whether a detail that proves nothing may be words about the matter: it has a figure or a word in small letters,
    as neither titles nor names of departments and towns have."""
    return _SAID.search(line) is not None


def _is_motto(lines: Sequence[str], begin: int, at: int, seen: int) -> bool:
    """Whether the last line, right below the details of somebody in a company, is what that says of itself."""
    if not any(_COMPANY.search(above) or TITLE.search(above) for above in lines[begin:at]):
        return False
    line = lines[at].strip(" *_\t")
    last = not any(below.strip() for below in lines[at + 1 :]) and bool(lines[at - 1].strip())
    plain = line[0].isupper() and line[-1] not in ".?!:" and not re.search(r"\d", line)
    return last and plain and seen >= 3 and len(line.split()) <= 6 and not _TO_SOMEBODY.search(line)


def _proves(line: str) -> bool:
    """Whether a line can only be a signature's. A link to a page may be what somebody shows."""
    line = _PAGE.sub("", line)
    return any(p.search(line) for p in (_PHONE, _REACH, _COMPANY, TITLE, _POSTAL, _STREET)) or line.count("|") > 0


def _shows(lines: Sequence[str]) -> bool:
    return any(_proves(line) for line in lines)


def _may_be_reached(lines: Sequence[str]) -> bool:
    """Whether lines say how to reach somebody, or who they are: an address alone may be where a charger stands."""
    return any(p.search(_PAGE.sub("", line)) for line in lines for p in (_PHONE, _REACH, TITLE))


def _is_name(line: str) -> bool:
    text = line.strip(" \t*_")
    return len(text) <= 60 and bool(_NAME.fullmatch(text)) and not re.search(r"\d", text)


def _words(line: str) -> int:
    return len(re.findall(r"[^\W\d_][\w'’.\-]*", line))


def _names_only(line: str, author: str | None) -> bool:
    """Whether a line says nothing but what the sender's own name says: who they are or where they work."""
    theirs = set(re.findall(r"\w+", line.lower()))
    return bool(theirs) and theirs <= set(re.findall(r"\w+", (author or "").lower()))


def _is_author(line: str, author: str | None) -> bool:
    """Whether a line is the sender's own whole name."""
    if not author:
        return False
    mine, theirs = set(re.findall(r"\w+", author.lower())), set(re.findall(r"\w+", line.lower()))
    return len(theirs) > 1 and (theirs <= mine or (len(mine) > 1 and mine <= theirs))
