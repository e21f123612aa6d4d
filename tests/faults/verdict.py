"""Whether the promises held: the ledger against what the API shows and what arrived in the sinks.

I1 every promise is visible once; I2 what was unsure at most once, and once after the sender's retry; I3 nothing that
was never told, and every text to the letter; I4 a case has one owner at a time and a claim that was answered stays;
I5 every acknowledgement that is owed goes out; I7 at most one automatic answer to a report, and one more for each
change of the expected time that the timeline says was told, none to a robot; I9 each case's timeline is in order and
accounts for every report; I11 no error to well-formed input while everything was up, no promise while the database was
frozen; I12 the counts agree.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from tests.faults.ledger import Ledger, Line, Try
from tests.faults.nemesis import BACK_WITHIN, Nemesis
from tests.faults.sinks import MailSink

ANSWERED_FROM_RECORD = ("email", "form", "api", "alarm")  # a caller hears sentences, a mailbox promises by itself
GRACE = 3.0  # seconds after everything answered again in which an error is still the blow's
THAW = 0.3  # seconds at either end of a freeze that are not judged


@dataclass
class Row:
    """A door's line of the table."""

    told: int = 0
    promised: int = 0
    unsure: int = 0
    resolved: int = 0
    lost: int = 0
    doubled: int = 0


@dataclass
class Verdict:
    rows: dict[str, Row] = field(default_factory=lambda: defaultdict(Row))
    violations: list[str] = field(default_factory=list)
    cases: int = 0
    reports: int = 0
    mails: int = 0
    mails_again: int = 0


def judge(
    ledger: Ledger,
    nemesis: Nemesis,
    cases: Sequence[Mapping[str, Any]],
    sink: MailSink,
    claims: Mapping[str, str],
    counted: int,
) -> Verdict:
    """Every promise against every fact; `claims` are case number -> agent answered 200, `counted` the cases that the
    queues and their endings add up to."""
    verdict = Verdict(cases=len(cases))
    seen = _seen(cases)
    files = _files(cases)
    verdict.reports = sum(len(case["reports"]) for case in cases)
    for line in ledger:
        _judge_line(line, seen.get(line.telling.nonce, []), files, verdict)
        verdict.violations += _answers(line, nemesis)
    verdict.violations += _strangers(ledger, cases, seen)
    reviewed = {report["id"] for case in cases if case["queue"] == "review" for report in case["reports"]}
    for case in cases:
        verdict.violations += _order(case)
        if case["number"] in claims:
            verdict.violations += _claimed(case, claims[case["number"]])
    unanswered = {nonce for nonce, reports in seen.items() if reviewed & {r["id"] for r in reports}}
    _automatic(ledger, sink, unanswered, _news(cases, seen), verdict)
    verdict.violations += [
        f"not well again {BACK_WITHIN:.0f} s after: {blow.what}" for blow in nemesis.blows if blow.back is None
    ]
    if counted != verdict.cases:
        verdict.violations.append(f"I12: the queues count {counted} open cases, the list has {verdict.cases}")
    return verdict


def _seen(cases: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for case in cases:
        for report in case["reports"]:
            for word in set((report["text"] or "").replace(".", " ").replace(",", " ").split()):
                if word.startswith("zq") and len(word) == 18:
                    found[word].append(report)
    return found


def _files(cases: Sequence[Mapping[str, Any]]) -> dict[int, list[int]]:
    """For each report, the sizes of all files in its case: a photo may follow its words as an addition."""
    found: dict[int, list[int]] = {}
    for case in cases:
        sizes = [attachment["size"] for report in case["reports"] for attachment in report["attachments"]]
        found |= {report["id"]: sizes for report in case["reports"]}
    return found


def _judge_line(line: Line, reports: list[Mapping[str, Any]], files: Mapping[int, list[int]], verdict: Verdict) -> None:
    telling, row = line.telling, verdict.rows[line.telling.door]
    row.told += 1
    row.promised += line.promised
    row.unsure += line.unsure
    row.resolved += line.unsure and (line.promised or telling.door == "phone")
    if line.promised and not reports:
        row.lost += 1
        verdict.violations.append(f"I1: {telling.nonce} ({telling.door}) was promised and is not there")
    if len(reports) > 1:
        row.doubled += 1
        ids = [report["id"] for report in reports]
        verdict.violations.append(f"I1: {telling.nonce} ({telling.door}) is there {len(reports)} times: {ids}")
    for report in reports:
        said = " ".join((report["text"] or "").split())
        if " ".join(telling.words.split()) not in said:
            verdict.violations.append(f"I3: {telling.nonce} ({telling.door}) says {said!r}, not {telling.words!r}")
        if telling.photo and files[report["id"]].count(len(telling.photo)) != 1:
            verdict.violations.append(
                f"I3: {telling.nonce} has files of {files[report['id']]} bytes, not one of {len(telling.photo)}"
            )


def _answers(line: Line, nemesis: Nemesis) -> list[str]:
    found = []
    for tried in line.tries:
        code = tried.result.code
        if tried.result.kind == "fail" and code and not _disturbed(tried, nemesis):
            found.append(f"I11: {line.telling.nonce} ({line.telling.door}) was answered {tried.result.detail!r}")
        promised = tried.result.kind == "ok" and not tried.result.kept and line.telling.door in ANSWERED_FROM_RECORD
        for began, ended in nemesis.frozen:
            if promised and tried.began > began + THAW and tried.ended < ended - THAW:
                found.append(f"I11: {line.telling.nonce} ({line.telling.door}) was promised without a database")
    return found


def _disturbed(tried: Try, nemesis: Nemesis) -> bool:
    return any(tried.began < ended + GRACE and tried.ended > began for began, ended, _ in nemesis.down)


def _strangers(ledger: Ledger, cases: Sequence[Mapping[str, Any]], seen: Mapping[str, Any]) -> list[str]:
    told = {line.telling.nonce for line in ledger}
    photos = {len(line.telling.photo) for line in ledger if line.telling.photo}
    found = [f"I3: {nonce} was never told" for nonce in seen if nonce not in told]
    known = {report["id"] for reports in seen.values() for report in reports}
    for case in cases:
        for report in case["reports"]:
            # A call that was cut off before its caller had said anything is filed without words of theirs.
            if report["id"] in known or report["channel"] == "phone":
                continue
            sizes = {attachment["size"] for attachment in report["attachments"]}
            if report["text"] or not sizes or sizes - photos:
                found.append(f"I3: report {report['id']} ({report['channel']}) says {report['text']!r}")
    return found


def _order(case: Mapping[str, Any]) -> list[str]:
    number, timeline = case["number"], case["timeline"]
    ids = [entry["id"] for entry in timeline]
    times = [entry["at"] for entry in timeline]
    found = []
    if ids != sorted(set(ids)) or times != sorted(times):
        found.append(f"I9: the timeline of {number} is not in order")
    if not timeline or timeline[0]["kind"] != "opened":
        found.append(f"I9: the timeline of {number} does not begin with its opening")
    kinds = Counter(entry["kind"] for entry in timeline)
    if kinds["opened"] != 1 or kinds["opened"] + kinds["attached"] != len(case["reports"]):
        found.append(f"I9: {number} has {len(case['reports'])} reports and these entries: {dict(kinds)}")
    return found


def _claimed(case: Mapping[str, Any], agent: str) -> list[str]:
    claims = [entry["actor"]["id"] for entry in case["timeline"] if entry["kind"] == "claimed"]
    if claims != [agent] or case["assignee"] != agent:
        return [f"I4: {case['number']} was given to {agent}; it shows {claims}, assignee {case['assignee']}"]
    return []


def _news(cases: Sequence[Mapping[str, Any]], seen: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, int]:
    """For each nonce, how often its case says that everybody was told of another expected time."""
    changes = {
        report["id"]: sum(entry["kind"] == "expected_changed" for entry in case["timeline"])
        for case in cases
        for report in case["reports"]
    }
    return {nonce: sum(changes[report["id"]] for report in reports) for nonce, reports in seen.items()}


def _automatic(ledger: Ledger, sink: MailSink, reviewed: Set[str], news: Mapping[str, int], verdict: Verdict) -> None:
    """What was not understood goes to a person and is not answered by a machine."""
    people = {line.telling.email: line.telling for line in ledger}
    verdict.violations += [
        f"I5: {line.telling.nonce} ({line.telling.door}) was not acknowledged by mail"
        for line in ledger
        if line.promised and line.telling.answered and line.telling.email not in sink.arrived
        if line.telling.nonce not in reviewed
    ]
    for address, ids in sink.arrived.items():
        telling = people.get(address)
        if telling is None:
            verdict.violations.append(f"I7: {address} was written to and has told us nothing")
        elif telling.robot:
            verdict.violations.append(f"I7: the robot {address} was answered")
        if telling and len(ids) > 1 + news.get(telling.nonce, 0):
            verdict.violations.append(f"I7: {address} was sent {len(ids)} automatic answers")
        verdict.mails += len(ids)
        verdict.mails_again += sum(ids.values()) - len(ids)
