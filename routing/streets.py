"""Words that name a street by how they are made, known to us or not: "Gnistgatan" tells of no sparks. Pure.

Nordic and German streets are one word with what a street is at its end. An English one ends in a word of its own and is
believed only where a sentence says nothing else ("Fire Station Road 4 in Leeds"): "the car is on fire, road closed" is
heard without its comma.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from routing.words import Words

_ONE_WORD = re.compile(
    r".{3,}(?:"
    r"gat(?:a|an|u)|vag(?:en)?|grand(?:en)?|torget|stigen|backen|esplanaden"  # Swedish
    r"|gate[nr]?|gata|vei(?:en)?|vegen|vej(?:en)?|vaenget|straede[t]?|alleen|pladsen|plassen"  # Norwegian, Danish
    r"|strasse|str|weg|gasse|platz|allee"  # German
    r"|kadu[nl]?(?:la|lta)?|katu|tie(?:n|lla|lta)?|kuja(?:n|lla)?|polku|polun|aukio(?:n|lla)?"  # Finnish
    r")"
)
# None that means something else as well, as "close" does.
_LAST = frozenset({"road", "street", "lane", "avenue", "crescent", "terrace"})
_BEFORE = frozenset({"i", "am", "im", "it", "is", "its", "at", "on", "in", "near", "by", "the", "address"})
_NO_NAME = _BEFORE | {"a", "an", "and", "to", "from"}
_AFTER = frozenset({"in", "at"})
_MOST = 3  # words of an English name before what a street is
_TOWN = 3  # words


def street_words(words: Words) -> frozenset[int]:
    """The words, by number, that name a street."""
    compound = {at for at, word in enumerate(words.words) if len(word) > 6 and _ONE_WORD.fullmatch(word)}
    return frozenset(compound.union(_english(words)))


def _english(words: Words) -> Iterator[int]:
    if _LAST.isdisjoint(words.words):
        return
    for _, sentence in groupby(range(len(words)), words.sentence.__getitem__):
        said = list(sentence)
        while said and words.words[said[0]] in _BEFORE:
            said.pop(0)
        last = next((nth for nth, at in enumerate(said) if words.words[at] in _LAST), None)
        if last is None or not 1 <= last <= _MOST or not _NO_NAME.isdisjoint(words.words[at] for at in said[:last]):
            continue
        if _is_all(words, said[last + 1 :]):
            yield from said[: last + 1]


def _is_all(words: Words, after: list[int]) -> bool:
    """Whether behind a street stand no more than a number and a town."""
    rest = [words.words[at] for at in after if not words.words[at][0].isdigit()]
    return not rest or (rest[0] in _AFTER and len(rest) <= 1 + _TOWN)
