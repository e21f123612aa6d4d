"""An owner on the telephone: a registered number opens nothing, the code from the portal does, and guessing ends it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.clock import SetClock
from gateway.config import Config, load
from gateway.people.passwords import Passwords
from gateway.phone.lookups import PIN_MISSES, RecordedOwners
from tests.fakes.house import CHEAP, House, open_house
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


async def test_a_code_that_is_guessed_at_by_many_calls_at_once_is_looked_at_no_oftener(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners = RecordedOwners(house.runtime)
    pin = await new_pin(house)
    looked_at: list[str] = []

    async def correct(self: Passwords, hashed: str | None, password: str) -> bool:
        looked_at.extend([password] if hashed else [])
        return False

    with monkeypatch.context() as patch:
        patch.setattr(Passwords, "correct", correct)
        guesses = await asyncio.gather(*(owners.open_cases(REGISTERED, "x") for _ in range(2 * PIN_MISSES)))
    assert set(guesses) == {None}
    assert len(looked_at) == PIN_MISSES
    assert await owners.open_cases(REGISTERED, pin) is None


async def test_whoever_looks_after_two_owners_by_one_number_hears_of_the_one_whose_code_they_key(house: House) -> None:
    owners, db = RecordedOwners(house.runtime), house.runtime.db
    pin = await new_pin(house)
    await house.report("Laddaren är helt död", charger="21007", **{"from": {"phone": "+46846500422"}})
    found = await owners.open_cases(REGISTERED, pin)
    assert found is not None
    other = "UPDATE owners SET phone = %(phone)s, pin_hash = %(hash)s WHERE id = 'o002'"
    await db.run(other, {"phone": REGISTERED, "hash": await Passwords(hasher=CHEAP).hashed("another")})
    for _ in range(2 * PIN_MISSES):
        assert await owners.open_cases(REGISTERED, pin) == found
        assert await owners.open_cases(REGISTERED, "another") == (0, [])
    for _ in range(PIN_MISSES):
        assert await owners.open_cases(REGISTERED, "x") is None
    assert await owners.open_cases(REGISTERED, pin) is None
    assert await owners.open_cases(REGISTERED, "another") is None


async def test_who_waits_for_a_part_is_not_told_that_an_answer_is_waited_for(house: House) -> None:
    case = (await house.report("Laddaren är helt död", charger="21007", **{"from": {"phone": "+46846500422"}}))["case"]
    row = await house.runtime.db.row("SELECT code FROM reports")
    assert row is not None
    pin = await new_pin(house)
    assert (await house.api("POST", f"/cases/{case}/claim", {"as": "a01"}))[0] == 200
    assert (await house.api("POST", f"/cases/{case}/reply", {"as": "a01", "text": "Hej!"}))[0] == 200

    async def asked(line: Line) -> str:
        call = await line.call("+46846500422")
        for keys in ("1", "2", "4", f"{case.replace('-', '')}#", row["code"]):
            await call.press(keys)
        return call.now_hears

    async with line_to(house) as line:
        for words, data in (
            ("väntar på något som vi behöver", {"for": "other", "reason": "en ny kontaktor"}),
            ("väntar på svar", {"reason": "vilket uttag det är"}),
        ):
            until = (NOW + timedelta(days=2)).isoformat()
            status, problem = await house.api("POST", f"/cases/{case}/wait", {"as": "a01", "until": until, **data})
            assert status == 200, problem
            told = await asked(line), await asks(line, pin)
            assert [words in one for one in told] == [True, True], told
