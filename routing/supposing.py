"""What may lie behind the words of people: at most three fault codes, the likeliest first, each with the words that led
there and what may be done about it.

A supposition for whoever works on a case: it is never stored and decides nothing but what is not done from afar. Where
the words tell of danger, only faults that are danger are supposed, and nothing is restarted or unlocked from afar.
Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from routing.alarms import FaultCode
from routing.categories import holds
from routing.facts import Meant
from routing.lexicon import Hit
from routing.rules import Rules
from routing.symptoms import Symptom
from routing.values import Category
from routing.words import Words

SHOWN = 3
_OF_THE_CATEGORY = 0.5


class Safety(StrEnum):
    """IMMEDIATE: somebody may be in danger, nothing is restarted or unlocked. ON_SITE: somebody has to look at it
    first. FROM_AFAR: what the code allows can do no harm."""

    IMMEDIATE = "immediate"
    ON_SITE = "on_site"
    FROM_AFAR = "from_afar"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A fault that would show so. `words` are the sender's own, none where only the category led there."""

    code: FaultCode
    words: tuple[str, ...]
    safety: Safety


@dataclass(frozen=True, slots=True)
class Supposed:
    """`danger`: the words or the category tell of danger, so nothing is restarted or unlocked from afar."""

    hypotheses: tuple[Hypothesis, ...] = ()
    danger: bool = False


def suppose(rules: Rules, category: Category, told: Iterable[Meant]) -> Supposed:
    """What the reports of a case tell of together."""
    held: dict[Symptom, dict[str, None]] = {}
    for meant in told:
        for symptom in rules.symptoms:
            if symptom.all and meant.concepts.keys() >= set(symptom.all) and holds(symptom, meant.concepts):
                held.setdefault(symptom, {}).update(dict.fromkeys(_words(symptom, meant)))
    danger = category is Category.SAFETY or any(symptom.danger for symptom in held)
    if not any(symptom.codes for symptom in held if symptom.danger or not danger):
        held |= {symptom: {} for symptom in rules.symptoms if symptom.category is category and not symptom.all}
    scores: defaultdict[str, float] = defaultdict(float)
    words: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for symptom, said in held.items():
        if danger and not symptom.danger:
            continue
        for place, code in enumerate(symptom.codes, start=1):
            scores[code] += _weight(symptom, category) / place
            words[code].update(said)
    likeliest = sorted(scores, key=lambda code: -round(scores[code], 6))[:SHOWN]
    found = [rules.alarms.codes[code] for code in likeliest]
    return Supposed(tuple(Hypothesis(one, _apart(words[one.code]), _safety(one, danger)) for one in found), danger)


def _words(symptom: Symptom, meant: Meant) -> Iterable[str]:
    """The words of each concept once, as they were written; of several that say the same the longest."""
    for concept in (*symptom.all, *symptom.any):
        hits = meant.concepts.get(concept, ())
        spans = [hit for hit in hits if hit.end > hit.start]
        if spans:
            yield _text(meant.words, max(spans, key=lambda hit: hit.end - hit.start))


def _text(words: Words, hit: Hit) -> str:
    return " ".join(words.accented[hit.start : hit.end])


def _apart(said: Iterable[str]) -> tuple[str, ...]:
    """Without those that stand within others."""
    every = tuple(said)
    return tuple(one for one in every if not any(one != other and one in other for other in every))


def _weight(symptom: Symptom, category: Category) -> float:
    """The more it asks for, the more it tells; what is of the case's own category tells more."""
    return len(symptom.all) + bool(symptom.any) + _OF_THE_CATEGORY * (symptom.category is category)


def _safety(code: FaultCode, danger: bool) -> Safety:
    if danger:
        return Safety.IMMEDIATE
    return Safety.FROM_AFAR if code.remote else Safety.ON_SITE
