"""axe finds nothing serious on any page, in both languages and both themes, and no page complains or asks elsewhere."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from gateway.people.privacy import find_person
from tests.browser.axe import faults
from tests.browser.conftest import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")
REPORTS = (
    ("The charger 22809 is smoking and there are sparks, I am afraid", {"name": "Åsa Öström", "phone": "+46701740605"}),
    ("The cable is stuck in my car, I cannot leave", {"name": "Mette Larsen", "email": "mette@example.com"}),
    ("I was charged twice for my session last week", {"email": "b@example.com"}),
)
PLANT = """([name, text]) => {
    const planted = document.createElement(name)
    document.querySelector("main").append(planted)
    if (name === "img") return planted.setAttribute("src", "/static/favicon.svg")
    planted.textContent = text
    planted.style.color = "#444"
}"""
OUTAGE = "The app is down, it crashes for everybody in the whole country"


async def test_axe_sees_what_is_wrong_in_either_theme(desk: Desk) -> None:
    async with desk.visitor() as page:
        await page.goto("/login?theme=light")
        assert await faults(page) == []
        await page.evaluate(PLANT, ["img", ""])
        await page.evaluate(PLANT, ["p", "words that dark pages hide"])
        first, second = await faults(page)
        assert (first[0], second[0]) == ("image-alt", "color-contrast")
        assert "words that dark pages hide" in second[1][0]


@pytest.mark.parametrize(("theme", "language"), [("light", "sv"), pytest.param("dark", "en", marks=pytest.mark.long)])
async def test_axe_finds_nothing_serious_in_either_theme(desk: Desk, theme: str, language: str) -> None:
    receipts = [await desk.house.report(text, **{"from": sender}) for text, sender in REPORTS]
    number, outside = receipts[1]["case"], receipts[0]["case"]
    person = await find_person(desk.house.runtime.db, "mette@example.com")
    await desk.house.hire("a01", role="admin")
    await desk.house.runtime.db.run("UPDATE cases SET line = 3, queue = 'field' WHERE priority = 'P1'")
    await desk.house.api("POST", f"/cases/{number}/claim", {"as": "a01"})
    await desk.house.api("POST", f"/cases/{number}/reply", {"as": "a01", "text": "Unlock the car first."})
    await desk.house.api("POST", f"/cases/{number}/note", {"as": "a01", "text": "Second time."})
    found = {"component": "lock", "cause": "Worn", "evidence": "Tried", "reproduced": True}
    await desk.house.api("POST", f"/cases/{outside}/analyse", {"as": "a01", **found})
    link = {"title": "Error codes", "url": "https://maker.example/codes"}
    await desk.house.api("POST", f"/cases/{outside}/refer", {"as": "a01", **link})
    status = receipts[1]["status_url"].replace(desk.house.runtime.config.public_url, desk.url)
    helps = ("/", "/help", "/help?q=stuck", "/help/cable-will-not-let-go", "/report", "/c/22809")
    for nth in range(2):
        await desk.house.report(OUTAGE, **{"from": {"email": f"r{nth}@example.net"}})
    open_paths = (*helps, "/login", status, f"{status}/receipt", "/nothing-here")
    desk_paths = (
        "/console",
        "/console?view=mine",
        "/console?view=done",
        "/console?q=elephants",
        "/console/new",
        "/console/me",
        "/console/people",
        "/console/people/a02",
        f"/console/cases/{number}",
        f"/console/cases/{outside}",
        "/managers",
        "/managers/wall",
        "/managers/acts",
        "/managers/alarms",
        "/managers/accounts",
        "/managers/keys",
        "/managers/master",
        "/managers/personal",
        f"/managers/personal/{person}",
        "/managers/reports",
        "/managers/staffing",
        "/managers/recurring",
        "/managers/cases?kind=case",
        "/managers/rota",
    )
    chosen = f"language={language}&theme={theme}"
    async with desk.visitor() as page:
        for path in open_paths:
            await page.goto(f"{path}{'&' if '?' in path else '?'}{chosen}")
            assert await faults(page) == [], path
        await page.goto(f"/report?{chosen}")
        await expect(page.locator("#outage_access")).to_be_visible()
        await page.locator("form[action='/report']").evaluate("form => { form.noValidate = true; form.submit() }")
        await expect(page.get_by_role("alert")).to_be_visible()
        assert await faults(page) == [], "the form with errors"
    async with desk.agent() as page:
        for path in desk_paths:
            await page.goto(f"{path}{'&' if '?' in path else '?'}{chosen}")
            assert await faults(page) == [], path
        await page.goto(f"/console/cases/{number}?{chosen}")
        for act in ("note", "correct", "together", "hand_over", "escalate", "wait", "conclude"):
            await page.locator(f"label[for=act-{act}]").click()
            assert await faults(page) == [], act
        await page.keyboard.press("?")
        assert await faults(page) == [], "the keys"
        await page.goto(f"/console/cases/{outside}?{chosen}")
        for act in ("analyse", "visit"):
            await page.locator(f"label[for=act-{act}]").click()
            assert await faults(page) == [], act
        await page.locator("#references summary").click()
        assert await faults(page) == [], "references"
    complaints = [one for one in desk.complaints if "404" not in one and "422" not in one]
    assert complaints == []
    assert desk.strangers == []


async def test_the_managers_plot_is_drawn_from_the_table_under_it(desk: Desk) -> None:
    receipt = await desk.house.report(REPORTS[1][0], **{"from": REPORTS[1][1]})
    await desk.house.api("POST", f"/cases/{receipt['case']}/reply", {"as": "a01", "text": "On it."})
    async with desk.agent() as page:
        await page.goto("/managers")
        await expect(page.locator("#trend-plot canvas")).to_be_visible()
        await expect(page.locator("#tiles .value").nth(1)).not_to_have_text("–")
        await page.locator("details:has(#trend) > summary").click()
        assert await page.locator("#trend tbody tr").count() == 24
        await expect(page.locator("#board")).to_contain_text("Helpdesk")
    assert desk.complaints == []
