"""`make judge`: the labelled reports through the real pipeline, their score, and whether it is above the floor.

Exit status 1 when a figure is below its floor or missing.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

from gateway.replay import replay
from gateway.score import score

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "demo" / "reports.jsonl"
FLOOR = Path(__file__).with_name("floor.toml")


async def judged() -> list[dict[str, Any]]:
    """What became of each report."""
    return [json.loads(line) async for line in replay(REPORTS, ROOT / "demo", score=False, as_json=False)]


def main() -> int:
    """Print score and verdict; the exit status."""
    truths = [json.loads(line) for line in REPORTS.read_text(encoding="utf-8").splitlines() if line.strip()]
    result = score(asyncio.run(judged()), truths)
    print("\n".join(result.lines()))
    print()
    below = 0
    for name, floor in tomllib.loads(FLOOR.read_text(encoding="utf-8")).items():
        share = result.shares.get(name)
        value = share.value if share else 0.0
        below += value < floor
        print(f"{name:<22}{value:7.4f}   {'at least' if value >= floor else 'BELOW'} {floor:.2f}")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
