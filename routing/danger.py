"""Whether danger is meant: not when it is denied, nor when it is a figure of speech, nor far from the trade.

A false alarm costs a minute, a missed one a life: whatever is in doubt is danger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routing.lexicon import Hit

STRONG = ("smoke", "fire", "shock", "spark")
WEAK = ("burnt", "hot", "melted", "crackle", "live", "water", "bang", "hurt", "emergency", "danger")
DANGERS = frozenset(STRONG + WEAK)
EV_CONCEPTS = ("charger", "cable", "charge", "spot", "tag", "car")
PARTS = "part"  # what chargers and other things are made of: enough beside a danger, not enough to be about chargers
TRADE_CONCEPTS = ("charger", "cable", "spot", "kwh", "gate")
_NEAR = 2


def dangers(concepts: Mapping[str, Sequence[Hit]], context: bool) -> tuple[str, ...]:
    """The dangers that are meant. A weak one counts where charging or some part of a charger is spoken of; two of them
    count anywhere."""
    figures = concepts.get("figure", ())
    meant = {
        concept
        for concept in DANGERS
        if any(not hit.denied and not _is_figure(hit, figures) for hit in concepts.get(concept, ()))
    }
    weak = meant.intersection(WEAK)
    if not (context or PARTS in concepts or len(weak) > 1):
        meant -= weak
    return tuple(concept for concept in (*STRONG, *WEAK) if concept in meant)


def _is_figure(hit: Hit, figures: Sequence[Hit]) -> bool:
    return any(f.start - _NEAR < hit.end and hit.start < f.end + _NEAR for f in figures)
