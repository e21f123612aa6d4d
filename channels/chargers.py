"""Remote help: the charging platform's back end, over HTTP.

The contract is written down in docs/operations/chargers.md. Relative to CHARGERS_URL, JSON both ways:
`GET chargers/{id}` answers `{"status", "error", "at"}` or 404; `POST chargers/{id}/{act}` answers `{"answer"}`, one of
the words of `RemoteAnswer`. No act ever raises: whatever goes wrong within ten seconds is `Unreachable`.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from channels.report import ChargerStatus, RemoteAct, RemoteAnswer

log = structlog.get_logger()
PATIENCE = ClientTimeout(total=10)
FAULTS = (ClientError, TimeoutError, ValueError, KeyError, TypeError)


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
        except FAULTS as error:
            log.warning("chargers.unreachable", charger=charger, error=type(error).__name__)
            return None

    async def restart(self, charger: str) -> RemoteAnswer:
        return await self.act(charger, RemoteAct.RESTART)

    async def unlock(self, charger: str, connector: int) -> RemoteAnswer:
        return await self.act(charger, RemoteAct.UNLOCK, connector)

    async def act(self, charger: str, act: RemoteAct, connector: int | None = None) -> RemoteAnswer:
        url, body = self._base / charger / act, {} if connector is None else {"connector": connector}
        try:
            async with self._session.post(url, json=body, timeout=PATIENCE, allow_redirects=False) as answer:
                if answer.status != 200:
                    return RemoteAnswer.UNREACHABLE
                return RemoteAnswer((await answer.json())["answer"])
        except FAULTS as error:
            log.warning("chargers.unreachable", charger=charger, act=act, error=type(error).__name__)
            return RemoteAnswer.UNREACHABLE
