"""A person is taken out of words that others wrote, and nothing else is."""

from __future__ import annotations

import pytest

from gateway.people.scrubbing import pattern_of, without

ANNA = pattern_of({"Anna Öberg-Lind", "anna"}, {"+46701740001", "anna@mail.example"})


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Ring Anna på 0701-74 00 01 i morgon", "Ring … på … i morgon"),
        ("ÖBERG-LIND nås på +46 70 174 00 01 eller 0046701740001.", "… nås på … eller …."),
        ("Svar till anna@mail.example, inte till joanna@mail.example", "Svar till …, inte till joanna@mail.example"),
        ("Annandag och 46701740001234 rör ingen", "Annandag och 46701740001234 rör ingen"),
    ],
)
def test_names_numbers_and_addresses_go_however_they_are_written(written: str, left: str) -> None:
    assert ANNA is not None
    assert without(written, ANNA) == left


def test_nobody_is_looked_for_when_nothing_is_known() -> None:
    assert pattern_of((), ()) is None
    assert pattern_of({"Bo"}, ()) is None
