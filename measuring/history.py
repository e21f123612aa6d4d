"""What one case's timeline says, as facts to count: waits, stays on a line, solutions, calls, reports, ratings.

Pure: `facts` of the same entries are the same facts for ever. Only a human's first response ends a wait; automatic
acknowledgements are not looked at. Whoever was concluded without one, or hung up, gave up: the wait is `lost`. A
reopened case begins anew. Unknown kinds of entries are passed over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

MICROSECOND = timedelta(microseconds=1)
SHORT = 5 * 1_000_000  # whoever hangs up earlier than this in the queue has not waited
WRAP_UP = 30 * 60 * 1_000_000  # longer after-call work is work on the case, and counted as so much
NAMES = ("channel", "queue", "priority", "sla_level", "site", "owner", "language", "timezone", "category", "charger")
OF_CALLS = ("queue", "voice", "told", "talk", "wrap_up", "handled", "disposed", "rating")
ROBOTS = ("alarm",)  # nobody waits for an answer to these


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a timeline; `data` holds ids, codes, times and figures."""

    at: datetime
    kind: str
    actor_kind: str
    actor: str | None
    report: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Where:
    """By what facts are grouped."""

    channel: str
    queue: str
    line: int
    priority: str
    sla_level: str
    site: str | None
    owner: str | None
    language: str
    timezone: str
    category: str
    charger: str | None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to count. `ended` and `lost` are microseconds (of `case`: how many reports); both None: not over yet.

    kind: `response` `open_response` (within opening hours) `stay` `solution` `queue` (a call's wait in line) `voice` (a
    call from its first ring) `told` (a call whose wait was foretold) `talk` `wrap_up` `handled` (talk and wrap-up)
    `disposed` (a call whose agent has said what came of it)
    `callback` `case` `visit` `asked` `rating`. `met`: whether a target was reached. `tags`: what else is counted.
    """

    kind: str
    at: datetime
    where: Where
    ended: int | None = None
    lost: int | None = None
    met: bool | None = None
    tags: tuple[str, ...] = ()
    agent: str | None = None

    @property
    def over(self) -> bool:
        return self.ended is not None or self.lost is not None


@dataclass(slots=True)
class _Case:
    """What is known while a timeline is read."""

    where: Where
    facts: list[Fact] = field(default_factory=list)
    open: dict[str, int] = field(default_factory=dict)  # kind of a fact that is not over -> its place
    calls: dict[str, datetime] = field(default_factory=dict)  # calls in line -> since when
    called_back: set[str] = field(default_factory=set)
    alone: bool = False  # the customer needed nobody, and has not come back
    overlong: set[str] = field(default_factory=set)  # calls that waited as long as their queue allows
    foretold: dict[str, tuple[int, int]] = field(default_factory=dict)  # call -> least and most minutes it was told
    talked: tuple[str, int] | None = None  # who spoke last, and for how long, while the wrap-up goes on
    disposed: set[str] = field(default_factory=set)  # calls that are written up
    asked_of: dict[str, int] = field(default_factory=dict)  # call -> which fact is the question about it
    holder: str | None = None
    waiting: bool = False
    passed_on: bool = False
    words: int = 0
    due_solution: datetime | None = None
    stuck: str | None = None  # where the case stood when its solution was due
    reports: set[int | None] = field(default_factory=set)
    solution: int | None = None  # the place of the last solution


def facts(entries: Sequence[Entry], where: Where) -> list[Fact]:
    """The facts of a case. `where` is what is not on the entries themselves; they have the last word."""
    case = _Case(_told(where, entries[0].data) if entries else where)
    for entry in entries:
        _notice_due(case, entry.at)
        step = _STEPS.get(entry.kind)
        if step:
            step(case, entry)
    if not case.reports:  # all of them belong to another case by now, and so does what they wait for
        return [one for one in case.facts if one.kind in OF_CALLS]
    marks = {"incident": len(case.reports) > 1, "solved_alone": case.alone}
    tags = tuple(mark for mark, given in marks.items() if given)
    whole = Fact("case", _moment(entries[0]), _told(where, entries[0].data), ended=len(case.reports), tags=tags)
    return [*case.facts, whole]


def microseconds(length: timedelta) -> int:
    """Never below nothing: clocks of two machines may differ."""
    return max(0, length // MICROSECOND)


def _opened(case: _Case, entry: Entry) -> None:
    """A case that was solved before anybody was asked waits for nothing, nor does a wish for no texts."""
    case.reports.add(entry.report)
    case.where = _told(case.where, entry.data)
    case.alone = bool(entry.data.get("solved"))
    if not (case.alone or entry.data.get("wish")):
        _begin(case, entry)


def _begin(case: _Case, entry: Entry) -> None:
    at = _moment(entry)
    case.words, case.passed_on, case.holder, case.waiting, case.stuck = 0, False, None, False, None
    case.due_solution = _due(entry)
    if case.where.channel not in ROBOTS:
        _start(case, "response", at)
    _start(case, "stay", at)
    _start(case, "solution", at)


def _reopened(case: _Case, entry: Entry) -> None:
    if case.solution is not None:
        solved = case.facts[case.solution]
        tags = tuple(sorted({*solved.tags, "reopened"} - {"first_contact"}))
        case.facts[case.solution] = replace(solved, tags=tags)
    for kind in list(case.open):
        _end(case, kind, entry.at, lost=True)
    case.alone = False
    _begin(case, entry)


def _answered(case: _Case, entry: Entry) -> None:
    met = entry.data.get("in_time")
    place, open_ = case.open.get("response"), _seconds(entry.data.get("open"))
    if place is not None and open_ is not None:
        case.facts.append(Fact("open_response", case.facts[place].at, case.where, ended=open_, agent=entry.actor))
    _end(case, "response", entry.at, met=met if isinstance(met, bool) else None, agent=entry.actor)


def _replied(case: _Case, entry: Entry) -> None:
    case.words += 1
    call = entry.data.get("call")
    if call is None:
        return
    began = case.calls.pop(str(call), None)
    waited, response = _seconds(entry.data.get("waited")), _seconds(entry.data.get("response"))
    if began is not None or waited is not None:
        at = began or entry.at - timedelta(microseconds=waited or 0)
        waited = microseconds(entry.at - at) if waited is None else waited
        called_back = str(call) in case.called_back
        tags = _waited(case, str(call), *(["callback"] if called_back else []))
        case.facts.append(Fact("queue", at, case.where, ended=waited, tags=tags, agent=entry.actor))
        if not called_back:
            _compare(case, str(call), at, waited)
    if response is not None:
        at = entry.at - timedelta(microseconds=response)
        case.facts.append(Fact("voice", at, case.where, ended=response, agent=entry.actor))


def _queued(case: _Case, entry: Entry) -> None:
    call = entry.data.get("call")
    if call is not None:
        case.calls.setdefault(str(call), entry.at)


def _left(case: _Case, entry: Entry) -> None:
    call = str(entry.data.get("call"))
    if call not in case.calls or call in case.called_back:
        return
    began = case.calls.pop(call)
    waited = microseconds(entry.at - began)
    message = entry.data.get("why") == "message"
    tags = ("message",) if message else ("short",) if waited < SHORT else ("abandoned",)
    if waited > _most(case, call):
        _compare(case, call, began, waited)
    case.facts.append(Fact("queue", began, case.where, lost=waited, tags=_waited(case, call, *tags)))
    response = _seconds(entry.data.get("response"))
    if response is not None and tags != ("short",):
        case.facts.append(Fact("voice", entry.at - timedelta(microseconds=response), case.where, lost=response))


def _waited_too_long(case: _Case, entry: Entry) -> None:
    case.overlong.add(str(entry.data.get("call")))


def _waited(case: _Case, call: str, *tags: str) -> tuple[str, ...]:
    """The tags of a wait in line."""
    return (*tags, "too_long") if call in case.overlong else tags


def _foretold(case: _Case, entry: Entry) -> None:
    least, most = entry.data.get("least"), entry.data.get("most")
    if isinstance(least, int) and isinstance(most, int):
        case.foretold.setdefault(str(entry.data.get("call")), (least, most))


def _most(case: _Case, call: str) -> float:
    """The longest wait that the caller was told of, in microseconds; whoever hung up before it shows nothing."""
    return case.foretold[call][1] * 60_000_000 if call in case.foretold else math.inf


def _compare(case: _Case, call: str, at: datetime, waited: int) -> None:
    """Whether the wait was as foretold."""
    told = case.foretold.pop(call, None)
    if told is not None:
        least, most = (one * 60_000_000 for one in told)
        tag = "sooner" if waited < least else "later" if waited > most else "as_told"
        case.facts.append(Fact("told", at, case.where, ended=waited, tags=(tag,)))


def _call_ended(case: _Case, entry: Entry) -> None:
    talked = _seconds(entry.data.get("talked"))
    if talked is None or entry.actor is None:
        return
    _wrapped_up(case, entry.at)
    began = entry.at - timedelta(microseconds=talked)
    case.facts.append(Fact("talk", began, case.where, ended=talked, agent=entry.actor))
    if case.holder == entry.actor:
        _start(case, "wrap_up", entry.at)
        case.talked = (entry.actor, talked)
        if str(entry.data.get("call")) in case.disposed:
            _wrapped_up(case, entry.at)


def _call_disposed(case: _Case, entry: Entry) -> None:
    """An agent may have written up a call before its last word came: the caller still rated it."""
    case.disposed.add(str(entry.data.get("call")))
    _wrapped_up(case, entry.at)
    tags = (f"as_{entry.data.get('call_disposition')}",)
    case.facts.append(Fact("disposed", entry.at, case.where, ended=1, tags=tags, agent=entry.actor))


def _wrapped_up(case: _Case, at: datetime) -> None:
    """After-call work ends when the call was written up, or the case is concluded, passed on, put aside or left."""
    place, spoke = case.open.get("wrap_up"), case.talked
    if place is None or spoke is None:
        return
    case.talked = None
    began = case.facts[place].at
    lasted = min(microseconds(at - began), WRAP_UP)
    _end(case, "wrap_up", began + timedelta(microseconds=lasted), agent=spoke[0])
    whole = spoke[1] + lasted
    case.facts.append(
        Fact("handled", began - timedelta(microseconds=spoke[1]), case.where, ended=whole, agent=spoke[0])
    )


def _callback_wanted(case: _Case, entry: Entry) -> None:
    call = str(entry.data.get("call"))
    case.called_back.add(call)
    case.calls.setdefault(call, entry.at)  # the wait goes on until the customer is on the line
    _start(case, "callback", case.calls[call])


def _called_back(case: _Case, entry: Entry) -> None:
    _end(case, "callback", entry.at, met=True, agent=entry.actor)


def _not_reached(case: _Case, entry: Entry) -> None:
    _end(case, "callback", entry.at, lost=True, met=False)
    began = case.calls.pop(str(entry.data.get("call")), None)
    if began is not None:
        lost = microseconds(entry.at - began)
        tags = _waited(case, str(entry.data.get("call")), "callback")
        case.facts.append(Fact("queue", began, case.where, lost=lost, tags=tags))


def _moved(case: _Case, entry: Entry) -> None:
    line = int(entry.data.get("line") or case.where.line)
    queue = str(entry.data.get("queue") or case.where.queue)
    late = entry.data.get("because") == "line_overdue"
    _wrapped_up(case, entry.at)
    case.passed_on = case.passed_on or entry.kind == "escalated" or line != case.where.line
    case.holder = None
    if line != case.where.line:
        tags = ("escalated",) if entry.kind == "escalated" else ()
        _end(case, "stay", entry.at, met=not late, tags=tags)
        case.where = replace(case.where, line=line, queue=queue)
        _start(case, "stay", entry.at)
    else:
        case.where = replace(case.where, queue=queue)


def _overdue(case: _Case, entry: Entry) -> None:
    place = case.open.get("stay")
    if place is not None:
        case.facts[place] = replace(case.facts[place], met=False)


def _claimed(case: _Case, entry: Entry) -> None:
    case.holder, case.waiting = entry.actor or "", False


def _released(case: _Case, entry: Entry) -> None:
    _wrapped_up(case, entry.at)
    case.holder = None


def _put_aside(case: _Case, entry: Entry) -> None:
    _wrapped_up(case, entry.at)
    case.waiting = True


def _resumed(case: _Case, entry: Entry) -> None:
    case.waiting = False
    case.due_solution = _due(entry) or case.due_solution  # the clock stood still meanwhile


def _concluded(case: _Case, entry: Entry) -> None:
    _wrapped_up(case, entry.at)
    if "solution" not in case.open:
        return
    disposition = str(entry.data.get("disposition") or "other")
    silent = disposition in ("duplicate", "spam")
    first = case.where.line == 1 and not case.passed_on and case.words <= 1 and not silent
    tags = {f"as_{disposition}"} | ({"first_contact"} if first else set())
    in_time = case.due_solution is None or entry.at <= case.due_solution
    if not in_time:
        tags.add(f"late_{case.stuck or 'unknown'}")
    met = None if case.due_solution is None or silent else in_time
    case.solution = case.open["solution"]
    _end(case, "response", entry.at, lost=True)
    stay = case.open.get("stay")
    late = stay is not None and case.facts[stay].met is False
    _end(case, "stay", entry.at, met=not late)
    _end(case, "solution", entry.at, met=met, tags=tuple(sorted(tags)), agent=entry.actor)


def _attached(case: _Case, entry: Entry) -> None:
    case.reports.add(entry.report)


def _detached(case: _Case, entry: Entry) -> None:
    case.reports.discard(entry.report)


def _raised(case: _Case, entry: Entry) -> None:
    priority, category = entry.data.get("priority"), entry.data.get("category")
    changed = entry.data.get("changed") or {"priority": priority, "category": category}
    after = {name: pair[1] for name, pair in changed.items() if isinstance(pair, list | tuple) and len(pair) == 2}
    known = {name: after[name] for name in ("priority", "category", "site", "charger") if after.get(name)}
    case.where = _told(replace(case.where, **known), entry.data)
    due = _due(entry)
    if due is not None:
        earlier = min(due, case.due_solution or due)
        case.due_solution = due if entry.kind == "corrected" else earlier


def _rated(case: _Case, entry: Entry) -> None:
    rating, of = entry.data.get("rating"), entry.data.get("of") or 5
    if isinstance(rating, int) and not isinstance(rating, bool):
        satisfied = 5 * rating >= 4 * int(of)
        call = entry.data.get("call")
        others = set(case.asked_of.values())
        surveys = (n for n, one in reversed(list(enumerate(case.facts))) if one.kind == "asked" and n not in others)
        place = next(surveys, None) if call is None else case.asked_of.get(str(call))
        if place is not None:
            case.facts[place] = replace(case.facts[place], tags=("answered",))
        case.facts.append(Fact("rating", entry.at, case.where, ended=rating, met=satisfied, agent=case.holder or None))


def _asked(case: _Case, entry: Entry) -> None:
    if (call := entry.data.get("call")) is not None:
        case.asked_of[str(call)] = len(case.facts)
    case.facts.append(Fact("asked", entry.at, case.where, ended=1))


def _visited(case: _Case, entry: Entry) -> None:
    verified = entry.data.get("verified")
    case.facts.append(
        Fact("visit", entry.at, case.where, ended=1, met=verified if isinstance(verified, bool) else None)
    )


_STEPS = {
    "opened": _opened,
    "reopened": _reopened,
    "first_response": _answered,
    "replied": _replied,
    "call_queued": _queued,
    "call_left": _left,
    "wait_told": _foretold,
    "waited_too_long": _waited_too_long,
    "call_ended": _call_ended,
    "call_disposed": _call_disposed,
    "visit_performed": _visited,
    "callback_wanted": _callback_wanted,
    "callback_done": _called_back,
    "callback_given_up": _not_reached,
    "escalated": _moved,
    "handed_over": _moved,
    "sent_back": _moved,
    "line_overdue": _overdue,
    "claimed": _claimed,
    "offer_accepted": _claimed,
    "released": _released,
    "waiting": _put_aside,
    "resumed": _resumed,
    "concluded": _concluded,
    "attached": _attached,
    "detached": _detached,
    "raised": _raised,
    "corrected": _raised,
    "rated": _rated,
    "survey_asked": _asked,
}


def _start(case: _Case, kind: str, at: datetime) -> None:
    if kind in case.open:
        return
    case.open[kind] = len(case.facts)
    case.facts.append(Fact(kind, at, case.where))


def _end(
    case: _Case,
    kind: str,
    at: datetime,
    *,
    lost: bool = False,
    met: bool | None = None,
    tags: tuple[str, ...] = (),
    agent: str | None = None,
) -> None:
    place = case.open.pop(kind, None)
    if place is None:
        return
    began = case.facts[place]
    lasted = microseconds(at - began.at)
    case.facts[place] = replace(
        began, ended=None if lost else lasted, lost=lasted if lost else None, met=met, tags=tags, agent=agent
    )


def _notice_due(case: _Case, at: datetime) -> None:
    """Remember where the case stood when its solution was due: that is where the target was lost."""
    if case.stuck is None and case.due_solution is not None and at > case.due_solution:
        case.stuck = (
            "waiting" if case.waiting else f"line_{case.where.line}" if case.holder is not None else "unclaimed"
        )


def _told(where: Where, data: Mapping[str, Any]) -> Where:
    names = (
        "channel",
        "queue",
        "priority",
        "sla_level",
        "site",
        "owner",
        "language",
        "timezone",
        "category",
        "charger",
    )
    given = {name: data[name] for name in names if isinstance(data.get(name), str)}
    return replace(where, **given)


def _moment(entry: Entry) -> datetime:
    received = entry.data.get("received_at") if entry.kind == "opened" else None
    return datetime.fromisoformat(received) if received else entry.at


def _due(entry: Entry) -> datetime | None:
    due = entry.data.get("due")
    solution = due.get("solution") if isinstance(due, Mapping) else None
    return datetime.fromisoformat(solution) if solution else None


def _seconds(value: Any) -> int | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return max(0, round(value * 1_000_000))
    return None


def read(rows: Sequence[Mapping[str, Any]]) -> Iterator[Entry]:
    """Entries from rows with `at`, `kind`, `actor_kind`, `actor_id`, `report_id` and `data`, in their order."""
    for row in rows:
        yield Entry(row["at"], row["kind"], row["actor_kind"], row["actor_id"], row["report_id"], row["data"])
