"""The language of a text among the six: letter statistics (py3langid) and the little words that only one language has.

Short, spoken and accent-less texts are what it is made for. Whoever surely writes another language is answered in
English. The language a caller chose in the menu is a hint that decides nothing but a draw. Names of places are left out
of account by the caller.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LANGUAGES = ("sv", "en", "no", "da", "fi", "de")
_MODEL_LANGUAGES = ["sv", "en", "no", "nn", "da", "fi", "de"]
_OTHERS = [
    "fr", "nl", "pl", "es", "it", "pt", "cs", "sk", "et", "lt", "lv", "tr", "hu", "ro", "hr", "sl", "sq", "so", "vi",
    "ru", "uk", "bg", "sr", "ar", "fa", "he", "el", "zh", "ja", "ko", "th", "hi",
]  # fmt: skip
_STRANGERS = "en"  # what those are answered in who write none of the six
_SURELY_OTHER = 0.9  # of 835 reports in one of the six none came near it, of 32 in others all were above
_ENOUGH_LETTERS = 15
_HOME = "sv"  # a draw falls to where the chargers stand
_MOST_TEXT = 1_500
# The statistics can take 3.6 from a language at most: from here on they would change nothing of which one it is.
_BEYOND_DOUBT = 5.0
_LETTER_HINTS: Mapping[str, Mapping[str, float]] = {
    "å": {"sv": 0.3, "no": 0.3, "da": 0.3},
    "ä": {"sv": 0.4, "fi": 0.4, "de": 0.3},
    "ö": {"sv": 0.4, "fi": 0.3, "de": 0.3},
    "ø": {"no": 0.8, "da": 0.8},
    "æ": {"no": 0.6, "da": 0.9},
    "ü": {"de": 1.2},
    "ß": {"de": 2.0},
}
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """The language, and how likely each of the six is (sums to 1). `foreign`: it is surely none of them, and the
    language is the one that those are answered in."""

    language: str
    shares: Mapping[str, float]
    foreign: bool = False

    @property
    def active(self) -> tuple[str, ...]:
        """The languages whose words are worth looking for, most likely first; Norwegian and Danish go together."""
        found = [x for x in sorted(self.shares, key=lambda k: -self.shares[k]) if self.shares[x] >= 0.05]
        for one, other in (("no", "da"), ("da", "no")):
            if one in found and other not in found:
                found.append(other)
        return tuple(found)


def guess_language(text: str, words: Mapping[str, Mapping[str, float]], hint: str | None = None) -> LanguageGuess:
    """The language of a text. `words` are the weights of telling words by language (`word_weights`)."""
    text = text[:_MOST_TEXT]
    letters = text.lower()
    said: list[str] = []
    for chunk in letters.split():
        if chunk.isalpha():
            said.append(chunk)
        else:
            said += _WORD.findall(chunk)
    scores = dict.fromkeys(LANGUAGES, 0.0)
    for telling in filter(None, map(words.get, said)):
        for language, weight in telling.items():
            scores[language] += weight
    for letter, hints in _LETTER_HINTS.items():
        times = letters.count(letter)
        if times:
            for language, weight in hints.items():
                scores[language] += weight * min(times, 4)
    second, first = sorted(scores.values())[-2:]
    if first - second < _BEYOND_DOUBT:
        known = _model_shares(letters if text.isupper() else text)
        ours = sum(known.values())
        if ours < 1 - _SURELY_OTHER and sum(map(len, said)) >= _ENOUGH_LETTERS:
            return LanguageGuess(_STRANGERS, dict.fromkeys(LANGUAGES, 0.0) | {_STRANGERS: 1.0}, True)
        for language, share in known.items():
            share /= ours or 1.0
            scores[language] += max(-6.0, math.log(share + 1e-9)) * 0.6
    if hint in scores:
        scores[hint] += 0.25 if len(said) > 3 else 1.5
    else:
        scores[_HOME] += 0.25 if len(said) > 3 else 0.5
    top = max(scores.values())
    raised = {k: math.exp(min(0.0, (v - top) * 0.9)) for k, v in scores.items()}
    total = sum(raised.values())
    shares = {k: v / total for k, v in raised.items()}
    return LanguageGuess(max(LANGUAGES, key=lambda k: shares[k]), shares)


def word_weights(lists: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """How telling each listed word is: one that only one language lists tells most, one that four list nothing."""
    holders: dict[str, set[str]] = {}
    for language, words in lists.items():
        for word in words:
            holders.setdefault(word.lower(), set()).add(language)
    weights: dict[str, dict[str, float]] = {}
    for word, languages in holders.items():
        weight = {1: 1.0, 2: 0.45, 3: 0.2}.get(len(languages), 0.0)
        if weight:
            weights[word] = dict.fromkeys(languages, weight)
    return weights


def _model_shares(text: str) -> dict[str, float]:
    """How likely each of the six is among all that are told apart; together less than 1."""
    shares: dict[str, float] = {}
    for language, share in _model().rank(text):
        if language in _OTHERS:
            continue
        key = "no" if language == "nn" else language
        shares[key] = shares.get(key, 0.0) + float(share)
    return shares


@lru_cache(maxsize=1)
def _model() -> Any:
    # Loaded at first use: the table is large, and the doors that never judge do without it.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages([*_MODEL_LANGUAGES, *_OTHERS])
    # Of 142 languages only these are kept: the rest is most of the table.
    return LanguageIdentifier(
        model.nb_ptc.astype("float32", order="C"),
        model.nb_pc.copy(),
        model.nb_classes,
        model.tk_nextmove,
        array("i", model.tk_output),
        norm_probs=True,
        tk_row=model.tk_row,
    )
