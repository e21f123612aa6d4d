"""A world for the phone door without a record: small, in memory, and honest about what it promises."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from channels.phone_ports import (
    Caller,
    CaseStatus,
    Found,
    Given,
    Incident,
    Loaded,
    OwnerCase,
    Place,
    Progress,
    Sound,
    Taken,
    Waiting,
)
from channels.report import ChargerStatus, NotStored, Outcome, Receipt, RemoteAnswer, Report, Solution, Tried

RANKS = {"queued": 0, "ringing": 1, "in-progress": 2}


class Away(Exception):
    """The database does not answer."""


@dataclass
class Kept:
    """One call as it is kept."""

    status: str = "ringing"
    state: Mapping[str, Any] | None = None
    turns: dict[int, str] = field(default_factory=dict)
    acts: set[str] = field(default_factory=set)
    report: int | None = None
    ended: bool = False


@dataclass
class World:
    """Everything that `Given` asks for. `away` makes the record fail; `full` makes the spool fail."""

    calls: dict[str, Kept] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    spooled: dict[str, Report] = field(default_factory=dict)
    sounds: dict[str, Sound] = field(default_factory=dict)
    transcripts: dict[str, str] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)
    callbacks: dict[str, str] = field(default_factory=dict)
    answered: list[str] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    ratings: dict[str, int] = field(default_factory=dict)
    confirmed: list[int] = field(default_factory=list)
    remote: list[tuple[str, str]] = field(default_factory=list)
    unlocked: list[int] = field(default_factory=list)
    rooms: dict[str, str] = field(default_factory=dict)
    known_language: str | None = None
    owner: bool = False
    incident: Incident | None = None
    outages: dict[str | None, Incident] = field(default_factory=dict)
    large: Incident | None = None
    case: CaseStatus | None = None
    answer: RemoteAnswer = RemoteAnswer.ACCEPTED
    nobody: bool = False
    overdue: bool = False
    talk: Literal["over", "cut", "nobody"] = "over"
    connectors: int = 1
    consent: str = "never"
    away: bool = False
    full: bool = False
    steps: tuple[str, ...] = ("Pull the cable gently.", "Unlock the car.")
    places: dict[str, Found] = field(
        default_factory=lambda: {
            "21007": Found("charger", "21007", "s001", "BRF Solrosen"),
            "21008": Found("near", "21007", "s001", "BRF Solrosen"),
            "solrosen": Found("site", None, "s001", "BRF Solrosen"),
        }
    )
    announced: str = ""
    site_news: dict[str, str] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1042))

    def given(self) -> Given:
        return Given(
            calls=self,
            intake=self,
            spool=self,
            chargers=self,
            solutions=_Solutions(self),
            places=_Places(self),
            dangers=_Dangers(),
            incidents=self,
            announcements=self,
            cases=_Cases(self),
            callers=self,
            owners=self,
            line=_Line(self),
        )

    def _there(self) -> None:
        if self.away:
            raise Away

    async def load(self, sid: str, turn: int) -> Loaded:
        self._there()
        call = self.calls.get(sid)
        if call is None:
            return Loaded(None, -1, None, False)
        return Loaded(call.state, max(call.turns, default=-1), call.turns.get(turn), call.ended)

    async def save(self, taken: Taken) -> str:
        self._there()
        call = self.calls.setdefault(taken.sid, Kept())
        if taken.turn in call.turns:
            return call.turns[taken.turn]
        call.turns[taken.turn] = taken.answer
        call.state = taken.state
        call.report = taken.report or call.report
        return taken.answer

    async def follow(self, taken: Taken, after: int) -> bool:
        self._there()
        call = self.calls.get(taken.sid)
        if call is None:
            return after < 0 and await self.save(taken) is taken.answer
        if after < 0 or call.ended or max(call.turns, default=-1) != after:
            return False
        return await self.save(taken) is taken.answer

    async def first(self, sid: str, act: str) -> bool:
        self._there()
        acts = self.calls.setdefault(sid, Kept()).acts
        return act not in acts and not acts.add(act)

    async def tried(self, sid: str, tried: Tried) -> None:
        self._there()

    async def progress(self, progress: Progress) -> Loaded:
        self._there()
        call = self.calls.setdefault(progress.sid, Kept(status="queued"))
        if RANKS.get(progress.status, 3) > RANKS.get(call.status, 3):
            call.status = progress.status
        call.ended = call.ended or RANKS.get(progress.status, 3) == 3
        return Loaded(call.state, max(call.turns, default=-1), None, call.ended)

    async def filed(self, sid: str, report: int) -> None:
        self.calls[sid].report = report

    async def recorded(self, sound: Sound) -> None:
        self._there()
        self.sounds.setdefault(sound.sid, sound)

    async def transcribed(self, recording: str, call: str, text: str, language: str | None) -> None:
        self._there()
        self.transcripts[recording] = text

    async def accept(self, report: Report) -> Receipt:
        if self.away:
            raise NotStored("away")
        outcome = Outcome.REPEATED if report.key in self.reports else Outcome.OPENED
        self.reports.setdefault(report.key, report)
        priority = "P1" if report.danger or "brinner" in report.text else "P3"
        number = list(self.reports).index(report.key) + 1
        return Receipt(f"{1041 + number}-9", number, outcome, "token", "4711", priority, "other", "helpdesk")

    async def file(self, report: Report, following: Callable[[Receipt], Taken | None]) -> tuple[Receipt, Taken | None]:
        receipt = await self.accept(report)
        taken = following(receipt)
        return receipt, taken if taken and await self.follow(taken, taken.turn - 1) else None

    async def keep(self, report: Report) -> None:
        if self.full:
            raise NotStored("full")
        self.spooled.setdefault(report.key, report)

    async def status(self, charger: str) -> ChargerStatus | None:
        return None

    async def restart(self, charger: str) -> RemoteAnswer:
        self.remote.append(("restart", charger))
        return self.answer

    async def unlock(self, charger: str, connector: int) -> RemoteAnswer:
        self.remote.append(("unlock", charger))
        self.unlocked.append(connector)
        return self.answer

    def told(self, language: str, site: str | None) -> str:
        return self.site_news.get(site, "") if site else self.announced

    async def open_at(self, charger: str | None, site: str | None) -> Incident | None:
        return self.incident

    async def outage(self, category: str | None, words: str | None, caller: str | None) -> Incident | None:
        return self.outages.get(words or category)

    async def large_outage(self) -> Incident | None:
        return self.large

    async def known(self, phone: str) -> Caller:
        self._there()
        return Caller(self.known_language, self.owner)

    async def open_cases(self, phone: str, pin: str) -> tuple[int, Sequence[OwnerCase]] | None:
        return (4, [OwnerCase("1042-9", "BRF Solrosen", "planned")]) if self.owner and pin == "271828" else None


@dataclass
class _Solutions:
    world: World

    def find(self, category: str, language: str, model: str | None = None) -> Sequence[Solution]:
        return [Solution("s", category, "First help", self.world.steps)] if self.world.steps else []


@dataclass
class _Places:
    world: World

    async def find(self, heard: str, spoken: bool) -> Found:
        return self.world.places.get(heard, Found("none"))

    def connectors(self, charger: str) -> int:
        return self.world.connectors


class _Dangers:
    def told(self, words: str, category: str | None, charger: str | None, faulty: bool) -> bool:
        return "brinner" in words


@dataclass
class _Cases:
    world: World

    async def status(self, digits: str, code: str) -> CaseStatus | Literal["wrong", "locked"]:
        return self.world.case or "wrong" if (digits, code) == ("10429", "4711") else "wrong"

    async def confirm(self, report: int) -> None:
        self.world.confirmed.append(report)


@dataclass
class _Line:
    world: World

    async def enter(self, waiting: Waiting) -> Place | None:
        if self.world.nobody and waiting.priority != "P1" and not waiting.patient:
            return None
        if all(known.sid != waiting.sid for known in self.world.waiting):
            self.world.waiting.append(waiting)
        return await self.place(waiting.sid)

    async def place(self, sid: str) -> Place:
        ahead = next((at for at, known in enumerate(self.world.waiting) if known.sid == sid), 0)
        place = Place(ahead, 3 * ahead, 5 * ahead) if ahead else Place(0)
        world = self.world
        return replace(
            place, answerer=world.rooms.get(sid), staffed=not world.nobody, overdue=world.overdue, consent=world.consent
        )

    async def call_back(self, sid: str, phone: str) -> Literal["booked", "barred", "often"]:
        self.world.callbacks[sid] = phone
        return "booked"

    async def answered(self, sid: str) -> None:
        self.world.answered.append(sid)

    async def talk(self, sid: str) -> Literal["over", "cut", "nobody"]:
        return self.world.talk

    async def leave(self, sid: str, why: Literal["hung_up", "message"]) -> None:
        self.world.left.append((sid, why))

    async def left_talk(self, sid: str) -> None:
        """Nobody talks to anybody here."""

    async def about(self, sid: str) -> str | None:
        return f"{sid}.case" if sid in self.world.reports else None

    async def hurry(self, sid: str) -> None:
        theirs = [waiting for waiting in self.world.waiting if waiting.sid == sid]
        self.world.waiting = [
            *(replace(waiting, priority="P1", queue="emergency") for waiting in theirs),
            *(waiting for waiting in self.world.waiting if waiting.sid != sid),
        ]

    async def rated(self, sid: str, rating: int) -> None:
        self.world.ratings[sid] = rating
