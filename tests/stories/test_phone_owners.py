"""An owner on the telephone: a registered number opens nothing, the code from the portal does, and guessing ends it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from gateway.clock import SetClock
from gateway.config import Config, load
from gateway.phone.lookups import PIN_MISSES, RecordedOwners
from tests.fakes.house import House, open_house
from tests.fakes.phone import Line
from tests.stories.test_phone_house import OURS, line_to
from tests.stories.test_portal import MEI, NOW, visiting

REGISTERED = "+46701740605"


@pytest.fixture
async def house(environ: dict[str, str], database_url: str, redis_url: str) -> AsyncIterator[House]:
    config: Config = load(
        {
            **environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "TWILIO_NUMBERS": OURS,
            "TWILIO_AUTH_TOKEN": "token-of-the-provider",
        }
    )
    async with open_house(config, clock=SetClock(NOW)) as opened:
        yield opened


async def new_pin(house: House) -> str:
    async with visiting(house, MEI) as mei:
        page = await (await mei.post("/portal/pin", {})).text()
    found = re.search(r"\b(\d{6})\b", page)
    assert found, page
    return found[1]


async def asks(line: Line, pin: str) -> str:
    call = await line.call(REGISTERED)
    new = "For English" in call.now_hears
    for keys in ("1", "2", "1", pin) if new else ("2", "1", pin):
        await call.press(keys)
    told = call.now_hears
    await call.hang_up()
    return told


async def test_b12_a_registered_number_and_the_code_of_the_portal_tell_open_cases(house: House) -> None:
    async with line_to(house) as line:
        call = await line.call(REGISTERED)
        await call.press("1")
        assert "öppna ärenden" not in await call.press("2")
        pin = await new_pin(house)
        await house.report("Laddaren är helt död", charger="21007", **{"from": {"phone": "+46846500422"}})
        told = await asks(line, pin)
        assert "Antal öppna ärenden: 1. BRF Solrosen" in told
        assert "Koden stämmer inte" in await asks(line, f"{(int(pin) + 1) % 10**6:06d}")
        fresh = await new_pin(house)
        assert "Koden stämmer inte" in await asks(line, pin)
        assert "Antal öppna ärenden" in await asks(line, fresh)
        kept = str(await house.runtime.db.rows("SELECT state FROM call_contents"))
        assert pin not in kept
        assert fresh not in kept


async def test_a_code_that_was_guessed_at_too_often_is_dead_until_there_is_a_new_one(house: House) -> None:
    owners = RecordedOwners(house.runtime)
    pin = await new_pin(house)
    for _ in range(PIN_MISSES - 1):
        assert await owners.open_cases(REGISTERED, "x") is None
    assert await owners.open_cases(REGISTERED, pin) == (0, [])
    for _ in range(PIN_MISSES):
        assert await owners.open_cases(REGISTERED, "x") is None
    assert await owners.open_cases(REGISTERED, pin) is None
    assert await owners.open_cases(REGISTERED, await new_pin(house)) == (0, [])
    assert await owners.open_cases("+46701740606", pin) is None
