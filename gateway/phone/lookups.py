"""What the phone door may ask the core: which place is meant, what is known about it, how a case stands, who calls.

Each answers from the judgement, the master data of this process or one indexed statement; the voice channel waits for
none of them longer than for a turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from channels.phone_ports import Caller, CaseStatus, Found, Incident, OwnerCase
from gateway import casenumber, outages
from gateway.messages.threads import reply_token
from gateway.outages import Outage
from gateway.people.passwords import Passwords
from gateway.phone.concluding import Conclusions
from gateway.record.asks import Asks
from gateway.record.db import statements
from gateway.runtime import Runtime
from routing.directory import Directory
from routing.facts import read_facts
from routing.judge import judge
from routing.values import History, Said

SQL = statements("calls")
PIN_MISSES = 9
CODE_MISSES = 20  # of a case in a day, in whatever calls


class RecordedPlaces:
    """`Places` over the master data: keyed numbers are looked up, spoken words are judged. Danger is only what
    is told in so many words: an answer as short as "I do not know" is like anything."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def find(self, heard: str, spoken: bool) -> Found:
        directory = self._runtime.directory()
        if not spoken:
            return keyed(heard, directory)
        said = Said(channel="phone", at=self._runtime.clock.now(), text=heard)
        rules = self._runtime.rules()
        facts = read_facts(said, directory, rules)
        if facts.danger:
            return Found("danger")
        place = judge(said, facts, History(), directory, rules).place
        if place.charger:
            return _charger("charger", place.charger, directory)
        if place.site:
            return Found("site", None, place.site, directory.sites[place.site].name)
        return Found("none")

    def connectors(self, charger: str) -> int:
        return len(self._runtime.directory().chargers[charger].connectors.split(";"))


def keyed(digits: str, directory: Directory) -> Found:
    """The charger with this number, or the only one whose number is one digit (or two swapped ones) away."""
    if charger := directory.numbers.get(digits):
        return _charger("charger", charger, directory)
    near = {directory.numbers[other] for other in _one_off(digits) if other in directory.numbers}
    return _charger("near", near.pop(), directory) if len(near) == 1 else Found("none")


class JudgedDangers:
    """`Dangers` as reports are judged."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def told(self, words: str, category: str | None, charger: str | None, faulty: bool) -> bool:
        now = self._runtime.clock.now()
        said = Said(channel="phone", at=now, text=words, category=category, charger=charger, faulty=faulty)
        facts = read_facts(said, self._runtime.directory(), self._runtime.rules())
        return bool(facts.danger or facts.alike)


class RecordedIncidents:
    """`Incidents` over the record."""

    def __init__(self, runtime: Runtime, asks: Asks) -> None:
        self._runtime, self._asks = runtime, asks

    async def open_at(self, charger: str | None, site: str | None) -> Incident | None:
        found = await self._asks.incident(charger, site)
        return self._known(*found) if found else None

    async def outage(self, category: str | None, words: str | None, caller: str | None) -> Incident | None:
        found = await outages.of_all(self._asks, self._runtime.clock.now())
        if not found:
            return None
        if not words:
            return self._told(outages.keyed(found, category))
        said = Said(channel="phone", at=self._runtime.clock.now(), text=words, phone=caller, category=category)
        directory, rules = self._runtime.directory(), self._runtime.rules()
        return self._told(
            outages.spoken(found, judge(said, read_facts(said, directory, rules), History(), directory, rules))
        )

    async def large_outage(self) -> Incident | None:
        found = await outages.of_all(self._asks, self._runtime.clock.now())
        return self._told(next((one for one in found if one.large), None))

    def _told(self, outage: Outage | None) -> Incident | None:
        return self._known(outage.case, outage.status, outage.due, outage.category) if outage else None

    def _known(self, case: int, status: str, due: datetime | None, category: str) -> Incident:
        token = reply_token(self._runtime.config.secret_keys, case)
        return Incident(status, _hours(due, self._runtime.clock.now()), category, token)


class BoardAnnouncements:
    """`Announcements` over the board of this process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def told(self, language: str, site: str | None) -> str:
        return " ".join(self._runtime.board.told(language, self._runtime.clock.now(), site))


class RecordedCases:
    """`Cases` over the record. After many wrong codes in a day, by whomever, nobody is told of a case by code: four
    digits can be tried out, and those of all its reporters fit."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def status(self, digits: str, code: str) -> CaseStatus | Literal["wrong", "locked"]:
        case = casenumber.parse(digits)
        if case is None:
            return "wrong"
        given = {"case": case, "code": code, "most": CODE_MISSES}
        row = await self._runtime.calls_db.row(SQL["status"], given)
        if row is None or row["guessed"]:
            return "locked"
        if row["case_id"] is None:
            return "wrong"
        token = reply_token(self._runtime.config.secret_keys, row["case_id"])
        hours = _hours(row["due_solution"], self._runtime.clock.now())
        return CaseStatus(row["status"], hours, token, row["unconfirmed"])

    async def confirm(self, report: int) -> None:
        await Conclusions(self._runtime).confirm(report, self._runtime.clock.now(), "phone")


class RecordedCallers:
    """`Callers` over the record."""

    def __init__(self, asks: Asks) -> None:
        self._asks = asks

    async def known(self, phone: str) -> Caller:
        return Caller(*await self._asks.caller(phone))


class RecordedOwners:
    """`Owners` over the record. A PIN that was missed nine times in a row, by whomever, is dead until a new one is made
    in the portal: a number can be borrowed, and six digits can be tried out. Of several owners with one number, who
    looks after them all, the PIN says which is meant."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._passwords = Passwords()

    async def open_cases(self, phone: str, pin: str) -> tuple[int, Sequence[OwnerCase]] | None:
        db = self._runtime.calls_db
        tried = await db.rows(SQL["owner_tried"], {"phone": phone, "most": PIN_MISSES})
        hashes = [row["pin_hash"] for row in tried] or [None]
        right = [await self._passwords.correct(pin_hash, pin) for pin_hash in hashes]
        if True not in right:
            return None
        owner = tried[right.index(True)]["id"]
        await db.run(SQL["owner_known"], {"owner": owner, "tried": [row["id"] for row in tried]})
        rows = await db.rows(SQL["owner_cases"], {"owner": owner})
        sites = self._runtime.directory().sites
        told = [
            OwnerCase(
                casenumber.number(one["id"]), site.name if (site := sites.get(one["site_id"])) else "", one["status"]
            )
            for one in rows
        ]
        return (rows[0]["n"] if rows else 0), told


def _charger(kind: str, charger: str, directory: Directory) -> Found:
    site = directory.sites.get(directory.chargers[charger].site_id)
    name = site.name if site else ""
    return Found("near" if kind == "near" else "charger", charger, site.id if site else None, name)


def _one_off(digits: str) -> Iterator[str]:
    for at, digit in enumerate(digits):
        yield from (digits[:at] + other + digits[at + 1 :] for other in "0123456789" if other != digit)
        if at and digits[at - 1] != digit:
            yield digits[: at - 1] + digit + digits[at - 1] + digits[at + 1 :]


def _hours(due: datetime | None, now: datetime) -> float | None:
    """Hours until a case should be solved; None when that is not known or already past."""
    if due is None or due <= now:
        return None
    return (due - now).total_seconds() / 3600
