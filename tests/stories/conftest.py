"""A house that is open, and the process that mails are read in, for the stories that need no other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from channels.parsing import Parsers
from gateway.config import Config
from tests.fakes.house import House, open_house


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def parsers() -> AsyncIterator[Parsers]:
    pool = Parsers(domains={"support.example"})
    await pool.start()
    yield pool
    await pool.stop()
