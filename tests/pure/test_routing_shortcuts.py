"""What judging leaves out for speed changes nothing that it decides."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from routing.chargers import neighbours
from routing.directory import build_directory
from routing.names import Beginnings, left_out
from routing.naming import Naming
from routing.values import Owner, Site
from routing.words import fold, sound, split

SOUNDS = st.text("abdik", min_size=2, max_size=9)
LETTERS = st.text("shopingckqutae", min_size=1, max_size=9) | st.sampled_from(["shopping", "shop", "ping"])


def _beginnings(name: str) -> Beginnings:
    owner = Owner("o", "", "", "", "", "sv")
    site = Site("s", name, "", "", "", "o", "basic", "")
    return build_directory([owner], [site], []).names.beginnings


def _found(beginnings: Beginnings, word: str) -> bool:
    return beginnings.of([word])[0][0]


@given(SOUNDS, st.integers(0, 8), st.integers(0, 8), st.sampled_from("abdik"))
def test_whatever_sounds_like_a_name_but_for_a_letter_begins_like_it(name: str, out: int, at: int, letter: str):
    name = sound(name)
    beginnings = Beginnings(left_out(name))
    less = name[:out] + name[out + 1 :] if len(name) >= 6 else name
    for heard in map(sound, (name, less, less[:at] + letter + less[at:])):
        if left_out(heard) & left_out(name):
            assert _found(beginnings, heard)


@given(LETTERS, LETTERS, LETTERS)
@example("aaa", "aaa", "aaac")
@example("aa", "aa", "shopping")
def test_no_beginning_of_what_sounds_like_a_name_is_given_up(one: str, two: str, three: str):
    word = one + two + three
    beginnings = Beginnings(left_out(sound(word)))
    assert _found(beginnings, word)
    for letters in (one, one + two):
        assert beginnings.may_go_on(letters)
        assert beginnings.of([letters])[0][1]


def test_only_what_begins_like_a_name_is_looked_up():
    beginnings = _beginnings("Badhuset")
    assert _found(beginnings, "baduset")
    assert _found(beginnings, "adhuset")
    assert not _found(beginnings, "kortet")
    assert beginnings.of(["ba"]) == [(False, True)]
    assert not beginnings.may_go_on("kortet")


@given(
    st.lists(
        st.tuples(st.sampled_from(["vågen", "vagen", "vågens", "umeå", "umeas", "strand", "gatan"]), st.integers(1, 3))
    )
)
def test_what_was_heard_before_means_what_it_meant_then(said: list[tuple[str, int]]):
    owner = Owner("o", "", "", "", "", "sv")
    directory = build_directory([owner], [Site("s", "Vågen", "Strandgatan 1", "", "Umeå", "o", "basic", "")], [])
    for accented, words in said:
        fresh = Naming(directory.names).of(fold(accented), accented, words)
        assert directory.naming.of(fold(accented), accented, words) == fresh


def test_words_that_are_letters_only_are_split_like_all_others():
    words = split("Betala – inget\u2019s 10:30 (a b b) i Åre!\nNästa - rad. 5,2 kW", "Ny")
    assert " ".join(words.accented) == "betala ingets 10:30 abb i åre nästa rad 5,2 kw ny"
    assert words.words[5:7] == ("are", "nasta")
    assert words.sentence == (1, 2, 2, 2, 2, 2, 4, 5, 6, 6, 7)
    assert words.clause == (1, 2, 2, 3, 4, 4, 6, 7, 8, 8, 9)


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
