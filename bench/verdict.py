"""`python -m bench.verdict`: fit the weights of routing/verdict.toml, and show what each limit would find and alarm.

Logistic regression (Newton's method, with a ridge on the signs put on one scale) on the sets of tests/data, each read
by what all other examples teach, so that its signs are as sure as those of a report that nobody has learnt; once as
they are, and once with something harmless told beside them. What is shown is of sets left out of the fit as well, and
of the reports that the verdict is asked about. With `--write` the weights go into the file; its limit stays.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.left_out import ROOT, beside, sets_of
from routing.directory import read_directory
from routing.facts import read_facts
from routing.verdict import SIGNS, Verdict

FILES = ("danger.tsv", "danger_by_kind.tsv", "ordinary.tsv", "oblique.tsv", "mixed.tsv")
LIMITS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
RIDGE = 3.0
STEPS = 25

_Numbers = NDArray[np.float64]


class Sample(NamedTuple):
    """What the verdict was asked about a report of a set of a file: the signs, and whether it tells of danger."""

    file: str
    of: str
    signs: Mapping[str, float]
    danger: bool


@dataclass(frozen=True, slots=True)
class _Witness(Verdict):
    """Notes the signs that it is asked about."""

    heard: list[Mapping[str, float]] = field(default_factory=list)

    def sure(self, signs: Mapping[str, float]) -> float:
        self.heard.append(signs)
        return 1.0


def samples() -> list[Sample]:
    """Every report of the sets that the verdict is asked about, read by rules that have not learnt its set."""
    directory = read_directory(ROOT / "demo")
    witness = _Witness({}, 0.0)
    found: list[Sample] = []
    for name in FILES:
        for of, rules, rows in sets_of(name):
            watched = replace(rules, verdict=witness)
            for row in [*rows, *beside(rows)]:
                read_facts(row.said, directory, watched)
                found += [Sample(name, of, signs, row.danger) for signs in witness.heard]
                witness.heard.clear()
            print(f"read {name} {of}", file=sys.stderr)
    return found


def fit(known: Sequence[Sample]) -> dict[str, float]:
    """The weights of the signs by which the known are told apart best."""
    signs = np.array([[sample.signs.get(name, 0.0) for name in SIGNS] for sample in known])
    middle, spread = signs.mean(axis=0), signs.std(axis=0) + 1e-9
    middle[0], spread[0] = 0.0, 1.0
    scaled = (signs - middle) / spread
    danger = np.array([sample.danger for sample in known], dtype=np.float64)
    ridge = np.full(len(SIGNS), RIDGE)
    ridge[0] = 1e-6
    weights: _Numbers = np.zeros(len(SIGNS))
    for _ in range(STEPS):
        sure = 1.0 / (1.0 + np.exp(-scaled @ weights))
        slope = scaled.T @ (sure - danger) + ridge * weights
        weights -= np.linalg.solve((scaled * (sure * (1.0 - sure))[:, None]).T @ scaled + np.diag(ridge), slope)
    weights /= spread
    weights[0] -= weights[1:] @ middle[1:]
    return dict(zip(SIGNS, weights.tolist(), strict=True))


def main() -> None:
    known = samples()
    print("\nfound of dangers, alarms of harmless\nlimit  " + "  ".join(f"{name:>18}" for name in (*FILES, "all")))
    _show(known)
    if "--write" in sys.argv:
        _write(fit(known))


def _show(known: Sequence[Sample]) -> None:
    sets = sorted({(one.file, one.of) for one in known})
    sure = {of: Verdict(fit([one for one in known if (one.file, one.of) != of]), 0.0).sure for of in sets}
    for limit in LIMITS:
        told = []
        for name in (*FILES, ""):
            mine = [one for one in known if name in (one.file, "")]
            alarmed = [one for one in mine if sure[one.file, one.of](one.signs) >= limit]
            dangers, found = (sum(one.danger for one in some) for some in (mine, alarmed))
            told.append(f"{found}/{dangers} {len(alarmed) - found}/{len(mine) - dangers}")
        print(f"{limit:5.2f}  " + "  ".join(f"{one:>18}" for one in told))


def _write(weights: Mapping[str, float]) -> None:
    """The file anew, its head and its limit kept."""
    path = ROOT / "routing" / "verdict.toml"
    head = path.read_text("utf-8").partition("\n[")[0].rstrip()
    path.write_text("\n".join([head, "", "[weights]", *(f"{k} = {v:.3f}" for k, v in weights.items()), ""]), "utf-8")


if __name__ == "__main__":
    main()
