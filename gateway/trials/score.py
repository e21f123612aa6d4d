"""How well reports were judged, against labels: the figures of `replay --score`, each with its 95 % interval.

Cases are compared by B-cubed (Bagga and Baldwin 1998): for each report, the share of its predicted case that belongs
with it (precision), and of its true case that was found (recall), averaged over reports. Intervals are percentiles of
a bootstrap over true cases, for reports of one case stand and fall together. Pure; the same in gives the same out.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ROUNDS = 500
_SEED = 20260914
# What one error of a class costs, in what telling something twice costs: hiding a report in a foreign case is worse,
# and nothing is as dear as a danger that nobody hears of.
_COSTS = {
    "danger missed": 100,
    "wrong merge": 5,
    "wrong charger": 3,
    "wrong category": 2,
    "alarm for nothing": 2,
    "missed merge": 1,
}
_TOLD_BY = {"charger": "place", "site": "place", "case": "duplicate"}  # field -> whose reasons tell of it
Pair = tuple[Mapping[str, Any], Mapping[str, Any], str]  # judged, truth, channel


@dataclass(frozen=True, slots=True)
class Figure:
    """A share of `of` things, with the interval it would fall in for 95 of 100 such sets."""

    value: float
    low: float
    high: float
    of: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """One report that was judged otherwise than labelled: field -> (label, judged)."""

    id: str
    fields: Mapping[str, tuple[str | None, str | None]]
    reasons: Any


@dataclass(frozen=True, slots=True)
class Score:
    shares: Mapping[str, Figure]
    confusion: Mapping[tuple[str, str], int]  # (label, judged) -> reports
    by_channel: Mapping[str, Mapping[str, float]]
    by_language: Mapping[str, Mapping[str, float]]
    wrong_merges: int
    missed_merges: int
    wrong: tuple[Wrong, ...]

    @property
    def costs(self) -> dict[str, tuple[int, int]]:
        """Error class -> (how many, what they cost together)."""
        counts = {
            "danger missed": sum(w.fields.get("priority", ("",))[0] == "P1" for w in self.wrong),
            "wrong merge": self.wrong_merges,
            "wrong charger": sum("charger" in w.fields for w in self.wrong),
            "wrong category": sum("category" in w.fields for w in self.wrong),
            "alarm for nothing": sum("P1" in w.fields.get("priority", ())[1:] for w in self.wrong),
            "missed merge": self.missed_merges,
        }
        return {name: (count, count * _COSTS[name]) for name, count in counts.items()}

    @property
    def cost(self) -> int:
        """What all errors cost."""
        return sum(cost for _, cost in self.costs.values())

    def figures(self) -> dict[str, Any]:
        """The score as JSON can hold it."""
        return {
            "shares": {k: {"value": f.value, "low": f.low, "high": f.high, "of": f.of} for k, f in self.shares.items()},
            "confusion": [{"label": a, "judged": b, "reports": n} for (a, b), n in self.confusion.items()],
            "by_channel": self.by_channel,
            "by_language": self.by_language,
            "merges": {"wrong": self.wrong_merges, "missed": self.missed_merges},
            "costs": {name: {"errors": count, "cost": cost} for name, (count, cost) in self.costs.items()},
            "wrong": [{"id": w.id, "fields": {k: list(v) for k, v in w.fields.items()}} for w in self.wrong],
        }

    def lines(self) -> list[str]:
        """The score as text: figures, tables, and every error with its reasons."""
        out = [f"{name:<22}{f.value:7.4f}   {f.low:.3f} - {f.high:.3f}   of {f.of}" for name, f in self.shares.items()]
        out += ["", f"{'error':<20}{'times':>6}{'cost':>6}"]
        out += [f"{name:<20}{count:6}{cost:6}" for name, (count, cost) in self.costs.items()]
        for title, table in (("channel", self.by_channel), ("language", self.by_language)):
            out += ["", f"{title:<10}{'reports':>8}{'category':>10}{'priority':>10}{'charger':>10}"]
            out += [
                f"{key:<10}{row['reports']:8.0f}{row['category']:10.3f}{row['priority']:10.3f}{row['charger']:10.3f}"
                for key, row in table.items()
            ]
        mixed = [(a, b, n) for (a, b), n in self.confusion.items() if a != b]
        out += ["", "taken for another category:"] if mixed else []
        out += [f"  {a} judged as {b}: {n}" for a, b, n in sorted(mixed, key=lambda row: (-row[2], row[0], row[1]))]
        out += ["", f"errors: {len(self.wrong)}"] if self.wrong else []
        for wrong in self.wrong:
            told = ", ".join(f"{k} {label} judged as {judged}" for k, (label, judged) in wrong.fields.items())
            out.append(f"  {wrong.id}: {told}")
            out += [f"    {reason}" for reason in _told(wrong)]
        return out


def score(rows: Sequence[Mapping[str, Any]], truths: Sequence[Mapping[str, Any]]) -> Score:
    """Compare what `replay` printed with labelled reports, in the same order.

    `truths` are the reports with their `truth` (or the truths alone). Raises ValueError when the two do not match.
    """
    if len(rows) != len(truths):
        raise ValueError(f"{len(rows)} judged reports, {len(truths)} labelled ones")
    pairs: list[Pair] = [
        (row, truth.get("truth", truth), str(truth.get("channel", "?")))
        for row, truth in zip(rows, truths, strict=True)
    ]
    if not pairs:
        raise ValueError("nothing to score")
    wrong_merges, missed_merges = _merges(pairs)
    return Score(
        shares=_figures(pairs),
        confusion=Counter((str(t["category"]), str(r["category"])) for r, t, _ in pairs),
        by_channel=_table(pairs, lambda pair: pair[2]),
        by_language=_table(pairs, lambda pair: str(pair[1]["language"])),
        wrong_merges=wrong_merges,
        missed_merges=missed_merges,
        wrong=tuple(_errors(pairs)),
    )


def b_cubed(pairs: Sequence[tuple[Any, Any]]) -> list[tuple[float, float]]:
    """Precision and recall of each of (predicted case, true case)."""
    predicted: defaultdict[Any, Counter[Any]] = defaultdict(Counter)
    sizes: Counter[Any] = Counter()
    for case, true in pairs:
        predicted[case][true] += 1
        sizes[true] += 1
    return [(predicted[c][t] / predicted[c].total(), predicted[c][t] / sizes[t]) for c, t in pairs]


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """Mean F1 over the classes that occur, of (predicted, true)."""
    hits, said, true = (
        Counter(p for p, t in pairs if p == t),
        Counter(p for p, _ in pairs),
        Counter(t for _, t in pairs),
    )
    classes = said.keys() | true.keys()
    return sum(2 * hits[c] / (said[c] + true[c]) for c in classes) / len(classes)


def _figures(pairs: Sequence[Pair]) -> dict[str, Figure]:
    cubed = b_cubed([(r["case"], t["case"]) for r, t, _ in pairs])
    by_case: defaultdict[Any, list[int]] = defaultdict(list)
    for place, (_, truth, _) in enumerate(pairs):
        by_case[truth["case"]].append(place)
    whole = list(range(len(pairs)))
    measures = _measures(pairs, cubed)
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    chance = random.Random(_SEED)
    cases = list(by_case.values())
    for _ in range(_ROUNDS):
        sample = [place for case in chance.choices(cases, k=len(cases)) for place in case]
        for name, (measure, _) in measures.items():
            drawn[name].append(measure(sample))
    figures = {}
    for name, (measure, of) in measures.items():
        spread = sorted(drawn[name])
        low, high = spread[round(0.025 * (_ROUNDS - 1))], spread[round(0.975 * (_ROUNDS - 1))]
        figures[name] = Figure(round(measure(whole), 4), round(low, 4), round(high, 4), of)
    return figures


def _is_p1(pair: Pair, side: int) -> bool:
    return bool((pair[0] if side == 0 else pair[1])["priority"] == "P1")


Measure = Callable[[Sequence[int]], float]


def _measures(pairs: Sequence[Pair], cubed: Sequence[tuple[float, float]]) -> dict[str, tuple[Measure, int]]:
    """Each figure as a function of the reports that are counted, and how many things it is a share of."""

    def precision(at: Sequence[int]) -> float:
        return sum(cubed[i][0] for i in at) / len(at)

    def recall(at: Sequence[int]) -> float:
        return sum(cubed[i][1] for i in at) / len(at)

    def f1(at: Sequence[int]) -> float:
        p, r = precision(at), recall(at)
        return 2 * p * r / (p + r)

    def same(field: str) -> Measure:
        return lambda at: sum(pairs[i][0][field] == pairs[i][1][field] for i in at) / len(at)

    def category_f1(at: Sequence[int]) -> float:
        return macro_f1([(str(pairs[i][0]["category"]), str(pairs[i][1]["category"])) for i in at])

    def among(given: int, asked: int) -> Measure:
        """Of the reports that `given` (0 judged, 1 label) calls P1, the share that `asked` calls so too."""

        def share(at: Sequence[int]) -> float:
            those = [i for i in at if _is_p1(pairs[i], given)]
            return sum(_is_p1(pairs[i], asked) for i in those) / len(those) if those else 1.0

        return share

    of = len(pairs)
    labelled = sum(t["priority"] == "P1" for _, t, _ in pairs)
    judged = sum(r["priority"] == "P1" for r, _, _ in pairs)
    return {
        "cases precision": (precision, of),
        "cases recall": (recall, of),
        "cases f1": (f1, of),
        "category macro-f1": (category_f1, of),
        "category accuracy": (same("category"), of),
        "priority accuracy": (same("priority"), of),
        "p1 recall": (among(1, 0), labelled),
        "p1 precision": (among(0, 1), judged),
        "charger accuracy": (same("charger"), of),
        "site accuracy": (same("site"), of),
        "language accuracy": (same("language"), of),
    }


def _table(pairs: Sequence[Pair], key: Callable[[Pair], str]) -> dict[str, dict[str, float]]:
    groups: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        groups[key(pair)].append(pair)
    return {
        name: {
            "reports": float(len(group)),
            **{f: sum(r[f] == t[f] for r, t, _ in group) / len(group) for f in ("category", "priority", "charger")},
        }
        for name, group in sorted(groups.items())
    }


def _merges(pairs: Sequence[Pair]) -> tuple[int, int]:
    """Reports that lie in a case opened by a foreign one, and reports that lie apart from the first of their case."""
    opened: dict[Any, Any] = {}
    first: dict[Any, Any] = {}
    wrong = missed = 0
    for row, truth, _ in pairs:
        wrong += opened.setdefault(row["case"], truth["case"]) != truth["case"]
        missed += first.setdefault(truth["case"], row["case"]) != row["case"]
    return wrong, missed


def _told(wrong: Wrong) -> list[str]:
    """The reasons of what was judged wrongly, each once."""
    reasons = wrong.reasons or {}
    names = dict.fromkeys(_TOLD_BY.get(field, field) for field in wrong.fields)
    return [f"{name}: {'; '.join(reasons[name])}" for name in names if reasons.get(name)]


def _errors(pairs: Sequence[Pair]) -> list[Wrong]:
    errors = []
    opened: dict[Any, str] = {}
    first: dict[Any, Any] = {}
    for row, truth, _ in pairs:
        fields = ("category", "priority", "charger", "site", "language")
        missed = {f: (truth[f], row[f]) for f in fields if row[f] != truth[f]}
        theirs = opened.setdefault(row["case"], truth["case"])
        if theirs != truth["case"]:
            missed["case"] = (truth["case"], theirs)
        elif first.setdefault(truth["case"], row["case"]) != row["case"]:
            missed["case"] = (truth["case"], "a case of its own")
        if missed:
            errors.append(Wrong(str(row["id"]), missed, row.get("reasons")))
    return errors
