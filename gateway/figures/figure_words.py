"""Figures in words, for pages and mails: which stand together, how a value and what it was made of are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from babel.numbers import NumberPattern, parse_pattern

from gateway import languages
from gateway.figures.house_figures import BETTER_UP, FORMULAS
from gateway.languages import N_, Catalogue
from measuring.figures import BY_NAME, CALL_DISPOSITIONS, Figure

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
            "waited_too_long",
            "callbacks_kept",
            "talk_time",
            "wrap_up_time",
            "handling_time",
            "wait_as_told",
            "wait_longer_than_told",
        ),
    ),
    (
        "outcomes",
        N_("What came of calls"),
        ("calls_disposed", *(f"calls_{one}" for one in CALL_DISPOSITIONS)),
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
            "solved_alone",
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
SHARE, SHARE_CLOSE = parse_pattern("0.0 %"), parse_pattern("0.0%")
TIMES, WHOLE, TENTHS = parse_pattern("0.00"), parse_pattern("#,##0"), parse_pattern("#,##0.#")
TARGETS: Mapping[str, float] = {"call_response_average": 90, "satisfaction": 0.897, "uptime": 0.997}


def written(value: float | None, unit: str, book: Catalogue) -> str:
    if value is None:
        return "–"
    if unit == "s":
        return languages.format_clock(timedelta(seconds=value), exact=True)
    if unit == "1":
        return _by(SHARE if book.language == "sv" else SHARE_CLOSE, value, book)
    return _by(TIMES if unit == "x" else WHOLE, value, book)


def made_of(one: Figure, book: Catalogue) -> str:
    """Numerator and denominator, written as the unit asks for."""
    if one.numerator is None or one.denominator is None:
        return f"n = {number(one.denominator, book)}" if one.denominator is not None else ""
    if one.measure == "occupancy":
        return " / ".join(languages.format_clock(timedelta(seconds=part)) for part in (one.numerator, one.denominator))
    numerator = (
        languages.format_clock(timedelta(seconds=one.numerator))
        if one.unit == "s" and one.measure.endswith(("average", "asa", "time"))
        else number(one.numerator, book)
    )
    return f"{numerator} / {number(one.denominator, book)}"


def formula_of(name: str) -> str:
    return BY_NAME[name].formula if name in BY_NAME else FORMULAS[name][1]


def better_down(name: str) -> bool:
    """Whether less of a measure is better."""
    return BY_NAME[name].down if name in BY_NAME else name not in BETTER_UP


def number(value: float, book: Catalogue) -> str:
    """To one digit after the point, where there is one."""
    return _by(TENTHS, round(value, 1), book)


def _by(pattern: NumberPattern, value: float, book: Catalogue) -> str:
    return str(pattern.apply(value, languages.locale(book.language)))
