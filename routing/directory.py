"""The master data, indexed once for judging: owners, sites, chargers and every way in which people name them.

Immutable after `build_directory`. Rows that contradict each other (a charger at an unknown site, an id twice) are kept
as far as they make sense; `faults` says what was wrong, for `check` and `import` to show.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from routing.names import Names, grouped, index_names
from routing.naming import Naming
from routing.tables import read_table
from routing.values import Charger, Owner, Site
from routing.words import fold, sound

_T = TypeVar("_T")

VENDOR_HEAD = 2  # letters
_PLAIN = frozenset({"charge", "charger", "pro"})  # words of models that anybody uses


@dataclass(frozen=True, slots=True)
class Directory:
    """Master data by id, and the indexes that judging looks things up in."""

    owners: Mapping[str, Owner]
    sites: Mapping[str, Site]
    chargers: Mapping[str, Charger]
    site_chargers: Mapping[str, tuple[str, ...]]
    owner_sites: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, str]  # digits of a charger number -> charger id
    labels: Mapping[str, str]  # a charger id that is not all digits, or an EVSE id, by `label` -> charger id
    operators: frozenset[str]  # country, operator and "e", with which labels of EVSE ids begin
    lengths: frozenset[int]  # how many digits charger numbers have
    emails: Mapping[str, str]
    domains: Mapping[str, str]
    phones: Mapping[str, str]
    vendors: Mapping[str, frozenset[str]]  # how a word of vendors or models sounds -> charger ids
    vendor_heads: frozenset[str]  # how those begin
    names: Names
    naming: Naming
    faults: tuple[str, ...]

    def owner_of(self, site: str | None) -> str | None:
        found = self.sites.get(site) if site else None
        return found.owner_id if found else None

    def level(self, site: str | None) -> str:
        """The SLA level of a site; no site counts as basic."""
        found = self.sites.get(site) if site else None
        return found.sla_level if found else "basic"

    def timezone(self, site: str | None) -> str:
        found = self.sites.get(site) if site else None
        return found.timezone if found and found.timezone else "Europe/Stockholm"

    def sender(self, phone: str | None, email: str | None) -> str | None:
        """The owner whose contact this telephone or address is. A hint about place, never a right."""
        if email:
            email = email.casefold()
            found = self.emails.get(email) or self.domains.get(email.rpartition("@")[2])
            if found:
                return found
        return self.phones.get(phone) if phone else None

    def charger_of(self, number: str) -> str | None:
        """The charger that a number, id or EVSE id means exactly."""
        key = label(number)
        return self.numbers.get(key) or self.labels.get(key)


def build_directory(owners: Iterable[Owner], sites: Iterable[Site], chargers: Iterable[Charger]) -> Directory:
    """Index the master data."""
    faults: list[str] = []
    by_owner = _by_id(((o.id, o) for o in owners), "owner", faults)
    by_site = _by_id(((s.id, s) for s in sites), "site", faults)
    by_charger = _by_id(((c.id, c) for c in chargers), "charger", faults)
    faults += [f"site {s.id}: unknown owner {s.owner_id}" for s in by_site.values() if s.owner_id not in by_owner]
    faults += [f"charger {c.id}: unknown site {c.site_id}" for c in by_charger.values() if c.site_id not in by_site]
    numbers, labels = _charger_keys(by_charger)
    vendors = _vendors(by_charger.values())
    names = index_names(by_site, by_owner, read_table("places.toml"))
    return Directory(
        owners=by_owner,
        sites=by_site,
        chargers=by_charger,
        site_chargers=grouped((c.site_id, c.id) for c in by_charger.values()),
        owner_sites=grouped((s.owner_id, s.id) for s in by_site.values()),
        numbers=numbers,
        labels=labels,
        operators=frozenset(label[:6] for label in labels if label[5:6] == "e"),
        lengths=frozenset(map(len, numbers)) or frozenset({5}),
        emails={o.email.casefold(): o.id for o in by_owner.values() if o.email},
        domains=_domains(by_owner.values()),
        phones={o.phone: o.id for o in by_owner.values() if o.phone},
        vendors=vendors,
        vendor_heads=frozenset(heard[:VENDOR_HEAD] for heard in vendors),
        names=names,
        naming=Naming(names),
        faults=tuple(faults),
    )


def read_directory(folder: Path) -> Directory:
    """Index owners.csv, sites.csv and chargers.csv of a folder. Raises OSError, or KeyError for a missing column."""
    return build_directory(
        (
            Owner(r["owner_id"], r["organisation"], r["contact_name"], r["email"], r["phone"], r["language"])
            for r in _rows(folder / "owners.csv")
        ),
        (
            Site(
                r["site_id"],
                r["name"],
                r["street"],
                r["postcode"],
                r["city"],
                r["owner_id"],
                r["sla_level"],
                r["timezone"],
            )
            for r in _rows(folder / "sites.csv")
        ),
        (
            Charger(
                r["charger_id"],
                r["evse_id"],
                r["site_id"],
                r["vendor"],
                r["model"],
                float(r["power_kw"] or 0),
                r["connectors"],
            )
            for r in _rows(folder / "chargers.csv")
        ),
    )


def label(text: str) -> str:
    """A charger id or EVSE id as it is compared: letters and digits only, folded."""
    folded = fold(text)
    return folded if folded.isalnum() else "".join(filter(str.isalnum, folded))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(file)]


def _by_id(rows: Iterable[tuple[str, _T]], kind: str, faults: list[str]) -> dict[str, _T]:
    kept: dict[str, _T] = {}
    for key, row in rows:
        if key in kept:
            faults.append(f"{kind} {key}: given twice, the first is kept")
        else:
            kept[key] = row
    return kept


def _charger_keys(chargers: Mapping[str, Charger]) -> tuple[dict[str, str], dict[str, str]]:
    numbers: dict[str, str] = {}
    labels: dict[str, str] = {}
    for charger in chargers.values():
        key = label(charger.id)
        (numbers if key.isdigit() else labels).setdefault(key, charger.id)
        if charger.evse_id:
            labels.setdefault(label(charger.evse_id), charger.id)
    return numbers, labels


def _domains(owners: Iterable[Owner]) -> dict[str, str]:
    """Mail domains that belong to one owner alone (a domain shared by two, as free mail is, says nothing)."""
    found = grouped((o.email.casefold().rpartition("@")[2], o.id) for o in owners if "@" in o.email)
    return {domain: ids[0] for domain, ids in found.items() if len(ids) == 1}


def _vendors(chargers: Iterable[Charger]) -> dict[str, frozenset[str]]:
    named = ((word, c.id) for c in chargers for word in {fold(c.vendor), *fold(c.model).split()} - _PLAIN)
    pairs = ((sound(word), charger) for word, charger in named if len(word) > 2)
    return {word: frozenset(ids) for word, ids in grouped(pairs).items()}
