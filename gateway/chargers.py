"""Which charger back end this installation has: the one that CHARGERS_URL names, else the demo fleet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession

from channels.chargers import DemoFleet, HttpChargers
from channels.report import Chargers
from gateway.clock import Clock
from gateway.config import Config


@asynccontextmanager
async def connect_chargers(config: Config, clock: Clock) -> AsyncIterator[Chargers]:
    """The back end, for as long as the block lasts."""
    if config.chargers_url is None:
        yield DemoFleet(clock.now)
        return
    async with ClientSession() as session:
        yield HttpChargers(session, config.chargers_url)
