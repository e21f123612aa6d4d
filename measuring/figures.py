"""The measures: each a value with its numerator, its denominator and the formula in words. Pure.

`FIGURES` is the whole catalogue; `figures` makes of the tallies of one group everything that can be said about it.
A measure of which nothing was counted is left out, so that nobody reads a nought where nobody called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from measuring.tally import Tally
from measuring.waits import MICROSECONDS, quantile, wilson


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure with what it was made of: `value` comes from `numerator` and `denominator` by `formula`."""

    measure: str
    key: str | None
    value: float | None
    unit: str
    numerator: float | None
    denominator: float | None
    formula: str
    interval: tuple[float, float] | None = None
    beyond: float | None = None  # what the value certainly exceeds, where it cannot be known


Made = tuple[float | None, float | None, float | None]  # value, numerator, denominator


@dataclass(frozen=True, slots=True)
class Measure:
    """How one figure is made of the tally of one kind of facts."""

    name: str
    kind: str
    unit: str
    formula: str
    make: Callable[[Tally], Made]
    down: bool = True  # less is better
    shown: str = ""  # the tag or outcome whose cases stand behind the numerator


def _seconds(value: int | None) -> float | None:
    return None if value is None else value / MICROSECONDS


def _average(tally: Tally) -> Made:
    total, answered = tally.total, tally.answered
    return (total / answered / MICROSECONDS if answered else None), total / MICROSECONDS, answered


def _quantile(share: float) -> Callable[[Tally], Made]:
    def make(tally: Tally) -> Made:
        return _seconds(quantile(tally.waits, share)), tally.answered, tally.count

    return make


def _share(hits: int, of: int) -> Made:
    return (hits / of if of else None), hits, of


def _longest(tally: Tally) -> Made:
    return _seconds(tally.longest), None, tally.count


def _within(tally: Tally) -> Made:
    return _share(tally.soon, tally.count - tally.tags["short"])


def _in_target(tally: Tally) -> Made:
    return _share(tally.met, tally.met + tally.missed)


def _missed(tally: Tally) -> Made:
    return _share(tally.missed, tally.met + tally.missed)


def _answered(tally: Tally) -> Made:
    return _share(tally.answered, tally.count)


def _late(where: str) -> Callable[[Tally], Made]:
    return lambda tally: _share(tally.tags[f"late_{where}"], tally.missed)


def _tagged(*tags: str) -> Callable[[Tally], Made]:
    return lambda tally: _share(sum(tally.tags[tag] for tag in tags), tally.count)


def _of_ended(tag: str) -> Callable[[Tally], Made]:
    return lambda tally: _share(tally.tags[tag], tally.answered)


# What may come of a call, as agents say it: the same as they are offered (dispositions.toml).
CALL_DISPOSITIONS = ("solved", "informed", "goes_on", "call_again", "lost", "not_for_us")
LESS = frozenset({"goes_on", "call_again", "lost", "not_for_us"})  # of which less is better

FIGURES: tuple[Measure, ...] = (
    Measure("response_time_average", "response", "s", "formula.response_average", _average),
    Measure("response_time_median", "response", "s", "formula.response_quantile", _quantile(0.5)),
    Measure("response_time_p90", "response", "s", "formula.response_quantile", _quantile(0.9)),
    Measure("response_time_p99", "response", "s", "formula.response_quantile", _quantile(0.99)),
    Measure("open_response_average", "open_response", "s", "formula.open_response_average", _average),
    Measure("open_response_median", "open_response", "s", "formula.open_response_median", _quantile(0.5)),
    Measure("answered_share", "response", "1", "formula.answered", _answered, False, "ended"),
    Measure("response_in_target", "response", "1", "formula.in_target", _in_target, False, "met"),
    Measure("response_missed", "response", "1", "formula.missed", _missed, True, "missed"),
    Measure(
        "response_given_up",
        "response",
        "1",
        "formula.given_up",
        lambda t: _share(t.count - t.open - t.answered, t.count),
        True,
        "lost",
    ),
    Measure("call_response_average", "voice", "s", "formula.voice_average", _average),
    Measure("call_response_median", "voice", "s", "formula.voice_quantile", _quantile(0.5)),
    Measure("call_response_p90", "voice", "s", "formula.voice_quantile", _quantile(0.9)),
    Measure("call_response_p99", "voice", "s", "formula.voice_quantile", _quantile(0.99)),
    Measure("calls_queued", "queue", "n", "formula.queued", lambda t: (t.count, t.count, None), False),
    Measure("asa", "queue", "s", "formula.asa", _average),
    Measure("answered_within", "queue", "1", "formula.within", _within, False, "ended"),
    Measure(
        "abandonment",
        "queue",
        "1",
        "formula.abandonment",
        lambda t: _share(t.tags["abandoned"], t.count - t.tags["short"]),
        True,
        "abandoned",
    ),
    Measure(
        "short_abandons",
        "queue",
        "n",
        "formula.short",
        lambda t: (t.tags["short"], t.tags["short"], t.count),
        True,
        "short",
    ),
    Measure("longest_wait", "queue", "s", "formula.longest", _longest),
    Measure("waited_too_long", "queue", "1", "formula.too_long", _tagged("too_long"), True, "too_long"),
    Measure("callbacks_kept", "callback", "1", "formula.callbacks", _answered, False, "ended"),
    Measure("wait_as_told", "told", "1", "formula.wait_as_told", _tagged("as_told"), False, "as_told"),
    Measure("wait_longer_than_told", "told", "1", "formula.wait_longer", _tagged("later"), True, "later"),
    Measure("talk_time", "talk", "s", "formula.talk", _average),
    Measure("wrap_up_time", "wrap_up", "s", "formula.wrap_up", _average),
    Measure("handling_time", "handled", "s", "formula.handling", _average),
    Measure("calls_disposed", "disposed", "n", "formula.disposed", lambda t: (t.count, t.count, None), False),
    *(
        Measure(f"calls_{one}", "disposed", "1", "formula.disposed_as", _tagged(f"as_{one}"), one in LESS, f"as_{one}")
        for one in CALL_DISPOSITIONS
    ),
    Measure("line_time_average", "stay", "s", "formula.line_average", _average),
    Measure("line_time_median", "stay", "s", "formula.line_quantile", _quantile(0.5)),
    Measure("escalated_share", "stay", "1", "formula.escalated", _of_ended("escalated"), True, "escalated"),
    Measure("solution_time_average", "solution", "s", "formula.solution_average", _average),
    Measure("solution_time_median", "solution", "s", "formula.solution_quantile", _quantile(0.5)),
    Measure("solution_time_p90", "solution", "s", "formula.solution_quantile", _quantile(0.9)),
    Measure("sla_attainment", "solution", "1", "formula.sla", _in_target, False, "met"),
    Measure("sla_missed", "solution", "1", "formula.sla_missed", _missed, True, "missed"),
    *(
        Measure(f"sla_missed_{where}", "solution", "1", "formula.sla_reason", _late(where), True, f"late_{where}")
        for where in ("unclaimed", "line_1", "line_2", "line_3", "waiting")
    ),
    Measure(
        "first_contact_solution",
        "solution",
        "1",
        "formula.first_contact",
        _of_ended("first_contact"),
        False,
        "first_contact",
    ),
    Measure("reopen_rate", "solution", "1", "formula.reopened", _of_ended("reopened"), True, "reopened"),
    Measure(
        "visits_avoided",
        "solution",
        "1",
        "formula.avoided",
        lambda t: _share(t.tags["as_solved_remotely"], t.tags["as_solved_remotely"] + t.tags["as_solved_on_site"]),
        False,
        "as_solved_remotely",
    ),
    Measure("cases_opened", "case", "n", "formula.cases", lambda t: (t.count, t.count, None), True),
    Measure(
        "reports_per_case",
        "case",
        "x",
        "formula.reports",
        lambda t: (t.total / t.count if t.count else None, t.total, t.count),
        False,
    ),
    Measure(
        "contacts_deflected",
        "case",
        "1",
        "formula.deflected",
        lambda t: _share(t.total - t.count, t.total),
        False,
        "incident",
    ),
    Measure("incident_share", "case", "1", "formula.incidents", _tagged("incident"), False, "incident"),
    Measure("solved_alone", "case", "1", "formula.solved_alone", _tagged("solved_alone"), False, "solved_alone"),
    Measure("visits", "visit", "n", "formula.visits", lambda t: (t.count, t.count, None), True),
    Measure("survey_answered", "asked", "1", "formula.survey_answered", _tagged("answered"), False, "answered"),
    Measure("satisfaction", "rating", "1", "formula.satisfaction", _in_target, False, "met"),
)
KINDS = tuple(dict.fromkeys(measure.kind for measure in FIGURES))
BY_NAME: Mapping[str, Measure] = {measure.name: measure for measure in FIGURES}


def figures(key: str | None, of: Mapping[str, Tally], measures: Iterable[Measure] = FIGURES) -> Iterator[Figure]:
    """Everything that can be said about one group, or those measures alone; `of` are its tallies by kind."""
    for measure in measures:
        tally = of.get(measure.kind)
        if tally is None or not tally.count:
            continue
        value, numerator, denominator = measure.make(tally)
        if denominator == 0:
            continue
        interval = None
        if measure.unit == "1" and measure.name == "satisfaction":
            interval = wilson(int(numerator or 0), int(denominator or 0))
        beyond = _seconds(tally.longest) if value is None and measure.unit == "s" else None
        yield Figure(measure.name, key, value, measure.unit, numerator, denominator, measure.formula, interval, beyond)
