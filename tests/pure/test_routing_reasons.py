"""Every reason that the code can give has its sentence in Swedish and English, and its figures fit."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

import routing
from gateway.languages import catalogue, words
from routing.danger import DANGERS
from routing.values import Reason, Verdict
from tests.fakes.desk import DEMO, Desk, rules, said_of

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
SOURCE = Path(routing.__file__).parent
TRADED = {f"match_{v}" for v in Verdict} | {f"relaxed_{w}" for w in ("language", "skills", "region", "line")}


def given_in_code() -> dict[str, set[str]]:
    """Reason codes as the code writes them, with the names of their data where they are written out beside."""
    found: dict[str, set[str]] = {}
    for path in [*SOURCE.glob("*.py"), *(SOURCE.parent / "gateway").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            at = {"Reason": 0, "add": 1}.get(name, -1)
            if at < 0 or len(node.args) <= at or (name == "add" and path.name not in ("duplicates.py", "evidence.py")):
                continue
            code = node.args[at]
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                data = node.args[at + 1] if len(node.args) > at + 1 else None
                keys = (
                    {k.value for k in data.keys if isinstance(k, ast.Constant)} if isinstance(data, ast.Dict) else set()
                )
                found.setdefault(code.value, set()).update(map(str, keys))
    return found


CODES = given_in_code()


def test_the_code_gives_reasons():
    assert len(CODES) > 50
    assert {"charger_said", "p1_danger", "same_charger", "queue_rule"} <= set(CODES)


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("code", sorted({*CODES, *TRADED, *(f"fault_{c}" for c in rules().alarms.codes)}))
def test_every_reason_has_its_sentence(code: str, language: str):
    assert catalogue(language).messages.get(code), f"{code} has no {language} sentence"


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("code", sorted({*CODES, *TRADED}))
def test_a_weight_is_left_out_where_people_read(code: str, language: str):
    data = {"category": "cable_stuck", "language": "sv", "score": 52.4, "share": 0.97, "limit": 0.8}
    told = words(Reason(code, data), language, plain=True)
    assert not {"52.4", "0.97", "0.8"} & set(re.findall(r"[\d.]+", told))
    if code == "category_words":
        assert (
            told == {"en": "the words tell of: Cable is stuck", "sv": "orden berättar om: Kabeln sitter fast"}[language]
        )
        assert "52.4" in words(Reason(code, data), language)


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_placeholders_fit(code: str):
    wanted = [set(PLACEHOLDER.findall(catalogue(language).messages[code][0])) for language in ("en", "sv")]
    assert wanted[0] == wanted[1]
    if CODES[code]:
        assert wanted[0] <= CODES[code]


@pytest.mark.parametrize("danger", sorted(DANGERS))
def test_every_danger_has_its_word(danger: str):
    for language in ("en", "sv"):
        assert danger not in words(Reason("danger_words", {"danger": danger}), language).split() or language == "en"
        assert f"danger.{danger}" in catalogue(language).messages


@pytest.mark.parametrize("sense", tomllib.loads((SOURCE / "senses.toml").read_text("utf-8")))
def test_every_sense_that_danger_is_learnt_from_has_its_word(sense: str):
    for language in ("en", "sv"):
        assert f"sense.{sense}" in catalogue(language).messages


@pytest.mark.parametrize("rule", [rule.name for rule in rules().queue_rules])
def test_every_shipped_rule_of_queues_is_named_in_the_language_of_the_page(rule: str):
    for language in ("en", "sv"):
        assert f"rule.{rule}" in catalogue(language).messages
    assert f"”{rule}”" not in words(Reason("queue_rule", {"queue": "helpdesk", "rule": rule}), "sv")
    own = words(Reason("queue_rule", {"queue": "helpdesk", "rule": "our own rule"}), "sv")
    assert own == "kö Helpdesk enligt regeln ”our own rule”"


@pytest.mark.parametrize("language", ["en", "sv"])
def test_real_decisions_are_told_without_a_hole(language: str):
    import json

    desk = Desk()
    for line in (DEMO / "reports.jsonl").read_text("utf-8").splitlines()[:80]:
        outcome = desk.take(said_of(json.loads(line)))
        reasons = [r for topic in outcome.judgement.reasons.values() for r in topic]
        for reason in [*reasons, *outcome.match.reasons]:
            sentence = words(reason, language)
            assert "%(" not in sentence
            assert sentence != reason.code
