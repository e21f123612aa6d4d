"""What of a mail's parts a person reads, and what are files. Pure, never raises."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from email.message import Message
from html import unescape

from channels.mail import html
from channels.mail.alternatives import lacks, may_say_more, read_of
from channels.mail.attachments import sniffed
from channels.mail.charsets import decode, tidy
from channels.mail.flowed import unwrap
from channels.mail.headers import Fields
from channels.mail.invitations import words_of
from channels.mail.signed import signed_content
from channels.mail.tree import Part, TooComplex, parse
from channels.mail.uuencoded import taken_out

_OTHER_FORMS = frozenset({"text/x-amp-html", "text/watch-html", "text/enriched", "text/richtext"})
_ENRICHED = frozenset({"text/enriched", "text/richtext"})
_WORDS = _ENRICHED | {"text/plain", "text/html", "text/markdown"}
_FOR_MACHINES = frozenset(
    {"text/calendar", "text/vcard", "text/x-vcard", "text/directory", "text/rfc822-headers", "text/csv", "text/xml"}
)
_ANY_KIND = frozenset({"text", "unknown", "application", "*"})
_UNSAID = frozenset({"application/octet-stream", "application/text", "application/x-unknown-content-type"})
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_COMMAND = re.compile(r"(?<!<)</?[A-Za-z-]{1,60}>")
_DOCUMENT = re.compile(
    r"\s*(?:<!doctype html|<html)\b[^>]{0,300}>.*</(?:p|div|body|html|td)>"
    r"|\s*<(p|div|table|span|font)\b[^>]{0,300}>.*</\1>\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
# Letters as HTML spells them, which some programs leave so in a plain text.
_SPELT = re.compile(
    r"&(?:[A-Za-z](?:uml|ring|acute|grave|circ|tilde|cedil|slash)|(?:ae|AE|oe|OE|sz)lig|nbsp|#(?:19[2-9]|2[0-4]\d|25[0-5]));"
)
_META = re.compile(rb"<meta\b[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_MAY_BE_SIGNED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_CIPHER = re.compile(
    r"^-----BEGIN PGP MESSAGE-----[ \t]*\n(?:[A-Za-z-]+: [^\n]*\n)*\n*(?:[A-Za-z0-9+/=]+[ \t]*(?:\n|\Z))*"
    r"(?:-----END PGP MESSAGE-----[^\n]*)?",
    re.MULTILINE,
)
_OF_OUTLOOK = frozenset({"application/ms-tnef", "application/vnd.ms-tnef", "application/vnd.ms-outlook"})
_OUTLOOK_NAMES = ("winmail.dat", ".msg")  # how names of such files end
_LAYERS = 4
_VERSION = re.compile(rb"\s*Version:[^\r\n]{0,20}\s*")


@dataclass(slots=True)
class Body:
    """What a person reads, in order, as (was it HTML, its text; its source, until all is sorted); every HTML form there
    is; and every other leaf."""

    written: list[tuple[bool, str]] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    opened: int = 0  # signatures that the mail itself was within
    locked: bool = False  # whether there is text that is encrypted, or in a form of one maker's


def body_of(root: Part) -> Body:
    """What a person reads, and the rest."""
    body = Body()
    _sort(root, body)
    if not body.written and (named := next((part for part in body.files if _is_words(part)), None)):
        body.written.append((named.kind == "text/html", text_of(named)))  # it stays a file as well
    elif not body.written and not body.locked:
        body.written += [(False, text_of(part)) for part in body.files if _may_be_words(part)][:1]
    body.written = [(is_html, _rendered(is_html, text, body)) for is_html, text in body.written]
    body.files = _invited_once(body.files)
    if not any(text.strip() for _, text in body.written):
        invited = [words_of(text_of(part)) for part in body.files if _is_invitation(part)]
        body.written += [(False, words) for words in invited if words]
        body.locked = body.locked or "" in invited
    return body


def text_of(part: Part) -> str:
    """The text of a textual leaf."""
    declared = part.parameters.get("charset")
    if declared is None and part.kind == "text/html" and (match := _META.search(part.content[:4096])):
        declared = match[1].decode("ascii")
    text = tidy(decode(part.content, declared, part.fields.charset))
    if part.kind in _ENRICHED:
        return _COMMAND.sub("", text).replace("<<", "<")
    if part.kind == "text/plain" and part.parameters.get("format", "").lower() == "flowed":
        return unwrap(text, part.parameters.get("delsp", "").lower() == "yes")
    return text


def _sort(part: Part, body: Body) -> None:
    if part.children and not part.kind.startswith("message/"):
        if part.kind == "multipart/alternative":
            _alternatives(part.children, body)
        elif part.kind == "multipart/report":
            _sort(part.children[0], body)  # the rest is for machines
        else:
            for child in part.children:
                _sort(child, body)
    elif part.kind == "application/pgp-encrypted" and _VERSION.fullmatch(part.content):
        body.locked = True  # by what comes with an encrypted mail, and is none of it
    elif part.kind in _WORDS and not _is_file(part) and not _is_binary(part.content):
        if part.kind == "text/plain" and b"begin " in part.content:
            content, files = taken_out(part.content)
            part = replace(part, _content=content)
            body.files += [_file(name, data) for name, data in files]
        text = text_of(part)
        is_html = part.kind == "text/html" or _DOCUMENT.match(text) is not None
        if is_html:
            body.html.append(text)
        elif part.kind == "text/plain" and _SPELT.search(text):
            text = unescape(text)
        body.written.append((is_html, text))
    elif part.kind.startswith("multipart/"):
        body.written.append((False, text_of(part)))
    else:
        if _may_be_signed(part) and body.opened < _LAYERS and (inner := _within(part)) is not None:
            body.opened += 1
            _sort(inner, body)
        elif part.kind in _OF_OUTLOOK or _may_be_signed(part) or (part.filename or "").lower().endswith(_OUTLOOK_NAMES):
            body.locked = True
        body.files.append(part)


def _is_binary(content: bytes) -> bool:
    """Whether what is said to be a text begins as a file does, and holds what no text has."""
    return (b"\0" in content or content[:5] == b"%PDF-") and sniffed(content) is not None


def _may_be_signed(part: Part) -> bool:
    return part.kind in _MAY_BE_SIGNED or (part.filename or "").lower().endswith(".p7m")


def _within(part: Part) -> Part | None:
    """The mail that was signed, and lies within its signature."""
    content = signed_content(part.content)
    try:
        return parse(content) if content else None
    except TooComplex:
        return None


def _file(name: str, data: bytes) -> Part:
    return Part("application/octet-stream", Fields(Message()), {}, name, [], Message(), [], data)


def _alternatives(parts: list[Part], body: Body) -> None:
    """Of several forms of one text the plain one is read, if it says as much, and the HTML one shown."""
    inner = Body()
    for part in parts:
        if part.kind not in _OTHER_FORMS:
            _sort(part, inner)
    plain, rich = ([text for is_html, text in inner.written if is_html is wanted] for wanted in (False, True))
    if not plain and len(rich) > 1:  # the plain form may be HTML as well
        first, *others = (_rendered(True, source, body) for source in rich)
        rich = rich if lacks("\n".join(others), first) else rich[1:]
    written = "\n".join(plain)
    if plain and rich and not any(may_say_more(source, written) for source in rich):
        body.written.append((False, written))
    elif rich:
        texts = read_of(
            "\n".join(_rendered(False, text, body) for text in plain),
            "\n\n".join(_rendered(True, source, body) for source in rich),
        )
        body.written += [(False, text) for text in texts]
    else:
        body.written += inner.written
    body.html += inner.html
    body.files += inner.files
    body.locked = body.locked or inner.locked


def _rendered(is_html: bool, source: str, body: Body) -> str:
    """The text without what is locked in it."""
    text = html.text_of(source) if is_html else source
    if "-----BEGIN PGP MESSAGE" in text:
        text, body.locked = _CIPHER.sub("", text), True
    return text


def _invited_once(files: list[Part]) -> list[Part]:
    """An invitation comes as a form of the text, without a name, and mostly the same once more as a file."""
    named = {tuple(part.content.split()) for part in files if part.filename and _is_invitation(part)}
    return [
        part for part in files if part.filename or not _is_invitation(part) or tuple(part.content.split()) not in named
    ]


def _is_invitation(part: Part) -> bool:
    return part.kind in ("text/calendar", "application/ics")


def _is_words(part: Part) -> bool:
    """Whether a text has a name only, and is not said to be a file: all that some programs send."""
    return part.kind in ("text/plain", "text/html") and part.disposition != "attachment"


def _may_be_words(part: Part) -> bool:
    """Whether a part without a name is words of a kind that nobody knows, which are read as plain ones (RFC 2046)."""
    if _is_file(part) or part.kind in _FOR_MACHINES or part.kind.partition("/")[0] not in _ANY_KIND:
        return False
    if part.kind.startswith("application/") and part.kind not in _UNSAID:
        return False
    return not _CONTROLS.search(part.content) and sniffed(part.content) is None


def _is_file(part: Part) -> bool:
    return part.filename is not None or part.disposition == "attachment"
