"""The table of symptoms: concepts of the lexica that people tell a fault by, and the fault codes that may lie behind.

One line holds in every language, because concepts do. Pure; `parse_symptoms` collects every fault of symptoms.toml.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routing.alarms import Alarms
from routing.categories import COMPUTED, Pattern
from routing.danger import DANGERS
from routing.values import Category

_KEYS = frozenset({"category", "all", "any", "unless", "near", "codes", "danger"})


@dataclass(frozen=True, slots=True)
class Symptom(Pattern):
    """`codes` stand the likeliest first, none where no charger's fault shows so. Without concepts it is what a category
    alone tells. `danger`: it is danger to people, whatever its codes are."""

    codes: tuple[str, ...]
    danger: bool


def parse_symptoms(
    table: Mapping[str, Any], concepts: frozenset[str], alarms: Alarms, faults: list[str]
) -> tuple[Symptom, ...]:
    """The symptoms of symptoms.toml; every fault is added to `faults`, one line each."""
    found: list[Symptom] = []
    for place, row in enumerate(table.get("symptoms", []), start=1):
        where = f"symptoms.toml: symptom {place}"
        if row.get("category") not in set(Category):
            faults.append(f"{where}: unknown category {row.get('category')!r}")
            continue
        lists = {k: tuple(row.get(k, ())) for k in ("all", "any", "unless", "codes")}
        symptom = Symptom(
            Category(row["category"]), near=int(row.get("near", 0)), danger=bool(row.get("danger", False)), **lists
        )
        stray = sorted(set(row) - _KEYS)
        if stray:
            faults.append(f"{where}: unknown key {', '.join(stray)}")
        faults += [f"{where}: {fault}" for fault in _faults_of(symptom, concepts | COMPUTED, alarms)]
        found.append(symptom)
    alone = Counter(one.category for one in found if not one.all)
    faults.extend(f"symptoms.toml: {c} must have one symptom without concepts" for c in Category if alone[c] != 1)
    return tuple(found)


def _faults_of(symptom: Symptom, concepts: frozenset[str], alarms: Alarms) -> list[str]:
    faults = []
    unknown = sorted({*symptom.all, *symptom.any, *symptom.unless} - concepts)
    if unknown:
        faults.append(f"unknown concept {', '.join(unknown)}")
    if (symptom.any or symptom.unless) and not symptom.all:
        faults.append("any and unless stand beside all")
    strange = [code for code in symptom.codes if code not in alarms.codes]
    if strange:
        faults.append(f"unknown code {', '.join(strange)}")
    if not symptom.danger and (DANGERS.intersection(symptom.all) or symptom.category is Category.SAFETY):
        faults.append("it is danger, so danger must be true")
    codes = [alarms.codes[code] for code in symptom.codes if code in alarms.codes]
    if not symptom.danger and any(code.danger for code in codes):
        faults.append("a code of it is danger, so danger must be true")
    if symptom.danger and any(code.remote for code in codes):
        faults.append("nothing is done from afar where there is danger")
    return faults
