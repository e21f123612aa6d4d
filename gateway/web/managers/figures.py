"""Figures as pages and tables show them: written values, changes against the period before, and links to the cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from gateway import languages
from gateway.figures.figure_words import SECTIONS, TARGETS, better_down, formula_of, made_of, number, written
from gateway.languages import N_, Catalogue
from gateway.web.managers.periods import Period
from measuring.figures import BY_NAME, Figure
from routing.directory import Directory

TILES = ("call_response_average", "response_time_median", "response_time_p90", "response_in_target", "sla_attainment")
CODED = {"channel", "queue", "priority", "category", "sla_level", "weekday", "line", "language"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure on a page; `better` says whether it improved since the period before (None: unknown or the same)."""

    value: str
    made_of: str
    link: str | None
    change: str = ""
    better: bool | None = None


def sections(
    figures: Sequence[Figure],
    before: Sequence[Figure],
    period: Period,
    language: str,
    directory: Directory,
    people: Mapping[str, str],
) -> list[dict[str, Any]]:
    """A table for every section in which anything was counted: rows are the keys, the whole comes last. `people` are
    the names of agents."""
    told = {(one.measure, one.key): one for one in figures}
    earlier = {(one.measure, one.key): one for one in before}
    keys = list(dict.fromkeys(one.key for one in figures))
    book, base = languages.catalogue(language), _base(period)
    found = []
    for name, title, names in SECTIONS:
        shown = [measure for measure in names if any((measure, key) in told for key in keys)]
        rows = [
            {
                "key": key,
                "label": label(period.by, key, book, directory, people),
                "cells": [cell(told.get((measure, key)), earlier.get((measure, key)), base, book) for measure in shown],
            }
            for key in [*keys[1:], *keys[:1]]
            if any((measure, key) in told for measure in shown)
        ]
        if rows:
            found.append(
                {
                    "name": name,
                    "title": title,
                    "measures": shown,
                    "rows": rows,
                    "formulas": {measure: formula_of(measure) for measure in shown},
                }
            )
    return found


def tiles(figures: Iterable[Figure], before: Iterable[Figure], period: Period, language: str) -> list[dict[str, Any]]:
    """The few figures of the whole that people look at first."""
    told = {one.measure: one for one in figures if one.key is None}
    earlier = {one.measure: one for one in before if one.key is None}
    book, base = languages.catalogue(language), _base(period)
    return [
        {
            "name": name,
            "cell": cell(told.get(name), earlier.get(name), base, book),
            "formula": formula_of(name),
            "target": written(TARGETS[name], BY_NAME[name].unit, book) if name in TARGETS else None,
        }
        for name in TILES
    ]


def cell(one: Figure | None, before: Figure | None, base: str, book: Catalogue) -> Cell:
    if one is None:
        return Cell("–", "", None)
    change, better = "", None
    if before is not None and before.value is not None and one.value is not None:
        difference = one.value - before.value
        if one.unit == "1":
            change = _signed(difference * 100, book) + " %"
        elif before.value:
            change = _signed(difference / before.value * 100, book) + " %"
        if abs(difference) > 1e-9:
            better = (difference < 0) == better_down(one.measure)
    value = written(one.value, one.unit, book)
    if one.value is None:
        value = f"> {written(one.beyond, one.unit, book)}" if one.beyond is not None else "–"
    return Cell(value, made_of(one, book), _link(one, base), change, better)


def label(by: str, key: str | None, book: Catalogue, directory: Directory, people: Mapping[str, str]) -> str:
    """What a key is called: a site's name, a queue in words, an hour as a time, who an agent is."""
    if key is None:
        return book.gettext(N_("All"))
    if key == "-":
        return book.gettext(N_("None"))
    if by == "site":
        site = directory.sites.get(key)
        return f"{site.name}, {site.city}" if site else key
    if by == "owner":
        owner = directory.owners.get(key)
        return owner.organisation if owner else key
    if by == "agent":
        return people.get(key, key)
    if by == "hour":
        return f"{key}:00"
    if by == "priority":
        return key
    if by == "language":
        return languages.NAMES.get(key, key)
    return book.code(by, key) if by in CODED else key


def _base(period: Period) -> str:
    """Where the cases of a period are listed."""
    return f"/managers/cases?{period.query()}"


def _link(one: Figure, base: str) -> str | None:
    measure = BY_NAME.get(one.measure)
    if measure is None:
        return None
    behind = f"{base}&kind={measure.kind}&outcome={measure.shown}"
    return behind if one.key is None else f"{behind}&key={quote_plus(one.key)}"


def _signed(value: float, book: Catalogue) -> str:
    rounded = round(value, 1)
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else '±'}{number(abs(rounded), book)}"
