"""Which charger back end this installation has: the one that CHARGERS_URL names, else the demo fleet.

Nothing is done from afar where danger to people is open: at the charger itself, or at its site when nobody knows which
charger is meant. Who cannot find out does nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession

from channels.chargers import HttpChargers
from channels.fleet import DemoFleet
from channels.report import Chargers, ChargerStatus, Fleet, RemoteAnswer
from gateway.clock import Clock
from gateway.config import Config
from gateway.record.db import Database, statements

SQL = statements("known")


@asynccontextmanager
async def connect_chargers(config: Config, clock: Clock) -> AsyncIterator[Fleet]:
    """The back end, for as long as the block lasts."""
    if config.chargers_url is None:
        yield DemoFleet(clock.now)
        return
    async with ClientSession() as session:
        yield HttpChargers(session, config.chargers_url)


async def in_danger(db: Database, charger: str) -> bool:
    """Whether an open case speaks of danger to people there. Raises Unavailable."""
    row = await db.row(SQL["danger"], {"charger": charger})
    return bool(row and row["danger"])


class CarefulChargers:
    """`Chargers` that refuse while there is danger: for callers, who act before any case of theirs is open."""

    def __init__(self, chargers: Chargers, db: Database) -> None:
        self._chargers, self._db = chargers, db

    async def status(self, charger: str) -> ChargerStatus | None:
        return await self._chargers.status(charger)

    async def restart(self, charger: str) -> RemoteAnswer:
        if await in_danger(self._db, charger):
            return RemoteAnswer.REJECTED
        return await self._chargers.restart(charger)

    async def unlock(self, charger: str, connector: int) -> RemoteAnswer:
        if await in_danger(self._db, charger):
            return RemoteAnswer.REJECTED
        return await self._chargers.unlock(charger, connector)
