"""What judging leaves out for speed changes nothing that it decides."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routing.chargers import neighbours
from routing.directory import build_directory
from routing.names import BEGINNING, heads_of, left_out
from routing.values import Owner, Site
from routing.words import sound

SOUNDS = st.text("abdik", min_size=2, max_size=9)


def _heads(name: str) -> frozenset[str]:
    owner = Owner("o", "", "", "", "", "sv")
    site = Site("s", name, "", "", "", "o", "basic", "")
    return build_directory([owner], [site], []).names.heads


@given(SOUNDS, st.integers(0, 8), st.integers(0, 8), st.sampled_from("abdik"))
def test_whatever_sounds_like_a_name_but_for_a_letter_begins_like_it(name: str, out: int, at: int, letter: str):
    name = sound(name)
    heads = frozenset(form[:4] for form in left_out(name))
    less = name[:out] + name[out + 1 :] if len(name) >= 6 else name
    for heard in map(sound, (name, less, less[:at] + letter + less[at:])):
        if left_out(heard) & left_out(name):
            assert not heads.isdisjoint(heads_of(heard[:BEGINNING])[1])


def test_only_what_begins_like_a_name_is_looked_up():
    heads = _heads("Badhuset")
    assert not heads.isdisjoint(heads_of("baduset")[1])
    assert not heads.isdisjoint(heads_of("adhuset")[1])
    assert heads.isdisjoint(heads_of("kortet")[1])


@given(st.text("123", min_size=1, max_size=6), st.lists(st.text("123", min_size=1, max_size=6), unique=True))
def test_a_slip_is_one_digit_wrong_missing_too_many_or_two_swapped(digits: str, among: list[str]):
    assert sorted(neighbours(digits, among)) == sorted(n for n in among if _one_slip(digits, n))


def test_neighbours_stand_in_the_order_of_the_master_data():
    assert neighbours("12345", ["12354", "99999", "12345", "12344", "1234", "112345"]) == [
        "12354",
        "12344",
        "1234",
        "112345",
    ]


def _one_slip(a: str, b: str) -> bool:
    digits = "123"
    slips = {a[:i] + a[i + 1 :] for i in range(len(a))}
    slips |= {a[:i] + d + a[i:] for i in range(len(a) + 1) for d in digits}
    slips |= {a[:i] + d + a[i + 1 :] for i in range(len(a)) for d in digits}
    slips |= {a[:i] + a[i + 1] + a[i] + a[i + 2 :] for i in range(len(a) - 1)}
    return b in slips - {a}
