"""What was newly written in a mail: the text without quotes, forwarded mails, footers and signature blocks.

Pure and linear in the length of the text. When it cannot be known whether a line is quoted, it is shown: nothing that a
person newly wrote may be hidden. Answers between quoted lines are found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from channels.mail.attributions import ENDS, attribution, certain, closes_address, ends_attribution, may_end_attribution
from channels.mail.banners import without_banner
from channels.mail.desks import newest_comment, without_marks
from channels.mail.footers import without_devices
from channels.mail.marks import CUT, MARK, MAYBE, is_quote, next_written, own_mark, quoted_below
from channels.mail.old_headers import groupwise, header_at, label, labels_of, past_header, phrase
from channels.mail.phrases import (
    BEGINS,
    BELOW,
    BELOW_HAS,
    DEVICE,
    DEVICE_LIMIT,
    MOMENT,
    ORIGINALS,
    YOURS,
    verb_in,
)
from channels.mail.signatures import without_marked, without_signature

LIMIT = 400_000  # characters that are looked at; what comes after can only be history
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
_DIVISION = re.compile(r"\s*</?div>\s*")  # which a telephone leaves in the plain form around the header of the old mail
_BLANK_RUNS = re.compile(r"\n{3,}")
_GLUED = re.compile(r"(?<=[\s\-–—.!?)])(?=(?:On|Den|Am|Le|El|Il|Op) \w{2,9}[.,]{0,2} \S{1,9} \S*\d)")
_BEHIND = re.compile(r"(?<=[:：])[ \t]{2,}(?=\S)")


def new_text(text: str, author: str | None = None, follows: bool = True) -> str:
    """The newly written part of a plain text. `author` is the sender's display name, by which a signature is known;
    `follows` whether the mail says that it answers or forwards one. When it does not, marks alone make no quote.
    """
    text = text[:LIMIT]
    if "-----BEGIN PGP" in text:
        text = _SIGNED.sub(lambda match: _ESCAPED.sub("", match[1]), text)
    lines = [line.rstrip() for line in text.split("\n")]
    if "<div>--" in text:
        lines = [part for line in lines for part in (_DIVISION.split(line) if "<div>--" in line else (line,))]
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
    if line[-1] in ENDS and line[0] not in ">|" and verb_in(line[-24:]):
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
    first = next((n for n in range(begin, len(lines)) if MARK.match(lines[n])), len(lines))
    led = "\n".join(lines[begin:first]).strip("\n")
    if below or first == len(lines) or "\n\n" in led:
        return []
    return [MARK.sub("", line) for line in lines[first:]]


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
    kinds = labels_of(lines)
    at = 0
    while at < count:
        line = lines[at]
        if not line or quoted[at]:
            at += 1
            continue
        first = line[0] if line[0] not in " \t" else line.lstrip()[:1]
        if (
            first == ">" and at and quoted[at - 1] and lines[at - 1][:1] == ">" and line[-1] not in ENDS
        ):  # nearly every one
            quoted[at] = True
            at += 1
            continue
        if first in ">|" and not groupwise(line) and not closes_address(lines, at) and is_quote(lines, at, first):
            follows = follows or _says_whose(lines, at)
            quoted[at] = follows
            at += 1
            continue
        if first == CUT or header_at(lines, kinds, at):
            if line.startswith(MAYBE):
                at, follows = _past_maybe(lines, quoted, at), True
                continue
            end = past_header(lines, kinds, at)
            if not (_marked_whole(lines, at, end) or _answers_below(lines, quoted, at, end)):
                _mark(quoted, at, count)
                return quoted
            _mark(quoted, at, end)
            at, follows = end, True
            continue
        if ends_attribution(line) or (verb_in(line[-24:]) and may_end_attribution(lines, at)):
            begin = attribution(lines, at)
            if begin is not None:
                answers, follows = follows, True
                below = next_written(lines, at + 1)
                if below is not None and (mark := own_mark(lines, below)):
                    _mark(quoted, begin, at + 1)
                    for n in range(below, count):
                        quoted[n] = lines[n].lstrip().startswith(mark)
                    continue
                if below is None or quoted_below(lines, at):
                    _mark(quoted, begin, at + 1)
                    at = _past_maybe(lines, quoted, at + 1)
                    continue
                if answers and (certain(" ".join(lines[begin : at + 1])) or _below_device(lines, begin)):
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


def _below_device(lines: Sequence[str], at: int) -> bool:
    """Whether an attribution stands right below what a telephone adds: below it is nothing but the old mail."""
    near = [line.strip() for line in lines[max(0, at - 3) : at] if line]
    above = near[-1] if near else ""
    return above[-1:] not in ENDS and len(above) < DEVICE_LIMIT and DEVICE.match(above) is not None


def _mark(quoted: list[bool], begin: int, end: int) -> None:
    quoted[begin:end] = [True] * (end - begin)


def _past_maybe(lines: Sequence[str], quoted: list[bool], at: int) -> int:
    """Mark the indented lines below an attribution; where to go on."""
    below = next_written(lines, at)
    if below is None or not lines[below].startswith(MAYBE):
        return at
    while below < len(lines) and (not lines[below] or lines[below].startswith(MAYBE)):
        quoted[below] = True
        below += 1
    return below


def _says_whose(lines: Sequence[str], at: int) -> bool:
    """Whether marked lines begin with who wrote them, or a mail's header."""
    begun = [lines[n].lstrip("> ") for n in range(at, min(at + 4, len(lines))) if lines[n].lstrip()[:1] == ">"]
    return any("@" in line or (MOMENT.search(line) and verb_in(line)) for line in begun)
