"""Which of the two forms of one text is read: plain text, and the text of its HTML. Pure.

Nothing that stands in one form alone is hidden: the HTML is read as soon as it says what the plain form lacks, and then
the plain form beside it, unless that only says that there is HTML.
"""

from __future__ import annotations

import re

from channels.mail import html
from channels.mail.desks import without_lead
from channels.mail.quotes import new_text

_WORD = re.compile(r"[^\W_]+")
_STUB = 300  # characters that a program writes at most where it writes no plain form
_ONLY_HTML = re.compile(r"\bhtml\b|\bbrowser|\bwebbläsare|\bnettleser|\bselaim|\bnavigateur|\bnavegador", re.IGNORECASE)


def may_say_more(source: str, plain: str) -> bool:
    """Whether an HTML document may hold words that its plain form lacks; False is certain, and cheap to know."""
    shown = html.shows_at_most(source) if _WORD.search(plain) else None
    return shown is None or lacks(plain, shown)


def read_of(plain: str, rich: str) -> tuple[str, ...]:
    """What is read, in order. `rich` is the text of the HTML with its marks."""
    new = new_text(rich, follows=False)
    if not _WORD.search(plain):
        return (rich,) if rich.strip() else (plain,)
    if not lacks(plain, new):
        return (plain,)
    own = new_text(plain)  # no border in it may cut off what follows
    return (own, without_lead(rich)) if lacks(rich, own) and not _is_stub(own) else (rich,)


def lacks(text: str, other: str) -> bool:
    """Whether a word of another text is nowhere in a text."""
    unknown = set(other.split()).difference(text.split())  # what stands in both alike need not be taken apart
    return bool(unknown) and not _words(" ".join(unknown)) <= _words(text)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _is_stub(plain: str) -> bool:
    return len(plain) <= _STUB and _ONLY_HTML.search(plain) is not None
