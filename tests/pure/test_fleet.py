"""The demo fleet answers in OCPP's own messages, each charger always the same, and remembers what it was told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from ocpp.v16 import call as call16
from ocpp.v201 import call as call201

from channels.fleet import DemoFleet, lot
from channels.fleet_ocpp import asked_16, asked_201
from channels.report import RemoteAct, RemoteAnswer

NUMBERS = [str(number) for number in range(21000, 21400)]


async def answers(act: RemoteAct) -> dict[str, RemoteAnswer]:
    fleet = DemoFleet(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    return {number: await fleet.act(number, act, 1) for number in NUMBERS}


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (RemoteAct.UNLOCK, {"Unlocked", "UnlockFailed", "NotSupported", "Unreachable"}),
        (RemoteAct.RESTART, {"Accepted", "Rejected", "Unreachable"}),
        (RemoteAct.STOP, {"Accepted", "Rejected", "Unreachable"}),
        (RemoteAct.DISABLE, {"Accepted", "Scheduled", "Unreachable"}),
        (RemoteAct.ENABLE, {"Accepted", "Scheduled", "Unreachable"}),
        (RemoteAct.DIAGNOSTICS, {"Accepted", "Rejected", "Unreachable"}),
    ],
)
def test_a_fleet_obeys_fails_cannot_and_is_away(act: RemoteAct, told: set[str]) -> None:
    first, again = (asyncio.run(answers(act)) for _ in range(2))
    assert {answer.value for answer in first.values()} == told
    assert first == again


def test_acts_are_messages_of_the_protocol_that_the_charger_speaks() -> None:
    old = [type(asked_16(act, 2)) for act in RemoteAct]
    new = [type(asked_201(act, 2)) for act in RemoteAct]
    assert old == [
        call16.Reset,
        call16.UnlockConnector,
        call16.RemoteStopTransaction,
        call16.ChangeAvailability,
        call16.ChangeAvailability,
        call16.GetDiagnostics,
    ]
    assert new == [
        call201.Reset,
        call201.UnlockConnector,
        call201.RequestStopTransaction,
        call201.ChangeAvailability,
        call201.ChangeAvailability,
        call201.GetLog,
    ]


def test_what_a_charger_was_told_shows_in_its_status() -> None:
    async def told() -> None:
        fleet = DemoFleet(lambda: datetime(2026, 1, 1, tzinfo=UTC))
        broken = next(n for n in NUMBERS if 6 <= lot(n, "status") < 12 and lot(n, "restart") >= 15)
        before = await fleet.status(broken)
        assert before is not None
        assert (before.status, before.error) == ("Faulted", "ConnectorLockFailure")
        assert await fleet.restart(broken) is RemoteAnswer.ACCEPTED
        after = await fleet.status(broken)
        assert after is not None
        assert (after.status, after.error) == ("Available", None)
        assert await fleet.act(broken, RemoteAct.DISABLE) in (RemoteAnswer.ACCEPTED, RemoteAnswer.UNREACHABLE)

    asyncio.run(told())
