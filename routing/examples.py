"""What is learnt from example sentences: how like a text is to those of each category.

Each category's sentences in examples/<language>.toml make one direction in the space of word stems, pairs, pieces of
long words and concepts, each weighed by how rare it is (tf-idf, nearest centroid; Rocchio 1971); a text is as like a
category as its own direction is near. It fills in where no sign holds and leans where signs are close. Pure.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from routing.values import Category
from routing.words import Words

_PIECE = 5
_STEM = 7
_PIECE_WEIGHT = 0.3
_CONCEPT_WEIGHT = 1.1


@dataclass(frozen=True, slots=True)
class Experience:
    """`places`: feature -> row of `table`, which holds how far it points towards each of `categories` and, last, the
    square of its weight."""

    places: Mapping[str, int]
    categories: tuple[Category, ...]
    table: NDArray[np.float64]


def features(words: Words, concepts: Iterable[str], without: frozenset[str] = frozenset()) -> frozenset[str]:
    """What of a text is learnt and remembered, but for the words to be left out."""
    plain = [w for w in words.words if not w[0].isdigit() and w not in without]
    found = {f"={c}" for c in concepts}
    for word in set(plain):
        found.add(word[:_STEM])
        if len(word) > _PIECE:
            found.update([f"~{word[i : i + _PIECE]}" for i in range(len(word) - _PIECE + 1)])
    found.update(f"{a[:_PIECE]} {b[:_PIECE]}" for a, b in pairwise(plain))
    return frozenset(found)


def learn(examples: Iterable[tuple[Category, frozenset[str]]]) -> Experience:
    """The direction of each category."""
    known = list(examples)
    seen = Counter(feature for _, found in known for feature in found)
    weights = {feature: math.log(len(known) / times) * _kind(feature) for feature, times in seen.items()}
    sums: defaultdict[Category, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for category, found in known:
        length = math.sqrt(sum(weights[f] ** 2 for f in found)) or 1.0
        for feature in found:
            sums[category][feature] += weights[feature] / length
    categories = tuple(sums)
    places = {feature: row for row, feature in enumerate(weights)}
    table = np.zeros((len(places), len(categories) + 1))
    for column, direction in enumerate(sums.values()):
        length = math.sqrt(sum(value * value for value in direction.values())) or 1.0
        for feature, value in direction.items():
            table[places[feature], column] = weights[feature] * value / length
    table[:, -1] = [weight * weight for weight in weights.values()]
    return Experience(places, categories, table)


def recall(experience: Experience, found: Iterable[str]) -> dict[Category, float]:
    """How like a text is to the examples of each category, 0 to 1."""
    rows = [row for row in map(experience.places.get, found) if row is not None]
    *sums, square = experience.table[rows].sum(axis=0).tolist()
    length = math.sqrt(square)
    return {c: value / length for c, value in zip(experience.categories, sums, strict=True) if value} if length else {}


def _kind(feature: str) -> float:
    if feature[0] == "~":
        return _PIECE_WEIGHT
    return _CONCEPT_WEIGHT if feature[0] == "=" else 1.0
