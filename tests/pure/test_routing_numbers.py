"""Numbers are read as people type, say and group them, in six languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.numbers import digit_strings, small_numbers
from routing.words import split

FIVE = frozenset({5})
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def read(language: str, text: str) -> set[str]:
    return {r.digits for r in digit_strings(split(text).words, (language,), FIVE) if r.whole}


@pytest.mark.parametrize(
    ("language", "text", "digits"),
    [
        ("sv", "laddare tjugofem sexhundratrettiofyra tror jag", "25634"),
        ("sv", "nummer två ett två tre fem", "21235"),
        ("sv", "tjugotre tusen fyrahundra sexton", "23416"),
        ("sv", "tjugotre åttatrettiotvå heter den", "23832"),
        ("sv", "det står 25 092", "25092"),
        ("en", "charger twenty five oh six one please", "25061"),
        ("en", "two double five three four", "25534"),
        ("en", "twenty five thousand six hundred and thirty four", "25634"),
        ("no", "tjueen hundre og førtien den grønne", "21141"),
        ("da", "femogtyve seks hundrede fireogtredive", "25634"),
        ("fi", "laturi kaksi viis nolla yheksän kaks katkaisee", "25092"),
        ("de", "fünfundzwanzig sechshundert vierunddreißig", "25634"),
        ("de", "einundzwanzig null null sieben", "21007"),
        ("de", "die Säule zwei fünf sechs drei vier", "25634"),
        ("fi", "laturi kaksviiskuuskolmenelja ei lataa", "25634"),
        ("en", "charger twofivesixthreefour", "25634"),
        ("sv", "tjugoettusen sju", "21007"),
        ("sv", "tjugoettusensju", "21007"),
        ("sv", "tjugoen tusen sju", "21007"),
        ("sv", "tjugoett tusen noll sju", "21007"),
        ("sv", "tjugofemtusensexhundratrettiofyra", "25634"),
        ("en", "twenty-one thousand oh oh seven", "21007"),
        ("en", "twenty-five thousand six three four", "25634"),
        ("no", "tjueettusen og sju", "21007"),
        ("no", "enogtyve tusen og syv", "21007"),
        ("da", "enogtyvetusindogsyv", "21007"),
        ("de", "einundzwanzigtausendsieben", "21007"),
        ("fi", "kaksikymmentäyksituhatta seitsemän", "21007"),
        ("fi", "kakskytyks tuhatta seiska", "21007"),
        ("fi", "kaksikymmentäviisituhatta kuusisataakolmekymmentäneljä", "25634"),
    ],
)
def test_a_charger_number_is_heard(language: str, text: str, digits: str):
    assert digits in read(language, text)


@pytest.mark.parametrize("times", [3, 9, 600])
def test_numbers_run_together_without_an_end_are_none_and_cost_little(times: int):
    """ "Dreizehn" can be cut in two ways; were every way tried, six hundred would never be done."""
    assert read("de", "dreizehn" * times + "x") == set()


@pytest.mark.parametrize("text", ["tjugoettusen sju", "tjugoettusensju", "tjueettusen og sju"])
def test_a_number_in_one_of_three_languages_that_are_alike_is_heard(text: str):
    """Of Danish words "tjugo" and "et" were made 201, which goes before any thousand."""
    readings = digit_strings(split(text).words, ("no", "da", "sv"), FIVE)
    assert "21007" in {reading.digits for reading in readings if reading.edge}


@pytest.mark.parametrize("text", ["tusentals laddar här", "tjugoett tusen fem sex", "tusenlappar tjugoett"])
def test_what_only_holds_the_word_for_a_thousand_is_no_charger_number(text: str):
    assert read("sv", text) == set()


def test_house_numbers_are_read_with_every_length():
    assert small_numbers(split("nittiosju tjugofyra").words, 0, ("sv",))[0] == "97"
    assert "76" in small_numbers(split("sjuttiosex").words, 0, ("sv",))
    assert small_numbers(split("laddaren").words, 0, ("sv",)) == []


@given(st.lists(st.sampled_from(DIGITS), min_size=5, max_size=5))
def test_digits_said_one_by_one_read_as_themselves(words: list[str]):
    assert "".join(str(DIGITS.index(w)) for w in words) in read("en", " ".join(words))
