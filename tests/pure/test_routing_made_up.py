"""Made-up reports of all categories and six languages, many of them about understated or figurative danger.

They keep what judgement has learnt; they are no measure of what it makes of other people's words.
"""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from routing.directory import read_directory
from routing.facts import read_facts
from routing.judge import judge
from routing.rules import load_rules
from routing.values import History, Judgement, Said

REPORTS = Path(__file__).parents[1] / "data" / "made_up_reports.tsv"
DEMO = Path(__file__).parents[2] / "demo"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def judged() -> list[tuple[str, str, str, Judgement]]:
    """(category, language, text, judgement) of every report."""
    directory, rules = read_directory(DEMO), load_rules()
    with REPORTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    told = []
    for category, language, channel, text in rows:
        said = Said(channel=channel, at=AT, text=text)
        told.append(
            (category, language, text, judge(said, read_facts(said, directory, rules), History(), directory, rules))
        )
    return told


def test_no_danger_is_missed(judged: list[tuple[str, str, str, Judgement]]) -> None:
    assert [text for category, _, text, found in judged if category == "safety" and found.priority != "P1"] == []


def test_few_are_alarmed_for_nothing(judged: list[tuple[str, str, str, Judgement]]) -> None:
    false = [text for category, _, text, found in judged if found.priority == "P1" and category != "safety"]
    assert len(false) <= 2, false


def test_the_category_is_mostly_right(judged: list[tuple[str, str, str, Judgement]]) -> None:
    wrong = [(category, found.category, text) for category, _, text, found in judged if found.category != category]
    assert len(wrong) <= 0.05 * len(judged), wrong


def test_the_language_is_right(judged: list[tuple[str, str, str, Judgement]]) -> None:
    assert [text for _, language, text, found in judged if found.language != language] == []
