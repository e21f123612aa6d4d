"""What the words of two reports tell about being one matter: summed evidence, words alike, the same sums of money."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from rapidfuzz import fuzz, utils

from routing.amounts import amounts
from routing.values import Candidate, Category, Judgement, Reason, Said

COMPARED = 4  # newest reports of a case whose words are looked at
_WORDS_THAT_TELL = 14
_ALIKE = 60
_HALF, _PER_LIKENESS = 50, 20  # percent
_SAME_AMOUNT = 3.0


@dataclass(slots=True)
class Odds:
    """Log-odds that a report and a case are one matter, and what they are made of."""

    odds: float = -2.0
    reasons: list[Reason] = field(default_factory=list)

    def add(self, odds: float, code: str, data: Mapping[str, str | int | float] | None = None) -> None:
        self.odds += odds
        self.reasons.append(Reason(code, data or {}))

    @property
    def score(self) -> float:
        return round(1 / (1 + math.exp(-self.odds)), 2)


def plain(said: Said) -> str:
    """The words of a report as `weigh_words` compares them."""
    return utils.default_process(f"{said.subject or ''} {said.text[:1000]}")


def at_most(odds: float, judgement: Judgement) -> float:
    """What odds can become by words and amounts."""
    odds += (100 - _HALF) / _PER_LIKENESS
    return odds + _SAME_AMOUNT if judgement.category is Category.PAYMENT else odds


def weigh_words(
    total: Odds, said: Said, mine: str, judgement: Judgement, candidate: Candidate, same_person: bool
) -> None:
    """Words alike count when both speak one language, and the more the longer the texts; else they say nothing. Of two
    people's own matters they say nothing either: many ask for a receipt."""
    texts = [r.text for r in candidate.reports[:COMPARED] if r.language == judgement.language and r.channel != "alarm"]
    if not texts or said.channel == "alarm":
        return
    if judgement.category in (Category.PAYMENT, Category.ACCOUNT, Category.OTHER) and not same_person:
        return
    others = [utils.default_process(t[:1000]) for t in texts]
    likeness, other = max((fuzz.token_set_ratio(mine, t), t) for t in others)
    weight = min(1.0, min(mine.count(" "), other.count(" ")) / _WORDS_THAT_TELL)
    if likeness >= _ALIKE:
        total.add(weight * (likeness - _HALF) / _PER_LIKENESS, "words_alike", {"percent": round(likeness)})


def weigh_amounts(total: Odds, said: Said, judgement: Judgement, candidate: Candidate) -> None:
    """The same sum of money in both speaks for one matter, whoever writes and in whatever language."""
    if judgement.category is not Category.PAYMENT or candidate.category != Category.PAYMENT:
        return
    mine = amounts(f"{said.subject or ''} {said.text}", judgement.language)
    theirs = frozenset().union(*(amounts(r.text, r.language) for r in candidate.reports[:COMPARED]))
    same = mine & theirs
    if same:
        total.add(_SAME_AMOUNT, "same_amount", {"amount": max(same)})
    elif mine and theirs:
        total.add(-1.0, "other_amount", {"amount": max(mine)})
