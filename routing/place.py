"""Where: the charger and the site of a report, decided from all evidence or left open, with reasons.

A number that the master data know stands unless the named site speaks against it; a number that they do not know is
mended only when the named site, the sender's own site or the person's earlier chargers leave exactly one way to mend
it. Never a silent guess: what it could also have been stands in `candidates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from routing.chargers import Said, neighbours
from routing.directory import Directory
from routing.sent import sent
from routing.sites import Evidence
from routing.values import History, Place, Reason

_SITE_SURE = 2.4
_SITE_MARGIN = 0.8
_NAMED_SITE = 2.9
_OWN_ONLY_SITE = 2.6
_OWN_SITE = 1.3
_BY_CHARGER = 3.0


@sent
@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """What was said about the place, before history is asked."""

    said: tuple[Said, ...]
    field: str | None  # the number in the form's field, as compared
    field_charger: str | None
    sites: Evidence
    site_field: str | None
    owner: str | None  # the owner whose contact writes
    vendors: tuple[str, ...]  # vendors and models that were named, as they sound
    quick: bool  # a fast charger was meant
    only_one: bool  # "the only one"
    either: bool  # "this or that": numbers are alternatives, not a list
    whole_site: bool
    again: bool  # "as I said yesterday"


def decide_place(facts: PlaceFacts, history: History, directory: Directory) -> Place:
    """The place of a report."""
    ranked = _rank_sites(facts, directory)
    named = _named_site(ranked) or _site_by_history(facts, ranked, history)
    charger, chargers, reasons, candidates = _charger(facts, named, history, directory)
    if charger:
        site: str | None = directory.chargers[charger].site_id
    elif chargers:
        at = {directory.chargers[c].site_id for c in chargers}
        site = named if named in at else next(iter(at)) if len(at) == 1 else named
    else:
        site = named
    if site and not charger and not facts.whole_site and not chargers:
        charger, why = _only_charger(facts, site, directory)
        if charger:
            chargers, reasons = (charger,), [*reasons, why]
    if facts.whole_site and site and len(chargers) != 1:
        charger = None
    if site and site == named and not charger:
        reasons.append(_site_reason(facts, site, ranked))
    elif site is None and ranked:
        reasons.append(Reason("site_unsure", {"first": ranked[0][0], "score": round(ranked[0][1], 2)}))
    if site is None and not ranked and not charger:
        reasons.append(Reason("place_unknown"))
    if facts.whole_site and site:
        reasons.append(Reason("whole_site", {"site": site}))
    return Place(charger, site, chargers, facts.whole_site and site is not None, candidates, tuple(reasons))


def _rank_sites(facts: PlaceFacts, directory: Directory) -> list[tuple[str, float]]:
    scores: dict[str, float] = {site: sum(kinds.values()) for site, kinds in facts.sites.items()}
    if facts.owner:
        own = directory.owner_sites.get(facts.owner, ())
        for site in own:
            scores[site] = scores.get(site, 0.0) + (_OWN_ONLY_SITE if len(own) == 1 else _OWN_SITE)
    if facts.site_field:
        scores[facts.site_field] = scores.get(facts.site_field, 0.0) + _NAMED_SITE
    return sorted(((s, v) for s, v in scores.items() if v > 0), key=lambda pair: (-pair[1], pair[0]))


def _named_site(ranked: list[tuple[str, float]]) -> str | None:
    """The site that was named beyond doubt."""
    if not ranked or ranked[0][1] < _SITE_SURE:
        return None
    if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < _SITE_MARGIN:
        return None
    return ranked[0][0]


def _site_by_history(facts: PlaceFacts, ranked: list[tuple[str, float]], history: History) -> str | None:
    """What was said fits several sites (a city, say) and the person says "again": the one that they wrote of last."""
    if not facts.again or not ranked:
        return None
    likely = {site for site, score in ranked if ranked[0][1] - score < _SITE_MARGIN}
    return next((e.site for e in history.earlier if e.site in likely), None)


def _charger(
    facts: PlaceFacts, named: str | None, history: History, directory: Directory
) -> tuple[str | None, tuple[str, ...], list[Reason], Mapping[str, float]]:
    """The charger, all that were named, why, and what else it could be."""
    known = [s for s in facts.said if s.charger]
    here = [s for s in known if _site_of(s.charger, directory) == named] if named else known
    if known and named and not here:
        return _contradicted(facts, known, named, directory)
    sure = [s for s in here if s.sure] or here
    ids = tuple(dict.fromkeys(s.charger for s in sure if s.charger))
    if len(ids) == 1:
        return ids[0], ids, [Reason("charger_said", {"charger": ids[0]})], {}
    if len(ids) > 1:
        return _several(facts, ids)
    return _from_field_or_slip(facts, named, history, directory)


def _several(
    facts: PlaceFacts, ids: tuple[str, ...]
) -> tuple[str | None, tuple[str, ...], list[Reason], Mapping[str, float]]:
    if facts.field_charger in ids and len(ids) == 2 and facts.either:
        return facts.field_charger, ids, [Reason("charger_field", {"charger": str(facts.field_charger)})], {}
    if facts.either:
        return None, ids, [Reason("charger_either", {"count": len(ids)})], dict.fromkeys(ids, round(1 / len(ids), 2))
    return None, ids, [Reason("chargers_several", {"count": len(ids)})], {}


def _contradicted(
    facts: PlaceFacts, known: list[Said], named: str, directory: Directory
) -> tuple[str | None, tuple[str, ...], list[Reason], Mapping[str, float]]:
    """A known number at another site than the named one: a slip if exactly one charger of the named site is near."""
    mended = _mend([s.digits for s in known], named, directory)
    if len(mended) == 1:
        found = mended[0]
        return (
            found,
            (found,),
            [Reason("charger_mended", {"charger": found, "said": known[0].digits, "site": named})],
            {},
        )
    if facts.field_charger and _site_of(facts.field_charger, directory) == named:
        found = facts.field_charger
        return found, (found,), [Reason("charger_field", {"charger": found})], {}
    charger = known[0].charger
    if len(known) == 1 and charger and not mended:
        data = {"charger": charger, "site": named}
        if sum(facts.sites.get(named, {}).values()) >= _NAMED_SITE + 1:
            return None, (), [Reason("charger_elsewhere", data)], {charger: 0.5}
        return charger, (charger,), [Reason("charger_said", {"charger": charger})], {}
    return None, (), [Reason("charger_elsewhere", {"charger": str(charger), "site": named})], dict.fromkeys(mended, 0.3)


def _from_field_or_slip(
    facts: PlaceFacts, named: str | None, history: History, directory: Directory
) -> tuple[str | None, tuple[str, ...], list[Reason], Mapping[str, float]]:
    field = facts.field_charger
    if field and (named is None or _site_of(field, directory) == named):
        return field, (field,), [Reason("charger_field", {"charger": field})], {}
    slips = [s.digits for s in facts.said if s.sure and not s.charger]
    if facts.field and (field is None or named):
        slips.append(facts.field)
    if not slips:
        return None, (), [], {}
    site = named or _only_own_site(facts, directory)
    mended = _mend(slips, site, directory)
    if len(mended) == 1:
        data = {"charger": mended[0], "said": slips[0], "site": str(site)}
        return mended[0], (mended[0],), [Reason("charger_mended", data)], {}
    if mended:
        return None, (), [Reason("charger_unsure", {"said": slips[0], "count": len(mended)})], _even(mended)
    earlier = _mend_by_history(slips, history, directory)
    if len(earlier) == 1 and named is None:
        data = {"charger": earlier[0], "said": slips[0]}
        return earlier[0], (earlier[0],), [Reason("charger_mended_history", data)], {}
    near = [directory.numbers[n] for n in neighbours(slips[0], directory.numbers)]
    if field and named:
        return None, (), [Reason("charger_elsewhere", {"charger": field, "site": named})], {field: 0.4}
    return None, (), [Reason("charger_unknown", {"said": slips[0]})], _even(near[:8])


def _even(chargers: list[str]) -> Mapping[str, float]:
    return dict.fromkeys(chargers, round(1 / len(chargers), 2)) if chargers else {}


def _mend(slips: list[str], site: str | None, directory: Directory) -> list[str]:
    """The chargers of a site that one slip turns into a number that was said."""
    if site is None:
        return []
    own = directory.site_chargers.get(site, ())
    for digits in slips:
        found = neighbours(digits, own)
        if found:
            return found
    return []


def _mend_by_history(slips: list[str], history: History, directory: Directory) -> list[str]:
    chargers = list(dict.fromkeys(e.charger for e in history.earlier if e.charger))
    for digits in slips:
        found = neighbours(digits, chargers)
        if found:
            return found
    sites = dict.fromkeys(e.site for e in history.earlier if e.site)
    return next((found for site in sites if (found := _mend(slips, site, directory))), [])


def _only_own_site(facts: PlaceFacts, directory: Directory) -> str | None:
    own = directory.owner_sites.get(facts.owner, ()) if facts.owner else ()
    return own[0] if len(own) == 1 else None


def _only_charger(facts: PlaceFacts, site: str, directory: Directory) -> tuple[str | None, Reason]:
    """The charger that a description leaves alone at a site: its make, or the only fast one, or the only one there."""
    own = directory.site_chargers.get(site, ())
    for word in facts.vendors:
        made = [c for c in own if c in directory.vendors.get(word, frozenset())]
        if len(made) == 1:
            make = directory.chargers[made[0]].vendor
            return made[0], Reason("charger_only_make", {"charger": made[0], "make": make})
    if facts.only_one and facts.quick:
        fast = [c for c in own if directory.chargers[c].power_kw >= 43]
        if len(fast) == 1:
            return fast[0], Reason("charger_only_fast", {"charger": fast[0]})
    if facts.only_one and len(own) == 1:
        return own[0], Reason("charger_only_one", {"charger": own[0]})
    return None, Reason("place_unknown")


def _site_reason(facts: PlaceFacts, site: str, ranked: list[tuple[str, float]]) -> Reason:
    kinds = facts.sites.get(site, {})
    strongest = max(kinds, key=lambda k: kinds[k], default="owner")
    code = {"street": "site_by_street", "postcode": "site_by_postcode", "owner": "site_by_owner"}.get(
        strongest, "site_by_name"
    )
    return Reason(code, {"site": site, "score": round(ranked[0][1], 2)})


def _site_of(charger: str | None, directory: Directory) -> str | None:
    return directory.chargers[charger].site_id if charger else None
