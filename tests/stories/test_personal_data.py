"""What is kept about somebody is found, handed over whole and erased by a page, by those who may."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from zipfile import ZipFile

import pytest

from channels.report import Attachment, Channel, Report, Sender
from gateway.blobs import BlobsUnavailable
from gateway.casenumber import parse
from gateway.config import Config
from gateway.desk import SYSTEM
from gateway.desk import conclude as conclude_case
from gateway.people import commands
from gateway.record import staff
from tests.fakes.house import House, open_house

EMAIL, PASSWORD = "agent01@support.example", "correct horse battery"
PAGE = "/managers/personal"
RAW = b"From: anna@mail.example\r\n\r\nThe charger 22809 does not start"


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config) as opened:
        await opened.hire("a01", PASSWORD, "manager")
        await opened.log_in(EMAIL, PASSWORD)
        yield opened


async def reported(house: House, *, danger: bool = False, raw: bytes = RAW) -> str:
    report = Report(
        channel=Channel.EMAIL,
        key="one",
        received_at=house.runtime.clock.now(),
        text="The charger 22809 does not start",
        sender=Sender("Anna Ek", "+46701740001", "anna@mail.example"),
        attachments=(Attachment("../my photo?.txt", "text/plain", b"photo"),),
        raw=raw,
        raw_type="message/rfc822",
        danger=danger,
    )
    return (await house.runtime.intake.accept(report)).case


async def looked_up(house: House, who: str) -> str:
    """Where the page leads when somebody is looked for."""
    fields = {"csrf": await house.csrf(PAGE), "who": who}
    answer = await house.client.post(PAGE, data=fields, allow_redirects=False)
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"]


@pytest.mark.parametrize("who", ["+46701740001", "070-174 00 01", " Anna@Mail.example "])
async def test_somebody_is_found_as_people_write_a_number_or_an_address(house: House, who: str) -> None:
    number = await reported(house)
    there = await looked_up(house, who)
    shown = await (await house.client.get(f"{there}?language=en")).text()
    assert "Anna Ek" in shown
    assert "anna@mail.example" in shown
    assert f"/console/cases/{number}" in shown
    assert "anna" not in there


async def test_nobody_is_said_so_beside_the_field_and_what_was_typed_stays(house: House) -> None:
    for who in ("nobody@mail.example", "12345678901234567890123", "", "💥"):
        answer = await house.client.post(PAGE, data={"csrf": await house.csrf(PAGE), "who": who})
        assert answer.status == 422
        assert 'id="who-error"' in await answer.text()
    assert (await house.client.get(f"{PAGE}/99999")).status == 404


@pytest.mark.parametrize("raw", [RAW, RAW * 2000])
async def test_everything_is_handed_over_in_one_file_and_that_is_on_the_audit(house: House, raw: bytes) -> None:
    await reported(house, raw=raw)
    there = await looked_up(house, "anna@mail.example")
    answer = await house.client.post(f"{there}/export", data={"csrf": await house.csrf(there)})
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    with ZipFile(io.BytesIO(await answer.read())) as packed:
        told = json.loads(packed.read("person.json"))
        report = told["reports"][0]["id"]
        assert packed.read(f"mails/{report}.eml") == raw
        assert packed.read(f"attachments/{report}-1-my photo .txt") == b"photo"
        assert "missing.txt" not in packed.namelist()
    assert told["reports"][0]["text"] == "The charger 22809 does not start"
    assert [one["value"] for one in told["identities"]] == ["+46701740001", "anna@mail.example"]
    done = await staff.acts(house.runtime.db)
    assert [(one["act"], one["actor_id"]) for one in done][:1] == [("person_exported", "a01")]


async def test_who_takes_it_along_by_command_is_on_the_audit_too(house: House) -> None:
    await reported(house)
    assert "anna@mail.example" in await commands.export(house.runtime.config, "070-174 00 01")
    (done, *_) = await staff.acts(house.runtime.db)
    assert (done["act"], done["actor_kind"]) == ("person_exported", "system")


async def test_a_file_that_is_gone_is_named_and_keeps_nothing_else_back(house: House) -> None:
    await reported(house)
    there = await looked_up(house, "anna@mail.example")
    row = await house.runtime.db.row("SELECT encode(sha256, 'hex') AS digest FROM report_attachments")
    assert row
    await house.runtime.blobs.erase(row["digest"])
    answer = await house.client.post(f"{there}/export", data={"csrf": await house.csrf(there)})
    with ZipFile(io.BytesIO(await answer.read())) as packed:
        assert b"my photo" in packed.read("missing.txt")
        assert "person.json" in packed.namelist()


async def test_somebody_is_erased_when_whoever_does_it_is_sure(house: House) -> None:
    await reported(house)
    there = await looked_up(house, "anna@mail.example")
    csrf = await house.csrf(there)
    assert (await house.client.post(f"{there}/erase", data={"csrf": csrf})).status == 422
    assert "anna@mail.example" in await (await house.client.get(there)).text()
    erased = await house.client.post(f"{there}/erase", data={"csrf": csrf, "sure": "yes"})
    shown = await erased.text()
    assert erased.status == 200
    assert "anna@mail.example" not in shown
    assert "Anna Ek" not in shown
    assert f'action="{there}/erase"' not in shown
    answer = await house.client.post(PAGE, data={"csrf": await house.csrf(PAGE), "who": "anna@mail.example"})
    assert answer.status == 422


async def test_while_the_store_of_files_is_away_it_is_said_what_follows(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise BlobsUnavailable("TimeoutError")

    await reported(house)
    there = await looked_up(house, "anna@mail.example")
    csrf = await house.csrf(there)
    monkeypatch.setattr(house.runtime.blobs, "read", away)
    assert (await house.client.post(f"{there}/export", data={"csrf": csrf})).status == 503
    monkeypatch.setattr(house.runtime.blobs, "erase", away)
    fields = {"csrf": csrf, "sure": "yes"}
    answer = await house.client.post(f"{there}/erase", data=fields, allow_redirects=False)
    assert answer.headers["Location"] == f"{there}?done=waiting"
    assert "anna@mail.example" not in await (await house.client.get(there)).text()


async def test_b101_an_open_emergency_is_said_and_nothing_is_erased_yet(house: House) -> None:
    number = await reported(house, danger=True)
    there = await looked_up(house, "anna@mail.example")
    fields = {"csrf": await house.csrf(there), "sure": "yes"}
    answer = await house.client.post(f"{there}/erase", data=fields, allow_redirects=False)
    assert answer.headers["Location"] == f"{there}?done=deferred"
    assert "anna@mail.example" in await (await house.client.get(there)).text()
    await conclude_case(house.runtime, SYSTEM, parse(number) or 0, "other", "Made safe.")
    answer = await house.client.post(f"{there}/erase", data=fields, allow_redirects=False)
    assert answer.headers["Location"] == f"{there}?done=erased"


async def test_only_managers_who_may_see_everything_look(house: House) -> None:
    await reported(house)
    there = await looked_up(house, "anna@mail.example")
    csrf = await house.csrf(there)
    await house.runtime.db.run("UPDATE agents SET queues = '{billing}' WHERE id = 'a01'")
    for path in (PAGE, there):
        assert (await house.client.get(path)).status == 403
    for path in (PAGE, f"{there}/export", f"{there}/erase"):
        fields = {"csrf": csrf, "sure": "yes", "who": "anna@mail.example"}
        assert (await house.client.post(path, data=fields)).status == 403
    await house.hire("a01", role="lead")
    await house.log_in(EMAIL, PASSWORD)
    assert (await house.client.get(PAGE)).status == 403
    assert PAGE not in await (await house.client.get("/managers")).text()
