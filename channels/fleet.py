"""A small simulated fleet: chargers that speak OCPP 1.6 or 2.0.1 and answer remote acts in its own messages.

A charger always behaves the same: most obey, some fail, some cannot, a few are away. What it was told shows in its
status afterwards, until the process ends. It stands in for a back end where none is configured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v16 import enums as enums16
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from ocpp.v201 import datatypes as types201
from ocpp.v201 import enums as enums201

from channels.report import ChargerStatus, RemoteAct, RemoteAnswer

TRANSACTION = 1  # every demo charger has at most one
LOGS = "https://logs.invalid/"  # where a charger would send its diagnostics


class DemoFleet:
    """`Chargers` without a back end."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._chargers: dict[str, Charger] = {}

    async def status(self, charger: str) -> ChargerStatus | None:
        known = self._charger(charger)
        return ChargerStatus(charger, known.status, known.error, self._now() if known.heard else None)

    async def restart(self, charger: str) -> RemoteAnswer:
        return await self.act(charger, RemoteAct.RESTART)

    async def unlock(self, charger: str, connector: int) -> RemoteAnswer:
        return await self.act(charger, RemoteAct.UNLOCK, connector)

    async def act(self, charger: str, act: RemoteAct, connector: int | None = None) -> RemoteAnswer:
        known = self._charger(charger)
        if lot(charger, act) < 6:
            return RemoteAnswer.UNREACHABLE
        request = (asked_201 if known.modern else asked_16)(act, connector or 1)
        return folded(act, known.answer(request, act))

    def _charger(self, charger: str) -> Charger:
        return self._chargers.setdefault(charger, _made(charger))


@dataclass(slots=True)
class Charger:
    """One simulated charger; `modern` speaks OCPP 2.0.1."""

    id: str
    modern: bool
    status: str
    error: str | None = None
    heard: bool = True
    told: list[object] = field(default_factory=list)

    def answer(self, request: object, act: RemoteAct) -> object:
        """The charger's own answer to an OCPP request."""
        self.told.append(request)
        chance = lot(self.id, act)
        return self._answer_201(request, chance) if self.modern else self._answer_16(request, chance)

    def _answer_16(self, request: object, chance: int) -> object:
        if isinstance(request, call16.Reset):
            obeyed = self._restarted(chance)
            return result16.Reset(enums16.ResetStatus.accepted if obeyed else enums16.ResetStatus.rejected)
        if isinstance(request, call16.UnlockConnector):
            if chance < 18:
                return result16.UnlockConnector(enums16.UnlockStatus.not_supported)
            failed = enums16.UnlockStatus.unlock_failed
            return result16.UnlockConnector(failed if chance < 35 else enums16.UnlockStatus.unlocked)
        if isinstance(request, call16.RemoteStopTransaction):
            stopped = self._stopped()
            ok, no = enums16.RemoteStartStopStatus.accepted, enums16.RemoteStartStopStatus.rejected
            return result16.RemoteStopTransaction(ok if stopped else no)
        if isinstance(request, call16.ChangeAvailability):
            usable = request.type is enums16.AvailabilityType.operative
            later = self._switched(usable)
            return result16.ChangeAvailability(
                enums16.AvailabilityStatus.scheduled if later else enums16.AvailabilityStatus.accepted
            )
        return result16.GetDiagnostics(f"{self.id}.log" if chance >= 15 else None)

    def _answer_201(self, request: object, chance: int) -> object:
        if isinstance(request, call201.Reset):
            ok, no = enums201.ResetStatusEnumType.accepted, enums201.ResetStatusEnumType.rejected
            return result201.Reset(ok if self._restarted(chance) else no)
        if isinstance(request, call201.UnlockConnector):
            if chance < 18:
                return result201.UnlockConnector(enums201.UnlockStatusEnumType.unknown_connector)
            failed = enums201.UnlockStatusEnumType.unlock_failed
            return result201.UnlockConnector(failed if chance < 35 else enums201.UnlockStatusEnumType.unlocked)
        if isinstance(request, call201.RequestStopTransaction):
            stopped = self._stopped()
            ok, no = enums201.RequestStartStopStatusEnumType.accepted, enums201.RequestStartStopStatusEnumType.rejected
            return result201.RequestStopTransaction(ok if stopped else no)
        if isinstance(request, call201.ChangeAvailability):
            later = self._switched(request.operational_status is enums201.OperationalStatusEnumType.operative)
            states = enums201.ChangeAvailabilityStatusEnumType
            return result201.ChangeAvailability(states.scheduled if later else states.accepted)
        given = enums201.LogStatusEnumType.accepted if chance >= 15 else enums201.LogStatusEnumType.rejected
        return result201.GetLog(given, filename=f"{self.id}.log")

    def _restarted(self, chance: int) -> bool:
        if chance < 15:
            return False
        self.status, self.error = "Available", None
        return True

    def _stopped(self) -> bool:
        busy = self.status in ("Charging", "Occupied")
        if busy:
            self.status = "Available" if self.modern else "Finishing"
        return busy

    def _switched(self, usable: bool) -> bool:
        """Whether a running session must end first."""
        if self.status in ("Charging", "Occupied"):
            return True
        self.status = "Available" if usable else "Unavailable"
        return False


def asked_16(act: RemoteAct, connector: int) -> object:
    """A remote act as a message of OCPP 1.6."""
    match act:
        case RemoteAct.RESTART:
            return call16.Reset(type=enums16.ResetType.soft)
        case RemoteAct.UNLOCK:
            return call16.UnlockConnector(connector_id=connector)
        case RemoteAct.STOP:
            return call16.RemoteStopTransaction(transaction_id=TRANSACTION)
        case RemoteAct.DISABLE:
            return call16.ChangeAvailability(connector_id=0, type=enums16.AvailabilityType.inoperative)
        case RemoteAct.ENABLE:
            return call16.ChangeAvailability(connector_id=0, type=enums16.AvailabilityType.operative)
        case RemoteAct.DIAGNOSTICS:
            return call16.GetDiagnostics(location=LOGS)


def asked_201(act: RemoteAct, connector: int) -> object:
    """A remote act as a message of OCPP 2.0.1."""
    match act:
        case RemoteAct.RESTART:
            return call201.Reset(type=enums201.ResetEnumType.on_idle)
        case RemoteAct.UNLOCK:
            return call201.UnlockConnector(evse_id=connector, connector_id=1)
        case RemoteAct.STOP:
            return call201.RequestStopTransaction(transaction_id=str(TRANSACTION))
        case RemoteAct.DISABLE:
            return call201.ChangeAvailability(operational_status=enums201.OperationalStatusEnumType.inoperative)
        case RemoteAct.ENABLE:
            return call201.ChangeAvailability(operational_status=enums201.OperationalStatusEnumType.operative)
        case RemoteAct.DIAGNOSTICS:
            where = types201.LogParametersType(remote_location=LOGS)
            return call201.GetLog(log=where, log_type=enums201.LogEnumType.diagnostics_log, request_id=1)


def folded(act: RemoteAct, result: object) -> RemoteAnswer:
    """What a charger answered, in the words of both versions folded together."""
    status = getattr(result, "status", None)
    if status is None:  # 1.6 names a file, or there is nothing to send
        return RemoteAnswer.ACCEPTED if getattr(result, "file_name", None) else RemoteAnswer.REJECTED
    if status == enums201.UnlockStatusEnumType.unknown_connector and act is RemoteAct.UNLOCK:
        return RemoteAnswer.NOT_SUPPORTED
    return RemoteAnswer(str(status.value))


def lot(charger: str, act: str) -> int:
    """A number from 0 to 99 that depends only on the charger and the act."""
    return int.from_bytes(hashlib.sha256(f"{act}:{charger}".encode()).digest()[:4], "big") % 100


def _made(charger: str) -> Charger:
    chance, modern = lot(charger, "status"), lot(charger, "protocol") < 40
    if chance < 6:
        return Charger(charger, modern, "Unavailable", heard=False)
    if chance < 12:
        return Charger(charger, modern, "Faulted", "ConnectorLockFailure")
    busy = "Occupied" if modern else "Charging"
    return Charger(charger, modern, "Available" if chance < 70 else busy)
