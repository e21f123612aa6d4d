"""A small simulated fleet: chargers that speak OCPP 1.6 or 2.0.1 and answer remote acts in its own messages.

A charger always behaves the same: most obey, some fail, some cannot, a few are away. What it was told shows in its
status afterwards, until the process ends. It stands in for a back end where none is configured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from channels.report import ChargerStatus, RemoteAct, RemoteAnswer


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
        from channels.fleet_ocpp import answered  # a third of a second that no other start or command shall take

        return answered(known, act, connector or 1)

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

    def restarted(self, chance: int) -> bool:
        if chance < 15:
            return False
        self.status, self.error = "Available", None
        return True

    def stopped(self) -> bool:
        busy = self.status in ("Charging", "Occupied")
        if busy:
            self.status = "Available" if self.modern else "Finishing"
        return busy

    def switched(self, usable: bool) -> bool:
        """Whether a running session must end first."""
        if self.status in ("Charging", "Occupied"):
            return True
        self.status = "Available" if usable else "Unavailable"
        return False


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
