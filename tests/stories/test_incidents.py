"""One fault that several people report: one incident, told as such, with one message a step to each of them."""

from __future__ import annotations

from collections import Counter

import pytest
from aiohttp import FormData

from gateway import desk, escalation
from gateway.casenumber import parse
from tests.fakes.house import FORM_TOKEN, House

LEAD = desk.Actor("agent", "a16", "lead")
SEVERAL = "Several people have reported this"
JPEG = b"\xff\xd8\xff\xe0" + b"photo" * 400


async def told(house: House, sender: dict[str, str], text: str = "Laddningen startar inte") -> tuple[str, str]:
    """One more report about the charger; the case's number and the reporter's page."""
    receipt = await house.report(text, charger="21007", **{"from": sender})
    return receipt["case"], "/s/" + receipt["status_url"].rpartition("/")[2]


async def shown(house: House, path: str) -> str:
    return await (await house.client.get(f"{path}?language=en")).text()


async def add_a_photo(house: House, link: str) -> None:
    found = FORM_TOKEN.search(await shown(house, link))
    assert found
    form = FormData(default_to_multipart=True)
    form.add_field("form_token", found.group(1))
    form.add_field("text", "Så här ser den ut")
    form.add_field("photo", JPEG, filename="a.jpg", content_type="image/jpeg")
    answer = await house.client.post(f"{link}/more", data=form, allow_redirects=False)
    assert answer.headers["Location"] == f"{link}?done=added"


async def messages(house: House, kind: str) -> Counter[object]:
    """How many messages of a kind each person was sent."""
    rows = await house.runtime.db.rows(
        "SELECT coalesce(person_id, -report_id) AS who FROM messages WHERE kind = %(kind)s", {"kind": kind}
    )
    return Counter(row["who"] for row in rows)


async def test_who_left_no_address_and_adds_a_photo_is_one_person(house: House) -> None:
    number, link = await told(house, {})
    await add_a_photo(house, link)
    await add_a_photo(house, link)
    row = await house.runtime.db.row("SELECT incident FROM cases")
    assert row is not None
    assert (row["incident"], len((await house.case(number))["reports"])) == (False, 3)
    assert SEVERAL not in await shown(house, link)
    assert "already know" not in await shown(house, "/c/21007")
    other, _ = await told(house, {})
    row = await house.runtime.db.row("SELECT incident FROM cases")
    assert row is not None
    assert (other, row["incident"]) == (number, True)
    assert SEVERAL in await shown(house, link)


async def test_an_alarm_and_one_person_are_no_incident_when_a_report_is_taken_out_again(house: House) -> None:
    alarm = {"id": "1", "at": "2026-09-20T12:00:00+02:00", "charger": "21007", "protocol": "ocpp1.6"}
    assert (await house.api("POST", "/alarms", {**alarm, "status": "Faulted", "error": "InternalError"}))[0] == 201
    for nth in (1, 2):
        number, _ = await told(house, {"phone": f"+4670174060{nth}"})
    case = parse(number) or 0
    rows = await house.runtime.db.rows("SELECT id FROM reports WHERE case_id = %(case)s ORDER BY id", {"case": case})
    assert len(rows) == 3
    await desk.detach(house.runtime, LEAD, case, rows[-1]["id"])
    row = await house.runtime.db.row("SELECT incident FROM cases WHERE id = %(case)s", {"case": case})
    assert row is not None
    assert row["incident"] is False


async def test_each_reporter_of_an_incident_hears_once_of_each_step_and_all_of_the_end(house: House) -> None:
    number, link = await told(house, {"email": "one@example.net"})
    assert SEVERAL not in await shown(house, link)
    links = [link]
    for sender in ({"phone": "+46701740602"}, {"email": "three@example.net"}, {}):
        same, link = await told(house, sender)
        assert same == number
        links.append(link)
    await told(house, {"email": "one@example.net"}, "Laddningen startar fortfarande inte")
    assert all([SEVERAL in await shown(house, each) for each in links])
    assert "already know" in await shown(house, "/c/21007")
    case = parse(number) or 0
    (listed,) = await house.cases()
    assert listed["number"] == number

    await escalation.sweep(house.runtime)
    await desk.correct(house.runtime, LEAD, case, reason="hela", category="offline", priority="P2")
    for _ in range(2):
        await escalation.sweep(house.runtime)
    assert sorted((await messages(house, "expected_changed")).values()) == [1, 1, 1]

    await desk.conclude(house.runtime, LEAD, case, "solved_remotely", "Omstartad.")
    for _ in range(2):
        await escalation.sweep(house.runtime)
    assert sorted((await messages(house, "concluded")).values()) == [1, 1, 1]
    for each in links:
        page = await shown(house, each)
        assert "We think it is solved" in page
        assert SEVERAL not in page


@pytest.mark.parametrize("phone", ["+46701740601", "+46701740602"])
async def test_another_fault_after_a_repair_is_a_case_of_its_own_linked_to_the_old_one(
    house: House, phone: str
) -> None:
    old, _ = await told(house, {"phone": "+46701740601"})
    await desk.conclude(house.runtime, LEAD, parse(old) or 0, "solved_remotely", "Omstartad.")
    text = "Sedan ni lagade den avbryter den laddningen igen efter fem minuter"
    new, _ = await told(house, {"phone": phone}, text)
    assert new != old
    (entry,) = [entry for entry in (await house.case(new))["timeline"] if entry["kind"] == "opened"]
    assert entry["data"]["suggested"] == old
    assert (await house.case(old))["status"] == "concluded"


async def test_the_same_fault_still_there_after_a_repair_opens_its_case_again(house: House) -> None:
    old, _ = await told(house, {"phone": "+46701740601"})
    await desk.conclude(house.runtime, LEAD, parse(old) or 0, "solved_remotely", "Omstartad.")
    same, _ = await told(
        house, {"phone": "+46701740601"}, "Laddningen startar fortfarande inte trots att ni lagade den"
    )
    assert same == old
    assert (await house.case(old))["status"] == "open"
