"""Replies that are sent often: files that support people write, one TOML file a language in `gateway/content/replies/`.

Every language has the same replies with the same placeholders, or reading them raises ValueError at start. What is not
known stands as a gap to fill in, which is not sent: nobody reads "Hello None".
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "content" / "replies"
PLACES = frozenset({"name", "charger", "site", "due", "case", "agent"})
FALLBACK = "en"
GAP = "[…]"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with its placeholders; `categories` are those it fits best."""

    slug: str
    title: str
    text: str
    categories: tuple[str, ...] = ()

    def filled(self, facts: Mapping[str, str | None]) -> str:
        """The words as they would be sent."""
        given = {name: facts.get(name) or GAP for name in PLACES}
        return self.text.format_map(given).strip()


def fitting(category: str, language: str) -> Sequence[Reply]:
    """All replies in a language, the ones for the category first; English where the language has no file."""
    books = read_replies()
    return sorted(books.get(language) or books[FALLBACK], key=lambda reply: category not in reply.categories)


@cache
def read_replies(folder: Path = FOLDER) -> Mapping[str, Sequence[Reply]]:
    """Every language's replies in the order of its file. Raises ValueError when the files do not say the same."""
    books = {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}
    shapes = {language: {reply.slug: _places(reply.text) for reply in book} for language, book in books.items()}
    for language, shape in shapes.items():
        if shape != shapes[FALLBACK]:
            raise ValueError(f"replies/{language}.toml: not the same replies and placeholders as {FALLBACK}.toml")
    return books


def _read(path: Path) -> tuple[Reply, ...]:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    book = tuple(
        Reply(slug, row["title"], row["text"], tuple(row.get("categories", ()))) for slug, row in table.items()
    )
    for reply in book:
        if not _places(reply.text) <= PLACES:
            raise ValueError(f"replies/{path.name}: {reply.slug}: unknown placeholder")
    return book


def _places(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)
