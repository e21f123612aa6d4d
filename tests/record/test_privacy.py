"""What is personal can be erased, what is true stays."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from zipfile import ZipFile

import pytest
from obstore.store import LocalStore

from channels.report import Attachment, Channel, Report, Sender, Thread
from gateway import desk
from gateway.blobs import Blobs, BlobsUnavailable
from gateway.casenumber import parse
from gateway.clock import SetClock
from gateway.desk import SYSTEM
from gateway.people.privacy import PERIODS, Deferred, Nobody, erase_person, export_person, find_person, retain
from gateway.people.takeout import take_out
from gateway.record import cases
from gateway.runtime import Runtime
from tests.record.conftest import NOON

CANARY = "kanariefagel"
TABLES = """
SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = 'public'
"""


def report(key: str, danger: bool = False) -> Report:
    return Report(
        channel=Channel.EMAIL,
        key=key,
        received_at=NOON,
        text=f"Hej, jag heter {CANARY} och laddaren 21007 startar inte.",
        subject=f"Från {CANARY}",
        full_text=f"Allt från {CANARY}",
        html=f"<p>{CANARY}</p>",
        sender=Sender(f"Anna {CANARY}", "+46701740001", f"{CANARY}@mail.example"),
        attachments=(Attachment(f"{CANARY}.txt", "text/plain", CANARY.encode()),),
        raw=CANARY.encode() * 10_000,
        raw_type="message/rfc822",
        message_id=f"<{CANARY}@mail.example>",
        thread=Thread(references=(f"<{CANARY}@before.example>",)),
        copies=(f"{CANARY}@copy.example",),
        charger="21007",
        danger=danger,
    )


async def traces(runtime: Runtime) -> list[str]:
    found = []
    async with runtime.db.connection() as conn:
        for table in await (await conn.execute(TABLES)).fetchall():  # type: ignore[arg-type]
            name = table["name"]
            query = f"SELECT count(*) AS n FROM {name} AS t WHERE t::text ~ %(canary)s"
            row = await (await conn.execute(query, {"canary": f"{CANARY}|46701740001"})).fetchone()  # type: ignore[arg-type]
            if row and row["n"]:
                found.append(name)
    return found


async def rows(runtime: Runtime) -> dict[str, int]:
    """How many rows each table has."""
    found = {}
    for table in await runtime.db.rows(TABLES):  # type: ignore[arg-type]
        row = await runtime.db.row(f"SELECT count(*) AS n FROM {table['name']}")  # type: ignore[arg-type]
        found[table["name"]] = row["n"] if row else 0
    return found


async def files(runtime: Runtime) -> set[str]:
    """What lies in the store, by its digest."""
    folder = runtime.config.data_dir / "blobs"
    return await asyncio.to_thread(
        lambda: {"".join(p.relative_to(folder).parts) for p in folder.rglob("*") if p.is_file()}
    )


async def test_erasing_leaves_no_trace_in_rows_or_files_and_the_case_stays(runtime: Runtime):
    receipt = await runtime.intake.accept(report("one"))
    case = parse(receipt.case) or 0
    await desk.note(runtime, SYSTEM, case, f"{CANARY} ringde")
    await desk.reply(runtime, SYSTEM, case, f"Hej {CANARY}")
    assert {"report_contents", "identities", "people", "notes", "message_contents"} <= set(await traces(runtime))
    before = await cases.find(runtime.db, case)
    person = await find_person(runtime.db, f"{CANARY}@mail.example")
    await erase_person(runtime.db, runtime.blobs, person, SYSTEM, runtime.clock.now())
    assert await traces(runtime) == []
    assert await files(runtime) == set()
    assert await cases.find(runtime.db, case) == before
    full = await cases.full(runtime.db, case)
    assert full is not None
    assert [row["erased"] for row in full.reports] == [True]
    assert full.timeline[-1]["kind"] == "erased"


async def test_the_tombstone_recognises_the_same_mail_again(runtime: Runtime):
    receipt = await runtime.intake.accept(report("one"))
    person = await find_person(runtime.db, "+46701740001")
    await erase_person(runtime.db, runtime.blobs, person, SYSTEM, runtime.clock.now())
    assert (await runtime.intake.accept(report("one"))).report == receipt.report
    assert await traces(runtime) == []


async def test_a_file_that_somebody_else_sent_too_stays(runtime: Runtime):
    await runtime.intake.accept(report("one"))
    other = Report(
        channel=Channel.EMAIL,
        key="other",
        received_at=NOON,
        text="Samma bild från mig.",
        sender=Sender(None, None, "bo@mail.example"),
        attachments=(Attachment("bild.txt", "text/plain", CANARY.encode()),),
    )
    await runtime.intake.accept(other)
    person = await find_person(runtime.db, "+46701740001")
    await erase_person(runtime.db, runtime.blobs, person, SYSTEM, runtime.clock.now())
    exported = await export_person(runtime.db, await find_person(runtime.db, "bo@mail.example"))
    assert await runtime.blobs.read(exported["attachments"][0]["sha256"]) == CANARY.encode()


async def test_b101_an_open_emergency_defers_erasure(runtime: Runtime):
    receipt = await runtime.intake.accept(report("one", danger=True))
    assert receipt.priority == "P1"
    person = await find_person(runtime.db, "+46701740001")
    with pytest.raises(Deferred, match=receipt.case):
        await erase_person(runtime.db, runtime.blobs, person, SYSTEM, runtime.clock.now())
    await desk.conclude(runtime, SYSTEM, parse(receipt.case) or 0, "other", "Säkrad.")
    await erase_person(runtime.db, runtime.blobs, person, SYSTEM, runtime.clock.now())
    assert await traces(runtime) == []


class Away(Blobs):
    """A store that keeps and reads, and erases nothing."""

    async def erase(self, digest: str) -> None:
        raise BlobsUnavailable("TimeoutError")


async def test_files_whose_store_is_away_are_erased_in_the_night_and_those_that_came_again_stay(runtime: Runtime):
    await runtime.intake.accept(report("one"))
    person = await find_person(runtime.db, "+46701740001")
    digest = (await export_person(runtime.db, person))["attachments"][0]["sha256"]
    folder = runtime.config.data_dir / "blobs"
    away = Away(LocalStore(folder), folder)
    counts = await erase_person(runtime.db, away, person, SYSTEM, runtime.clock.now())
    assert (counts["files"], counts["waiting"]) == (2, 2)
    assert set(await traces(runtime)) == set()
    assert await runtime.blobs.read(digest) == CANARY.encode()
    assert (await retain(runtime.db, away, runtime.clock.now()))["waiting"] == 2
    other = replace(report("other"), text="Samma bild.", sender=Sender(None, None, "bo@mail.example"), raw=b"raw")
    await runtime.intake.accept(other)
    assert (await retain(runtime.db, runtime.blobs, runtime.clock.now()))["waiting"] == 0
    assert await runtime.blobs.read(digest) == CANARY.encode(), "somebody else's now"
    assert await files(runtime) == {digest}
    bo = await find_person(runtime.db, "bo@mail.example")
    await erase_person(runtime.db, runtime.blobs, bo, SYSTEM, runtime.clock.now())
    assert await files(runtime) == set()


async def test_an_export_holds_everything(runtime: Runtime):
    await runtime.intake.accept(report("one"))
    exported = await export_person(runtime.db, await find_person(runtime.db, "+46701740001"))
    assert [len(exported[part]) for part in ("identities", "reports", "attachments", "messages")] == [2, 1, 1, 1]
    assert CANARY in exported["reports"][0]["text"]
    assert exported["reports"][0]["copies"] == [f"{CANARY}@copy.example"]
    with pytest.raises(Nobody):
        await find_person(runtime.db, "nobody@mail.example")


KEPT = (
    # A call from their number whose report never came: nothing but the number says that it is theirs.
    "INSERT INTO calls (sid, status, started_at) VALUES ('CAlone', 'completed', now())",
    "INSERT INTO call_contents (sid, from_number, state)"
    " VALUES ('CAlone', '+46701740001', '{\"said\": \"word state\"}')",
    "INSERT INTO call_turns (sid, turn, at, answer) VALUES ('CAlone', 1, now(), 'word turn')",
    "INSERT INTO recordings (sid, call_sid, state, sha256, created_at)"
    " VALUES ('REalone', 'CAlone', 'fetched', %(sound)s, now())",
    "INSERT INTO transcripts (recording_sid, text) VALUES ('REalone', 'word transcript')",
    "INSERT INTO captions (call_sid, session, sequence, at, speaker, text)"
    " VALUES ('CAlone', 's', 1, now(), 'customer', 'word caption')",
    "INSERT INTO message_contents (message_id, text) SELECT min(id), 'word message' FROM messages",
    "INSERT INTO message_attachments (message_id, name, media_type, size, sha256)"
    " SELECT min(id), 'word file', 'text/plain', 1, %(file)s FROM messages",
    "INSERT INTO documents (case_id, at, name, media_type, size, sha256)"
    " SELECT id, now(), 'word document', 'text/plain', 1, %(document)s FROM cases",
    "INSERT INTO notes (case_id, at, text) SELECT id, now(), 'word note' FROM cases",
    "INSERT INTO ratings (report_id, case_id, at, score) SELECT id, case_id, now(), 1 FROM reports",
    "INSERT INTO rating_comments (report_id, text) SELECT id, 'word rating' FROM reports",
)


PARTS = {  # of what is handed over, by the table that erasing empties
    "identities": "identities",
    "report_contents": "reports",
    "report_attachments": "attachments",
    "message_contents": "messages",
    "message_attachments": "files",
    "call_contents": "calls",
    "call_turns": "turns",
    "transcripts": "recordings",
    "captions": "captions",
    "rating_comments": "ratings",
    "notes": "notes",
    "documents": "documents",
}


async def test_whatever_erasing_takes_is_in_what_is_handed_over(runtime: Runtime):
    await runtime.intake.accept(report("one"))
    kept = {name: await runtime.blobs.keep(f"word in {name}".encode()) for name in ("sound", "file", "document")}
    for statement in KEPT:
        await runtime.db.run(statement, {name: bytes.fromhex(digest) for name, digest in kept.items()})  # type: ignore[arg-type]
    person = await find_person(runtime.db, "+46701740001")
    before = await rows(runtime)
    with await take_out(runtime.db, runtime.blobs, person) as file, ZipFile(file) as packed:
        told = {name: packed.read(name).decode() for name in packed.namelist()}
    await erase_person(runtime.db, runtime.blobs, person, SYSTEM, runtime.clock.now())
    emptied = {name for name, count in (await rows(runtime)).items() if count < before[name]}
    assert emptied == set(PARTS)
    shown = json.loads(told.pop("person.json"))
    assert [table for table, part in PARTS.items() if not shown[part]] == []
    for word in ("state", "turn", "transcript", "caption", "message", "file", "document", "note", "rating"):
        assert f"word {word}" in json.dumps(shown), word
    files_told = "".join(told.values())
    assert [name for name in kept if f"word in {name}" not in files_told] == []
    assert await files(runtime) == set(), "and is gone"


async def test_what_others_reported_too_is_neither_handed_over_nor_erased_with_one_of_them(runtime: Runtime):
    receipt = await runtime.intake.accept(report("one"))
    other = replace(report("two"), sender=Sender("Bo", "+46701740002", "bo@mail.example"))
    await runtime.intake.accept(other)
    await runtime.db.run("UPDATE reports SET case_id = (SELECT min(case_id) FROM reports)")
    await desk.note(runtime, SYSTEM, parse(receipt.case) or 0, "Båda ringde")
    person = await find_person(runtime.db, "+46701740001")
    assert (await export_person(runtime.db, person))["notes"] == []
    await erase_person(runtime.db, runtime.blobs, person, SYSTEM, runtime.clock.now())
    last = await find_person(runtime.db, "+46701740002")
    assert [note["text"] for note in (await export_person(runtime.db, last))["notes"]] == ["Båda ringde"]


async def test_retention_erases_what_is_older_than_its_period_and_nothing_younger(runtime: Runtime, clock: SetClock):
    receipt = await runtime.intake.accept(report("one"))
    case = parse(receipt.case) or 0
    await desk.conclude(runtime, SYSTEM, case, "other", "Klart.")
    await desk.confirm(runtime, SYSTEM, case, True)
    clock.forward(PERIODS["content"] - timedelta(days=1))
    await retain(runtime.db, runtime.blobs, clock.now())
    assert "report_contents" in await traces(runtime)
    clock.forward(timedelta(days=2))
    await retain(runtime.db, runtime.blobs, clock.now())
    assert await traces(runtime) == []
    assert await cases.find(runtime.db, case) is not None
