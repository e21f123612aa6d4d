"""What stands in mails that were sent on, below their sender's words or attached: nobody's new words, but news.

Pure, never raises. Only the newest words of each mail are read, and nothing from a mail of ours on: what we wrote is no
report. What a mail answers is not sent on, and not read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from channels.mail.headers import decode_field
from channels.mail.parts import Body, body_of
from channels.mail.phrases import FORWARDED, SENDS_ON
from channels.mail.quotes import CUT, MAYBE, label, new_text, phrase
from channels.mail.tree import Part, TooComplex, parse

_LAYERS = 5  # mails within one another
_HEADER = 16  # lines
_MOST = 5  # attached mails that are read
_READ = 50_000  # characters of each, and of what is below a text
_AT = re.compile(r"@([\w.-]{1,253})")
_REPLIES_AS_OTHERS_SEND_ON = ("vs", "lähettäjä")  # the Finnish mark of an answer is the Norwegian one of a forward
_MAIL = frozenset({"application/octet-stream", "text/plain", "message/rfc822"})


def sent_on(text: str, subject: str, domains: Collection[str]) -> list[str]:
    """The words of the mails below a text, newest first, where it or its subject says that they are sent on."""
    lines = [line.rstrip() for line in text[:_READ].split("\n")]
    said: list[str] = []
    for _ in range(_LAYERS):
        begin = _begin(lines, subject)
        if begin is None:
            break
        lines = _unmarked(lines[begin:])
        end, named = _past_header(lines)
        if any(domain.lower() in domains for domain in _AT.findall(named.get("from", ""))):
            break
        lines, subject = lines[end:], named.get("subject", "")
        said.append(new_text("\n".join(lines)))
    return [words for words in said if words]


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


def _begin(lines: Sequence[str], subject: str) -> int | None:
    """Where a mail begins that is sent on: at its title, or at its header where the subject says that it is one."""
    by_subject = SENDS_ON.match(subject) is not None
    mark, finnish = _REPLIES_AS_OTHERS_SEND_ON
    for n, line in enumerate(lines):
        bare = line.lstrip("> ").removeprefix(MAYBE)
        if not bare:
            continue
        if bare[0] in "-_=–—*" or bare[-1] in ":-":
            title = phrase(bare)
            if len(title) < 60 and FORWARDED.search(title) and _header_near(lines, n + 1):
                return n + 1
        if by_subject and label(bare) == "from" and _header_near(lines, n):
            answers = subject.lower().lstrip().startswith(mark) and bare.lower().lstrip(" *_").startswith(finnish)
            return None if answers else n
    return None


def _header_near(lines: Sequence[str], at: int) -> bool:
    bare = (line.lstrip("> ").removeprefix(MAYBE) for line in lines[at : at + _HEADER])
    found = {kind for line in bare if (kind := label(line))}
    return "from" in found and len(found) > 1


def _unmarked(lines: Sequence[str]) -> list[str]:
    """The lines without the marks that stand before all of them."""
    kept = [line.removeprefix(MAYBE) for line in lines if line != CUT]
    first = next((line for line in kept if line), "")
    if first.startswith(">"):
        return [line[1:].removeprefix(" ") if line.startswith(">") else line for line in kept]
    return kept


def _past_header(lines: Sequence[str]) -> tuple[int, dict[str, str]]:
    """Where the words of a mail begin below its header, and what the lines of that say."""
    named: dict[str, str] = {}
    end, last = 0, ""
    for n, line in enumerate(lines[:_HEADER]):
        if kind := label(line):
            named.setdefault(kind, line.partition(":")[2].strip(" *"))
            end, last = n + 1, kind
        elif line and last in ("from", "to", "cc") and lines[n - 1] and ("@" in line or lines[n - 1][-1:] in ";,<"):
            if last == "from":
                named["from"] += line
            end = n + 1
        elif line and named:
            break
    return end, named
