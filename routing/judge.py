"""The judgement of one report: place, category, priority, queue, each with its reasons.

Facts are what the report says; history is what the record knows of the person. Pure: the same in gives the same out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from routing.categories import best
from routing.directory import Directory
from routing.facts import Facts
from routing.place import decide_place
from routing.priority import decide_priority
from routing.queues import QueueFacts, choose_queue
from routing.rules import Rules
from routing.values import Category, History, Judgement, Place, Reason, Said

_CATEGORIES: Mapping[str, Category] = {category.value: category for category in Category}
_WEIGHED = tuple(category for category in Category if category is not Category.SAFETY)
_CONTINUES_WITHIN = timedelta(days=7)
_CONTINUES = 16.0
_DANGER = 9.0
_CODE = 8.0
_ALARM_CATEGORIES = frozenset(
    {Category.OFFLINE, Category.NO_START, Category.INTERRUPTED, Category.SLOW, Category.CABLE_STUCK}
)
_SIGNS, _MOST_SIGNS = 0.5, 4.5
_HOLDING_ANYWHERE = 0.2
_ALIKE_AT_LEAST = 0.12
_LEADS: Mapping[Category, float] = {Category.ENQUIRY: 0.04, Category.PAYMENT: 0.05}
_SAME_DAY = timedelta(hours=24)
_CONTINUES_HERE = 18.0
_CHOSEN = 20.0
_LIKE = 50.0
_UNDERSTOOD = 3.0
_FAINT = 12.0  # of the weight of a category: nothing much speaks for it
_OF_THE_APP = frozenset({Category.ACCOUNT, Category.NO_START, Category.OFFLINE})
_MASS_CATEGORIES = frozenset({Category.ACCESS, Category.PAYMENT, Category.ACCOUNT, Category.OFFLINE, Category.NO_START})


def judge(said: Said, facts: Facts, history: History, directory: Directory, rules: Rules) -> Judgement:
    """Decide what one report is at its arrival."""
    place = decide_place(facts.place, history, directory)
    category, weight, why = _category(said, facts, place, history, rules)
    spam = _is_spam(said, facts, category)
    mass = _is_mass(facts, category, place)
    own_account = category is Category.ACCOUNT and Category.ACCOUNT in facts.signs and "many" not in facts.flags
    if mass and "app" in facts.flags and category in _OF_THE_APP and not own_account:
        category = Category.ACCESS
    level = directory.level(place.site)
    owner = directory.owner_of(place.site) or facts.place.owner
    priority, urgency = decide_priority(category, facts, place, level, said.faulty)
    queue, routed = choose_queue(
        rules.queue_rules,
        rules.queues,
        QueueFacts(
            priority=priority,
            category=category,
            channel=said.channel,
            sla_level=level,
            quarantined=said.quarantined,
            automatic=said.auto_reply or said.bounce,
            spam=spam,
            understood=weight >= _UNDERSTOOD or said.channel == "phone",  # who calls is talked to
            mass=mass,
            named_queue=said.queue,
        ),
    )
    return Judgement(
        language=facts.language,
        place=place,
        category=category,
        fault_code=facts.fault.code if facts.fault else None,
        priority=priority,
        queue=queue,
        sla_level=level,
        owner=owner,
        spam=spam,
        mass=mass,
        reasons={
            "place": place.reasons,
            "category": why,
            "priority": urgency,
            "queue": routed,
            "language": (_spoken(facts),),
        },
        tokens=facts.tokens | _marks(facts, category, weight),
        foreign=facts.foreign,
    )


def judge_anew(said: Said, anew: Facts, history: History, directory: Directory, rules: Rules) -> Judgement:
    """The same of a mail that answers under its case's own subject, of which nothing but that tells of danger: its new
    text is judged (`Facts.anew`). The subject was judged when it was new, and perhaps corrected by a person."""
    judgement = judge(said, anew, history, directory, rules)
    why = (Reason("danger_answered"), *judgement.reasons["category"])
    return replace(judgement, reasons={**judgement.reasons, "category": why})


def _spoken(facts: Facts) -> Reason:
    if facts.foreign:
        return Reason("language_foreign", {"language": facts.language})
    return Reason("language_found", {"language": facts.language, "share": facts.share})


def _marks(facts: Facts, category: Category, weight: float) -> frozenset[str]:
    """What of a report, beside its words, tells whether it is a new matter. Danger and what a charger tells never are
    faint."""
    flags = facts.flags & {"again", "newmatter", "mass", "repaired"}
    faint = weight < _FAINT and category is not Category.SAFETY and facts.fault is None
    return frozenset(f"!{flag}" for flag in (*flags, *(("faint",) if faint else ())))


def _category(
    said: Said, facts: Facts, place: Place, history: History, rules: Rules
) -> tuple[Category, float, tuple[Reason, ...]]:
    """The category, how much speaks for it, and what did."""
    if facts.fault and (facts.fault.danger or not facts.danger):
        return _alarm_category(facts, rules)
    if said.danger:
        return Category.SAFETY, _DANGER, (Reason("danger_told"),)
    if facts.danger:
        return Category.SAFETY, _DANGER, tuple(Reason("danger_words", {"danger": danger}) for danger in facts.danger)
    if facts.alike:
        like = Reason("danger_like", {"score": round(facts.alike.score, 2), "limit": facts.alike.limit})
        about = (Reason("danger_about", {"sense": sense}) for sense in facts.alarming)
        return Category.SAFETY, _DANGER, (like, *about)
    if said.unreadable:
        return Category.OTHER, 0.0, (Reason("words_unreadable"),)
    weights: dict[Category, float] = {
        c: min(_MOST_SIGNS, _SIGNS * facts.weights.get(c, 0.0)) + _LIKE * _likeness(facts, c) for c in _WEIGHED
    }
    extra = [Reason("danger_only_words", {"danger": danger}) for danger in facts.only_words]
    chosen = _CATEGORIES.get(said.category or "")
    if chosen:
        weights[chosen] = weights.get(chosen, 0.0) + _CHOSEN
        extra.append(Reason("category_chosen", {"category": chosen}))
    continued = _continued(said, facts, place, history)
    if continued:
        weights[continued[0]] = weights.get(continued[0], 0.0) + continued[1]
        extra.append(Reason("category_continues", {"category": continued[0]}))
    found = best(rules.signs, weights)
    if found is None:
        return Category.OTHER, 0.0, (Reason("category_unknown", {"words": facts.words}), *extra)
    reasons = [*_why(facts, found, weights[found])]
    against = _runner_up(weights, found)
    if against:
        reasons.append(Reason("category_against", {"category": against, "score": round(weights[against], 1)}))
    return found, weights[found], (*reasons, *extra)


def _why(facts: Facts, found: Category, weight: float) -> Iterator[Reason]:
    if facts.signs.get(found):
        yield Reason("category_words", {"category": found, "score": round(weight, 1)})
    elif facts.likeness.get(found):
        yield Reason("category_like", {"category": found, "score": round(weight, 1)})


def _likeness(facts: Facts, category: Category) -> float:
    """How like the examples of a category. Questions and payments, which any report has words of, have to lead a
    little. A cable that holds somebody and of which no listed word tells has to be more like than anything else, and
    the more so where no charger is spoken of."""
    like = facts.likeness.get(category, 0.0) - _LEADS.get(category, 0.0)
    if category is Category.CABLE_STUCK and not facts.weights.get(category):
        others = max((v for c, v in facts.likeness.items() if c is not category), default=0.0)
        lead = 0.0 if facts.context else _HOLDING_ANYWHERE
        return like if like >= max(_ALIKE_AT_LEAST, others + lead) else 0.0
    return like


def _alarm_category(facts: Facts, rules: Rules) -> tuple[Category, float, tuple[Reason, ...]]:
    """The fault code leads; what the charger tells in words may show the fault in another light."""
    fault = facts.fault
    assert fault is not None
    if fault.recovered:
        return Category.OTHER, _CODE, (Reason("alarm_recovered"),)
    code = (
        Reason("alarm_code", {"code": fault.code})
        if fault.code
        else Reason("alarm_status", {"category": fault.category})
    )
    meaning = (Reason(f"fault_{fault.code}"),) if fault.code else ()
    told = {c: w for c, w in facts.weights.items() if c in _ALARM_CATEGORIES and c is not fault.category}
    other = best(rules.signs, told)
    own = _CODE / 2 + facts.weights.get(fault.category, 0.0)
    if other and not fault.danger and told[other] > own:
        return (
            other,
            told[other],
            (code, *meaning, Reason("category_words", {"category": other, "score": round(told[other], 1)})),
        )
    return fault.category, _CODE, (code, *meaning)


def _continued(said: Said, facts: Facts, place: Place, history: History) -> tuple[Category, float] | None:
    """What the person's last report was about, when this one says "again" or "still", and how much that weighs: most
    within a day and about the same site."""
    if "again" not in facts.flags or "newmatter" in facts.flags:
        return None
    for earlier in history.earlier:
        gap = said.at - earlier.at
        if gap <= _CONTINUES_WITHIN:
            near = gap <= _SAME_DAY and earlier.site is not None and earlier.site == place.site
            return Category(earlier.category), _CONTINUES_HERE if near else _CONTINUES
    return None


def _runner_up(weights: Mapping[Category, float], found: Category) -> Category | None:
    other = max((c for c in weights if c is not found), key=lambda c: weights[c], default=None)
    return other if other and weights[other] >= 0.6 * weights[found] else None


def _is_spam(said: Said, facts: Facts, category: Category) -> bool:
    return category is Category.OTHER and "spam" in facts.flags and said.channel in ("email", "form", "sms", "whatsapp")


def _is_mass(facts: Facts, category: Category, place: Place) -> bool:
    """A fault that is not bound to one place: the app, the payments, the whole service."""
    return "mass" in facts.flags and category in _MASS_CATEGORIES and not place.chargers and facts.fault is None
