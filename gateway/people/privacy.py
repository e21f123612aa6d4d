"""What is personal can be erased, what is true stays.

Erasing empties contents, attachments, messages, recordings, transcripts and addresses, in one transaction that also
notes which files nothing refers to any more; those are erased right after it, or, while their store is away, in the
night. What remains are ids, codes, times and figures, a tombstone with the idempotency digest, and an entry on the
timeline of each case. What mail servers reported of our letters to them counts as theirs, and is erased as it comes
where it comes later. What colleagues wrote and what must stay (analyses, proposals, service cards) loses names, numbers
and addresses. No measure changes. While the person has an open emergency, `Deferred` is raised, and the nightly
retention erases them when it is over; it does the same by age, after the periods of `PERIODS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog
from psycopg.types.json import Jsonb

from channels.numbers import HOME, normalise
from gateway.blobs import Blobs, BlobsUnavailable
from gateway.casenumber import number
from gateway.jobs import wake
from gateway.people.scrubbing import pattern_of, without
from gateway.record import timeline
from gateway.record.db import Connection, Database, statements
from gateway.record.timeline import SYSTEM, Actor, Entry

log = structlog.get_logger()
SQL, PEOPLE = statements("privacy"), statements("people")
PERIODS: Mapping[str, timedelta] = MappingProxyType(
    {
        "recording": timedelta(days=30),
        "transcript": timedelta(days=90),
        "call": timedelta(days=395),
        "message": timedelta(days=730),
        "content": timedelta(days=730),
        "person": timedelta(days=730),
    }
)


SAID = ("notes", "analyses", "proposals", "cards", "documents", "messages")  # where others may have written of a person
LONGEST_ID = 18  # digits
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Nobody(Exception):
    """No person is known by this id or address."""


class Deferred(Exception):
    """The person has an open emergency; they are erased by themselves when it is closed."""


async def find_person(db: Database, who: str) -> int:
    """The id behind an id, a telephone number (a national one is Swedish) or an e-mail address. Raises Nobody."""
    who = who.strip().lower()
    if who.isdecimal() and len(who) <= LONGEST_ID:
        row = await db.row(PEOPLE["find"], {"person": int(who)})
        if row:
            return int(row["id"])
    row = await db.row(PEOPLE["by_identity"], {"value": normalise(who, HOME) or who})
    if row is None:
        raise Nobody(f"nobody is known as {who!r}")
    return int(row["person_id"])


async def export_person(db: Database, person: int) -> dict[str, Any]:
    """Everything that is kept about a person, as JSON-ready values; files by name and SHA-256."""
    parts = {
        "identities": PEOPLE["identities"],
        "reports": SQL["reports_of"],
        "attachments": SQL["attachments_of"],
        "messages": SQL["messages_of"],
        "files": SQL["files_of"],
        "calls": SQL["calls_of"],
        "turns": SQL["turns_of"],
        "recordings": SQL["sounds_of"],
        "captions": SQL["captions_of"],
        "ratings": SQL["ratings_of"],
        "notes": SQL["notes_of"],
        "documents": SQL["documents_of"],
    }
    async with db.transaction() as conn:
        found = await (await conn.execute(PEOPLE["find"], {"person": person})).fetchone()
        theirs = await _theirs(conn, person)
        told = {name: await (await conn.execute(statement, theirs)).fetchall() for name, statement in parts.items()}
    return {"person": found, **told}


async def note_export(db: Database, person: int, actor: Actor, now: datetime) -> None:
    """Write down that somebody took along what is kept about a person."""
    async with db.transaction() as conn:
        await _audit(conn, actor, "person_exported", str(person), {}, now)


async def erase_person(db: Database, blobs: Blobs, person: int, actor: Actor, now: datetime) -> Mapping[str, int]:
    """Erase a person; returns how much was erased, and how many files wait for their store. Raises Deferred."""
    async with db.transaction() as conn:
        emergencies = await (await conn.execute(SQL["open_emergencies"], {"person": person})).fetchall()
        if emergencies:
            held = [number(row["id"]) for row in emergencies]
            given = {"now": now, "actor_kind": actor.kind, "actor_id": actor.id, "person": person}
            await conn.execute(SQL["defer"], {**given, "data": Jsonb({"cases": held})})
    if emergencies:
        raise Deferred(f"open emergency in case {', '.join(held)}")
    async with db.transaction() as conn:
        parameters = {"person": person, "now": now}
        theirs = await _theirs(conn, person)
        messages, calls = theirs["messages"], theirs["calls"]
        reports = await (await conn.execute(SQL["lock_cases"], theirs)).fetchall()
        await _scrub(conn, person, sorted({row["case_id"] for row in reports}))
        doomed = await _erase_reports(conn, [(row["id"], row["case_id"]) for row in reports], actor, now)
        await conn.execute(SQL["stop_messages"], {"messages": messages})
        alone = {"messages": messages, "before": LONG_AGO}
        doomed += [row["sha256"] for row in await (await conn.execute(SQL["lone_message_blobs"], alone)).fetchall()]
        await conn.execute(SQL["erase_messages"], {"messages": messages})
        doomed += await _erase_calls(conn, calls, now)
        await conn.execute(SQL["erase_identities"], parameters)
        await conn.execute(SQL["erase_person"], parameters)
        await conn.execute(SQL["doom"], {"files": doomed, "now": now})
        counts = {"reports": len(reports), "messages": len(messages), "calls": len(calls), "files": len(doomed)}
        await _audit(conn, actor, "person_erased", str(person), counts, now)
    counts["waiting"] = await _erase_doomed(db, blobs)
    log.info("person.erased", person=person, **counts)
    return counts


async def erase_returned(conn: Connection, reports: Sequence[int], now: datetime) -> None:
    """Erase, of reports that are being kept, those in which mail servers tell of letters to somebody who was erased:
    they name them and return the letter."""
    rows = await (await conn.execute(SQL["returned"], {"reports": reports})).fetchall()
    if rows:
        await _erase_kept(conn, {row["id"]: row["case_id"] for row in rows}, now)


async def erase_answering(conn: Connection, reports: Mapping[int, int], persons: Sequence[int], now: datetime) -> None:
    """Erase reports that are being kept, each in its case, in which machines answer letters to somebody who was erased,
    and whom they made known again."""
    await _erase_kept(conn, reports, now)
    for person in persons:
        for name in ("erase_identities", "erase_person"):
            await conn.execute(SQL[name], {"person": person, "now": now})


async def _erase_kept(conn: Connection, reports: Mapping[int, int], now: datetime) -> None:
    given: dict[str, Any] = {"reports": list(reports), "now": now}
    given["files"] = [row["sha256"] for row in await (await conn.execute(SQL["lone_blobs"], given)).fetchall()]
    for name in ("erase_contents", "erase_attachments", "mark_reports", "doom"):
        await conn.execute(SQL[name], given)
    await timeline.append(conn, [Entry(case, "erased", SYSTEM, report) for report, case in reports.items()], now)


async def retain(db: Database, blobs: Blobs, now: datetime) -> Mapping[str, int]:
    """Erase whatever is older than its period; returns how much. Safe to run at any time and any number of times."""
    counts = {"erasures": 0, "reports": 0, "calls": 0, "recordings": 0, "people": 0}
    for row in await db.rows(SQL["deferred"]):
        with suppress(Deferred):
            await erase_person(db, blobs, row["id"], Actor(row["actor_kind"], row["actor_id"]), now)
            counts["erasures"] += 1
    while rows := await db.rows(SQL["expired_reports"], {"before": now - PERIODS["content"]}):
        async with db.transaction() as conn:
            doomed = await _erase_reports(conn, [(row["id"], row["case_id"]) for row in rows], SYSTEM, now)
            await conn.execute(SQL["doom"], {"files": doomed, "now": now})
        counts["reports"] += len(rows)
    while rows := await db.rows(SQL["expired_calls"], {"before": now - PERIODS["call"]}):
        async with db.transaction() as conn:
            doomed = await _erase_calls(conn, [row["sid"] for row in rows], now)
            await conn.execute(SQL["doom"], {"files": doomed, "now": now})
        counts["calls"] += len(rows)
    while rows := await db.rows(SQL["expired_recordings"], {"before": now - PERIODS["recording"]}):
        async with db.transaction() as conn:
            await conn.execute(SQL["expire_recordings"], {"sids": [row["sid"] for row in rows], "now": now})
            doomed = [row["sha256"] for row in rows if row["sha256"]]
            await conn.execute(SQL["doom"], {"files": doomed, "now": now})
        counts["recordings"] += len(rows)
    for name in ("expire_transcripts", "expire_captions"):
        await db.run(SQL[name], {"before": now - PERIODS["transcript"]})
    async with db.transaction() as conn:
        before = {"before": now - PERIODS["message"]}
        lone = await (await conn.execute(SQL["lone_message_blobs"], {**before, "messages": []})).fetchall()
        await conn.execute(SQL["expire_message_files"], before)
        await conn.execute(SQL["expire_messages"], before)
        await conn.execute(SQL["doom"], {"files": [row["sha256"] for row in lone], "now": now})
    await db.run(SQL["expire_sessions"], {"now": now})
    while rows := await db.rows(SQL["lonely_people"], {"before": now - PERIODS["person"]}):
        async with db.transaction() as conn:
            for row in rows:
                await conn.execute(SQL["erase_identities"], {"person": row["id"]})
                await conn.execute(SQL["erase_person"], {"person": row["id"], "now": now})
        counts["people"] += len(rows)
    counts["waiting"] = await _erase_doomed(db, blobs)
    log.info("retention.done", **counts)
    return counts


async def _theirs(conn: Connection, person: int) -> Mapping[str, Any]:
    """The keys of all that is a person's: whatever erasing takes, an export has."""
    theirs: dict[str, Any] = {"person": person}
    for name, statement in (
        ("reports", "their_reports"),
        ("alone", "lone_cases"),
        ("messages", "their_messages"),
        ("calls", "their_calls"),
    ):
        theirs[name] = [row["key"] for row in await (await conn.execute(SQL[statement], theirs)).fetchall()]
    return theirs


async def _erase_doomed(db: Database, blobs: Blobs) -> int:
    """Erase the files that are noted, but those that somebody brought again; returns how many wait for their store."""
    try:
        while rows := await db.rows(SQL["doomed"]):
            for row in rows:
                if not row["wanted"]:
                    await blobs.erase(row["sha256"])
                await db.run(SQL["done_with"], {"sha256": row["sha256"]})
    except BlobsUnavailable:
        left = await db.row(SQL["doomed_left"])
        waiting = int(left["n"]) if left else 0
        log.warning("files.not_erased", waiting=waiting)
        return waiting
    return 0


async def _erase_reports(
    conn: Connection, reports: Sequence[tuple[int, int]], actor: Actor, now: datetime
) -> list[str]:
    parameters: dict[str, Any] = {"reports": [report for report, _ in reports], "now": now}
    alone = await (await conn.execute(SQL["lone_cases"], parameters)).fetchall()
    parameters["alone"] = [row["key"] for row in alone]
    doomed = [row["sha256"] for row in await (await conn.execute(SQL["lone_blobs"], parameters)).fetchall()]
    doomed += [row["sha256"] for row in await (await conn.execute(SQL["lone_documents"], parameters)).fetchall()]
    for name in (
        "erase_contents",
        "erase_attachments",
        "erase_comments",
        "erase_notes",
        "erase_documents",
        "mark_reports",
    ):
        await conn.execute(SQL[name], parameters)
    await timeline.append(conn, [Entry(case, "erased", actor, report) for report, case in reports], now)
    return doomed


async def _scrub(conn: Connection, person: int, cases: Sequence[int]) -> None:
    """Take a person out of what others wrote about their cases."""
    known = await (await conn.execute(SQL["called"], {"person": person})).fetchall()
    pattern = pattern_of({row["name"] for row in known} - {None}, {row["value"] for row in known} - {None})
    if pattern is None:
        return
    for table in SAID:
        for row in await (await conn.execute(SQL[f"{table}_said"], {"cases": cases})).fetchall():
            clean = {name: without(text, pattern) if isinstance(text, str) else text for name, text in row.items()}
            if clean != row:
                await conn.execute(SQL[f"{table}_scrub"], clean)


async def _erase_calls(conn: Connection, calls: Sequence[str], now: datetime) -> list[str]:
    parameters = {"calls": list(calls), "now": now}
    recordings = await (await conn.execute(SQL["sounds_of"], parameters)).fetchall()
    for name in (
        "mark_calls",
        "erase_calls",
        "end_callbacks",
        "erase_turns",
        "erase_transcripts",
        "erase_captions",
        "erase_recordings",
    ):
        await conn.execute(SQL[name], parameters)
    await wake(conn)
    return [row["sha256"] for row in recordings if row["sha256"]]


async def _audit(conn: Connection, actor: Actor, act: str, target: str, data: Mapping[str, Any], now: datetime) -> None:
    given = {
        "now": now,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "act": act,
        "object": target,
        "data": Jsonb(dict(data)),
    }
    await conn.execute(SQL["add_audit"], given)
