"""Drivers in a real browser, on a telephone, without JavaScript."""

from __future__ import annotations

from itertools import product

import pytest
from playwright.async_api import expect

from gateway.languages import CUSTOMERS, catalogue
from tests.browser.conftest import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")
PHONE = {"viewport": {"width": 360, "height": 740}, "java_script_enabled": False}


async def test_a_report_by_telephone_browser_ends_in_a_number_and_a_link(desk: Desk) -> None:
    async with desk.visitor(**PHONE) as page:
        await page.goto("/?language=sv")
        await page.get_by_role("link", name="Anmäl ett fel").first.click()
        await page.get_by_text("Berätta mer, eller lägg till en bild").click()
        await page.fill("#text", "Kabeln sitter fast i bilen och jag kommer inte härifrån")
        await page.fill("#charger", "22809")
        await page.fill("#email", "mette@example.com")
        await page.get_by_role("button", name="Skicka anmälan").click()
        number = (await page.locator(".big-number").inner_text()).strip()
        link = await page.get_by_role("link", name="Släpp kabeln").get_attribute("href")
        assert link
        await page.goto(link.replace(desk.house.runtime.config.public_url, desk.url))
        await expect(page.locator("h1")).to_have_text("Vi har fått din anmälan")
        await expect(page.locator("main")).to_contain_text(number)
    assert (await desk.house.case(number))["charger"] == "22809"


async def test_from_the_code_on_a_charger_three_taps_are_a_report(desk: Desk) -> None:
    async with desk.visitor(**PHONE, has_touch=True) as page:
        await page.goto("/c/22809?language=sv")
        await page.get_by_text("Laddningen startar inte").tap()
        await expect(page.get_by_role("button", name="Skicka anmälan")).to_be_in_viewport()
        await page.get_by_role("button", name="Skicka anmälan").tap()
        number = (await page.locator(".big-number").inner_text()).strip()
    case = await desk.house.case(number)
    assert (case["category"], case["charger"]) == ("no_start", "22809")


async def test_what_is_known_is_told_and_a_text_asked_for_at_the_charger(desk: Desk) -> None:
    for nth in (1, 2):
        sender = {"phone": f"+4670174060{nth}"}
        receipt = await desk.house.report("The charger is completely dead", charger="22809", **{"from": sender})
    async with desk.visitor(**PHONE) as page:
        await page.goto("/c/22809?language=fi")
        await expect(page.get_by_role("heading", name="Tiedämme tästä jo")).to_be_in_viewport()
        await page.fill("#follow", "+46701740699")
        await page.get_by_role("button", name="Kerro minulle").click()
        await expect(page.locator(".big-number")).to_have_text(receipt["case"])


async def test_an_outage_is_told_on_the_first_page_and_a_text_asked_for_without_a_script(desk: Desk) -> None:
    for nth in range(2):
        sender = {"email": f"r{nth}@example.net"}
        receipt = await desk.house.report("Appen ligger nere för alla i hela landet", **{"from": sender})
    async with desk.visitor(**PHONE) as page:
        await page.goto("/?language=da")
        await expect(page.get_by_role("status")).to_contain_text("Lige nu virker appen eller ladebrikkerne ikke")
        await page.get_by_role("link", name="Giv besked på sms").click()
        await expect(page.locator("#outage_access")).to_be_in_viewport()
        await page.fill("#follow_access", "+46701740699")
        await page.get_by_role("button", name="Giv besked").click()
        await expect(page.locator(".big-number")).to_have_text(receipt["case"])


async def test_help_is_searched_and_read_step_by_step_without_a_script(desk: Desk) -> None:
    async with desk.visitor(**PHONE) as page:
        await page.goto("/?language=en")
        await page.fill("#q", "cabel is stuck")
        await page.get_by_role("button", name="Search").click()
        await page.get_by_role("link", name="The cable will not let go").click()
        await expect(page.locator(".drawn li")).to_have_count(4)
        await page.get_by_role("link", name="Report a problem").first.click()
        await expect(page.locator("input[value=cable_stuck]")).to_be_checked()


async def test_the_charger_is_asked_to_let_go_by_a_button_on_the_status_page(desk: Desk) -> None:
    receipt = await desk.house.report("The cable is stuck", charger="22809", **{"from": {"email": "m@example.com"}})
    async with desk.visitor(**PHONE) as page:
        await page.goto(receipt["status_url"].replace(desk.house.runtime.config.public_url, desk.url))
        await page.get_by_role("button", name="Let go of the cable").click()
        await expect(page.get_by_role("status").first).to_contain_text("The charger did")
        await expect(page.get_by_role("button", name="Let go of the cable")).to_have_count(0)
        await page.get_by_text("Add something, or a photo").click()
        await page.fill("#more", "It blinks red now")
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(page.get_by_role("status").first).to_contain_text("Whoever works on the case sees it.")


async def test_the_customer_says_on_the_status_page_that_it_is_not_solved(desk: Desk) -> None:
    receipt = await desk.house.report("The charger at 22809 does not start", **{"from": {"email": "m@example.com"}})
    number = receipt["case"]
    await desk.house.api("POST", f"/cases/{number}/claim", {"as": "a01"})
    body = {"as": "a01", "disposition": "explained", "text": "Restarted it."}
    status, case = await desk.house.api("POST", f"/cases/{number}/conclude", body)
    assert status == 200, case
    async with desk.visitor(**PHONE) as page:
        await page.goto(receipt["status_url"].replace(desk.house.runtime.config.public_url, desk.url))
        await page.get_by_role("button", name="No, not yet").click()
        await expect(page.get_by_role("status")).to_contain_text("open again")
    assert (await desk.house.case(number))["status"] == "open"


async def test_every_help_page_fits_a_telephone_in_six_languages(desk: Desk) -> None:
    for nth in range(2):
        await desk.house.report(
            "Appen ligger nere för alla i hela landet", **{"from": {"email": f"r{nth}@example.net"}}
        )
    async with desk.visitor(viewport={"width": 320, "height": 640}) as page:
        for language, path in product(CUSTOMERS, ("/", "/report", "/c/22809", "/help", "/help/cable-will-not-let-go")):
            await page.goto(f"{path}?language={language}")
            assert await page.locator("html").get_attribute("lang") == language
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            await expect(page.locator(".danger")).to_contain_text(catalogue(language).gettext("Call 112"))
            await page.mouse.wheel(0, 3000)
            await expect(page.locator(".danger")).to_be_in_viewport()
            await expect(page.locator(".help-bar a[href^='tel:']")).to_be_in_viewport()
    assert desk.complaints == []
    assert desk.strangers == []


async def test_the_head_of_a_page_fits_every_width_of_a_telephone(desk: Desk) -> None:
    async with desk.visitor() as page:
        for width in range(320, 440, 8):
            await page.set_viewport_size({"width": width, "height": 740})
            await page.goto("/?language=de")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, width
