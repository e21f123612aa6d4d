"""Erasing a person changes no measure, and leaves no trace of them anywhere: rows, files, search, outbox, logs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.report import Attachment, Channel, Report, Sender
from gateway import casenumber, desk
from gateway.clock import SetClock
from gateway.config import load
from gateway.desk import Actor
from gateway.figures import measures
from gateway.people.privacy import Deferred, erase_person, find_person, retain
from gateway.record.analyses import Finding
from gateway.worker import Chores, open_chores
from tests.fakes.house import House, open_house
from tests.fakes.mail import MailServer

CANARY = "kanariefagel"
PHONE, EMAIL = "+46701740077", f"{CANARY}@mail.example"
TRACES = f"{CANARY}|46701740077"
NOON = datetime(2026, 9, 15, 10, 0, tzinfo=UTC)
FIRST, SECOND, THIRD = Actor("agent", "a01", "agent"), Actor("agent", "a16", "agent"), Actor("agent", "a23", "agent")
TABLES = """
SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname = 'public'"""


@pytest.fixture
async def relay() -> AsyncIterator[MailServer]:
    async with MailServer() as server:
        yield server


@pytest.fixture
async def house(environ: dict[str, str], database_url: str, redis_url: str, relay: MailServer) -> AsyncIterator[House]:
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "OUTBOUND_SMTP_URL": relay.url}
    async with open_house(load({**environ, **servers}), clock=SetClock(NOON)) as opened:
        yield opened


def report(key: str, *, danger: bool = False) -> Report:
    return Report(
        channel=Channel.EMAIL,
        key=key,
        received_at=NOON,
        text=f"Hej, jag heter {CANARY} och laddaren 21007 startar inte. Ring {PHONE}.",
        subject=f"Från {CANARY}",
        full_text=f"Allt från {CANARY}",
        html=f"<p>{CANARY}</p>",
        sender=Sender(f"Anna {CANARY}", PHONE, EMAIL),
        attachments=(Attachment(f"{CANARY}.txt", "text/plain", f"{CANARY} {key}".encode()),),
        raw=f"{CANARY} {key}".encode() * 10_000,
        raw_type="message/rfc822",
        message_id=f"<{CANARY}-{key}@mail.example>",
        charger="21007",
        danger=danger,
    )


async def lived(house: House, chores: Chores) -> str:
    """A case through three lines to a rating, in which everybody has written the name down wherever they could."""
    runtime, clock = house.runtime, house.runtime.clock
    assert isinstance(clock, SetClock)
    receipt = await runtime.intake.accept(report("one"))
    case = casenumber.parse(receipt.case) or 0
    await desk.claim(runtime, FIRST, case)
    await desk.note(runtime, FIRST, case, f"{CANARY} ringde")
    await desk.reply(runtime, FIRST, case, f"Hej {CANARY}")
    await chores.sweep()
    clock.forward(timedelta(minutes=3))
    await desk.wait(runtime, FIRST, case, clock.now() + timedelta(minutes=30), f"{CANARY} återkommer")
    clock.forward(timedelta(minutes=31))
    await chores.sweep()
    await desk.escalate(runtime, FIRST, case, f"{CANARY} har provat allt")
    await desk.claim(runtime, SECOND, case)
    found = Finding("lock", "CX001", f"{CANARY} drog i kabeln", f"{CANARY} såg det", True)
    await desk.analyse(runtime, SECOND, case, found)
    proposal = dict.fromkeys(("fault", "parts", "tools", "safety"), "beskrivet")
    await desk.escalate(runtime, SECOND, case, "måste ut", {**proposal, "access": f"{CANARY} öppnar, {PHONE}"})
    await desk.claim(runtime, THIRD, case)
    await desk.add_document(runtime, THIRD, case, f"{CANARY}.pdf", "application/pdf", f"%PDF {CANARY}".encode())
    times = [(clock.now() + timedelta(hours=n), clock.now() + timedelta(hours=n + 1)) for n in (2, 4)]
    await desk.plan_visit(runtime, THIRD, case, times, "a23")
    visit = (await house.case(receipt.case))["visits"][0]
    link = "/v/" + visit["url"].rpartition("/")[2]
    await house.client.post(link, data={"none": "1", "wish": f"Ring {CANARY} först"})
    await desk.plan_visit(runtime, THIRD, case, times, "a23")
    await desk.book_visit(runtime, THIRD, case, 1)
    clock.forward(timedelta(hours=3))
    await desk.perform_visit(runtime, THIRD, case, f"Bytte relä, {CANARY} var där", "Relä", True)
    await desk.conclude(runtime, THIRD, case, "solved_on_site", f"Klart, {CANARY} är nöjd")
    await chores.sweep()
    await house.client.post(f"/s/{receipt.token}", data={"solved": "yes"})
    await house.client.post(f"/s/{receipt.token}/rating", data={"score": "5", "text": f"Tack från {CANARY}"})
    await chores.sweep()
    return receipt.case


async def traces(house: House) -> list[str]:
    found = []
    for table in await house.runtime.db.rows(TABLES):
        query = f"SELECT count(*) AS n FROM {table['name']} AS t WHERE t::text ~ %(canary)s"
        row = await house.runtime.db.row(query, {"canary": TRACES})  # type: ignore[arg-type]
        if row and row["n"]:
            found.append(table["name"])
    return found


async def files(house: House) -> list[str]:
    def look() -> list[str]:
        kept = [path for path in house.runtime.config.data_dir.rglob("*") if path.is_file()]
        return [path.name for path in kept if re.search(TRACES.encode(), path.name.encode() + path.read_bytes())]

    return await asyncio.to_thread(look)


async def figures(house: House) -> list[Any]:
    now = house.runtime.clock.now()
    await measures.sweep(house.runtime.db, now)
    keys = ("channel", "queue", "line", "priority", "site")
    return [await measures.of_period(house.runtime.db, NOON - timedelta(days=1), now, by, now) for by in (None, *keys)]


async def found(house: House) -> list[str]:
    """Which cases a search for the person finds."""
    numbers = []
    for words in (CANARY, EMAIL, PHONE.replace("+", "%2B")):
        _, page = await house.api("GET", f"/cases?q={words}")
        numbers += [case["number"] for case in page["items"]]
    return numbers


async def test_b101_erasing_leaves_no_trace_and_changes_no_measure(
    house: House, relay: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_chores(house.runtime) as chores:
        number = await lived(house, chores)
        waiting = await house.runtime.intake.accept(report("two"))
        before, sent = await figures(house), len(relay.mails)
        assert number in await found(house)
        kept = {"report_contents", "identities", "people", "notes", "message_contents", "documents"}
        kept |= {"analysis_contents", "proposal_contents", "service_card_contents", "rating_comments"}
        assert kept <= set(await traces(house))
        assert await files(house)
        person = await find_person(house.runtime.db, EMAIL)
        await erase_person(house.runtime.db, house.runtime.blobs, person, FIRST, house.runtime.clock.now())
        assert await figures(house) == before
        assert await traces(house) == []
        assert await files(house) == []
        assert await found(house) == []
        await chores.sweep()
        assert len(relay.mails) == sent, "nothing more is sent to who is gone"
        assert (await house.runtime.intake.accept(report("two"))).report == waiting.report
        assert await traces(house) == []
    case = await house.case(number)
    assert (case["status"], case["line"]) == ("closed", 3)
    assert not re.search(TRACES, "\n".join(record.getMessage() for record in caplog.records))


async def test_b101_what_an_emergency_defers_is_done_by_itself_when_it_is_over(house: House) -> None:
    runtime = house.runtime
    receipt = await runtime.intake.accept(report("one", danger=True))
    assert receipt.priority == "P1"
    person = await find_person(runtime.db, EMAIL)
    with pytest.raises(Deferred, match=receipt.case):
        await erase_person(runtime.db, runtime.blobs, person, FIRST, runtime.clock.now())
    await retain(runtime.db, runtime.blobs, runtime.clock.now())
    assert await traces(house)
    await desk.conclude(runtime, FIRST, casenumber.parse(receipt.case) or 0, "other", "Säkrad.")
    counts = await retain(runtime.db, runtime.blobs, runtime.clock.now())
    assert counts["erasures"] == 1
    assert await traces(house) == []
    assert (await retain(runtime.db, runtime.blobs, runtime.clock.now()))["erasures"] == 0
    rows = await runtime.db.rows("SELECT act, actor_id FROM audit WHERE object = %(p)s ORDER BY id", {"p": str(person)})
    assert rows == [{"act": "erasure_deferred", "actor_id": "a01"}, {"act": "person_erased", "actor_id": "a01"}]
