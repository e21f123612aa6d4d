"""Figures as pages and tables show them: written values, changes against the period before, and links to the cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from babel.numbers import format_decimal, format_percent

from gateway import languages
from gateway.house_figures import BETTER_UP, FORMULAS
from gateway.languages import N_, Catalogue
from gateway.web.managers_periods import Period
from measuring.figures import BY_NAME, Figure
from routing.directory import Directory

SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "response",
        N_("First human response"),
        (
            "response_time_average",
            "response_time_median",
            "response_time_p90",
            "response_time_p99",
            "open_response_average",
            "open_response_median",
            "answered_share",
            "response_in_target",
            "response_given_up",
        ),
    ),
    (
        "calls",
        N_("Calls"),
        (
            "calls_queued",
            "call_response_average",
            "call_response_p90",
            "asa",
            "answered_within",
            "abandonment",
            "short_abandons",
            "longest_wait",
            "callbacks_kept",
            "talk_time",
            "wrap_up_time",
            "handling_time",
            "wait_as_told",
            "wait_longer_than_told",
        ),
    ),
    (
        "solutions",
        N_("Solutions"),
        (
            "solution_time_median",
            "solution_time_p90",
            "sla_attainment",
            "first_contact_solution",
            "reopen_rate",
            "escalated_share",
            "line_time_median",
            "visits_avoided",
        ),
    ),
    (
        "reports",
        N_("Reports and cases"),
        (
            "cases_opened",
            "reports_per_case",
            "contacts_deflected",
            "incident_share",
            "visits",
            "survey_answered",
            "satisfaction",
        ),
    ),
    (
        "house",
        N_("The house"),
        (
            "backlog",
            "backlog_age_median",
            "backlog_age_p90",
            "occupancy",
            "visits_again",
            "uptime",
            "platform_uptime",
        ),
    ),
)
TILES = ("call_response_average", "response_time_median", "response_time_p90", "response_in_target", "sla_attainment")
TARGETS: Mapping[str, float] = {"call_response_average": 90, "satisfaction": 0.897, "uptime": 0.997}
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
) -> list[dict[str, Any]]:
    """A table for every section in which anything was counted: rows are the keys, the whole comes last."""
    told = {(one.measure, one.key): one for one in figures}
    earlier = {(one.measure, one.key): one for one in before}
    keys = list(dict.fromkeys(one.key for one in figures))
    book = languages.catalogue(language)
    found = []
    for name, title, names in SECTIONS:
        shown = [measure for measure in names if any((measure, key) in told for key in keys)]
        rows = [
            {
                "key": key,
                "label": label(period.by, key, book, directory),
                "cells": [
                    cell(told.get((measure, key)), earlier.get((measure, key)), period, book) for measure in shown
                ],
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
    book = languages.catalogue(language)
    return [
        {
            "name": name,
            "cell": cell(told.get(name), earlier.get(name), period, book),
            "formula": formula_of(name),
            "target": written(TARGETS[name], BY_NAME[name].unit, book) if name in TARGETS else None,
        }
        for name in TILES
    ]


def cell(one: Figure | None, before: Figure | None, period: Period, book: Catalogue) -> Cell:
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
    return Cell(value, made_of(one, book), _link(one, period), change, better)


def made_of(one: Figure, book: Catalogue) -> str:
    """Numerator and denominator, written as the unit asks for."""
    if one.numerator is None or one.denominator is None:
        return f"n = {_number(one.denominator, book)}" if one.denominator is not None else ""
    if one.measure == "occupancy":
        return " / ".join(languages.format_clock(timedelta(seconds=part)) for part in (one.numerator, one.denominator))
    numerator = (
        languages.format_clock(timedelta(seconds=one.numerator))
        if one.unit == "s" and one.measure.endswith(("average", "asa", "time"))
        else _number(one.numerator, book)
    )
    return f"{numerator} / {_number(one.denominator, book)}"


def written(value: float | None, unit: str, book: Catalogue) -> str:
    if value is None:
        return "–"
    locale = languages.locale(book.language)
    if unit == "s":
        return languages.format_clock(timedelta(seconds=value), exact=True)
    if unit == "1":
        return str(format_percent(value, "0.0 %" if book.language == "sv" else "0.0%", locale=locale))
    return str(format_decimal(value, "0.00" if unit == "x" else "#,##0", locale=locale))


def label(by: str, key: str | None, book: Catalogue, directory: Directory) -> str:
    """What a key is called: a site's name, a queue in words, an hour as a time."""
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
    if by == "hour":
        return f"{key}:00"
    if by == "priority":
        return key
    if by == "language":
        return languages.NAMES.get(key, key)
    return book.code(by, key) if by in CODED else key


def better_down(name: str) -> bool:
    """Whether less of a measure is better."""
    return BY_NAME[name].down if name in BY_NAME else name not in BETTER_UP


def formula_of(name: str) -> str:
    return BY_NAME[name].formula if name in BY_NAME else FORMULAS[name][1]


def _link(one: Figure, period: Period) -> str | None:
    measure = BY_NAME.get(one.measure)
    if measure is None:
        return None
    by = period.by if one.key is not None else ""
    more = {"kind": measure.kind, "outcome": measure.shown, "by": by, "key": one.key or ""}
    return f"/managers/cases?{period.query(**more)}"


def _number(value: float, book: Catalogue) -> str:
    return str(format_decimal(round(value, 1), "#,##0.#", locale=languages.locale(book.language)))


def _signed(value: float, book: Catalogue) -> str:
    rounded = round(value, 1)
    text = format_decimal(abs(rounded), "#,##0.#", locale=languages.locale(book.language))
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else '±'}{text}"
