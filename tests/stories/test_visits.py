"""The 3rd line: no case without a proposal, a visit planned with the customer by a button, the card of the area."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.calendars import calendar
from tests.fakes.house import House

SENDER = {"name": "Therese Wik", "email": "therese@example.net"}
PROPOSAL = dict.fromkeys(("fault", "parts", "tools", "access", "safety"), "beskrivet")
FIELD = "a21"


async def verb(house: House, case: str, name: str, status: int = 200, /, **body: object) -> dict[str, Any]:
    code, answer = await house.api("POST", f"/cases/{case}/{name}", {"as": "a16", **body})
    assert code == status, (name, answer)
    return dict(answer)


async def _field_agent(house: House) -> str:
    _, page = await house.api("GET", "/agents")
    return next(agent["id"] for agent in page["items"] if agent["line"] == 3)


async def test_a_case_goes_through_three_lines_to_a_verified_visit_and_stands_on_the_card(house: House) -> None:
    receipt = await house.report("Laddaren startar inte alls", charger="21007", **{"from": SENDER})
    number = str(receipt["case"])
    technician = await _field_agent(house)
    await verb(house, number, "escalate", reason="Omstart hjälpte inte")
    for how in ({"to": "field"}, {"to": technician}):
        problem = await verb(house, number, "hand_over", 422, reason="måste ut", **how)
        assert sorted(problem["fields"]) == [f"proposal.{name}" for name in sorted(PROPOSAL)]
    await verb(house, number, "plan_visit", 422, **_time(1), agent=technician)
    await verb(house, number, "propose", **PROPOSAL)
    case = await verb(house, number, "hand_over", to="field", reason="måste ut")
    assert (case["line"], case["proposal"]["parts"]) == (3, "beskrivet")
    case = await verb(house, number, "send_back", reason="Vilket relä?")
    assert (case["line"], case["proposal"]) == (2, None)
    await verb(house, number, "escalate", 422, reason="måste ut")
    await verb(house, number, "escalate", reason="måste ut", proposal=PROPOSAL)

    await verb(house, number, "plan_visit", 422, **_time(1), agent="a01")
    case = await verb(house, number, "plan_visit", **_time(2), times=[_time(1)], agent=technician)
    (visit,) = case["visits"]
    assert (case["status"], case["assignee"], visit["state"], len(visit["times"])) == (
        "planned",
        technician,
        "proposed",
        2,
    )
    link = "/v/" + visit["url"].rpartition("/")[2]
    for _ in range(3):
        page = await (await house.client.get(link)).text()
    assert 'value="1"' in page
    assert (await house.case(number))["visits"][0]["state"] == "proposed"
    for refused in ("conclude", "release", "send_back"):
        body = {"disposition": "explained", "text": "x", "reason": "x"}
        known = {"conclude": ("disposition", "text"), "release": (), "send_back": ("reason",)}[refused]
        given = {name: body[name] for name in known}
        problem = await verb(house, number, refused, 422, **{"as": technician}, **given)
        assert "visit" in problem["fields"]
    assert (await house.client.get(f"{link}/visit.ics")).status == 404
    await house.client.post(link, data={"time": "1"})
    await house.client.post(link, data={"time": "1"})
    await house.client.post(link, data={"time": "2"})
    case = await house.case(number)
    assert [entry["kind"] for entry in case["timeline"]].count("visit_booked") == 1
    assert case["visits"][0]["starts_at"] == case["visits"][0]["times"][0]["starts_at"]
    file = await (await house.client.get(f"{link}/visit.ics")).text()
    assert "SEQUENCE:0" in file

    await house.client.post(link, data={"none": "1", "wish": "Ring Therese först"})
    case = await house.case(number)
    assert (case["status"], case["visits"][0]["state"]) == ("assigned", "cancelled")
    assert "Therese" not in str([entry["data"] for entry in case["timeline"]])
    await verb(house, number, "conclude", 422, disposition="solved_on_site", text="Klart")
    await verb(house, number, "plan_visit", **{"as": technician}, **_time(3), agent=technician)
    await verb(house, number, "plan_visit", **_time(4), agent=technician)
    case = await verb(house, number, "book_visit")
    headers = {"Content-Type": "image/jpeg", "Authorization": f"Bearer {house.admin}"}
    path = f"/api/v1/cases/{number}/documents?name=skarv.jpg&as={technician}"
    async with house.client.post(path, data=b"\xff\xd8\xff0", headers=headers) as answer:
        assert answer.status == 201, await answer.text()
    case = await verb(house, number, "perform_visit", work="Bytte kontaktor K1", parts="K1", verified=True)
    assert case["visits"][-1]["verified"] is True
    await verb(house, number, "conclude", disposition="solved_on_site", text="Kontaktorn var bränd.")
    _, card = await house.api("GET", f"/sites/{case['site']}/card")
    (entry,) = card["items"]
    assert (entry["work"], entry["parts"], entry["documents"], entry["case"]) == ("Bytte kontaktor K1", "K1", 1, number)
    kinds = [one["kind"] for one in (await house.case(number))["timeline"]]
    wanted = [
        "proposed",
        "handed_over",
        "visit_planned",
        "visit_booked",
        "visit_refused",
        "visit_moved",
        "visit_performed",
    ]
    assert [kind for kind in wanted if kind not in kinds] == []


async def test_b106_numbers_that_may_not_be_called_are_refused(house: House) -> None:
    receipt = await house.report("Laddaren startar inte", charger="21007", **{"from": {"phone": "+46701740001"}})
    for number in ("112", "+46112", "911", "0939-1234567", "+46939123456", "nej"):
        problem = await verb(house, receipt["case"], "call", 422, number=number)
        assert "number" in problem["fields"], number
    case = await verb(house, receipt["case"], "call")
    assert case["timeline"][-1]["kind"] == "call_wanted"
    assert "+46701740001" not in str(case["timeline"])


def _time(days: int) -> dict[str, str]:
    start = datetime.now(UTC) + timedelta(days=days)
    return {"from": start.isoformat(), "until": (start + timedelta(hours=2)).isoformat()}


def test_a_calendar_file_is_escaped_and_folded() -> None:
    at = datetime(2026, 9, 15, 10, tzinfo=UTC)
    file = calendar("visit-1@x", 2, at, at + timedelta(hours=1), at, "Å; ," * 40, "a\nEND:VEVENT", "https://x/v/t")
    assert all(len(line) <= 75 for line in file.split(b"\r\n"))
    assert file.count(b"\r\nEND:VEVENT") == 1
    assert b"DTSTART:20260915T100000Z" in file


@pytest.mark.parametrize("disposition", ["explained", "other", "no_fault_found"])
async def test_the_third_line_ends_no_case_without_the_service_card(house: House, disposition: str) -> None:
    receipt = await house.report("Min bil laddar inte, den startar inte alls", **{"from": SENDER})
    number = str(receipt["case"])
    await verb(house, number, "correct", category="no_start", priority="P2", reason="står i regnet")
    await verb(house, number, "escalate", reason="Omstart hjälpte inte")
    await verb(house, number, "escalate", reason="måste ut", proposal=PROPOSAL)
    ending = {"disposition": disposition, "text": "Säkringen i huset hade löst ut"}
    problem = await verb(house, number, "conclude", 422, **ending)
    assert list(problem["fields"]) == ["site"]
    case = await verb(house, number, "correct", charger="21007", reason="hon ringde")
    await verb(house, number, "conclude", **ending)
    _, card = await house.api("GET", f"/sites/{case['site']}/card")
    assert [(one["case"], one["line"], one["work"]) for one in card["items"]] == [(number, 3, ending["text"])]
