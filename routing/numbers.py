"""Numbers as people type, say and group them, in six languages.

`digit_strings` finds every stretch of number words that can be read as a string of a wanted length: "tjugofem
sexhundratrettiofyra", "two five six three four" and "25 634" all read as 25634. Pure; unknown words end a stretch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from routing.numberwords import AND_WORD, HUNDRED_WORD, THOUSAND_WORD, NumberWord, number_words

_TWICE = {"double": 2, "dubbel": 2, "dobbel": 2, "dobbelt": 2, "doppel": 2, "tupla": 2, "triple": 3, "trippel": 3}
_FILLERS = frozenset({"eh", "ehm", "hm", "oh", "streck", "dash", "strek", "viiva", "punkt"})

_MOST_WORDS = 12
_HEAD = 2  # letters
_LONGEST = 80  # letters of numbers run together
_MOST_SEEN = 8_000  # words


@dataclass(frozen=True, slots=True)
class Table:
    """The number words of some languages, the letters that those begin with which can be run together, and their words
    for a thousand and for "and"; `seen` is a bounded memory of which words are numbers."""

    words: Mapping[str, tuple[NumberWord, ...]]
    heads: frozenset[str]
    thousands: tuple[str, ...]
    joints: tuple[str, ...]
    seen: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """Words `start` to `end` (exclusive) read as `digits`; `whole` when they are all of their stretch, `edge` when
    they begin or end it."""

    start: int
    end: int
    digits: str
    whole: bool
    edge: bool


def digit_strings(words: Sequence[str], languages: Sequence[str], lengths: frozenset[int]) -> list[Reading]:
    """Every reading of a stretch of numbers as a digit string whose length is wanted, in order of position."""
    table, most = _table(tuple(languages)), max(lengths)
    readings: list[Reading] = []
    for start, end in stretches(words, table):
        if end - start > 3 * _MOST_WORDS:
            continue
        if end - start == 1:  # nearly all there are
            alone = _alone(words[start], tuple(languages))
            readings += [Reading(start, end, digits, True, True) for digits in alone if len(digits) in lengths]
            continue
        for i in range(start, end):
            for j in range(i + 1, min(end, i + _MOST_WORDS) + 1):
                for digits in _read(words, i, j, table, most):
                    if len(digits) in lengths:
                        whole = i == start and j == end
                        readings.append(Reading(i, j, digits, whole, i == start or j == end))
    return readings


@lru_cache(maxsize=4_000)
def _alone(word: str, languages: tuple[str, ...]) -> frozenset[str]:
    """What one word can be heard as."""
    return frozenset(digits for digits, _ in _groups((word,), 0, 1, _table(languages)))


def small_numbers(words: Sequence[str], at: int, languages: Sequence[str]) -> list[str]:
    """The numbers under 1000 that can be read from a word on, as a house number wants it ("sjuttiosex", "ninety
    seven"), shortest reading first."""
    table = _table(tuple(languages))
    found: list[str] = []
    for end in range(at + 1, min(len(words), at + 4) + 1):
        if not _is_number(words[end - 1], table):
            break
        found += [d for d, used in _groups(words, at, end, table) if used == end and len(d) <= 3 and d not in found]
    return found


def stretches(words: Sequence[str], table: Table) -> Iterator[tuple[int, int]]:
    """Where number words stand side by side; a joining word counts only between numbers."""
    seen, end = table.seen, 0
    for i in [at for at, word in enumerate(words) if (seen[word] if word in seen else _is_number(word, table))]:
        if i < end or _joins(words[i], table):
            continue
        end = i + 1
        while end < len(words) and (words[end] in _FILLERS or _is_number(words[end], table)):
            end += 1
        last = end
        while words[last - 1] != "oh" and (words[last - 1] in _FILLERS or _joins(words[last - 1], table)):
            last -= 1
        yield i, last


def _is_number(word: str, table: Table) -> bool:
    known = table.seen.get(word)
    if known is None:
        together = len(word) > 5 and bool(_run_together(word, table))
        known = word.isdigit() or word in table.words or word in _TWICE or together
        if len(table.seen) >= _MOST_SEEN:
            table.seen.clear()
        table.seen[word] = known
    return known


def _joins(word: str, table: Table) -> bool:
    return all(w is AND_WORD for w in table.words.get(word, ())) and word in table.words


def _read(words: Sequence[str], start: int, end: int, table: Table, most: int) -> set[str]:
    """All digit strings, no longer than `most`, that words[start:end] can be heard as."""
    partial: dict[int, set[str]] = {start: {""}}
    for at in range(start, end):
        said = partial.get(at)
        if not said:
            continue
        if at > start and words[at] in _FILLERS and words[at] not in table.words:
            partial.setdefault(at + 1, set()).update(said)
            continue
        for digits, used in _groups(words, at, end, table):
            for before in said:
                if len(before) + len(digits) <= most:
                    partial.setdefault(used, set()).add(before + digits)
    return partial.get(end, set())


def _groups(words: Sequence[str], at: int, end: int, table: Table) -> Iterator[tuple[str, int]]:
    """The numbers that can begin at a word, and where they end: "six hundred and thirty four" is one, and "six" too."""
    times = _TWICE.get(words[at])
    if times is not None and at + 1 < end:
        for word in _meanings(words[at + 1], table):
            if word.size == 1 or (word.size == 5 and len(word.digits) == 1):
                yield word.digits * times, at + 2
        return
    for value, used in _below_hundred(words, at, end, table):
        yield value, used
        yield from _hundreds(value, words, used, end, table)
        yield from _thousands(value, words, used, end, table)
    for word in _meanings(words[at], table):
        if word.size == 4:
            yield word.digits, at + 1
            if word.digits.endswith("00"):
                yield from _completed(word.digits, words, at + 1, end, table)
        elif word is HUNDRED_WORD:
            yield from _hundreds("1", words, at, end, table)


def _below_hundred(words: Sequence[str], at: int, end: int, table: Table) -> Iterator[tuple[str, int]]:
    for word in _meanings(words[at], table):
        if word.size in (1, 2, 3, 5):
            yield word.digits, at + 1
        if word.size == 3 and at + 1 < end:
            nxt = at + 2 if _joins(words[at + 1], table) and at + 2 < end else at + 1
            for unit in _meanings(words[nxt], table):
                if unit.size == 1 and unit.digits != "0":
                    yield word.digits[0] + unit.digits, nxt + 1
        if word.size == 1 and at + 2 < end and _joins(words[at + 1], table):
            for tens in _meanings(words[at + 2], table):
                if tens.size == 3:
                    yield tens.digits[0] + word.digits, at + 3


def _hundreds(head: str, words: Sequence[str], at: int, end: int, table: Table) -> Iterator[tuple[str, int]]:
    if at >= end or len(head) > 2 or HUNDRED_WORD not in _meanings(words[at], table):
        return
    yield str(int(head) * 100), at + 1
    rest = at + 2 if at + 1 < end and _joins(words[at + 1], table) else at + 1
    if rest < end:
        for value, used in _below_hundred(words, rest, end, table):
            if len(value) <= 2:
                yield str(int(head) * 100 + int(value)), used


def _thousands(head: str, words: Sequence[str], at: int, end: int, table: Table) -> Iterator[tuple[str, int]]:
    if at >= end or len(head) > 3 or THOUSAND_WORD not in _meanings(words[at], table):
        return
    thousands = int(head) * 1000
    yield str(thousands), at + 1
    rest = at + 2 if at + 1 < end and _joins(words[at + 1], table) else at + 1
    if rest < end and THOUSAND_WORD not in _meanings(words[rest], table):
        for value, used in _below_thousand(words, rest, end, table):
            yield str(thousands + int(value)), used


def _below_thousand(
    words: Sequence[str], at: int, end: int, table: Table, before: str = ""
) -> Iterator[tuple[str, int]]:
    """What can follow a thousand: one number, or its last digits one by one ("noll sju", "oh oh seven", "six two")."""
    for value, used in _groups(words, at, end, table):
        said = before + value
        if len(said) <= 3 and (not before or len(said) == 3 or before[0] == "0"):
            yield said, used
        if len(said) < 3 and used < end:
            yield from _below_thousand(words, used, end, table, said)


def _completed(head: str, words: Sequence[str], at: int, end: int, table: Table) -> Iterator[tuple[str, int]]:
    """The rest of a hundred or thousand that was said as one word: "sechshundert vierunddreissig"."""
    rest = at + 1 if at < end and _joins(words[at], table) else at
    if rest >= end:
        return
    room = len(head) - len(head.rstrip("0"))
    if room >= 3:
        for value, used in _below_thousand(words, rest, end, table):
            yield str(int(head) + int(value)), used
    else:
        for value, used in _below_hundred(words, rest, end, table):
            if len(value) <= 2 and value != "0":
                yield str(int(head) + int(value)), used


def _meanings(word: str, table: Table) -> tuple[NumberWord, ...]:
    if word.isdigit():
        return (NumberWord(word, 5),)
    return table.words.get(word) or _run_together(word, table)


def _run_together(word: str, table: Table) -> tuple[NumberWord, ...]:
    """Numbers that a transcriber wrote as one word: "attafemtiosex" is 8 and 56, "kaksneljaviisi" is 2, 4 and 5."""
    if word[:_HEAD] not in table.heads:
        return ()
    for cut in range(_HEAD, len(word) - 1):
        heads = [w for w in table.words.get(word[:cut], ()) if 1 <= w.size <= 3]
        tails = [w for w in table.words.get(word[cut:], ()) if 1 <= w.size <= 4]
        if heads and tails:
            return (NumberWord(heads[0].digits + tails[0].digits, 4),)
    digits = _spelled(word, table)
    if digits:
        return (NumberWord(digits, 5),)
    return next(((NumberWord(str(value), 4),) for value in _with_thousand(word, table)), ())


def _with_thousand(word: str, table: Table) -> Iterator[int]:
    """What a word is worth that holds a thousand: "einundzwanzigtausendsieben", and "tjugoettusen", where the last
    letter of the one number is the first of the next."""
    for thousand in table.thousands:
        head, found, tail = word.partition(thousand)
        if not found:
            continue
        counts = [_worth(head, table), _worth(head + thousand[0], table)] if head else [1]
        tails = [tail.removeprefix(joint) for joint in ("", *table.joints)]
        rests = [_worth(one, table) or _last_digits(one, table) for one in tails] if tail else [0]
        yield from (count * 1000 + rest for count in counts if count for rest in rests if rest is not None)


def _worth(word: str, table: Table) -> int | None:
    """The number below a thousand that a word is."""
    return next((int(w.digits) for w in table.words.get(word, ()) if 1 <= w.size <= 4 and len(w.digits) <= 3), None)


def _last_digits(word: str, table: Table) -> int | None:
    """What is left of a number whose last digits are said one by one: "nollsju"."""
    digits = _spelled(word, table)
    return int(digits) if 2 <= len(digits) <= 3 else None


def _spelled(word: str, table: Table) -> str:
    """The digits of a word that is nothing but small numbers, the longest first; empty where it is anything else."""
    if len(word) > _LONGEST:
        return ""
    behind = {len(word): ""}  # where numbers can begin, the last first -> the digits from there on
    for at in range(len(word) - _HEAD, -1, -1):
        for end, digits in behind.items():
            head = next((w for w in table.words.get(word[at:end], ()) if 1 <= w.size <= 3), None)
            if head is not None:
                behind[at] = head.digits + digits
                break
    return behind.get(0, "")


@lru_cache(maxsize=64)
def _table(languages: tuple[str, ...]) -> Table:
    words: dict[str, tuple[NumberWord, ...]] = {}
    for language in languages:
        for text, word in number_words(language):
            if word not in words.get(text, ()):
                words[text] = (*words.get(text, ()), word)
    named = {kind: tuple(text for text in words if kind in words[text]) for kind in (THOUSAND_WORD, AND_WORD)}
    thousands = tuple(sorted(named[THOUSAND_WORD], key=len, reverse=True))
    return Table(words, frozenset(text[:_HEAD] for text in words), thousands, named[AND_WORD])
