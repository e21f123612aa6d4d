"""The ledger as a table, the blows by kind, and how long each took to mend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from tests.faults.nemesis import Blow
from tests.faults.verdict import Row, Verdict

HEAD = ("door", "attempted", "ok", "unknown", "resolved", "lost", "doubled")


def ledger_table(verdict: Verdict) -> str:
    rows = [(door, *_figures(row)) for door, row in sorted(verdict.rows.items())]
    total = tuple(sum(row[column] for row in rows) for column in range(1, len(HEAD)))  # type: ignore[misc]
    return _table([HEAD, *rows, ("all", *total)])


def blows_table(blows: Sequence[Blow]) -> str:
    kinds: dict[str, list[Blow]] = defaultdict(list)
    for blow in blows:
        kinds[blow.what].append(blow)
    rows: list[tuple[object, ...]] = [("blow", "times", "deaths", "back, median s", "back, longest s")]
    for what, struck in sorted(kinds.items()):
        back = [blow.back for blow in struck if blow.back is not None]
        times = (f"{median(back):.1f}", f"{max(back):.1f}") if len(back) == len(struck) else ("-", "not back")
        rows.append((what, len(struck), sum(blow.deaths for blow in struck), *times))
    return _table(rows)


def _figures(row: Row) -> tuple[int, ...]:
    return row.told, row.promised, row.unsure, row.resolved, row.lost, row.doubled


def _table(rows: Sequence[Sequence[object]]) -> str:
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        first, *rest = zip(row, widths, strict=True)
        cells = [str(first[0]).ljust(first[1]), *(str(cell).rjust(width) for cell, width in rest)]
        lines.append("  ".join(cells))
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
