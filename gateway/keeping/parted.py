"""Whether a report that refers to a case belongs there still, or in a case of its own that is linked to it.

Long after its case was concluded a report is new work, and a danger at another charger, or whatever befalls another
site, wants a place of its own: in the old case nobody would see where to go. What a server or an answer to our own
question says is about what was written there. Pure.
"""

from __future__ import annotations

from datetime import datetime

from channels.report import ANSWER, UNSOLVED, Report
from gateway.keeping.questions import CONCLUDED_LOOKBACK
from routing.values import Candidate, Category, Judgement, Place, Reason

# Reasons of a place that nobody spoke of: it is whoever writes that has it.
_SUPPOSED = frozenset({"site_by_owner", "charger_only_one", "charger_only_make", "charger_only_fast"})
# Reasons of a number that was said and is no charger's beyond doubt.
_UNSURE = frozenset({"charger_unknown", "charger_unsure", "charger_elsewhere"})


def parted(report: Report, judgement: Judgement, case: Candidate, now: datetime) -> Reason | None:
    """Why a report goes apart from the case that it refers to; None when it belongs there."""
    if report.bounce or ANSWER in report.flags:
        return None
    if judgement.category is Category.SAFETY and _is_other_place(judgement.place, case):
        return Reason("danger_elsewhere")
    if report.auto_reply or UNSOLVED in report.flags:
        return None
    if case.concluded_at is not None and now - case.concluded_at > CONCLUDED_LOOKBACK:
        return Reason("concluded_long_ago", {"days": (now - case.concluded_at).days})
    return Reason("case_elsewhere") if _is_other_site(judgement.place, case) else None


def _is_other_place(place: Place, case: Candidate) -> bool:
    known = {one for one in (case.charger, *(r.charger for r in case.reports)) if one}
    codes = {reason.code for reason in place.reasons}
    if _is_other_site(place, case):
        return True
    if not known and not (case.whole_site or case.mass):
        return False
    if codes & _UNSURE:
        return known.isdisjoint(place.candidates)
    named = set() if codes & _SUPPOSED else {*place.chargers, place.charger} - {None}
    return not named <= known


def _is_other_site(place: Place, case: Candidate) -> bool:
    """A case of no place, as of an app that is down, is its followers' wherever they stand."""
    known = {case.site, *(r.site for r in case.reports)}
    supposed = any(reason.code in _SUPPOSED for reason in place.reasons)
    return case.site is not None and place.site is not None and place.site not in known and not supposed
