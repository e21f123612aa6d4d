"""What of a message is new and what it quotes: lines marked with ">", and all below a quoted header or "x wrote:".

The mail door does this with more care; forms, portals and old exports bring quotes too. Never fails.
"""

from __future__ import annotations

import re

_ATTRIBUTION = re.compile(
    r"(?:on|den|am|le|på|il)\b.{4,120}\b(?:wrote|skrev|schrieb|kirjoitti)\b.{0,60}:\s*$|.{4,120}kirjoitti:\s*$",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(r"-{2,}\s*(?:original|ursprung|opprinnelig|oprindelig|alkuper|forward|vidarebef)", re.IGNORECASE)
_HEADER = re.compile(r"(?:from|från|fra|von|lähettäjä)\s*:", re.IGNORECASE)
_SENT = re.compile(
    r"(?:sent|date|skickat|datum|sendt|dato|gesendet|lähetetty|to|till|til|an|vastaanottaja)\s*:", re.IGNORECASE
)


def split_quotes(text: str) -> tuple[str, str]:
    """The new text and the quoted text."""
    if "\n" not in text:
        return text, ""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if ":" not in line and "--" not in line:  # nearly every one
            continue
        plain = line.strip().lstrip("> ")
        below = lines[at + 1].strip().lstrip("> ") if at + 1 < len(lines) else ""
        if _ATTRIBUTION.match(plain) or _ORIGINAL.match(plain) or (_HEADER.match(plain) and _SENT.match(below)):
            return "\n".join(x for x in lines[:at] if not x.startswith(">")), "\n".join(lines[at:])
    new = [x for x in lines if not x.lstrip().startswith(">")]
    return "\n".join(new), "\n".join(x for x in lines if x.lstrip().startswith(">"))
