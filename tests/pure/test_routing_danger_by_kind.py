"""Dangers by kind (threats, somebody shut in, despair, gas, a battery that runs away, …) told obliquely, and for each
kind what only sounds like it, in six languages.

They keep what judgement has learnt; they are no measure of what it makes of other people's words.
"""

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from routing.directory import read_directory
from routing.facts import Facts, read_facts, read_meant
from routing.judge import judge
from routing.rules import load_rules
from routing.values import History, Judgement, Priority, Said
from routing.words import leaves_out_accents, split

REPORTS = Path(__file__).parents[1] / "data" / "danger_by_kind.tsv"
DEMO = Path(__file__).parents[2] / "demo"
NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)
ROWS = [line.split("\t", 4) for line in REPORTS.read_text("utf-8").splitlines() if line and line[0] != "#"]
DIRECTORY, RULES = read_directory(DEMO), load_rules()
LEFT_IN_PEACE = 0.95
LEFT_IN_PEACE_IN_EACH = 0.9


def facts(text: str, channel: str = "email") -> Facts:
    return read_facts(Said(channel=channel, at=NOON, text=text), DIRECTORY, RULES)


def judged(text: str, channel: str = "email") -> Judgement:
    said = Said(channel=channel, at=NOON, text=text)
    return judge(said, read_facts(said, DIRECTORY, RULES), History(), DIRECTORY, RULES)


@pytest.mark.parametrize("kind", sorted({row[0] for row in ROWS}))
def test_no_danger_of_a_kind_is_missed(kind: str):
    mine = [(channel, text) for k, danger, _, channel, text in ROWS if k == kind and danger == "yes"]
    assert len(mine) >= 5
    assert [text for channel, text in mine if judged(text, channel).priority is not Priority.P1] == []


def test_what_only_sounds_like_danger_is_left_in_peace():
    asked: defaultdict[str, list[bool]] = defaultdict(list)
    for _, danger, language, channel, text in ROWS:
        if danger == "no":
            asked[language].append(judged(text, channel).priority is not Priority.P1)
    assert len(asked) == 6
    assert all(sum(right) >= LEFT_IN_PEACE_IN_EACH * len(right) for right in asked.values())
    assert sum(map(sum, asked.values())) >= LEFT_IN_PEACE * sum(map(len, asked.values()))


@pytest.mark.parametrize(
    "text",
    [
        "jag har skrivit ett avskedsbrev och lagt det på sätet",
        "min vän säger att hon vill ta livet av sig",
        "I do not want to live any more",
        "he has just swallowed all his pills",
        "han sier at han vil ta livet av seg",
        "hun har taget alle pillerne",
        "en halua enää elää",
        "er will nicht mehr leben",
    ],
)
def test_who_wants_to_die_is_in_danger_whatever_else_is_said(text: str):
    assert "despair" in facts(text).danger
    assert judged(text).priority is Priority.P1


@pytest.mark.parametrize(
    "text",
    [
        "Jag orkar inte mer med era fakturor, tredje felet i rad.",
        "appen tar livet av mig, den hänger sig jämt",
        "I can't live with these prices",
        "kill my subscription please",
    ],
)
def test_who_is_tired_of_bills_does_not_want_to_die(text: str):
    assert "despair" not in facts(text).danger


def test_a_plain_word_is_no_other_word_without_its_accent_where_the_text_has_accents():
    """ "stod" is stood; only who writes no accents at all may mean "stød"."""
    assert "shock" not in facts("Kælderen stod længe tom, men er åbnet for gæster igen").danger
    assert "shock" in facts("jeg fik stod af laderen i kaelderen da jeg tog i den").danger


def test_accents_are_taken_for_left_out_only_in_a_text_without_any():
    assert leaves_out_accents(split("jag fick en stot av laddaren"))
    assert leaves_out_accents(split("Malmö: laddaren ar trasig"))
    assert not leaves_out_accents(split("Jag står vid laddaren på torget, här är det mörkt"))


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Får man en stöt? Jag undrar bara.", {3}),
        ("What if it burns?! Tell me", {3}),
        ("Hur stor är en Q R? Och A B B?", {4, 6}),
        ("Ingen fråga alls.", set()),
        ("?", set()),
    ],
)
def test_words_before_a_question_mark_are_known(text: str, asked: set[int]):
    words = split(text)
    assert words.asked == asked
    assert all(at < len(words) for at in words.asked)


@pytest.mark.parametrize(
    "text",
    [
        "Vi vill ha påkörningsskydd framför laddarna på Storgatan.",
        "Vi ønsker påkjørselsvern foran laderne.",
        "Vi vil gerne have påkørselsværn foran laderne.",
        "Haluamme törmäyssuojat latureiden eteen.",
        "Please fit crash barriers in front of the chargers.",
        "appen krasjet midt i ladingen",
    ],
)
def test_what_keeps_cars_off_is_no_crash(text: str):
    assert "crashed" not in concepts(text)


@pytest.mark.parametrize(
    ("text", "fee"),
    [
        ("The other chargers are fine and the app works fine, only number four is dead", False),
        ("everything was fine until Tuesday", False),
        ("I got a parking fine while charging", True),
        ("Why did I get a fine of 500 kronor?", True),
        ("you fined me for nothing", True),
    ],
)
def test_fine_is_a_fee_only_where_somebody_is_to_pay(text: str, fee: bool):
    assert ("fee" in concepts(text)) is fee


def concepts(text: str) -> set[str]:
    return set(read_meant(Said(channel="email", at=NOON, text=text), DIRECTORY, RULES).concepts)


def test_a_garage_is_no_shock_in_finnish():
    assert "shock" not in concepts("uusi laturi tulee talliin") | concepts("autotalli ja talli ovat lukossa")
    assert "shock" in concepts("laturista tuli pieni tälli käteen")


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("telefonen är en sån som man fäller ihop så jag kan inte fota rutan på laddaren", False),
        ("en man faller ihop vid laddaren", True),
        ("alla står med andan i halsen för laddarna på kontoret har ingen ström", False),
        ("kabeln hänger så att barnen kan få den runt halsen", True),
        ("beim Einstecken hat es an der Säule kurz bläulich aufgeblitzt", True),
        ("somebody left the car plugged in since the sparkling wine came out at the wedding", False),
        ("jeg har en frist som brenner og trenger kvittering for ladingen", False),
        ("det brenner i laderen", True),
    ],
)
def test_a_word_is_taken_for_danger_only_where_it_means_it(text: str, danger: bool):
    assert (judged(text, "phone").priority is Priority.P1) is danger
