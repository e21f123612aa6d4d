"""A danger that only the name of a street or of a place holds is none; one that is told there is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from routing.facts import read_facts
from routing.streets import street_words
from routing.values import Said
from routing.words import split
from tests.fakes.desk import directory, rules

NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)


def danger(language: str, text: str) -> tuple[str, ...]:
    return read_facts(Said("phone", NOON, text, language=language), directory(), rules()).danger


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("sv", "Gnistgatan 4"),
        ("sv", "laddaren vid brandstationen startar inte"),
        ("en", "Fire Station Road"),
        ("en", "It's at Sparks Street 12 in Leeds"),
        ("en", "Burning Bush Lane"),
        ("de", "Blitzstraße 3"),
        ("no", "ved brannstasjonen"),
        ("da", "ved brandstationen"),
        ("fi", "paloaseman vieressä"),
    ],
)
def test_a_name_is_no_danger(language: str, text: str) -> None:
    assert danger(language, text) == ()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("sv", "det brinner på Brandstationsgatan"),
        ("sv", "det gnistrar ur laddaren på Gnistgatan"),
        ("en", "it is burning at Fire Station Road"),
        ("en", "the car is on fire road is closed"),
        ("en", "fire in the street"),
        ("en", "fire close"),
        ("de", "es brennt in der Blitzstraße"),
    ],
)
def test_what_is_told_of_a_street_is(language: str, text: str) -> None:
    assert danger(language, text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("vid Storgatan 4 och Rosenvägen", ["storgatan", "rosenvagen"]),
        ("laddaren står i vägen", []),
        ("kåpan är avfallen", []),
        ("I'm at Old Mill Road. The cable is stuck on the road", ["old", "mill", "road"]),
        ("the street is dark", []),
        ("Hauptstraße 3, Musterweg", ["hauptstrasse", "musterweg"]),
        ("Mannerheimintiellä ja Kaivokadulla", ["mannerheimintiella", "kaivokadulla"]),
    ],
)
def test_the_words_that_name_a_street(text: str, named: list[str]) -> None:
    words = split(text)
    assert [words.words[at] for at in sorted(street_words(words))] == named
