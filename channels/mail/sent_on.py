"""What stands in mails that were sent on, below their sender's words or attached: nobody's new words, but news.

Pure, never raises. Only the newest words of each mail are read, and nothing from a mail of ours on: what we wrote is no
report. What a mail answers is not sent on, and not read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from channels.mail.attributions import attribution
from channels.mail.headers import decode_field
from channels.mail.marks import CUT, MAYBE
from channels.mail.old_headers import columns, label, phrase, titled_header, value_of
from channels.mail.parts import Body, body_of
from channels.mail.phrases import FORWARDED, MOMENT, ORIGINALS, SENDS_ON
from channels.mail.quotes import new_text
from channels.mail.tree import Part, TooComplex, parse

_LAYERS = 5  # mails within one another
_HEADER = 16  # lines
_MOST = 5  # attached mails that are read
_READ = 50_000  # characters of each, and of what is below a text
_AT = re.compile(r"@([\w.-]{1,253})")
_REPLIES_AS_OTHERS_SEND_ON = ("vs", "lähettäjä")  # the Finnish mark of an answer is the Norwegian one of a forward
_MAIL = frozenset({"application/octet-stream", "text/plain", "message/rfc822"})


def sent_on(text: str, subject: str, domains: Collection[str], follows: bool = True) -> list[str]:
    """The words of the mails below a text, newest first, where it or its subject says that they are sent on, or the
    mail answers none: whether it `follows` one.
    """
    lines = _lines(text)
    said: list[str] = []
    for _ in range(_LAYERS):
        begin = _begin(lines, subject, follows)
        if begin is None:
            break
        follows = True
        led = attribution(lines, begin - 1) if begin and lines[begin - 1] else None
        writer = " ".join(lines[led:begin]) if led is not None else ""
        lines = _unmarked(lines[begin:])
        end, named = _past_header(lines)
        named.setdefault("from", writer)
        if any(domain.lower() in domains for domain in _AT.findall(named.get("from", ""))):
            break
        lines, subject = _all_unmarked(lines[end:]), named.get("subject", "")
        said.append(new_text("\n".join(lines)))
    return [words for words in said if words]


def is_alone(text: str) -> bool:
    """Whether nobody wrote a word above a mail that is sent on, by its title or its whole header."""
    first = next((bare for line in text[:_READ].split("\n") if (bare := _bare(line.strip()))), "")
    if (title := phrase(first)) and title not in ORIGINALS and label(first) != "from" and not titled_header(first):
        return False  # as most mails
    lines = _lines(text)
    begin = _begin(lines, "", False)
    if begin is None:
        return False
    above = [title for line in lines[:begin] if (title := phrase(_bare(line)))]
    if len(above) > 1 or not all(title in ORIGINALS for title in above):
        return False
    _, named = _past_header(_unmarked(lines[begin:]))
    whole = "@" in named.get("from", "") and MOMENT.search(named.get("date", "")) and named.keys() >= {"to", "subject"}
    return bool(above) or bool(whole)


def attached_mails(body: Body) -> list[Part]:
    """The mails that came as files, whatever they are said to be."""
    return [mail for part in body.files if (mail := _opened(part)) is not None]


def words_of(mails: Sequence[Part], domains: Collection[str]) -> list[str]:
    """The words of the first attached mails and of those that were sent on in them."""
    return [words for mail in mails[:_MOST] for words in _words_of(mail, domains)]


def _words_of(mail: Part, domains: Collection[str]) -> list[str]:
    if any(domain.lower() in domains for domain in _AT.findall(mail.fields.raw("from") or "")):
        return []
    body, subject = body_of(mail), mail.fields.text("subject") or ""
    full = "\n\n".join(text for _, text in body.written)[:_READ]
    own = [text for text in (subject, new_text(full)) if text]
    return own + sent_on(full, subject, domains)


def _opened(part: Part) -> Part | None:
    if part.kind == "message/rfc822" and part.children:
        return part.children[0]
    if part.kind not in _MAIL or not decode_field(part.filename or "").lower().endswith(".eml"):
        return None
    try:
        mail = parse(part.content)
    except TooComplex:
        return None
    return mail if "from" in mail.fields else None


def _lines(text: str) -> list[str]:
    """The lines, those of a title and the header behind it apart."""
    lines: list[str] = []
    for line in text[:_READ].split("\n"):
        bare = _bare(line.strip())
        if bare[:3] == "---" and (header := titled_header(bare)):
            end = header.find(">") + 1 or len(header)
            lines += [bare.removesuffix(header), header[:end], header[end:], ""]
        else:
            lines.append(line.rstrip())
    return lines


def _bare(line: str) -> str:
    return "" if line == CUT else line.lstrip("> ").removeprefix(MAYBE)


def _begin(lines: Sequence[str], subject: str, follows: bool) -> int | None:
    """Where a mail begins that is sent on: at its title, or at its header where the subject says that it is one, or
    where it can be none that is answered."""
    by_subject = SENDS_ON.match(subject) is not None
    unnamed = {begin for begin, _ in columns(lines)} if by_subject or not follows else set()
    mark, finnish = _REPLIES_AS_OTHERS_SEND_ON
    for n, line in enumerate(lines):
        bare = _bare(line)
        if not bare:
            continue
        if bare[0] in "-_=–—*" or bare[-1] in ":-":
            title = phrase(bare)
            if len(title) < 60 and FORWARDED.search(title):
                if _header_near(lines, n + 1):
                    return n + 1
                by_subject = True  # the line that says who wrote it is below
        if n in unnamed:
            return n
        if by_subject and "@" in bare and bare[-1] in ":：" and attribution(lines, n) is not None:
            return n + 1
        if (by_subject or not follows) and label(bare) == "from" and _header_near(lines, n):
            answers = subject.lower().lstrip().startswith(mark) and bare.lower().lstrip(" *_").startswith(finnish)
            return None if answers else n
    return None


def _header_near(lines: Sequence[str], at: int) -> bool:
    bare = [_bare(line) for line in lines[at : at + _HEADER]]
    found = {kind for line in bare if (kind := label(line))}
    return ("from" in found and len(found) > 1) or bool(columns(bare))


def _unmarked(lines: Sequence[str]) -> list[str]:
    """The lines without the marks that stand before all of them."""
    kept = [line.removeprefix(MAYBE) for line in lines if line != CUT]
    first = next((line for line in kept if line), "")
    if first.startswith(">"):
        return [line[1:].removeprefix(" ") if line.startswith(">") else line for line in kept]
    return kept


def _all_unmarked(lines: Sequence[str]) -> list[str]:
    """The lines without their marks where all have one: some programs set them before the words alone."""
    written = [line for line in lines if line]
    return _unmarked(lines) if written and all(line[0] == ">" for line in written) else list(lines)


def _past_header(lines: Sequence[str]) -> tuple[int, dict[str, str]]:
    """Where the words of a mail begin below its header, and what the lines of that say."""
    for begin, end in columns(lines[:_HEADER])[:1]:
        alone = len(lines[end - 1].split()) == 1
        subject = next((n for n in range(end, min(end + 3, len(lines))) if lines[n]), end - 1) if alone else end - 1
        return subject + 1, {"from": lines[begin], "subject": lines[subject].strip()}
    named: dict[str, str] = {}
    end, last = 0, ""
    for n, line in enumerate(lines[:_HEADER]):
        if kind := label(line):
            named.setdefault(kind, value_of(line))
            end, last = n + 1, kind
        elif line and last in ("from", "to", "cc") and lines[n - 1] and ("@" in line or lines[n - 1][-1:] in ";,<"):
            if last == "from":
                named["from"] += line
            end = n + 1
        elif line and named:
            break
    return end, named
