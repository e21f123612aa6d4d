"""All rules of judgement, read from the TOML files beside the code or from a folder that a support manager keeps.

`load_rules` raises RulesError with every fault of every file at once, so that a bad change never half applies and the
rules in force stay in force.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from routing.alarms import Alarms, parse_alarms
from routing.categories import Signs, parse_signs
from routing.danger import DANGERS, EV_CONCEPTS
from routing.examples import Experience, Lesson, experience, features, learn
from routing.language import LANGUAGES, word_weights
from routing.learnt import digest, kept
from routing.lexicon import Lexicon, faults_of
from routing.queues import Queue, Rule, parse_queues
from routing.scope import PIECES
from routing.senses import Senses, parse_senses, senses_of
from routing.symptoms import Symptom, parse_symptoms
from routing.tables import RulesError, read_table
from routing.targets import Sla, parse_sla
from routing.values import Category
from routing.verdict import Verdict, parse_verdict
from routing.words import fold, leaves_out_accents, split

__all__ = ["Rules", "RulesError", "load_rules"]


@dataclass(frozen=True)
class Lessons:
    """Example sentences, and what is learnt from them once somebody reads by it: that takes seconds and memory."""

    sentences: Mapping[str, Mapping[str, list[str]]]
    lexica: Mapping[str, Lexicon]
    senses: Mapping[str, Senses]
    little: frozenset[str]
    written: str  # what tells these lexica and senses from others; empty where nothing learnt shall be kept

    @property
    def taught(self) -> Mapping[str, Any]:
        """What tells all that is learnt from, as plain values."""
        return {"sentences": self.sentences, "written": self.written}

    @property
    def learnt(self) -> bool:
        return "experience" in vars(self)

    @cached_property
    def experience(self) -> Experience:
        return experience(kept(self.taught, self._learn) if self.written else self._learn())

    def _learn(self) -> Lesson:
        return learn(_examples(self.sentences, self.lexica, self.senses), self.little)


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that judging goes by."""

    lexica: Mapping[str, Lexicon]
    senses: Mapping[str, Senses]
    telling: Mapping[str, Mapping[str, float]]
    common: Mapping[str, frozenset[str]]  # folded little words that say nothing about the matter
    dangers: frozenset[str]
    signs: Signs
    verdict: Verdict
    lessons: Lessons
    alarms: Alarms
    symptoms: tuple[Symptom, ...]
    queue_rules: tuple[Rule, ...]
    queues: Mapping[str, Queue]
    sla: Sla

    @property
    def experience(self) -> Experience:
        """What the examples teach. The first who asks waits seconds for it."""
        return self.lessons.experience


def load_rules(folder: Path | None = None) -> Rules:
    """Read and check all rules. A file that the folder lacks is the shipped one. Raises RulesError.

    The shipped rules are read once a process, because they cannot change under it.
    """
    return _shipped() if folder is None else _read(folder)


@cache
def _shipped() -> Rules:
    return _read(None)


def _read(folder: Path | None) -> Rules:
    faults: list[str] = []
    shipped = None if folder is None or _teaches(folder) else _shipped()
    spoken = () if shipped else LANGUAGES
    tables = {name: _table(name, folder, faults) for name in _FILES}
    lexica = {language: _table(f"lexica/{language}.toml", folder, faults) for language in spoken}
    concepts = shipped.lexica["en"].concepts if shipped else frozenset(lexica["en"].get("concepts", {}))
    for language, table in lexica.items():
        faults += faults_of(language, table, concepts) if table else []
    missing = sorted((DANGERS | PIECES | set(EV_CONCEPTS)) - concepts) if concepts else []
    faults += [f"lexica/en.toml: no words for {name!r}" for name in missing]
    signs = parse_signs(tables["categories.toml"], concepts, faults)
    alarms = parse_alarms(tables["alarms.toml"], faults)
    symptoms = parse_symptoms(tables["symptoms.toml"], concepts, alarms, faults)
    rules, queues = parse_queues(tables["queues.toml"], faults)
    sla = parse_sla(tables["sla.toml"], faults)
    verdict = parse_verdict(tables["verdict.toml"], faults)
    examples = {language: _table(f"examples/{language}.toml", folder, faults) for language in spoken}
    for language, table in examples.items():
        faults += [
            f"examples/{language}.toml: unknown category {c!r}" for c in sorted(set(table) - set(Category) - {_CALM})
        ]
    denials = {language: table.get("denials", {}) for language, table in lexica.items()}
    senses = shipped.senses if shipped else parse_senses(tables["senses.toml"], denials, faults)
    _check_naming(tables["places.toml"], faults)
    if faults:
        raise RulesError(faults)
    if shipped:
        return replace(
            shipped,
            signs=signs,
            verdict=verdict,
            alarms=alarms,
            symptoms=symptoms,
            queue_rules=rules,
            queues=queues,
            sla=sla,
        )
    compiled = {k: Lexicon(k, t["concepts"], t.get("denials", {})) for k, t in lexica.items()}
    common = {k: frozenset(map(fold, t.get("language", {}).get("words", []))) for k, t in lexica.items()}
    written = digest({"lexica": lexica, "senses": tables["senses.toml"]})
    lessons = Lessons(examples, compiled, senses, frozenset(chain.from_iterable(common.values())), written)
    return Rules(
        lexica=compiled,
        senses=senses,
        telling=word_weights({k: _telling(t.get("language", {})) for k, t in lexica.items()}),
        common=common,
        dangers=DANGERS,
        signs=signs,
        verdict=verdict,
        lessons=lessons,
        alarms=alarms,
        symptoms=symptoms,
        queue_rules=rules,
        queues=queues,
        sla=sla,
    )


def _teaches(folder: Path) -> bool:
    """Whether texts are read by other words than the shipped ones, which cost the most time and memory."""
    return any((folder / name).exists() for name in ("lexica", "examples", "senses.toml"))


def _telling(table: Mapping[str, list[str]]) -> list[str]:
    return list(dict.fromkeys([*table.get("words", []), *table.get("telling", [])]))


_CALM = "calm"  # the list of what only sounds like danger, of whatever category
_FILES = (
    "categories.toml",
    "alarms.toml",
    "symptoms.toml",
    "queues.toml",
    "sla.toml",
    "places.toml",
    "senses.toml",
    "verdict.toml",
)


def _table(name: str, folder: Path | None, faults: list[str]) -> dict[str, Any]:
    try:
        return read_table(name, folder)
    except RulesError as wrong:
        faults += wrong.faults
        return {}


def _examples(
    tables: Mapping[str, Mapping[str, list[str]]],
    lexica: Mapping[str, Lexicon],
    senses: Mapping[str, Senses],
) -> Iterator[tuple[Category | None, frozenset[str]]]:
    for language, table in tables.items():
        for category, sentences in table.items():
            for sentence in sentences:
                words = split(sentence)
                forgiving = leaves_out_accents(words)
                concepts = [
                    hit
                    for hit in lexica[language].find(words, forgiving)
                    if not hit.denied and hit.concept not in PIECES
                ]
                told = senses_of(senses, words, (language,), frozenset((language,) if forgiving else ()))
                yield None if category == _CALM else Category(category), features(words, concepts, told)


def _check_naming(table: Mapping[str, Any], faults: list[str]) -> None:
    for group in ("nouns", "cities", "parts"):
        rows = table.get(group, {})
        if not isinstance(rows, dict) or not all(isinstance(v, list) for v in rows.values()):
            faults.append(f"places.toml: [{group}] is not lists of words")
