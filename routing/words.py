"""Text as judgement reads it: folded words with their sentence and clause.

Pure; never fails on any text. Only the first `CAP` characters are read, so a two-megabyte mail costs no more than a
long one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

CAP = 8_000

_LETTERS = str.maketrans(
    {"å": "a", "ä": "a", "ö": "o", "ø": "o", "æ": "ae", "œ": "oe", "ü": "u", "ß": "ss", "ð": "d", "þ": "th", "ł": "l"}
)
_TOKEN = re.compile(
    r"(?P<number>\d{1,2}[:.]\d{2}(?![\d.,:])|\d{1,3}[.,]\d{1,2}(?![\d.,])|\d+)"
    r"|(?P<word>[^\W\d_]+(?:['’´`][^\W\d_]+)*)"
    r"|(?P<stop>[.!?…]+(?=\s|$)|[;\n]+|\s[-–—]+\s)|(?P<pause>[,:()\"“”«»]+)"
)
_APOSTROPHES = re.compile(r"['’´`]")
# What callers spell aloud and transcribers write as single letters.
_SPELLED = re.compile(r"abb|qr|brf|ccs|sms|pdf|gdpr|rfid|bf|ac|dc|led|ev|evse|bmw|vw|id|app|usb|pin|sos|kwh|kw")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text in order, folded, and `accented` as they were written (lower case). `sentence` and `clause`
    number the stretch each word stands in."""

    words: tuple[str, ...]
    accented: tuple[str, ...]
    sentence: tuple[int, ...]
    clause: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.words)


def fold(text: str) -> str:
    """Lower case without accents, as every comparison here wants it: `Åhamra` is `ahamra`, `Tromsø` is `tromso`."""
    text = text.casefold()
    if text.isascii():
        return text
    text = text.translate(_LETTERS)
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)


@lru_cache(maxsize=8_000)
def sound(word: str) -> str:
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
    at_sentence = at_clause = 0
    room = CAP
    for part in parts:
        if not part or room <= 0:
            continue
        text = unicodedata.normalize("NFC", part[:room])
        room -= len(text)
        at_sentence += 1
        at_clause += 1
        for found in _TOKEN.finditer(text):
            kind = found.lastgroup
            if kind == "stop":
                at_sentence += 1
                at_clause += 1
            elif kind == "pause":
                at_clause += 1
            else:
                word = found.group().lower()
                accented.append(word if word.isalnum() else _APOSTROPHES.sub("", word))
                sentence.append(at_sentence)
                clause.append(at_clause)
    return _joined(accented, sentence, clause)


def _joined(accented: list[str], sentence: list[int], clause: list[int]) -> Words:
    """Spelled abbreviations as one word: `a b b` is `abb`."""
    kept: list[int] = []
    out: list[str] = []
    i = 0
    while i < len(accented):
        length = _spelled_at(accented, i) if len(accented[i]) == 1 else 1
        kept.append(i)
        out.append("".join(accented[i : i + length]))
        i += length
    return Words(tuple(map(fold, out)), tuple(out), tuple(sentence[i] for i in kept), tuple(clause[i] for i in kept))


def _spelled_at(words: Sequence[str], i: int) -> int:
    if not words[i].isalpha():
        return 1
    for length in (4, 3, 2):
        letters = words[i : i + length]
        if len(letters) == length and all(len(x) == 1 for x in letters) and _SPELLED.fullmatch("".join(letters)):
            return length
    return 1
