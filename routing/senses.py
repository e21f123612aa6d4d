"""What words are about, one at a time: body, touch, smell, … (senses.toml), the same in every language.

No sense decides anything by itself: danger is learnt from them and from their pairs (routing/examples.py), so what the
examples of one language teach holds in all. Pure. `parse_senses` collects every fault of the file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from routing.language import LANGUAGES
from routing.words import Words, fold

ASKED = "#asked"
_NEAR = 8
_DENIED_WITHIN = 3
_REMEMBERED = 8_000


@dataclass(frozen=True, slots=True, eq=False)
class Senses:
    """One language's words and beginnings of words with what each is about, as written and folded; and its words of
    denial, folded. `remembered`: words already met, where accents may not have been left out and where they may."""

    written: Mapping[str, tuple[str, ...]]
    folded: Mapping[str, tuple[str, ...]]
    lengths: tuple[int, ...]
    denials: frozenset[str]
    remembered: tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]] = field(default_factory=lambda: ({}, {}))

    def of(self, words: Iterable[str], forgiving: bool) -> list[tuple[str, ...]]:
        """What each word is about. `forgiving`: where it has no accents, they may have been left out."""
        known = self.remembered[forgiving].get
        return [self._look(word, forgiving) if (told := known(word)) is None else told for word in words]

    def _look(self, word: str, forgiving: bool) -> tuple[str, ...]:
        table = self.folded if forgiving and word.isascii() else self.written
        begun = [table.get(f"{word[:n]}*", ()) for n in self.lengths if n <= len(word)]
        found = tuple(dict.fromkeys([*table.get(word, ()), *chain.from_iterable(begun)]))
        known = self.remembered[forgiving]
        if len(known) >= _REMEMBERED:
            known.clear()
        known[word] = found
        return found


class Told(NamedTuple):
    """The senses of word `at`; and the `near` ones, with which they pair: its own and those of the words before it."""

    at: int
    senses: tuple[str, ...]
    near: list[str]


def senses_of(
    senses: Mapping[str, Senses], words: Words, languages: Iterable[str], forgiven: frozenset[str]
) -> list[Told]:
    """What the words of a text are about, `#touch`, or `#no touch` where it is denied."""
    spoken = [senses[language] for language in languages]
    about = [senses[language].of(words.accented, language in forgiven) for language in languages]
    denials = frozenset().union(*(one.denials for one in spoken))
    found: list[Told] = []
    near: list[tuple[int, str]] = []
    denied = -_NEAR
    for at, (word, told) in enumerate(zip(words.words, _together(about), strict=True)):
        if word in denials:
            denied = at
        if told and at - denied <= _DENIED_WITHIN and words.clause[denied] == words.clause[at]:
            told = tuple([f"#no {sense[1:]}" for sense in told])
        if at in words.asked:
            told = (*told, ASKED)
        if not told:
            continue
        near = [one for one in near if at - one[0] <= _NEAR] + [(at, name) for name in told]
        found.append(Told(at, told, [name for _, name in near]))
    return found


def _together(about: Sequence[Sequence[tuple[str, ...]]]) -> Iterable[tuple[str, ...]]:
    """What each word is about in any of the languages."""
    return about[0] if len(about) == 1 else (tuple(dict.fromkeys(chain(*told))) for told in zip(*about, strict=True))


def parse_senses(
    table: Mapping[str, Any], denials: Mapping[str, Mapping[str, Iterable[str]]], faults: list[str]
) -> dict[str, Senses]:
    """The words of each language; every fault is added to `faults`, one line each."""
    wrong = [
        f"senses.toml: {name!r} wants a line of words in each of {', '.join(LANGUAGES)}"
        for name, row in table.items()
        if not isinstance(row, dict) or set(row) != set(LANGUAGES) or not all(isinstance(v, str) for v in row.values())
    ]
    faults += wrong
    return {} if wrong else {language: _read(table, language, denials[language]) for language in LANGUAGES}


def _read(table: Mapping[str, Mapping[str, str]], language: str, denials: Mapping[str, Iterable[str]]) -> Senses:
    written: defaultdict[str, list[str]] = defaultdict(list)
    folded: defaultdict[str, list[str]] = defaultdict(list)
    for sense, row in table.items():
        for word in row[language].split():
            written[word].append(f"#{sense}")
            folded[fold(word)].append(f"#{sense}")
    return Senses(
        {word: tuple(found) for word, found in written.items()},
        {word: tuple(found) for word, found in folded.items()},
        tuple(sorted({len(word) - 1 for word in (*written, *folded) if word.endswith("*")})),
        frozenset(map(fold, denials.get("before", ()))),
    )
