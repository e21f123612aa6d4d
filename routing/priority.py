"""How urgent: explicit rules over category, place and what the text says of the people.

P1 and safety are one to one. Pure.
"""

from __future__ import annotations

from routing.facts import Facts
from routing.values import Category, Place, Priority, Reason

_NO_FAULT = frozenset({Category.PAYMENT, Category.ACCOUNT, Category.ENQUIRY, Category.OTHER})
_HELD_UP = frozenset(
    {
        Category.NO_START,
        Category.INTERRUPTED,
        Category.OFFLINE,
        Category.ACCESS,
        Category.BLOCKED,
        Category.SLOW,
        Category.DAMAGE,
    }
)


def decide_priority(
    category: Category, facts: Facts, place: Place, sla_level: str, faulty: bool
) -> tuple[Priority, tuple[Reason, ...]]:
    """The priority of a report and why. `faulty`: its sender chose that a charger does not work."""
    if category is Category.SAFETY:
        return Priority.P1, (Reason("p1_danger"),)
    if category is Category.OTHER and faulty:
        return Priority.P3, (Reason("p3_fault_chosen"),)
    if category in _NO_FAULT:
        return Priority.P4, (Reason("p4_no_fault", {"category": category}),)
    if not facts.context:
        return Priority.P3, (Reason("p3_hindered", {"category": category}),)
    if category is Category.CABLE_STUCK:
        if "freed" in facts.flags:
            return Priority.P3, (Reason("p3_freed"),)
        return Priority.P2, (Reason("p2_cable_held"),)
    if category is Category.OFFLINE and sla_level == "premium":
        return Priority.P2, (Reason("p2_dead_at_premium"),)
    if facts.place.whole_site and category in (Category.OFFLINE, Category.NO_START):
        return Priority.P2, (Reason("p2_whole_site"),)
    if category in _HELD_UP and "trapped" in facts.flags:
        return Priority.P2, (Reason("p2_trapped"),)
    if category in _HELD_UP and "stranded" in facts.flags:
        return Priority.P2, (Reason("p2_stranded"),)
    return Priority.P3, (Reason("p3_hindered", {"category": category}),)
