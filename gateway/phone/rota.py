"""The rota: taking it in from rows of a form, a file or the API, and what is wrong with it for the next 14 days.

Every row is checked before anything is written, and all faults are told at once. Times without an offset are those of
the house's time zone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from channels.numbers import HOME, normalise
from gateway.record import agents, oncall
from gateway.record.db import Database
from gateway.record.oncall import Kept
from gateway.record.timeline import Actor
from routing.oncall import Gap, gaps

TIMEZONE = "Europe/Stockholm"
AHEAD = timedelta(days=14)
MOST = 2000  # rows of one file
COLUMNS = ("agent_id", "line", "region", "phone", "from", "until")


def _blank(value: Any) -> Any:
    return value.strip() or None if isinstance(value, str) else value


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip().replace(" ", "T", 1))
    if isinstance(value, datetime):
        local = value if value.tzinfo else value.replace(tzinfo=ZoneInfo(TIMEZONE))
        return local.astimezone(UTC)
    return value


def _phone(value: Any) -> Any:
    value = _blank(value)
    if value is None:
        return None
    number = normalise(str(value), HOME)
    if number is None:
        raise ValueError("is no telephone number")
    return number


Moment = Annotated[datetime, BeforeValidator(_moment)]


class ShiftRow(BaseModel):
    """One shift as it is given; without `phone`, the agent's own telephone is rung."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    agent_id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    line: int = Field(ge=1, le=3)
    region: Annotated[str | None, BeforeValidator(_blank)] = Field(None, max_length=40)
    phone: Annotated[str | None, BeforeValidator(_phone)] = None
    from_: Moment = Field(alias="from")
    until: Moment


class RotaFaults(Exception):
    """Rows that cannot be taken in; `faults` are (row, column, what is wrong)."""

    def __init__(self, faults: list[tuple[int, str, str]]) -> None:
        super().__init__("; ".join(f"{row}: {column}: {what}" for row, column, what in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Outlook:
    """The rota as it stands: who is on call now and later, and the times until the horizon in which nobody is."""

    shifts: Sequence[Kept]
    gaps: Sequence[Gap]
    horizon: datetime

    @property
    def empty(self) -> bool:
        return not self.shifts


async def outlook(db: Database, now: datetime) -> Outlook:
    """What the next 14 days look like."""
    async with db.connection() as conn:
        kept = await oncall.shifts(conn, now)
    return Outlook(kept, gaps([one.shift for one in kept], now, now + AHEAD), now + AHEAD)


async def take_in(db: Database, rows: Sequence[Mapping[str, Any]], actor: Actor, now: datetime) -> int:
    """Put rows on the rota, all or none; returns how many. Raises RotaFaults; doing it again changes nothing."""
    known = {agent.id: agent.phone for agent in await agents.everyone(db) if agent.may_work}
    checked = check(rows, known)
    return await oncall.add(db, checked, actor, now) if checked else 0


def check(rows: Sequence[Mapping[str, Any]], known: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """The rows as they are kept; `known` are the agents there are, with their telephones. Raises RotaFaults."""
    faults: list[tuple[int, str, str]] = []
    checked = []
    for nth, row in enumerate(rows, 1):
        try:
            shift = ShiftRow.model_validate(row)
        except ValidationError as error:
            wrong = {str(fault["loc"][0]).rstrip("_"): fault["msg"] for fault in error.errors()}
            faults += [(nth, column, what.removeprefix("Value error, ")) for column, what in wrong.items()]
            continue
        if shift.agent_id not in known:
            faults.append((nth, "agent_id", "there is no such agent"))
        elif shift.phone is None and known[shift.agent_id] is None:
            faults.append((nth, "phone", "this agent has no telephone"))
        if shift.until <= shift.from_:
            faults.append((nth, "until", "must be after from"))
        given = {"agent_id": shift.agent_id, "line": shift.line, "region": shift.region, "phone": shift.phone}
        checked.append({**given, "starts_at": shift.from_.isoformat(), "ends_at": shift.until.isoformat()})
    if faults:
        raise RotaFaults(faults)
    return checked


def read_csv(text: str) -> list[dict[str, Any]]:
    """The rows of a file with the columns agent_id, line, region, phone, from, until. Raises RotaFaults."""
    try:
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
        rows = [row for row in reader if any((value or "") for value in row.values() if isinstance(value, str))]
    except csv.Error as error:
        raise RotaFaults([(0, "file", f"cannot be read ({error})")]) from error
    missing = [name for name in ("agent_id", "line", "from", "until") if name not in (reader.fieldnames or ())]
    if missing or len(rows) > MOST:
        what = f"lacks the columns {', '.join(missing)}" if missing else f"has more than {MOST} rows"
        raise RotaFaults([(0, "file", what)])
    return [{name: row.get(name) for name in COLUMNS if row.get(name) is not None} for row in rows]
