"""Chargers' own codes are read: OCPP 1.6, OCPP 2.0.1, ChargeX and vendors', in words and in categories."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ocpp.v16.enums import ChargePointErrorCode

from routing.alarms import read_alarm
from routing.facts import read_facts
from routing.judge import judge
from routing.values import Alarm, Category, History, Judgement, Priority, Said
from tests.fakes.desk import directory, rules

NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)


def judged(charger: str = "21800", text: str = "", **given: object) -> Judgement:
    fields = {"status": "Faulted", "error": None, "connector": 1, "vendor_id": None, "vendor_code": None, "info": None}
    alarm = Alarm(**{**fields, **given})  # type: ignore[arg-type]
    said = Said(channel="alarm", at=NOON, text=text, charger=charger, alarm=alarm)
    return judge(said, read_facts(said, directory(), rules()), History(), directory(), rules())


@pytest.mark.parametrize("code", [c.value for c in ChargePointErrorCode if c.value != "NoError"])
def test_every_ocpp_code_is_known(code: str):
    found = judged(error=code)
    assert found.fault_code == code
    assert found.language == "en"
    assert found.queue == ("emergency" if found.priority is Priority.P1 else "operations")


@pytest.mark.parametrize("number", range(1, 27))
def test_every_chargex_code_is_known(number: int):
    found = judged(error="OtherError", vendor_code=f"CX{number:03}")
    assert found.fault_code == f"CX{number:03}"
    assert f"fault_CX{number:03}" in {r.code for r in found.reasons["category"]}


@pytest.mark.parametrize(
    ("given", "category", "priority"),
    [
        ({"error": "GroundFailure"}, Category.SAFETY, Priority.P1),
        ({"error": "HighTemperature", "info": "Cabinet 96 C, rising"}, Category.SAFETY, Priority.P1),
        ({"error": "HighTemperature", "info": "58 C, derating to 50 %"}, Category.SLOW, Priority.P3),
        ({"error": "ConnectorLockFailure"}, Category.CABLE_STUCK, Priority.P2),
        ({"error": "EVCommunicationError"}, Category.NO_START, Priority.P3),
        ({"error": "WeakSignal", "status": "Offline"}, Category.OFFLINE, Priority.P3),
        ({"error": "ReaderFailure"}, Category.ACCESS, Priority.P3),
        (
            {"error": "PowerSwitchFailure", "info": "Contactor fails, six start attempts, none delivered"},
            Category.NO_START,
            Priority.P3,
        ),
        ({"error": "UnderVoltage", "status": "Faulted"}, Category.OFFLINE, Priority.P3),
        ({"error": "UnderVoltage", "status": "Unavailable", "connector": 0}, Category.OFFLINE, Priority.P3),
        ({"error": "UnderVoltage", "status": "SuspendedEVSE"}, Category.INTERRUPTED, Priority.P3),
        ({"error": "UnderVoltage", "info": "Session stopped, aborted after 4 min"}, Category.INTERRUPTED, Priority.P3),
        ({"error": "OtherError", "vendor_code": "CX006"}, Category.OFFLINE, Priority.P3),
        ({"error": "OverCurrentFailure"}, Category.INTERRUPTED, Priority.P3),
        ({"error": "OtherError", "vendor_code": "GroundFaultDetected"}, Category.SAFETY, Priority.P1),
        ({"error": "OtherError", "info": "smoke detector in cabinet: smoke"}, Category.SAFETY, Priority.P1),
        ({"error": None, "status": "Unavailable"}, Category.OFFLINE, Priority.P3),
        ({"error": "NoError", "status": "Available"}, Category.OTHER, Priority.P4),
        ({"error": "Zz9_unheard_of"}, Category.OFFLINE, Priority.P3),
    ],
)
def test_alarms_become_what_people_call_them(given: dict[str, object], category: Category, priority: Priority):
    found = judged(**given)  # type: ignore[arg-type]
    assert (found.category, found.priority) == (category, priority)


def test_a_lost_charger_at_a_premium_site_is_urgent():
    assert judged("22210", error="WeakSignal", status="Offline").priority is Priority.P2


def test_an_alarm_without_anything_is_an_outage_until_known():
    assert read_alarm(rules().alarms, Alarm("Faulted", "OtherError", 0, None, None, None)).category is Category.OFFLINE


def test_remote_help_is_named_only_where_it_is_safe():
    codes = rules().alarms.codes.values()
    assert all(not code.remote for code in codes if code.danger)
    assert rules().alarms.codes["ConnectorLockFailure"].remote == ("unlock", "restart")
