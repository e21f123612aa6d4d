"""What chargers say about themselves, while a group of reports is kept: where an alarm belongs, and what is news.

An alarm of a charger whose last one is still in a case goes there, whatever its code. A charger that says it is well is
noted on that case, which is then offered for conclusion and never closed by itself; one that says so without any fault
before is kept and is nobody's work. During planned maintenance a site's alarms are kept in one case that waits for its
end; danger never waits. The caller holds the locks of the places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from gateway.keeping.questions import Prepared
from gateway.keeping.standing import Decided, Standing, due_told, end_at_once
from gateway.record.db import Connection, recordset, statements
from gateway.record.timeline import Entry
from routing.flapping import State, heard
from routing.rules import Rules
from routing.sla import deadlines
from routing.values import Deadlines, Judgement, Match, Priority, Reason, Verdict

SQL = statements("alarms")
RETURNS = timedelta(hours=1)  # a fault that is back so soon after its case was concluded was not solved


@dataclass(slots=True)
class Hearing:
    """One group's alarms. Without any, it knows nothing and does nothing."""

    now: datetime
    states: dict[tuple[str, int], State] = field(default_factory=dict)
    windows: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: dict[tuple[str, int], State] = field(default_factory=dict)
    muted: dict[int, dict[str, Any]] = field(default_factory=dict)  # case -> its window

    def again(self, item: Prepared, judgement: Judgement, cases: Mapping[int, Standing]) -> Match | None:
        """The case an alarm belongs to by what its charger said before; None to look for it as for any report."""
        charger, fault = judgement.place.charger, item.facts.fault
        if item.said.alarm is None or fault is None or charger is None:
            return None
        known = [state for (one, _), state in self.states.items() if one == charger and state.case in cases]
        known.sort(key=lambda state: (state.connector != _connector(item), -state.since.timestamp()))
        if fault.recovered:
            case = known[0].case if known else _newest(charger, cases)
            reason = Reason("alarm_cleared") if known else Reason("alarm_recovered")
            return _to(case, reason)
        window = self.windows.get(judgement.place.site or "")
        if window and judgement.priority is not Priority.P1:
            return _to(window["case_id"] if window["case_id"] in cases else None, Reason("maintenance"))
        for state in known:
            at = cases[state.case or 0]
            concluded = at.candidate.concluded_at
            if at.hushed:
                continue
            if concluded is None or self.now - concluded < RETURNS:
                return _to(state.case, Reason("alarm_again"))
        return None

    def note(self, decided: Decided, item: Prepared, case: Standing, rules: Rules) -> list[Entry]:
        """Remember what a charger said now that its report has a case; returns what is news."""
        charger, fault = decided.judgement.place.charger, item.facts.fault
        if item.said.alarm is None or fault is None or charger is None:
            return []
        number, key = case.candidate.id, (charger, _connector(item))
        state, news = heard(self.states.get(key), *key, not fault.recovered, fault.code, self.now)
        where = (
            None if fault.recovered and not any(r.code == "alarm_cleared" for r in decided.again.reasons) else number
        )
        self.states[key] = self.changed[key] = replace(state, case=where)
        if fault.recovered and case.new:
            return end_at_once(case, decided, "recovered", self.now)
        window = self.windows.get(decided.judgement.place.site or "")
        entries = []
        if window and case.new and decided.judgement.priority is not Priority.P1:
            window["case_id"] = number
            due = due_told(_from(case, window["ends_at"], rules))
            self.muted[number] = window | {f"due_{target}": at for target, at in due.items()}
            told = {"until": window["ends_at"].isoformat(), "due": due}
            entries.append(Entry(number, "muted", report=decided.id, data=told))
        if news:
            told = {"charger": charger, "connector": key[1], "code": state.code or "–"}
            entries.append(Entry(number, news.value, report=decided.id, data=told))
        return entries

    async def write(self, conn: Connection) -> None:
        """Keep what was heard, in the caller's transaction, after its cases."""
        if self.changed:
            rows = [_plain(asdict(state)) for state in self.changed.values()]
            await conn.execute(SQL["keep"], {"rows": recordset(rows), "now": self.now})
        for case, window in self.muted.items():
            row = _plain({**window, "id": case, "until": window["ends_at"]})
            await conn.execute(SQL["mute"], {"rows": recordset([row])})
            await conn.execute(SQL["of_window"], {"case": case, "window": window["id"]})


async def listen(
    conn: Connection, group: Sequence[Prepared], judgements: Sequence[Judgement], now: datetime
) -> Hearing:
    """What is known of the chargers of a group's alarms; asks nothing when there are none."""
    places = [j.place for item, j in zip(group, judgements, strict=True) if item.said.alarm is not None]
    chargers = [place.charger for place in places if place.charger]
    if not chargers:
        return Hearing(now)
    states = await (await conn.execute(SQL["states"], {"chargers": chargers})).fetchall()
    sites = [place.site for place in places if place.site]
    windows = await (await conn.execute(SQL["windows"], {"sites": sites, "now": now})).fetchall()
    return Hearing(
        now,
        {(row["charger"], row["connector"]): State(**row) for row in states},
        {row["site_id"]: dict(row) for row in windows},
    )


def _connector(item: Prepared) -> int:
    return (item.said.alarm.connector or 0) if item.said.alarm else 0


def _newest(charger: str, cases: Mapping[int, Standing]) -> int | None:
    """The last case about a charger alone that only its own words are in."""
    own = [
        case
        for case, standing in cases.items()
        if standing.candidate.charger == charger
        and standing.candidate.reports
        and all(r.channel == "alarm" for r in standing.candidate.reports)
    ]
    return max(own, default=None)


def _to(case: int | None, reason: Reason) -> Match:
    return Match(Verdict.NEW if case is None else Verdict.ATTACH, case, 1.0, (reason,))


def _from(case: Standing, at: datetime, rules: Rules) -> Deadlines:
    return deadlines(Priority(case.row["priority"]), case.row["sla_level"], case.row["timezone"], at, rules)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
