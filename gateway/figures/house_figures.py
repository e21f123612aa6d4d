"""Figures of the house as a whole, which belong to no case: occupancy, both uptimes, the backlog, visits again."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType

from gateway.languages import N_
from gateway.record import house
from gateway.record.db import Database
from measuring.figures import Figure

FORMULAS = MappingProxyType(
    {
        "occupancy": ("1", N_("formula.occupancy")),
        "uptime": ("1", N_("formula.uptime")),
        "platform_uptime": ("1", N_("formula.platform_uptime")),
        "backlog": ("n", N_("formula.backlog")),
        "backlog_age_median": ("s", N_("formula.backlog_age")),
        "backlog_age_p90": ("s", N_("formula.backlog_age")),
        "visits_again": ("1", N_("formula.visits_again")),
    }
)
BETTER_UP = ("uptime", "platform_uptime")


async def of_house(db: Database, since: datetime, to: datetime, now: datetime) -> list[Figure]:
    """What can be said of [since, to), up to now; the backlog is that of now. What was not counted is left out."""
    to = min(to, now)
    of = await house.span(db, since, to) if since < to else dict.fromkeys(house.COUNTS, 0)
    visits, again = await house.visits(db, since, to)
    backlog = await house.backlog(db, now)
    shares = (
        ("occupancy", of["busy"], of["present"]),
        ("uptime", of["up"], of["slots"]),
        ("platform_uptime", of["answered"], of["asked"]),
        ("visits_again", again, visits),
    )
    found = [_figure(name, hits / whole, hits, whole) for name, hits, whole in shares if whole]
    if backlog["open"] and to == now:
        found.append(_figure("backlog", backlog["open"], backlog["open"], None))
        found.append(_figure("backlog_age_median", backlog["median"], None, backlog["open"]))
        found.append(_figure("backlog_age_p90", backlog["p90"], None, backlog["open"]))
    return found


def _figure(name: str, value: float, numerator: float | None, denominator: float | None) -> Figure:
    unit, formula = FORMULAS[name]
    return Figure(name, None, value, unit, numerator, denominator, formula)
