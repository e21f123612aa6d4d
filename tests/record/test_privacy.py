"""What is personal can be erased, what is true stays."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from obstore.store import LocalStore

from channels.report import Attachment, Channel, Report, Sender, Thread
from gateway import desk
from gateway.blobs import Blobs, BlobsUnavailable
from gateway.casenumber import parse
from gateway.clock import SetClock
from gateway.desk import SYSTEM
from gateway.people.privacy import PERIODS, Deferred, Nobody, erase_person, export_person, find_person, retain
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
