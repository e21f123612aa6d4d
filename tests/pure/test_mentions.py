"""Which cases a text names: numbers as our letters give them and as people write them, and what is no such."""

from __future__ import annotations

import time

import pytest

from channels.mentions import MENTIONS, TEXT, named


@pytest.mark.parametrize(
    "text",
    [
        "Re: [#1042-9] x",
        "SV: [# 1042 - 9]",
        "about #1042-9",
        "[#1042-8] [#1042-9]",
        "Ärende 1042-9",
        "Ärendenummer: 1042-9",
        "Det gäller ärendenummer 1042-9. Har ni hunnit titta?",
        "Ang. ärendenr. 1042-9",
        "arendenummer 1042-9",
        "a\N{COMBINING DIAERESIS}rende 1042-9",
        "ÄRENDENR 1042 - 9",
        "Mitt ärendenummer är 1042\N{EN DASH}9.",
        "Vi pratade i går om ärendet med nummer 1042-9",
        "referensnummer 1042\N{NON-BREAKING HYPHEN}9",
        "Gjelder sak 1042-9",
        "Saksnummeret er 1042-9",
        "Hvad sker der med sagen (1042-9)?",
        "sagsnr.: 1042-9",
        "Case 1042-9",
        "my case number is 1042-9, thanks",
        "ticket no. 1042-9",
        "Ihr Fall 1042-9",
        "Fallnummer 1042-9",
        "Vorgangs-Nr. 1042-9",
        "Ticketnummer=1042-9",
        "Tapaus 1042-9",
        "Tapausnumero: 1042-9",
        "Asia koskee tapausta 1042-9",
        "tapauksen 1042-9 lasku",
    ],
)
def test_a_number_in_a_tag_or_behind_a_word_for_a_case_is_named(text: str) -> None:
    assert named(text) == ("1042-9",)


@pytest.mark.parametrize(
    "text",
    [
        "[#1042-8] wrong digit",
        "ärende 1042-8",
        "1042-9",
        "#1042",
        "ärende 1042",
        "[#99999999999999999999999-9]",
        "Jag saknar 1042-9",
        "It is a case of too little. We counted. All fine! 1042-9",
        "in case you need 1042-91 of them",
        "ärende 2026-1042-9",
        "case of 1042-9-13",
        "sak nr 3 och 1042-9",
        "falla 1042-9",
        "kassan 1042-9",
    ],
)
def test_what_is_no_case_of_ours(text: str) -> None:
    assert named(text) == ()


def test_tags_come_before_words_and_no_more_than_a_few_count() -> None:
    assert named("Acme ticket 1000-8, our [#1042-9], case 1000-8") == ("1042-9", "1000-8")
    assert len(named(" ".join(f"[#{case}-{check}]" for case in range(1000, 1020) for check in range(10)))) == MENTIONS


@pytest.mark.parametrize("piece", ["1042-9 ", "[# ", "ärende ", "sak-", "1" * 17 + "-", "case 1042 - 9 "])
def test_a_long_text_takes_no_time(piece: str) -> None:
    began = time.process_time()
    named(piece * TEXT)
    assert time.process_time() - began < 0.5
