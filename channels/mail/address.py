"""Who a mail is from: the real mailbox of a From header, never its display name.

Never raises. RFC 5322 section 3.4, read the way a mail server's DMARC check reads it: the angle address wins, encoded
words are decoded only after the mailboxes have been found. Anything that could make a person see another address than
the one that was checked is called `odd`, and an odd sender is never verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from channels.mail.headers import HEADER_LIMIT, decode_field, eight_bit

_LOCAL = r"[^\s@<>()\[\]\\,;:\"\x00-\x20\x7f\ud800-\udfff]"
# More than the 64 characters of the standard: programs make longer ones, and a part of one is another's address.
_ADDRESS = re.compile(
    rf"(?<!{_LOCAL}){_LOCAL}{{1,200}}@(?:[^\s@<>()\[\]\\,;:\"/&]{{1,255}}|\[[0-9a-fA-F.:IPv]{{2,50}}\])"
)
_QUOTED_LOCAL = re.compile(r'"(?:[^"\\\r\n]|\\.){1,62}"@[^\s@<>()\\,;:"/]{1,255}')
_SIMPLE = re.compile(r'\s*([\w .=?*/+-]*|"[\w .,=?*/+-]*")\s*<([\w.+-]{1,64}@[\w.-]{1,255})>\s*', re.ASCII)
_APART = re.compile(r"\s+([@.])\s*|(?<=[@.])\s+")  # as the standard once allowed, RFC 5322 section 4.4
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_MAX_MAILBOXES = 100


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`address` is bare and lower case; `odd` when it must not be believed."""

    address: str
    name: str | None
    odd: bool = False


def author(values: Sequence[str], charset: str | None = None) -> Mailbox | None:
    """The sender that From headers name; the first mailbox when there are several, and then odd.

    `charset` is that of bare bytes in a name. Where no address is to be seen, one that is encoded is read, and odd.
    """
    boxes = [box for value in values[:5] for box in mailboxes(value, charset)]
    if not boxes:
        hidden = [box for value in values[:1] if "=?" in value for box in mailboxes(decode_field(value))]
        return replace(hidden[0], odd=True) if hidden else None
    first = boxes[0]
    if len(values) > 1 or len(boxes) > 1:
        return Mailbox(first.address, first.name, True)
    return first


def mailboxes(value: str, charset: str | None = None) -> list[Mailbox]:
    """The mailboxes of an address header, at most a hundred."""
    value = value[:HEADER_LIMIT]
    if simple := _SIMPLE.fullmatch(value):
        name = decode_field(simple[1].replace('"', "")) or None
        address = simple[2].lower().rstrip(".")
        return [Mailbox(address, name, _misleading(name, address))]
    found = []
    for entry in _entries(value if value.isascii() else eight_bit(value, charset)):
        if box := _mailbox(entry):
            found.append(box)
        if len(found) >= _MAX_MAILBOXES:
            break
    return found


def bare(value: str | None) -> str | None:
    """The address in a text such as `<a@b.example>` or `a@b.example`, lower case; None when there is none."""
    match = _ADDRESS.search(value) if value else None
    return match[0].lower().rstrip(".") if match else None


@dataclass(frozen=True, slots=True)
class _Entry:
    phrase: str
    angles: tuple[str, ...]
    comment: str


def _entries(value: str) -> Iterator[_Entry]:
    """Cut at top-level commas, semicolons and group names; quotes, comments and angles are read as units."""
    phrase, angles, comments = [], [], []
    at, end = 0, len(value)
    while at < end:
        character = value[at]
        if character == '"':
            text, at = _until(value, at + 1, '"')
            after = value[at : at + 1]  # an address that stands right behind a name is none of it
            phrase.append(f'"{text}"' if after == "@" else f"{text} " if after.isalnum() else text)
        elif character == "(":
            text, at = _until(value, at + 1, ")")
            comments.append(text)
        elif character == "<":
            text, at = _until(value, at + 1, ">")
            angles.append(text)
        elif character in ",;":
            yield _Entry("".join(phrase), tuple(angles), " ".join(comments))
            phrase, angles, comments = [], [], []
            at += 1
        else:
            phrase.append(character)
            at += 1
    yield _Entry("".join(phrase), tuple(angles), " ".join(comments))


def _until(value: str, at: int, closing: str) -> tuple[str, int]:
    """The text up to an unescaped closing character, and where to go on; all the rest when it is missing."""
    out = []
    depth = 1
    while at < len(value):
        character = value[at]
        if character == "\\" and at + 1 < len(value):
            out.append(value[at + 1])
            at += 2
            continue
        if character == "(" and closing == ")":
            depth += 1
        elif character == closing:
            depth -= 1
            if not depth:
                return "".join(out), at + 1
        out.append(character)
        at += 1
    return "".join(out), at


def _mailbox(entry: _Entry) -> Mailbox | None:
    phrase = entry.phrase.strip()
    if entry.angles:
        inner = entry.angles[-1].strip()
        address = _only(inner) or (_only("".join(_COMMENT.sub("", inner).split())) if "(" in inner else None)
        if address is None:
            address, odd = _only(_APART.sub(r"\1", inner)) or bare(inner) or bare(phrase), True
        else:
            odd = len(entry.angles) > 1
        if address is None:
            return None
        name = decode_field(phrase) or decode_field(entry.comment) or None
        return Mailbox(
            address, name, odd or _misleading(name, address) or _misleading(decode_field(entry.comment), address)
        )
    address = _only(phrase)
    if address:
        name = decode_field(entry.comment) or None
        return Mailbox(address, name, _misleading(name, address))
    words = [word for word in phrase.split() if not word.startswith("=?")]
    address = next((found for word in reversed(words) if (found := bare(word))), None)
    return Mailbox(address, None, True) if address else None


def _only(text: str) -> str | None:
    """The address when the text is nothing else."""
    text = text.removeprefix("mailto:")
    if _ADDRESS.fullmatch(text) or _QUOTED_LOCAL.fullmatch(text):
        return text.lower().rstrip(".")
    return None


def _misleading(name: str | None, address: str) -> bool:
    """Whether a display name shows an address that is not the mailbox."""
    if not name or ("@" not in name and "\uff20" not in name and "\ufe6b" not in name):
        return False
    return any(
        shown.lower().strip("'\"()<>,;") != address for shown in name.split() if re.search("[@\uff20\ufe6b]", shown)
    )
