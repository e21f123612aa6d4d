"""A case while a group of reports is being decided: what the row will be, and what later reports are compared with.

Rows are plain values (times in ISO 8601), ready for one bulk statement; nothing here reads or writes the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from channels.report import ADDED, ANSWER, SOLVED, STOP, UNSOLVED, Report
from gateway.casenumber import number
from gateway.messages.threads import Reference
from gateway.record.timeline import CUSTOMER, SYSTEM, Entry
from routing.contented import is_contented
from routing.directory import Directory
from routing.incidents import raise_case
from routing.queues import QueueFacts, choose_queue
from routing.rules import Rules
from routing.sla import deadlines
from routing.values import Candidate, CaseReport, Deadlines, Judgement, Match, Priority, Reason, Said, Verdict

TARGETS = ("first_response", "line", "next_update", "solution")
PLACED = {  # what a case's timeline says of where it belongs -> the column
    "site": "site_id",
    "owner": "owner_id",
    "sla_level": "sla_level",
    "charger": "charger_id",
    "language": "language",
    "timezone": "timezone",
}
REMEMBERED = 8  # reports of a case that a new one is compared with
TEXT = 2000  # characters of each
WISH = "wish"  # the disposition of what asked for nothing but silence
RECOVERIES = ("alarm_cleared", "alarm_recovered", "machine_says_well")


@dataclass(frozen=True, slots=True)
class Decided:
    """One report and what was decided about it; `id` is the report's number."""

    id: int
    report: Report
    said: Said
    person: int | None
    judgement: Judgement
    reference: Reference
    again: Match

    @property
    def attached_to(self) -> int | None:
        """The case it joins; None when it opens one of its own."""
        return self.again.case if self.again.verdict is Verdict.ATTACH else None

    @property
    def recovery(self) -> bool:
        """Whether a machine only says that something is well again."""
        return any(reason.code in RECOVERIES for reason in self.again.reasons)

    @property
    def solved(self) -> bool:
        """Whether a caller told of it and that it is solved; danger is looked after all the same."""
        return SOLVED in self.report.flags and self.judgement.priority is not Priority.P1

    @property
    def wish(self) -> bool:
        """Whether it only says that its sender wants no texts of ours; who says "start" may mean the charging."""
        return STOP in self.report.flags and self.judgement.priority is not Priority.P1

    @property
    def over(self) -> str | None:
        """With which disposition a case that it opens is over at once."""
        return SOLVED if self.solved else WISH if self.wish else None

    @property
    def suggested(self) -> int | None:
        """The case it might also belong to."""
        return self.again.case if self.again.verdict is Verdict.SUGGEST else None

    def reasons(self) -> dict[str, list[dict[str, Any]]]:
        """Why, by topic, as it is stored."""
        told = {topic: list(map(plain_reason, reasons)) for topic, reasons in self.judgement.reasons.items()}
        return told | {"duplicate": list(map(plain_reason, self.again.reasons))}


@dataclass(slots=True)
class Standing:
    """A case with the changes of this group; `new` when the group opened it, `grown` when reports were attached.

    The row of a case that did neither is as the record gave it. `over` is what becomes of a case that was over when it
    was told.
    """

    row: dict[str, Any]
    candidate: Candidate
    new: bool
    grown: bool = False
    over: dict[str, Any] | None = None

    @property
    def hushed(self) -> bool:
        """Whether it is alarms that wait for maintenance to end: what people report never waits with them."""
        return bool(self.row.get("muted")) and self.row["status"] == "waiting"


def known_case(row: Mapping[str, Any]) -> Standing:
    """A case that the record holds, as one of its candidates."""
    persons = frozenset(row["persons"] or ()) - {None}
    candidate = Candidate(
        id=row["id"],
        status=row["status"],
        category=row["category"],
        priority=row["priority"],
        charger=row["charger_id"],
        site=row["site_id"],
        opened_at=row["opened_at"],
        last_report_at=row["last_report_at"],
        concluded_at=row["concluded_at"],
        persons=persons,
        reports=tuple(
            CaseReport(report, datetime.fromisoformat(at), *told) for report, at, *told in row["reports"] or ()
        ),
        mass=row["mass"],
        whole_site=row["whole_site"],
        machines=persons.difference(row["people"] or ()),
    )
    kept = {**row, "reopened": False}
    for name in ("nths", "kin", "persons", "people", "reports"):
        del kept[name]
    return Standing(kept, candidate, new=False)


def open_case(decided: Decided, case_id: int, directory: Directory, rules: Rules) -> tuple[Standing, Entry]:
    """A new case for a report, and what its timeline says about it."""
    judgement, at = decided.judgement, decided.report.received_at
    place = judgement.place
    timezone = directory.timezone(place.site)
    due = deadlines(judgement.priority, judgement.sla_level, timezone, at, rules)
    row = {
        "id": case_id,
        "line": 1,
        "queue": judgement.queue,
        "priority": judgement.priority,
        "category": judgement.category,
        "language": judgement.language,
        "fault_code": judgement.fault_code,
        "charger_id": place.charger,
        "site_id": place.site,
        "owner_id": directory.owner_of(place.site) or judgement.owner,
        "sla_level": judgement.sla_level,
        "timezone": timezone,
        "whole_site": place.whole_site,
        "mass": judgement.mass,
        "incident": False,
        "opened_at": at.isoformat(),
        "last_report_at": at.isoformat(),
        "concluded_at": None,
        "reopened": False,
        **{f"due_{target}": getattr(due, target).isoformat() for target in TARGETS},
    }
    candidate = Candidate(
        id=case_id,
        status="open",
        category=judgement.category,
        priority=judgement.priority,
        charger=place.charger,
        site=place.site,
        opened_at=at,
        last_report_at=at,
        concluded_at=None,
        persons=frozenset(),
        reports=(),
        mass=judgement.mass,
        whole_site=place.whole_site,
    )
    told = {
        "channel": decided.report.channel,
        "received_at": at.isoformat(),
        "priority": judgement.priority,
        "category": judgement.category,
        "queue": judgement.queue,
        **{name: row[column] for name, column in PLACED.items()},
        "reasons": decided.reasons(),
        "suggested": number(decided.suggested) if decided.suggested else None,
        "due": None if decided.over else {target: row[f"due_{target}"] for target in TARGETS},
        "solved": decided.solved,
        **({"wish": True} if decided.over == WISH else {}),
    }
    return Standing(row, candidate, new=True), Entry(case_id, "opened", CUSTOMER, decided.id, told)


def end_at_once(case: Standing, decided: Decided, disposition: str, now: datetime) -> list[Entry]:
    """End a case that was over when it was told; returns what its timeline says. Writing of it again opens it."""
    number_of, confirmed = case.candidate.id, disposition == SOLVED
    case.over = {"id": number_of, "disposition": disposition, "confirmed": confirmed}
    case.row["concluded_at"] = now.isoformat()
    case.candidate = replace(case.candidate, status="closed", concluded_at=now)
    told: dict[str, dict[str, Any]] = {
        "concluded": {"disposition": disposition, "told": 0, **({"because": "caller"} if confirmed else {})},
        **({"confirmed": {"by": "phone"}} if confirmed else {}),
        "closed": {"confirmed": confirmed},
    }
    actor = CUSTOMER if confirmed else SYSTEM
    return [Entry(number_of, kind, actor, decided.id, data) for kind, data in told.items()]


def attach_report(case: Standing, decided: Decided, directory: Directory, rules: Rules, now: datetime) -> list[Entry]:
    """Let a case grow by a report; returns what its timeline says about it.

    Somebody who writes again about a case thought solved reopens it; a robot's answer does not, nor one to a question,
    nor thanks, nor a wish for no texts, nor a call that ended with the fault solved.
    """
    if not (case.new or case.grown):
        case.row = {n: v.isoformat() if isinstance(v, datetime) else v for n, v in case.row.items()}
    row, report = case.row, decided.report
    raised = raise_case(
        case.candidate,
        decided.said,
        decided.judgement,
        directory,
        rules,
        decided.person,
        ADDED in report.flags,
        bool(decided.reference.how),
    )
    thanks = row["concluded_at"] is not None and _only_thanks(decided)
    news = not (report.auto_reply or report.bounce or decided.recovery or ANSWER in report.flags or decided.over)
    reopened = row["concluded_at"] is not None and not row["reopened"] and news and not thanks
    urgent = Priority(row["priority"]) > raised.priority
    reasons = decided.reasons()
    if thanks:
        reasons["duplicate"].append(plain_reason(Reason("only_thanks")))
    told = {
        "channel": report.channel,
        "received_at": report.received_at.isoformat(),
        "score": round(decided.again.score, 3),
        "reasons": reasons,
    }
    entries = [Entry(case.candidate.id, "attached", CUSTOMER, decided.id, told)]
    site = raised.site or row["site_id"]
    level, timezone = directory.level(site), directory.timezone(site)
    due = deadlines(raised.priority, level, timezone, now, rules) if urgent or reopened else None
    if due and reopened:
        because = "customer_says_not_solved" if UNSOLVED in report.flags else "written_again"
        told = {"because": because, "due": due_told(due)}
        entries.append(Entry(case.candidate.id, "reopened", CUSTOMER, decided.id, told))
    if urgent or (raised.incident, raised.category) != (row["incident"], row["category"]):
        change = {
            "priority": [row["priority"], raised.priority],
            "category": [row["category"], raised.category],
            "incident": raised.incident,
            "reasons": list(map(plain_reason, raised.reasons)),
            "due": due_told(due) if due and urgent and not case.hushed else None,
        }
        entries.append(Entry(case.candidate.id, "raised", report=decided.id, data=change))
    if due and (reopened or not case.hushed):
        for target in TARGETS:
            before, after = row[f"due_{target}"], getattr(due, target).isoformat()
            row[f"due_{target}"] = after if reopened or not before else _earlier(before, after)
    last_report_at = max(case.candidate.last_report_at, report.received_at)
    row |= {
        "priority": raised.priority,
        "category": raised.category,
        "queue": queue_for(rules, raised.category, raised.priority, level, report.channel) if urgent else row["queue"],
        "charger_id": raised.charger,
        "site_id": site,
        "owner_id": directory.owner_of(site) or row["owner_id"],
        "sla_level": level,
        "timezone": timezone,
        "whole_site": raised.whole_site,
        "incident": raised.incident,
        "last_report_at": last_report_at.isoformat(),
        "reopened": row["reopened"] or reopened,
    }
    case.grown = True
    case.candidate = replace(
        case.candidate,
        status="open" if reopened else case.candidate.status,
        concluded_at=None if reopened else case.candidate.concluded_at,
        priority=raised.priority,
        category=raised.category,
        charger=raised.charger,
        site=site,
        whole_site=raised.whole_site,
        last_report_at=last_report_at,
    )
    return entries


def remember(case: Standing, decided: Decided) -> None:
    """Let the next report of the group be compared with this one."""
    report, judgement = decided.report, decided.judgement
    told = CaseReport(
        id=decided.id,
        at=report.received_at,
        person=decided.person,
        channel=report.channel,
        charger=judgement.place.charger,
        site=judgement.place.site,
        category=judgement.category,
        language=judgement.language,
        text="\n".join(filter(None, (report.subject, report.told)))[:TEXT],
        added=ADDED in report.flags or report.bounce or report.auto_reply,
    )
    person = None if report.bounce else decided.person
    known, machines = case.candidate.persons, case.candidate.machines
    persons = known if person is None else known | {person}
    if not report.auto_reply:
        machines -= {person}
    elif person is not None and person not in known:
        machines |= {person}
    reports = (told, *case.candidate.reports)[:REMEMBERED]
    case.candidate = replace(case.candidate, persons=persons, machines=machines, reports=reports)


def touches(candidate: Candidate, judgement: Judgement, person: int | None) -> bool:
    """Whether a case that this group opened lies near enough to a report to be compared with it."""
    place = judgement.place
    return (
        (place.site is not None and candidate.site == place.site)
        or (candidate.charger is not None and candidate.charger in (place.charger, *place.chargers))
        or (person is not None and person in candidate.persons)
        or (candidate.category == judgement.category and (candidate.mass or candidate.site is None))
    )


def queue_for(rules: Rules, category: str, priority: str, sla_level: str, channel: str = "email") -> str:
    """The queue of a case whose category or priority changed after its arrival."""
    facts = QueueFacts(
        priority=priority,
        category=category,
        channel=channel,
        sla_level=sla_level,
        quarantined=False,
        automatic=False,
        spam=False,
        understood=True,
        mass=False,
        named_queue=None,
    )
    return choose_queue(rules.queue_rules, rules.queues, facts)[0]


def due_told(due: Deadlines) -> dict[str, str]:
    """Targets as a timeline tells them."""
    return {target: getattr(due, target).isoformat() for target in TARGETS}


def plain_reason(reason: Reason) -> dict[str, Any]:
    """A reason as it is stored."""
    return {"code": reason.code, "data": dict(reason.data)}


def _only_thanks(decided: Decided) -> bool:
    """Whether somebody who answers us says that it works, and neither shows anything nor writes of it above."""
    report = decided.report
    answers = bool(decided.reference.how) and (report.subject is None or report.thread.subject is not None)
    shows = any(not file.inline for file in report.attachments)
    return answers and not shows and not report.danger and is_contented(report.text, report.sender.name)


def _earlier(one: str, other: str) -> str:
    return min(one, other, key=datetime.fromisoformat)
