"""What is learnt from example sentences: how like a text is to those of each category.

Every sentence of examples/<language>.toml is a point in the space of word stems, pairs, pieces of long words and
concepts, each weighed by how rare it is (tf-idf); for each category the direction is sought that tells its sentences
from all others (ridge regression by conjugate gradients, the same at every start). It weighs most in judging what a
report is about; signs lean on it where they are sure. Pure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from routing.values import Category
from routing.words import Words

_PIECE = 5
_STEM = 7
_PIECE_WEIGHT = 0.3
_CONCEPT_WEIGHT = 0.7
_RIDGE = 0.5
_DOUBT = 100.0
_STEPS = 25

_Table = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Experience:
    """`places`: feature -> row of `table`, which holds how far it points towards each of `categories` and, last, the
    square of its weight."""

    places: Mapping[str, int]
    categories: tuple[Category, ...]
    table: _Table


def features(words: Words, concepts: Iterable[str]) -> frozenset[str]:
    """What of a text is learnt and remembered."""
    plain = [w for w in words.words if not w[0].isdigit()]
    found = {f"={c}" for c in concepts}
    for word in set(plain):
        found.add(word[:_STEM])
        if len(word) > _PIECE:
            found.update([f"~{word[i : i + _PIECE]}" for i in range(len(word) - _PIECE + 1)])
    found.update(f"{a[:_PIECE]} {b[:_PIECE]}" for a, b in pairwise(plain))
    return frozenset(found)


def learn(examples: Iterable[tuple[Category, frozenset[str]]]) -> Experience:
    """The direction of each category."""
    known = [(category, sorted(found)) for category, found in examples if found]
    seen = Counter(feature for _, found in known for feature in found)
    places = {feature: row for row, feature in enumerate(seen)}
    weights = np.array([math.log(len(known) / n) * _kind(f) for f, n in seen.items()], dtype=np.float32)
    categories = tuple(dict.fromkeys(category for category, _ in known))
    wanted = np.zeros((len(known), len(categories)), dtype=np.float32)
    wanted[range(len(known)), [categories.index(category) for category, _ in known]] = 1.0
    table = np.empty((len(places), len(categories) + 1), dtype=np.float32)
    table[:, :-1] = _directions([[places[f] for f in found] for _, found in known], weights, wanted)
    table[:, :-1] *= weights[:, None]
    table[:, -1] = weights**2
    return Experience(places, categories, table)


def recall(experience: Experience, found: Iterable[str]) -> dict[Category, float]:
    """How like a text is to the examples of each category: near 1 when it could be one, near 0 when nothing speaks for
    it, below when much speaks against it. A text of few words says little."""
    rows = sorted(row for row in map(experience.places.get, found) if row is not None)  # a sum depends on its order
    *sums, square = experience.table[rows].sum(axis=0).tolist()
    length = math.sqrt(square + _DOUBT)
    return {c: value / length for c, value in zip(experience.categories, sums, strict=True)} if rows else {}


def _kind(feature: str) -> float:
    if feature[0] == "~":
        return _PIECE_WEIGHT
    return _CONCEPT_WEIGHT if feature[0] == "=" else 1.0


def _directions(rows: Sequence[Sequence[int]], weights: _Table, wanted: _Table) -> _Table:
    """The direction of each column of `wanted` over the features: X'a, where (XX' + ridge) a = wanted and the rows of X
    are the sentences, each of length 1."""
    starts = np.cumsum([0, *(len(row) for row in rows[:-1])])
    columns = np.fromiter(chain.from_iterable(rows), dtype=np.int32)
    owners = np.repeat(np.arange(len(rows), dtype=np.int32), [len(row) for row in rows])
    values: _Table = weights[columns]
    values /= np.sqrt(np.add.reduceat(values**2, starts))[owners]
    by_column = np.argsort(columns, kind="stable")
    column_starts = np.searchsorted(columns[by_column], np.arange(len(weights)))
    turned_owners, turned_values = owners[by_column], values[by_column, None]

    def towards(shares: _Table) -> _Table:
        sums: _Table = np.add.reduceat(shares[turned_owners] * turned_values, column_starts)
        return sums

    def times(shares: _Table) -> _Table:
        again: _Table = np.add.reduceat(towards(shares)[columns] * values[:, None], starts)
        return again + _RIDGE * shares

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
