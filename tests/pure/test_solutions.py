"""Standard solutions are complete in every language of our customers, and speakable in those of the phone."""

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.languages import CUSTOMERS, catalogue
from gateway.notify import Facts, compose
from gateway.solutions import FOLDER, SolutionFiles, faults

STATIC = Path(__file__).parents[2] / "gateway" / "web" / "static"


NOW = datetime(2026, 8, 3, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("language", CUSTOMERS)
def test_every_language_holds_the_same_solutions_in_the_same_order_with_the_same_steps(language: str) -> None:
    assert (FOLDER / f"{language}.toml").is_file()
    files = SolutionFiles()
    shapes = [[(s.slug, s.category, s.models, s.pictures, len(s.steps)) for s in files.all(one)] for one in CUSTOMERS]
    assert shapes[CUSTOMERS.index(language)] == shapes[0]
    for ours, english in zip(files.all(language), files.all("en"), strict=True):
        if language != "en":
            assert not set(ours.steps) & set(english.steps), ours.slug
        assert [_figures(step) for step in ours.steps] == [_figures(step) for step in english.steps], ours.slug
        assert all(step[-1] == "." and "  " not in step for step in ours.steps)
        assert ours.words


def _figures(step: str) -> list[str]:
    return re.findall(r"\d+", step)


@pytest.mark.parametrize("language", CUSTOMERS)
def test_an_acknowledgement_tells_the_steps_in_its_own_language(language: str) -> None:
    found = SolutionFiles().find("no_start", language)
    facts = Facts(
        number="10001-4", category="no_start", priority="P3", charger=None, timezone="Europe/Helsinki",
        due_first_response=None, due_solution=None, attached=False, shared=False, code="1",
        status_url="https://x.example/s/a", support_phone=None, solutions=found,
    )  # fmt: skip
    words = compose("acknowledgement", "email", language, facts, now=NOW).text
    assert f"{catalogue(language).gettext('letter.try')}\n  – {found[0].steps[0]}" in words
    assert ("Take the plug out" in words) is (language == "en")


def test_every_language_of_our_customers_that_is_missing_is_told_at_start(tmp_path: Path) -> None:
    assert faults() == []
    for language in ("sv", "en", "no", "de"):
        shutil.copy(FOLDER / f"{language}.toml", tmp_path)
    assert faults(tmp_path) == [
        "solutions/da.toml: the file is missing",
        "solutions/fi.toml: the file is missing",
    ]
    assert [one.partition(":")[0] for one in faults(tmp_path / "nothing")] == [f"solutions/{x}.toml" for x in CUSTOMERS]


def test_another_folder_may_hold_fewer_languages_and_falls_back_to_english(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "en.toml", tmp_path)
    files = SolutionFiles(tmp_path)
    assert files.find("cable_stuck", "fi") == files.find("cable_stuck", "en") != []


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
        ("kablet sidder fast", "da", "cable-will-not-let-go"),
        ("pengene tilbage", "da", "paid-but-not-charged"),
        ("kaapeli on jumissa", "fi", "cable-will-not-let-go"),
        ("salasanna", "fi", "account-and-tags"),
        ("kabel steckt fest", "de", "cable-will-not-let-go"),
        ("DUNKEL", "de", "charger-is-dark"),
        ("kabelen sitter fast", "no", "cable-will-not-let-go"),
        ("opptatt", "no", "place-is-blocked"),
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
