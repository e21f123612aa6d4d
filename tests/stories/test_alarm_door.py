"""Alarms by the API: both protocols' shapes, together with what people say, cleared by the charger, never refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.config import Config
from gateway.people.tokens import create
from tests.fakes.house import House, count

THERESE = {"email": "therese@example.net"}


@pytest.fixture
async def token(house: House, config: Config) -> str:
    return await create(config, "platform")


async def alarm(house: House, token: str, **body: Any) -> Any:
    answered, receipt = await house.api("POST", "/alarms", body, token=token)
    assert answered == 201, receipt
    return receipt


@pytest.mark.parametrize(
    ("shape", "category"),
    [
        ({"protocol": "ocpp1.6", "status": "Faulted", "error": "ConnectorLockFailure"}, "cable_stuck"),
        ({"protocol": "ocpp1.6", "status": "Faulted", "error": "OtherError", "vendor_code": "CX003"}, None),
        ({"protocol": "ocpp2.0.1", "status": "Faulted", "vendor_id": "com.example", "vendor_code": "CX021"}, None),
        ({"protocol": "ocpp2.0.1", "status": "Unavailable"}, "offline"),
    ],
)
async def test_both_protocols_and_the_trades_codes_become_cases(
    house: House, token: str, shape: dict[str, str], category: str | None
) -> None:
    at = "2026-11-25T03:00:00+01:00"
    receipt = await alarm(house, token, id="one", charger="21007", connector=1, at=at, **shape)
    case = await house.case(receipt["case"])
    assert (case["channels"], case["charger"], case["site"]) == (["alarm"], "21007", "s001")
    assert case["queue"] == "operations"
    if category:
        assert case["category"] == category
    again = await alarm(house, token, id="one", charger="21007", connector=1, at=at, **shape)
    assert (again["case"], again["report"]) == (receipt["case"], receipt["report"])
    assert await count(house.runtime.db, "reports") == 1


async def test_a_person_s_report_joins_the_alarm_and_the_charger_s_all_clear_waits_for_a_person(
    house: House, token: str
) -> None:
    faulted = {"protocol": "ocpp2.0.1", "status": "Faulted", "vendor_code": "CX010"}
    opened = await alarm(house, token, id="1", charger="21007", connector=1, **faulted)
    said = await house.report("Laddaren startar inte", charger="21007", **{"from": THERESE})
    assert (said["case"], said["outcome"]) == (opened["case"], "attached")
    cleared = await alarm(house, token, id="2", charger="21007", connector=1, protocol="ocpp2.0.1", status="Available")
    assert cleared["case"] == opened["case"]
    case = await house.case(opened["case"])
    assert case["status"] in ("open", "assigned")
    assert "alarm_cleared" in [entry["kind"] for entry in case["timeline"]]


async def test_b91_a_charger_that_cries_all_night_is_one_case(house: House, token: str) -> None:
    fault = {"protocol": "ocpp1.6", "status": "Faulted", "error": "PowerMeterFailure"}
    well = {"protocol": "ocpp1.6", "status": "Available", "error": "NoError"}
    for nth in range(30):
        await alarm(house, token, id=f"n{nth}", charger="21007", connector=1, **(fault if nth % 2 == 0 else well))
    assert await count(house.runtime.db, "cases") == 1
    (case,) = await house.cases()
    whole = await house.case(case["number"])
    told = [entry["kind"] for entry in whole["timeline"] if entry["kind"].startswith("alarm_")]
    assert told.count("alarm_flapping") == 1
    assert len(told) < 8


async def test_f34_the_same_alarm_sent_by_many_at_once_is_one_report(house: House, token: str) -> None:
    body = {"id": "same", "charger": "21007", "status": "Faulted", "error": "InternalError"}
    receipts = await asyncio.gather(*(alarm(house, token, **body) for _ in range(8)))
    assert len({receipt["report"] for receipt in receipts}) == 1
    assert await count(house.runtime.db, "reports") == 1
