"""`make judge`: the labelled reports through the real pipeline, their score, and whether it is above the floor.

Danger and category are measured once more on the sets of tests/data, each judged by what all other examples teach.
Exit status 1 when a figure is below its floor or missing.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tomllib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from bench.left_out import ROOT, beside, sets_of
from gateway.trials.replay import replay
from gateway.trials.score import score
from routing.directory import read_directory
from routing.facts import read_facts
from routing.judge import judge
from routing.values import History, Priority

REPORTS = ROOT / "demo" / "reports.jsonl"
FLOOR = Path(__file__).with_name("floor.toml")
_SETS = {
    "danger": "Danger, and what only sounds like it",
    "oblique": "Danger told obliquely, and harmless reports of the same scenes",
    "ordinary": "Ordinary reports full of words that sound like danger",
    "mixed": "Reports of every category as they come",
}
_KINDS = ("danger", "harmless", "category", "danger beside", "harmless beside")


async def judged() -> list[dict[str, Any]]:
    """What became of each report."""
    return [json.loads(line) async for line in replay(REPORTS, ROOT / "demo", score=False, as_json=False)]


def left_out(name: str) -> dict[str, Counter[tuple[str, bool]]]:
    """set -> one of _KINDS -> how many of its reports were judged rightly (True) and wrongly, where its own sentences
    were not among those that were learnt from. Of dangers no category counts; "beside" is what is told with something
    harmless in one breath."""
    directory = read_directory(ROOT / "demo")
    found: dict[str, Counter[tuple[str, bool]]] = {}
    for of, rules, rows in sets_of(name):
        right = found.setdefault(of, Counter())
        for where, reports in (("", rows), (" beside", beside(rows))):
            for danger, category, _, said in reports:
                told = judge(said, read_facts(said, directory, rules), History(), directory, rules)
                right[("danger" if danger else "harmless") + where, (told.priority is Priority.P1) == danger] += 1
                if category and not danger:
                    right["category", told.category == category] += 1
    return found


def _of(right: Counter[tuple[str, bool]], kind: str) -> int:
    return right[kind, True] + right[kind, False]


def main() -> int:
    """Print score and verdict; the exit status."""
    truths = [json.loads(line) for line in REPORTS.read_text(encoding="utf-8").splitlines() if line.strip()]
    result = score(asyncio.run(judged()), truths)
    print("\n".join(result.lines()))
    shares = {name: share.value for name, share in result.shares.items()}
    with ProcessPoolExecutor() as pool:
        measured = pool.map(left_out, [f"{name}.tsv" for name in _SETS])
    for (name, title), sets in zip(_SETS.items(), measured, strict=True):
        print(f"\n{title}, each set judged by what all others teach:")
        for of, right in sets.items():
            told = (f"{kind} {right[kind, True]} of {n}" for kind in _KINDS if (n := _of(right, kind)))
            print(f"  {of:<10}{'; '.join(told)}")
        every = sum(sets.values(), Counter())
        shares |= {f"{name} {kind}": every[kind, True] / n for kind in _KINDS if (n := _of(every, kind))}
    print()
    below = 0
    for name, floor in tomllib.loads(FLOOR.read_text(encoding="utf-8")).items():
        value = shares.get(name, 0.0)
        below += value < floor
        print(f"{name:<24}{value:7.4f}   {'at least' if value >= floor else 'BELOW'} {floor:.2f}")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
