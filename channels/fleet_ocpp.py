"""Remote acts on the simulated chargers in OCPP's own messages, of 1.6 or 2.0.1, and what a charger answers to them."""

from __future__ import annotations

from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v16 import enums as enums16
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from ocpp.v201 import datatypes as types201
from ocpp.v201 import enums as enums201

from channels.fleet import Charger, lot
from channels.report import RemoteAct, RemoteAnswer

TRANSACTION = 1  # every demo charger has at most one
LOGS = "https://logs.invalid/"  # where a charger would send its diagnostics


def answered(charger: Charger, act: RemoteAct, connector: int) -> RemoteAnswer:
    """What a charger that can be reached does and says when it is asked for an act."""
    request = (asked_201 if charger.modern else asked_16)(act, connector)
    charger.told.append(request)
    chance = lot(charger.id, act)
    return folded(act, (_answer_201 if charger.modern else _answer_16)(charger, request, chance))


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


def _answer_16(charger: Charger, request: object, chance: int) -> object:
    if isinstance(request, call16.Reset):
        obeyed = charger.restarted(chance)
        return result16.Reset(enums16.ResetStatus.accepted if obeyed else enums16.ResetStatus.rejected)
    if isinstance(request, call16.UnlockConnector):
        if chance < 18:
            return result16.UnlockConnector(enums16.UnlockStatus.not_supported)
        failed = enums16.UnlockStatus.unlock_failed
        return result16.UnlockConnector(failed if chance < 35 else enums16.UnlockStatus.unlocked)
    if isinstance(request, call16.RemoteStopTransaction):
        stopped = charger.stopped()
        ok, no = enums16.RemoteStartStopStatus.accepted, enums16.RemoteStartStopStatus.rejected
        return result16.RemoteStopTransaction(ok if stopped else no)
    if isinstance(request, call16.ChangeAvailability):
        usable = request.type is enums16.AvailabilityType.operative
        later = charger.switched(usable)
        return result16.ChangeAvailability(
            enums16.AvailabilityStatus.scheduled if later else enums16.AvailabilityStatus.accepted
        )
    return result16.GetDiagnostics(f"{charger.id}.log" if chance >= 15 else None)


def _answer_201(charger: Charger, request: object, chance: int) -> object:
    if isinstance(request, call201.Reset):
        ok, no = enums201.ResetStatusEnumType.accepted, enums201.ResetStatusEnumType.rejected
        return result201.Reset(ok if charger.restarted(chance) else no)
    if isinstance(request, call201.UnlockConnector):
        if chance < 18:
            return result201.UnlockConnector(enums201.UnlockStatusEnumType.unknown_connector)
        failed = enums201.UnlockStatusEnumType.unlock_failed
        return result201.UnlockConnector(failed if chance < 35 else enums201.UnlockStatusEnumType.unlocked)
    if isinstance(request, call201.RequestStopTransaction):
        stopped = charger.stopped()
        ok, no = enums201.RequestStartStopStatusEnumType.accepted, enums201.RequestStartStopStatusEnumType.rejected
        return result201.RequestStopTransaction(ok if stopped else no)
    if isinstance(request, call201.ChangeAvailability):
        later = charger.switched(request.operational_status is enums201.OperationalStatusEnumType.operative)
        states = enums201.ChangeAvailabilityStatusEnumType
        return result201.ChangeAvailability(states.scheduled if later else states.accepted)
    given = enums201.LogStatusEnumType.accepted if chance >= 15 else enums201.LogStatusEnumType.rejected
    return result201.GetLog(given, filename=f"{charger.id}.log")
