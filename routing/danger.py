"""Whether danger is meant: not when it is denied, nor when it is a figure of speech, nor far from the trade.

A false alarm costs a minute, a missed one a life: whatever is in doubt is danger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routing.lexicon import Hit

DESPAIR = "despair"  # who speaks of dying is taken at their word
STRONG = ("smoke", "fire", "shock", "spark", DESPAIR)
WEAK = ("burnt", "hot", "melted", "crackle", "live", "open", "water", "bang", "hurt", "emergency", "danger")
DANGERS = frozenset(STRONG + WEAK)
EV_CONCEPTS = ("charger", "cable", "charge", "spot", "tag", "car")
PARTS = "part"  # what chargers and other things are made of: enough beside a danger, not enough to be about chargers
TRADE_CONCEPTS = ("charger", "cable", "spot", "kwh", "gate")
_LONG_AGO_NEAR = 10


def dangers(concepts: Mapping[str, Sequence[Hit]], context: bool) -> tuple[str, ...]:
    """The dangers that are meant. A weak one counts where charging or some part of a charger is spoken of; two of them
    count anywhere."""
    meant = {
        concept
        for concept in DANGERS
        if any(
            not (hit.denied or _is_figure(hit, concepts) or _is_over(hit, concepts))
            for hit in concepts.get(concept, ())
        )
    }
    if _is_reassuring(concepts):
        meant.discard("open")
    weak = meant.intersection(WEAK)
    if not (context or PARTS in concepts or len(weak) > 1):
        meant -= weak
    return tuple(concept for concept in (*STRONG, *WEAK) if concept in meant)


def _is_figure(hit: Hit, concepts: Mapping[str, Sequence[Hit]]) -> bool:
    """Whether a word belongs to a figure of speech. One beside it stands for itself: "is it safe, smoke comes out"."""
    return any(f.start < hit.end and hit.start < f.end for f in concepts.get("figure", ()))


def _is_over(hit: Hit, concepts: Mapping[str, Sequence[Hit]]) -> bool:
    """Whether a danger is told of long ago and was mended since; "again" and "still" speak of now."""
    if "again" in concepts or all(mended.denied for mended in concepts.get("mended", ())):
        return False
    return any(
        max(ago.start, hit.start) - min(ago.end, hit.end) <= _LONG_AGO_NEAR for ago in concepts.get("longago", ())
    )


def _is_reassuring(concepts: Mapping[str, Sequence[Hit]]) -> bool:
    """Whether the sender says that there is no danger: believed of a cover that is off, and of nothing else."""
    said = concepts.get("danger", ())
    return bool(said) and all(hit.denied or _is_figure(hit, concepts) for hit in said)
