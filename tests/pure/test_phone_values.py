"""Numbers and cards: what is one, what is not, and what may be dialled at our cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.cards import MASK, holds_card, is_card, masked
from channels.numbers import normalise, reachable, region_of
from channels.phone_events import event_of
from channels.tolls import refusal
from ivr.engine import Dialled, Pressed, Recorded, Silence, Spoken


@given(st.text("0123456789", min_size=12, max_size=18).filter(lambda digits: digits[0] != "0"))
def test_b14_every_number_with_a_right_check_digit_is_masked(digits: str) -> None:
    (card,) = [digits + end for end in "0123456789" if is_card(digits + end)]
    spaced = " ".join(card[at : at + 4] for at in range(0, len(card), 4))
    for text in (card, f"my card is {spaced}.", f"kort {card[:6]}-{card[6:]} tack"):
        assert card[-5:] not in masked(text)
        assert MASK in masked(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("my card 4111 1111 1111 1111 12 25 thanks", f"my card {MASK} thanks"),
        ("4111-1111-1111-1111 12/25, 123", MASK),
        ("4111, 1111, 1111, 1111", MASK),
        ("4111  1111 1111 1111", MASK),
        ("2 4111111111111111", f"2 {MASK}"),
        ("3782 822463 10005 1234", MASK),
        ("5500 0000 0000 0004, 070-123 45 67", f"{MASK}, 070-123 45 67"),
        ("070-123 45 67, 21045, 21205, 23145", "070-123 45 67, 21045, 21205, 23145"),
        ("21045, 21205, 23145, 24001, 21000, 22000", "21045, 21205, 23145, 24001, 21000, 22000"),
    ],
)
def test_b14_what_is_said_around_a_card_number_does_not_hide_it(text: str, kept: str) -> None:
    assert masked(text) == kept


@pytest.mark.parametrize("keys", ["41111111111111111225", "4111111111111111123", "4111111111111111*123"])
def test_b14_keys_that_begin_with_a_card_number_are_a_card(keys: str) -> None:
    assert holds_card(keys)
    assert event_of({"Digits": keys}) == Pressed("", card=True)


@pytest.mark.parametrize("text", ["21007", "0046701740605", "+46 70 174 06 05", "4111 1111 1111 1112", "a 1042-9 b"])
def test_b14_other_numbers_are_left_alone(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    ("given_", "number"),
    [
        ("+46701740605", "+46701740605"),
        ("+266696687", None),
        ("anonymous", None),
        ("", None),
        (None, None),
        ("sip:a@b.example", None),
        ("4" * 40, None),
        ("+4", None),
    ],
)
def test_b11_what_the_network_gives_is_a_number_or_nothing(given_: str | None, number: str | None) -> None:
    assert normalise(given_) == number


def test_a_keyed_number_is_read_as_the_region_writes_it() -> None:
    assert reachable("0317001234", "SE") == "+46317001234"
    assert reachable("0046317001234", "SE") == "+46317001234"
    assert reachable("112", "SE") is None
    assert reachable("123456", "SE") is None
    assert region_of("+4520123456") == "DK"
    assert region_of(None) is None


@pytest.mark.parametrize(
    ("number", "text", "refused"),
    [
        ("+46701740605", True, False),
        ("+447011234567", False, True),
        ("+34701234567", False, True),
        ("+46313900601", False, False),
        ("+46313900601", True, True),
        ("+46101234567", False, False),
        ("+46101234567", True, True),
        ("+46108501000", False, False),
        ("+46771234567", False, True),
        ("+46939123456", False, True),
        ("+443001234567", False, True),
        ("+46112", False, True),
        ("+469001234567", False, True),
        ("+15005550006", False, True),
        ("nobody", False, True),
    ],
)
def test_b106_what_may_be_dialled(number: str, text: bool, refused: bool) -> None:
    assert (refusal(number, text=text) is not None) is refused


def test_b106_our_own_numbers_are_a_loop() -> None:
    assert refusal("+46313900100", own={"+46313900100"}) == "one of our own numbers"


@pytest.mark.parametrize("digits", ["4915112345009", "4915112345017", "4366412345671"])
def test_b14_where_a_telephone_number_is_asked_for_it_is_no_card(digits: str) -> None:
    assert event_of({"Digits": digits}, number=True) == Pressed(digits)


@pytest.mark.parametrize("digits", ["4111111111111111", "371449635398431", "5555555555554444", "4222222222222"])
def test_b14_a_card_is_a_card_also_where_a_telephone_number_is_asked_for(digits: str) -> None:
    assert event_of({"Digits": digits}, number=True) == Pressed("", card=True)


@pytest.mark.parametrize(
    ("params", "event"),
    [
        ({"Digits": "21007"}, Pressed("21007")),
        ({"Digits": "</Say>"}, Pressed("")),
        ({"Digits": "4111111111111111"}, Pressed("", card=True)),
        ({"SpeechResult": "hej"}, Spoken("hej")),
        ({"SpeechResult": "x" * 9000}, Spoken("x" * 2000)),
        ({"RecordingSid": "RE1", "RecordingDuration": "9", "Digits": "hangup"}, Recorded("RE1", 9)),
        ({"RecordingSid": "RE1", "RecordingDuration": "minus"}, Recorded("RE1", 0)),
        ({"DialCallStatus": "no-answer"}, Dialled(talked=False)),
        ({"DialCallStatus": "completed"}, Dialled(talked=True)),
        ({}, Silence()),
        ({"Digits": ""}, Silence()),
    ],
)
def test_webhook_parameters_are_events(params: dict[str, str], event: object) -> None:
    assert event_of(params) == event
