"""The forms of the lines behind the first: analyse, refer, send back, call, plan a visit, say what was done there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from gateway import desk
from gateway.record.analyses import Finding
from gateway.record.cases import Case
from gateway.runtime import Runtime
from gateway.web.console.deskforms import After, Fields, Form, words_of

TIMES = 3  # that the form offers


async def send_back(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After | None:
    await desk.send_back(runtime, actor, case.id, words_of(fields, "reason"))
    return None


async def analyse(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After | None:
    if (reproduced := fields.get("reproduced")) not in ("yes", "no"):
        raise desk.Refused(reproduced="say whether it happened again")
    found = Finding(
        component=fields.get("component", ""),
        fault_code=words_of(fields, "fault_code").strip() or None,
        cause=words_of(fields, "cause"),
        evidence=words_of(fields, "evidence"),
        reproduced=reproduced == "yes",
    )
    await desk.analyse(runtime, actor, case.id, found)
    return None


async def refer(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After | None:
    await desk.refer(runtime, actor, case.id, words_of(fields, "title"), words_of(fields, "url"))
    return None


async def unrefer(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After | None:
    reference = fields.get("reference", "")
    await desk.unrefer(runtime, actor, case.id, int(reference) if reference.isdecimal() and len(reference) < 19 else 0)
    return None


async def call(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After | None:
    await desk.call(runtime, actor, case.id, words_of(fields, "number") or None)
    return None


async def plan_visit(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After | None:
    given = [(fields.get(f"from{nth}", ""), fields.get(f"until{nth}", "")) for nth in range(1, TIMES + 1)]
    times = [(_moment(start, case), _moment(stop, case)) for start, stop in given if start or stop]
    await desk.plan_visit(runtime, actor, case.id, times, fields.get("agent", ""))
    return None


async def book_visit(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After | None:
    nth = fields.get("time", "")
    await desk.book_visit(runtime, actor, case.id, int(nth) if nth in ("1", "2", "3", "4", "5") else 0)
    return None


async def cancel_visit(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After | None:
    await desk.cancel_visit(runtime, actor, case.id, words_of(fields, "reason"))
    return None


async def perform_visit(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After | None:
    work, parts = words_of(fields, "work"), words_of(fields, "parts")
    await desk.perform_visit(runtime, actor, case.id, work, parts, fields.get("verified") == "1")
    return None


FIELD_FORMS: Mapping[str, Form] = MappingProxyType(
    {
        form.__name__: form
        for form in (
            analyse,
            refer,
            unrefer,
            send_back,
            call,
            plan_visit,
            book_visit,
            cancel_visit,
            perform_visit,
        )
    }
)


def _moment(text: str, case: Case) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise desk.Refused(times="must be a date and a time") from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(case.timezone))).astimezone(UTC)
