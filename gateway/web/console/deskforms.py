"""The agents' verbs as forms: what the fields of each form mean to `gateway.desk`.

A form answers with the case to show afterwards when it is another one, and with a word when the act had an answer.
Raises what the desk raises (`Taken`, `Refused`, `Unknown`), and `Refused` for a field that cannot be read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from mimetypes import guess_type
from types import MappingProxyType
from zoneinfo import ZoneInfo

from multidict import MultiMapping

from channels.report import Attachment, RemoteAct
from gateway import casenumber, desk
from gateway.languages import N_
from gateway.record import reports
from gateway.record.cases import Case
from gateway.runtime import Runtime
from gateway.web.uploads import FileFault, Files
from gateway.web.within import reaches

Fields = Mapping[str, str]
FILE_FAULTS: Mapping[FileFault, str] = MappingProxyType(
    {
        FileFault.TOO_LARGE: N_("A file is larger than 10 MB. Choose the files again."),
        FileFault.TOO_MANY: N_("More than ten files. Choose the files again."),
        FileFault.TOO_MUCH: N_("Together the files are larger than 20 MB. Choose fewer or smaller ones."),
        FileFault.EMPTY: N_("A file is empty. Choose the files again."),
        FileFault.BROKEN_OFF: N_("The files did not arrive whole. Choose the files again."),
    }
)


@dataclass(frozen=True, slots=True)
class After:
    """What to show after an act: another case than before, and what a charger answered."""

    case: int | None = None
    answer: str | None = None


Form = Callable[[Runtime, desk.Actor, Case, Fields], Awaitable[After | None]]


async def claim(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    await desk.claim(runtime, actor, case.id)


async def release(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    await desk.release(runtime, actor, case.id)


async def reply(
    runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields, files: Sequence[Attachment] = ()
) -> None:
    to, everybody = await _whom(runtime, case, fields), fields.get("everybody") == "1"
    await desk.reply(runtime, actor, case.id, words_of(fields, "text"), files=files, to=to, everybody=everybody)


def enclosed(files: Files) -> list[Attachment]:
    """The files of a reply. Raises Refused when one did not come whole: the agent chooses again."""
    if files.faults:
        raise desk.Refused(files=FILE_FAULTS[files.faults[0]])
    named = zip(files.names, files.contents, strict=True)
    return [Attachment(name, guess_type(name)[0] or "application/octet-stream", content) for name, content in named]


async def note(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    await desk.note(runtime, actor, case.id, words_of(fields, "text"), _several(fields, "mention"))


async def correct(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    present = {"category": case.category, "priority": case.priority, "charger": case.charger_id, "site": case.site_id}
    seen = {name: fields.get(f"seen.{name}", value or "").strip() or None for name, value in present.items()}
    changed = {name: fields.get(name, "").strip() for name in seen}
    changed = {name: value for name, value in changed.items() if value and value != seen[name]}
    await desk.correct(runtime, actor, case.id, reason=words_of(fields, "reason"), seen=seen, **changed)


async def hand_over(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    await desk.hand_over(runtime, actor, case.id, fields.get("to", ""), words_of(fields, "reason"))


async def escalate(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    proposal = {
        name.removeprefix("proposal."): words_of(fields, name) for name in fields if name.startswith("proposal.")
    }
    await desk.escalate(runtime, actor, case.id, words_of(fields, "reason"), proposal or None)


async def wait(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    try:
        until = datetime.fromisoformat(fields.get("until", ""))
    except ValueError:
        raise desk.Refused(until="must be a date and a time") from None
    if until.tzinfo is None:
        until = until.replace(tzinfo=ZoneInfo(case.timezone))
    await desk.wait(runtime, actor, case.id, until.astimezone(UTC), words_of(fields, "reason"))


async def conclude(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    await desk.conclude(runtime, actor, case.id, fields.get("disposition", ""), words_of(fields, "text"))


async def confirm(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    """That it is solved; whoever hears that it is not opens the case again and says why."""
    await desk.confirm(runtime, actor, case.id, solved=True)


async def reopen(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    await desk.reopen(runtime, actor, case.id, words_of(fields, "reason"))


async def attach(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    other = casenumber.parse(fields.get("case", ""))
    if other is None:
        raise desk.Refused(case="not a case number")
    if not await reaches(runtime, actor.id, other):
        raise desk.Refused(case="there is no such case")
    try:
        await desk.attach(runtime, actor, case.id, case=other)
    except desk.Unknown:
        raise desk.Refused(case="there is no such case") from None


async def fetch(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    """One report back from the case that it went to."""
    report = _id(fields, "report")
    await _within(runtime, actor, await reports.case_of(runtime.db, report))
    await desk.attach(runtime, actor, case.id, report=report)


async def detach(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    await desk.detach(runtime, actor, case.id, _id(fields, "report"))


async def split(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After:
    chosen = [int(one) for one in _several(fields, "report") if one.isdecimal() and len(one) < 19]
    if not chosen:
        raise desk.Refused(report="choose at least one report")
    return After(case=await desk.split(runtime, actor, case.id, chosen))


async def part(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    if fields.get("sure") != "yes":
        raise desk.Refused(sure="say that you are sure")
    await desk.part(runtime, actor, case.id, words_of(fields, "address"))


async def same(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After:
    report = _id(fields, "report")
    for one in await reports.suggested(runtime.db, report):
        await _within(runtime, actor, one)
    return After(case=await desk.same(runtime, actor, report))


async def different(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> None:
    report = _id(fields, "report")
    for one in await reports.suggested(runtime.db, report):
        await _within(runtime, actor, one)
    await desk.different(runtime, actor, report)


async def restart(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After:
    return After(answer=await desk.restart(runtime, actor, case.id))


async def unlock(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After:
    return After(answer=await desk.unlock(runtime, actor, case.id, _id(fields, "connector")))


async def remote(runtime: Runtime, actor: desk.Actor, case: Case, fields: Fields) -> After:
    if fields.get("act") not in tuple(RemoteAct):
        raise desk.Refused(act="unknown")
    return After(answer=await desk.remote(runtime, actor, case.id, RemoteAct(fields["act"])))


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        form.__name__: form
        for form in (
            *(claim, release, reply, note, correct, hand_over, escalate, wait, conclude, confirm, reopen),
            *(attach, fetch, detach, split, part, same, different, restart, unlock, remote),
        )
    }
)


def words_of(fields: Fields, name: str) -> str:
    """Browsers send CR LF; what cannot be kept in the record becomes U+FFFD."""
    text = fields.get(name, "").replace("\r\n", "\n").replace("\0", "\ufffd")
    return text.encode("utf-8", "replace").decode("utf-8").strip()


async def _whom(runtime: Runtime, case: Case, fields: Fields) -> str | None:
    """The address that was chosen. Raises Refused when somebody else was looked for after it was."""
    to, words = fields.get("to") or None, fields.get("whom", "")
    if words.strip():
        named = desk.named(await desk.reachable(runtime, case.id), words)
        if to not in [one.address for one in named]:
            raise desk.Refused(to="several people have reported; say to whom the reply goes")
    return to


async def _within(runtime: Runtime, actor: desk.Actor, case: int | None) -> None:
    """Raises Refused for a report of a case that does not exist for this agent."""
    if not await reaches(runtime, actor.id, case):
        raise desk.Refused(report="unknown")


def _id(fields: Fields, name: str) -> int:
    given = fields.get(name, "")
    if not given.isdecimal() or not given.isascii() or len(given) > 18:
        raise desk.Refused(**{name: "unknown"})
    return int(given)


def _several(fields: Fields, name: str) -> list[str]:
    """All values of a field that may be given several times."""
    given = fields.getall(name, []) if isinstance(fields, MultiMapping) else [fields.get(name, "")]
    return [one for one in given if one]
