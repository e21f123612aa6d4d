"""Keeping a group of reports in one transaction: recognise, judge, look for duplicates, open or attach, write down.

`keep` runs inside the caller's transaction and pipeline and either writes everything that belongs to the group, the
wake-up of what follows it included, or raises; nothing is promised before the caller's COMMIT. Locks are taken in one
order (addresses, then places), so that groups of several processes wait for each other and never form a ring. A unique
violation of `reports_digest_key` means that another process kept one of the reports in the meantime: do the whole group
again and it will be recognised.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from channels.domains import spellings_of_address
from channels.report import ANSWER, START, STOP, UNSOLVED, Outcome, Receipt
from gateway import jobs
from gateway.casenumber import number
from gateway.keeping.hearing import Hearing, listen
from gateway.keeping.parted import parted
from gateway.keeping.questions import Prepared, wanted
from gateway.keeping.standing import (
    Decided,
    Standing,
    attach_report,
    end_at_once,
    known_case,
    open_case,
    remember,
    touches,
)
from gateway.keeping.written import (
    acknowledgement_row,
    attachment_rows,
    content_row,
    linked_entries,
    receipt_of,
    report_row,
    tried_entries,
)
from gateway.messages.threads import Reference, resolve_references
from gateway.messages.undelivered import is_gone
from gateway.people.privacy import erase_answering, erase_returned
from gateway.record import people, timeline
from gateway.record.db import Line, recordset, recordsets, statements, together
from gateway.record.timeline import SYSTEM, Entry
from routing.directory import Directory
from routing.duplicates import as_its_case, has_its_topic, lock_keys, match
from routing.judge import judge, judge_anew
from routing.rules import Rules
from routing.values import History, Judgement, Match, Reason, Verdict

REPORTS, CASES, WORK, MESSAGES = (statements(name) for name in ("reports", "cases", "work", "messages"))
RECORDINGS = statements("reconciling")
ALL = together(
    {
        "strangers": (people.SQL["add"],),
        "links": (people.SQL["link"],),
        "opened": (CASES["open"], WORK["add"]),
        "grown": (CASES["grow"], WORK["regrade"]),
        "reports": (REPORTS["add"],),
        "contents": (REPORTS["add_contents"],),
        "attachments": (REPORTS["add_attachments"],),
        "entries": (timeline.SQL["append"],),
        "messages": (MESSAGES["add"],),
    },
    jobs.SQL["wake"],
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a group: a receipt for each report, and the cases that changed."""

    receipts: tuple[Receipt, ...]
    changed: tuple[int, ...]


async def keep(
    conn: Line,
    group: Sequence[Prepared],
    directory: Directory,
    rules: Rules,
    keys: Sequence[str],
    now: datetime,
) -> Kept:
    """Write a group; the receipts are true once the caller has committed. `keys` open what we signed."""
    digests = [item.report.digest() for item in group]
    newcomers = [item.newcomer for item in group]
    # The server runs these in order: who is known is read once the locks are held.
    arriving = await conn.ask(REPORTS["arrived"], {"digests": digests, "keys": people.lock_keys(newcomers)})
    asked = await people.ask(conn, newcomers)
    arrived = await arriving.fetchall()
    receipts = {digest: _recognised(row) for digest, row in zip(digests, arrived, strict=True) if row["id"] is not None}
    fresh: dict[bytes, Prepared] = {}
    for digest, item in zip(digests, group, strict=True):
        if digest not in receipts:
            fresh.setdefault(digest, item)
    changed: tuple[int, ...] = ()
    if fresh:
        draft = Draft(list(fresh.values()), directory, rules, keys, now)
        await draft.decide(conn, asked, arrived)
        changed = await draft.write(conn)
        receipts |= dict(zip(fresh, draft.receipts, strict=True))
    first = set(fresh)
    answers = []
    for digest in digests:
        receipt = receipts[digest]
        answers.append(receipt if digest in first else replace(receipt, outcome=Outcome.REPEATED))
        first.discard(digest)
    return Kept(tuple(answers), changed)


def _recognised(row: Mapping[str, Any]) -> Receipt:
    return Receipt(
        case=number(row["case_id"]),
        report=row["id"],
        outcome=Outcome.REPEATED,
        token=row["token"],
        code=row["code"],
        priority=row["priority"],
        category=row["category"],
        queue=row["queue"],
        fingerprint=bytes(row["fingerprint"]) if row["fingerprint"] else None,
        flags=tuple(row["flags"]),
    )


class Draft:
    """One group on its way from prepared reports to rows."""

    def __init__(
        self, group: list[Prepared], directory: Directory, rules: Rules, keys: Sequence[str], now: datetime
    ) -> None:
        self.group, self.directory, self.rules, self.keys, self.now = group, directory, rules, keys, now
        self.bounced: list[int] = []
        self.dead: list[dict[str, Any]] = []
        self.delayed: list[int] = []
        self.returned: list[int] = []
        self.answering: dict[int, int] = {}  # machines' answers to letters to the erased, each in its case
        self.revived: list[int] = []  # whom only those made known again
        self.receipts: list[Receipt] = []
        self.cases: dict[int, Standing] = {}
        self.unlike = [0] * len(group)
        self.reports: list[dict[str, Any]] = []
        self.contents: list[dict[str, Any]] = []
        self.attachments: list[dict[str, Any]] = []
        self.raws: list[bytes | None] = []
        self.messages: list[dict[str, Any]] = []
        self.entries: list[Entry] = []
        self.unsolved: list[Decided] = []
        self.wishes: list[dict[str, Any]] = []
        self.hearing = Hearing(now)
        self.met = people.Met([], [], {})

    async def decide(self, conn: Line, asked: people.Asked, numbers: Sequence[Mapping[str, Any]]) -> None:
        """Read what is known, take the locks, and decide each report in the order of arrival.

        `numbers` are free ones for a report, a case and a person each.
        """
        free = [row["person"] for row in numbers]
        met = self.met = await people.meet([item.newcomer for item in self.group], asked, free)
        persons, histories = met.persons, met.histories
        references = await resolve_references(conn, [item.report for item in self.group], self.keys)
        judgements = [
            judge(item.said, item.facts, histories.get(person or 0, History()), self.directory, self.rules)
            for item, person in zip(self.group, persons, strict=True)
        ]
        keys = {key for j, person in zip(judgements, persons, strict=True) for key in lock_keys(j, person)}
        keys |= {f"case:{reference.case}" for reference in references if reference.case}
        # The server runs these in order: the candidates are read once the locks are held.
        await conn.ask(REPORTS["lock"], {"keys": sorted(map(_lock_key, keys))})
        candidates = await conn.ask(REPORTS["candidates"], wanted(self.group, judgements, met, references, self.now))
        near = self._near(await candidates.fetchall())
        self.hearing = await listen(conn, self.group, judgements, self.now)
        for item, person, mentioned, judgement, reference, found, unlike, ids in zip(
            self.group,
            persons,
            met.mentioned,
            judgements,
            references,
            near,
            self.unlike,
            numbers[: len(self.group)],
            strict=True,
        ):
            history = replace(histories.get(person or 0, History(person)), mentioned=mentioned)
            reference = self._believed(item, judgement, reference)
            again = self._again(item, person, judgement, history, reference, found, unlike)
            decided = Decided(ids["report"], item.report, item.said, person, judgement, reference, again)
            if decided.attached_to is not None:
                its_case = self.cases[decided.attached_to].candidate
                if (anew := item.facts.anew) and has_its_topic(item.said, its_case):
                    judgement = judge_anew(item.said, anew, history, self.directory, self.rules)
                answer = ANSWER in item.report.flags
                decided = replace(decided, judgement=as_its_case(judgement, its_case, answer=answer))
            self._place(decided, item, ids["case"])

    async def write(self, conn: Line) -> tuple[int, ...]:
        """Send all rows, without waiting for answers; returns the cases that changed."""
        opened = [case.row for case in self.cases.values() if case.new]
        grown = [case.row for case in self.cases.values() if case.grown and not case.new]
        reopened = [row for row in grown if row["reopened"]]
        rows = {
            "strangers": self.met.strangers,
            "links": self.met.links,
            "opened": opened,
            "grown": grown,
            "reports": self.reports,
            "contents": self.contents,
            "attachments": self.attachments,
            "entries": timeline.rows(self.entries),
            "messages": self.messages,
        }
        await conn.ask(ALL, {"rows": recordsets(rows), "raws": self.raws, "now": self.now})
        if reopened:
            await conn.execute(WORK["revive"], {"rows": recordset(reopened)})
        await self.hearing.write(conn)
        over = [case.over for case in self.cases.values() if case.over and not case.row["reopened"]]
        if over:
            await conn.execute(CASES["over"], {"rows": recordset(over), "now": self.now})
        if over or self.hearing.muted:
            await conn.execute(WORK["nobodys"], {"cases": [*(row["id"] for row in over), *self.hearing.muted]})
        if calls := [row["id"] for row in self.reports if row["call_sid"]]:
            await conn.execute(RECORDINGS["belong"], {"reports": calls, "now": self.now})
        if self.met.languages:
            await conn.execute(people.SQL["speak"], {"rows": recordset(self.met.languages)})
        for wish in self.wishes:
            await conn.execute(people.SQL["wish"], wish)
        for told in self.unsolved:
            about = {"case": told.attached_to, "report": told.id, "person": told.person, "kind": "reopened"}
            await conn.execute(MESSAGES["add_to_reporters"], about | {"agent": None, "now": self.now})
        if self.bounced:
            await conn.execute(MESSAGES["bounced"], {"messages": self.bounced})
        if self.dead:
            await conn.execute(MESSAGES["dead"], {"rows": recordset(self.dead), "now": self.now})
        if self.delayed:
            await conn.execute(MESSAGES["delayed"], {"messages": self.delayed, "now": self.now})
        if self.returned:
            await erase_returned(conn, self.returned, self.now)
        if self.answering:
            await erase_answering(conn, self.answering, self.revived, self.now)
        return tuple(case.candidate.id for case in self.cases.values() if case.new or case.grown)

    def _near(self, rows: Sequence[Mapping[str, Any]]) -> list[list[int]]:
        """Take in the cases that might be meant; returns for each report the ids of those near it. Those near it that
        are of another kind are only counted."""
        near: list[list[int]] = [[] for _ in self.group]
        for row in rows:
            for nth in set(row["nths"]):  # found in several ways
                if row["kin"]:
                    near[nth - 1].append(row["id"])
                else:
                    self.unlike[nth - 1] += 1
            if row["kin"]:
                self.cases[row["id"]] = known_case(row)
        return near

    def _believed(self, item: Prepared, judgement: Judgement, reference: Reference) -> Reference:
        """What a report refers to, once it is known what became of that case."""
        if reference.case not in self.cases:
            return reference
        apart = parted(item.report, judgement, self.cases[reference.case].candidate, self.now)
        return replace(reference, case=None, mentions=(reference.case,), why=apart) if apart else reference

    def _again(
        self,
        item: Prepared,
        person: int | None,
        judgement: Judgement,
        history: History,
        reference: Reference,
        found: Sequence[int],
        unlike: int,
    ) -> Match:
        if reference.case in self.cases:
            return Match(Verdict.ATTACH, reference.case, 1.0, (Reason(reference.how),))
        if (heard := self.hearing.again(item, judgement, self.cases)) is not None:
            return heard
        named = reference.mentions if reference.how else ()
        near = (self.cases[case] for case in found if case not in named)
        candidates = [case.candidate for case in near if not case.hushed]
        fresh = [case.candidate for case in self.cases.values() if case.new]
        candidates += [candidate for candidate in fresh if touches(candidate, judgement, person)]
        likely = match(item.said, judgement, history, candidates, self.now, self.directory, unlike)
        return replace(likely, reasons=(reference.why, *likely.reasons)) if reference.why else likely

    def _place(self, decided: Decided, item: Prepared, case_id: int) -> None:
        if decided.attached_to is not None:
            case = self.cases[decided.attached_to]
            closed = not case.row["reopened"]
            self.entries += attach_report(case, decided, self.directory, self.rules, self.now)
            if closed and case.row["reopened"] and UNSOLVED in decided.report.flags:
                self.unsolved.append(decided)
        else:
            case, opened = open_case(decided, case_id, self.directory, self.rules)
            self.cases[case_id] = case
            self.entries.append(opened)
            if decided.over:
                self.entries += end_at_once(case, decided, decided.over, self.now)
        number_of = case.candidate.id
        self.entries += tried_entries(decided, number_of)
        self._hear_of_ours(decided, number_of)
        self._hear_of_the_erased(decided, number_of)
        self.entries += linked_entries(decided, number_of)
        if wished := {STOP, START}.intersection(decided.report.flags):
            phone, at = decided.report.sender.phone, decided.report.received_at
            self.wishes.append({"phone": phone, "wanted": START in wished, "at": at, "now": self.now})
        row = report_row(decided, number_of, self.now)
        self.reports.append(row)
        self.contents.append(content_row(decided, item.raw_blob))
        self.raws.append(decided.report.raw if item.raw_blob is None else None)
        self.attachments += attachment_rows(decided, item.attachments)
        answer = acknowledgement_row(decided, number_of)
        if answer:
            self.messages.append(answer)
        self.entries += self.hearing.note(decided, item, case, self.rules)
        remember(case, decided)
        self.receipts.append(receipt_of(row, decided, case.row["queue"]))

    def _hear_of_ours(self, decided: Decided, case: int) -> None:
        """What a report tells about messages of ours that bounced or are late."""
        reference, told = decided.reference, decided.report.deliveries
        status = next((one.status for one in told if one.status), None)
        self.bounced += reference.bounced
        self.delayed += reference.delayed
        gone = [spelled for one in told if is_gone(one) for spelled in spellings_of_address(one.recipient)]
        if gone or not told:
            self.dead += ({"message": message, "recipients": gone} for message in reference.bounced)
        for kind, messages in (("bounced", reference.bounced), ("delayed", reference.delayed)):
            if messages:
                self.returned.append(decided.id)
                data = {"messages": list(messages), "status": status or "–"}
                self.entries.append(Entry(case, kind, SYSTEM, decided.id, data))

    def _hear_of_the_erased(self, decided: Decided, case: int) -> None:
        """Whether a machine answers for somebody who was erased, and who has not written since."""
        person = decided.person
        if (
            not (decided.reference.erased and decided.report.auto_reply)
            or decided.id in self.returned
            or person is None
        ):
            return
        if any(row["id"] == person for row in self.met.strangers) and self.met.persons.count(person) == 1:
            self.answering[decided.id] = case
            self.revived.append(person)


def _lock_key(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)
