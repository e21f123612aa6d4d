"""Text as judgement reads it: folded words with their sentence and clause.

Pure; never fails on any text. Only the first `CAP` characters are read, so a two-megabyte mail costs no more than a
long one.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

CAP = 8_000

_LETTERS = (
    *(("å", "a"), ("ä", "a"), ("ö", "o"), ("ø", "o"), ("æ", "ae"), ("œ", "oe")),
    *(("ü", "u"), ("ß", "ss"), ("ð", "d"), ("þ", "th"), ("ł", "l")),
)
# What stands between blanks is, unless it is letters only: words and numbers (both begin with a letter or figure), what
# ends a sentence, and what parts clauses.
_TOKEN = re.compile(
    r"[^\W\d_]+(?:['’´`][^\W\d_]+)*"
    r"|\d{1,2}[:.]\d{2}(?![\d.,:])|\d{1,3}[.,]\d{1,2}(?![\d.,])|\d+"
    r"|[.!?…]+$|;+|[,:()\"“”«»]+"
)
_DASHES = re.compile(r"[-–—]+")
_PAUSES = frozenset(',:()"“”«»')
_BETWEEN = "\0"
_KEEPS_ACCENTS = 2  # accented words; one alone may be a name
_APOSTROPHES = re.compile(r"['’´`]")
# What callers spell aloud and transcribers write as single letters.
_SPELLED = re.compile(r"abb|qr|brf|ccs|sms|pdf|gdpr|rfid|bf|ac|dc|led|ev|evse|bmw|vw|id|app|usb|pin|sos|kwh|kw")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text in order, folded, and `accented` as they were written (lower case). `sentence` and `clause`
    number the stretch each word stands in; `asked` are the words that a question mark follows."""

    words: tuple[str, ...]
    accented: tuple[str, ...]
    sentence: tuple[int, ...]
    clause: tuple[int, ...]
    asked: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.words)


def fold(text: str) -> str:
    """Lower case without accents, as every comparison here wants it: `Åhamra` is `ahamra`, `Tromsø` is `tromso`."""
    text = text.casefold()
    if text.isascii():
        return text
    text = _plain(text)
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return _plain("".join(c for c in decomposed if not unicodedata.combining(c)))


def leaves_out_accents(words: Words) -> bool:
    """Whether a text may have lost its accents. Where it has some, a plain word is a word of its own: who writes
    "kælder" means "stod" and not "stød"."""
    return sum(not word.isascii() for word in words.accented) < _KEEPS_ACCENTS


def _plain(text: str) -> str:
    for letter, plain in _LETTERS:  # faster than `translate`, as few of them are in any text
        text = text.replace(letter, plain)
    return text


@lru_cache(maxsize=8_000)
def sound(word: str) -> str:
    """`sound_of`, remembered."""
    return sound_of(word)


def sound_of(word: str) -> str:
    """How a folded word sounds, roughly: what a transcriber of any language makes of a Swedish name falls together."""
    word = word.replace("shopping", "koping").replace("qu", "kv").replace("ck", "k").replace("ph", "f")
    word = word.replace("ae", "a").replace("oe", "o").replace("th", "t").replace("ch", "k").replace("sj", "sh")
    word = word.translate(_SOUNDS)
    return _DOUBLED.sub(r"\1", word[:1] + word[1:].replace("h", ""))


_SOUNDS = str.maketrans({"w": "v", "c": "k", "q": "k", "x": "s", "z": "s", "y": "j"})
_DOUBLED = re.compile(r"(.)\1+")


def split(*parts: str | None) -> Words:
    """The words of several texts (subject, body) as one; each part begins a new sentence."""
    accented: list[str] = []
    sentence: list[int] = []
    clause: list[int] = []
    asked: list[int] = []
    at_sentence = at_clause = 0
    room = CAP
    for part in parts:
        if not part or room <= 0:
            continue
        text = unicodedata.normalize("NFC", part[:room])
        room -= len(text)
        for line in text.split("\n"):
            at_sentence += 1
            at_clause += 1
            for chunk in line.split():
                if chunk.isalpha():
                    accented.append(chunk)
                    sentence.append(at_sentence)
                    clause.append(at_clause)
                    continue
                if _DASHES.fullmatch(chunk):
                    at_sentence += 1
                    at_clause += 1
                    continue
                for token in _TOKEN.findall(chunk):
                    first = token[0]
                    if first.isalnum():
                        accented.append(token)
                        sentence.append(at_sentence)
                        clause.append(at_clause)
                    else:
                        at_clause += 1
                        at_sentence += first not in _PAUSES
                        if "?" in token:
                            asked.append(len(accented) - 1)
    if not accented:
        return Words((), (), (), ())
    together = _BETWEEN.join(accented).lower()  # one call for all words is cheaper than one for each
    accented = _APOSTROPHES.sub("", together).split(_BETWEEN)
    kept = _beginnings(accented)
    if len(kept) < len(accented):
        accented = ["".join(accented[a:b]) for a, b in pairwise([*kept, len(accented)])]
        sentence, clause = [sentence[i] for i in kept], [clause[i] for i in kept]
        asked = [bisect_right(kept, at) - 1 for at in asked]
    folded = fold(_BETWEEN.join(accented)).split(_BETWEEN)
    return Words(tuple(folded), tuple(accented), tuple(sentence), tuple(clause), frozenset(asked))


def _beginnings(words: Sequence[str]) -> Sequence[int]:
    """Where words begin when spelled abbreviations are one: `a b b` is `abb`."""
    singles = [at for at, word in enumerate(words) if len(word) == 1]
    if all(b - a > 1 for a, b in pairwise(singles)):
        return range(len(words))
    kept: list[int] = []
    at = 0
    while at < len(words):
        kept.append(at)
        at += _spelled_at(words, at) if len(words[at]) == 1 else 1
    return kept


def _spelled_at(words: Sequence[str], i: int) -> int:
    if not words[i].isalpha():
        return 1
    for length in (4, 3, 2):
        letters = words[i : i + length]
        if len(letters) == length and all(len(x) == 1 for x in letters) and _SPELLED.fullmatch("".join(letters)):
            return length
    return 1
