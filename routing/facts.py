"""What a report says, read once: language, places, concepts, signs, danger. The costly half of judging.

Pure and without history, so it may run anywhere; the result can be pickled. Of any text the first 8,000 characters are
read; nothing here raises because of what a sender wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

from routing.alarms import Fault, read_alarm
from routing.categories import weigh
from routing.danger import DESPAIR, EV_CONCEPTS, TRADE_CONCEPTS, dangers
from routing.directory import Directory
from routing.examples import NOTHING, Likeness, like_danger_at, recall
from routing.language import LanguageGuess, guess_language
from routing.lexicon import Hit
from routing.numbers import small_numbers
from routing.place import PlaceFacts
from routing.quotes import answers, split_quotes
from routing.rules import Rules
from routing.scope import PIECES, Scope, read_scope
from routing.senses import Told, senses_of
from routing.sent import sent
from routing.sites import sites_said
from routing.streets import street_words
from routing.values import Category, Said
from routing.verdict import signs_of
from routing.whereabouts import answering, chargers_there, read_place, with_quoted
from routing.words import CAP, Words, leaves_out_accents, sound, split

_FLAGS = frozenset(
    {
        "again",
        "app",
        "cable",
        "autoreply",
        "newmatter",
        "repaired",
        "mass",
        "resolved",
        "freed",
        "urgent",
        "spam",
        "thanks",
        "works",
    }
)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_PHONE = re.compile(r"(?<![\w])(?:\+|00)?\d[\d \-/]{6,18}\d(?!\w)")
_FIGURES = re.compile(r"\d[\d \-/]{6}")  # what any telephone number holds; faster to look for
_NEAR_POWER = 8
_LIKELY = 0.25
_SAYS_LITTLE = 10  # words
_SAYS_NOTHING = 5  # words
_PLAINLY = 0.2
_THINGS = ("charger", "cable")
_BETWEEN = 1  # word
_ALARMED = 0.175
_ALARM_LANGUAGES: tuple[str, ...] = ("en",)


class Alike(NamedTuple):
    """How like danger a report is, and from what on that counts."""

    score: float
    limit: float


@sent
@dataclass(frozen=True, slots=True)
class Facts:
    """What was found in one report.

    `foreign`: it is in none of our languages, and `language` the one in which it is answered; `weights` are the
    categories' weights and `signs` their names, `likeness` how like the examples of each it is
    (see routing/examples.py); `alike`: it is like those of danger, and `alarming` the senses that make it so;
    `danger` are the listed dangers that are meant, `only_words` those that are not believed (routing/verdict.py);
    `flags` concepts that colour the judgement; `contacts` addresses and telephone numbers the text mentions (never a
    right, only a place to look for earlier reports); `tokens` what duplicates are compared by; `anew` what is told
    without the subject, when that alone tells of danger and is the one of a mail that is answered.
    """

    language: str
    share: float
    foreign: bool
    place: PlaceFacts
    weights: Mapping[Category, float]
    likeness: Mapping[Category, float]
    alike: Alike | None
    alarming: tuple[str, ...]
    signs: Mapping[Category, tuple[str, ...]]
    danger: tuple[str, ...]
    only_words: tuple[str, ...]
    flags: frozenset[str]
    fault: Fault | None
    context: bool  # it is about chargers at all
    words: int
    contacts: tuple[str, ...]
    tokens: frozenset[str]
    anew: Facts | None


class Meant(NamedTuple):
    """The words of a report and the concepts that hold in it: what is denied or a figure of speech is away."""

    words: Words
    concepts: Mapping[str, Sequence[Hit]]


class _Read(NamedTuple):
    """A report as read, before anything is weighed."""

    text: str
    words: Words
    language: str
    share: float
    foreign: bool
    place: PlaceFacts
    concepts: Mapping[str, Sequence[Hit]]
    meant: Mapping[str, Sequence[Hit]]
    danger: tuple[str, ...]
    only_words: tuple[str, ...]
    likeness: Mapping[Category, float]
    alike: Alike | None
    alarming: tuple[str, ...]
    context: bool
    scope: Scope


def read_facts(said: Said, directory: Directory, rules: Rules) -> Facts:
    """Read what a report says."""
    facts = _facts(said, _read(said, directory, rules), rules)
    if not (facts.danger or facts.alike) or not answers(said.subject):
        return facts
    anew = _facts(said, _read(replace(said, subject=None), directory, rules), rules)
    calm = not (anew.danger or anew.only_words or anew.alike) and "again" not in anew.flags
    return replace(facts, anew=replace(anew, place=facts.place)) if calm else facts


def _facts(said: Said, read: _Read, rules: Rules) -> Facts:
    held = weigh(rules.signs, read.meant)
    return Facts(
        language=read.language,
        share=round(read.share, 3),
        foreign=read.foreign,
        place=read.place,
        weights={category: sum(signs.values()) for category, signs in held.items()},
        likeness=read.likeness,
        alike=read.alike,
        alarming=read.alarming,
        signs={category: tuple(signs) for category, signs in held.items()},
        danger=read.danger,
        only_words=read.only_words,
        flags=_flags(read),
        fault=read_alarm(rules.alarms, said.alarm) if said.alarm else None,
        context=read.context,
        words=len(read.words),
        contacts=_contacts(read.text),
        tokens=_tokens(read.words, read.language, read.concepts, rules),
        anew=None,
    )


def read_meant(said: Said, directory: Directory, rules: Rules) -> Meant:
    """The same reading, for whoever shows which words lead where."""
    read = _read(said, directory, rules)
    return Meant(read.words, read.meant)


def _read(said: Said, directory: Directory, rules: Rules) -> _Read:
    subject, (text, quoted) = (said.subject or "")[:500], split_quotes(said.text[:CAP])
    if said.alarm and said.alarm.info and said.alarm.info not in text:
        text = f"{text}\n{said.alarm.info}"
    words = split(subject, text)
    streets = street_words(words)
    places = streets.union(at for at, word in enumerate(words.words) if sound(word) in directory.names.cities)
    if said.alarm:
        language, share, active, foreign = "en", 1.0, _ALARM_LANGUAGES, False
        forgiven = frozenset(active)
    else:
        telling = f"{subject}\n{text}" if subject else text
        if said.channel == "phone" and said.language:
            telling = _without(places, words, telling)
        guess = guess_language(telling, rules.telling, said.language)
        language, share, active = guess.language, guess.shares[guess.language], guess.active
        foreign = guess.foreign
        forgiven = _forgiven(guess) if leaves_out_accents(words) else frozenset()
    sites = sites_said(words, active, directory)
    concepts = _concepts(words, active, forgiven, sites.name_words, rules)
    _leave_streets(concepts, streets, rules)
    pieces = {piece: concepts.pop(piece) for piece in PIECES & concepts.keys()}
    if said.alarm:
        concepts.setdefault("charger", [Hit("charger", 0, 0)])
    if _has_context(concepts) or sites.name_words:
        concepts["context"] = [Hit("context", 0, 0)]
    if "?" in text or "?" in subject:
        concepts["asks"] = [Hit("asks", 0, 0)]
    if len({hit.start for hit in concepts.get("spam", ())}) > 1:
        concepts["spams"] = [Hit("spams", 0, 0)]
    raw = f"{subject} {text}"
    scope = read_scope(raw, words, active, pieces, concepts, chargers_there(said, sites, directory))
    place = read_place(said, raw, words, active, concepts, sites, directory, scope.whole_site)
    numbers = {at for one in place.said for at in range(one.at, one.end)}
    if answers(said.subject):
        place = answering(place, text, active, directory)
    if quoted:
        place = with_quoted(place, quoted, active, directory)
    of_the_trade = _is_of_the_trade(concepts, place, said)
    danger = dangers(concepts, of_the_trade or _has_context(concepts))
    meant = _without_denied(concepts, danger, rules)
    like: Likeness = NOTHING
    alike: Alike | None = None
    only_words: tuple[str, ...] = ()
    if not said.alarm:
        senses = senses_of(rules.senses, words, active, forgiven)
        if not _only_names(words, places | sites.name_words | numbers, (rules.common[language], directory.names.legal)):
            like = recall(rules.experience, words, chain.from_iterable(meant.values()), senses)
        if not danger:
            about = of_the_trade or (like.danger >= 0.0 and _has_context(concepts))
            alike = _alike(like, words, about and len(words) >= _SAYS_NOTHING, rules)
        elif not _is_meant(words, meant, danger, senses, like, rules):
            danger, only_words, meant = (), danger, _without_denied(concepts, (), rules)
    return _Read(
        text,
        words,
        language,
        share,
        foreign,
        place,
        concepts,
        meant,
        danger,
        only_words,
        like.categories,
        alike,
        like.alarming,
        of_the_trade,
        scope,
    )


def _is_meant(
    words: Words,
    meant: Mapping[str, Sequence[Hit]],
    danger: Sequence[str],
    senses: Sequence[Told],
    like: Likeness,
    rules: Rules,
) -> bool:
    """Whether the listed dangers are meant: when told in few words, of which the examples know too little, when told of
    the charger or its cable in so many words, when long known and there again or still, and when what stands around
    their words is plainly like danger, whatever else is told beside it; who speaks of dying is taken at their word. All
    else is decided by all signs together."""
    if len(words) < _SAYS_LITTLE or DESPAIR in danger or ("longago" in meant and "again" in meant):
        return True
    if _is_told_of_a_charger(words, meant, danger):
        return True
    told = chain.from_iterable(meant[one] for one in danger)
    around = like_danger_at(rules.experience, words, chain.from_iterable(meant.values()), senses, told)
    return around >= _PLAINLY or rules.verdict.sure(signs_of(danger, around, like, len(words))) >= rules.verdict.limit


def _is_told_of_a_charger(words: Words, meant: Mapping[str, Sequence[Hit]], danger: Sequence[str]) -> bool:
    """Whether a danger stands right behind a charger or its cable: "the charger is on fire"."""
    things = [(hit.end, words.clause[hit.start]) for thing in _THINGS for hit in meant.get(thing, ())]
    told = [(hit.start, words.clause[hit.start]) for one in danger for hit in meant[one] if not hit.denied]
    return any(0 <= start - end <= _BETWEEN and here == there for end, here in things for start, there in told)


def _alike(like: Likeness, words: Words, known: bool, rules: Rules) -> Alike | None:
    """Whether a report is like those of danger though no listed word tells of it. Of what says next to nothing or is
    not about chargers (not `known`), the examples know too little to tell by what else it is like."""
    if not known:
        return Alike(like.danger, _ALARMED) if like.danger >= _ALARMED else None
    limit, sure = rules.verdict.limit, rules.verdict.sure(signs_of((), 0.0, like, len(words)))
    return Alike(sure, limit) if sure >= limit and max(like.whole, like.part) >= 0.0 else None


def _without(places: frozenset[int], words: Words, text: str) -> str:
    """What a caller said without streets and towns: who chose a language in the menu may name a place in its own."""
    return " ".join(word for at, word in enumerate(words.accented) if at not in places) if places else text


def _only_names(words: Words, places: frozenset[int], saying_nothing: Sequence[Collection[str]]) -> bool:
    """Whether a text says where something is and nothing of what it is: what it is like would be chance."""
    others = [word for at, word in enumerate(words.words) if at not in places] if places else []
    return bool(places) and all(word[0].isdigit() or any(word in one for one in saying_nothing) for word in others)


def _forgiven(guess: LanguageGuess) -> frozenset[str]:
    """The languages in which accents may have been left out: in others a plain word is a word of its own ("stod")."""
    likely = {x for x in guess.active if guess.shares[x] >= _LIKELY}
    return frozenset(likely | ({"no", "da"} if likely & {"no", "da"} else set()))


def _concepts(
    words: Words, languages: Sequence[str], forgiven: frozenset[str], naming: frozenset[int], rules: Rules
) -> dict[str, list[Hit]]:
    """All concepts, but for those that only the name of a place holds ("Västkustens Parkering")."""
    concepts: dict[str, list[Hit]] = {}
    for language in languages:
        for hit in rules.lexica[language].find(words, language in forgiven):
            if naming and all(at in naming for at in range(hit.start, hit.end)):
                continue
            concepts.setdefault(hit.concept, []).append(hit)
    _set_aside(concepts)
    drop = _less_power(words, languages, concepts.get("figures", []))
    if drop:
        concepts["less_power"] = [drop]
    return concepts


def _leave_streets(concepts: dict[str, list[Hit]], streets: frozenset[int], rules: Rules) -> None:
    """Take away the dangers that only the name of a street holds."""
    _drop(concepts, rules.dangers if streets else (), lambda hit: streets.issuperset(range(hit.start, hit.end)))


def _set_aside(concepts: dict[str, list[Hit]]) -> None:
    """Take away what only stands within a turn of phrase that means something else ("put it out of service")."""
    asides = concepts.get("aside", ())
    others = [concept for concept in concepts if concept != "aside"] if asides else ()
    _drop(concepts, others, lambda hit: any(aside.start <= hit.start < aside.end for aside in asides))


def _drop(concepts: dict[str, list[Hit]], names: Iterable[str], gone: Callable[[Hit], bool]) -> None:
    """Take away hits of some concepts, and whichever has none left."""
    for name in concepts.keys() & names:
        left = [hit for hit in concepts[name] if not gone(hit)]
        if left:
            concepts[name] = left
        else:
            del concepts[name]


def _without_denied(concepts: Mapping[str, list[Hit]], danger: Iterable[str], rules: Rules) -> dict[str, list[Hit]]:
    """The concepts that hold: what is denied is away, and of the dangers only those that were meant."""
    held: dict[str, list[Hit]] = {}
    meant = set(danger)
    for concept, hits in concepts.items():
        if concept in rules.dangers:
            if concept in meant:
                held[concept] = hits
            continue
        left = [h for h in hits if not h.denied] if concept in rules.signs.deniable else hits
        if left:
            held[concept] = left
    return held


def _has_context(concepts: Mapping[str, list[Hit]]) -> bool:
    return any(c in concepts for c in EV_CONCEPTS)


def _is_of_the_trade(concepts: Mapping[str, list[Hit]], place: PlaceFacts, said: Said) -> bool:
    """Whether a report is about chargers at all: one was named or spoken of, or it came from one, or from its owner."""
    if place.said or place.field or said.alarm or place.owner or said.site or said.category or said.faulty:
        return True
    named = any(kinds.get("name", 0.0) > 1 or kinds.get("street", 0.0) > 1 for kinds in place.sites.values())
    return named or any(c in concepts for c in TRADE_CONCEPTS)


def _less_power(words: Words, languages: Sequence[str], power: Sequence[Hit]) -> Hit | None:
    """Two figures of power of which one is clearly the smaller: "11 kW, gets 4"."""
    for hit in power:
        start, end = max(0, hit.start - _NEAR_POWER), min(len(words), hit.end + _NEAR_POWER)
        values = [int(n) for at in range(start, end) for n in small_numbers(words.words, at, languages)[:1]]
        values = [v for v in values if 1 <= v <= 400]
        if len(values) >= 2 and min(values) <= 0.7 * max(values) and max(values) >= 7:
            return Hit("less_power", hit.start, hit.end)
    return None


def _flags(read: _Read) -> frozenset[str]:
    scope = {"trapped": read.scope.trapped, "stranded": read.scope.stranded, "many": read.scope.many}
    return frozenset(chain((c for c in read.meant if c in _FLAGS), (name for name, holds in scope.items() if holds)))


def _contacts(text: str) -> tuple[str, ...]:
    """Addresses as written, in lower case, and telephone numbers as digits (with `+` where it was given)."""
    mails = (m.group().lower() for m in _MAIL.finditer(text)) if "@" in text else ()
    said = _PHONE.findall(text) if _FIGURES.search(text) else ()
    phones = (("+" if phone[0] == "+" else "") + re.sub(r"\D", "", phone) for phone in said)
    return tuple(dict.fromkeys(chain(mails, phones)))[:6]


def _tokens(words: Words, language: str, concepts: Iterable[str], rules: Rules) -> frozenset[str]:
    """Word stems that carry meaning, and the concepts, which are the same in every language."""
    common = rules.common[language]
    stems = {w[:6] for w in words.words[:400] if len(w) > 3 and w not in common and not w[0].isdigit()}
    return frozenset(stems | {f"={c}" for c in concepts})
