"""Whether danger is meant, all signs weighed together: where a listed word tells of it, and where none does but the
report is like those that tell of danger.

How like the whole and its parts are to danger says little by itself: a report that is like nothing else weighs more, a
word of danger counts by what stands around it. The weights (verdict.toml) are fitted by logistic regression on reports
that the examples they were read by had not taught. Pure; `parse_verdicts` collects every fault of the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from routing.danger import DESPAIR, STRONG, WEAK
from routing.values import Category

_ABOUT = tuple(f"about_{category}" for category in Category if category is not Category.SAFETY)
_LISTED = tuple(danger for danger in (*STRONG, *WEAK) if danger != DESPAIR)
SIGNS: Mapping[str, tuple[str, ...]] = {
    "listed": ("always", "several", "around", "like", "like_without", "likest", *_LISTED, *_ABOUT),
    "unlisted": ("always", "like", "likest", *_ABOUT),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`weights` of the signs as log odds; from `limit`, a probability, on it is danger."""

    weights: Mapping[str, float]
    limit: float

    def sure(self, signs: Mapping[str, float]) -> float:
        """How sure it is that danger is meant: 0 to 1."""
        return (1.0 + math.tanh(sum(self.weights[name] * value for name, value in signs.items()) / 2.0)) / 2.0


class Verdicts(NamedTuple):
    """Where a listed word tells of danger, and where none does."""

    listed: Verdict
    unlisted: Verdict


def signs_of_listed(
    danger: Sequence[str], around: float, like: float, without: float, likeness: Mapping[Category, float]
) -> dict[str, float]:
    """What speaks for the listed dangers and against them. `around`: how like danger that is which stands around their
    words; `like`: how like to it the report or a part of it is; `without`: the same without what the words themselves
    tell; `likeness`: how like it is to each category."""
    beside = {"several": float(len(danger) > 1), "around": around, "like_without": without}
    return signs_of_unlisted(like, likeness) | beside | dict.fromkeys(danger, 1.0)


def signs_of_unlisted(like: float, likeness: Mapping[Category, float]) -> dict[str, float]:
    """What speaks for danger and against it where no listed word tells of it."""
    about = {f"about_{category}": value for category, value in likeness.items()}
    return {"always": 1.0, "like": like, "likest": max(likeness.values(), default=0.0)} | about


def parse_verdicts(table: Mapping[str, Any], faults: list[str]) -> Verdicts:
    """The verdicts of verdict.toml; every fault is added to `faults`, one line each."""
    wrong = [fault for name in SIGNS for fault in _faults_of(name, table.get(name))]
    faults += wrong
    return Verdicts(*(Verdict({}, 1.0) if wrong else Verdict(**table[name]) for name in SIGNS))


def _faults_of(name: str, told: Any) -> Iterator[str]:
    where = f"verdict.toml: [{name}]"
    if not isinstance(told, dict) or not isinstance(told.get("weights"), dict):
        yield f"{where} wants a limit and weights"
        return
    if type(told.get("limit")) is not float or not 0 < told["limit"] < 1:
        yield f"{where}: limit is a probability between 0 and 1"
    stray = sorted(set(told) - {"limit", "weights"})
    if stray:
        yield f"{where}: unknown key {', '.join(stray)}"
    if set(told["weights"]) != set(SIGNS[name]):
        yield f"{where}: weights wants a number for each of {', '.join(SIGNS[name])}"
    if not all(type(weight) in (int, float) for weight in told["weights"].values()):
        yield f"{where}: a weight is a number"
