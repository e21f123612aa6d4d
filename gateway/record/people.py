"""People: who reports, by which addresses, and what they reported before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.record.db import Connection, Database, recordset, statements
from routing.values import Earlier, History

SQL = statements("people")
Address = tuple[str, str]  # kind and value


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody as one report shows them; `mentioned` are addresses that the text names."""

    addresses: tuple[Address, ...]
    name: str | None
    language: str | None
    verified: bool
    mentioned: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Met:
    """For each newcomer the person, None where no address was given, and the known persons whom the text mentions;
    and what every one of the persons reported before."""

    persons: list[int | None]
    mentioned: list[frozenset[int]]
    histories: Mapping[int, History]


def addresses(phone: str | None, email: str | None) -> tuple[Address, ...]:
    """The addresses of one sender, the telephone number first."""
    return tuple((kind, value) for kind, value in (("phone", phone), ("email", email)) if value)


async def meet(conn: Connection, newcomers: Sequence[Newcomer], now: datetime) -> Met:
    """The person behind each, made where nobody was known.

    An unknown address given together with a known one is linked to that person, with the evidence. Two known addresses
    of different persons stay apart: the first one reports. Whom a text mentions is looked up and never made.
    """
    given = {address for newcomer in newcomers for address in newcomer.addresses}
    wanted = given.union(*(newcomer.mentioned for newcomer in newcomers))
    known, histories = await _known(conn, wanted) if wanted else ({}, {})
    missing = given - known.keys()
    if missing:
        await conn.execute(SQL["lock"], {"keys": sorted(_lock_key(address) for address in missing)})
        known, histories = await _known(conn, wanted)
        known = await _introduce(conn, newcomers, known, now)
    persons = [next((known[a] for a in n.addresses if a in known), None) for n in newcomers]
    mentioned = [
        frozenset(known[a] for a in newcomer.mentioned if a in known) - {person}
        for newcomer, person in zip(newcomers, persons, strict=True)
    ]
    return Met(persons, mentioned, histories)


async def dead_addresses(db: Database, emails: Sequence[str]) -> set[str]:
    """Those of the addresses that a bounce said are dead, and from which nobody wrote since."""
    return {row["value"] for row in await db.rows(SQL["dead"], {"values": list(emails)})} if emails else set()


async def _known(conn: Connection, wanted: Iterable[Address]) -> tuple[dict[Address, int], dict[int, History]]:
    """Who stands behind addresses, and what they reported before, newest first; in one round trip."""
    kinds, values = zip(*sorted(wanted), strict=True)
    parameters = {"kinds": list(kinds), "values": list(values)}
    async with conn.pipeline():
        people = await conn.execute(SQL["known"], parameters)
        reports = await conn.execute(SQL["histories"], parameters)
    known = {(row["kind"], row["value"]): row["person_id"] for row in await people.fetchall()}
    earlier: dict[int, list[Earlier]] = {person: [] for person in known.values()}
    for r in await reports.fetchall():
        earlier.setdefault(r["person_id"], []).append(
            Earlier(r["received_at"], r["case_id"], r["charger_id"], r["site_id"], r["category"])
        )
    return known, {person: History(person, tuple(theirs)) for person, theirs in earlier.items()}


async def _introduce(
    conn: Connection, newcomers: Sequence[Newcomer], known: dict[Address, int], now: datetime
) -> dict[Address, int]:
    strangers: list[Newcomer] = []
    met: set[Address] = set(known)
    for newcomer in newcomers:
        if newcomer.addresses and not met.intersection(newcomer.addresses):
            strangers.append(newcomer)
        met.update(newcomer.addresses)
    rows = [{"name": s.name, "language": s.language} for s in strangers]
    if rows:
        cursor = await conn.execute(SQL["add_people"], {"rows": recordset(rows), "now": now})
        for stranger, row in zip(strangers, await cursor.fetchall(), strict=True):
            known[stranger.addresses[0]] = row["id"]
    links = []
    fresh = {s.addresses[0] for s in strangers}
    for newcomer in newcomers:
        person = next((known[a] for a in newcomer.addresses if a in known), None)
        for kind, value in newcomer.addresses:
            if person is None or ((kind, value) in known and (kind, value) not in fresh):
                continue
            evidence = "own report" if (kind, value) in fresh else "given together in one report"
            links.append(
                {"person_id": person, "kind": kind, "value": value, "verified": newcomer.verified, "evidence": evidence}
            )
            fresh.discard((kind, value))
            known[kind, value] = person
    await conn.execute(SQL["add_identities"], {"rows": recordset(links), "now": now})
    return known


def _lock_key(address: Address) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(address).encode()).digest()[:8], "big", signed=True)
