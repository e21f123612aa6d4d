"""Figures by mail on the morning after, once; the SLA report of any owner."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.clock import SetClock
from gateway.config import Config
from gateway.figures import mailed_figures
from gateway.record.facts import midnight
from tests.fakes.house import House, open_house

PASSWORD = "a quiet shift for everybody"
SUNDAY = datetime(2026, 10, 25, 9, tzinfo=UTC)  # the day on which clocks go back
ADVANCE = timedelta(minutes=20)


@pytest.fixture
async def clock() -> SetClock:
    return SetClock(SUNDAY)


@pytest.fixture
async def house(config: Config, clock: SetClock) -> AsyncIterator[House]:
    async with open_house(config, clock=clock) as house:
        await house.hire("a01", PASSWORD, "manager")
        assert (await house.log_in("agent01@support.example", PASSWORD)).status == 303
        yield house


async def post(house: House, **fields: str) -> None:
    data = {"csrf": await house.csrf("/managers/reports"), **fields}
    assert (await house.client.post("/managers/reports", data=data, allow_redirects=False)).status == 303


async def mails(house: House) -> list[tuple[str, str, str]]:
    rows = await house.runtime.db.rows(
        "SELECT c.recipient, c.subject, c.text FROM messages m JOIN message_contents c ON c.message_id = m.id"
        " WHERE m.kind = 'figures' ORDER BY m.id"
    )
    return [(row["recipient"], row["subject"], row["text"]) for row in rows]


async def test_figures_come_by_mail_once_on_the_morning_after(house: House, clock: SetClock) -> None:
    for period in ("day", "week", "month", "century"):
        await post(house, period=period, act="order")
    case = (await house.report("Laddaren 22809 startar inte", **{"from": {"email": "p@example.com"}}))["case"]
    clock.forward(ADVANCE)
    await house.api("POST", f"/cases/{case}/reply", {"as": "a01", "text": "Vi tittar på det."})
    assert await mailed_figures.mail_due(house.runtime) == 0
    clock.put(midnight(date(2026, 10, 26)) + timedelta(hours=7))
    assert await mailed_figures.mail_due(house.runtime) == 2  # Sunday's and the week's
    assert await mailed_figures.mail_due(house.runtime) == 0
    told = {subject: (recipient, text) for recipient, subject, text in await mails(house)}
    assert set(told) == {"Siffror för 2026-10-25", "Siffror för veckan 2026-10-19 till 2026-10-25"}
    recipient, text = told["Siffror för 2026-10-25"]
    assert recipient == "agent01@support.example"
    assert re.search(r"Svarstid, medel: 20 min.*20 min / 1", text), text
    assert "/managers/figures.csv?from=2026-10-25&to=2026-10-25" in text
    assert (await house.log_in("agent01@support.example", PASSWORD)).status == 303  # the session was too old
    await post(house, period="day", act="cancel")
    clock.put(midnight(date(2026, 11, 1)) + timedelta(hours=12))
    assert await mailed_figures.mail_due(house.runtime) == 1  # October
    assert (await mails(house))[-1][1] == "Siffror för månaden 2026-10-01 till 2026-10-31"
    await house.runtime.db.run("UPDATE agents SET role = 'agent' WHERE id = 'a01'")
    clock.put(midnight(date(2026, 11, 2)) + timedelta(hours=12))
    assert await mailed_figures.mail_due(house.runtime) == 0  # whoever may not see figures is sent none


@pytest.mark.parametrize(
    ("period", "today", "first", "after"),
    [
        ("day", date(2028, 3, 1), date(2028, 2, 29), date(2028, 3, 1)),
        ("week", date(2026, 1, 4), date(2025, 12, 22), date(2025, 12, 29)),
        ("month", date(2027, 1, 31), date(2026, 12, 1), date(2027, 1, 1)),
    ],
)
def test_periods_that_are_over(period: str, today: date, first: date, after: date) -> None:
    assert mailed_figures.over(period, today) == (first, after)
    morning = mailed_figures.following(period, midnight(today))
    assert morning.hour == 7
    assert mailed_figures.following(period, morning) > morning


async def test_the_sla_report_of_an_owner_as_page_and_csv(house: House) -> None:
    directory = house.runtime.directory()
    charger = directory.chargers["21007"]
    owner = directory.owner_of(charger.site_id)
    case = (await house.report("Laddaren 21007 startar inte", **{"from": {"email": "p@example.com"}}))["case"]
    page = await (await house.client.get(f"/managers/reports?owner={owner}&month=2026-10&language=en")).text()
    assert f"/console/cases/{case}" in page
    assert "Targets met" in page
    file = await (await house.client.get(f"/managers/sla.csv?owner={owner}&month=2026-10")).text()
    assert case in file
    other = next(one for one in directory.owners if one != owner)
    assert case not in await (await house.client.get(f"/managers/sla.csv?owner={other}&month=2026-10")).text()
    assert (await house.client.get("/managers/reports?owner=nobody&month=x")).status == 400
    assert (await house.client.get("/managers/reports?owner=nobody")).status == 200
