"""A language's words for the concepts of the trade, and finding them in a text.

A pattern is words in order: `kabel*` begins so, `*kabel` ends so, `*kabel*` holds it, `_` is any one word, `#` a
number, `..` up to three words, `(a|b|)` a choice. Words are folded, so accents do not matter. A concept that was denied
in the same clause ("no smoke") is told apart. Building raises nothing; `faults_of` tells what is wrong with a file.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import NamedTuple

from routing.words import Words, fold

_CHOICE = re.compile(r"\(([^()]*)\)")
_GAP = -1
_ANY = -2
_NUMBER = -3
_SKIP = (_GAP,)
_GAP_WORDS = 3
_CACHED_WORDS = 8_000

# One place of a pattern: the word sequences that may stand there (an empty one when the place may be left out).
_Slot = tuple[tuple[int, ...], ...]


class Hit(NamedTuple):
    """A concept found at words `start` to `end` (exclusive). `denied`: the clause says that it is not so."""

    concept: str
    start: int
    end: int
    denied: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Pattern:
    """`slots` are empty when one word is the whole pattern; of `needs`, if any, a text must hold one, as its very
    `next` word where that is told. `denies`: a denying word belongs to the pattern itself."""

    concept: str
    slots: tuple[_Slot, ...]
    needs: frozenset[int]
    next: bool
    denies: bool


class Lexicon:
    """Compiled patterns of one language. Immutable but for a bounded memory of words already seen."""

    def __init__(
        self, language: str, concepts: Mapping[str, Iterable[str]], denials: Mapping[str, Iterable[str]]
    ) -> None:
        self.language = language
        self._before = frozenset(map(fold, denials.get("before", ())))
        self._after = frozenset(map(fold, denials.get("after", ())))
        self._bridges = frozenset(map(fold, denials.get("bridges", ())))
        self._elements: dict[tuple[str, str], int] = {}
        self._folded: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        self._starts: defaultdict[int, list[_Pattern]] = defaultdict(list)
        self._seen: dict[tuple[str, bool], tuple[frozenset[int], tuple[_Pattern, ...]]] = {}
        for concept, patterns in concepts.items():
            for pattern in patterns:
                self._add(concept, pattern)
        self._prefix_lengths = self._lengths("begins")
        self._infixes = tuple((t, i) for (k, t), i in self._elements.items() if k == "holds")
        self._folded_infixes = tuple((t, ids) for (k, t), ids in self._folded.items() if k == "holds")
        self._suffix_lengths = self._lengths("ends")

    def find(self, words: Words, forgiving: bool = True) -> list[Hit]:
        """All concepts of a text, in order of where they begin. `forgiving`: accents may have been left out."""
        pairs = zip(words.words, words.accented, strict=True)
        known = [self._known(word, accented, forgiving) for word, accented in pairs]
        ids = [elements for elements, _ in known]
        hits: list[Hit] = []
        present = frozenset().union(*ids)
        for at, (_, patterns) in enumerate(known):
            following = ids[at + 1] if at + 1 < len(ids) else frozenset()
            for pattern in patterns:
                if pattern.needs and pattern.needs.isdisjoint(following if pattern.next else present):
                    continue
                end = self._match(ids, words.sentence, pattern.slots, 0, at) if pattern.slots else at + 1
                if end > at:
                    within = not pattern.denies and not self._before.isdisjoint(words.words[at:end])
                    hits.append(Hit(pattern.concept, at, end, within or self._denied(words, at, end)))
        return hits

    def _lengths(self, kind: str) -> tuple[int, ...]:
        return tuple(sorted({len(t) for k, t in (*self._elements, *self._folded) if k == kind}))

    def _add(self, concept: str, pattern: str) -> None:
        slots = tuple(self._slot(part) for part in _parts(pattern))
        while slots and slots[-1] == (_SKIP,):
            slots = slots[:-1]
        one_word = len(slots) == 1 and all(len(words) == 1 and words[0] >= 0 for words in slots[0])
        following = _following(slots)
        denies = any(
            fold(word) in self._before for part in _parts(pattern) for t in _expand(part) for word in t.split()
        )
        compiled = _Pattern(concept, () if one_word else slots, following or _needs(slots), bool(following), denies)
        for slot in slots:
            for alternative in slot:
                if alternative:
                    self._starts[alternative[0]].append(compiled)
            if () not in slot:
                break

    def _slot(self, part: str) -> _Slot:
        texts = dict.fromkeys(text.strip() for text in _expand(part))
        return tuple(tuple(self._element(word) for word in text.split()) if text != "*" else () for text in texts)

    def _element(self, word: str) -> int:
        if word == "..":
            return _GAP
        if word == "_":
            return _ANY
        if word == "#":
            return _NUMBER
        text = word.strip("*").replace("'", "").replace("’", "").lower().replace("ß", "ss")
        kind = {(False, False): "is", (False, True): "begins", (True, False): "ends", (True, True): "holds"}[
            (word.startswith("*"), word.endswith("*"))
        ]
        element = self._elements.setdefault((kind, text), len(self._elements))
        self._folded[(kind, fold(text))].add(element)
        return element

    def _known(self, word: str, accented: str, forgiving: bool) -> tuple[frozenset[int], tuple[_Pattern, ...]]:
        """The elements that a word matches, and the patterns that can begin with it."""
        known = self._seen.get((accented, forgiving))
        if known is None:
            ids = self._ids(word, accented, forgiving)
            begun = dict.fromkeys(pattern for element in ids for pattern in self._starts.get(element, ()))
            if len(self._seen) >= _CACHED_WORDS:
                self._seen.clear()
            known = self._seen[(accented, forgiving)] = ids, tuple(begun)
        return known

    def _ids(self, word: str, accented: str, forgiving: bool) -> frozenset[int]:
        """The elements that a word matches. A word with accents matches only what is written with the same ones, a
        word without any may have lost them, where that is forgiven."""
        found: set[int] = set()
        if accented.isascii() and forgiving:
            forms = self._forms(word)
            found.update(*(self._folded.get(form, ()) for form in forms))
            found.update(*(ids for text, ids in self._folded_infixes if text in word))
        else:
            exact = accented.replace("ß", "ss")
            found.update(self._elements[form] for form in self._forms(exact) if form in self._elements)
            found.update(i for text, i in self._infixes if text in exact)
        if word[0].isdigit():
            found.add(_NUMBER)
        return frozenset(found)

    def _forms(self, word: str) -> list[tuple[str, str]]:
        forms = [("is", word), *(("begins", word[:n]) for n in self._prefix_lengths if n <= len(word))]
        return forms + [("ends", word[-n:]) for n in self._suffix_lengths if n <= len(word)]

    def _match(
        self, ids: Sequence[frozenset[int]], sentence: Sequence[int], slots: tuple[_Slot, ...], step: int, at: int
    ) -> int:
        """Where a pattern ends that goes on with slot `step` at word `at`, within one sentence; 0 where it does not."""
        if step == len(slots):
            return at
        for alternative in slots[step]:
            if alternative == _SKIP:
                for skipped in range(at, min(at + _GAP_WORDS + 1, len(ids))):
                    if sentence[skipped] != sentence[at - 1]:
                        break
                    found = self._match(ids, sentence, slots, step + 1, skipped)
                    if found:
                        return found
                continue
            end = at
            for wanted in alternative:
                if end >= len(ids) or ((step or end > at) and sentence[end] != sentence[end - 1]):
                    break
                if wanted not in ids[end] and wanted != _ANY:
                    break
                end += 1
            else:
                found = end if step + 1 == len(slots) else self._match(ids, sentence, slots, step + 1, end)
                if found:
                    return found
        return 0

    def _denied(self, words: Words, start: int, end: int) -> bool:
        """Whether a denying word stands up to three words before, or one after, in the same clause. Words that open
        a new thought ("but", "and then") end the reach."""
        for at in range(start - 1, max(-1, start - 4), -1):
            if words.clause[at] != words.clause[start] or words.words[at] in self._bridges:
                break
            if words.words[at] in self._before:
                return True
        return end < len(words) and words.clause[end] == words.clause[start] and words.words[end] in self._after


def _needs(slots: tuple[_Slot, ...]) -> frozenset[int]:
    """Elements of which a text must hold one for a pattern to match beyond its first word; none when that is open."""
    for slot in reversed(slots[1:]):
        if all(alternative and alternative[0] >= 0 for alternative in slot):
            return frozenset(alternative[0] for alternative in slot)
    return frozenset()


def _following(slots: tuple[_Slot, ...]) -> frozenset[int]:
    """Elements of which the word right after the first must have one; none when that is open."""
    if not all(len(alternative) == 1 for alternative in slots[0]):
        return frozenset()
    found: set[int] = set()
    for slot in slots[1:]:
        if any(alternative and alternative[0] in (_GAP, _ANY) for alternative in slot):
            break
        found.update(alternative[0] for alternative in slot if alternative)
        if () not in slot:
            return frozenset(found)
    return frozenset()


def _parts(pattern: str) -> list[str]:
    """The slots of a pattern as text: split at blanks, but not within a choice."""
    pattern = pattern.replace(" ?", "( |)")
    pattern = _CHOICE.sub(
        lambda m: f"({m[1]}) ".replace(" |", "|") if " |" in m[1] or m[1].endswith(" ") else m[0], pattern
    )
    parts, depth, word = [], 0, ""
    for letter in pattern + " ":
        depth += (letter == "(") - (letter == ")")
        if letter == " " and not depth:
            if word:
                parts.append(word)
            word = ""
        else:
            word += letter
    return parts


def _expand(part: str) -> list[str]:
    """All texts that a slot stands for; choices may hold choices."""
    opened = part.find("(")
    if opened < 0:
        return [part]
    depth, cuts = 0, [opened]
    for at in range(opened, len(part)):
        depth += (part[at] == "(") - (part[at] == ")")
        if depth == 0:
            cuts.append(at)
            break
        if depth == 1 and part[at] == "|":
            cuts.append(at)
    head, tails = part[:opened], _expand(part[cuts[-1] + 1 :])
    alternatives = [text for a, b in pairwise(cuts) for text in _expand(part[a + 1 : b])]
    return [head + alternative + tail for alternative, tail in product(alternatives, tails)]


def faults_of(language: str, table: Mapping[str, object], known: Iterable[str]) -> list[str]:
    """What is wrong with a lexicon file, one line each."""
    faults = []
    concepts = table.get("concepts")
    if not isinstance(concepts, dict):
        return [f"lexica/{language}.toml: no [concepts]"]
    wanted = set(known)
    faults += [f"lexica/{language}.toml: no words for {name!r}" for name in sorted(wanted - concepts.keys())]
    faults += [f"lexica/{language}.toml: unknown concept {name!r}" for name in sorted(concepts.keys() - wanted)]
    for name, patterns in concepts.items():
        if not isinstance(patterns, list) or not patterns or not all(isinstance(p, str) for p in patterns):
            faults.append(f"lexica/{language}.toml: {name!r} is not a list of patterns")
            continue
        for pattern in patterns:
            if pattern.count("(") != pattern.count(")") or not pattern.strip() or pattern.split()[0] in ("_", ".."):
                faults.append(f"lexica/{language}.toml: {name!r}: {pattern!r} cannot be read")
    return faults
