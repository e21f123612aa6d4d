"""What is learnt from example sentences: how like a text is to those of each category.

Every sentence of examples/<language>.toml is a point in the space of word stems, pairs, pieces of long words, concepts
and senses, each weighed by how rare it is (tf-idf); for each category the direction is sought that tells its sentences
from all others (ridge regression by conjugate gradients, the same at every start), and one more for danger, which is
rare and is measured from how rare it is. Danger teaches that one alone, for categories are asked about where there is
none; so does what only sounds like danger, of whatever category (None), and it is to be further from it than all else.
They weigh most in judging what a report is about; signs lean on them where they are sure. Pure.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.lexicon import Hit
from routing.senses import Told
from routing.values import Category
from routing.words import Words

_PIECE = 5
_STEM = 7
_PIECE_WEIGHT = 0.3
_CONCEPT_WEIGHT = 0.7
_SENSE_WEIGHT = 0.5
_RIDGE = 0.5
_RIDGE_OF_DANGER = 0.8
_RARE = 0.2
_RARER = 0.5
_DOUBT = 100.0
_DOUBT_OF_DANGER = 300.0
_PASSING = 0.2
_STRETCH, _STEP = 20, 8  # words
_SAYS_SOMETHING = 4
_AROUND = 8  # words
_REMEMBERED = 8_000
_WORTH_TELLING = 0.1
_TOLD = 3
_STEPS = 15
_AT_ONCE = 4  # directions sought together, for the memory that this takes

_Table = NDArray[np.float32]


class Lesson(NamedTuple):
    """What was learnt, as it can be kept: the n-th of `features` is the n-th row of `table`, which holds how far it
    points towards each of `categories` and the square of its weight, then how far towards danger and the square of its
    weight there."""

    features: tuple[str, ...]
    categories: tuple[Category, ...]
    table: _Table


@dataclass(frozen=True, slots=True)
class Experience:
    """A lesson, as it is recalled. `places`: feature -> row of `table`; `pairs` are those of pairs of words, by the
    first and then by the second, and of pairs of senses, either way. `remembered`: words already met, their rows, what
    they are in pairs and the pairs that they begin."""

    places: Mapping[str, int]
    pairs: Mapping[str, Mapping[str, int]]
    categories: tuple[Category, ...]
    table: _Table
    remembered: dict[str, tuple[array[int], str, Mapping[str, int]]] = field(default_factory=dict)


class Likeness(NamedTuple):
    """How like a text is to the examples of each of `categories`: near 1 when it could be one, near 0 when nothing
    speaks for it, below when much speaks against it; how like to those of danger, whatever else it is about, the
    `whole` and that `part` which is most like it; and the senses that are `alarming`, if it is."""

    categories: Mapping[Category, float]
    whole: float
    part: float
    alarming: tuple[str, ...]

    @property
    def danger(self) -> float:
        """Danger told in passing counts nearly as if it stood alone."""
        return max(self.whole, self.part - _PASSING)


NOTHING = Likeness({}, 0.0, 0.0, ())  # of a text that says nothing that is known


def features(words: Words, concepts: Iterable[Hit], senses: Iterable[Told]) -> frozenset[str]:
    """What of a sentence is learnt."""
    plain = [word for word in words.words if not word[0].isdigit()]
    found = {f"={hit.concept}" for hit in concepts}
    for _, told, near in senses:
        found.update(told)
        found.update(_paired(*pair) for pair in product(told, near) if pair[0] != pair[1])
    found.update(chain.from_iterable(map(_of_word, plain)))
    found.update(f"{a[:_PIECE]} {b[:_PIECE]}" for a, b in pairwise(plain))
    return frozenset(found)


def learn(examples: Iterable[tuple[Category | None, frozenset[str]]], little: frozenset[str]) -> Lesson:
    """The direction of each category, and that of danger. Danger alone is learnt from senses, and not from `little`
    words, which only tell how somebody speaks. Of a pair of words met once nothing is learnt."""
    places: dict[str, int] = {}
    known: list[Category | None] = []
    rows: list[Sequence[int]] = []
    for category, found in examples:
        if found:
            known.append(category)
            rows.append(array("i", [places.setdefault(feature, len(places)) for feature in sorted(found)]))
    places, rows = _without_chance_pairs(places, rows)
    seen = Counter(chain.from_iterable(rows))
    rarity = np.array([math.log(len(known) / seen[row]) * _kind(f) for f, row in places.items()], dtype=np.float32)
    told = [
        (row, category) for row, category in zip(rows, known, strict=True) if category not in (None, Category.SAFETY)
    ]
    categories = tuple(dict.fromkeys(category for _, category in told))
    wanted = np.zeros((len(told), len(categories)), dtype=np.float32)
    wanted[range(len(told)), [categories.index(category) for _, category in told]] = 1.0
    dangerous = np.array([[_danger_of(category)] for category in known], dtype=np.float32)
    stems = {word[:_STEM] for word in little}
    weights = rarity * np.array([feature[0] != "#" for feature in places], dtype=np.float32)
    telling = rarity * np.array([feature not in stems for feature in places], dtype=np.float32)
    table = np.empty((len(places), len(categories) + 3), dtype=np.float32)
    table[:, :-3] = _directions([row for row, _ in told], weights, wanted, _RIDGE) * weights[:, None]
    table[:, -3] = weights**2
    table[:, -2] = _directions(rows, telling, dangerous, _RIDGE_OF_DANGER)[:, 0] * telling
    table[:, -1] = telling**2
    return Lesson(tuple(places), categories, table)


def experience(lesson: Lesson) -> Experience:
    """A lesson, made ready to be recalled."""
    places: dict[str, int] = {}
    pairs: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row, feature in enumerate(lesson.features):
        sense = feature[0] == "#"
        first, _, second = feature.partition("+" if sense else " ")
        if not second:
            places[feature] = row
            continue
        pairs[first][second] = row
        if sense:
            pairs[second][first] = row
    return Experience(places, dict(pairs), lesson.categories, lesson.table)


def recall(experience: Experience, words: Words, concepts: Iterable[Hit], senses: Sequence[Told]) -> Likeness:
    """How like a text is to the examples. A text of few words says little."""
    rows, ends = _rows(experience, words, concepts, senses)
    if not rows:
        return NOTHING
    distinct = experience.table.take(array("i", dict.fromkeys(rows)), axis=0)
    *sums, square, danger, danger_square = np.add.reduce(distinct, axis=0).tolist()
    length = math.sqrt(square + _DOUBT)
    likeness = {c: value / length for c, value in zip(experience.categories, sums, strict=True)}
    whole = danger / math.sqrt(danger_square + _DOUBT_OF_DANGER)
    found = Likeness(likeness, whole, _in_passing(experience.table, rows, ends, words.sentence), ())
    return found._replace(alarming=_alarming(experience, senses)) if found.danger > _WORTH_TELLING else found


def like_danger_at(
    experience: Experience,
    words: Words,
    concepts: Iterable[Hit],
    senses: Iterable[Told],
    told: Iterable[Hit],
) -> float:
    """How like to danger that is which stands around the words that tell of one, each within its sentence; the most."""
    rows, ends = _rows(experience, words, concepts, senses)
    sentences = words.sentence
    found = []
    for hit in told:
        near = range(max(0, hit.start - _AROUND), min(len(sentences), hit.end + _AROUND))
        mine = [at for at in near if sentences[at] == sentences[hit.start]]
        danger, square = experience.table[rows[ends[mine[0]] : ends[mine[-1] + 1]], -2:].sum(axis=0).tolist()
        found.append(danger / math.sqrt(square + _DOUBT_OF_DANGER))
    return max(found, default=0.0)


def _danger_of(category: Category | None) -> float:
    """How near to danger an example is: what only sounds like it is to be the furthest, as its words are the same."""
    if category is None:
        return -_RARER
    return 1.0 - _RARE if category is Category.SAFETY else -_RARE


def _without_chance_pairs(
    places: dict[str, int], rows: list[Sequence[int]]
) -> tuple[dict[str, int], list[Sequence[int]]]:
    """The features, and the sentences by them, without the pairs of words that stand in one sentence only: they are
    half of all features, and nobody else says them."""
    seen = Counter(chain.from_iterable(rows))
    kept = [feature for feature, row in places.items() if seen[row] > 1 or not _is_pair(feature)]
    moved = {places[feature]: row for row, feature in enumerate(kept)}
    left: list[Sequence[int]] = [array("i", [moved[row] for row in told if row in moved]) for told in rows]
    return {feature: row for row, feature in enumerate(kept)}, left


def _is_pair(feature: str) -> bool:
    return " " in feature and feature[0] != "#"


def _alarming(experience: Experience, senses: Iterable[Told]) -> tuple[str, ...]:
    """The senses that speak most for danger, alone or in pairs."""
    rows: dict[str, int] = {}
    for _, told, near in senses:
        for name in told:
            beside = experience.pairs.get(name, {})
            rows |= {_paired(name, other): beside[other] for other in near if other in beside}
            if name in experience.places:
                rows[name] = experience.places[name]
    weights = {s: float(experience.table[row, -2]) for s, row in rows.items()}
    heaviest = sorted((s for s in weights if weights[s] > 0), key=lambda s: (-weights[s], s))
    names = chain.from_iterable(s.split("+") for s in heaviest)
    return tuple(dict.fromkeys(name[1:] for name in names if " " not in name))[:_TOLD]


def _paired(sense: str, other: str) -> str:
    return f"{sense}+{other}" if sense < other else f"{other}+{sense}"


def _rows(
    experience: Experience, words: Words, concepts: Iterable[Hit], senses: Iterable[Told]
) -> tuple[array[int], list[int]]:
    """The rows of what was learnt of a text, in order of its words, and where those of each word end."""
    places, pairs, remembered = experience.places, experience.pairs, experience.remembered
    others: defaultdict[int, list[int]] = defaultdict(list)
    for hit in concepts:
        if (row := places.get(f"={hit.concept}")) is not None:
            others[hit.start].append(row)
    for at, told, near in senses:
        found = others[at]
        for name in told:
            if name in places:
                found.append(places[name])
            if beside := pairs.get(name):
                found += [beside[other] for other in near if other in beside]
    rows = array("i")
    ends = [0]
    following: Mapping[str, int] = {}
    for at, word in enumerate(words.words):
        known, begins, followed = remembered.get(word) or _met(experience, word)
        rows += known
        if begins:
            if begins in following:
                rows.append(following[begins])
            following = followed
        if at in others:
            rows.extend(others[at])
        ends.append(len(rows))
    return rows, ends


def _met(experience: Experience, word: str) -> tuple[array[int], str, Mapping[str, int]]:
    begins = "" if word[0].isdigit() else word[:_PIECE]
    found = [row for row in map(experience.places.get, _of_word(word)) if row is not None] if begins else []
    if len(experience.remembered) >= _REMEMBERED:
        experience.remembered.clear()
    met = experience.remembered[word] = array("i", found), begins, experience.pairs.get(begins, {})
    return met


def _of_word(word: str) -> tuple[str, ...]:
    """The stem of a word and, of a long one, its pieces."""
    if len(word) <= _PIECE:
        return (word,)
    return (word[:_STEM], *(f"~{word[i : i + _PIECE]}" for i in range(len(word) - _PIECE + 1)))


def _in_passing(table: _Table, rows: array[int], ends: Sequence[int], sentences: Sequence[int]) -> float:
    """How like to danger that part of a long text is which is most like it."""
    parts = list(_parts(sentences))
    if len(parts) < 2:
        return 0.0
    sums = np.zeros((len(rows) + 1, 2))
    table.take(rows, axis=0)[:, -2:].cumsum(axis=0, out=sums[1:])
    # Each call of the library costs as much as a dozen of these parts.
    starts, finishes = (sums.take([ends[at] for at in edge], axis=0).tolist() for edge in zip(*parts, strict=True))
    held = ((b[0] - a[0], b[1] - a[1]) for a, b in zip(starts, finishes, strict=True))
    most: float = max(danger / math.sqrt(square + _DOUBT_OF_DANGER) for danger, square in held)
    return most


def _parts(sentences: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The sentences of a text, and of those that do not end (callers' do not) stretches that overlap."""
    begins = [at for at, sentence in enumerate(sentences) if not at or sentence != sentences[at - 1]]
    for start, end in pairwise([*begins, len(sentences)]):
        if end - start > _STRETCH + _STEP:
            yield from ((at, min(at + _STRETCH, end)) for at in range(start, end - _STRETCH + _STEP, _STEP))
        elif end - start >= _SAYS_SOMETHING:
            yield start, end


def _kind(feature: str) -> float:
    if feature[0] == "~":
        return _PIECE_WEIGHT
    if feature[0] == "#":
        return _SENSE_WEIGHT
    return _CONCEPT_WEIGHT if feature[0] == "=" else 1.0


def _directions(rows: Sequence[Sequence[int]], weights: _Table, wanted: _Table, ridge: float) -> _Table:
    """The direction of each column of `wanted` over the features: X'a, where (XX' + ridge) a = wanted and the rows of X
    are the sentences, each of length 1."""
    starts = np.cumsum([0, *(len(row) for row in rows[:-1])])
    columns = np.fromiter(chain.from_iterable(rows), dtype=np.int32)
    owners = np.repeat(np.arange(len(rows), dtype=np.int32), [len(row) for row in rows])
    values: _Table = weights[columns]
    values /= np.sqrt(np.add.reduceat(values**2, starts) + 1e-12)[owners]
    by_column = np.argsort(columns, kind="stable")
    held, column_starts = np.unique(columns[by_column], return_index=True)
    turned_owners, turned_values = owners[by_column], values[by_column, None]

    def towards(shares: _Table) -> _Table:
        sums = np.zeros((len(weights), shares.shape[1]), dtype=np.float32)
        sums[held] = np.add.reduceat(shares[turned_owners] * turned_values, column_starts)
        return sums

    def times(shares: _Table) -> _Table:
        again: _Table = np.add.reduceat(towards(shares)[columns] * values[:, None], starts)
        return again + ridge * shares

    def found(wanted: _Table) -> _Table:
        shares = np.zeros_like(wanted)
        left = wanted.copy()
        step = left.copy()
        before = (left**2).sum(axis=0)
        for _ in range(_STEPS):
            moved = times(step)
            stride = before / ((step * moved).sum(axis=0) + 1e-12)
            shares += stride * step
            left -= stride * moved
            after = (left**2).sum(axis=0)
            step = left + after / (before + 1e-12) * step
            before = after
        return towards(shares)

    return np.hstack([found(wanted[:, n : n + _AT_ONCE]) for n in range(0, wanted.shape[1], _AT_ONCE)])
