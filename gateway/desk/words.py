"""What is said about a case: reply, note, correct."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from psycopg.types.json import Jsonb

from channels.report import Attachment, Channel
from gateway.desk import clocks
from gateway.desk.acts import Act, Overtaken, Refused, act, require_text
from gateway.desk.recipients import Recipient, recipients
from gateway.keeping.standing import due_told, queue_for
from gateway.languages import N_
from gateway.messages.replies import GAP
from gateway.record import views
from gateway.record.db import recordset, statements
from gateway.record.timeline import Actor
from gateway.runtime import Runtime
from routing.hours import working_time
from routing.sla import deadlines
from routing.targets import targets
from routing.values import Category, Priority

MESSAGES, ATTACHMENTS = statements("messages"), statements("attachments")
UNKNOWN = MappingProxyType(
    {
        "category": N_("there is no such category"),
        "priority": N_("there is no such priority"),
        "charger": N_("no charger has this number"),
        "site": N_("no site has this id"),
    }
)
LONGEST = 20_000  # characters of one reply
LONGEST_TEXT = 1_600  # characters that the provider takes as one text
AGAIN = timedelta(minutes=2)  # in which nobody writes the same letter by letter twice
NAMED = re.compile(r"(?<![\w@.])@([A-Za-z0-9_-]{1,60})")


async def reply(
    runtime: Runtime,
    actor: Actor,
    case_id: int,
    text: str,
    channel: str | None = None,
    files: Sequence[Attachment] = (),
    to: str | None = None,
    everybody: bool = False,
) -> None:
    """Write to somebody who reported: `to` is their address or number, as whoever writes saw it. Without it there must
    be one person alone, who is written to by `channel` or the way they came. `everybody` who got their mail gets the
    reply too. The first reply is the first response.

    The same from the same agent again within two minutes is sent once. Files go by mail only. Raises Overtaken when
    nobody in the case has that address now, BlobsUnavailable when the files cannot be kept; then nothing was sent.
    """
    require_text(text=text)
    if GAP in text:
        raise Refused(text="fill in what stands as […], or take it out")
    enclosed = [
        {
            "name": file.name,
            "media_type": file.media_type,
            "size": len(file.content),
            "sha256": await runtime.blobs.keep(file.content),
        }
        for file in files
    ]
    if len(text) > LONGEST:
        raise Refused(text=f"at most {LONGEST} characters")
    async with act(runtime, actor, case_id) as deed:
        rows = await (await deed.conn.execute(MESSAGES["reachable"], {"case": case_id})).fetchall()
        chosen = _chosen(recipients(rows), to, channel)
        if enclosed and chosen.channel is not Channel.EMAIL:
            raise Refused(channel="files can be sent by e-mail only")
        if chosen.channel is Channel.SMS and len(text) > LONGEST_TEXT:
            raise Refused(text="too long for an SMS, which holds 1,600 characters")
        copies = chosen.copies if everybody else ()
        if await _said_just_now(deed, chosen.address, copies, text, enclosed):
            return
        message = await deed.send(
            "reply",
            chosen.channel,
            report=chosen.report,
            person=chosen.person_id,
            language=chosen.language,
            recipient=chosen.address,
            text=text,
            copies=copies,
        )
        if enclosed:
            await deed.conn.execute(ATTACHMENTS["add_to_message"], {"message": message, "rows": recordset(enclosed)})
        await respond(deed, "reply", message=message, channel=chosen.channel)


async def _said_just_now(
    deed: Act, recipient: str, copies: Sequence[str], text: str, enclosed: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether the same agent has just sent the same words and files to the same: a form that came twice, by a second
    click or because the answer to the first was lost."""
    given = {
        "case": deed.case.id,
        "agent": deed.agent,
        "recipient": recipient,
        "copies": Jsonb(list(copies)),
        "text": text,
        "files": sorted(file["sha256"] for file in enclosed),
        "since": deed.now - AGAIN,
    }
    return await (await deed.conn.execute(MESSAGES["said_just_now"], given)).fetchone() is not None


async def reachable(runtime: Runtime, case_id: int) -> list[Recipient]:
    """Who can be written to about a case, the newest report first."""
    return recipients(await runtime.db.rows(MESSAGES["reachable"], {"case": case_id}))


def _chosen(everyone: Sequence[Recipient], to: str | None, channel: str | None) -> Recipient:
    """The one who was meant; nobody is ever guessed."""
    if to is not None:
        named = [one for one in everyone if one.address == to]
        if not named:
            raise Overtaken(to="nobody in this case can be reached there; choose again")
    elif len({one.person for one in everyone}) > 1:
        raise Refused(to="several people have reported; say to whom the reply goes")
    else:
        named = list(everyone)
    found = next((one for one in named if channel in (None, one.channel)), None)
    if found is None:
        raise Refused(channel="no reporter of this case can be reached that way")
    return found


async def respond(deed: Act, by: str, **data: Any) -> None:
    """Count a human word to the customer: the first one of an interval is the first response."""
    case = deed.case
    if case.first_response_at is None and case.status not in ("concluded", "closed"):
        since = case.reopened_at or case.opened_at
        waited = (deed.now - since).total_seconds()
        open_ = _open_time(deed, since)
        deed.tell("first_response", by=by, seconds=round(waited, 3), open=open_, in_time=_in_time(deed))
    due = deadlines(Priority(case.priority), case.sla_level, case.timezone, deed.now, deed.runtime.rules())
    if case.status not in ("concluded", "closed"):
        await deed.run("respond", next_update=due.next_update)
    deed.tell("replied", **data)


async def note(runtime: Runtime, actor: Actor, case_id: int, text: str, mentions: Sequence[str] = ()) -> None:
    """Write something down for colleagues; customers never see it. Those named, also by `@id`, are called to it."""
    require_text(text=text)
    async with act(runtime, actor, case_id) as deed:
        kept = await deed.keep_text("note", text)
        named = await views.mention(deed.conn, kept, case_id, [*mentions, *NAMED.findall(text)])
        if named:
            deed.tell("note", note=kept, mentions=sorted(named))
        else:
            deed.tell("note", note=kept)


async def correct(
    runtime: Runtime,
    actor: Actor,
    case_id: int,
    *,
    reason: str,
    category: str | None = None,
    priority: str | None = None,
    charger: str | None = None,
    site: str | None = None,
    seen: Mapping[str, str | None] = MappingProxyType({}),
) -> None:
    """Correct what was judged. Targets follow a changed priority or site; each correction is kept as an example.

    `seen` is what whoever corrects had before them: where that is no longer so, Overtaken is raised (B93).
    """
    require_text(reason=reason)
    directory = runtime.directory()
    unknown = {
        "category": category is not None and category not in set(Category),
        "priority": priority is not None and priority not in set(Priority),
        "charger": charger is not None and charger not in directory.chargers,
        "site": site is not None and site not in directory.sites,
    }
    if any(unknown.values()):
        raise Refused(**{name: UNKNOWN[name] for name, wrong in unknown.items() if wrong})
    async with act(runtime, actor, case_id) as deed:
        case = deed.case
        if charger is not None:
            site = directory.chargers[charger].site_id
        after = {
            "category": category or case.category,
            "priority": priority or case.priority,
            "charger": charger or (case.charger_id if site in (None, case.site_id) else None),
            "site": site or case.site_id,
        }
        if (after["category"] == Category.SAFETY) != (after["priority"] == Priority.P1):
            raise Refused(priority="P1 and the category safety go together")
        before = {
            "category": case.category,
            "priority": case.priority,
            "charger": case.charger_id,
            "site": case.site_id,
        }
        given = {"category": category, "priority": priority, "charger": charger, "site": site}
        late = [name for name in seen if given[name] is not None and before[name] not in (seen[name], given[name])]
        if late:
            raise Overtaken(**dict.fromkeys(late, "somebody else has changed this meanwhile"))
        changed = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
        if not changed:
            return
        for name, (old, new) in changed.items():
            await deed.correct(name, old, new)
        level, timezone = directory.level(after["site"]), directory.timezone(after["site"])
        rules = runtime.rules()
        since = case.reopened_at or case.opened_at
        due = deadlines(Priority(str(after["priority"])), level, timezone, since, rules)
        solution = await clocks.with_pauses(deed, due.solution, str(after["priority"]), level, timezone)
        due = replace(due, solution=solution)
        graded = "priority" in changed or level != case.sla_level
        queue = case.queue
        if case.line == 1 and ("category" in changed or "priority" in changed):
            queue = queue_for(rules, str(after["category"]), str(after["priority"]), level)
        await deed.run(
            "correct",
            category=after["category"],
            priority=after["priority"],
            charger=after["charger"],
            site=after["site"],
            owner=directory.owner_of(after["site"]) or case.owner_id,
            sla_level=level,
            timezone=timezone,
            queue=queue,
            due_first_response=due.first_response if graded and case.due_first_response else case.due_first_response,
            due_line=due.line if graded and case.due_line else case.due_line,
            due_next_update=max(due.next_update, deed.now + timedelta(minutes=1))
            if graded and case.due_next_update
            else case.due_next_update,
            due_solution=due.solution if graded and case.due_solution else case.due_solution,
        )
        await deed.run("regrade_one", queue=queue, priority=after["priority"])
        placed: dict[str, Any] = {"queue": queue, "sla_level": level}
        placed["owner"] = directory.owner_of(after["site"]) or case.owner_id
        if graded:
            placed["due"] = due_told(due)
        deed.tell("corrected", changed=changed, **placed, note=await deed.keep_text("reason", reason))


def _open_time(deed: Act, since: datetime) -> float:
    """The seconds of the promise's opening hours since then."""
    case = deed.case
    hours = targets(deed.runtime.rules().sla, Priority(case.priority), case.sla_level).hours
    return round(working_time(since, deed.now, hours, case.timezone).total_seconds(), 3)


def _in_time(deed: Act) -> bool | None:
    due = deed.case.due_first_response
    return deed.now <= due if due else None
