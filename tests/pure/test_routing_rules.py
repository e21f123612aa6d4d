"""The rule files: what ships is right, and what is wrong is told whole, before it takes effect."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

import routing
from routing.rules import RulesError, load_rules

SHIPPED = Path(routing.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A support manager's own copy of the rules."""
    for path in [*SHIPPED.glob("*.toml"), *SHIPPED.glob("*/*.toml")]:
        target = tmp_path / path.relative_to(SHIPPED)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def faults(folder: Path) -> str:
    with pytest.raises(RulesError) as raised:
        load_rules(folder)
    return "\n".join(raised.value.faults)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_what_ships_is_right():
    assert set(load_rules().queues) == {"emergency", "helpdesk", "billing", "operations", "field", "review"}


def test_a_folder_may_hold_some_files_only(tmp_path: Path):
    shutil.copy(SHIPPED / "queues.toml", tmp_path)
    assert load_rules(tmp_path).queues


def test_b110_an_unknown_queue_is_told(folder: Path):
    change(folder / "queues.toml", 'queue = "operations"', 'queue = "operatoins"')
    assert "unknown queue 'operatoins'" in faults(folder)


def test_b110_rules_without_an_end_are_told(folder: Path):
    change(folder / "queues.toml", 'name = "everything else"', 'name = "everything else"\nspam = false')
    assert "the last rule must have no conditions" in faults(folder)


def test_a_rule_that_is_never_reached_is_told(folder: Path):
    path = folder / "queues.toml"
    path.write_text(path.read_text("utf-8") + '\n[[rules]]\nname = "late"\nspam = true\nqueue = "review"\n', "utf-8")
    found = faults(folder)
    assert "'late' is never reached behind 'spam'" in found
    assert "the last rule must have no conditions" in found


def test_two_rules_that_contradict_each_other_are_told(folder: Path):
    rule = '[[rules]]\nname = "spam too"\nspam = true\nqueue = "helpdesk"\n\n[[rules]]\nname = "addressed"'
    change(folder / "queues.toml", '[[rules]]\nname = "addressed"', rule)
    assert "'spam too' contradicts 'spam'" in faults(folder)


def test_a_queue_that_nothing_fills_is_told(folder: Path):
    change(folder / "queues.toml", "[queues.field]", "[queues.attic]\nlines = [1]\n\n[queues.field]")
    assert "no rule fills queue 'attic'" in faults(folder)


def test_a_condition_that_does_not_exist_is_told(folder: Path):
    change(folder / "queues.toml", "spam = true", "spamm = true")
    assert "spamm" in faults(folder)


def test_every_fault_of_every_file_is_told_at_once(folder: Path):
    change(folder / "queues.toml", 'queue = "operations"', 'queue = "nowhere"')
    change(folder / "sla.toml", 'line = "10m"', 'line = "soon"')
    change(folder / "categories.toml", 'all = ["smoke"]', 'all = ["smog"]')
    change(folder / "alarms.toml", 'category = "offline"', 'category = "offlinee"')
    change(folder / "lexica" / "fi.toml", "smoke = [", "smog = [")
    found = faults(folder)
    for word in ("nowhere", "P1.line", "unknown concept smog", "offlinee", "no words for 'smoke'"):
        assert word in found


def test_a_file_that_is_no_toml_is_told(folder: Path):
    (folder / "sla.toml").write_text("P1 = [", "utf-8")
    assert "sla.toml" in faults(folder)


def test_a_higher_level_never_waits_longer(folder: Path):
    change(folder / "sla.toml", 'solution = ["24h", "12h", "6h"]', 'solution = ["24h", "12h", "36h"]')
    assert "P2.solution: premium waits longer than plus" in faults(folder)


def test_an_open_bracket_in_a_lexicon_is_told(folder: Path):
    change(folder / "lexica" / "sv.toml", '"ryker"', '"(ryker"')
    assert "cannot be read" in faults(folder)


def test_nothing_is_done_from_afar_where_there_is_danger(folder: Path):
    change(folder / "alarms.toml", "danger = true\nremote = []", 'danger = true\nremote = ["restart"]')
    assert "nothing is done from afar" in faults(folder)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('codes = ["CX026"]', 'codes = ["CX099"]', "unknown code CX099"),
        ('all = ["smoke"]', 'all = ["smog"]', "unknown concept smog"),
        ('category = "slow"', 'category = "slowly"', "unknown category 'slowly'"),
        ('category = "enquiry"', 'category = "other"', "enquiry must have one symptom without concepts"),
        ('codes = ["CX026"]', 'codes = ["OtherError"]', "nothing is done from afar where there is danger"),
        ('all = ["smoke"]\ndanger = true', 'all = ["smoke"]', "it is danger, so danger must be true"),
        ('all = ["comm"]\ncodes = ["EV', 'all = ["comm"]\ncodes = ["GroundFailure", "EV', "a code of it is danger"),
        ('all = ["comm"]', 'al = ["comm"]', "unknown key al"),
        ('all = ["tag"]\nany', "any", "any and unless stand beside all"),
    ],
)
def test_n9_a_wrong_symptom_is_told(folder: Path, old: str, new: str, told: str):
    change(folder / "symptoms.toml", old, new)
    assert told in faults(folder)


def test_b110_a_queue_flows_over_into_one_that_exists_and_in_no_circle(folder: Path):
    path = folder / "queues.toml"
    change(path, 'overflow = "helpdesk"', 'overflow = "nowhere"')
    assert "nowhere" in faults(folder)
    change(path, 'overflow = "nowhere"', 'overflow = "helpdesk"')
    change(path, "limit = 300", 'limit = 300\noverflow = "billing"')
    assert "circle" in faults(folder)
    change(path, 'limit = 300\noverflow = "billing"', "limit = 0")
    assert "limit = 0" in faults(folder)


def test_v10_how_long_a_caller_may_wait_is_checked(folder: Path):
    path = folder / "queues.toml"
    change(path, "longest_wait = 900", "longest_wait = 5")
    assert "longest_wait = 5 is no number of seconds" in faults(folder)
    change(path, "limit = 200", 'recording = "sometimes"')
    assert "recording = 'sometimes' is none of announce, ask, never" in faults(folder)
    change(path, 'recording = "sometimes"', 'callback = "nobody first"')
    assert "callback = 'nobody first' is neither agent nor customer first" in faults(folder)
    change(path, 'callback = "nobody first"', "limit = 200")
    change(path, "longest_wait = 5", 'longest_wait_to = "operations"')
    assert "operations has longest_wait_to without longest_wait" in faults(folder)
    change(path, 'longest_wait_to = "operations"', 'longest_wait = 60\nlongest_wait_to = "operations"')
    assert "moves its callers to 'operations', which is no other queue" in faults(folder)


def test_other_queues_alone_teach_nothing_anew_and_other_sentences_do(tmp_path: Path):
    shipped = load_rules()
    shutil.copy(SHIPPED / "queues.toml", tmp_path)
    assert load_rules(tmp_path).lessons is shipped.lessons
    assert load_rules(tmp_path).lexica is shipped.lexica
    shutil.copy(SHIPPED / "senses.toml", tmp_path)
    assert load_rules(tmp_path).lessons is not shipped.lessons
    assert load_rules(tmp_path).lexica is not shipped.lexica


DATA = Path(__file__).parents[1] / "data"
BLIND = ("danger.tsv", "danger_by_kind.tsv", "oblique.tsv", "ordinary.tsv")


def labelled(name: str) -> list[list[str]]:
    lines = (DATA / name).read_text("utf-8").splitlines()
    return [line.split("\t", 4) for line in lines if line and line[0] != "#"]


def plain(sentence: str) -> str:
    return sentence.replace("\\", "").replace('"', "'").strip()


def test_what_is_labelled_is_learnt_as_what_it_is_labelled():
    """A danger among what only sounds like it would teach that it is none."""
    learnt = load_rules().lessons.sentences
    lists = {(plain(s), name) for table in learnt.values() for name, told in table.items() for s in told}
    assert not [row for row in labelled("mixed.tsv") if (plain(row[4]), row[1]) not in lists]
    for row in (row for name in BLIND for row in labelled(name)):
        assert ((plain(row[4]), "safety") in lists) == (row[1] == "yes"), row


def test_no_sentence_is_learnt_as_two_things():
    for language, table in load_rules().lessons.sentences.items():
        twice = Counter(plain(sentence) for told in table.values() for sentence in told)
        assert not [s for s, n in twice.items() if n > 1], language
