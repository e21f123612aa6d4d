"""`make judge`: the labelled reports through the real pipeline, their score, and whether it is above the floor.

Danger is measured once more on the sets of tests/data/danger.tsv, and false alarms on those of ordinary.tsv, each
judged by what all other examples teach.
Exit status 1 when a figure is below its floor or missing.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gateway.trials.replay import replay
from gateway.trials.score import score
from routing.directory import read_directory
from routing.facts import read_facts
from routing.judge import judge
from routing.rules import load_rules
from routing.values import History, Priority, Said

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "demo" / "reports.jsonl"
FLOOR = Path(__file__).with_name("floor.toml")
DANGERS = ROOT / "tests" / "data" / "danger.tsv"
ORDINARY = ROOT / "tests" / "data" / "ordinary.tsv"
_NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)


async def judged() -> list[dict[str, Any]]:
    """What became of each report."""
    return [json.loads(line) async for line in replay(REPORTS, ROOT / "demo", score=False, as_json=False)]


def left_out(path: Path) -> dict[str, dict[str, tuple[int, int]]]:
    """set -> danger "yes" or "no" -> how many of its reports were judged rightly, and of how many, where its own
    sentences were not among those that were learnt from."""
    rows = [line.split("\t", 4) for line in path.read_text("utf-8").splitlines() if line and line[0] != "#"]
    directory = read_directory(ROOT / "demo")
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for name in sorted({row[0] for row in rows}):
        mine = [row for row in rows if row[0] == name]
        with TemporaryDirectory() as folder:
            _learnt_without({_plain(row[4]) for row in mine}, Path(folder))
            rules = load_rules(Path(folder))
        right = {"yes": [0, 0], "no": [0, 0]}
        for _, danger, _, channel, text in mine:
            said = Said(channel=channel, at=_NOON, text=text)
            priority = judge(said, read_facts(said, directory, rules), History(), directory, rules).priority
            right[danger][0] += (priority is Priority.P1) == (danger == "yes")
            right[danger][1] += 1
        found[name] = {danger: (n, of) for danger, (n, of) in right.items()}
    return found


def main() -> int:
    """Print score and verdict; the exit status."""
    truths = [json.loads(line) for line in REPORTS.read_text(encoding="utf-8").splitlines() if line.strip()]
    result = score(asyncio.run(judged()), truths)
    print("\n".join(result.lines()))
    sets, ordinary = left_out(DANGERS), left_out(ORDINARY)
    print("\nDanger in reports whose sentences were left out of what was learnt (found; near misses left in peace):")
    for name, right in sets.items():
        print(f"  set {name}: " + "; ".join(f"{n} of {of}" for n, of in (right["yes"], right["no"])))
    print("\nOrdinary reports, full of words that sound like danger, left in peace:")
    for name, right in ordinary.items():
        print(f"  set {name}: {right['no'][0]} of {right['no'][1]}")
    shares = {name: share.value for name, share in result.shares.items()}
    for name, of, danger in (
        ("danger left out", sets, "yes"),
        ("calm left out", sets, "no"),
        ("ordinary left out", ordinary, "no"),
    ):
        shares[name] = sum(s[danger][0] for s in of.values()) / sum(s[danger][1] for s in of.values())
    print()
    below = 0
    for name, floor in tomllib.loads(FLOOR.read_text(encoding="utf-8")).items():
        value = shares.get(name, 0.0)
        below += value < floor
        print(f"{name:<22}{value:7.4f}   {'at least' if value >= floor else 'BELOW'} {floor:.2f}")
    return 1 if below else 0


def _learnt_without(sentences: set[str], folder: Path) -> None:
    """Write the example files without some sentences into a folder of rules."""
    (folder / "examples").mkdir()
    for path in (ROOT / "routing" / "examples").glob("*.toml"):
        lists: dict[str, list[str]] = tomllib.loads(path.read_text("utf-8"))
        kept = {c: [s for s in told if _plain(s) not in sentences] for c, told in lists.items()}
        lines = [f"{category} = {json.dumps(told, ensure_ascii=False)}" for category, told in kept.items()]
        (folder / "examples" / path.name).write_text("\n".join(lines), "utf-8")


def _plain(sentence: str) -> str:
    return sentence.replace("\\", "").replace('"', "'").strip()


if __name__ == "__main__":
    sys.exit(main())
