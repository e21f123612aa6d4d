"""Keeping a group of reports in one transaction: recognise, judge, look for duplicates, open or attach, write down.

`keep` runs inside the caller's transaction and either writes everything that belongs to the group or raises; nothing
is promised before the caller's COMMIT. Locks are taken in one order (addresses, then places), so that groups of
several processes wait for each other and never form a ring. `Overtaken` means that another process kept one of the
reports in the meantime: do the whole group again and it will be recognised.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from channels.report import Channel, Outcome, Receipt, Report
from gateway.casenumber import number
from gateway.record import people, timeline
from gateway.record.db import Connection, recordset, statements
from gateway.record.timeline import CUSTOMER, Entry
from gateway.threads import Reference, resolve_references
from routing.directory import Directory
from routing.duplicates import lock_keys, match, raise_case
from routing.facts import Facts
from routing.judge import judge
from routing.rules import Rules
from routing.values import Candidate, CaseReport, History, Judgement, Match, Priority, Reason, Said, Verdict

REPORTS, CASES, WORK, MESSAGES = (statements(name) for name in ("reports", "cases", "work", "messages"))
OPEN_LOOKBACK = timedelta(days=90)
CONCLUDED_LOOKBACK = timedelta(days=14)
PLACELESS_LOOKBACK = timedelta(hours=24)
INLINE_RAW = 64 * 1024  # bytes; longer raw content lies in the blob store


class Overtaken(Exception):
    """Another process kept one of these reports first."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A report made ready before the transaction: cleaned, its files stored, its facts read."""

    report: Report
    said: Said
    facts: Facts
    raw_blob: str | None
    attachments: tuple[str, ...]  # SHA-256 of each attachment, in order


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a group: a receipt for each report, and the cases that changed."""

    receipts: tuple[Receipt, ...]
    changed: tuple[int, ...]


@dataclass(slots=True)
class _Case:
    """A case while its group is being decided."""

    row: dict[str, Any]
    candidate: Candidate
    new: bool
    grown: bool = False


async def keep(conn: Connection, group: Sequence[Prepared], directory: Directory, rules: Rules, now: datetime) -> Kept:
    """Write a group; the receipts are true once the caller has committed."""
    digests = [item.report.digest() for item in group]
    receipts = await _recognised(conn, digests)
    fresh: dict[bytes, Prepared] = {}
    for digest, item in zip(digests, group, strict=True):
        if digest not in receipts:
            fresh.setdefault(digest, item)
    changed: tuple[int, ...] = ()
    if fresh:
        draft = _Draft(list(fresh.values()), directory, rules, now)
        await draft.decide(conn)
        changed = await draft.write(conn)
        receipts |= dict(zip(fresh, draft.receipts, strict=True))
    first = set(fresh)
    answers = []
    for digest in digests:
        receipt = receipts[digest]
        answers.append(receipt if digest in first else replace(receipt, outcome=Outcome.REPEATED))
        first.discard(digest)
    return Kept(tuple(answers), changed)


async def _recognised(conn: Connection, digests: list[bytes]) -> dict[bytes, Receipt]:
    cursor = await conn.execute(REPORTS["kept"], {"digests": digests})
    return {
        bytes(row["digest"]): Receipt(
            case=number(row["case_id"]),
            report=row["id"],
            outcome=Outcome.REPEATED,
            token=row["token"],
            code=row["code"],
            priority=row["priority"],
            category=row["category"],
            queue=row["queue"],
            fingerprint=bytes(row["fingerprint"]) if row["fingerprint"] else None,
        )
        for row in await cursor.fetchall()
    }


class _Draft:
    """One group on its way from prepared reports to rows."""

    def __init__(self, group: list[Prepared], directory: Directory, rules: Rules, now: datetime) -> None:
        self.group, self.directory, self.rules, self.now = group, directory, rules, now
        self.receipts: list[Receipt] = []
        self.cases: dict[int, _Case] = {}
        self.reports: list[dict[str, Any]] = []
        self.contents: list[dict[str, Any]] = []
        self.attachments: list[dict[str, Any]] = []
        self.raws: list[bytes | None] = []
        self.messages: list[dict[str, Any]] = []
        self.entries: list[Entry] = []

    async def decide(self, conn: Connection) -> None:
        """Read what is known, take the locks, and decide each report in the order of arrival."""
        newcomers = [
            people.Newcomer(
                people.addresses(p.report.sender.phone, p.report.sender.email),
                p.report.sender.name,
                p.report.language,
                p.report.sender.verified,
            )
            for p in self.group
        ]
        persons = await people.resolve(conn, newcomers, self.now)
        histories = await people.histories(conn, persons)
        references = await resolve_references(conn, [p.report for p in self.group])
        judgements = [
            judge(item.said, item.facts, histories.get(person or 0, History()), self.directory, self.rules)
            for item, person in zip(self.group, persons, strict=True)
        ]
        keys = {key for j, person in zip(judgements, persons, strict=True) for key in lock_keys(j, person)}
        keys |= {f"case:{reference.case}" for reference in references if reference.case}
        await conn.execute(REPORTS["lock"], {"keys": sorted(map(_lock_key, keys))})
        near = await self._candidates(conn, judgements, persons, references)
        cursor = await conn.execute(REPORTS["numbers"], {"count": len(self.group)})
        numbers = await cursor.fetchall()
        for nth, (item, person, judgement, reference, ids) in enumerate(
            zip(self.group, persons, judgements, references, numbers, strict=True)
        ):
            history = histories.get(person or 0, History(person))
            candidates = self._near(near[nth], judgement, person)
            self._place(item, person, judgement, history, reference, candidates, ids["report"], ids["case"])

    async def write(self, conn: Connection) -> tuple[int, ...]:
        """Send all rows in one round trip. Raises Overtaken when a report was kept by another in the meantime."""
        opened = [case.row for case in self.cases.values() if case.new]
        grown = [case.row for case in self.cases.values() if case.grown and not case.new]
        async with conn.pipeline():
            if opened:
                await conn.execute(CASES["add"], {"rows": recordset(opened)})
                await conn.execute(WORK["add"], {"rows": recordset(opened)})
            if grown:
                await conn.execute(CASES["grow"], {"rows": recordset(grown), "now": self.now})
                await conn.execute(WORK["regrade"], {"rows": recordset(grown)})
                await conn.execute(WORK["revive"], {"rows": recordset([row for row in grown if row["reopened"]])})
            added = await conn.execute(REPORTS["add"], {"rows": recordset(self.reports), "now": self.now})
            await conn.execute(REPORTS["add_contents"], {"rows": recordset(self.contents), "raws": self.raws})
            if self.attachments:
                await conn.execute(REPORTS["add_attachments"], {"rows": recordset(self.attachments)})
            await timeline.append(conn, self.entries, self.now)
            if self.messages:
                await conn.execute(MESSAGES["add"], {"rows": recordset(self.messages), "now": self.now})
        if added.rowcount != len(self.reports):
            raise Overtaken
        return tuple(case.row["id"] for case in self.cases.values() if case.new or case.grown)

    async def _candidates(
        self,
        conn: Connection,
        judgements: Sequence[Judgement],
        persons: Sequence[int | None],
        references: Sequence[Reference],
    ) -> list[list[int]]:
        """Read the cases that might be meant; returns for each report the ids of those near it."""
        rows = [
            {
                "site": j.place.site,
                "chargers": list(dict.fromkeys([*j.place.chargers, *([j.place.charger] if j.place.charger else [])])),
                "person": person,
                "owner": j.owner,
                "placeless": j.mass or j.place.site is None,
                "category": j.category,
            }
            for j, person in zip(judgements, persons, strict=True)
        ]
        cursor = await conn.execute(
            REPORTS["candidates"],
            {
                "rows": recordset(rows),
                "since": self.now - OPEN_LOOKBACK,
                "recent": self.now - PLACELESS_LOOKBACK,
                "concluded": self.now - CONCLUDED_LOOKBACK,
                "referred": sorted({r.case for r in references if r.case}),
            },
        )
        found = await cursor.fetchall()
        near: list[list[int]] = [[] for _ in rows]
        standing = {row["id"]: row for row in found}
        for row in found:
            near[row["nth"] - 1].append(row["id"])
        if standing:
            parameters = {"cases": list(standing)}
            held: dict[int, list[CaseReport]] = {case: [] for case in standing}
            for r in await (await conn.execute(REPORTS["case_reports"], parameters)).fetchall():
                held[r["case_id"]].append(_case_report(r))
            persons_of = {
                r["case_id"]: frozenset(r["persons"])
                for r in await (await conn.execute(REPORTS["case_persons"], parameters)).fetchall()
            }
            for case, row in standing.items():
                candidate = _candidate(row, persons_of.get(case, frozenset()), tuple(held[case]))
                self.cases[case] = _Case({name: _plain(value) for name, value in row.items()}, candidate, new=False)
        return near

    def _near(self, found: list[int], judgement: Judgement, person: int | None) -> list[Candidate]:
        """The candidates of one report: those the record found, and what this group itself has opened nearby."""
        fresh = [case.candidate for case in self.cases.values() if case.new]
        return [
            *(self.cases[case].candidate for case in found),
            *(candidate for candidate in fresh if _touches(candidate, judgement, person)),
        ]

    def _place(
        self,
        item: Prepared,
        person: int | None,
        judgement: Judgement,
        history: History,
        reference: Reference,
        candidates: list[Candidate],
        report_id: int,
        case_id: int,
    ) -> None:
        again = self._again(item, judgement, history, reference, candidates)
        if again.verdict is Verdict.ATTACH and again.case is not None:
            case = self.cases[again.case]
            self._attach(case, item, judgement, reference, report_id, again)
        else:
            case = self._open(item, judgement, case_id, report_id, person, again)
        if reference.mentions:
            mentioned = [number(mention) for mention in reference.mentions]
            self.entries.append(Entry(case.row["id"], "linked", CUSTOMER, report_id, {"cases": mentioned}))
        self._write_down(case, item, person, judgement, again, report_id)

    def _again(
        self, item: Prepared, judgement: Judgement, history: History, reference: Reference, candidates: list[Candidate]
    ) -> Match:
        if reference.case in self.cases:
            return Match(Verdict.ATTACH, reference.case, 1.0, (Reason(reference.how),))
        return match(item.said, judgement, history, candidates, self.now, self.directory)

    def _open(
        self, item: Prepared, judgement: Judgement, case_id: int, report_id: int, person: int | None, again: Match
    ) -> _Case:
        at = item.report.received_at
        timezone = self.directory.timezone(judgement.place.site)
        due = self.rules.deadlines(judgement.priority, judgement.sla_level, timezone, at)
        row = {
            "id": case_id,
            "status": "open",
            "line": 1,
            "queue": judgement.queue,
            "priority": judgement.priority,
            "category": judgement.category,
            "language": judgement.language,
            "fault_code": judgement.fault_code,
            "charger_id": judgement.place.charger,
            "site_id": judgement.place.site,
            "owner_id": self.directory.owner_of(judgement.place.site) or judgement.owner,
            "sla_level": judgement.sla_level,
            "timezone": timezone,
            "whole_site": judgement.place.whole_site,
            "mass": judgement.mass,
            "incident": False,
            "opened_at": at.isoformat(),
            "last_report_at": at.isoformat(),
            "due_first_response": due.first_response.isoformat(),
            "due_line": due.line.isoformat(),
            "due_next_update": due.next_update.isoformat(),
            "due_solution": due.solution.isoformat(),
            "reopened": False,
        }
        candidate = Candidate(
            id=case_id,
            status="open",
            category=judgement.category,
            priority=judgement.priority,
            charger=judgement.place.charger,
            site=judgement.place.site,
            opened_at=at,
            last_report_at=at,
            concluded_at=None,
            persons=frozenset(),
            reports=(),
            mass=judgement.mass,
            whole_site=judgement.place.whole_site,
        )
        case = self.cases[case_id] = _Case(row, candidate, new=True)
        self.entries.append(
            Entry(
                case_id,
                "opened",
                CUSTOMER,
                report_id,
                {
                    "channel": item.report.channel,
                    "priority": judgement.priority,
                    "category": judgement.category,
                    "queue": judgement.queue,
                    "received_at": at.isoformat(),
                    "reasons": _reasons(judgement, again),
                    "suggested": number(again.case) if again.case and again.verdict is Verdict.SUGGEST else None,
                    "due": {"first_response": row["due_first_response"], "solution": row["due_solution"]},
                },
            )
        )
        return case

    def _attach(
        self,
        case: _Case,
        item: Prepared,
        judgement: Judgement,
        reference: Reference,
        report_id: int,
        again: Match,
    ) -> None:
        row, now = case.row, self.now
        raised = raise_case(case.candidate, item.said, judgement, self.directory, self.rules, now)
        # Somebody who writes again about a case thought solved is heard at once; a robot's answer changes nothing.
        reopened = row.get("concluded_at") is not None and not (item.report.auto_reply or item.report.bounce)
        urgent = Priority(row["priority"]) > raised.priority
        self.entries.append(
            Entry(
                row["id"],
                "attached",
                CUSTOMER,
                report_id,
                {
                    "channel": item.report.channel,
                    "received_at": item.report.received_at.isoformat(),
                    "score": round(again.score, 3),
                    "reasons": _reasons(judgement, again),
                },
            )
        )
        if reopened:
            self.entries.append(Entry(row["id"], "reopened", CUSTOMER, report_id, {"because": "written_again"}))
        if urgent or raised.incident != row["incident"] or raised.category != row["category"]:
            data = {
                "priority": [row["priority"], raised.priority],
                "category": [row["category"], raised.category],
                "incident": raised.incident,
                "reasons": [_reason(reason) for reason in raised.reasons],
            }
            self.entries.append(Entry(row["id"], "raised", report=report_id, data=data))
        site = raised.site or row["site_id"]
        sla = self.directory.level(site)
        timezone = self.directory.timezone(site)
        if urgent or reopened:
            due = self.rules.deadlines(raised.priority, sla, timezone, now)
            for name in ("first_response", "line", "next_update", "solution"):
                before, after = row[f"due_{name}"], getattr(due, name).isoformat()
                row[f"due_{name}"] = after if reopened or not before else _earlier(before, after)
        row |= {
            "priority": raised.priority,
            "category": raised.category,
            "queue": self.rules.queue_for(raised.category, raised.priority, row["queue"]) if urgent else row["queue"],
            "charger_id": raised.charger,
            "site_id": site,
            "owner_id": self.directory.owner_of(site) or row["owner_id"],
            "sla_level": sla,
            "timezone": timezone,
            "whole_site": raised.whole_site,
            "incident": raised.incident,
            "last_report_at": max(case.candidate.last_report_at, item.report.received_at).isoformat(),
            "reopened": bool(row.get("reopened")) or reopened,
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
            last_report_at=max(case.candidate.last_report_at, item.report.received_at),
        )

    def _write_down(
        self, case: _Case, item: Prepared, person: int | None, judgement: Judgement, again: Match, report_id: int
    ) -> None:
        report, row = item.report, case.row
        outcome = Outcome.ATTACHED if again.verdict is Verdict.ATTACH and again.case is not None else Outcome.OPENED
        token, code = secrets.token_urlsafe(18), f"{secrets.randbelow(10_000):04d}"
        self.reports.append(
            {
                "id": report_id,
                "digest": f"\\x{report.digest().hex()}",
                "fingerprint": f"\\x{report.fingerprint.hex()}" if report.fingerprint else None,
                "case_id": row["id"],
                "channel": report.channel,
                "received_at": report.received_at.isoformat(),
                "person_id": person,
                "charger_id": judgement.place.charger,
                "site_id": judgement.place.site,
                "connector": report.connector,
                "language": judgement.language,
                "category": judgement.category,
                "priority": judgement.priority,
                "fault_code": judgement.fault_code,
                "queue": judgement.queue,
                "outcome": outcome,
                "suggested": again.case if again.verdict is Verdict.SUGGEST else None,
                "verified": report.sender.verified,
                "token": token,
                "code": code,
                "reasons": _reasons(judgement, again),
                "flags": _flags(report, judgement),
                "quarantined": report.quarantined,
                "call_sid": report.call_sid,
            }
        )
        self.contents.append(
            {
                "report_id": report_id,
                "sender_name": report.sender.name,
                "sender_phone": report.sender.phone,
                "sender_email": report.sender.email,
                "subject": report.subject,
                "text": report.text,
                "full_text": report.full_text if report.full_text != report.text else None,
                "html": report.html,
                "message_id": report.message_id,
                "recipients": report.recipients,
                "raw_blob": item.raw_blob,
                "raw_type": report.raw_type,
                "alarm": _alarm(report),
            }
        )
        self.raws.append(report.raw if item.raw_blob is None else None)
        for attachment, sha256 in zip(report.attachments, item.attachments, strict=True):
            self.attachments.append(
                {
                    "report_id": report_id,
                    "name": attachment.name,
                    "media_type": attachment.media_type,
                    "size": len(attachment.content),
                    "sha256": sha256,
                    "inline": attachment.inline,
                    "quarantined": attachment.quarantined,
                }
            )
        channel = answerable(report, judgement)
        if channel:
            self.messages.append(
                {
                    "case_id": row["id"],
                    "report_id": report_id,
                    "person_id": person,
                    "channel": channel,
                    "kind": "acknowledgement",
                    "language": judgement.language,
                    "agent_id": None,
                }
            )
        case.candidate = replace(
            case.candidate,
            persons=case.candidate.persons | ({person} if person is not None else set()),
            reports=(
                CaseReport(
                    report_id,
                    report.received_at,
                    person,
                    report.channel,
                    judgement.place.charger,
                    judgement.place.site,
                    judgement.category,
                    judgement.language,
                    "\n".join(filter(None, (report.subject, report.text)))[:2000],
                ),
                *case.candidate.reports,
            )[:8],
        )
        self.receipts.append(
            Receipt(
                case=number(row["id"]),
                report=report_id,
                outcome=outcome,
                token=token,
                code=code,
                priority=judgement.priority,
                category=judgement.category,
                queue=row["queue"],
                fingerprint=report.fingerprint,
            )
        )


def answerable(report: Report, judgement: Judgement) -> str | None:
    """By which channel the reporter is told that we have it; None for robots, spam and those without an address."""
    if report.auto_reply or report.bounce or judgement.spam or report.channel is Channel.ALARM:
        return None
    if report.quarantined and report.channel is Channel.EMAIL:
        return None
    if report.channel in (Channel.PHONE, Channel.SMS, Channel.WHATSAPP):
        return "sms" if report.sender.phone else None
    if report.sender.email:
        return "email"
    return "sms" if report.sender.phone else None


def _flags(report: Report, judgement: Judgement) -> list[str]:
    marks = {
        "auto_reply": report.auto_reply,
        "bounce": report.bounce,
        "spam": judgement.spam,
        "mass": judgement.mass,
        "whole_site": judgement.place.whole_site,
    }
    return [*report.flags, *(name for name, given in marks.items() if given)]


def _reason(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "data": dict(reason.data)}


def _reasons(judgement: Judgement, again: Match) -> dict[str, list[dict[str, Any]]]:
    told = {topic: [_reason(reason) for reason in reasons] for topic, reasons in judgement.reasons.items()}
    return told | {"duplicate": [_reason(reason) for reason in again.reasons]}


def _alarm(report: Report) -> dict[str, Any] | None:
    return asdict(report.alarm) if report.alarm else None


def _case_report(r: Mapping[str, Any]) -> CaseReport:
    return CaseReport(
        id=r["id"],
        at=r["received_at"],
        person=r["person_id"],
        channel=r["channel"],
        charger=r["charger_id"],
        site=r["site_id"],
        category=r["category"],
        language=r["language"],
        text=r["text"] or "",
    )


def _candidate(row: Mapping[str, Any], persons: frozenset[int], reports: tuple[CaseReport, ...]) -> Candidate:
    return Candidate(
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
        reports=reports,
        mass=row["mass"],
        whole_site=row["whole_site"],
    )


def _touches(candidate: Candidate, judgement: Judgement, person: int | None) -> bool:
    place = judgement.place
    return (
        (place.site is not None and candidate.site == place.site)
        or (candidate.charger is not None and candidate.charger in (place.charger, *place.chargers))
        or (person is not None and person in candidate.persons)
        or (candidate.category == judgement.category and (candidate.mass or candidate.site is None))
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _earlier(one: str, other: str) -> str:
    return min(one, other, key=datetime.fromisoformat)


def _lock_key(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)
