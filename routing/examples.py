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

from routing.values import Category
from routing.words import Words

_PIECE = 5
_STEM = 7
_PIECE_WEIGHT = 0.3
_CONCEPT_WEIGHT = 1.1


@dataclass(frozen=True, slots=True)
class Experience:
    """Feature -> its weight, and how far it points towards each category."""

    weights: Mapping[str, float]
    leanings: Mapping[str, tuple[tuple[Category, float], ...]]


def features(words: Words, concepts: Iterable[str], without: frozenset[str] = frozenset()) -> frozenset[str]:
    """What of a text is learnt and remembered, but for the words to be left out."""
    plain = [w for w in words.words if not w[0].isdigit() and w not in without]
    found = {f"={c}" for c in concepts}
    for word in plain:
        found.add(word[:_STEM])
        found.update(f"~{word[i : i + _PIECE]}" for i in range(len(word) - _PIECE + 1) if len(word) > _PIECE)
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
    leanings: defaultdict[str, list[tuple[Category, float]]] = defaultdict(list)
    for category, direction in sums.items():
        length = math.sqrt(sum(value * value for value in direction.values())) or 1.0
        for feature, value in direction.items():
            leanings[feature].append((category, weights[feature] * value / length))
    return Experience(weights, {feature: tuple(pairs) for feature, pairs in leanings.items()})


def recall(experience: Experience, found: Iterable[str]) -> dict[Category, float]:
    """How like a text is to the examples of each category, 0 to 1."""
    sums: defaultdict[Category, float] = defaultdict(float)
    square = 0.0
    for feature in found:
        weight = experience.weights.get(feature)
        if weight is not None:
            square += weight * weight
            for category, lean in experience.leanings[feature]:
                sums[category] += lean
    length = math.sqrt(square)
    return {category: value / length for category, value in sums.items()} if length else {}


def _kind(feature: str) -> float:
    if feature[0] == "~":
        return _PIECE_WEIGHT
    return _CONCEPT_WEIGHT if feature[0] == "=" else 1.0
