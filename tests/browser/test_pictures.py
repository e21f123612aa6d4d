"""Pictures for the README, taken of a day at work: `pytest tests/browser/test_pictures.py --pictures`."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from gateway import casenumber
from gateway import desk as verbs
from gateway.clock import SetClock
from gateway.config import Config
from gateway.record import worklist
from gateway.trials.samples import read_samples, report_of
from tests.browser.conftest import PASSWORD, Desk
from tests.fakes.house import DEMO, House, open_house

pytestmark = pytest.mark.asyncio(loop_scope="session")
NAMES = {"a01": "Astrid Lindqvist", "a02": "Mohamed Ali", "a03": "Kerstin Åberg", "a04": "Juhani Mäkelä"}
ANSWER = "Hej!\n\nTack för ditt meddelande. Jag har startat om laddaren på distans. Lås upp bilen och prova igen nu."
SMOKE = "det ryker ur laddaren och det luktar bränt, jag vågar inte gå nära"
NOTE = "Same charger as last week. The latch may be worn: field should look at it."
HIRED = "UPDATE agents SET name = %(name)s, activity = 'available' WHERE id = %(id)s"
LAST = 24  # of the reports, of which only some are answered yet


async def live_through_a_day(house: House, clock: SetClock) -> int:
    """Reports come in over twenty hours; agents claim, answer and conclude most. Returns a case worth a picture."""
    chance, runtime = random.Random(7), house.runtime
    async with runtime.db.connection() as connection:
        for agent, name in NAMES.items():
            await connection.execute(HIRED, {"name": name, "id": agent})
    samples = [report_of(sample) for sample in read_samples(DEMO / "reports.jsonl")][:130]
    end = datetime.now(UTC)
    step = timedelta(hours=20) / len(samples)
    for nth, sample in enumerate(samples):
        clock.put(end - step * (len(samples) - nth) + timedelta(seconds=chance.randrange(120)))
        receipt = await runtime.intake.accept(replace(sample, received_at=clock.now(), key=f"day-{nth}"))
        case, agent = casenumber.parse(receipt.case), chance.choice(list(NAMES))
        assert case is not None
        if len(samples) - nth < LAST and chance.random() < (len(samples) - nth < 12) * 0.4 + 0.5:
            continue
        waited = chance.expovariate(1 / 95) if sample.channel == "phone" else chance.expovariate(1 / 900)
        clock.forward(min(timedelta(seconds=20 + waited), step * 3))
        actor = verbs.Actor("agent", agent, "agent")
        try:
            await verbs.claim(runtime, actor, case)
            if sample.channel != "alarm":
                await verbs.reply(runtime, actor, case, ANSWER)
            if chance.random() < 0.5:
                await verbs.note(runtime, actor, case, NOTE)
            if len(samples) - nth >= LAST or chance.random() < 0.4:
                await verbs.conclude(runtime, actor, case, "solved_remotely", "Restarted from here, charges again.")
        except (verbs.Taken, verbs.Refused):
            continue
    clock.put(end - timedelta(minutes=4))
    busy, _ = await worklist.work(runtime.db)
    shown = max((one for one in busy if one.case.priority == "P2"), key=lambda one: one.reports).case.id
    actor = verbs.Actor("agent", "a02", "agent")
    await verbs.claim(runtime, actor, shown)
    clock.forward(timedelta(minutes=2))
    newest, *_ = await verbs.reachable(runtime, shown)
    await verbs.reply(runtime, actor, shown, ANSWER, to=newest.address)
    await verbs.note(runtime, actor, shown, NOTE)
    clock.put(end - timedelta(seconds=20))
    danger = replace(samples[0], text=SMOKE, received_at=clock.now(), key="day-danger", charger="22809")
    await runtime.intake.accept(danger)
    clock.put(end)
    return shown


async def settle(page: Page) -> None:
    await page.wait_for_load_state("load")
    await page.evaluate("document.fonts.ready")
    drawn = "[...document.querySelectorAll('.plot:not([hidden])')].every(one => one.querySelector('canvas'))"
    await page.wait_for_function(drawn)


@pytest.mark.usefixtures("pictures")
async def test_pictures_of_a_day(config: Config, browser: Browser, pictures: Path) -> None:
    clock = SetClock(datetime.now(UTC) - timedelta(hours=21))
    async with open_house(config, clock=clock) as house:
        await house.hire("a01", PASSWORD, "lead")
        shown = casenumber.number(await live_through_a_day(house, clock))
        desk = Desk(house, browser)
        shots = [
            ("console", "/console", {}, "light", "en"),
            ("console-dark", "/console", {}, "dark", "sv"),
            ("case", f"/console/cases/{shown}", {"width": 1680, "height": 1050}, "light", "en"),
            ("case-dark", f"/console/cases/{shown}", {"width": 1680, "height": 1050}, "dark", "sv"),
            ("managers", "/managers", {"width": 1440, "height": 1100}, "light", "en"),
            ("managers-dark", "/managers", {"width": 1440, "height": 1100}, "dark", "sv"),
            ("case-phone", f"/console/cases/{shown}", {"width": 390, "height": 844}, "light", "sv"),
        ]
        async with desk.agent() as page:
            for name, path, size, theme, language in shots:
                await page.set_viewport_size({"width": 1440, "height": 900, **size})
                await page.goto(f"{path}?theme={theme}&language={language}")
                await settle(page)
                await page.screenshot(path=pictures / f"{name}.png")
        async with desk.visitor() as page:
            for name, path, width, theme, language in (
                ("help", "/", 1280, "light", "en"),
                ("help-phone", "/", 390, "light", "sv"),
                ("report-phone", "/c/22809", 390, "dark", "fi"),
            ):
                await page.set_viewport_size({"width": width, "height": 844})
                await page.goto(f"{path}?theme={theme}&language={language}")
                await settle(page)
                await page.screenshot(path=pictures / f"{name}.png")
    assert desk.complaints == []
