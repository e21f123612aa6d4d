"""The ways in which people name places, indexed: words of names, streets, cities, and how they sound.

A name is found by how it sounds, with one letter wrong, by its first letters, or by what else such a place is called.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from string import ascii_lowercase
from typing import Any, TypeVar

from routing.values import Owner, Site
from routing.words import fold, sound, sound_of, split

_K = TypeVar("_K")
_V = TypeVar("_V")
_MARKS = (" – ", " — ", " - ", ", ")
_HEARD = 5  # letters of a sound by which it is known what a name that sounds nearly so begins with
_HEAD = _HEARD - 1
_BEGINNING = 9  # letters of a word by which that much of its sound is told
_OPENING = 6  # letters by which most words are known that no name sounds like
_SHOPPING = "shopping"  # the longest run of letters of which the first sounds otherwise for the last
_MOST_SEEN = 16_000  # beginnings of words
END = 4  # letters of a street by which it is recognised
_BEARS = 6  # letters of a word that is known again with one of them left out


@dataclass(frozen=True, slots=True)
class NameKey:
    """A word by which sites are called: folded, as written, how it sounds, its sites, how telling it is (0..1)."""

    word: str
    accented: str
    sound: str
    sites: frozenset[str]
    telling: float


@dataclass(frozen=True, slots=True)
class Names:
    """All keys are sounds unless said otherwise; numbers are places in `keys`."""

    keys: tuple[NameKey, ...]
    exact: Mapping[str, tuple[int, ...]]
    near: Mapping[str, tuple[int, ...]]  # with at most one letter left out
    starts: Mapping[str, tuple[int, ...]]  # the first letters of a long name
    aliases: Mapping[str, tuple[int, ...]]  # what else such a place is called
    streets: Mapping[str, Mapping[str, frozenset[str]]]  # street -> house number -> sites
    near_streets: Mapping[str, tuple[str, ...]]
    street_ends: tuple[str, ...]  # the last letters of streets' sounds, by which a street is recognised at a glance
    near_ends: frozenset[str]  # the same, with each one letter any other
    cities: Mapping[str, frozenset[str]]
    postcodes: Mapping[str, frozenset[str]]  # digits -> sites
    parts: Mapping[str, tuple[str, ...]]  # site -> folded words of the part of the owner's ground ("garage", "3")
    beginnings: Beginnings  # of all sounds above: what begins otherwise names nothing
    part_words: Mapping[str, str]  # folded word -> the word that names use for such a part
    legal: frozenset[str]  # folded words for what kind of body an owner is, which name none ("brf", "ab")


def index_names(sites: Mapping[str, Site], owners: Mapping[str, Owner], naming: Mapping[str, Any]) -> Names:
    """Index the names of sites and of their owners; `naming` is places.toml."""
    legal = frozenset(naming["legal"])
    keys = _keys(sites, owners, legal, frozenset(naming["plain"]))
    near = grouped((form, place) for place, key in enumerate(keys) for form in left_out(key.sound))
    aliases = _aliases(keys, naming["nouns"])
    streets = _streets(sites.values())
    near_streets = grouped((form, street) for street in streets for form in left_out(street))
    cities = _cities(sites.values(), naming["cities"])
    return Names(
        keys=keys,
        exact=grouped((key.sound, place) for place, key in enumerate(keys)),
        near=near,
        starts=grouped(
            (key.sound[:n], place)
            for place, key in enumerate(keys)
            for n in range(5, len(key.sound))
            if key.telling > 0.3
        ),
        aliases=aliases,
        streets=streets,
        street_ends=tuple(sorted({street[-END:] for street in streets})),
        near_ends=frozenset(chain.from_iterable(_misheard(street[-END:]) for street in streets)),
        near_streets=near_streets,
        cities=cities,
        postcodes=_sets((s.postcode.replace(" ", ""), s.id) for s in sites.values() if s.postcode),
        parts={s.id: split(_split_name(s.name)[1]).words for s in sites.values()},
        beginnings=Beginnings(chain(near, aliases, near_streets, cities, (f"{city}s" for city in cities))),
        part_words={
            fold(word).replace(" ", ""): part for part, others in naming["parts"].items() for word in (*others, part)
        },
        legal=legal,
    )


def left_out(word: str) -> set[str]:
    """A word and, when it is long enough to bear it, the word with each one letter left out."""
    forms = {word}
    if len(word) >= _BEARS:
        forms.update(word[:i] + word[i + 1 :] for i in range(len(word)))
    return forms


def _misheard(end: str) -> Iterator[str]:
    return (end[:i] + letter + end[i + 1 :] for i in range(len(end)) for letter in ascii_lowercase)


class Beginnings:
    """How the sounds of what has a name begin. Immutable but for a bounded memory of words already seen."""

    def __init__(self, sounds: Iterable[str]) -> None:
        self._heads = frozenset(heard[:_HEAD] for heard in sounds)
        self._openings = frozenset(head[:n] for head in self._heads for n in range(len(head) + 1))
        self._seen: dict[str, tuple[bool, bool]] = {}
        self._going_on: dict[str, bool] = {}

    def of(self, words: Sequence[str]) -> list[tuple[bool, bool]]:
        """For each word whether a name may begin like it, or like it but for a letter; and whether one may begin like
        it and what follows."""
        seen = self._seen
        beginnings = [word[:_BEGINNING] for word in words]
        return [seen.get(word) or remember(seen, word, self._look(word)) for word in beginnings]

    def may_go_on(self, word: str) -> bool:
        """False only when no name begins like whatever begins like a word: told by few letters, not always."""
        known = self._going_on.get(word[:_OPENING])
        if known is None:
            found = not self._openings.isdisjoint(_openings_of(word[:_OPENING]))
            known = remember(self._going_on, word[:_OPENING], found)
        return known

    def _look(self, word: str) -> tuple[bool, bool]:
        if word[0].isdigit():
            return False, False
        heard = sound_of(word)
        less = [heard[:i] + heard[i + 1 : _HEARD] for i in range(_HEAD)] if len(heard) >= _HEARD else []
        cut = len(word) == _BEGINNING and len(heard) < _HEARD  # what it begins like stands further on
        found = cut or not self._heads.isdisjoint((heard[:_HEAD], *less))
        return found, found or (len(heard) <= _HEARD and self.may_go_on(word))


def _openings_of(letters: str) -> Iterator[str]:
    """With what the sound begins, as far as these letters tell, of whatever begins with them; and the same with a
    letter left out."""
    most = min(len(letters), len(_SHOPPING) - 1)
    untold = next((n for n in range(most, 1, -1) if _SHOPPING.startswith(letters[-n:])), 1)
    heard = sound_of(letters)
    heard = heard[: len(heard) - untold][:_HEARD]
    yield heard[:_HEAD]
    yield from (heard[:i] + heard[i + 1 :] for i in range(min(len(heard), _HEAD)))


def remember(seen: dict[_K, _V], key: _K, found: _V) -> _V:
    """What was found, kept in a memory that is bounded."""
    if len(seen) >= _MOST_SEEN:
        seen.clear()
    seen[key] = found
    return found


def grouped(pairs: Iterable[tuple[_K, _V]]) -> dict[_K, tuple[_V, ...]]:
    """Pairs as key -> values, in order."""
    groups: defaultdict[_K, list[_V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}


def _sets(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    return {key: frozenset(values) for key, values in grouped(pairs).items()}


def _split_name(name: str) -> tuple[str, str]:
    for mark in _MARKS:
        head, found, tail = name.partition(mark)
        if found:
            return head, tail
    return name, ""


def _keys(
    sites: Mapping[str, Site], owners: Mapping[str, Owner], legal: frozenset[str], plain: frozenset[str]
) -> tuple[NameKey, ...]:
    """The telling words of names. A word that several owners share, a plain word ("garage") and the name of a city
    tell less than a proper name."""
    bearers: defaultdict[str, set[str]] = defaultdict(set)
    cities = {fold(s.city) for s in sites.values()}
    for site in sites.values():
        owner = owners.get(site.owner_id)
        for word in chain(
            split(_split_name(site.name)[0]).accented, split(owner.organisation).accented if owner else ()
        ):
            if fold(word) not in legal and len(word) > 2 and not word.isdigit():
                bearers[word].add(site.id)
    keys = []
    for accented, ids in sorted(bearers.items()):
        word = fold(accented)
        holders = len({sites[i].owner_id for i in ids})
        telling = 0.15 if word in plain else 0.3 if word in cities else 1.0 if holders == 1 else 1.0 / holders
        keys.append(NameKey(word, accented, sound(word), frozenset(ids), telling))
    return tuple(keys)


def _aliases(keys: tuple[NameKey, ...], nouns: Mapping[str, Iterable[str]]) -> dict[str, tuple[int, ...]]:
    return grouped(
        (sound(fold(other).replace(" ", "")), place)
        for place, key in enumerate(keys)
        for other in nouns.get(key.word, ())
    )


def _cities(sites: Iterable[Site], others: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    pairs = []
    for site in sites:
        city = fold(site.city)
        names = (city, *others.get(city.replace(" ", ""), ()))
        pairs += [(sound(fold(name).replace(" ", "")), site.id) for name in names]
    return _sets(pairs)


def _streets(sites: Iterable[Site]) -> dict[str, dict[str, frozenset[str]]]:
    streets: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for site in sites:
        words = split(site.street).words
        cut = next((i for i, w in enumerate(words) if w[0].isdigit()), len(words))
        if cut:
            streets[sound("".join(words[:cut]))].append((words[cut] if cut < len(words) else "", site.id))
    return {street: _sets(numbers) for street, numbers in streets.items()}
