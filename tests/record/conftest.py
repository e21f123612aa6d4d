"""A gateway on a database of the test's own, with the demo's master data and a clock that stands where it is put."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from gateway.clock import SetClock
from gateway.config import Config
from gateway.runtime import Runtime, open_runtime
from tests.fakes.clock import LeaseClock

NOON = datetime(2026, 9, 15, 10, 0, tzinfo=UTC)  # a Tuesday, 12:00 in Stockholm


@pytest.fixture
def clock(database_url: str) -> SetClock:
    return LeaseClock(NOON, database_url)


@pytest.fixture
async def runtime(config: Config, clock: SetClock) -> AsyncIterator[Runtime]:
    async with open_runtime(config, "test", clock) as opened:
        yield opened
