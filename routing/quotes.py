"""What of a message is new and what it quotes: lines marked with ">", and all below a quoted header or "x wrote:".

Who sends a mail on without a word of their own says what stands in it.
The mail door does this with more care; forms, portals and old exports bring quotes too. Never fails.
"""

from __future__ import annotations

import re

_ATTRIBUTION = re.compile(
    r"(?:on|den|am|le|på|il)\b.{4,120}\b(?:wrote|skrev|schrieb|kirjoitti)\b.{0,60}:\s*$|.{4,120}kirjoitti:\s*$",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"-{2,}\s*(?:original|ursprung|opprinnelig|oprindelig|alkuper|forward|vidarebef|videresend|välitetty|edelleen|weitergel)",
    re.IGNORECASE,
)
_SENT_ON = re.compile(
    r"-{2,}\s*(?:forwarded|vidarebefordra|videresend|välitetty|edelleen ?lähetetty|weitergeleitet)", re.IGNORECASE
)
_LABEL = re.compile(r"[*\s]{0,4}[^\W\d_][\w -]{0,16}[*\s]{0,3}:\s")
_HEADER = re.compile(r"(?:from|från|fra|von|lähettäjä)\s*:", re.IGNORECASE)
_SENT = re.compile(
    r"(?:sent|date|skickat|datum|sendt|dato|gesendet|lähetetty|to|till|til|an|vastaanottaja)\s*:", re.IGNORECASE
)

_ANSWERS = re.compile(r"(?:\s*(?:re|sv|vs|aw|antw|vast|svar)(?:\[\d+\])?\s*:)+\s*", re.IGNORECASE)


def answers(subject: str | None) -> bool:
    """Whether a subject is that of a mail which is answered."""
    return _ANSWERS.match(subject or "") is not None


def topic_of(subject: str) -> str:
    """A subject without the marks of answers before it."""
    begun = _ANSWERS.match(subject)
    return (subject[begun.end() :] if begun else subject).strip()


def split_quotes(text: str) -> tuple[str, str]:
    """The new text and the quoted text."""
    if "\n" not in text:
        return text, ""
    lines = text.splitlines()
    begin, sent_on = 0, None
    for at, line in enumerate(lines):
        if at < begin or (":" not in line and "--" not in line):  # nearly every one
            continue
        plain = line.strip().lstrip("> ")
        below = lines[at + 1].strip().lstrip("> ") if at + 1 < len(lines) else ""
        if _ATTRIBUTION.match(plain) or _ORIGINAL.match(plain) or (_HEADER.match(plain) and _SENT.match(below)):
            new = "\n".join(x for x in lines[begin:at] if not x.startswith(">"))
            if new.strip() or not _SENT_ON.match(plain):
                return new, "\n".join(lines[at if sent_on is None else sent_on :])
            begin, sent_on = _below_header(lines, at + 1), at if sent_on is None else sent_on
    new = "\n".join(x for x in lines[begin:] if not x.lstrip().startswith(">"))
    if sent_on is not None:
        return new, "\n".join(lines[sent_on:])
    return new, "\n".join(x for x in lines if x.lstrip().startswith(">"))


def _below_header(lines: list[str], begin: int) -> int:
    """Where the text of a mail begins below the labels of its header."""
    return next((n for n in range(begin, len(lines)) if not _LABEL.match(f"{lines[n]} ")), len(lines))
