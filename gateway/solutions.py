"""Standard solutions: what often helps, kept as files that support people write.

One TOML file a language in `gateway/content/solutions/`; every solution has a slug, a category, a title and steps
that can be read aloud. All files hold the same slugs, or loading raises ValueError at start.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from channels.report import Solution

FOLDER = Path(__file__).parent / "content" / "solutions"
FALLBACK = "en"


class SolutionFiles:
    """`Solutions` over the files of a folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._solutions = {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}
        slugs = {language: [s.slug for s in found] for language, found in self._solutions.items()}
        if len({tuple(sorted(s)) for s in slugs.values()}) != 1:
            raise ValueError(f"the solution files differ in their slugs: {slugs}")

    def find(self, category: str, language: str, model: str | None = None) -> Sequence[Solution]:
        """Those of the category, the ones for this model first; English where the language has no file."""
        found = self._solutions.get(language) or self._solutions[FALLBACK]
        fitting = [s for s in found if s.category == category and (not s.models or model in s.models)]
        return sorted(fitting, key=lambda s: not s.models)

    def all(self, language: str) -> Sequence[Solution]:
        """Every solution in the order of the file."""
        return self._solutions.get(language) or self._solutions[FALLBACK]


def _read(path: Path) -> tuple[Solution, ...]:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Solution(
            slug=slug,
            category=row["category"],
            title=row["title"],
            steps=tuple(row["steps"]),
            models=tuple(row.get("models", ())),
        )
        for slug, row in table.items()
    )
