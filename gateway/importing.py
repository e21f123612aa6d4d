"""Taking in master data: owners.csv, sites.csv, chargers.csv, agents.csv, rota.csv of a folder, whichever are there.

Every row is checked before anything is written; all faults are told at once, and then nothing was changed. Importing
the same files again changes nothing; rows that are no longer in them stay.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from channels import form
from gateway.clock import SystemClock
from gateway.config import Config
from gateway.csvs import csv_rows
from gateway.languages import N_, SPOKEN, Catalogue, catalogue
from gateway.phone import rota
from gateway.record import agents, imports, oncall
from gateway.record.db import Database, opened
from gateway.record.timeline import SYSTEM


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong and where: `where` is what is known of `file:row: column`, `what` a msgid that `data` fills."""

    where: str
    what: str
    data: Mapping[str, str] = field(default_factory=dict)

    def told(self, book: Catalogue) -> str:
        """What is wrong, in words."""
        return book.gettext(self.what) % self.data

    def line(self, book: Catalogue) -> str:
        """What is wrong and where, in one line."""
        return f"{self.where}: {self.told(book)}" if self.where else self.told(book)


class ImportFaults(Exception):
    """The files cannot be taken in: all that is wrong with them."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(fault.line(catalogue(SPOKEN)) for fault in faults))
        self.faults = faults


EMPTY = N_("must not be empty")
UNFIT = N_("is not as it must be")
TWICE = N_("given twice")
UNREAD = N_("cannot be read (%(why)s)")
WRONG: Mapping[str, str] = {
    "missing": EMPTY,
    "string_too_short": EMPTY,
    "string_pattern_mismatch": N_("may have letters a to z, digits, - and _ only"),
    "int_parsing": N_("must be a whole number"),
    "int_from_float": N_("must be a whole number"),
    "float_parsing": N_("must be a number"),
    "greater_than_equal": N_("must be at least %(least)s"),
    "less_than_equal": N_("must be at most %(most)s"),
    "date_from_datetime_parsing": N_("must be a date such as 2026-11-27"),
    "date_from_datetime_inexact": N_("must be a date such as 2026-11-27"),
    "literal_error": N_("must be one of %(these)s"),
}


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(N_("is no time zone")) from error
    return name


def _address(text: str) -> str:
    if form.address(text) is None:
        raise ValueError(N_("is no e-mail address"))
    return text


def _listed(text: Any) -> Any:
    return [word.strip() for word in text.split(";") if word.strip()] if isinstance(text, str) else text


Given = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Blank = BeforeValidator(lambda text: text.strip() or None if isinstance(text, str) else text)
Perhaps = Annotated[Given | None, Blank]
Words = Annotated[list[str], BeforeValidator(_listed)]


class Row(BaseModel):
    model_config = ConfigDict(extra="ignore")


class OwnerRow(Row):
    owner_id: Given
    organisation: Given
    contact_name: Perhaps = None
    email: Perhaps = None
    phone: Perhaps = None
    language: Given = "sv"


class SiteRow(Row):
    site_id: Given
    name: Given
    street: str
    postcode: str
    city: Given
    latitude: Annotated[float | None, Blank] = None
    longitude: Annotated[float | None, Blank] = None
    owner_id: Given
    sla_level: Literal["basic", "plus", "premium"]
    timezone: Annotated[Given, AfterValidator(_zone)] = "Europe/Stockholm"


class ChargerRow(Row):
    charger_id: Given
    evse_id: Given
    site_id: Given
    vendor: str
    model: str
    power_kw: float = Field(ge=0)
    connectors: str
    installed_on: Annotated[date | None, Blank] = None


class AgentRow(Row):
    agent_id: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_-]{1,60}$")]
    name: Given
    email: Annotated[Given, AfterValidator(_address)]
    phone: Perhaps = None
    role: Annotated[Literal["agent", "lead", "manager", "admin"] | None, Blank] = None
    line: int = Field(ge=1, le=3)
    languages: Words
    skills: Words = []
    queues: Words = []
    sites: Words = []
    region: Perhaps = None
    max_calls: int = Field(1, ge=0, le=20)
    max_cases: int = Field(4, ge=0, le=100)


Tables = dict[str, list[dict[str, Any]]]
KINDS: Mapping[str, type[Row]] = {"owners": OwnerRow, "sites": SiteRow, "chargers": ChargerRow, "agents": AgentRow}
IDS = {"owners": "owner_id", "sites": "site_id", "chargers": "charger_id", "agents": "agent_id"}


def agent_row(fields: Mapping[str, Any]) -> dict[str, Any]:
    """One agent of a form or a list, ready for `record.staff`. Raises ImportFaults, each `where` a column."""
    try:
        row = AgentRow.model_validate({name: value for name, value in fields.items() if value != ""})
    except ValidationError as error:
        raise ImportFaults([_fault(one) for one in error.errors()]) from error
    kept = row.model_dump(mode="json")
    return {**kept, "id": kept.pop("agent_id"), "role": row.role or "agent"}


def agent_rows(text: str) -> list[dict[str, Any]]:
    """A whole list of agents as CSV. Raises ImportFaults, each `where` a row and its column, when any is not right."""
    rows, faults = [], list[Fault]()
    for nth, line in enumerate(csv.DictReader(io.StringIO(text)), 2):
        try:
            rows.append(agent_row({name: value or "" for name, value in line.items() if name}))
        except ImportFaults as problem:
            faults += [replace(fault, where=f"{nth}: {fault.where}") for fault in problem.faults]
    if faults or not rows:
        raise ImportFaults(faults or [Fault("", N_("the list is empty"))])
    return rows


async def import_folder(config: Config, folder: Path) -> Mapping[str, int]:
    """Take in the files of a folder; returns how many rows of each. Raises ImportFaults, Unavailable."""
    tables = read_folder(folder)
    shifts = _read_rota(folder)
    async with opened(config.direct_url) as db:
        await check(db, tables)
        known = {agent.id: agent.phone for agent in await agents.everyone(db)}
        known |= {row["agent_id"]: row["phone"] for row in tables.get("agents", ())}
        try:
            checked = rota.check(shifts, known)
        except rota.RotaFaults as wrong:
            raise _rota_faults(wrong) from wrong
        await imports.write(db, tables, SYSTEM, SystemClock().now())
        if checked:
            await oncall.add(db, checked, SYSTEM, SystemClock().now())
    counts = {table: len(rows) for table, rows in tables.items()}
    return counts | ({"rota": len(checked)} if checked else {})


async def check(db: Database, tables: Tables) -> None:
    """Raises ImportFaults when rows name an owner or a site that is neither in the files nor in the record."""
    faults = _dangling(tables, await imports.known(db))
    if faults:
        raise ImportFaults(faults)


def read_tables(files: Mapping[str, bytes], kinds: Collection[str] = tuple(KINDS)) -> Tables:
    """The checked rows of CSV files by their names (`chargers.csv`), ready to be written. Raises ImportFaults."""
    faults: list[Fault] = []
    tables: Tables = {}
    for name, content in files.items():
        table = name.lower().removesuffix(".csv")
        if table in tables:
            faults.append(Fault(name, TWICE))
        elif table in kinds:
            tables[table] = _read(name, content, table, faults)
        else:
            faults.append(
                Fault(name, N_("is none of %(files)s"), {"files": ", ".join(f"{kind}.csv" for kind in kinds)})
            )
    if faults:
        raise ImportFaults(faults)
    return tables


def read_folder(folder: Path) -> Tables:
    """The checked rows of every file that is there, ready to be written. Raises ImportFaults."""
    faults: list[Fault] = []
    files = {}
    for path in (folder / f"{table}.csv" for table in KINDS):
        try:
            if path.is_file():
                files[path.name] = path.read_bytes()
        except OSError as error:
            faults.append(_unread(path.name, error))
    if not files and not faults and not (folder / "rota.csv").is_file():
        wanted = ", ".join(f"{table}.csv" for table in (*KINDS, "rota"))
        faults.append(Fault(str(folder), N_("holds none of %(files)s"), {"files": wanted}))
    if faults:
        raise ImportFaults(faults)
    return read_tables(files)


def _read_rota(folder: Path) -> list[dict[str, Any]]:
    path = folder / "rota.csv"
    try:
        return rota.read_csv(path.read_text(encoding="utf-8-sig")) if path.is_file() else []
    except rota.RotaFaults as wrong:
        raise _rota_faults(wrong) from wrong
    except (UnicodeDecodeError, OSError) as error:
        raise ImportFaults([_unread(path.name, error)]) from error


def _rota_faults(wrong: rota.RotaFaults) -> ImportFaults:
    return ImportFaults([Fault(f"rota.csv:{row + 1}: {column}", what) for row, column, what in wrong.faults])


def _read(name: str, content: bytes, table: str, faults: list[Fault]) -> list[dict[str, Any]]:
    kind, rows = KINDS[table], dict[str, dict[str, Any]]()
    try:
        for nth, line in enumerate(csv_rows(content), 2):
            try:
                row = kind.model_validate(line).model_dump(mode="json")
            except ValidationError as error:
                found = (_fault(one) for one in error.errors())
                faults += [replace(fault, where=f"{name}:{nth}: {fault.where}") for fault in found]
                continue
            if row[IDS[table]] in rows:
                faults.append(Fault(f"{name}:{nth}: {IDS[table]}", TWICE))
            rows[row[IDS[table]]] = row
    except (UnicodeDecodeError, csv.Error) as error:
        faults.append(_unread(name, error))
    return list(rows.values())


def _fault(found: ErrorDetails) -> Fault:
    """What pydantic says of a column, in our words."""
    given = found.get("ctx", {})
    what = str(given["error"]) if found["type"] == "value_error" else WRONG.get(found["type"], UNFIT)
    data = {"least": given.get("ge"), "most": given.get("le"), "these": given.get("expected")}
    written = {name: str(value).replace(" or ", ", ").replace("'", "") for name, value in data.items()}
    return Fault(".".join(map(str, found["loc"])), what, written)


def _unread(name: str, error: Exception) -> Fault:
    return Fault(name, UNREAD, {"why": type(error).__name__})


def _dangling(tables: Tables, known: set[tuple[str, str]]) -> list[Fault]:
    """Rows that name an owner or a site that is neither in the files nor in the record."""
    known = known | {("owner", row["owner_id"]) for row in tables.get("owners", ())}
    known |= {("site", row["site_id"]) for row in tables.get("sites", ())}
    faults = [
        Fault(f"sites.csv: {row['site_id']}", N_("unknown owner %(owner)s"), {"owner": row["owner_id"]})
        for row in tables.get("sites", ())
        if ("owner", row["owner_id"]) not in known
    ]
    faults += [
        Fault(f"chargers.csv: {row['charger_id']}", N_("unknown site %(site)s"), {"site": row["site_id"]})
        for row in tables.get("chargers", ())
        if ("site", row["site_id"]) not in known
    ]
    return faults
