"""Links between addresses carry their evidence and can be undone without losing anything."""

import pytest

from channels.report import Channel, Report, Sender
from gateway.casenumber import parse
from gateway.desk import SYSTEM
from gateway.people.identities import NotLinked, part
from gateway.people.privacy import export_person, find_person
from gateway.record import cases
from gateway.runtime import Runtime
from tests.record.conftest import NOON

PHONE, MAIL = "+46701740001", "anna@mail.example"


async def told(runtime: Runtime, key: str, text: str, phone: str | None, email: str | None) -> str:
    sender = Sender("Anna", phone, email)
    report = Report(
        channel=Channel.FORM,
        key=key,
        received_at=NOON,
        text=text,
        sender=sender,
        raw=text.encode(),
        raw_type="text/plain",
    )
    return (await runtime.intake.accept(report)).case


async def linked(runtime: Runtime, person: int) -> list[tuple[str, str, bool]]:
    kept = await export_person(runtime.db, person)
    return [(row["value"], row["evidence"], row["unlinked_at"] is None) for row in kept["identities"]]


async def test_an_address_is_taken_from_a_person_with_what_it_sent_and_nothing_is_lost(runtime: Runtime):
    await told(runtime, "one", "Laddare 21007 startar inte.", PHONE, MAIL)
    await told(runtime, "two", "Mitt kvitto för mars saknas.", PHONE, None)
    case = parse(await told(runtime, "three", "Laddare 21800 startar inte, ingen ström alls.", None, MAIL)) or 0
    person = await find_person(runtime.db, MAIL)
    assert await linked(runtime, person) == [
        (PHONE, "own report", True),
        (MAIL, "given together in one report", True),
    ]
    await runtime.db.run(
        "UPDATE identities SET stopped_at = %(now)s WHERE value = %(value)s", {"now": NOON, "value": MAIL}
    )  # type: ignore[arg-type]

    parted = await part(runtime.db, MAIL.upper(), SYSTEM, NOON)

    assert (parted.person, parted.reports) == (person, 1)
    assert await find_person(runtime.db, MAIL) == parted.stranger
    assert await find_person(runtime.db, PHONE) == person
    assert (await linked(runtime, person))[1] == (MAIL, "given together in one report", False)
    theirs = await export_person(runtime.db, parted.stranger)
    assert [row["text"] for row in theirs["reports"]] == ["Laddare 21800 startar inte, ingen ström alls."]
    assert theirs["identities"][0]["stopped_at"] == NOON
    assert len((await export_person(runtime.db, person))["reports"]) == 2
    full = await cases.full(runtime.db, case)
    assert full is not None
    assert (full.timeline[-1]["kind"], full.timeline[-1]["data"]) == ("parted", {"from": person, "to": parted.stranger})


async def test_what_was_taken_apart_stays_apart_when_both_are_given_again(runtime: Runtime):
    await told(runtime, "one", "Laddare 21007 startar inte.", PHONE, MAIL)
    parted = await part(runtime.db, MAIL, SYSTEM, NOON)
    await told(runtime, "two", "Laddare 21007 startar fortfarande inte.", PHONE, MAIL)
    assert await find_person(runtime.db, MAIL) == parted.stranger
    assert await find_person(runtime.db, PHONE) == parted.person


async def test_the_only_address_and_an_unknown_one_are_not_taken(runtime: Runtime):
    await told(runtime, "one", "Laddare 21007 startar inte.", PHONE, None)
    person = await find_person(runtime.db, PHONE)
    for address in (PHONE, "nobody@mail.example"):
        with pytest.raises(NotLinked):
            await part(runtime.db, address, SYSTEM, NOON)
    assert await find_person(runtime.db, PHONE) == person
