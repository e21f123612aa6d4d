"""Remote help: the charging platform's back end, over HTTP or as a small demo fleet.

The HTTP contract, relative to CHARGERS_URL, JSON both ways: `GET chargers/{id}` answers `{"status", "error", "at"}` or
404; `POST chargers/{id}/restart` and `POST chargers/{id}/unlock` with `{"connector"}` answer `{"answer"}`, one of the
words of `RemoteAnswer`. No act ever raises: whatever goes wrong within ten seconds is `Unreachable`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from channels.report import ChargerStatus, RemoteAnswer

log = structlog.get_logger()
PATIENCE = ClientTimeout(total=10)


class HttpChargers:
    """`Chargers` over a back end that speaks the contract above."""

    def __init__(self, session: ClientSession, base: str) -> None:
        self._session = session
        self._base = URL(base.rstrip("/") + "/chargers/")

    async def status(self, charger: str) -> ChargerStatus | None:
        try:
            async with self._session.get(self._base / charger, timeout=PATIENCE, allow_redirects=False) as answer:
                if answer.status != 200:
                    return None
                told = await answer.json()
                at = datetime.fromisoformat(told["at"]) if told.get("at") else None
                return ChargerStatus(charger, str(told["status"]), told.get("error"), at)
        except (ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            log.warning("chargers.unreachable", charger=charger, error=type(error).__name__)
            return None

    async def restart(self, charger: str) -> RemoteAnswer:
        return await self._act(charger, "restart", {})

    async def unlock(self, charger: str, connector: int) -> RemoteAnswer:
        return await self._act(charger, "unlock", {"connector": connector})

    async def _act(self, charger: str, act: str, body: dict[str, int]) -> RemoteAnswer:
        url = self._base / charger / act
        try:
            async with self._session.post(url, json=body, timeout=PATIENCE, allow_redirects=False) as answer:
                if answer.status != 200:
                    return RemoteAnswer.UNREACHABLE
                return RemoteAnswer((await answer.json())["answer"])
        except (ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            log.warning("chargers.unreachable", charger=charger, act=act, error=type(error).__name__)
            return RemoteAnswer.UNREACHABLE


class DemoFleet:
    """A fleet that always answers the same for the same charger: most obey, some fail, some cannot."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    async def status(self, charger: str) -> ChargerStatus | None:
        lot = _lot(charger, "status")
        if lot < 6:
            return ChargerStatus(charger, "Unavailable", None, None)
        if lot < 12:
            return ChargerStatus(charger, "Faulted", "ConnectorLockFailure", self._now())
        return ChargerStatus(charger, "Available" if lot < 70 else "Charging", None, self._now())

    async def restart(self, charger: str) -> RemoteAnswer:
        lot = _lot(charger, "restart")
        if lot < 6:
            return RemoteAnswer.UNREACHABLE
        return RemoteAnswer.REJECTED if lot < 15 else RemoteAnswer.ACCEPTED

    async def unlock(self, charger: str, connector: int) -> RemoteAnswer:
        lot = _lot(charger, "unlock")
        if lot < 6:
            return RemoteAnswer.UNREACHABLE
        if lot < 18:
            return RemoteAnswer.NOT_SUPPORTED
        return RemoteAnswer.UNLOCK_FAILED if lot < 35 else RemoteAnswer.UNLOCKED


def _lot(charger: str, act: str) -> int:
    """A number from 0 to 99 that depends only on the charger and the act."""
    return int.from_bytes(hashlib.sha256(f"{act}:{charger}".encode()).digest()[:4], "big") % 100
