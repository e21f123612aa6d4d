"""What the lines of a signature are made of: somebody's name, who they are, and ways to reach them.

Pure. A line proves that it is a signature's when it has a telephone number, an address or a company in it. What may be
somebody's own words is no detail, and lines that name a charger or a bay are told, whoever signs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.mail.phrases import ALARMING, POSTSCRIPT, TITLE, disclaims

_BLOCK_LINES = 14
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
PROSE = re.compile(
    r"\b(?:är|har|står|ligger|finns|sitter|kan|ska|kommer|vill|måste|går|var|blev|inte|jag|vi|ni|du|den som"
    r"|is|are|am|was|has|have|can|will|please|not|you|we|er|kan|skal|vil|jeg|ikke|dere|bliver|on|ei|ole|voi|minä|olen"
    r"|ist|sind|bin|habe|hat|wird|nicht|ich|wir|bitte)\b",
    re.IGNORECASE,
)
_TO_SOMEBODY = re.compile(
    r"\b(?:jag|mig|min|mitt|mina|du|dig|ni|er|inte|tack|ring|svar\w*|kan|i|me|my|you|not|please|thanks?|call|jeg|meg|ikke"
    r"|takk?|minä|te|et|ei|kiitos|ich|mich|mein\w*|sie|nicht|bitte|danke)\b",
    re.IGNORECASE,
)
_PAGE = re.compile(r"https?://[^\s/]+/\S{2,}")  # more than where somebody's site begins
_NAME_WORD = r"(?:[\"”“(]?[A-ZÅÄÖÆØÜÉ][\w'’.\-]*[\"”“)]?|af|av|von|van|de|der|den|la|le|och|og|und|ja|and|&|/)"
_PRONOUNS = r"(?:\s+\([a-z]{2,6}(?:/[a-z]{2,6}){1,2}\))?"
NAME = re.compile(rf"[*_]*(?:{_NAME_WORD}\s+){{0,4}}{_NAME_WORD}[*_]*{_PRONOUNS},?")
PLACE = re.compile(
    r"\b(?:laddare|ladd(?:stolpe|plats|box|punkt|station)|uttag|charger|charging (?:point|station)|charge ?point|socket"
    r"|lader|lade(?:stander|stolpe|boks|punkt|säule|station|plass|plads|platz)|wallbox|säule|latauspiste|latausasema|laturi"
    r"|(?:garage|parkerings|bil|p-?)?(?:plats|plass|plads)|bay|parking (?:space|level)|stellplatz|parkplatz"
    r"|parkerings?plan|(?:tief)?garage(?: ebene| plan)?|parkhaus|p-hus|(?:autotalli|pysäköinti|parkki)paikka|ruutu"
    r"|(?:fel|fejl|feil)(?:kode?|meddelande|melding|meddelelse)?|(?:error|fault)(?: code)?|virhe(?:koodi)?|vikakoodi"
    r"|fehler(?:code|meldung|nummer)?|störung)"
    r"\s*(?:nr|no|nummer|number|#)?[.:]?\s*(?:[A-ZÅÄÖa-z]-?)?-?\d",
    re.IGNORECASE,
)
_SAID = re.compile(r"\d|\b[a-zåäöæøüß][^\W\d_]{3}")


def details_end(lines: Sequence[str], begin: int) -> int | None:
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


def places(block: Sequence[str]) -> list[str]:
    """The lines of a signature that name a charger, where it stands or its fault: they are told, whoever signs."""
    return [line for line in block if PLACE.search(line) and not _PHONE.search(PLACE.sub("", line))]


def shows(lines: Sequence[str]) -> bool:
    return any(_proves(line) for line in lines)


def may_be_reached(lines: Sequence[str]) -> bool:
    """Whether lines say how to reach somebody, or who they are: an address alone may be where a charger stands."""
    return any(p.search(_PAGE.sub("", line)) for line in lines for p in (_PHONE, _REACH, TITLE))


def is_name(line: str) -> bool:
    text = line.strip(" \t*_")
    return len(text) <= 60 and bool(NAME.fullmatch(text)) and not re.search(r"\d", text)


def words(line: str) -> int:
    return len(re.findall(r"[^\W\d_][\w'’.\-]*", line))


def is_author(line: str, author: str | None) -> bool:
    """Whether a line is the sender's own whole name."""
    if not author:
        return False
    mine, theirs = set(re.findall(r"\w+", author.lower())), set(re.findall(r"\w+", line.lower()))
    return len(theirs) > 1 and (theirs <= mine or (len(mine) > 1 and mine <= theirs))


def names_only(line: str, author: str | None) -> bool:
    """Whether a line says nothing but what the sender's own name says: who they are or where they work."""
    theirs = set(re.findall(r"\w+", line.lower()))
    return bool(theirs) and theirs <= set(re.findall(r"\w+", (author or "").lower()))


def _is_detail(line: str) -> bool:
    if POSTSCRIPT.match(line) or len(line) > 110:
        return False
    if _proves(line):
        return len(line.split()) <= 3 or not (_TO_SOMEBODY if "|" in line else PROSE).search(line)
    return len(line.split()) <= 7 and line[-1] not in ".?!:" and not (PROSE.search(line) or ALARMING.search(line))


def _proves(line: str) -> bool:
    """Whether a line can only be a signature's. A link to a page may be what somebody shows."""
    line = _PAGE.sub("", line)
    return any(p.search(line) for p in (_PHONE, _REACH, _COMPANY, TITLE, _POSTAL, _STREET)) or line.count("|") > 0


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
