"""Who wrote what is quoted: lines such as "On …, X <x@y> wrote:", in one line or broken into several.

Pure and linear. The words are those of `phrases`; that a line tells of its own author ("I wrote:") makes it none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.mail.marks import quoted_below
from channels.mail.phrases import BEGINS, CITES, CLOCK, FIRST_PERSON, MOMENT, QUOTING, verb_in

ENDS = ":：>"
_ATTRIBUTION_LINES = 6
_ATTRIBUTION_LIMIT = 420
_ADDRESSED = re.compile(r"[<\[(]\s*(?:mailto:)?[^\s<>]{1,100}@[^\s<>]{1,200}[>\])]\s*[:：]?\s*$")
_ANGLED = re.compile(r"<[^\s<>]{1,100}@[^\s<>]{1,200}>")
_ONLY_SAYS = re.compile(r">\s*[^\s<>:：]{2,16}(?:\s[^\s<>:：]{2,16})?\s*[:：]")
_SAYS = re.compile(r"[^<>@]{1,60}<[^\s<>]{1,100}@[^\s<>]{1,200}>\s+(?:a |ha )?[^\s<>@:：]{2,16}\s*[:：]")
# "Eva Ek skrev den 3 mars 2026 kl. 10:00:"
_NAMED_SAYS = re.compile(
    r"(?:[^\W\d_a-zåäöæø][\w.'’-]{1,30} ){2,4} ?[^\W\d_A-ZÅÄÖ]{3,12} (?:[^\W\d_]{1,10}\.?,? ){0,3}"
    r"\d[^:：]{4,40}[:.]\d\d(?:[:.]\d\d)?[:：]"
)
_VERB_ALONE = re.compile(r"\s*(?:[^\s:：]{1,12} )?[^\s:：]{2,16}\s?[:：]")
_NAME_ALONE = re.compile(r"\"[^\"]{2,60}\"|(?:[^\W\d_a-zåäöæø][\w.'’-]{0,30} ?){2,5}")
# K-9: "X <x@y> wrote: (3 March 2026 10:00)"
_DATED_TAIL = re.compile(r"(?<=[:：])\s*\((?=[^()]*\d[:.]\d\d)[^()]{8,60}\)$")


def attribution(lines: Sequence[str], at: int) -> int | None:
    """Where "On …, X <x@y> wrote:" begins that ends in this line; None when it is no such line.

    The shortest reading counts, unless going on upwards, over lines that end no sentence, finds how such lines begin.
    """
    near = " ".join(lines[max(0, at + 1 - _ATTRIBUTION_LINES) : at + 1])
    timed = ("@" in near or "essage of" in near) and CLOCK.search(near) is not None
    if not timed and not verb_in(near) and not quoted_below(lines, at):  # most lines that end in a colon
        return None
    if tells_of_oneself(lines[at]):
        return None
    joined, found = "", None
    for n in range(at, max(-1, at - _ATTRIBUTION_LINES), -1):
        line = lines[n].strip()
        if n == at and line[-1] == ")":
            line = _DATED_TAIL.sub("", line)
        if not line and n < at and joined[:1] in ("<", ">"):
            continue
        if (
            not line
            or (line[0] in ">|" and not closes_address(lines, n))
            or (found is not None and line[-1] in ".?!:;")
        ):
            break
        nameless = joined[:1] in ("<", "[", "(") or ("@" not in joined and _ANGLED.search(line) is not None)
        joined = f"{line} {joined}".strip()
        if len(joined) > _ATTRIBUTION_LIMIT:
            break
        if _reads_as_attribution(joined, quoted_below(lines, at)):
            if (BEGINS.match(joined) and (found is None or MOMENT.search(line))) or CITES.match(joined):
                return _with_author_above(lines, n, at)
            found = n if found is None or nameless else found
    return found


def ends_attribution(line: str) -> bool:
    return line[-1] in ENDS or (line[-1] == ")" and _DATED_TAIL.search(line) is not None)


def may_end_attribution(lines: Sequence[str], at: int) -> bool:
    """Whether a line without a colon can end an attribution: a quote is below it, or an address within it."""
    return quoted_below(lines, at) or any("@" in line for line in lines[max(0, at + 1 - _ATTRIBUTION_LINES) : at + 1])


def closes_address(lines: Sequence[str], at: int) -> bool:
    """Whether the mark at a line's beginning closes the address of an attribution that was broken there."""
    above, line = lines[at - 1] if at else "", lines[at]
    if line[0] != ">":
        return False
    if line[-1] in ":：" and _ONLY_SAYS.fullmatch(line) and verb_in(line):
        return True
    return above.count("<") > above.count(">") and (line[-1] in ENDS or bool(verb_in(line[-24:])))


def certain(text: str) -> bool:
    """Whether an attribution may end the new text although no quote marks follow."""
    text = text.strip("- ")
    if CITES.match(text) or (_SAYS.fullmatch(text) and verb_in(text[-24:])):
        return True
    if _NAMED_SAYS.match(text) and len(MOMENT.findall(text)) > 1:
        return True
    dated = MOMENT.search(text) is not None
    return dated and ("@" in text or (bool(BEGINS.match(text)) and len(MOMENT.findall(text)) > 1))


def tells_of_oneself(line: str) -> bool:
    """Whether a line such as "On Monday I wrote to you:" tells of a mail and quotes none."""
    verb = verb_in(line)
    if verb is None:
        return False
    before = FIRST_PERSON.search(line, 0, verb.start())
    return (before is not None and before.end() >= verb.start() - 1) or FIRST_PERSON.match(line, verb.end()) is not None


def _with_author_above(lines: Sequence[str], begin: int, at: int) -> int:
    """Where an attribution begins whose author stands above its day: a name and an address on lines of their own."""
    if begin < 2 or begin == at or not _VERB_ALONE.fullmatch(lines[at]) or not verb_in(lines[at]):
        return begin
    above = _ANGLED.fullmatch(lines[begin - 1].strip()) and _NAME_ALONE.fullmatch(lines[begin - 2].strip())
    return begin - 2 if above else begin


def _reads_as_attribution(text: str, quoted_below: bool) -> bool:
    colon = text[-1] in ":：" or (text[:2] == text[-2:] and text[:2] in ("--", "=="))
    text = text.strip("-= ")
    verb = verb_in(text)
    if not text:
        return False
    if not verb:
        if quoted_below and QUOTING.match(text) and _ADDRESSED.search(text):
            return True
        if CITES.match(text) and MOMENT.search(text) and (quoted_below or (colon and CLOCK.search(text))):
            return True
        # Older Gmail: "2026-09-17 9:14 GMT+02:00 Kundservice <a@b.example>:", and others with a day before it
        if not (text[0].isdigit() or BEGINS.match(text)) or not MOMENT.search(text):
            return quoted_below and _named(text)
        addressed = _ADDRESSED.search(text) is not None
        return (quoted_below and (addressed or (colon and "@" in text))) or (
            addressed and colon and CLOCK.search(text) is not None
        )
    if not colon and not (verb.end() >= len(text) - 2 and (quoted_below or _dated_and_addressed(text, verb.start()))):
        return False
    if len(text) - verb.end() > 170:
        return False
    if BEGINS.match(text):
        return bool(MOMENT.search(text)) or "@" in text or quoted_below
    if verb.start() < 2:
        return False
    dated_after = MOMENT.search(text, verb.end()) is not None
    return "@" in text or dated_after or (quoted_below and verb.start() < 60)


def _named(text: str) -> bool:
    """Where no verb is needed: Russian "17 September 2026, 9:14 +0300 from X <a@b.example>:", mutt's "X <a@b.example>
    [2026-09-17 9:14]:"."""
    return text[-1] in ":：" and bool(_ANGLED.search(text) and CLOCK.search(text) and MOMENT.search(text))


def _dated_and_addressed(text: str, verb: int) -> bool:
    return bool(BEGINS.match(text) and MOMENT.search(text) and _ADDRESSED.search(text[:verb]))
