"""What a call told, as a report: what was said at any question is judged as it was said, whatever stands around it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.phone_report import DROPPED, TROUBLE, report_of, unfinished
from channels.report import ANSWER
from gateway.intake import said_of
from ivr.engine import CallState
from ivr.prompts import Phrases, read_catalogues
from ivr.vocabulary import FAULT
from routing.directory import read_directory
from routing.facts import read_facts
from routing.judge import judge
from routing.rules import load_rules
from routing.values import Category, History, Judgement, Priority, Said

NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)
PHRASES = Phrases(read_catalogues())
DIRECTORY, RULES = read_directory(Path(__file__).parents[2] / "demo"), load_rules()
NEW = {"heard_how": "spoken"}  # said, and not yet looked up
SITE = {"site": "s001", "site_name": "BRF Solrosen", "confirmed": "yes"}


@pytest.fixture(scope="module")
def dangers() -> list[tuple[str, str]]:
    """(language, text) of what is said on the phone and known to be danger."""
    return [
        (language, text)
        for name in ("danger", "danger_by_kind")
        for line in (Path(__file__).parents[1] / "data" / f"{name}.tsv").read_text("utf-8").splitlines()
        for _, danger, language, channel, text in [line.split("\t", 4)]
        if (danger, channel) == ("yes", "phone")
        if read_facts(Said("phone", NOON, text, language=language), DIRECTORY, RULES).danger
    ]


def judged(language: str, facts: dict[str, str], flags: tuple[str, ...] = ()) -> Judgement:
    said = said_of(report_of("CA1", CallState("what", language, facts), NOON, PHRASES, flags))
    return judge(said, read_facts(said, DIRECTORY, RULES), History(), DIRECTORY, RULES)


@pytest.mark.parametrize(
    ("fact", "around", "flags"),
    [
        ("heard", NEW, (DROPPED,)),
        ("heard", NEW | {"category": FAULT}, ()),
        ("heard", NEW | {"category": FAULT}, (DROPPED,)),
        ("heard", NEW, (TROUBLE,)),
        ("place_said", SITE | {"category": FAULT}, ()),
    ],
)
def test_danger_that_was_said_where_a_place_was_asked_for_stays_danger_in_the_report(
    fact: str, around: dict[str, str], flags: tuple[str, ...], dangers: list[tuple[str, str]]
) -> None:
    assert len(dangers) > 150
    missed = [
        text
        for language, text in dangers
        if judged(language, {**around, fact: text}, flags).priority is not Priority.P1
    ]
    assert missed == []


@pytest.mark.parametrize("category", [str(one) for one in Category if one is not Category.SAFETY])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_what_was_keyed_alone_is_judged_as_keyed_whatever_our_sentences_say_of_it(category: str, language: str) -> None:
    judgement = judged(language, {"category": category, "restarted": "yes"}, (DROPPED,))
    assert (judgement.category, judgement.language) == (category, language)
    assert (judgement.priority is Priority.P2) == (category == "cable_stuck")


AT_A_CHARGER = {"heard": "21007", "heard_how": "keyed", "candidate": "21007", "confirmed": "yes"}


@pytest.mark.parametrize("told", [{}, AT_A_CHARGER, {"said": "Hej"}], ids=["nothing", "place", "little"])
def test_who_chose_trouble_with_a_charger_has_a_fault_even_if_nothing_else_is_known(told: dict[str, str]) -> None:
    for language in ("sv", "en"):
        judgement = judged(language, {**told, "category": FAULT})
        assert (judgement.category, judgement.priority) == (Category.OTHER, Priority.P3)
        assert [one.code for one in judgement.reasons["priority"]] == ["p3_fault_chosen"]
        assert judged(language, told).priority is Priority.P4


def test_who_chose_trouble_with_a_charger_is_judged_by_what_they_said_of_it() -> None:
    said = {"said": "Kabeln sitter fast i bilen", "category": FAULT}
    assert judged("sv", said).category is Category.CABLE_STUCK
    assert judged("sv", said | {"said": "Jag undrar vad det kostar att ladda"}).priority is Priority.P4
    report = report_of("CA1", CallState("what", "sv", said), NOON, PHRASES)
    assert (report.category, report.faulty) == (None, True)
    assert "Det gäller ett fel på en laddare." in report.text


@pytest.mark.parametrize("said", ["Det sprakar", "Den är jättevarm"])
def test_whoever_chose_trouble_with_a_charger_speaks_of_chargers(said: str) -> None:
    assert judged("sv", {"said": said}).priority is not Priority.P1
    assert judged("sv", {"said": said, "category": FAULT}).priority is Priority.P1


def test_what_we_say_of_a_call_is_no_word_of_its_caller() -> None:
    facts = {
        "said": "Kabeln sitter",
        "danger": "yes",
        "category": "cable_stuck",
        "candidate": "21007",
        "confirmed": "yes",
    }
    report = report_of("CA1", CallState("what", "sv", facts), NOON, PHRASES, (DROPPED,))
    assert report.told == "Kabeln sitter"
    assert report.text.startswith("Kabeln sitter\n")


@pytest.mark.parametrize("confirmed", [{}, SITE])
def test_all_that_was_said_of_the_place_is_reported(confirmed: dict[str, str]) -> None:
    facts = {"place_said": "vid badhuset\nbakom ICA på Storgatan", "heard_how": "spoken", **confirmed}
    text = report_of("CA1", CallState("what", "sv", facts), NOON, PHRASES).text
    assert text.startswith("vid badhuset\nbakom ICA på Storgatan")
    assert ("Plats: BRF Solrosen." in text) == bool(confirmed)


def test_a_number_that_was_keyed_and_not_confirmed_is_labelled() -> None:
    facts = {"heard": "21007", "heard_how": "keyed"}
    assert "inte bekräftad: 21007." in report_of("CA1", CallState("what", "sv", facts), NOON, PHRASES).text
    assert judged("sv", facts).place.charger == "21007"


@pytest.mark.parametrize("refused", [{"heard": "21007", "heard_how": "keyed"}, {"place_said": "laddare 21007"}])
def test_a_place_that_the_caller_refused_is_not_the_place_of_their_case(refused: dict[str, str]) -> None:
    read_back = {"candidate": "21007", "site": "s001", "site_name": "BRF Solrosen", "confirmed": "no"}
    assert judged("sv", {**refused, **read_back, "category": "slow"}).place.chargers == ()


@pytest.mark.parametrize("told", [{}, {"heard": "99999", "heard_how": "keyed"}, {"place_said": "Åhamra hotell"}])
def test_who_calls_is_talked_to_whatever_was_understood(told: dict[str, str]) -> None:
    assert judged("sv", told).queue != "review"


@pytest.mark.parametrize("place", ["Gnistgatan i Umeå", "Solrosen", "BRF Solrosen", "Björkvägen 4", "Stationsgatan"])
def test_a_place_alone_tells_nothing_of_what_is_wrong_there(place: str) -> None:
    assert judged("sv", {"place_said": place}).category == "other"
    assert judged("sv", {"place_said": place, "said": "Kabeln sitter fast"}).category == "cable_stuck"


@pytest.mark.parametrize("language", ["en", "fi", "de", "no"])
@pytest.mark.parametrize("place", ["Stationsgatan Umeå", "Björkvägen Jönköping", "Stationsgatan i Umeå"])
def test_a_place_in_sweden_is_no_reason_to_answer_in_swedish(language: str, place: str) -> None:
    assert judged(language, {"place_said": place}).language == language


@pytest.mark.parametrize("told", [{"heard": "21007", "heard_how": "keyed"}, {"place_said": "Storgatan"}])
def test_who_heard_of_a_case_and_then_told_where_they_are_leaves_something_to_file(told: dict[str, str]) -> None:
    asked = {"status_text": "yes", "owner_text": "Antal öppna ärenden: 1."}
    assert not unfinished(CallState("owner_told", "sv", asked))
    assert unfinished(CallState("what", "sv", asked | told))


ASKED = {"status_text": "yes", "asks": "7", "asks_in": "1042.token"}


def test_a_yes_that_was_not_noted_is_left_to_file_as_an_answer() -> None:
    state = CallState("say_solved", "sv", {**ASKED, "solved": "yes"})
    assert unfinished(state)
    report = report_of("CA1", state, NOON, PHRASES, (DROPPED,))
    assert (report.flags, report.thread.token) == ((ANSWER, "solves:7"), "1042.token")
    assert report.text == "Den som ringer säger att ärendet är löst."


@pytest.mark.parametrize("told", [{"message": "RE1", "message_how": "9"}, {"said": "kabeln sitter fast"}])
@pytest.mark.parametrize("flag", [TROUBLE, DROPPED])
def test_who_says_yes_and_tells_more_is_heard_by_people_as_well(told: dict[str, str], flag: str) -> None:
    report = report_of("CA1", CallState("rescue", "en", {**ASKED, "solved": "yes", **told}), NOON, PHRASES, (flag,))
    assert report.thread.token is None
    assert ANSWER not in report.flags
    assert {flag, "solves:7"} <= set(report.flags)
    assert "The caller says that the case is solved." in report.text


@pytest.mark.parametrize(
    "facts", [ASKED, {"status_text": "yes", "asks_in": "1042.token", "solved": "yes"}, {"status_text": "yes"}]
)
def test_who_did_not_say_yes_or_whose_yes_is_noted_leaves_nothing(facts: dict[str, str]) -> None:
    assert not unfinished(CallState("status", "sv", facts))
