"""What people tell leads to fault codes in six languages; danger forbids every act from afar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from routing.facts import read_meant
from routing.supposing import SHOWN, Safety, Supposed, suppose
from routing.values import Category, Said
from tests.fakes.desk import directory, rules

NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)


def told(category: str, *texts: str) -> Supposed:
    said = [Said(channel="form", at=NOON, text=text) for text in texts]
    return suppose(rules(), Category(category), [read_meant(one, directory(), rules()) for one in said])


def codes(found: Supposed) -> list[str]:
    return [one.code.code for one in found.hypotheses]


@pytest.mark.parametrize(
    ("category", "first", "texts"),
    [
        (
            "cable_stuck",
            "ConnectorLockFailure",
            {
                "sv": "Kabeln sitter fast i bilen och släpper inte",
                "en": "The cable is stuck in my car",
                "no": "Kontakten sitter fast og vil ikke slippe ut av bilen",
                "da": "Kablet sidder fast i bilen og vil ikke løsne",
                "fi": "Kaapeli on jumissa autossa eikä irtoa laturista",
                "de": "Das Kabel steckt fest und lässt sich nicht aus dem Auto ziehen",
            },
        ),
        (
            "safety",
            "GroundFailure",
            {
                "sv": "Jag fick en stöt av laddaren",
                "en": "I got an electric shock from the charger",
                "no": "Jeg fikk støt av laderen",
                "da": "Jeg fik stød af laderen",
                "fi": "Sain sähköiskun laturista",
                "de": "Ich habe einen Stromschlag von der Ladesäule bekommen",
            },
        ),
        (
            "interrupted",
            "OverCurrentFailure",
            {
                "sv": "Laddningen avbryts efter tio minuter",
                "en": "The session stops after ten minutes",
                "no": "Ladingen stopper etter ti minutter",
                "da": "Ladningen stopper efter ti minutter",
                "fi": "Lataus keskeytyy kymmenen minuutin jälkeen",
                "de": "Der Ladevorgang bricht nach zehn Minuten ab",
            },
        ),
        (
            "access",
            "LocalListConflict",
            {
                "sv": "Min tagg nekas på laddaren",
                "en": "My tag is rejected by the charger",
                "no": "Brikken min blir avvist",
                "da": "Min brik bliver afvist",
                "fi": "Tunnistetta ei hyväksytä",
                "de": "Mein Chip wird abgelehnt",
            },
        ),
        (
            "offline",
            "CX015",
            {
                "sv": "Laddaren är helt död, inga lampor lyser",
                "en": "The charger is completely dead",
                "no": "Laderen er helt død",
                "da": "Laderen er helt død",
                "fi": "Laturi on pimeänä",
                "de": "Die Ladesäule ist tot, keine Lampe leuchtet",
            },
        ),
    ],
)
def test_n9_one_symptom_leads_to_one_code_in_six_languages(category: str, first: str, texts: dict[str, str]) -> None:
    for language, text in texts.items():
        found = told(category, text)
        assert codes(found)[:1] == [first], language
        assert found.hypotheses[0].words, language
        assert len(found.hypotheses) <= SHOWN


@pytest.mark.parametrize(
    ("category", "text", "first"),
    [
        ("cable_stuck", "The cable is stuck in my car and the charger is completely dead", "CX015"),
        ("no_start", "Laddningen startar inte, den väntar på bilen", "EVCommunicationError"),
        ("payment", "I was charged for 20 kWh but got nothing", "PowerMeterFailure"),
        ("slow", "Die Ladung ist sehr langsam", "CX003"),
        ("damage", "Any of the latches is broken off the connector", "CX025"),
    ],
)
def test_n9_more_words_tell_more(category: str, text: str, first: str) -> None:
    assert codes(told(category, text))[:1] == [first]


@pytest.mark.parametrize(
    ("category", "text", "code"),
    [
        ("safety", "It smells burnt, the plug has melted and it will not start", "HighTemperature"),
        ("safety", "Laturista tulee savua ja lataus ei käynnisty", "HighTemperature"),
        ("safety", "Der er vand inde i laderen, og den vil ikke starte", "GroundFailure"),
        ("damage", "Någon har klippt av kabeln på laddaren, den startar inte", "CX026"),
        ("damage", "Jemand hat das Kabel abgeschnitten, es startet nicht", "CX026"),
        ("damage", "Somebody reversed into the charger and now it will not start", "GroundFailure"),
        ("no_start", "It will not start, and I got a shock from the plug", "GroundFailure"),
    ],
)
def test_n9_danger_forbids_every_act_and_hides_what_is_no_danger(category: str, text: str, code: str) -> None:
    found = told(category, text)
    assert found.danger
    assert codes(found)[0] == code
    assert all(one.safety is Safety.IMMEDIATE and not one.code.remote for one in found.hypotheses)


def test_n9_what_is_denied_or_a_figure_of_speech_is_no_danger() -> None:
    for text in ("There is no smoke but it won't start", "The prices are shocking and it won't start"):
        found = told("no_start", text)
        assert not found.danger
        assert codes(found)[0] == "EVCommunicationError"
        assert found.hypotheses[0].words == ("wont start",)
        assert found.hypotheses[0].safety is Safety.FROM_AFAR


def test_n9_charging_that_is_cut_off_is_no_cable_that_is() -> None:
    found = told("interrupted", "The charging is cut off after ten minutes, with the cable still in")
    assert not found.danger
    assert "CX026" not in codes(found)


def test_n9_words_of_a_crash_in_a_letter_about_money_are_no_danger() -> None:
    assert not told("payment", "I ran into the charger costs twice, and paid 60 kr too much").danger
    assert told("damage", "Hit by a trailer, the housing is cracked, the screen is fine").danger


def test_n9_a_whole_site_that_is_out_is_its_mains_or_its_connection() -> None:
    assert codes(told("offline", "All the chargers are dead"))[:2] == ["CX015", "WeakSignal"]


@pytest.mark.parametrize("category", list(Category))
def test_n9_where_no_word_says_more_the_category_speaks_alone(category: Category) -> None:
    found = told(category, "hm")
    alone = next(one for one in rules().symptoms if one.category is category and not one.all)
    assert codes(found) == list(alone.codes)
    assert all(one.words == () for one in found.hypotheses)
    assert found.danger is (category is Category.SAFETY)


def test_n9_reports_of_one_case_are_read_together() -> None:
    found = told("no_start", "It will not start", "Det kommer rök ur laddaren")
    assert found.danger
    assert codes(found)[0] == "HighTemperature"
    assert told("no_start").hypotheses[0].words == ()


def test_n9_somebody_looks_first_where_nothing_is_safe_from_afar() -> None:
    by_code = {one.code.code: one for one in told("slow", "Laddningen är långsam").hypotheses}
    assert by_code["CX003"].safety is Safety.ON_SITE
    assert by_code["UnderVoltage"].safety is Safety.FROM_AFAR


def test_n9_every_code_and_category_of_the_table_is_one_of_ours() -> None:
    table, known = rules().symptoms, rules().alarms.codes
    assert {code for one in table for code in one.codes} <= known.keys()
    assert {one.category for one in table} == set(Category)
    assert all(not known[code].remote for one in table if one.danger for code in one.codes)


def test_n9_the_table_is_the_rules_and_not_the_code() -> None:
    changed = replace(rules(), symptoms=tuple(one for one in rules().symptoms if not one.all))
    said = read_meant(Said(channel="form", at=NOON, text="The cable is stuck"), directory(), changed)
    assert suppose(changed, Category.CABLE_STUCK, [said]).hypotheses[0].words == ()
