"""`explain`: what the gateway would make of a mail or a JSON report, storing nothing and needing no server.

Judged without history: nobody is known and no case is open. One line a file, whatever the file holds; a file that
cannot be read at all gives a line too, with `quarantined` saying why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from routing.directory import read_directory
from routing.rules import load_rules

DEMO = Path(__file__).parents[1] / "demo"


def explain(files: Sequence[Path], data: Path | None = None) -> Iterator[str]:
    """One JSON line for each file, in the order given."""
    directory, rules = read_directory(data or DEMO), load_rules()
    now = datetime.now(UTC)
    for file in files:
        yield json.dumps(_explained(file, directory, rules, now), ensure_ascii=False)
