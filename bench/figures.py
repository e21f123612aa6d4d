"""A row of the table: what was measured against what, in how many rounds, and how far they spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """`values` are one a round. `better` is "more" or "less"; `least` and `goal` are DESIGN 8's bounds, in `unit`."""

    name: str
    what: str
    values: Sequence[float]
    unit: str
    better: str
    least: float
    goal: float
    beside: str = ""
    broken: bool = False  # what was answered was not what was asked for

    @property
    def value(self) -> float:
        return median(self.values)

    @property
    def reached(self) -> str:
        if self.broken:
            return "MISSED"
        for word, bound in (("goal", self.goal), ("at least", self.least)):
            if self.value >= bound if self.better == "more" else self.value <= bound:
                return word
        return "MISSED"

    def cells(self) -> tuple[str, ...]:
        sign = "≥" if self.better == "more" else "≤"
        spread = f"{_short(min(self.values))} … {_short(max(self.values))}"
        return (
            self.name,
            f"{_short(self.value)} {self.unit}".strip(),
            spread,
            str(len(self.values)),
            f"{sign} {_short(self.least)}",
            f"{sign} {_short(self.goal)}",
            self.reached,
            self.what,
            self.beside,
        )


HEAD = ("row", "median", "spread", "rounds", "at least", "goal", "reached", "measured", "beside")


def table(rows: Sequence[Row]) -> str:
    cells = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
