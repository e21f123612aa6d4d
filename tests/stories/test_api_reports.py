"""A report or an alarm handed in by API: kept before it is answered, once, judged, and never refused for being many."""

from __future__ import annotations

import asyncio
import io
from contextlib import suppress

from channels.report import NotStored
from gateway.config import Config
from gateway.people.tokens import create
from gateway.web.api.table import Rates
from tests.fakes.house import House, count, open_house
from tests.fakes.wire import wire

ALARM = {
    "id": "sn-1",
    "at": "2026-09-16T03:41:28+02:00",
    "charger": "21052",
    "connector": 1,
    "protocol": "ocpp1.6",
    "status": "Faulted",
    "error": "GroundFailure",
    "info": "RCM 41 mA residual, trips again after 3 resets",
}


async def test_a_report_comes_back_as_a_case_with_place_priority_queue_and_reasons(house: House) -> None:
    receipt = await house.report(
        "Kabeln sitter fast i bilen och går inte att få loss. Jag kommer inte härifrån.",
        charger="21052",
        language="sv",
        **{"from": {"name": "Therese Wik", "phone": "0701740699", "email": "therese@example.net"}},
    )
    assert receipt["outcome"] == "opened"
    case = next(one for one in await house.cases() if one["number"] == receipt["case"])
    assert case["channels"] == ["api"]
    assert (case["charger"], case["site"], case["language"]) == ("21052", "s002", "sv")
    assert case["sla_level"] == "plus"
    assert case["category"] == "cable_stuck"
    assert case["priority"] == "P2"
    assert case["queue"]
    assert case["due_at"] == min(due for due in case["due"].values() if due)
    assert case["reasons"]["place"]
    assert case["reasons"]["priority"]
    whole = await house.case(receipt["case"])
    assert whole["reports"][0]["from"] == {
        "name": "Therese Wik",
        "phone": "+46701740699",
        "email": "therese@example.net",
    }
    assert whole["timeline"][0]["kind"] == "opened"
    page = await house.client.get(f"/s/{receipt['status_url'].rpartition('/')[2]}")
    assert page.status == 200
    assert receipt["case"] in await page.text()


async def test_b85_the_same_key_gets_the_first_receipt_and_another_body_is_refused(house: House) -> None:
    first = await house.report("Ingen laddning alls", key="same", charger="21007")
    again = await house.report("Ingen laddning alls", key="same", charger="21007")
    assert (again["case"], again["report"]) == (first["case"], first["report"])
    assert again["outcome"] == "repeated"
    body = {"text": "Something else", "charger": "21007"}
    status, problem = await house.api("POST", "/reports", body, headers={"Idempotency-Key": "same"})
    assert status == 422
    assert "Idempotency-Key" in problem["fields"]
    assert await count(house.runtime.db, "reports") == 1


async def test_b85_one_key_sent_by_many_at_once_is_one_report(house: House) -> None:
    receipts = await asyncio.gather(*(house.report("Skärmen är svart", key="k", charger="21007") for _ in range(12)))
    assert len({receipt["report"] for receipt in receipts}) == 1
    assert sorted({receipt["outcome"] for receipt in receipts}) == ["opened", "repeated"]
    assert await count(house.runtime.db, "reports") == 1


async def test_a_key_belongs_to_its_token(house: House, config: Config) -> None:
    other = await create(config, "platform")
    first = await house.report("Laddaren är trasig", key="k1", charger="21007")
    second = await house.report("Laddaren är trasig", key="k1", charger="21007", token=other)
    assert first["report"] != second["report"]


async def test_twenty_first_reports_about_one_charger_at_once_make_one_case(house: House) -> None:
    receipts = await asyncio.gather(
        *(
            house.report(
                "Laddaren är helt död, skärmen är svart", charger="21007", **{"from": {"phone": f"+467017406{60 + n}"}}
            )
            for n in range(20)
        )
    )
    assert len({receipt["case"] for receipt in receipts}) == 1
    assert [receipt["outcome"] for receipt in receipts].count("opened") == 1


HOSTILE = [
    (b"{", 400),
    (b"", 400),
    (b"[" * 100_000, 400),
    (b'{"text": "a", "connector": ' + b"9" * 5000 + b"}", 400),
    (b'{"text": "a", "connector": NaN}', 422),
    (b'{"text": "a", "text": "b"}', 422),
    (rb'{"text": "\ud800"}', 422),
    (rb'{"text": "\u0000"}', 422),
    (b'{"text": "' + b"a" * (10 << 20) + b'"}', 413),
    (b'{"text": ""}', 422),
    (b'{"subject": "no text"}', 422),
]


async def test_b84_a_hostile_body_is_refused_and_leaves_no_row(house: House) -> None:
    headers = {"Authorization": f"Bearer {house.admin}", "Content-Type": "application/json", "Idempotency-Key": "k"}
    for body, status in HOSTILE:
        answer = await house.client.post("/api/v1/reports", data=io.BytesIO(body), headers=headers)
        assert answer.status == status, body[:60]
        assert answer.content_type == "application/problem+json"
    assert await count(house.runtime.db, "reports") == 0


async def test_b86_unknown_fields_are_refused(house: House) -> None:
    for extra in ({"tenant_id": 1}, {"role": "admin"}, {"assigned_to": "a01"}, {"from": {"id": 7}}):
        body = {"text": "Hej", **extra}
        status, problem = await house.api("POST", "/reports", body, headers={"Idempotency-Key": "k"})
        assert (status, bool(problem["fields"])) == (422, True), extra


async def test_a_report_without_a_key_is_refused(house: House) -> None:
    status, problem = await house.api("POST", "/reports", {"text": "Hej"})
    assert status == 422
    assert "Idempotency-Key" in problem["fields"]


async def test_b80_an_unknown_place_is_kept_as_given(house: House) -> None:
    for site in ("s999", "' OR 1=1 --", "../../etc"):
        receipt = await house.report("Det luktar inte bränt men laddar inte", site=site, charger="99999")
        assert (await house.case(receipt["case"]))["site"] is None, site


async def test_an_alarm_is_judged_and_answers_a_receipt_once(house: House, config: Config) -> None:
    platform = await create(config, "platform")
    status, receipt = await house.api("POST", "/alarms", ALARM, token=platform)
    assert (status, receipt["outcome"]) == (201, "opened")
    case = await house.case(receipt["case"])
    assert (case["channels"], case["priority"], case["category"]) == (["alarm"], "P1", "safety")
    assert (case["charger"], case["site"]) == ("21052", "s002")
    status, again = await house.api("POST", "/alarms", ALARM, token=platform)
    assert (status, again["outcome"], again["report"]) == (201, "repeated", receipt["report"])


async def test_an_alarm_that_is_none_is_refused(house: House) -> None:
    for wrong in ({"protocol": "modbus"}, {"id": ""}, {"charger": None}, {"at": "yesterday"}, {"x": 1}):
        status, problem = await house.api("POST", "/alarms", {**ALARM, **wrong})
        assert (status, bool(problem["fields"])) == (422, True), wrong


async def test_b90_above_its_rate_reads_are_told_to_wait_and_reports_are_kept(config: Config) -> None:
    async with open_house(config, rates=Rates(reports=3, others=4)) as house:
        for n in range(3):
            await house.report(f"Laddaren startar inte, försök {n}", charger="21007")
        body = {"text": "Och en till från en annan plats", "charger": "21052"}
        status, kept = await house.api("POST", "/reports", body, headers={"Idempotency-Key": "later"})
        assert (status, kept["outcome"]) == (202, "kept")
        answers = [
            await house.client.get("/api/v1/queues", headers={"Authorization": f"Bearer {house.admin}"})
            for _ in range(6)
        ]
        assert answers[-1].status == 429
        assert int(answers[-1].headers["Retry-After"]) > 0
        with suppress(NotStored):
            await house.runtime.spool.empty(house.runtime.intake.accept)
        assert await count(house.runtime.db, "reports") == 4


async def test_b91_three_hundred_reports_about_one_site_in_a_minute_are_one_incident(house: House) -> None:
    async def one(nth: int) -> str:
        sender = {"phone": f"+4670174{nth:04d}"}
        text = "Alla laddare på hela anläggningen är döda, skärmarna är svarta"
        receipt = await house.report(text, key=f"storm-{nth}", charger="21007", **{"from": sender})
        return str(receipt["case"])

    numbers: set[str] = set()
    for start in range(0, 300, 50):
        numbers |= set(await asyncio.gather(*(one(nth) for nth in range(start, start + 50))))
    assert len(numbers) == 1
    assert await count(house.runtime.db, "reports") == 300


async def test_with_the_database_away_reports_are_503_and_nothing_is_lost_or_doubled(
    config: Config, database_url: str
) -> None:
    async with wire(database_url) as line, open_house(config, database_url=line.url) as house:
        await house.report("Före avbrottet", key="before", charger="21007")
        await line.cut()
        headers = {"Authorization": f"Bearer {house.admin}", "Idempotency-Key": "during"}
        body = {"text": "Under avbrottet", "charger": "21052"}
        answer = await house.client.post("/api/v1/reports", json=body, headers=headers)
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        ready = await house.client.get("/readyz")
        assert (ready.status, (await ready.json())["status"]) == (200, "degraded")
        await line.mend()
        receipt = await house.report("Under avbrottet", key="during", charger="21052")
        assert receipt["outcome"] == "opened"
        assert await count(house.runtime.db, "reports") == 2
