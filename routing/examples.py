"""What is learnt from example sentences: which words and concepts go together with which category.

A naive-Bayes reading of the sentences in examples/<language>.toml: every word stem, pair of words, piece of a long word
and concept speaks for the categories in whose sentences it stood more often than chance. It fills in where no sign
holds and leans where signs are close; it never decides danger. Pure.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

from routing.values import Category
from routing.words import Words

Experience = Mapping[str, tuple[tuple[Category, float], ...]]

_SMOOTHING = 0.004
_LEAST = 0.1
_PIECE = 5
_STEM = 7


def features(words: Words, concepts: Iterable[str]) -> frozenset[str]:
    """What of a text is learnt and remembered: stems, pairs, pieces of long words, concepts."""
    plain = [w for w in words.words if not w[0].isdigit()]
    found = {f"={c}" for c in concepts}
    for word in plain:
        found.add(word[:_STEM])
        found.update(f"~{word[i : i + _PIECE]}" for i in range(len(word) - _PIECE + 1) if len(word) > _PIECE)
    found.update(f"{a[:_PIECE]} {b[:_PIECE]}" for a, b in pairwise(plain))
    return frozenset(found)


def learn(examples: Iterable[tuple[Category, frozenset[str]]]) -> Experience:
    """How much each feature speaks for each category."""
    sentences: Counter[Category] = Counter()
    counted: defaultdict[str, Counter[Category]] = defaultdict(Counter)
    for category, found in examples:
        sentences[category] += 1
        for feature in found:
            counted[feature][category] += 1
    total = sum(sentences.values())
    experience: dict[str, tuple[tuple[Category, float], ...]] = {}
    for feature, by_category in counted.items():
        often = sum(by_category.values()) / total
        kind = 0.35 if feature[0] == "~" else 1.2 if feature[0] == "=" else 1.0
        leanings = []
        for category, times in by_category.items():
            lean = math.log((times / sentences[category] + _SMOOTHING) / (often + _SMOOTHING))
            if lean > _LEAST:
                leanings.append((category, kind * lean * min(1.0, math.log1p(times) / 1.2)))
        if leanings:
            experience[feature] = tuple(leanings)
    return experience


def recall(experience: Experience, found: Iterable[str]) -> dict[Category, float]:
    """How much a text is like the examples of each category; comparable between short and long texts."""
    sums: defaultdict[Category, float] = defaultdict(float)
    known = 0
    for feature in found:
        leanings = experience.get(feature)
        if leanings:
            known += 1
            for category, lean in leanings:
                sums[category] += lean
    scale = 1 / math.sqrt(known + 4)
    return {category: value * scale for category, value in sums.items()}
