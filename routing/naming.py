"""What one to three words, heard as one, may name: sites by a word of their names, streets, cities.

Names are known as written, misheard by a letter, begun, by what else such a place is called, and with Finnish endings.
Pure, but for a bounded memory of what was heard lately.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from rapidfuzz import fuzz

from routing.names import END, NameKey, Names, left_out, remember
from routing.words import sound

_SURE_ENOUGH = 0.84
_SURE_OF_A_STREET = 88
_SHORTEST = 3  # letters that can name something
# Finnish says "in" and "on" with endings; as they sound here, doubled letters fall together.
_CASES = re.compile(r"(?<=.{4})(?:i?(?:sa|sta|la|le|lta)|an?|in|n)$")


class Named(NamedTuple):
    """What words may name: places in `Names.keys` with their likeness (0..1), streets, and the sites of a city."""

    sound: str
    likely: tuple[tuple[int, float], ...]
    streets: frozenset[str]
    city: frozenset[str]


class Naming:
    """Knows the names of one directory when it hears them."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._known: dict[tuple[str, int], Named | None] = {}

    def of(self, folded: str, accented: str, words: int) -> Named | None:
        """What so many words may name, said as one, folded and as written; None when it is nothing."""
        known = self._known.get((accented, words), _UNNAMED)
        if known is _UNNAMED:
            known = remember(self._known, (accented, words), self._look_up(folded, accented, words))
        return known

    def _look_up(self, folded: str, accented: str, words: int) -> Named | None:
        if len(folded) < _SHORTEST:
            return None
        heard = sound(folded)
        bare = _CASES.sub("", heard) if len(heard) >= 6 and heard[-1] in "anet" else heard
        found = Named(
            heard,
            tuple(_names_like(heard, bare, accented, words, self._names)),
            _streets_like(heard, bare, self._names),
            _city_of(heard, bare, accented, self._names) if words < 3 else frozenset(),
        )
        return found if any(found[1:]) else None


def _names_like(heard: str, bare: str, accented: str, words: int, names: Names) -> Iterator[tuple[int, float]]:
    for place in names.exact.get(heard, ()):
        yield place, _accents_agree(accented, names.keys[place])
    for place in dict.fromkeys(chain(names.aliases.get(heard, ()), names.aliases.get(bare, ()))):
        yield place, 0.8
    if words > 2 or len(heard) < 5:
        return
    if words == 1:
        for ending in range(1, min(4, len(heard) - 3)):
            for place in names.exact.get(heard[:-ending], ()):
                key = names.keys[place]
                yield place, 0.95 * _accents_agree(accented[: len(key.accented)], key)
        for place in names.starts.get(heard, ()):
            yield place, 0.85
    elif len(heard) < 7:
        return
    for place in {p for form in left_out(heard) for p in names.near.get(form, ())}:
        key = names.keys[place]
        likeness = fuzz.ratio(heard, key.sound) / 100
        if _SURE_ENOUGH <= likeness < 1.0 and key.telling > 0.3:
            yield place, likeness * 0.95


def _accents_agree(accented: str, key: NameKey) -> float:
    """`vägen` is not `Vågen`, though both sound alike once folded; a text without accents may mean either."""
    if len(accented) != len(key.accented):
        return 1.0
    differing = [(a, b) for a, b in zip(accented, key.accented, strict=True) if a != b]
    if any(not a.isascii() and not b.isascii() for a, b in differing):
        return 0.0
    return 0.75 if any(a.isascii() is not b.isascii() for a, b in differing) and len(accented) < 6 else 1.0


def _streets_like(heard: str, bare: str, names: Names) -> frozenset[str]:
    if not (any(end in heard for end in names.street_ends) or heard[-END:] in names.near_ends):
        return frozenset()
    streets = frozenset(form for form in (heard, bare) if form in names.streets)
    if streets or len(heard) < 7:
        return streets
    near = {street for form in left_out(heard) for street in names.near_streets.get(form, ())}
    return frozenset(street for street in near if fuzz.ratio(heard, street) >= _SURE_OF_A_STREET)


def _city_of(heard: str, bare: str, accented: str, names: Names) -> frozenset[str]:
    genitive = heard[:-1] if accented.endswith("s") else heard
    return frozenset().union(*(names.cities.get(form, ()) for form in {heard, bare, genitive}))


_UNNAMED = Named("", (), frozenset(), frozenset())
