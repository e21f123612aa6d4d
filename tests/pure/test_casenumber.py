"""Case numbers survive being typed and said, and notice a slip."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.casenumber import number, parse


def test_the_number_of_the_contract():
    assert number(1042) == "1042-9"


@given(st.integers(10, 10**12))
def test_what_is_shown_can_be_read_back(case: int):
    shown = number(case)
    assert parse(shown) == case
    assert parse(f"[#{shown}]".strip("[]")) == case
    assert parse(shown.replace("-", " ")) == case


@given(st.integers(100, 10**8), st.data())
def test_one_wrong_digit_is_noticed(case: int, data: st.DataObject):
    digits = number(case).replace("-", "")
    place = data.draw(st.integers(0, len(digits) - 1))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[place]]))
    assert parse(digits[:place] + wrong + digits[place + 1 :]) is None


@given(st.integers(100, 10**8), st.data())
def test_two_swapped_digits_are_noticed(case: int, data: st.DataObject):
    digits = number(case).replace("-", "")
    place = data.draw(st.integers(0, len(digits) - 2))
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    assert swapped == digits or parse(swapped) is None


def test_what_is_no_number_is_none():
    assert [parse(text) for text in ("", "9", "abc", "10429 och mer", "١٠٤٢-٩", "1" * 40)] == [None] * 6
