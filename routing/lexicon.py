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
_REACH = _GAP_WORDS + 1
_DENIED_WITHIN = 3  # words
_CACHED_WORDS = 8_000


_Sequence = tuple[int, ...]


class _Slot(NamedTuple):
    """One place of a pattern: the word sequences that may stand there (an empty one when the place may be left out).
    The word there has one of `firsts`, unless that is None; `by_first` are the sequences that begin with each."""

    sequences: tuple[_Sequence, ...]
    firsts: frozenset[int] | None
    by_first: Mapping[int, tuple[_Sequence, ...]]


class Hit(NamedTuple):
    """A concept found at words `start` to `end` (exclusive). `denied`: the clause says that it is not so."""

    concept: str
    start: int
    end: int
    denied: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Pattern:
    """`slots` are empty when one word is the whole pattern; the first `told` of them (0 or 1) hold as soon as the first
    word is known to begin it. If there are any `needs`, one of the next `reach` words must have one of them, or any of
    the text where that is 0. `denies`: a denying word belongs to the pattern itself."""

    concept: str
    slots: tuple[_Slot, ...]
    told: int
    needs: frozenset[int]
    reach: int
    denies: bool


class _Known(NamedTuple):
    """A word: the elements that it matches, and the patterns that can begin with it, those apart that need something of
    the next word or of the next few, with what any of them needs."""

    elements: frozenset[int]
    patterns: tuple[_Pattern, ...]
    pairs: tuple[_Pattern, ...]
    next: frozenset[int]
    spans: tuple[_Pattern, ...]
    soon: frozenset[int]


class Lexicon:
    """Compiled patterns of one language. Immutable but for a bounded memory of words already seen."""

    def __init__(
        self, language: str, concepts: Mapping[str, Iterable[str]], denials: Mapping[str, Iterable[str]]
    ) -> None:
        self.language = language
        self.concepts = frozenset(concepts)
        self._before = frozenset(map(fold, denials.get("before", ())))
        self._after = frozenset(map(fold, denials.get("after", ())))
        self._bridges = frozenset(map(fold, denials.get("bridges", ())))
        self._elements: dict[tuple[str, str], int] = {}
        self._folded: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        self._starts: defaultdict[int, list[_Pattern]] = defaultdict(list)
        self._seen: tuple[dict[str, _Known], dict[str, _Known]] = {}, {}  # unforgiving, forgiving
        self._alike: dict[frozenset[int], _Known] = {}  # words that match the same are the same
        self._slots: dict[str, tuple[_Slot, bool]] = {}  # by a part of a pattern; whether a word of it denies
        self._written: dict[str, tuple[int, bool]] = {}  # by a word of a pattern: its element, and whether it denies
        for concept, patterns in concepts.items():
            for pattern in patterns:
                self._add(concept, pattern)
        del self._slots, self._written  # nothing is added any more
        self._prefix_lengths = self._lengths("begins")
        self._infixes = tuple((t, i) for (k, t), i in self._elements.items() if k == "holds")
        self._folded_infixes = tuple((t, ids) for (k, t), ids in self._folded.items() if k == "holds")
        self._suffix_lengths = self._lengths("ends")

    def find(self, words: Words, forgiving: bool = True) -> list[Hit]:
        """All concepts of a text, in order of where they begin. `forgiving`: accents may have been left out."""
        seen, accented = self._seen[forgiving], words.accented
        known = [seen.get(word) or self._known(words.words[at], word, forgiving) for at, word in enumerate(accented)]
        ids = [word.elements for word in known]
        present = frozenset().union(*ids)
        hits: list[Hit] = []
        nothing: frozenset[int] = frozenset()
        denials = {at for at, word in enumerate(words.words) if word in self._before}
        reached = {at + n for at in denials for n in range(1, _DENIED_WITHIN + 1)}
        for at, (_, patterns, pairs, after, spans, soon) in enumerate(known):
            if pairs:
                following = ids[at + 1] if at + 1 < len(ids) else nothing
                if not after.isdisjoint(following):
                    patterns += tuple([p for p in pairs if not p.needs.isdisjoint(following)])
            if spans:
                following = nothing.union(*ids[at + 1 : at + 1 + _REACH])
                if not soon.isdisjoint(following):
                    patterns += tuple([p for p in spans if not p.needs.isdisjoint(following)])
            for pattern in patterns:
                if pattern.slots:
                    if not pattern.reach and pattern.needs and pattern.needs.isdisjoint(present):
                        continue
                    end = _match(ids, words.sentence, pattern.slots, pattern.told, at + pattern.told)
                    if not end:
                        continue
                else:
                    end = at + 1
                denied = (
                    (at in reached and self._denied_before(words, at))
                    or (end < len(ids) and words.words[end] in self._after and words.clause[end] == words.clause[at])
                    or (not pattern.denies and not denials.isdisjoint(range(at, end)))
                )
                hits.append(Hit(pattern.concept, at, end, denied))
        return hits

    def _lengths(self, kind: str) -> tuple[int, ...]:
        return tuple(sorted({len(t) for k, t in (*self._elements, *self._folded) if k == kind}))

    def _add(self, concept: str, pattern: str) -> None:
        read = [self._slots.get(part) or self._slot(part) for part in _parts(pattern)]
        slots, denies = tuple([slot for slot, _ in read]), any(denies for _, denies in read)
        while slots and slots[-1].sequences == (_SKIP,):
            slots = slots[:-1]
        told = all(len(sequence) == 1 for sequence in slots[0].sequences)
        one_word = len(slots) == 1 and told and all(sequence[0] >= 0 for sequence in slots[0].sequences)
        compiled = _Pattern(concept, () if one_word else slots, int(told), *_needs(slots, told), denies)
        for slot in slots:
            for sequence in slot.sequences:
                if sequence:
                    self._starts[sequence[0]].append(compiled)
            if () not in slot.sequences:
                break

    def _slot(self, part: str) -> tuple[_Slot, bool]:
        texts = dict.fromkeys([text.strip() for text in _expand(part)])
        written = [[self._word(word) for word in text.split()] if text != "*" else [] for text in texts]
        sequences = tuple([tuple([element for element, _ in words]) for words in written])
        firsts: dict[int, list[_Sequence]] = {}
        for sequence in filter(None, sequences):
            firsts.setdefault(sequence[0], []).append(sequence)
        by_first = {first: tuple(those) for first, those in firsts.items()}
        told = () not in sequences and by_first.keys().isdisjoint((_GAP, _ANY))
        denies = any(denies for words in written for _, denies in words)
        slot = _Slot(sequences, frozenset(by_first) if told else None, by_first)
        self._slots[part] = slot, denies
        return slot, denies

    def _word(self, word: str) -> tuple[int, bool]:
        known = self._written.get(word)
        if known is None:
            known = self._written[word] = self._element(word), fold(word) in self._before
        return known

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

    def _known(self, word: str, accented: str, forgiving: bool) -> _Known:
        """What there is to know of a word; remembered."""
        seen = self._seen[forgiving]
        if len(seen) >= _CACHED_WORDS:
            seen.clear()
            self._alike.clear()
        ids = self._ids(word, accented, forgiving)
        seen[accented] = known = self._alike.get(ids) or self._beginning(ids)
        return known

    def _beginning(self, ids: frozenset[int]) -> _Known:
        begun = dict.fromkeys(pattern for element in ids for pattern in self._starts.get(element, ()))
        patterns, pairs, spans = (tuple(p for p in begun if p.reach == reach) for reach in (0, 1, _REACH))
        self._alike[ids] = known = _Known(ids, patterns, pairs, _any_of(pairs), spans, _any_of(spans))
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

    def _denied_before(self, words: Words, start: int) -> bool:
        """Whether a denying word stands up to three words before, in the same clause. Words that open a new thought
        ("but", "and then") end the reach."""
        for at in range(start - 1, max(-1, start - 1 - _DENIED_WITHIN), -1):
            if words.clause[at] != words.clause[start] or words.words[at] in self._bridges:
                break
            if words.words[at] in self._before:
                return True
        return False


def _match(ids: Sequence[frozenset[int]], sentence: Sequence[int], slots: tuple[_Slot, ...], step: int, at: int) -> int:
    """Where a pattern ends that goes on with slot `step` at word `at`, within one sentence; 0 where it does not."""
    if step == len(slots):
        return at
    sequences, firsts, by_first = slots[step]
    if firsts is not None:
        begun = firsts & ids[at] if at < len(ids) else None
        if not begun:
            return 0
        if len(begun) == 1:
            (first,) = begun
            sequences = by_first[first]
    for sequence in sequences:
        if sequence == _SKIP:
            after = slots[step + 1].firsts if step + 1 < len(slots) else None
            for skipped in range(at, min(at + _GAP_WORDS + 1, len(ids))):
                if sentence[skipped] != sentence[at - 1]:
                    break
                if after is not None and after.isdisjoint(ids[skipped]):
                    continue
                found = _match(ids, sentence, slots, step + 1, skipped)
                if found:
                    return found
            continue
        end = at
        for wanted in sequence:
            if end >= len(ids) or ((step or end > at) and sentence[end] != sentence[end - 1]):
                break
            if wanted not in ids[end] and wanted != _ANY:
                break
            end += 1
        else:
            found = end if step + 1 == len(slots) else _match(ids, sentence, slots, step + 1, end)
            if found:
                return found
    return 0


def _any_of(patterns: Iterable[_Pattern]) -> frozenset[int]:
    return frozenset().union(*(pattern.needs for pattern in patterns))


def _needs(slots: tuple[_Slot, ...], told: bool) -> tuple[frozenset[int], int]:
    """Elements of which one must be there for a pattern to match beyond its first word, none when that is open, and
    within how many words after it."""
    following = _following(slots)
    if following:
        return following, 1
    if told and len(slots) > 2 and slots[1].sequences == (_SKIP,) and slots[2].firsts is not None:
        return slots[2].firsts, _REACH
    for slot in reversed(slots[1:]):
        if slot.firsts is not None:
            return slot.firsts, 0
    return frozenset(), 0


def _following(slots: tuple[_Slot, ...]) -> frozenset[int]:
    """Elements of which the word right after the first must have one; none when that is open."""
    if not all(len(sequence) == 1 for sequence in slots[0].sequences):
        return frozenset()
    found: set[int] = set()
    for slot in slots[1:]:
        if any(sequence and sequence[0] in (_GAP, _ANY) for sequence in slot.sequences):
            break
        found.update(sequence[0] for sequence in slot.sequences if sequence)
        if () not in slot.sequences:
            return frozenset(found)
    return frozenset()


def _parts(pattern: str) -> list[str]:
    """The slots of a pattern as text: split at blanks, but not within a choice."""
    pattern = pattern.replace(" ?", "( |)")
    if "(" not in pattern:
        return pattern.split()
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
