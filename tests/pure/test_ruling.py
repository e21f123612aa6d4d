"""B110: rules are changed while the product runs; wrong ones are told and change nothing."""

from pathlib import Path

import pytest

from gateway.ruling import Ruling
from routing.rules import RulesError
from routing.tables import FOLDER

RULE = 'name = "everything else"'


def write(data_dir: Path, text: str) -> None:
    (data_dir / "rules").mkdir(exist_ok=True)
    (data_dir / "rules" / "queues.toml").write_text(text, "utf-8")


def shipped() -> str:
    return (FOLDER / "queues.toml").read_text("utf-8")


def last_rule(ruling: Ruling) -> str:
    return ruling.current().queue_rules[-1].name


async def test_b110_a_change_is_taken_while_running(tmp_path: Path) -> None:
    ruling = Ruling(tmp_path)
    assert last_rule(ruling) == "everything else"
    write(tmp_path, shipped().replace(RULE, 'name = "the rest of it"'))
    await ruling.look()
    assert last_rule(ruling) == "the rest of it"
    (tmp_path / "rules" / "queues.toml").unlink()
    await ruling.look()
    assert last_rule(ruling) == "everything else"


async def test_b110_wrong_rules_are_told_and_the_old_stay_in_force(tmp_path: Path) -> None:
    write(tmp_path, shipped().replace(RULE, 'name = "the rest of it"'))
    ruling = Ruling(tmp_path)
    before = ruling.current()
    write(tmp_path, shipped().replace('queue = "operations"', 'queue = "operatoins"'))
    await ruling.look()
    assert ruling.current() is before
    assert any("operatoins" in fault for fault in ruling.faults)
    write(tmp_path, shipped())
    await ruling.look()
    assert (ruling.faults, last_rule(ruling)) == ((), "everything else")


async def test_b110_unreadable_rules_are_refused_at_start(tmp_path: Path) -> None:
    write(tmp_path, "[[rules")
    with pytest.raises(RulesError):
        Ruling(tmp_path)
