"""Standard solutions: what often helps, kept as files that support people write.

One TOML file a language in `gateway/content/solutions/`; every solution has a slug, a category, a title and steps
that can be read aloud, and may have a picture for each step (a symbol of `steps.svg`), words that people look for it
by, and the charger models it is for. All files hold the same slugs, or loading raises ValueError; ours hold every
language of our customers, which `faults` looks at before the start. Another folder may hold fewer, at least English.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

from rapidfuzz import fuzz

from channels.report import Solution
from gateway.languages import CUSTOMERS
from routing.words import fold

FOLDER = Path(__file__).parent / "content" / "solutions"
FALLBACK = "en"
WORD = re.compile(r"\w+")
LIKE = 84  # from 0 to 100: a word that is so like another counts as the same, one slip of the finger away
TITLE, WORDS, STEPS, CATEGORY = 3.0, 2.0, 1.0, 4.0


def faults(folder: Path = FOLDER) -> list[str]:
    """What is wrong with our own files, a line each: languages that are missing, and why the rest cannot be used."""
    missing = [language for language in CUSTOMERS if not (folder / f"{language}.toml").is_file()]
    found = [f"solutions/{language}.toml: the file is missing" for language in missing]
    try:
        if FALLBACK not in missing:
            SolutionFiles(folder)
    except ValueError as problem:
        found.append(str(problem))
    return found


class SolutionFiles:
    """`Solutions` over the files of a folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._solutions = {path.stem: _read(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))}
        slugs = {language: [s.slug for s in found] for language, found in self._solutions.items()}
        if len({tuple(sorted(s)) for s in slugs.values()}) != 1:
            raise ValueError(f"the solution files differ in their slugs: {slugs}")

    def find(self, category: str, language: str, model: str | None = None) -> Sequence[Solution]:
        """Those of the category, the ones for this model first; English where the language has no file."""
        fitting = [s for s in self.all(language) if s.category == category and (not s.models or model in s.models)]
        return sorted(fitting, key=lambda s: not s.models)

    def all(self, language: str) -> Sequence[Solution]:
        """Every solution in the order of the file."""
        return self._solutions.get(language) or self._solutions[FALLBACK]

    def named(self, slug: str, language: str) -> Solution | None:
        return next((s for s in self.all(language) if s.slug == slug), None)

    def search(
        self, asked: str, language: str, categories: Collection[str] = (), model: str | None = None
    ) -> Sequence[Solution]:
        """What fits the words, best first, also with a slip of the finger; `categories` are what the words were judged
        to be about. Solutions for other models than this come last."""
        words = [word for word in WORD.findall(fold(asked)) if len(word) > 2][:12]
        scored = [(_score(s, words, categories), s) for s in self.all(language)]
        scored.sort(key=lambda one: (bool(one[1].models) and model not in one[1].models, -one[0]))
        return [s for score, s in scored if score > 0]


def _score(solution: Solution, words: Sequence[str], categories: Collection[str]) -> float:
    weighed = ((TITLE, solution.title), (WORDS, " ".join(solution.words)), (STEPS, " ".join(solution.steps)))
    score = CATEGORY if solution.category in categories else 0.0
    for weight, text in weighed:
        said = set(WORD.findall(fold(text)))
        score += sum(weight for word in words if any(_same(word, one) for one in said))
    return score


def _same(word: str, other: str) -> bool:
    """Whether two folded words are one: a beginning of three letters or more, or nearly the same letters."""
    if other.startswith(word) or (len(other) > 3 and word.startswith(other)):
        return True
    return min(len(word), len(other)) > 4 and fuzz.ratio(word, other) >= LIKE


@lru_cache(maxsize=len(CUSTOMERS))
def _read(text: str) -> tuple[Solution, ...]:
    table = tomllib.loads(text)
    return tuple(_solution(slug, row) for slug, row in table.items())


def _solution(slug: str, row: dict[str, object]) -> Solution:
    def texts(name: str) -> tuple[str, ...]:
        given = row.get(name, [])
        return tuple(map(str, given)) if isinstance(given, list) else ()

    steps, pictures = texts("steps"), texts("pictures")
    if not steps or (pictures and len(pictures) != len(steps)):
        raise ValueError(f"the solution {slug} needs steps, and as many pictures as steps or none")
    return Solution(
        slug=slug,
        category=str(row["category"]),
        title=str(row["title"]),
        steps=steps,
        models=texts("models"),
        pictures=pictures,
        words=texts("words"),
    )
