"""F39, B91: waves of reports about one thing are one incident, and what is not about it stays apart."""

from __future__ import annotations

import asyncio
import random
import smtplib
import time
from collections import Counter
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path

import pytest

from channels.report import Channel, Report, Sender
from gateway.clock import SystemClock
from gateway.config import Config
from gateway.runtime import open_runtime
from tests.fakes.house import FORM_TOKEN
from tests.stories.test_phone_oncall import Night, night, on_call
from tests.stories.test_twins import Twins, twins

__all__ = ["night", "twins"]

SITE = (
    "Alla laddare på Rosengången i Kungsbacka är döda, hela garaget är svart",
    "rosengången kungsbacka inga laddare lyser det är mörkt överallt",
    "All chargers in the garage at Rosengången in Kungsbacka are dead, no lights at all",
    "Ingen laddare fungerar på Rosengången i Kungsbacka, allt är släckt",
)
OUTAGE = (
    "Appen ligger nere, går inte att starta laddningen",
    "your app is down, it just spins, nobody can start a charge",
    "Appen kraschar hela tiden, är det driftstörning?",
    "Die App funktioniert nicht, Serverfehler, niemand kann laden",
    "appen fungerar inte, ingen kan logga in",
    "App er nede, får ikke startet lading",
)
SPOOLED = 240.0  # seconds in which all of a storm is in the record, whatever else the machine does
DANGER = "Det brinner i laddaren, det ryker och sprakar!"
APART = (
    ("25634 på badhuset i Halmstad startar inte", "no_start"),
    ("Jag vill ha kvitto för laddningen i maj", "payment"),
    ("Kabeln sitter fast i bilen vid laddare 21800", "cable_stuck"),
)


@pytest.mark.asyncio(loop_scope="module")
async def test_f39_three_hundred_reports_about_one_site_through_many_doors_are_one_incident(twins: Twins) -> None:
    chance = random.Random(39)
    landed: Counter[str] = Counter()
    slowest = 0.0

    async def by_api(nth: int) -> None:
        nonlocal slowest
        began = time.monotonic()
        body = {"from": {"phone": f"+4670{nth:07}"}, "text": chance.choice(SITE)}
        url = f"http://127.0.0.1:{twins.web[nth % 2]}/api/v1/reports"
        async with twins.http.post(url, json=body, headers={"Idempotency-Key": f"storm {nth}"}) as answer:
            landed[(await answer.json())["case"]] += 1
        slowest = max(slowest, time.monotonic() - began)

    def by_mail(nth: int) -> None:
        sender = f"driver{nth}@mail.example"
        head = f"From: {sender}\r\nTo: support@support.example\r\nMessage-ID: <{nth}@mail.example>\r\n"
        with smtplib.SMTP("127.0.0.1", twins.smtp[nth % 2], timeout=30) as door:
            door.sendmail(sender, ["support@support.example"], f"{head}\r\n{chance.choice(SITE)}\r\n".encode())

    async def by_form(nth: int) -> None:
        url = f"http://127.0.0.1:{twins.web[nth % 2]}/report"
        async with twins.http.get(url) as shown:
            found = FORM_TOKEN.search(await shown.text())
        assert found
        fields = {"form_token": found[1], "text": chance.choice(SITE), "phone": f"070{nth:07}"}
        async with twins.http.post(url, data=fields, allow_redirects=False) as answer:
            assert answer.status in (202, 303), await answer.text()  # 202: over its rate, spooled

    def by_door(nth: int) -> Coroutine[object, object, None]:
        return asyncio.to_thread(by_mail, nth) if nth % 3 == 0 else by_api(nth) if nth % 3 == 1 else by_form(nth)

    await by_api(0)
    began = time.monotonic()
    for start in range(1, 300, 23):
        nths = range(start, min(300, start + 23))
        await asyncio.gather(*(by_door(n) for n in nths))
    apart = [
        (await twins.report(0, f"apart {n}", text, f"+4680{n:07}", charger=""))["case"]
        for n, (text, _) in enumerate(APART)
    ]
    assert len(landed) == 1, landed
    number = next(iter(landed))
    incident = await twins.case(1, number)
    while len(incident["reports"]) < 300 and time.monotonic() < began + SPOOLED:
        incident = await twins.case(1, number)
    assert len(incident["reports"]) == 300
    assert (incident["site"], incident["priority"], incident["category"]) == ("s027", "P2", "offline")
    assert len({*apart, incident["number"]}) == 1 + len(APART)
    assert slowest < 5.0


@pytest.fixture
async def filled(config: Config) -> Config:
    return config


async def test_b91_three_thousand_reports_about_an_app_outage_are_one_incident(filled: Config, tmp_path: Path) -> None:
    chance = random.Random(91)
    async with open_runtime(filled, "test") as runtime:
        began = SystemClock().now()

        def report(nth: int, text: str) -> Report:
            return Report(
                channel=chance.choice([Channel.PHONE, Channel.SMS, Channel.FORM]),
                key=f"outage {nth}",
                received_at=began + timedelta(seconds=nth / 10),
                text=text,
                sender=Sender(None, f"+4670{nth:07}", None),
                raw=text.encode(),
                raw_type="text/plain",
            )

        cases: Counter[str] = Counter()
        for start in range(0, 3000, 60):
            given = [report(nth, chance.choice(OUTAGE)) for nth in range(start, start + 60)]
            for receipt in await asyncio.gather(*map(runtime.intake.accept, given)):
                cases[receipt.case] += 1
        others = [await runtime.intake.accept(report(5000 + n, text)) for n, (text, _) in enumerate(APART)]
        assert [receipt.category for receipt in others] == [category for _, category in APART]
        assert not cases.keys() & {receipt.case for receipt in others}
        assert cases.most_common(1)[0][1] == 3000, cases


async def test_f39_a_hundred_reports_of_one_danger_ring_one_telephone_a_step(night: Night) -> None:
    await on_call(night, "a17", "a18")
    cases = set()
    for start in range(0, 100, 20):
        phones = [f"+4670{nth:07}" for nth in range(start, start + 20)]
        told = (night.house.report(DANGER, charger="21007", **{"from": {"phone": phone}}) for phone in phones)
        cases |= {receipt["case"] for receipt in await asyncio.gather(*told)}
        await night.work()
    assert len(cases) == 1
    assert len(night.rung()) == 1
    await night.later(30)
    assert len(night.rung()) == 1
    await night.later(30)
    assert len(night.rung()) == 2
    assert await night.told(cases.pop()) == ["began", "rung", "rung"]
