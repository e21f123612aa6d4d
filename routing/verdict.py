"""Whether danger is meant, all signs weighed together, be it that a listed word tells of it or that the report is like
those that tell of danger.

How like the whole and its parts are to danger says little by itself: a report that is like nothing else weighs more, a
word of danger counts by what stands around it. The weights (verdict.toml) are fitted by logistic regression on reports
that the examples they were read by had not taught. Pure; `parse_verdict` collects every fault of the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.examples import Likeness
from routing.values import Category

SIGNS = (
    "always",
    "listed",
    "several",
    "around",
    "whole",
    "part",
    "likest",
    "words",
    "few",
    *(f"about_{category}" for category in Category if category is not Category.SAFETY),
)
_FEW, _MANY = 8, 60  # words


@dataclass(frozen=True, slots=True)
class Verdict:
    """`weights` of the signs as log odds; from `limit`, a probability, on it is danger."""

    weights: Mapping[str, float]
    limit: float

    def sure(self, signs: Mapping[str, float]) -> float:
        """How sure it is that danger is meant: 0 to 1."""
        return (1.0 + math.tanh(sum(self.weights[name] * value for name, value in signs.items()) / 2.0)) / 2.0


def signs_of(danger: Sequence[str], around: float, like: Likeness, words: int) -> dict[str, float]:
    """What speaks for danger and against it. `danger`: the listed ones; `around`: how like danger that is which stands
    around their words; `words`: how many the report has."""
    about = {f"about_{category}": value for category, value in like.categories.items()}
    return about | {
        "always": 1.0,
        "listed": float(bool(danger)),
        "several": float(len(danger) > 1),
        "around": around,
        "whole": like.whole,
        "part": like.part,
        "likest": max(like.categories.values(), default=0.0),
        "words": min(words, _MANY) / _MANY,
        "few": float(words < _FEW),
    }


def parse_verdict(table: Mapping[str, Any], faults: list[str]) -> Verdict:
    """The verdict of verdict.toml; every fault is added to `faults`, one line each."""
    wrong = list(_faults_of(table))
    faults += wrong
    return Verdict({}, 1.0) if wrong else Verdict(table["weights"], table["limit"])


def _faults_of(table: Mapping[str, Any]) -> Iterator[str]:
    limit, weights = table.get("limit"), table.get("weights")
    if type(limit) is not float or not 0 < limit < 1:
        yield "verdict.toml: limit is a probability between 0 and 1"
    stray = sorted(set(table) - {"limit", "weights"})
    if stray:
        yield f"verdict.toml: unknown key {', '.join(stray)}"
    if not isinstance(weights, dict) or set(weights) != set(SIGNS):
        yield f"verdict.toml: weights wants a number for each of {', '.join(SIGNS)}"
    elif not all(type(weight) in (int, float) for weight in weights.values()):
        yield "verdict.toml: a weight is a number"
