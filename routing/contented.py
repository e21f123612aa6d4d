"""Whether somebody only thanks us, or says that it works.

Pure. Every word has to be one that can mean nothing else: a question, a denial, a number or whatever else they add
leaves it open, and then somebody reads what they want.
"""

from __future__ import annotations

import re

from routing.tables import read_table

_WORDS = read_table("contented.toml")
_LONGEST = 300  # characters
_UNHEARD = re.compile(r"[\s.,;:!)/*_–—-]+|[\ufe0f\u200d\U0001f3fb-\U0001f3ff]")  # and how an emoji is coloured
_SIGN = re.compile(f"({_WORDS['says']['signs'][0]})")


def _any_of(*tables: str) -> str:
    return "|".join(one for table in tables for group in _WORDS[table].values() for one in group)


_SAYS = re.compile(rf"(?<!\S)(?:{_any_of('says')})(?!\S)")
_ONLY = re.compile(rf"(?:(?>(?:{_any_of('says')})(?!\S)|(?:{_any_of('beside')})(?!\S)) ?)++")


def is_contented(text: str, name: str | None = None) -> bool:
    """Whether a text by somebody of that name says nothing else."""
    if len(text) > _LONGEST:
        return False
    words = _heard(text)
    own = set(_heard(name or ""))
    while words and words[-1] in own:
        words.pop()
    said = " ".join(words)
    return _SAYS.search(said) is not None and _ONLY.fullmatch(said) is not None


def _heard(text: str) -> list[str]:
    return _UNHEARD.sub(" ", _SIGN.sub(r" \1 ", text.lower().replace("’", "'"))).split()
