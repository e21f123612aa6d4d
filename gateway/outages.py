"""Faults of no place that we know about (the app, the payments, the whole service), and which fits what a caller says.

As certain as at a charger: several have reported it. Told for as long as one more report would still be attached to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.keeping.questions import PLACELESS_LOOKBACK
from gateway.record.asks import Asks
from routing.values import Category, Judgement, Priority

LARGE = 10  # reports

# What callers key for what they meet -> the outages that may be behind it, the likeliest first.
BEHIND: Mapping[str, tuple[Category, ...]] = {
    Category.PAYMENT: (Category.PAYMENT,),
    Category.ACCOUNT: (Category.ACCOUNT, Category.ACCESS),
    Category.ACCESS: (Category.ACCESS, Category.ACCOUNT),
    Category.NO_START: (Category.NO_START, Category.ACCESS, Category.PAYMENT),
    Category.OFFLINE: (Category.OFFLINE, Category.NO_START),
}


@dataclass(frozen=True, slots=True)
class Outage:
    """An open fault of no place; `large` when very many have reported it."""

    case: int
    status: str
    due: datetime | None
    category: str
    large: bool


async def of_all(asks: Asks, now: datetime) -> Sequence[Outage]:
    """The newest first. Raises Unavailable."""
    return [Outage(*row) for row in await asks.outages(now - PLACELESS_LOOKBACK, LARGE)]


def keyed(found: Sequence[Outage], category: str | None) -> Outage | None:
    """The one that may be behind what was chosen in a menu."""
    wanted = BEHIND.get(category or "", ())
    return next((one for kind in wanted for one in found if one.category == kind), None)


def spoken(found: Sequence[Outage], judgement: Judgement) -> Outage | None:
    """The one that a caller speaks of: danger is never one of them, and a single charger is not the whole service."""
    if judgement.priority is Priority.P1:
        return None
    if judgement.mass:
        return keyed(found, judgement.category)
    personal = judgement.category in (Category.PAYMENT, Category.ACCOUNT, Category.ACCESS)
    return next((one for one in found if personal and one.category == judgement.category), None)
