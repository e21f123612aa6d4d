"""Which sites a text points at: by name as written or misheard, street and number, city, postcode, owner's part.

Gives every site that anything speaks for, with what spoke. Pure; decides nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from routing.directory import Directory
from routing.names import Names
from routing.naming import Named
from routing.numbers import small_numbers
from routing.words import Words, sound

NAME = 3.0
STREET = 1.3
ADDRESS = 4.0
CITY = 1.5
OTHER_CITY = -1.2
POSTCODE = 3.0
PART = 1.0
_ARTICLES = frozenset({"en", "ett", "et", "ein", "eine"})
_BEHIND_A_NUMBER = re.compile(r"in?|im|pa|vid|ved|bei|och|og|und|d[ae]r|som|till?|[a-d]")
_MOST_WORDS = 3  # that are one word of a name

Evidence = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class SitesSaid:
    """What a text says for each site, and the words (by number) that name the likeliest one."""

    evidence: Evidence
    name_words: frozenset[int]


def sites_said(words: Words, languages: Sequence[str], directory: Directory) -> SitesSaid:
    """Read a text for sites."""
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    grams = list(_grams(words, directory))
    streets = _by_street(grams, words, languages, directory, found)
    spans = _by_name(grams, streets, directory, found)
    _by_city(grams, directory, found)
    _by_postcode(words, directory, found)
    if found:
        _by_part(words, directory, found)
    top = max(found, key=lambda site: sum(found[site].values()), default=None)
    naming = spans.get(top, set()) if top is not None and found[top].get("name", 0.0) >= NAME * 0.8 else set()
    return SitesSaid(dict(found), frozenset(naming | streets))


class _Gram(NamedTuple):
    """Words `start` to `end` of a sentence, and what they may name as one."""

    start: int
    end: int
    named: Named


def _grams(words: Words, directory: Directory) -> Iterator[_Gram]:
    """One to three words of a sentence that may name something as one."""
    said, sentence, beginnings = words.words, words.sentence, directory.names.beginnings
    for start, (found, going_on) in enumerate(beginnings.of(said)):
        joined, end = said[start], start + 1
        while found or going_on:
            if found and (named := directory.naming.of(joined, "".join(words.accented[start:end]), end - start)):
                yield _Gram(start, end, named)
            if not going_on or end == min(start + _MOST_WORDS, len(said)):
                break
            if sentence[end] != sentence[start] or said[end][0].isdigit():
                break
            joined += said[end]
            end += 1
            if end == start + 2 and not beginnings.may_go_on(joined):
                break
            ((found, going_on),) = beginnings.of((joined,))


def _by_name(
    grams: list[_Gram],
    streets: set[int],
    directory: Directory,
    found: Mapping[str, dict[str, float]],
) -> dict[str, set[int]]:
    """Evidence by name, where no street is named; gives the words that name each site."""
    heard: dict[int, tuple[float, range]] = {}
    for gram in grams:
        span = range(gram.start, gram.end)
        if streets and any(at in streets for at in span):
            continue
        for place, likeness in gram.named.likely:
            if likeness > heard.get(place, (0.0, span))[0]:
                heard[place] = likeness, span
    scores: defaultdict[str, list[float]] = defaultdict(list)
    spans: defaultdict[str, set[int]] = defaultdict(set)
    for place, (likeness, span) in heard.items():
        key = directory.names.keys[place]
        for site in key.sites:
            scores[site].append(likeness * key.telling)
            spans[site].update(span)
    for site, parts in scores.items():
        parts.sort(reverse=True)
        found[site]["name"] = NAME * (parts[0] + 0.35 * sum(parts[1:]))
    return spans


def _by_street(
    grams: list[_Gram],
    words: Words,
    languages: Sequence[str],
    directory: Directory,
    found: Mapping[str, dict[str, float]],
) -> set[int]:
    """Evidence by street and house number; gives the words that name streets."""
    names = directory.names
    spoken: set[int] = set()
    for gram in grams:
        if gram.named.streets:
            spoken.update(range(gram.start, gram.end))
        for street in gram.named.streets:
            numbers = names.streets[street]
            said = _house_numbers(words, gram.end, languages, names)
            house = next((n for n in reversed(said) if n in numbers), None)
            for number, sites in numbers.items():
                for site in sites:
                    weight = ADDRESS if number == house else STREET if not said else 0.0 if house else STREET / 2
                    found[site]["street"] = max(found[site].get("street", 0.0), weight)
    return spoken


def _house_numbers(words: Words, at: int, languages: Sequence[str], names: Names) -> list[str]:
    """The numbers that can be read right behind a street. "Ett" may be one and may be an article: it is a number where
    nothing follows that it could belong to."""
    said = small_numbers(words.words, at, languages)
    if said != ["1"] or words.words[at] not in _ARTICLES or at + 1 == len(words):
        return said
    after = words.words[at + 1]
    goes_on = words.sentence[at + 1] == words.sentence[at] and not _BEHIND_A_NUMBER.fullmatch(after)
    return [] if goes_on and sound(after) not in names.cities else said


def _by_city(grams: list[_Gram], directory: Directory, found: Mapping[str, dict[str, float]]) -> None:
    named = frozenset().union(*(gram.named.city for gram in grams))
    if not named:
        return
    for site in named:
        found[site]["city"] = CITY
    names, heard = directory.names, {gram.named.sound for gram in grams}
    own = {names.keys[place].sites for name in heard & names.cities.keys() for place in names.exact.get(name, ())}
    for site, kinds in found.items():
        # "Umeå Badhus" may well lie in Halmstad: a city that is part of the name says nothing against it.
        if site not in named and not any(site in sites for sites in own):
            kinds["city"] = OTHER_CITY


def _by_postcode(words: Words, directory: Directory, found: Mapping[str, dict[str, float]]) -> None:
    postcodes = directory.names.postcodes
    for at, word in enumerate(words.words):
        if not word.isdigit():
            continue
        pair = word + words.words[at + 1] if at + 1 < len(words) and words.words[at + 1].isdigit() else ""
        for site in postcodes.get(word, frozenset()) | postcodes.get(pair, frozenset()):
            found[site]["postcode"] = POSTCODE


def _by_part(words: Words, directory: Directory, found: Mapping[str, dict[str, float]]) -> None:
    """The part of an owner's ground tells among that owner's sites only."""
    said = set(words.words) | {a + b for a, b in pairwise(words.words)}
    parts = {directory.names.part_words[w] for w in said if w in directory.names.part_words}
    for site, kinds in found.items():
        own = directory.names.parts.get(site, ())
        if own and kinds.get("name", 0.0) > 0:
            part = directory.names.part_words.get("".join(own[:-1]))
            wanted = {part, own[-1]} if part else set(own)
            matched = wanted & (parts | {w for w in words.words if w.isdigit()})
            if matched & parts:
                kinds["part"] = PART * len(matched) / len(wanted)
