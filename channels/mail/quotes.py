"""What was newly written in a mail: the text without quotes, forwarded mails, footers and signature blocks.

Pure and linear in the length of the text. When it cannot be known whether a line is quoted, it is shown: nothing that a
person newly wrote may be hidden. Answers between quoted lines are found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from channels.mail.banners import without_banner
from channels.mail.desks import newest_comment, without_marks
from channels.mail.phrases import (
    ABOVE,
    BEGINS,
    BELOW,
    BELOW_HAS,
    CITES,
    FIRST_PERSON,
    LABELS,
    MOMENT,
    ORIGINALS,
    QUOTING,
    YOURS,
    verb_in,
)
from channels.mail.signatures import without_devices, without_marked, without_signature

LIMIT = 400_000  # characters that are looked at; what comes after can only be history
CUT = "\ue000"  # a line by which the HTML reader says: from here on everything is quoted
MAYBE = "\ue001"  # begins a line of an indentation that is a quote only below a line such as "X wrote:"
_ATTRIBUTION_LINES = 6
_ATTRIBUTION_LIMIT = 420
_BLOCK_LINES = 14
_LABEL = re.compile(r"[\s*_|]{0,6}([^\W\d_][\w\- ]{0,16}?)[\s*_]{0,4}[:：]")
_COLUMNS, _LONGEST_LABEL = "columns", 14
_OWN_MARK = re.compile(r"\s{0,4}(\||[:}\]%#](?=\s)|[A-Z][A-Za-z]{0,3}>)")
_GAP = re.compile(r"\s{2,}")
_NOTES_NAME = re.compile(r"@|[^\W\d_]/[^\W\d_]")
_COLUMN = re.compile(r"(?:\s*|[^\n]{0,120}?\S {2,})([^\W\d_]{1,14})(?:(?:\t| {2}).*)?|\s+([^\W\d_]{4,14}) .*")
_RULE = re.compile(r"\s*[-_=–—*]{2,}\s*(.*?)\s*[-_=–—*:]*\s*")
_TITLED = re.compile(r"[-_=–—]{3,}\s*([^\W\d_](?:[^-_=–—]|-(?=[^\W\d_])){2,58})[-_=–—]{3,}(?=\s*[^\W\d_])")
# "---- Eva Ek wrote ----", of telephones
_SAYS_WHO = re.compile(r"-{3,} ((?:[^\W\d_a-z]\S{0,30} ){1,4}[^\W\d_]{3,12}) -{3,}")
_SIGNED = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[^\n]+\n){0,5}\n(.*?)^-----BEGIN PGP SIGNATURE-----"
    r".*?(?:\Z|^-----END PGP SIGNATURE-----)",
    re.DOTALL | re.MULTILINE,
)
_ESCAPED = re.compile(r"^- (?=-)", re.MULTILINE)  # how a signed text writes lines that begin with a dash
_PICTURE = re.compile(
    r"\s*(?:\[(?:(?:cid|image|bild|bilde|billede|kuva|description|beskrivning|beskrivelse|kuvaus|beschreibung)\s?:[^\]]{1,300}"
    r"|(?:\d{1,20}_)?signature|logo|image|https?://[^\s\]]{1,300}\.(?:png|jpe?g|gif|svg)[^\s\]]{0,100}"
    r"|[^\]]{1,300}(?:automatically generated|automatiskt genererad|automatisch generiert)[^\]]{0,40})\]\s*)+",
    re.IGNORECASE,
)
_BLANK_RUNS = re.compile(r"\n{3,}")
_ENDS = ":：>"
_MARK = re.compile(rf"^(?:> ?|{MAYBE})")
_ADDRESSED = re.compile(r"[<\[(]\s*(?:mailto:)?[^\s<>]{1,100}@[^\s<>]{1,200}[>\])]\s*[:：]?\s*$")
_ANGLED = re.compile(r"<[^\s<>]{1,100}@[^\s<>]{1,200}>")
_CLOCK = re.compile(r"\b\d{1,2}[:.]\d\d\b")
_ONLY_SAYS = re.compile(r">\s*[^\s<>:：]{2,16}(?:\s[^\s<>:：]{2,16})?\s*[:：]")
_SAYS = re.compile(r"[^<>@]{1,60}<[^\s<>]{1,100}@[^\s<>]{1,200}>\s+(?:a |ha )?[^\s<>@:：]{2,16}\s*[:：]")
_DATED_TAIL = re.compile(
    r"(?<=[:：])\s*\((?=[^()]*\d[:.]\d\d)[^()]{8,60}\)$"
)  # K-9: "X <x@y> wrote: (3 March 2026 10:00)"
_GLUED = re.compile(r"(?<=[\s\-–—.!?)])(?=(?:On|Den|Am|Le|El|Il|Op) \w{2,9}[.,]{0,2} \S{1,9} \S*\d)")
_BEHIND = re.compile(r"(?<=[:：])[ \t]{2,}(?=\S)")
_MEASURE = re.compile(r">\s?\d+(?:[.,]\d+)?\s?(?:%|k|a\b|m|h|s\b|v\b|min|sek|kr|°|€|years|år)", re.IGNORECASE)


def new_text(text: str, author: str | None = None, follows: bool = True) -> str:
    """The newly written part of a plain text. `author` is the sender's display name, by which a signature is known;
    `follows` whether the mail says that it answers or forwards one. When it does not, marks alone make no quote.
    """
    text = text[:LIMIT]
    if "-----BEGIN PGP" in text:
        text = _SIGNED.sub(lambda match: _ESCAPED.sub("", match[1]), text)
    lines = [line.rstrip() for line in text.split("\n")]
    if "[" in text:
        lines = [line for line in lines if not _PICTURE.fullmatch(line)]
    if "@" in text:
        lines = [part for line in lines for part in (_unglued(line) if "@" in line else (line,))]
    lines = without_marked(lines)
    segments = _segments(newest_comment(without_banner(lines)), follows)
    if not segments and not follows:
        segments = [lines]
    segments = [without_marks(segment) for segment in segments]
    kept = [without_signature(segment, author, below=n > 0) for n, segment in enumerate(segments)]
    if not any(kept):
        kept = [without_devices(segment) for segment in segments]
    joined = "\n\n".join("\n".join(segment).strip("\n") for segment in kept if segment)
    return _BLANK_RUNS.sub("\n\n", joined).strip()


def _unglued(line: str) -> list[str]:
    """A line as two when an attribution was put behind somebody's words in it, or the old mail behind that."""
    if (
        ("  " in line or "\t" in line)
        and (behind := _BEHIND.search(line))
        and verb_in(line[max(0, behind.start() - 24) : behind.start()])
        and BEGINS.match(line.lstrip())
    ):
        return [line[: behind.start()].strip(), line[behind.end() :]]
    if line[-1] in _ENDS and line[0] not in ">|" and verb_in(line[-24:]):
        match = _GLUED.search(line)
        written = line[: match.start()].rstrip(" -–—") if match else ""
        if match and written and "@" not in written:
            return [written, line[match.end() :]]
    return [line]


def _segments(lines: Sequence[str], follows: bool) -> list[list[str]]:
    """The runs of lines that nobody quoted, and those that hold answers which no mark tells apart."""
    quoted = _marked(_rejoined(lines), follows)
    written = _written(lines, quoted)
    answered = _answered(lines, quoted) if written else []
    return [*written, *_written(answered, _marked(answered, True))]


def _written(lines: Sequence[str], quoted: Sequence[bool]) -> list[list[str]]:
    out: list[list[str]] = [[]]
    for line, is_quoted in zip(lines, quoted, strict=True):
        if is_quoted:
            if out[-1]:
                out.append([])
        else:
            out[-1].append(line.removeprefix(MAYBE).lstrip() if line.startswith(MAYBE) else line)
    return [segment for segment in out if any(line.strip() for line in segment)]


def _answered(lines: Sequence[str], quoted: Sequence[bool]) -> list[str]:
    """The old mail without its marks where the words above say that answers stand within it, and all of it is marked:
    they were told apart by their colour alone."""
    if True not in quoted:
        return []
    begin = quoted.index(True)
    if not _says_below(lines[:begin]):
        return []
    below = any(line and not is_quoted for line, is_quoted in zip(lines[begin:], quoted[begin:], strict=True))
    first = next((n for n in range(begin, len(lines)) if _MARK.match(lines[n])), len(lines))
    led = "\n".join(lines[begin:first]).strip("\n")
    if below or first == len(lines) or "\n\n" in led:
        return []
    return [_MARK.sub("", line) for line in lines[first:]]


def _says_below(lines: Sequence[str]) -> bool:
    """Whether words say that answers stand within the old mail below them."""
    above = "\n".join(lines)
    if len(above) >= 2000 or not any(map(above.lower().__contains__, BELOW_HAS)):
        return False
    return any(not YOURS.search(above[: match.start()]) for match in BELOW.finditer(above))


def _rejoined(lines: Sequence[str]) -> Sequence[str]:
    """The lines with a mark before what a relay that wraps lines broke off quoted ones: as many lines as before.

    Answers stand between quoted lines as well: only where each such line goes on from a long one that ends no sentence,
    and at least two begin with a word that had no place there, is it a relay's work.
    """
    broken = [n for n in range(1, len(lines) - 1) if lines[n - 1][:1] == ">" and lines[n + 1][:1] == ">" and lines[n]]
    broken = [n for n in broken if lines[n][0] not in ">|"]
    if len(broken) < 2 or any(len(lines[n - 1]) < 30 or lines[n - 1][-1] in ".?!:;" for n in broken):
        return lines
    width = max(len(line) for line in lines if line[:1] == ">")
    sure = [n for n in broken if lines[n][0].islower() and _no_place(lines[n - 1], lines[n], max(width, 58))]
    if len(sure) < 2:
        return lines
    return [f"> {line}" if n in broken else line for n, line in enumerate(lines)]


def _no_place(above: str, line: str, width: int) -> bool:
    return len(above) + 1 + len(line.split()[0]) > width


def _marked(lines: Sequence[str], follows: bool) -> list[bool]:
    """For each line whether it is quoted."""
    count = len(lines)
    quoted = [False] * count
    kinds = [label(line) for line in lines]
    for top, end in columns(lines):
        kinds[top:end] = [_COLUMNS, *["other"] * (end - top - 1)]
    at = 0
    while at < count:
        line = lines[at]
        if not line or quoted[at]:
            at += 1
            continue
        first = line[0] if line[0] not in " \t" else line.lstrip()[:1]
        if (
            first == ">" and at and quoted[at - 1] and lines[at - 1][:1] == ">" and line[-1] not in _ENDS
        ):  # nearly every one
            quoted[at] = True
            at += 1
            continue
        if first in ">|" and not _groupwise(line) and not _closes(lines, at) and _is_quote(lines, at, first):
            follows = follows or _says_whose(lines, at)
            quoted[at] = follows
            at += 1
            continue
        if first == CUT or _block_at(lines, kinds, at):
            if line.startswith(MAYBE):
                at, follows = _past_maybe(lines, quoted, at), True
                continue
            end = _past_block(lines, kinds, at)
            if not (_marked_whole(lines, at, end) or _answers_below(lines, quoted, at, end)):
                _mark(quoted, at, count)
                return quoted
            _mark(quoted, at, end)
            at, follows = end, True
            continue
        if _ends_attribution(line) or (verb_in(line[-24:]) and _may_say_who(lines, at)):
            begin = attribution(lines, at)
            if begin is not None:
                answers, follows = follows, True
                below = _next(lines, at + 1)
                if below is not None and (mark := _own_mark(lines, below)):
                    _mark(quoted, begin, at + 1)
                    for n in range(below, count):
                        quoted[n] = lines[n].lstrip().startswith(mark)
                    continue
                if below is None or _quoted_below(lines, at):
                    _mark(quoted, begin, at + 1)
                    at = _past_maybe(lines, quoted, at + 1)
                    continue
                if answers and _certain(" ".join(lines[begin : at + 1])):
                    written = any(lines[n].strip() and not quoted[n] for n in range(begin))
                    written = written and not _answers_below(lines, quoted, begin, at + 1)
                    _mark(quoted, begin, count if written else at + 1)
                    if written:
                        return quoted
        at += 1
    return quoted


def _answers_below(lines: Sequence[str], quoted: Sequence[bool], at: int, end: int) -> bool:
    """Whether the words above say that answers stand within the old mail, which begins at `end`: where no mark tells
    them apart, or each of its lines has one.
    """
    if not _says_below([line for line, is_quoted in zip(lines[:at], quoted, strict=False) if not is_quoted]):
        return False
    marked = end < len(lines) and lines[end][:1] == ">"
    return marked or not any(line[:1] == ">" for line in lines[at:])


def _marked_whole(lines: Sequence[str], at: int, end: int) -> bool:
    """Whether the mail below a title has marks before all its lines, header and words: they say how long it is."""
    if phrase(lines[at].strip()) not in ORIGINALS or any(lines[at + 1 : end]):
        return False
    marked = (lines[n] for n in takewhile(lambda n: lines[n][:1] == ">", range(end, len(lines))))
    return any(line.strip("> ") and label(line.lstrip("> ")) is None for line in marked)


def _past_block(lines: Sequence[str], kinds: Sequence[str | None], at: int) -> int:
    """Where the header of an old mail ends."""
    end = at + 1
    while end < len(lines) and end < at + _BLOCK_LINES and (kinds[end] or lines[end - 1][:1] == CUT or not lines[end]):
        end += 1
    return end


def _own_mark(lines: Sequence[str], at: int) -> str | None:
    """With what the lines of an old mail begin that is marked in a way of its own, such as "|" or "EE>": at least two,
    or all there are, up to a line that is none."""
    match = _OWN_MARK.match(lines[at])
    if match is None:
        return None
    mark = match[1]
    marked = list(takewhile(lambda line: line.lstrip().startswith(mark), lines[at:]))
    alone = all(line.count("|") == 1 for line in marked) if mark == "|" else True
    return mark if alone and (len(marked) > 1 or mark == "|") else None


def _ends_attribution(line: str) -> bool:
    return line[-1] in _ENDS or (line[-1] == ")" and _DATED_TAIL.search(line) is not None)


def _may_say_who(lines: Sequence[str], at: int) -> bool:
    """Whether a line without a colon can end an attribution: a quote is below it, or an address within it."""
    return _quoted_below(lines, at) or any("@" in line for line in lines[max(0, at + 1 - _ATTRIBUTION_LINES) : at + 1])


def _mark(quoted: list[bool], begin: int, end: int) -> None:
    quoted[begin:end] = [True] * (end - begin)


def _past_maybe(lines: Sequence[str], quoted: list[bool], at: int) -> int:
    """Mark the indented lines below an attribution; where to go on."""
    below = _next(lines, at)
    if below is None or not lines[below].startswith(MAYBE):
        return at
    while below < len(lines) and (not lines[below] or lines[below].startswith(MAYBE)):
        quoted[below] = True
        below += 1
    return below


def _is_quote(lines: Sequence[str], at: int, first: str) -> bool:
    """A line with a quote mark; not ">50 kW" on its own, and "|" only in a run of them."""
    around = [lines[n].lstrip()[:1] for n in (at - 1, at + 1) if 0 <= n < len(lines)]
    if first == "|":
        return lines[at].strip()[:2] in ("| ", "|") and "|" in around and lines[at].count("|") == 1
    line = lines[at].lstrip()
    if _MEASURE.match(line):
        return any(near.startswith(">") and not _MEASURE.match(near) for near in _near(lines, at))
    # Mail systems put a mark before a line that begins with "From ".
    return first in around or not line.startswith(">From ")


def _says_whose(lines: Sequence[str], at: int) -> bool:
    """Whether marked lines begin with who wrote them, or a mail's header."""
    begun = [lines[n].lstrip("> ") for n in range(at, min(at + 4, len(lines))) if lines[n].lstrip()[:1] == ">"]
    return any("@" in line or (MOMENT.search(line) and verb_in(line)) for line in begun)


def _near(lines: Sequence[str], at: int) -> list[str]:
    """The lines of a run of ">" around one, itself not."""
    begin = end = at
    while begin and at - begin < 20 and lines[begin - 1].lstrip().startswith(">"):
        begin -= 1
    while end + 1 < len(lines) and end - at < 20 and lines[end + 1].lstrip().startswith(">"):
        end += 1
    return [lines[n].lstrip() for n in range(begin, end + 1) if n != at]


def _next(lines: Sequence[str], at: int) -> int | None:
    """The next line that is not blank, at most six lines on."""
    for n in range(at, min(at + 6, len(lines))):
        if lines[n].strip():
            return n
    return None


def attribution(lines: Sequence[str], at: int) -> int | None:
    """Where "On …, X <x@y> wrote:" begins that ends in this line; None when it is no such line.

    The shortest reading counts, unless going on upwards, over lines that end no sentence, finds how such lines begin.
    """
    near = " ".join(line.strip() for line in lines[max(0, at + 1 - _ATTRIBUTION_LINES) : at + 1])
    timed = "@" in near and _CLOCK.search(near) is not None
    if not timed and not verb_in(near) and not _quoted_below(lines, at):  # most lines that end in a colon
        return None
    if _tells_of_oneself(lines[at]):
        return None
    joined, found = "", None
    for n in range(at, max(-1, at - _ATTRIBUTION_LINES), -1):
        line = _DATED_TAIL.sub("", lines[n].strip()) if n == at else lines[n].strip()
        if not line and n < at and joined[:1] in ("<", ">"):
            continue
        if not line or (line[0] in ">|" and not _closes(lines, n)) or (found is not None and line[-1] in ".?!:;"):
            break
        nameless = joined[:1] in ("<", "[", "(") or ("@" not in joined and _ANGLED.search(line) is not None)
        joined = f"{line} {joined}".strip()
        if len(joined) > _ATTRIBUTION_LIMIT:
            break
        if _reads_as_attribution(joined, _quoted_below(lines, at)):
            if (BEGINS.match(joined) and (found is None or MOMENT.search(line))) or CITES.match(joined):
                return n
            found = n if found is None or nameless else found
    return found


def _tells_of_oneself(line: str) -> bool:
    """Whether a line such as "On Monday I wrote to you:" tells of a mail and quotes none."""
    verb = verb_in(line)
    if verb is None:
        return False
    before = FIRST_PERSON.search(line, 0, verb.start())
    return (before is not None and before.end() >= verb.start() - 1) or FIRST_PERSON.match(line, verb.end()) is not None


def _closes(lines: Sequence[str], at: int) -> bool:
    """Whether the mark at a line's beginning closes the address of an attribution that was broken there."""
    above, line = lines[at - 1] if at else "", lines[at]
    if line[0] != ">":
        return False
    if line[-1] in ":：" and _ONLY_SAYS.fullmatch(line) and verb_in(line):
        return True
    return above.count("<") > above.count(">") and (line[-1] in _ENDS or bool(verb_in(line[-24:])))


def _quoted_below(lines: Sequence[str], at: int) -> bool:
    below = _next(lines, at + 1)
    return below is not None and (lines[below].lstrip()[:1] in (">", MAYBE) or lines[below].lstrip()[:2] == "| ")


def _reads_as_attribution(text: str, quoted_below: bool) -> bool:
    colon = text[-1] in ":：" or (text[:2] == text[-2:] and text[:2] in ("--", "=="))
    text = text.strip("-= ")
    verb = verb_in(text)
    if not text:
        return False
    if not verb:
        if quoted_below and QUOTING.match(text) and _ADDRESSED.search(text):
            return True
        if quoted_below and CITES.match(text) and MOMENT.search(text):
            return True
        # Older Gmail: "2026-09-17 9:14 GMT+02:00 Kundservice <a@b.example>:", and others with a day before it
        if not (text[0].isdigit() or BEGINS.match(text)) or not MOMENT.search(text):
            return quoted_below and _named(text)
        addressed = _ADDRESSED.search(text) is not None
        return (quoted_below and (addressed or (colon and "@" in text))) or (
            addressed and colon and _CLOCK.search(text) is not None
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
    return text[-1] in ":：" and bool(_ANGLED.search(text) and _CLOCK.search(text) and MOMENT.search(text))


def _dated_and_addressed(text: str, verb: int) -> bool:
    return bool(BEGINS.match(text) and MOMENT.search(text) and _ADDRESSED.search(text[:verb]))


def _certain(text: str) -> bool:
    """Whether an attribution may end the new text although no quote marks follow."""
    text = text.strip("- ")
    if CITES.match(text) or (_SAYS.fullmatch(text) and verb_in(text[-24:])):
        return True
    dated = MOMENT.search(text) is not None
    return dated and ("@" in text or (bool(BEGINS.match(text)) and len(MOMENT.findall(text)) > 1))


def _block_at(lines: Sequence[str], kinds: Sequence[str | None], at: int) -> bool:
    """Whether a header block, or a rule or title above one, begins here."""
    line = lines[at].removeprefix(MAYBE).strip()
    if not line:
        return False
    if kinds[at] == _COLUMNS or _asks_above(line):
        return True
    if line[0] in "-_=–—*>" or line[-1] in ":-":
        if titled_header(line):
            return True
        bare = phrase(line)
        if (said := _SAYS_WHO.fullmatch(line)) and verb_in(said[1].split()[-1]) and not _tells_of_oneself(line):
            return True
        if _groupwise(line) or (bare in ORIGINALS and line[0] in "-_=–—*>"):
            return not _mentioned(lines, kinds, at)
        if bare in ORIGINALS:
            return _above_quote(lines, kinds, at)
        if (not bare and len(line) >= 4) or (line[:3] == "---" and line[-3:] == "---"):
            below = _next(lines, at + 1)
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


def _asks_above(line: str) -> bool:
    """Whether a help desk asks here to answer above."""
    text = line.lstrip()
    return text[:1] in tuple("#-_=*–—") and len(text) < 120 and ABOVE.search(text) is not None


def _above_quote(lines: Sequence[str], kinds: Sequence[str | None], at: int) -> bool:
    """Whether below a title without a rule there really is another mail."""
    below = _next(lines, at + 1)
    return below is None or lines[below].lstrip()[:1] in (">", MAYBE) or _header_block(lines, kinds, below, 2)


def _mentioned(lines: Sequence[str], kinds: Sequence[str | None], at: int) -> bool:
    """Whether a title between rules stands within somebody's sentence that goes on below it."""
    below = _next(lines, at + 1)
    if below is None or _above_quote(lines, kinds, at) or not lines[below].lstrip()[0].islower():
        return False
    above = next((n for n in range(at - 1, -1, -1) if lines[n].strip()), None)
    return above is not None and lines[above][-1] not in ".!?" and (above < at - 1) == (below > at + 1)


def _groupwise(line: str) -> bool:
    told = line.startswith(">>> ") and line.endswith(">>>")
    return told and ("@" in line or MOMENT.search(line) is not None)


def phrase(line: str) -> str:
    """What a line says between its rules, in small letters."""
    match = _RULE.fullmatch(line)
    found = match[1] if match else line
    return found.strip(" -_=–—*:").lower().replace("i\u0307", "i")  # as Turkish capitals come out


def titled_header(line: str) -> str | None:
    """The header right behind the title of an old mail, where both became one line."""
    title = _TITLED.match(line)
    if title is None or phrase(title[1]) not in ORIGINALS:
        return None
    header = line[title.end() :].lstrip()
    return header if label(header) == "from" else None


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
    if least == 3 and found == {"from", "date"} and any(lines[:at]) and _CLOCK.search(joined) and "@" in joined:
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
    timed = MOMENT if least == 2 else _CLOCK
    return bool(found & {"subject", "date"} and timed.search(joined)) and (least == 2 or any(lines[:at]))


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


def _column(line: str) -> str | None:
    """Which field a line names that has no colon: alone, before a gap, or behind one."""
    may = len(line) <= _LONGEST_LABEL or "  " in line or "\t" in line or line[0].isspace()  # faster than to match
    match = _COLUMN.fullmatch(line) if may else None
    return LABELS.get((match[1] or match[2]).lower()) if match else None


def _dates(line: str) -> bool:
    return len(line) < 120 and bool(_CLOCK.search(line)) and len(MOMENT.findall(line)) > 1


def _measured(line: str) -> bool:
    """Whether a label is followed by a figure, as from 20 % to 62 %, and by nobody's name."""
    return not any(letter.isalpha() for letter in value_of(line))


def _begins_below(lines: Sequence[str], kinds: Sequence[str | None], at: int) -> bool:
    """Whether a header block begins within the next lines, so that a line like a label above it is somebody's own."""
    near = range(at + 2, min(at + 7, len(lines)))
    return any(kinds[n] and not kinds[n - 1] and _labels_stand(lines, kinds, n, 3) for n in near)


def value_of(line: str) -> str:
    """What stands behind the label of such a line."""
    return re.split("[:：]", line, maxsplit=1)[1].strip(" *")


def label(line: str) -> str | None:
    """Which field of a mail's header a line names, in any of the languages: `from`, `date`, …"""
    line = line.removeprefix(MAYBE)
    if line[:1] == ">" or (":" not in line[:26] and "：" not in line[:26]):
        return None
    match = _LABEL.match(line)
    return LABELS.get(match[1].strip().lower()) if match else None
