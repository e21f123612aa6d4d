"""Standard solutions are complete and speakable in both languages."""

import pytest

from gateway.solutions import SolutionFiles


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
