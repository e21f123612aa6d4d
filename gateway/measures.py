"""Response time: how long people wait for the first human answer, from the append-only timeline and nothing else.

Automatic acknowledgements never count, a reopened case begins a new interval, and what is not answered yet stands in
the denominator. `recompute` reads every entry again and raises `Disagreement` when any figure differs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from gateway.config import Config
from gateway.languages import N_
from gateway.record import measures
from gateway.record.db import Database
from gateway.record.measures import Response

log = structlog.get_logger()
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
END = datetime(3000, 1, 1, tzinfo=UTC)
FORMULA = N_(
    "Response time = first human response − report received, of the cases opened or reopened in the period. Automatic "
    "acknowledgements do not count, alarms are left out. Percentiles are interpolated between neighbours; what is not "
    "answered yet counts in the denominator only."
)


class Disagreement(Exception):
    """A figure is not what the timeline says."""


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


@dataclass(frozen=True, slots=True)
class Interval:
    """From the opening or reopening of a case to its first human response, None while there is none."""

    case: int
    channel: str
    began: datetime
    seconds: float | None


async def response_times(db: Database, since: datetime, to: datetime, by: str | None = None) -> list[Figure]:
    """Average, median, 90th percentile and share answered of the intervals that began in [since, to)."""
    found = await measures.response_times(db, since, to, by)
    return [figure for response in found for figure in _figures(response)]


def intervals(entries: Sequence[Mapping[str, Any]]) -> Iterator[Interval]:
    """Read the entries `opened`, `reopened` and `first_response` of whole cases, ordered by case and id."""
    for position, entry in enumerate(entries):
        if entry["kind"] == "first_response":
            continue
        began = datetime.fromisoformat(entry["received_at"]) if entry["received_at"] else entry["at"]
        following = entries[position + 1] if position + 1 < len(entries) else None
        answered = (
            following is not None and following["case_id"] == entry["case_id"] and following["kind"] == "first_response"
        )
        seconds = (following["at"] - began).total_seconds() if answered and following else None
        yield Interval(entry["case_id"], entry["channel"] or _opening(entries, entry["case_id"]), began, seconds)


def summary(found: Sequence[Interval], key: str | None = None) -> Response:
    """The figures of some intervals, computed here and not by the database."""
    waits = sorted(one.seconds for one in found if one.seconds is not None)
    total = math.fsum(waits) if waits else None
    return Response(
        key=key,
        opened=len(found),
        answered=len(waits),
        total=total,
        average=total / len(waits) if total is not None else None,
        median=percentile(waits, 0.5),
        p90=percentile(waits, 0.9),
    )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The continuous percentile (Hyndman and Fan 1996, type 7; SQL's percentile_cont) of ordered values."""
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


async def recompute(config: Config, check: bool) -> None:
    """Compute every response time again from the timeline. Raises Disagreement, naming each figure that differs.

    Nothing is stored besides the cases' own columns, so that there is nothing to write: with and without `check` the
    same is compared.
    """
    if config.database_url is None:
        raise ValueError("measures need DATABASE_URL")
    db = Database(config.database_url, size=2, name="switchyard-measures")
    await db.open()
    try:
        differing = await differences(db)
    finally:
        await db.close()
    if differing:
        raise Disagreement("; ".join(differing[:20]))
    log.info("measures.agree", check=check)


async def differences(db: Database) -> list[str]:
    """What does not agree between timeline, columns and the figures of pages and API; empty when all is well."""
    differing, found = [], []
    async for entries, columns in measures.entries(db):
        found += [one for one in intervals(entries) if one.channel != "alarm"]
        last = {entry["case_id"]: entry for entry in entries}
        for case, column in columns.items():
            entry = last.get(case)
            said = entry["at"] if entry and entry["kind"] == "first_response" else None
            if said != column:
                differing.append(f"case {case}: timeline {said}, column {column}")
    for by in ("channel", None):
        for told in await measures.response_times(db, EPOCH, END, by):
            mine = summary([one for one in found if told.key is None or one.channel == told.key], told.key)
            if not _same(told, mine):
                differing.append(f"response time by {by} of {told.key}: {told} against {mine}")
    return differing


def _figures(response: Response) -> Iterator[Figure]:
    for name in ("average", "median", "p90"):
        numerator = response.total if name == "average" else float(response.answered)
        denominator = float(response.answered) if name == "average" else float(response.opened)
        yield Figure(
            f"response_time_{name}", response.key, getattr(response, name), "s", numerator, denominator, FORMULA
        )
    share = response.answered / response.opened if response.opened else None
    yield Figure("answered_share", response.key, share, "1", float(response.answered), float(response.opened), FORMULA)


def _opening(entries: Sequence[Mapping[str, Any]], case: int) -> str:
    return next(str(one["channel"]) for one in entries if one["case_id"] == case and one["channel"])


def _same(one: Response, other: Response) -> bool:
    if (one.opened, one.answered) != (other.opened, other.answered):
        return False
    pairs = [(getattr(one, name), getattr(other, name)) for name in ("total", "average", "median", "p90")]
    return all(
        a is b is None or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6))
        for a, b in pairs
    )
