"""A house that is open, a provider of telephony and the way to it, and the process that mails are read in, for the
stories that need no other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from channels.parsing import Parsers
from channels.provider import Account, Provider
from gateway.config import Config
from tests.fakes import provider as fakes
from tests.fakes.house import House, open_house


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config) as opened:
        yield opened


@pytest.fixture
async def peer() -> fakes.Provider:
    return fakes.Provider()


@pytest.fixture
async def port(peer: fakes.Provider) -> AsyncIterator[Provider]:
    async with TestServer(peer.app()) as server, ClientSession() as session:
        url = str(server.make_url("/")).rstrip("/")
        yield Provider(Account(fakes.ACCOUNT, "token", url, "https://support.example"), session)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def parsers() -> AsyncIterator[Parsers]:
    pool = Parsers(domains={"support.example"})
    await pool.start()
    yield pool
    await pool.stop()
