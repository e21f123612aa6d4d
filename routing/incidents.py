"""What attaching a report does to its case: the most urgent priority, and an incident that grows.

Pure. Priority is never lowered here: that is for a person.
"""

from __future__ import annotations

from routing.directory import Directory
from routing.rules import Rules
from routing.values import Candidate, Category, Judgement, Priority, Raised, Reason, Said

_WHOLE_SITE_CHARGERS = 3
_SITE_FAULTS = frozenset({Category.OFFLINE, Category.NO_START})


def raise_case(
    candidate: Candidate,
    said: Said,
    judgement: Judgement,
    directory: Directory,
    rules: Rules,
    person: int | None = None,
    added: bool = False,
    answered: bool = False,
) -> Raised:
    """The case as it stands once the report is attached. `person` is who reports, None when unknown; what is `added` by
    the link of an earlier report is by whoever sent that one. Machines are nobody, and what one says in answer to us
    (`answered`) raises nothing: out-of-office replies tell whom to call in a fire. A fault of no place stays one,
    wherever its reporters stand."""
    reasons: list[Reason] = []
    chargers = {r.charger for r in candidate.reports if r.charger} | set(judgement.place.chargers)
    chargers |= {c for c in (candidate.charger, judgement.place.charger) if c}
    whole = candidate.whole_site or (judgement.place.whole_site and not candidate.mass)
    category = Category(candidate.category)
    if not (whole or candidate.mass) and category in _SITE_FAULTS and len(chargers) >= _WHOLE_SITE_CHARGERS:
        whole = True
        reasons.append(Reason("grown_to_site", {"count": len(chargers)}))
    priority = Priority(candidate.priority)
    if judgement.priority < priority and not (answered and said.auto_reply):
        priority, category = judgement.priority, judgement.category
        reasons.append(Reason("raised_by_report", {"priority": priority}))
    if whole and category in _SITE_FAULTS and priority > Priority.P2:
        priority = Priority.P2
        reasons.append(Reason("p2_whole_site"))
    machine = said.auto_reply or said.bounce or said.channel == "alarm"
    before = candidate.persons - candidate.machines
    persons = before | ({person} if person is not None and not machine else set())
    unknown = sum(1 for r in candidate.reports if r.person is None and r.channel != "alarm" and not r.added)
    unknown += person is None and not machine and not added
    incident = len(persons) + unknown > 1
    if incident and len(before) <= 1:
        reasons.append(Reason("incident", {"count": len(persons) + unknown}))
    return Raised(
        priority=priority,
        category=category,
        charger=None if candidate.mass else _one(candidate.charger, judgement.place.charger, chargers, whole),
        site=candidate.site or (None if candidate.mass else judgement.place.site),
        whole_site=whole,
        incident=incident,
        reasons=tuple(reasons),
    )


def _one(theirs: str | None, mine: str | None, chargers: set[str], whole: bool) -> str | None:
    """The one charger of the case, as long as there is one."""
    if whole or len(chargers) > 1:
        return None
    return theirs or mine
