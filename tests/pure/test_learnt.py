"""What was learnt is kept, found again only for the same lessons, and learnt anew where that fails."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from routing.examples import Lesson, experience
from routing.learnt import is_kept, kept
from routing.rules import load_rules
from routing.values import Category

TAUGHT = {"sv": {"no_start": ["laddaren startar inte", "det händer ingenting"]}}
LESSON = Lesson(
    ("laddar", "ladda start", "#a+#b", "#a"),
    (Category.NO_START,),
    np.arange(16, dtype=np.float32).reshape(4, 4),
)


def refuse() -> Lesson:
    raise AssertionError("learnt again")


def same(found: Lesson) -> bool:
    return found[:2] == LESSON[:2] and np.array_equal(found.table, LESSON.table)


def test_what_was_learnt_once_is_found_again(tmp_path: Path) -> None:
    assert kept(TAUGHT, lambda: LESSON, tmp_path) is LESSON
    assert is_kept(TAUGHT, tmp_path)
    assert same(kept(TAUGHT, refuse, tmp_path))


def test_of_other_sentences_something_else_is_learnt(tmp_path: Path) -> None:
    kept(TAUGHT, lambda: LESSON, tmp_path)
    with pytest.raises(AssertionError, match="learnt again"):
        kept({"sv": {"no_start": ["laddaren startar inte"]}}, refuse, tmp_path)


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:200], lambda b: b[:-400] + b"\0" * 400])
def test_what_is_damaged_is_learnt_anew_and_whole_again(tmp_path: Path, damage) -> None:
    kept(TAUGHT, lambda: LESSON, tmp_path)
    (path,) = tmp_path.glob("*.npz")
    path.write_bytes(damage(path.read_bytes()))
    assert kept(TAUGHT, lambda: LESSON, tmp_path) is LESSON
    assert same(kept(TAUGHT, refuse, tmp_path))


def test_where_nothing_can_be_written_it_is_learnt_all_the_same(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert kept(TAUGHT, lambda: LESSON, blocked) is LESSON
    assert not is_kept(TAUGHT, blocked)


def test_of_several_that_begin_together_one_learns(tmp_path: Path) -> None:
    begun, go = threading.Event(), threading.Event()
    learnt: list[int] = []
    found: list[Lesson] = []

    def learn() -> Lesson:
        begun.set()
        assert go.wait(30)
        learnt.append(1)
        return LESSON

    first = threading.Thread(target=lambda: found.append(kept(TAUGHT, learn, tmp_path)))
    second = threading.Thread(target=lambda: found.append(kept(TAUGHT, learn, tmp_path)))
    first.start()
    assert begun.wait(30)
    second.start()
    go.set()
    first.join(30)
    second.join(30)
    assert len(learnt) == 1
    assert all(map(same, found))
    assert len(found) == 2


def test_the_oldest_lessons_go(tmp_path: Path) -> None:
    for n in range(7):
        kept({"n": n}, lambda: LESSON, tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 4
    assert is_kept({"n": 6}, tmp_path)


def test_pairs_are_found_by_their_first_word_and_those_of_senses_either_way() -> None:
    ready = experience(LESSON)
    assert ready.places == {"laddar": 0, "#a": 3}
    assert ready.pairs == {"ladda": {"start": 1}, "#a": {"#b": 2}, "#b": {"#a": 2}}


@pytest.mark.parametrize("written", ["as before", "nothing"])
def test_of_fewer_sentences_less_is_learnt_whatever_is_kept(written: str) -> None:
    shipped = load_rules().lessons
    assert len(shipped.experience.places) > 10_000
    few = {"sv": {"no_start": ["laddaren startar inte", "laddaren startar inte alls"], "slow": ["det går långsamt"]}}
    fewer = replace(shipped, sentences=few, written=shipped.written if written == "as before" else "")
    assert 0 < len(fewer.experience.places) < 100
