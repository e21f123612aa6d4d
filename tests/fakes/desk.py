"""A desk without a database: keeps cases in memory and gives judgement the candidates that the record would give.

Nobody answers and nothing is concluded unless a test says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from routing.directory import Directory, read_directory
from routing.duplicates import as_its_case, match, raise_case
from routing.facts import Facts, read_facts
from routing.judge import judge
from routing.rules import Rules, load_rules
from routing.values import Alarm, Candidate, CaseReport, Earlier, History, Judgement, Match, Said, Verdict

DEMO = Path(__file__).parents[2] / "demo"


@cache
def rules() -> Rules:
    return load_rules()


@cache
def directory() -> Directory:
    return read_directory(DEMO)


@dataclass(frozen=True)
class Outcome:
    said: Said
    facts: Facts
    judgement: Judgement
    match: Match
    case: int


@dataclass
class Desk:
    """Takes reports one after another."""

    directory: Directory = field(default_factory=directory)
    rules: Rules = field(default_factory=rules)
    cases: dict[int, Candidate] = field(default_factory=dict)
    persons: dict[str, int] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    def take(self, said: Said) -> Outcome:
        person = self._person(said)
        facts = read_facts(said, self.directory, self.rules)
        history = History(person, self._earlier(person))
        judgement = judge(said, facts, history, self.directory, self.rules)
        candidates = [c for c in self.cases.values() if self._is_candidate(c, judgement, person, said)]
        found = match(said, judgement, history, candidates, said.at, self.directory)
        case = found.case if found.verdict is Verdict.ATTACH and found.case is not None else len(self.cases) + 1
        if case in self.cases:
            judgement = as_its_case(judgement, self.cases[case])
        self.cases[case] = self._case(case, said, judgement, person)
        outcome = Outcome(said, facts, judgement, found, case)
        self.outcomes.append(outcome)
        return outcome

    def conclude(self, case: int, at: datetime) -> None:
        self.cases[case] = replace(self.cases[case], status="concluded", concluded_at=at)

    def _person(self, said: Said) -> int | None:
        keys = [key for key in (said.phone, said.email) if key]
        known = next((self.persons[key] for key in keys if key in self.persons), None)
        if keys and known is None:
            known = len(set(self.persons.values())) + 1
        for key in keys if known is not None else ():
            self.persons.setdefault(key, known)
        return known

    def _earlier(self, person: int | None) -> tuple[Earlier, ...]:
        if person is None:
            return ()
        return tuple(
            Earlier(o.said.at, o.case, o.judgement.place.charger, o.judgement.place.site, o.judgement.category)
            for o in reversed(self.outcomes)
            if self._person(o.said) == person
        )

    def _is_candidate(self, case: Candidate, judgement: Judgement, person: int | None, said: Said) -> bool:
        place = judgement.place
        chargers = {r.charger for r in case.reports} | {case.charger}
        if place.site and place.site in {case.site, *(r.site for r in case.reports)}:
            return True
        if set(place.chargers) & chargers or (person is not None and person in case.persons):
            return True
        owner = self.directory.sender(said.phone, said.email)
        if owner and self.directory.owner_of(case.site) == owner:
            return True
        loose = (judgement.mass or not place.site) and (case.mass or not case.site)
        return loose and case.category == judgement.category and said.at - case.last_report_at < timedelta(hours=24)

    def _case(self, case: int, said: Said, judgement: Judgement, person: int | None) -> Candidate:
        place = judgement.place
        report = CaseReport(
            id=len(self.outcomes) + 1,
            at=said.at,
            person=person,
            channel=said.channel,
            charger=place.charger,
            site=place.site,
            category=judgement.category,
            language=judgement.language,
            text="\n".join(filter(None, (said.subject, said.text))),
        )
        known = self.cases.get(case)
        persons = frozenset({person} - {None})
        if known is None:
            return Candidate(
                case, "open", judgement.category, judgement.priority, place.charger, place.site, said.at, said.at, None,
                persons, (report,), judgement.mass, place.whole_site,
            )  # fmt: skip
        raised = raise_case(known, said, judgement, self.directory, self.rules, person)
        return replace(
            known,
            category=raised.category,
            priority=raised.priority,
            charger=raised.charger,
            site=raised.site,
            whole_site=raised.whole_site,
            last_report_at=said.at,
            persons=known.persons | persons,
            reports=(report, *known.reports)[:8],
        )


def said_of(row: Mapping[str, Any]) -> Said:
    """A row of demo/reports.jsonl as judgement sees it; the label is not looked at."""
    sender, error = row["from"], row.get("error")
    alarm = None
    if error:
        alarm = Alarm(error["status"], error["ocpp"], error["connector"], None, None, error["info"])
    return Said(
        channel=row["channel"],
        at=datetime.fromisoformat(row["at"]),
        text=row["text"],
        subject=row["subject"],
        phone=sender.get("phone"),
        email=sender.get("email"),
        charger=row["charger_field"],
        language=row["language_hint"],
        alarm=alarm,
    )
