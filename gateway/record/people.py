"""People: who reports, by which addresses, and what they reported before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncCursor
from psycopg.rows import DictRow

from gateway.record.db import Connection, Database, Line, statements
from routing.values import Earlier, History

SQL = statements("people")
Address = tuple[str, str]  # kind and value


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody as one report shows them; `chosen` is the language that they chose to be spoken to, `mentioned` are
    addresses that the text names."""

    addresses: tuple[Address, ...]
    name: str | None
    language: str | None
    verified: bool
    chosen: str | None = None
    mentioned: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way: who stands behind addresses, and what they reported before."""

    known: AsyncCursor[DictRow] | None


@dataclass(frozen=True, slots=True)
class Met:
    """For each newcomer the person, None where no address was given, and the known persons whom the text mentions;
    what every one of the persons reported before; and the rows of persons and links to add, and of known persons whose
    language is another from now on."""

    persons: list[int | None]
    mentioned: list[frozenset[int]]
    histories: Mapping[int, History]
    strangers: Sequence[Mapping[str, Any]] = ()
    links: Sequence[Mapping[str, Any]] = ()
    languages: Sequence[Mapping[str, Any]] = ()


def addresses(phone: str | None, email: str | None) -> tuple[Address, ...]:
    """The addresses of one sender, the telephone number first."""
    return tuple((kind, value) for kind, value in (("phone", phone), ("email", email)) if value)


def lock_keys(newcomers: Sequence[Newcomer]) -> list[int]:
    """What is to be locked, in this order, before a group's addresses are asked about."""
    return sorted({_lock_key(address) for newcomer in newcomers for address in newcomer.addresses})


async def ask(conn: Line, newcomers: Sequence[Newcomer]) -> Asked:
    """Ask about all addresses that a group has, those that it is from being locked; `meet` reads the answers."""
    wanted = sorted({a for newcomer in newcomers for a in (*newcomer.addresses, *newcomer.mentioned)})
    if not wanted:
        return Asked(None)
    kinds, values = map(list, zip(*wanted, strict=True))
    return Asked(await conn.ask(SQL["known"], {"kinds": kinds, "values": values}))


async def meet(newcomers: Sequence[Newcomer], asked: Asked, numbers: Iterable[int]) -> Met:
    """The person behind each; persons whom nobody knew get one of the free numbers.

    An unknown address given together with a known one is linked to that person, with the evidence. Two known addresses
    of different persons stay apart: the first one reports. Whom a text mentions is looked up and never made.
    """
    known, histories, spoken = await _answers(asked)
    strangers, links = _introduced(newcomers, known, numbers)
    persons = [next((known[a] for a in n.addresses if a in known), None) for n in newcomers]
    mentioned = [
        frozenset(known[a] for a in newcomer.mentioned if a in known) - {person}
        for newcomer, person in zip(newcomers, persons, strict=True)
    ]
    return Met(persons, mentioned, histories, strangers, links, _changed(newcomers, persons, spoken))


async def dead_addresses(db: Database, emails: Sequence[str]) -> set[str]:
    """Those of the addresses that a bounce said are dead, and from which nobody wrote since."""
    return {row["value"] for row in await db.rows(SQL["dead"], {"values": list(emails)})} if emails else set()


async def joined(conn: Connection, case: int) -> Sequence[Mapping[str, Any]]:
    """The addresses of those who reported in a case and have several: kind, value, evidence, since when."""
    return await (await conn.execute(SQL["joined"], {"case": case})).fetchall()


async def _answers(asked: Asked) -> tuple[dict[Address, int], dict[int, History], dict[int, str | None]]:
    """Who stands behind addresses, what they reported before, newest first, and the language of each."""
    if asked.known is None:
        return {}, {}, {}
    known: dict[Address, int] = {}
    spoken: dict[int, str | None] = {}
    earlier: dict[int, dict[Earlier, None]] = {}  # of a person with two of the addresses, everything comes twice
    for r in await asked.known.fetchall():
        known[r["kind"], r["value"]] = r["person_id"]
        spoken[r["person_id"]] = r["language"]
        theirs = earlier.setdefault(r["person_id"], {})
        if r["case_id"] is not None:
            theirs[Earlier(r["received_at"], r["case_id"], r["charger_id"], r["site_id"], r["category"])] = None
    return known, {person: History(person, tuple(theirs)) for person, theirs in earlier.items()}, spoken


def _introduced(
    newcomers: Sequence[Newcomer], known: dict[Address, int], numbers: Iterable[int]
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """The rows of persons whom nobody knew and of new links; completes `known`."""
    free = iter(numbers)
    strangers: list[Mapping[str, Any]] = []
    links: list[Mapping[str, Any]] = []
    for newcomer in newcomers:
        person = next((known[a] for a in newcomer.addresses if a in known), None)
        evidence = "given together in one report"
        for kind, value in newcomer.addresses:
            if (kind, value) in known:
                continue
            if person is None:
                person, evidence = next(free), "own report"
                strangers.append({"id": person, "name": newcomer.name, "language": newcomer.language})
            links.append(
                {"person_id": person, "kind": kind, "value": value, "verified": newcomer.verified, "evidence": evidence}
            )
            known[kind, value] = person
            evidence = "given together in one report"
    return strangers, links


def _changed(
    newcomers: Sequence[Newcomer], persons: Sequence[int | None], spoken: Mapping[int, str | None]
) -> list[Mapping[str, Any]]:
    """The rows of known persons who chose another language, the one that they chose last."""
    chosen = {p: n.chosen for n, p in zip(newcomers, persons, strict=True) if p is not None and n.chosen}
    return [{"id": p, "language": language} for p, language in chosen.items() if language != spoken.get(p, language)]


def _lock_key(address: Address) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(address).encode()).digest()[:8], "big", signed=True)
