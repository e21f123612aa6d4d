"""The sets of reports in tests/data, each read by what all other examples teach.

Those of mixed.tsv are of every category, as they come; those of the other files tell of danger or only sound like it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from routing.rules import Rules, load_rules
from routing.values import Category, Said

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "data"
_CATEGORIES = frozenset(Category)
_NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)


class Row(NamedTuple):
    """A report, whether it tells of danger, and its category where that is known."""

    danger: bool
    category: str | None
    said: Said


def sets_of(name: str) -> Iterator[tuple[str, Rules, list[Row]]]:
    """The sets of a file of tests/data, by name: rules that have not learnt its sentences, and its reports."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for line in (DATA / name).read_text("utf-8").splitlines():
        if line and line[0] != "#":
            of, told, _, channel, text = line.split("\t", 4)
            said = Said(channel=channel, at=_NOON, text=text)
            found[of].append(Row(told in ("yes", Category.SAFETY), told if told in _CATEGORIES else None, said))
    for of in sorted(found):
        yield of, _without({_plain(row.said.text) for row in found[of]}), found[of]


def _without(sentences: set[str]) -> Rules:
    rules = load_rules()
    kept = {
        language: {category: [s for s in told if _plain(s) not in sentences] for category, told in table.items()}
        for language, table in rules.lessons.sentences.items()
    }
    return replace(rules, lessons=replace(rules.lessons, sentences=kept))


def _plain(sentence: str) -> str:
    return sentence.replace("\\", "").replace('"', "'").strip()
