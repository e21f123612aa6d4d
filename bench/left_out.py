"""The sets of reports in tests/data, each read by what all other examples teach.

Those of mixed.tsv are of every category, as they come; those of the other files tell of danger or only sound like it.
Few who call say one thing alone, so `beside` tells each danger in one breath with something harmless of its set.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from routing.rules import Rules, load_rules
from routing.values import Category, Said

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "data"
_CATEGORIES = frozenset(Category)
_SHORT = 250  # letters
_NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)


class Row(NamedTuple):
    """A report, whether it tells of danger, its category where that is known, and the language it is labelled with."""

    danger: bool
    category: str | None
    language: str
    said: Said


def sets_of(name: str) -> Iterator[tuple[str, Rules, list[Row]]]:
    """The sets of a file of tests/data, by name: rules that have not learnt its sentences, and its reports."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for line in (DATA / name).read_text("utf-8").splitlines():
        if line and line[0] != "#":
            of, told, language, channel, text = line.split("\t", 4)
            said = Said(channel=channel, at=_NOON, text=text)
            category = told if told in _CATEGORIES else None
            found[of].append(Row(told in ("yes", Category.SAFETY), category, language, said))
    for of in sorted(found):
        yield of, _without({_plain(row.said.text) for row in found[of]}), found[of]


def beside(rows: Sequence[Row]) -> list[Row]:
    """Of a set, each danger and as many of the others, every one with a short harmless report of its language before or
    after it."""
    dangers = [row for row in rows if row.danger]
    short = [row for row in rows if not row.danger and len(row.said.text) <= _SHORT]
    found: list[Row] = []
    for nth, row in enumerate(dangers + short[: len(dangers)]):
        others = [other for other in short if other.language == row.language and other is not row]
        if others:
            parts = [row.said.text, others[nth % len(others)].said.text]
            text = " ".join(parts if nth % 2 else reversed(parts))
            found.append(row._replace(category=None, said=replace(row.said, text=text)))
    return found


def _without(sentences: set[str]) -> Rules:
    rules = load_rules()
    kept = {
        language: {category: [s for s in told if _plain(s) not in sentences] for category, told in table.items()}
        for language, table in rules.lessons.sentences.items()
    }
    return replace(rules, lessons=replace(rules.lessons, sentences=kept, written=""))


def _plain(sentence: str) -> str:
    return sentence.replace("\\", "").replace('"', "'").strip()
