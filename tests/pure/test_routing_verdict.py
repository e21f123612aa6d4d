"""Whether danger is meant, all signs weighed together: routing/verdict.py and its file of weights."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.prompts import LANGUAGES, read_catalogues
from routing.directory import read_directory
from routing.examples import NOTHING
from routing.facts import read_facts
from routing.rules import RulesError, load_rules
from routing.tables import read_table
from routing.values import Category, Said
from routing.verdict import SIGNS, Verdict, parse_verdict, signs_of

DIRECTORY = read_directory(Path(__file__).parents[2] / "demo")
NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)
NUMBERS = st.floats(-1e6, 1e6)


def facts_of(text: str):
    return read_facts(Said(channel="phone", at=NOON, text=text), DIRECTORY, load_rules())


def without(table: dict[str, Any]) -> None:
    del table["weights"]


def unknown_sign(table: dict[str, Any]) -> None:
    table["weights"]["moon"] = 1.0


def words_as_weight(table: dict[str, Any]) -> None:
    table["weights"]["around"] = "much"


def certain(table: dict[str, Any]) -> None:
    table["limit"] = 1.0


def stray_key(table: dict[str, Any]) -> None:
    table["floor"] = 0.1


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (without, "weights wants a number for each of"),
        (unknown_sign, "weights wants a number for each of"),
        (words_as_weight, "a weight is a number"),
        (certain, "limit is a probability"),
        (stray_key, "unknown key floor"),
    ],
)
def test_what_is_wrong_with_the_weights_is_told(spoil: Callable[[dict[str, Any]], None], told: str):
    table = read_table("verdict.toml")
    spoil(table)
    faults: list[str] = []
    parse_verdict(table, faults)
    assert len(faults) == 1
    assert told in faults[0]


def test_wrong_weights_are_refused_with_all_other_rules(tmp_path: Path):
    (tmp_path / "verdict.toml").write_text("limit = 2\n")
    with pytest.raises(RulesError, match=r"verdict\.toml"):
        load_rules(tmp_path)


@given(st.dictionaries(st.sampled_from(SIGNS), NUMBERS), NUMBERS)
def test_a_verdict_is_a_probability_whatever_the_signs(signs: dict[str, float], weight: float):
    assert 0.0 <= Verdict(dict.fromkeys(SIGNS, weight), 0.5).sure(signs) <= 1.0


def test_the_signs_are_those_that_have_weights():
    like = NOTHING._replace(categories={category: 0.1 for category in Category if category is not Category.SAFETY})
    assert set(signs_of(("fire", "smoke"), 0.1, like, 3)) == set(SIGNS)
    assert set(signs_of((), 0.0, NOTHING, 0)) <= set(SIGNS)


@pytest.mark.parametrize("name", ["listed", "around", "whole", "part"])
def test_the_liker_to_danger_the_surer(name: str):
    verdict = load_rules().verdict
    assert verdict.weights[name] > 0
    assert verdict.sure({"always": 1.0, name: 0.3}) > verdict.sure({"always": 1.0, name: 0.0})


def test_a_word_of_danger_counts_by_what_stands_around_it_and_not_by_what_else_is_told():
    fire = "elbil brinner vid laddarna plan 3"
    assert "fire" in facts_of(f"Jag vill ha ett kvitto för laddningen i tisdags, den kostade 214 kronor. {fire}").danger
    feast = facts_of(
        "Grillen är tänd och elden tar sig, ta med korv och bröd till laddplatsen klockan fem så ses vi där"
    )
    assert feast.danger == ()
    assert feast.only_words == ("fire",)
    assert feast.alike is None


def test_few_words_and_other_trades_have_to_be_plainly_like_danger():
    for text in ("hallå hallå", "Jag står här nu", "would you stop talking please", "what ingredients do i need"):
        assert facts_of(text).alike is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_calls_report_says_by_itself_is_danger_only_where_that_was_chosen(language: str):
    said = {name: text for name, text in read_catalogues()[language].items() if name.startswith(("chose_", "report_"))}
    assert len(said) > 20
    found = {name: facts_of(text) for name, text in said.items()}
    assert {name for name, facts in found.items() if facts.danger or facts.alike} == {"chose_danger"}


def test_who_pleads_for_a_cable_to_be_let_go_is_in_no_danger():
    text = "The cable is stuck in my car at charger 22809 and I cannot leave, please help me"
    assert facts_of(text).alike is None
