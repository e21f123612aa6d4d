"""Standard solutions are complete and speakable in both languages."""

import re
from pathlib import Path

import pytest

from gateway.solutions import SolutionFiles

STATIC = Path(__file__).parents[2] / "gateway" / "web" / "static"


def test_both_languages_hold_the_same_solutions_with_as_many_steps():
    files = SolutionFiles()
    swedish = {s.slug: s for s in files.all("sv")}
    english = {s.slug: s for s in files.all("en")}
    assert swedish.keys() == english.keys()
    for slug, solution in swedish.items():
        assert solution.category == english[slug].category
        assert len(solution.steps) == len(english[slug].steps)


def test_another_language_gets_english():
    files = SolutionFiles()
    assert files.find("cable_stuck", "fi") == files.find("cable_stuck", "en")


def test_a_model_comes_before_all_models(tmp_path):
    common = 'category = "slow"\ntitle = "T"\nsteps = ["x"]\n'
    (tmp_path / "en.toml").write_text(f'[a]\n{common}[b]\n{common}models = ["M"]\n')
    files = SolutionFiles(tmp_path)
    assert [s.slug for s in files.find("slow", "en", "M")] == ["b", "a"]
    assert [s.slug for s in files.find("slow", "en", "N")] == ["a"]


def test_files_that_differ_are_refused(tmp_path):
    (tmp_path / "en.toml").write_text('[a]\ncategory = "slow"\ntitle = "A"\nsteps = ["x"]\n')
    (tmp_path / "sv.toml").write_text('[b]\ncategory = "slow"\ntitle = "B"\nsteps = ["x"]\n')
    with pytest.raises(ValueError, match="differ"):
        SolutionFiles(tmp_path)


def test_every_step_has_a_drawing_and_both_languages_the_same_ones() -> None:
    files = SolutionFiles()
    symbols = set(re.findall(r'id="([\w-]+)"', (STATIC / "steps.svg").read_text()))
    english = {s.slug: s for s in files.all("en")}
    for solution in files.all("sv"):
        assert len(solution.pictures) == len(solution.steps), solution.slug
        assert set(solution.pictures) <= symbols
        assert (solution.pictures, solution.models) == (english[solution.slug].pictures, english[solution.slug].models)
        assert f"c-{solution.category}" in symbols or solution.category == "account"


@pytest.mark.parametrize(
    ("asked", "language", "first"),
    [
        ("kabeln har fastnat", "sv", "cable-will-not-let-go"),
        ("cabel stuck", "en", "cable-will-not-let-go"),
        ("pengarna tillbaka", "sv", "paid-but-not-charged"),
        ("SLÄCKT", "sv", "charger-is-dark"),
        ("pasword", "en", "account-and-tags"),
    ],
)
def test_words_find_what_they_mean_also_misspelt(asked: str, language: str, first: str) -> None:
    assert SolutionFiles().search(asked, language)[0].slug == first


def test_what_is_for_another_model_comes_last_and_nonsense_finds_nothing() -> None:
    files = SolutionFiles()
    there = [s.slug for s in files.search("cable stuck", "en", model="HYC150")]
    elsewhere = [s.slug for s in files.search("cable stuck", "en", model="LS4")]
    assert there.index("fast-charger-holds-the-car") < there.index("own-cable-locked-in-the-socket")
    assert elsewhere.index("own-cable-locked-in-the-socket") < elsewhere.index("fast-charger-holds-the-car")
    assert files.search("elephants", "en") == []
    assert files.search("", "en") == []


def test_steps_and_pictures_that_do_not_match_are_refused(tmp_path) -> None:
    (tmp_path / "en.toml").write_text('[a]\ncategory = "slow"\ntitle = "A"\nsteps = ["x", "y"]\npictures = ["clock"]\n')
    with pytest.raises(ValueError, match="as many pictures"):
        SolutionFiles(tmp_path)
