"""An hour of a busy house by a compressed clock: wallboard, export, API and ledger agree to the last digit."""

from __future__ import annotations

import csv
import html
import io
import random
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from gateway import languages
from gateway.clock import SetClock
from gateway.config import Config, load
from gateway.figures import measures
from gateway.figures.figure_words import made_of, written
from gateway.phone.waiting import RecordedLine
from gateway.record.facts import midnight
from gateway.web.managers.wall import TODAY
from measuring.figures import Figure
from tests.fakes.house import House, open_house
from tests.fakes.phone import Line

PASSWORD = "a quiet shift for everybody"
OURS, CALLER = "+46313900100", "+4684650{:04d}"
BEGIN = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # half an hour before the clocks of Stockholm go forward
MINUTE = timedelta(minutes=1)
DISPOSITIONS = ("solved_remotely", "explained", "duplicate")


@pytest.fixture
def config(environ: dict[str, str], database_url: str, redis_url: str) -> Config:
    given = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TWILIO_NUMBERS": OURS}
    return load({**environ, **given, "RECORDING_CONSENT": "never", "TWILIO_AUTH_TOKEN": "token-of-the-provider"})


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config, clock=SetClock(BEGIN)) as house:
        await house.hire("a01", PASSWORD, "manager")
        assert (await house.log_in("agent01@support.example", PASSWORD)).status == 303
        await house.api("POST", "/agents/me/activity", {"as": "a02", "activity": "available"})
        yield house


async def test_wallboard_export_api_and_ledger_agree_all_through_an_hour(house: House) -> None:
    clock, dice = house.runtime.clock, random.Random(29)
    assert isinstance(clock, SetClock)
    line_of = RecordedLine(house.runtime)
    answered, asked = [], set()
    async with aiohttp.ClientSession() as session:
        url = str(house.client.make_url("/")).rstrip("/")
        secret = house.runtime.config.twilio_auth_token
        line = Line(session, url, secret, number=OURS, public_url=house.runtime.config.public_url.rstrip("/"))
        for minute in range(60):
            clock.forward(timedelta(seconds=dice.randrange(30, 60)))
            if minute % 3 == 0:
                mail = {"from": {"email": f"p{minute}@example.com"}}
                case = (await house.report(f"Laddaren {dice.choice((22809, 21007))} startar inte", **mail))["case"]
                clock.forward(timedelta(seconds=dice.randrange(5, 50)))
                if dice.random() < 0.7:
                    await house.api("POST", f"/cases/{case}/reply", {"as": "a02", "text": "Vi tittar på det."})
                if dice.random() < 0.5:
                    done = {"as": "a02", "disposition": dice.choice(DISPOSITIONS), "text": "Klart."}
                    await house.api("POST", f"/cases/{case}/conclude", done)
                    if dice.random() < 0.3:
                        await house.api("POST", f"/cases/{case}/reopen", {"as": "a02", "reason": "Inte alls."})
            if minute % 6 == 1:
                before = {one["number"] for one in await house.cases()}
                call = await line.call(CALLER.format(minute))
                for keys in ("1", "2", "0"):
                    await call.press(keys)
                (number,) = {one["number"] for one in await house.cases()} - before
                clock.forward(timedelta(seconds=dice.randrange(2, 140)))
                if dice.random() < 0.7:
                    await house.api("POST", f"/cases/{number}/claim", {"as": "a02"})
                    await line_of.answered(call.sid)
                    clock.forward(timedelta(seconds=dice.randrange(40, 300)))
                    answered.append(number)
                await call.hang_up()
            if minute in (19, 39, 59):
                asked |= await compare(house)
    assert len(answered) >= 4
    assert {"asa", "abandonment", "response_time_p90", "sla_attainment", "reopen_rate", "talk_time"} <= asked


async def compare(house: House) -> set[str]:
    """Every figure of today, four ways; returns which there were."""
    now = house.runtime.clock.now()
    since, to = midnight(BEGIN.date()), midnight(BEGIN.date() + timedelta(days=1))
    assert to.astimezone(UTC) - since.astimezone(UTC) == timedelta(hours=23)
    file = await (await house.client.get("/managers/figures.csv?period=day&by=channel")).text()
    rows = list(csv.DictReader(io.StringIO(file.removeprefix("\ufeff"))))
    exported = {(row["measure"], row["channel"]): (row["value"], row["numerator"], row["denominator"]) for row in rows}
    query = {"from": since.isoformat(), "to": to.isoformat(), "by": "channel"}
    headers = {"Authorization": f"Bearer {house.admin}"}
    async with house.client.get("/api/v1/measures", params=query, headers=headers) as answer:
        items = (await answer.json())["items"]
    told = {
        (one["measure"], one["key"] or ""): tuple(
            "" if one[part] is None else repr(one[part]) for part in ("value", "numerator", "denominator")
        )
        for one in items
    }
    steady = {key for key in told if key[0] not in ("uptime", "backlog_age_median", "backlog_age_p90")}
    assert {key: numbers(told[key]) for key in steady} == {key: numbers(exported[key]) for key in steady}
    wall = html.unescape(await (await house.client.get("/managers/wall?language=en")).text())
    book = languages.catalogue("en")
    figures = {one["measure"]: one for one in items if one["key"] is None}
    for name in TODAY:
        if name in figures and name in {measure for measure, _ in steady}:
            one = figures[name]
            figure = Figure(name, None, one["value"], one["unit"], one["numerator"], one["denominator"], one["formula"])
            label, value = book.code("measure", name), written(one["value"], one["unit"], book)
            tile = rf'{re.escape(label)}</span><span class="value">{re.escape(value)}</span>'
            assert re.search(tile + rf'<span class="s muted">{re.escape(made_of(figure, book))}', wall), name
    assert await measures.differences(house.runtime.db, now) == []
    return {measure for measure, _ in steady}


def numbers(parts: tuple[str, ...]) -> tuple[float | None, ...]:
    return tuple(float(part) if part else None for part in parts)
