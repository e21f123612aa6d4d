"""What a charger's own alarm says: fault code, category, danger, and what may safely be done from afar.

Codes of OCPP 1.6, of ChargeX (MREC) and of vendors are tables in alarms.toml. An unknown code is an outage until a
person knows better. Pure; `parse_alarms` collects every fault of the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routing.values import Alarm, Category
from routing.words import fold

_MREC = re.compile(r"\bcx0?(\d{2})\b")
_REMOTE = frozenset({"unlock", "restart"})
_DEGREES = re.compile(r"(-?\d{1,3})\s*(?:°|deg|c\b)")
_HARMLESS_HEAT = re.compile(r"derat|reduc|limit|throttl")
_HOT = 75
_INOPERATIVE = frozenset({"Faulted", "Unavailable", "Offline"})


@dataclass(frozen=True, slots=True)
class FaultCode:
    """A code as the trade knows it; `inoperative` is what it amounts to while nothing can be charged at all, and
    `remote` are remote actions that can do no harm."""

    code: str
    category: Category
    inoperative: Category
    danger: bool
    remote: tuple[str, ...]
    mrec: str | None
    ocpp: str | None


@dataclass(frozen=True, slots=True)
class Alarms:
    codes: Mapping[str, FaultCode]
    statuses: Mapping[str, Category]
    words: tuple[tuple[tuple[str, ...], str], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What an alarm was understood as. `recovered`: the charger says that nothing is wrong any more."""

    code: str | None
    category: Category
    danger: bool
    recovered: bool = False


def read_alarm(alarms: Alarms, alarm: Alarm) -> Fault:
    """Interpret an alarm: its own code, a ChargeX code in the vendor's field, a vendor's words, its status."""
    told = " ".join(filter(None, (alarm.vendor_code, alarm.info)))
    code = _code_of(alarms, alarm, told)
    if code is None:
        return _by_status(alarms, alarm)
    found = alarms.codes[code]
    category, danger = found.category, found.danger
    if alarm.status in _INOPERATIVE:
        category = found.inoperative
    if code == "HighTemperature" and _is_only_derating(fold(told)):
        category, danger = Category.SLOW, False
    return Fault(code, category, danger)


def _code_of(alarms: Alarms, alarm: Alarm, told: str) -> str | None:
    error = alarm.error or ""
    mrec = _MREC.search(fold(f"{told} {error}"))
    if mrec and f"CX0{mrec[1]}" in alarms.codes:
        return f"CX0{mrec[1]}"
    if error in alarms.codes and error != "OtherError":
        return error
    for text in (error, alarm.vendor_code or "", alarm.info or ""):
        code = _by_words(alarms, text)
        if code:
            return code
    return "OtherError" if error and error != "NoError" else None


def _by_words(alarms: Alarms, text: str) -> str | None:
    plain = "".join(c for c in fold(text) if c.isalnum())
    if not plain or plain in ("noerror", "othererror"):
        return None
    return next((code for holds, code in alarms.words if any(word in plain for word in holds)), None)


def _by_status(alarms: Alarms, alarm: Alarm) -> Fault:
    category = alarms.statuses.get(alarm.status or "")
    if category:
        return Fault(None, category, danger=False)
    return Fault(None, Category.OTHER, danger=False, recovered=bool(alarm.status))


def _is_only_derating(text: str) -> bool:
    """Warm electronics that slow down are a nuisance, not a danger, while the figures say so."""
    degrees = [int(d) for d in _DEGREES.findall(text)]
    return bool(_HARMLESS_HEAT.search(text)) and max(degrees, default=0) < _HOT and "rising" not in text


def parse_alarms(table: Mapping[str, Any], faults: list[str]) -> Alarms:
    """The tables of alarms.toml; every fault is added to `faults`, one line each."""
    codes = {}
    for code, row in table.get("codes", {}).items():
        if row.get("category") not in set(Category):
            faults.append(f"alarms.toml: {code}: unknown category {row.get('category')!r}")
            continue
        remote = tuple(row.get("remote", ()))
        danger = bool(row.get("danger", False))
        if not set(remote) <= _REMOTE:
            faults.append(f"alarms.toml: {code}: unknown remote action")
        if danger and remote:
            faults.append(f"alarms.toml: {code}: nothing is done from afar where there is danger")
        if danger is not (row["category"] == Category.SAFETY):
            faults.append(f"alarms.toml: {code}: danger and safety go together")
        inoperative = row.get("inoperative", row["category"])
        if inoperative not in set(Category) or (danger and inoperative != row["category"]):
            faults.append(f"alarms.toml: {code}: {inoperative!r} while inoperative")
            continue
        codes[code] = FaultCode(
            code, Category(row["category"]), Category(inoperative), danger, remote, row.get("mrec"), row.get("ocpp")
        )
    words = tuple((tuple(row.get("holds", ())), row.get("code", "")) for row in table.get("words", []))
    faults += [f"alarms.toml: words lead to unknown code {code!r}" for _, code in words if code not in codes]
    if "OtherError" not in codes:
        faults.append("alarms.toml: OtherError is missing, the code of what is unknown")
    statuses = {k: Category(v) for k, v in table.get("statuses", {}).items() if v in set(Category)}
    return Alarms(codes, statuses, words)
