"""Again? Whether a report belongs to a case that is already open: attach, suggest to a person, or new.

Evidence for and against is added up as log-odds; the sum becomes a score from 0 to 1. A wrong merge costs more than a
missed one, so attaching wants 0.80 and suggesting 0.45. Pure; the candidates are what the record's indexes give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from routing.directory import Directory
from routing.evidence import Odds, at_most, plain, weigh_amounts, weigh_words
from routing.incidents import raise_case
from routing.machines import about, is_well
from routing.quotes import answers, topic_of
from routing.values import Candidate, Category, History, Judgement, Match, Priority, Reason, Said, Verdict

__all__ = ["ATTACH", "SUGGEST", "alone", "as_its_case", "goes_on", "kin", "lock_keys", "match", "raise_case"]

ATTACH = 0.80
SUGGEST = 0.45

# Matters of one person: how much speaks against two people meaning the same one. Two members of one board may well ask
# the same question.
_PERSONAL: Mapping[Category, float] = {
    Category.PAYMENT: -3.5,
    Category.ACCOUNT: -3.5,
    Category.ENQUIRY: -1.5,
    Category.OTHER: -3.5,
}
_RELATED: Mapping[frozenset[Category], float] = {
    frozenset({Category.NO_START, Category.OFFLINE}): 0.9,
    frozenset({Category.NO_START, Category.INTERRUPTED}): 0.6,
    frozenset({Category.NO_START, Category.ACCESS}): 0.3,
    frozenset({Category.OFFLINE, Category.INTERRUPTED}): 0.3,
    frozenset({Category.SLOW, Category.INTERRUPTED}): 0.3,
    frozenset({Category.SAFETY, Category.DAMAGE}): 0.9,
    frozenset({Category.SAFETY, Category.OFFLINE}): 0.6,
    frozenset({Category.SAFETY, Category.INTERRUPTED}): 0.3,
    frozenset({Category.OFFLINE, Category.ACCESS}): 0.0,
}
_RELATED_TO: Mapping[Category, tuple[Category, ...]] = {
    category: tuple(other for pair in _RELATED if category in pair for other in pair - {category})
    for category in Category
}
_SAYS_NOTHING_NEW = (Category.OTHER, Category.ENQUIRY)  # a reminder may be about any matter of its sender's
# How long a report on the same charger, and one on the same site without a charger, is heard as the same matter.
_HOURS: Mapping[Category, tuple[float, float]] = {
    Category.SAFETY: (24 * 7, 36),
    Category.CABLE_STUCK: (14, 5),
    Category.NO_START: (24 * 7, 36),
    Category.INTERRUPTED: (24 * 7, 30),
    Category.SLOW: (24 * 10, 36),
    Category.ACCESS: (24 * 7, 60),
    Category.OFFLINE: (24 * 7, 36),
    Category.DAMAGE: (24 * 14, 60),
    Category.BLOCKED: (60, 12),
    Category.PAYMENT: (24 * 10, 24 * 10),
    Category.ACCOUNT: (24 * 14, 24 * 14),
    Category.ENQUIRY: (24 * 14, 24 * 14),
    Category.OTHER: (24 * 3, 24 * 3),
}
# What may befall all chargers of a site at once.
_OF_A_SITE = frozenset(set(Category) - {Category.SAFETY, Category.DAMAGE, Category.CABLE_STUCK})
_REPEATED = timedelta(hours=72)
_SAME_DAY = timedelta(hours=24)
_MANY = 10  # mails of one sender within `_AT_ONCE` are a flood: a machine that went wrong, a loop, a joke
_AT_ONCE = timedelta(hours=1)
_FEW_WORDS = 12
_WELL = 6.0
_BURST = timedelta(minutes=15)
_LONGEST_AGO = 5.0
_JUST_SUGGESTED = 1.0
_MASS_WITHIN = timedelta(hours=24)


def match(
    said: Said,
    judgement: Judgement,
    history: History,
    candidates: Sequence[Candidate],
    now: datetime,
    directory: Directory,
    unlike: int = 0,
) -> Match:
    """The case that a report belongs to, if any, among the candidates; `unlike` others near it are of no kin category.

    Words are what costs most to compare: they are only where a case can still come nearest.
    """
    near = [
        (*begun, candidate)
        for candidate in candidates
        if (begun := _compare(said, judgement, history, candidate, now, directory))
    ]
    if not near:
        count = len(candidates) + unlike
        why = Reason("no_candidate", {"count": count}) if count else Reason("nothing_near")
        return Match(Verdict.NEW, None, 0.0, (why,))
    near.sort(key=lambda one: one[0].odds, reverse=True)
    mine = plain(said)
    best: tuple[float, int, Odds, Candidate] | None = None
    for total, where, candidate in near:
        if best is not None and at_most(total.odds, judgement) < best[0]:
            break
        if where:
            _compare_words(total, where, said, mine, judgement, history, candidate)
        if best is None or (total.odds, candidate.id) > (best[0], best[1]):
            best = (total.odds, candidate.id, total, candidate)
    assert best is not None
    _, case, total, candidate = best
    score = total.score
    verdict = Verdict.ATTACH if score >= ATTACH else Verdict.SUGGEST if score >= SUGGEST else Verdict.NEW
    limit = ATTACH if verdict is not Verdict.NEW else SUGGEST
    compared = (Reason("compared_with", {"report": report.id}) for report in candidate.reports[:1])
    reasons = (*compared, *total.reasons, Reason(f"match_{verdict}", {"score": score, "limit": limit}))
    return Match(verdict, case if verdict is not Verdict.NEW else None, score, reasons)


def lock_keys(judgement: Judgement, person: int | None) -> tuple[str, ...]:
    """The advisory-lock keys under which the duplicates of a report are looked for, sorted and distinct."""
    place = judgement.place
    keys: set[str] = set()
    if place.site:
        keys.add(f"site:{place.site}")
    elif place.chargers:
        keys.update(f"charger:{c}" for c in place.chargers)
    elif person is not None:
        keys.add(f"person:{person}")
    if judgement.mass or not keys:
        keys.add("mass")
    return tuple(sorted(keys))


def alone(judgement: Judgement) -> bool:
    """Whether a report is about one charger and about no other of its site: `match` takes it into no case that is about
    another charger, unless that is about the whole site."""
    place = judgement.place
    several = place.whole_site or judgement.mass or judgement.category is Category.OFFLINE
    return place.charger is not None and not several


def goes_on(said: Said, judgement: Judgement, history: History) -> bool:
    """Whether `match` may take a report into any case of its sender, of whatever category."""
    well = said.automatic and is_well(said.subject or "")
    return well or answers(said.subject) or _tells_of_nothing(judgement) or _is_one_of_many(said, judgement, history)


def kin(judgement: Judgement) -> tuple[Category, ...] | None:
    """The categories of the cases that `match` may take a report into, whoever sent it; None for all."""
    category = judgement.category
    if judgement.mass or (category in _SAYS_NOTHING_NEW and "!again" in judgement.tokens):
        return None
    return category, *_RELATED_TO.get(category, ())


def has_its_topic(said: Said, candidate: Candidate) -> bool:
    """Whether a mail answers under the subject of one of the case's reports."""
    mine = topic_of(said.subject or "").casefold() if answers(said.subject) else ""
    return mine != "" and mine in {topic_of(r.text.partition("\n")[0]).casefold() for r in candidate.reports}


def as_its_case(judgement: Judgement, candidate: Candidate, *, answer: bool = False) -> Judgement:
    """The judgement of a report that belongs to a case: what says nothing new, and whatever belongs to a danger, is
    about what the case is, and no less urgent. An `answer` to what we asked is about nothing else, and as urgent."""
    theirs, priority = Category(candidate.category), Priority(candidate.priority)
    new = not answer and judgement.category not in _SAYS_NOTHING_NEW and not _tells_of_nothing(judgement)
    if not answer and (
        theirs in _SAYS_NOTHING_NEW or theirs is judgement.category or (new and theirs is not Category.SAFETY)
    ):
        return judgement
    told = {topic: judgement.reasons[topic] for topic in ("category", "priority")}
    told["category"] = (Reason("category_of_case", {"category": theirs}), *told["category"])
    raises = new or judgement.priority <= Priority.P2
    priority = min(priority, judgement.priority) if raises and not answer else priority
    if priority != judgement.priority:
        told["priority"] = (Reason("priority_of_case", {"priority": priority}), *told["priority"])
    return replace(
        judgement,
        category=theirs,
        priority=priority,
        reasons={**judgement.reasons, **told},
    )


def _compare(
    said: Said, judgement: Judgement, history: History, candidate: Candidate, now: datetime, directory: Directory
) -> tuple[Odds, str] | None:
    """What speaks for and against one candidate but for their words, and how near the places are ("" where nothing else
    counts any more); None where the two cannot be one matter."""
    total = Odds()
    same_person, mentioned = _persons(history, candidate)
    category, theirs = judgement.category, Category(candidate.category)
    if judgement.spam:
        return None
    if judgement.mass and candidate.mass:
        return (total, "") if _compare_mass(total, judgement, candidate, now) else None
    where = _place(total, said, judgement, candidate, same_person or mentioned, directory)
    if where is None:
        return None
    many = same_person and _adds_to_many(said, judgement, history, candidate)
    told = about(said.subject or "") if same_person and said.automatic else None
    if told and told in {about(r.text.partition("\n")[0]) for r in candidate.reports}:
        if is_well(said.subject or "") and category is not Category.SAFETY:
            total.add(_WELL, "machine_says_well")
            return total, ""
    elif told and where == "person" and not many:
        return None
    if not _subject(total, category, theirs, same_person, mentioned, said, judgement, candidate) and not many:
        return None
    if same_person and category is theirs and _calls_again(said, candidate):
        total.add(1.0, "says_nothing_new", {"category": theirs})
    if many:
        total.add(3.0, "one_of_many", {"minutes": _minutes(_AT_ONCE)})
    _time(total, said, category, theirs, where, candidate)
    if same_person:
        total.add(1.5, "same_person")
    elif mentioned:
        total.add(1.0, "mentions_reporter")
    if "!again" in judgement.tokens:
        total.add(0.8, "says_again")
    if same_person and answers(said.subject):
        total.add(2.0, "answers_mail")
    if "!newmatter" in judgement.tokens and same_person:
        total.add(-4.0, "says_new_matter")
    return total, where


def _compare_words(
    total: Odds, where: str, said: Said, mine: str, judgement: Judgement, history: History, candidate: Candidate
) -> None:
    """What the words of a report and of a candidate add, and what is left of it all after that.

    A text that mentions somebody's number may be by anybody: without a common place it only makes a suggestion.
    """
    same_person, mentioned = _persons(history, candidate)
    category, theirs = judgement.category, Category(candidate.category)
    weigh_words(total, said, mine, judgement, candidate, same_person)
    weigh_amounts(total, said, judgement, candidate)
    if category in _PERSONAL and where == "person" and not _goes_on(total):
        total.add(-2.0, "nothing_goes_on")
    many = any(r.code == "one_of_many" for r in total.reasons)
    claimed = same_person and category is not theirs and not many and _is_only_claimed(said, candidate)
    if where == "person" and ((mentioned and not same_person) or claimed):
        total.add(min(0.0, _JUST_SUGGESTED - total.odds), "person_unproven")
    if not _goes_back(judgement, theirs, same_person):
        if candidate.concluded_at is not None:
            total.add(min(0.0, _JUST_SUGGESTED - total.odds), "already_concluded")
        elif "!repaired" in judgement.tokens and not (same_person and answers(said.subject)):
            total.add(min(0.0, _JUST_SUGGESTED - total.odds), "repaired_since")


def _persons(history: History, candidate: Candidate) -> tuple[bool, bool]:
    """Whether the same person reported in a case, and whether somebody did whom the report mentions."""
    same = history.person is not None and history.person in candidate.persons
    return same, not history.mentioned.isdisjoint(candidate.persons)


def _goes_back(judgement: Judgement, theirs: Category, same_person: bool) -> bool:
    """Whether a report after a repair tells that the same fault is still there; another fault, however related, is a
    new matter, and so is what anybody else has to tell."""
    same_fault = judgement.category in (theirs, Category.OTHER, Category.ENQUIRY)
    return same_person and same_fault and "!again" in judgement.tokens


def _goes_on(total: Odds) -> bool:
    """Whether anything but the person and the kind of matter ties a report to a case."""
    return any(
        r.code in ("says_again", "answers_mail", "says_nothing_new", "one_of_many", "words_alike", "same_amount")
        for r in total.reasons
    )


def _compare_mass(total: Odds, judgement: Judgement, candidate: Candidate, now: datetime) -> bool:
    if now - candidate.last_report_at > _MASS_WITHIN:
        return False
    total.add(3.5, "same_outage", {"minutes": _minutes(now - candidate.last_report_at)})
    if judgement.category == candidate.category:
        total.add(1.5, "same_category", {"category": candidate.category})
    return True


def _place(
    total: Odds, said: Said, judgement: Judgement, candidate: Candidate, personal: bool, directory: Directory
) -> str | None:
    """How near the places are: "charger", "site" or "person"; None where they are two."""
    mine, site = judgement.place, judgement.place.site
    theirs = {r.charger for r in candidate.reports if r.charger} | ({candidate.charger} - {None})
    ours = {mine.charger} if mine.charger else set(mine.chargers)
    if ours & theirs:
        total.add(3.5, "same_charger", {"charger": min(str(c) for c in ours & theirs)})
        return "charger"
    if site and candidate.site and site != candidate.site:
        return None
    if site and site == candidate.site:
        whole = (mine.whole_site and judgement.category in _OF_A_SITE) or candidate.whole_site
        if mine.charger and theirs and not whole:
            if not _is_burst(said, judgement, candidate):
                return None
            total.add(1.0, "dies_together", {"minutes": _minutes(abs(said.at - candidate.last_report_at))})
        total.add(1.7 if not whole else 2.6, "same_site", {"site": site})
        return "site"
    if personal:
        total.add(1.0, "place_left_open")
        return "person"
    owner = directory.owner_of(candidate.site)
    if owner and owner == judgement.owner and not site:
        total.add(0.5, "same_owner")
        return "person"
    return None


def _is_burst(said: Said, judgement: Judgement, candidate: Candidate) -> bool:
    """Chargers of one site that die within minutes of each other have one cause."""
    dead = judgement.category is Category.OFFLINE and candidate.category == Category.OFFLINE
    return dead and abs(said.at - candidate.last_report_at) <= _BURST


def _subject(
    total: Odds,
    category: Category,
    theirs: Category,
    same_person: bool,
    mentioned: bool,
    said: Said,
    judgement: Judgement,
    candidate: Candidate,
) -> bool:
    """Whether the matters go together; False where they do not."""
    if category == theirs:
        total.add(1.8, "same_category", {"category": category})
        if category in _PERSONAL and not (same_person or mentioned):
            total.add(_PERSONAL[category], "personal_matter")
        return True
    related = _RELATED.get(frozenset({category, theirs}))
    if related is not None:
        total.add(related, "related_category", {"category": theirs})
        return True
    if same_person and _may_go_on(said, judgement, candidate):
        total.add(0.0, "related_category", {"category": theirs})
        return True
    if same_person and _is_reminder(said, judgement, candidate):
        total.add(1.0 if said.text.count(" ") < _FEW_WORDS else 0.0, "says_nothing_new", {"category": theirs})
        return True
    return False


def _calls_again(said: Said, candidate: Candidate) -> bool:
    """Whether a call told nothing in words, within a day of what its caller told of: dropped calls are made again."""
    return (
        said.channel == "phone"
        and not any(map(str.isalpha, said.text))
        and abs(said.at - candidate.last_report_at) <= _SAME_DAY
    )


def _may_go_on(said: Said, judgement: Judgement, candidate: Candidate) -> bool:
    """Whether a report of a person may be about their earlier matter though its own words are of another kind: it
    answers the subject of that, or has none of its own and answers a message or says "again"."""
    if has_its_topic(said, candidate):
        return True
    return judgement.category in _SAYS_NOTHING_NEW and (answers(said.subject) or "!again" in judgement.tokens)


def _is_reminder(said: Said, judgement: Judgement, candidate: Candidate) -> bool:
    """Whether a report tells of no matter, within a day of what its sender told of."""
    robot = said.auto_reply or said.bounce or said.quarantined or "=autoreply" in judgement.tokens
    soon = abs(said.at - candidate.last_report_at) <= _SAME_DAY
    return _tells_of_nothing(judgement) and soon and not robot


def _tells_of_nothing(judgement: Judgement) -> bool:
    """Whether nothing, or nothing much, speaks for any matter of its own."""
    return judgement.category is Category.OTHER or "!faint" in judgement.tokens


def _is_one_of_many(said: Said, judgement: Judgement, history: History) -> bool:
    """Whether a mail is one of a flood from its sender, and neither danger nor about any place."""
    earlier, place = history.earlier[:_MANY], judgement.place
    flood = said.channel == "email" and len(earlier) == _MANY and said.at - earlier[-1].at <= _AT_ONCE
    return flood and judgement.priority is not Priority.P1 and not (place.site or place.charger or place.chargers)


def _adds_to_many(said: Said, judgement: Judgement, history: History, candidate: Candidate) -> bool:
    """Whether a case is of the same flood: begun in it, nobody else's, and no danger. What is urgent is a heap of its
    own, so that it is seen to first."""
    of_it = candidate.persons == {history.person} and said.at - candidate.opened_at <= _AT_ONCE
    urgent, theirs = judgement.priority is Priority.P2, candidate.priority == Priority.P2
    as_urgent = urgent is theirs and candidate.priority != Priority.P1
    return of_it and as_urgent and _is_one_of_many(said, judgement, history)


def _is_only_claimed(said: Said, candidate: Candidate) -> bool:
    """Whether nothing but an address that anybody can write ties a mail to a case."""
    return said.channel == "email" and not said.verified and not has_its_topic(said, candidate)


def _time(total: Odds, said: Said, category: Category, theirs: Category, where: str, candidate: Candidate) -> None:
    gap = abs(said.at - candidate.last_report_at)
    hours = gap.total_seconds() / 3600
    limit = _HOURS[theirs][0 if where == "charger" else 1]
    if where == "person" and theirs not in _PERSONAL:
        limit = min(limit, _REPEATED.total_seconds() / 3600)
    data = {"minutes": _minutes(gap)}
    if hours > limit:
        total.add(-2.0 - min(_LONGEST_AGO, hours / limit), "long_ago", data)
    else:
        total.add(1.0 - hours / limit, "soon_after", data)


def _minutes(span: timedelta) -> int:
    return max(0, round(span.total_seconds() / 60))
