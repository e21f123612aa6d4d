"""What a report is about: signs over concepts, each with a weight, the heaviest category wins.

Pure. `parse_signs` collects every fault of categories.toml.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from routing.lexicon import Hit
from routing.values import Category

COMPUTED = frozenset({"less_power", "asks", "spams", "context"})


@dataclass(frozen=True, slots=True)
class Pattern:
    """Concepts that tell of a category together: all of `all`, within `near` words of the first where that is given,
    at least one of `any`, and none of `unless`."""

    category: Category
    all: tuple[str, ...]
    any: tuple[str, ...]
    unless: tuple[str, ...]
    near: int


@dataclass(frozen=True, slots=True)
class Sign(Pattern):
    weight: float

    @property
    def name(self) -> str:
        return "+".join(self.all)


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs, the order that breaks ties, and the concepts that a denial takes away."""

    signs: tuple[Sign, ...]
    by_first: Mapping[str, tuple[tuple[int, Sign], ...]]  # its first concept -> a sign and its place
    order: tuple[Category, ...]
    deniable: frozenset[str]


def weigh(signs: Signs, concepts: Mapping[str, Sequence[Hit]]) -> dict[Category, dict[str, float]]:
    """The signs that hold, by category: name -> weight."""
    held: dict[Category, dict[str, float]] = {}
    near = sorted((row for c in concepts for row in signs.by_first.get(c, ())), key=itemgetter(0))
    for _, sign in near:
        if all(c in concepts for c in sign.all) and holds(sign, concepts):
            found = held.setdefault(sign.category, {})
            found[sign.name] = found.get(sign.name, 0.0) + sign.weight
    return held


def best(signs: Signs, weights: Mapping[Category, float]) -> Category | None:
    """The heaviest category, ties by order; None when nothing weighs anything."""
    first = min(weights, key=lambda c: (-round(weights[c], 6), signs.order.index(c)), default=None)
    return first if first and weights[first] > 0 else None


def holds(pattern: Pattern, concepts: Mapping[str, Sequence[Hit]]) -> bool:
    """Whether a pattern holds in a text that has all of its `all`."""
    if pattern.any and not any(c in concepts for c in pattern.any):
        return False
    if any(c in concepts for c in pattern.unless):
        return False
    if not pattern.near or len(pattern.all) < 2:
        return True
    first, *rest = pattern.all
    return any(
        all(any(_distance(hit, other) <= pattern.near for other in concepts[c]) for c in rest)
        for hit in concepts[first]
    )


def _distance(a: Hit, b: Hit) -> int:
    return max(a.start, b.start) - min(a.end, b.end)


def parse_signs(table: Mapping[str, Any], concepts: frozenset[str], faults: list[str]) -> Signs:
    """The signs of categories.toml; every fault is added to `faults`, one line each."""
    known = concepts | COMPUTED
    signs: list[Sign] = []
    for place, row in enumerate(table.get("signs", []), start=1):
        where = f"categories.toml: sign {place}"
        lists = {k: tuple(row.get(k, ())) for k in ("all", "any", "unless")}
        unknown = sorted(set().union(*lists.values()) - known)
        if unknown:
            faults.append(f"{where}: unknown concept {', '.join(unknown)}")
        if not lists["all"]:
            faults.append(f"{where}: no concepts")
        if row.get("category") not in set(Category):
            faults.append(f"{where}: unknown category {row.get('category')!r}")
            continue
        weight = row.get("weight")
        if not isinstance(weight, int | float) or isinstance(weight, bool):
            faults.append(f"{where}: weight {weight!r}")
            continue
        stray = sorted(set(row) - {"category", "all", "any", "unless", "near", "weight"})
        if stray:
            faults.append(f"{where}: unknown key {', '.join(stray)}")
        signs.append(Sign(Category(row["category"]), near=int(row.get("near", 0)), weight=float(weight), **lists))
    order = [c for c in table.get("order", []) if c in set(Category)]
    if sorted(order) != sorted(Category):
        faults.append("categories.toml: order must name every category once")
    unsigned = sorted(set(Category) - {s.category for s in signs})
    faults.extend(f"categories.toml: nothing is a sign of {missing}" for missing in unsigned)
    deniable = frozenset(table.get("deniable", []))
    if deniable - known:
        faults.append(f"categories.toml: deniable: unknown concept {', '.join(sorted(deniable - known))}")
    by_first: defaultdict[str, list[tuple[int, Sign]]] = defaultdict(list)
    for place, sign in enumerate(signs):
        by_first[sign.all[0] if sign.all else ""].append((place, sign))
    grouped = {first: tuple(rows) for first, rows in by_first.items()}
    return Signs(tuple(signs), grouped, tuple(Category(c) for c in order), deniable)
