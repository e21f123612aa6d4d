"""An owner in a real browser on a telephone: in by the link, through every page, with nothing in the way."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from gateway.languages import PAGES
from tests.browser.axe import faults
from tests.browser.conftest import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")
MEI = "mei.bjork@brfsolrosen.example"
PATHS = (
    "/portal",
    "/portal?state=done",
    "/portal/report",
    "/portal/sites",
    "/portal/sites/s001",
    "/portal/sla",
    "/portal/people",
    "/portal/keys",
    "/portal/me",
)


async def enter(desk: Desk, page: Page) -> None:
    await page.goto("/portal/login?language=en")
    await page.fill("#email", MEI)
    await page.get_by_role("button", name="Send me a link").click()
    await expect(page.get_by_role("status")).to_contain_text("Look in your mail")
    row = await desk.house.runtime.db.row(
        "SELECT c.text FROM messages m JOIN message_contents c ON c.message_id = m.id WHERE m.kind = 'portal_link'"
        " ORDER BY m.id DESC LIMIT 1"
    )
    assert row
    found = re.search(r"/portal/enter/\S+", row["text"])
    assert found
    await page.goto(found.group())
    await page.get_by_role("button").first.click()
    await page.wait_for_url("**/portal")


async def test_an_owner_reports_writes_and_reads_on_a_telephone_without_a_script(desk: Desk) -> None:
    async with desk.visitor(viewport={"width": 360, "height": 740}, java_script_enabled=False) as page:
        await enter(desk, page)
        await page.goto("/portal/report?language=sv&site=s001")
        await page.select_option("#charger", "21007")
        await page.select_option("#category", "offline")
        await page.fill("#text", "Laddaren är svart sedan i går")
        await page.get_by_role("button", name="Skicka anmälan").click()
        await expect(page.get_by_role("status")).to_contain_text("Vi har er anmälan")
        await page.fill("#text", "Grinden har kod 1234")
        await page.get_by_role("button", name="Skicka", exact=True).click()
        await expect(page.locator("#words")).to_contain_text("Grinden har kod 1234")
        await page.goto("/portal/sites/s001")
        await page.fill("#until", "2027-06-01T12:00")
        await page.get_by_role("button", name="Planera underhåll").click()
        await expect(page.get_by_role("alert").or_(page.locator("#until-error")).first).to_be_visible()
    (case,) = await desk.house.cases()
    assert (case["charger"], case["category"], case["channels"]) == ("21007", "offline", ["portal"])


async def test_axe_finds_nothing_serious_in_the_portal_and_every_page_fits_a_telephone(desk: Desk) -> None:
    receipt = await desk.house.report("The charger is dead", charger="21007", **{"from": {"email": "m@example.com"}})
    number = receipt["case"]
    done = {"as": "a01", "disposition": "solved_on_site", "text": "New contactor."}
    second = (await desk.house.report("Broken display", charger="21012", **{"from": {"email": "n@example.com"}}))[
        "case"
    ]
    assert (await desk.house.api("POST", f"/cases/{second}/conclude", done))[0] == 200
    async with desk.visitor(viewport={"width": 375, "height": 740}) as page:
        await enter(desk, page)
        for language, theme in zip(PAGES, ("light", "dark"), strict=True):
            for path in (*PATHS, f"/portal/cases/{number}", f"/portal/cases/{second}"):
                await page.goto(f"{path}{'&' if '?' in path else '?'}language={language}&theme={theme}")
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
                assert await faults(page) == [], (path, language, theme)
        await page.goto("/api?language=sv")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert desk.complaints == []
    assert desk.strangers == []
