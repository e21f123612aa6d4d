"""Pages keep their shape: on any width, with words that nobody can break, in print and in the system's own colours."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from gateway.people.privacy import find_person
from tests.browser.conftest import Desk
from tests.browser.test_portal_pages import PATHS as PORTAL
from tests.browser.test_portal_pages import enter

pytestmark = pytest.mark.asyncio(loop_scope="session")
WIDTHS = (320, 360, 768, 1000, 1440)
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
SENDER = {"name": LONG, "email": f"{LONG[:60]}@example.com".encode("ascii", "ignore").decode()}
TOO_WIDE = """() => {
    document.querySelectorAll("details").forEach((one) => { one.open = true })
    const root = document.documentElement
    const tabs = [...document.querySelectorAll(".tabs input")]
    const wide = (tab) => { if (tab) tab.checked = true; return root.scrollWidth > innerWidth }
    return (tabs.length ? tabs : [null]).filter(wide).map((tab) => `${tab?.id ?? ""} ${root.scrollWidth}`)
}"""
PRINTED = """() => {
    const style = (one) => getComputedStyle(one)
    const probe = document.querySelector("main").appendChild(document.createElement("p"))
    probe.className = "muted card"
    const stuck = [...document.querySelectorAll("body *")].filter((one) => style(one).position === "sticky")
    const shown = stuck.filter((one) => one.checkVisibility()).map((one) => one.className)
    return [document.querySelector("main").clientWidth, style(probe).backgroundColor, style(probe).color, shown]
}"""
MARKED = """(one) => {
    const style = getComputedStyle(one)
    const drawn = (side) => style[`${side}Style`] !== "none" && parseFloat(style[`${side}Width`]) > 0
    const unseen = getComputedStyle(document.body).backgroundColor
    return ["outline", "borderBottom"].some((side) => drawn(side) && style[`${side}Color`] !== unseen)
}"""
DOT = """(one) => {
    const { backgroundColor, borderTopColor, borderTopWidth } = getComputedStyle(one, "::before")
    return [backgroundColor, borderTopColor, borderTopWidth].join(" ")
}"""
BROKEN = """() => [...document.querySelectorAll(".wrapped-heads th, .tile .value, .tile .label")].flatMap((one) => {
    const words = [...one.textContent.matchAll(/[^\\s\\-–÷/]+/g)]
    const text = document.createTreeWalker(one, NodeFilter.SHOW_TEXT).nextNode()
    const lines = ({ index, 0: word }) => {
        const range = document.createRange()
        range.setStart(text, index)
        range.setEnd(text, index + word.length)
        return new Set([...range.getClientRects()].map((part) => part.top)).size
    }
    return words.filter((word) => word.index + word[0].length <= text.length && lines(word) > 1).map(String)
})"""
SPILT = """() => [...document.querySelectorAll(".tile")].flatMap((tile) => {
    const value = tile.querySelector(".value")
    value.textContent = "> 23 h 59 min"
    const line = parseFloat(getComputedStyle(value).lineHeight)
    return value.clientHeight > line * 1.5 || value.scrollWidth > value.clientWidth ? [tile.textContent] : []
})"""
UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true })"
UNEVEN = """() => [...document.querySelectorAll(".two")].flatMap((row) => {
    const box = (one) => one.querySelector("input, select").getBoundingClientRect()
    const fields = [...row.children].filter((one) => one.querySelector("input:not([type=checkbox]), select"))
    const beside = (one, other) => one.getBoundingClientRect().top === other.getBoundingClientRect().top
    const far = (one, other) => Math.abs(one - other) >= 1
    const uneven = (one, other) => far(box(one).top, box(other).top) || far(box(one).height, box(other).height)
    const pairs = fields.slice(1).map((one, nth) => [fields[nth], one])
    return pairs.filter(([one, other]) => beside(one, other) && uneven(one, other)).map(([one]) => one.textContent)
})"""
LINES = """(all) => all.map((one) => {
    const range = document.createRange()
    range.selectNodeContents(one)
    return new Set([...range.getClientRects()].map((line) => line.top)).size
})"""
SEEN = """(one) => {
    const { left, right } = one.getBoundingClientRect()
    return right > 0 && left < innerWidth
}"""
OPEN = ("/", "/help", "/help?q=stuck", "/report", "/c/22809", "/login", "/portal/login", "/api", "/nothing-here")
DESK = (
    *("/console", "/console?q=elephants", "/console/new", "/console/me", "/console/people", "/console/people/a02"),
    *("/managers", "/managers/wall", "/managers/acts", "/managers/alarms", "/managers/accounts", "/managers/keys"),
    *("/managers/master", "/managers/personal", "/managers/reports", "/managers/staffing", "/managers/recurring"),
    *("/managers/cases?kind=case", "/managers/rota"),
)


async def too_wide(page: Page, path: str) -> list[tuple[str, int, list[str]]]:
    """Where a page is wider than the screen, with everything that can be unfolded unfolded."""
    await page.goto(path)
    found = []
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 800})
        if wide := await page.evaluate(TOO_WIDE):
            found.append((path, width, wide))
    return found


async def test_no_page_is_wider_than_the_screen(desk: Desk) -> None:
    db = desk.house.runtime.db
    await desk.house.hire("a01", role="admin")
    await db.run("UPDATE agents SET name = %(name)s WHERE id = 'a02'", {"name": LONG})
    receipts = [
        await desk.house.report(text, subject=LONG * 2, **{"from": SENDER}, **more)
        for text, more in (
            (f"The cable is stuck {LONG * 3}", {}),
            (f"The charger is smoking {LONG}", {"charger": "22809"}),
            (f"The charger is dead {LONG}", {"charger": "21007"}),
        )
    ]
    stuck, smoke, dead = (receipt["case"] for receipt in receipts)
    await db.run("UPDATE cases SET line = 3, queue = 'field' WHERE priority = 'P1'")
    for number in (stuck, smoke):
        await desk.house.api("POST", f"/cases/{number}/note", {"as": "a02", "text": LONG})
        await desk.house.api("POST", f"/cases/{number}/claim", {"as": "a02"})
    person = await find_person(db, SENDER["email"])
    status = receipts[0]["status_url"].replace(desk.house.runtime.config.public_url, desk.url)
    found = []
    async with desk.visitor() as page:
        for path in (*OPEN, status, f"{status}/receipt"):
            found += await too_wide(page, path)
    async with desk.agent() as page:
        for path in (*DESK, *(f"/console/cases/{one}" for one in (stuck, smoke)), f"/managers/personal/{person}"):
            found += await too_wide(page, path)
    async with desk.visitor() as page:
        await enter(desk, page)
        for path in (*PORTAL, f"/portal/cases/{dead}"):
            found += await too_wide(page, path)
    assert found == []


async def test_on_paper_a_page_is_as_wide_as_the_sheet_and_dark_on_white(desk: Desk) -> None:
    number = (await desk.house.report(f"The charger is dead {LONG}", charger="21007", **{"from": SENDER}))["case"]
    sheet = {"viewport": {"width": 1040, "height": 720}, "color_scheme": "dark"}
    found = []
    async with desk.agent(**sheet) as page, desk.visitor(**sheet) as portal:
        await enter(desk, portal)
        for one, paths in (
            (page, ("/console", f"/console/cases/{number}", "/managers?theme=dark", "/managers/acts")),
            (portal, ("/portal", f"/portal/cases/{number}", "/portal/sla?theme=dark")),
        ):
            await one.emulate_media(media="print", color_scheme="dark")
            for path in paths:
                await one.goto(path)
                found.append((path, *await one.evaluate(PRINTED)))
    assert found == [(path, 1040, "rgb(255, 255, 255)", "rgb(74, 87, 80)", []) for path, *_ in found]


async def test_what_is_chosen_is_seen_in_the_systems_own_colours(desk: Desk) -> None:
    receipt = await desk.house.report("The charger is dead", charger="21007", **{"from": SENDER})
    status = receipt["status_url"].replace(desk.house.runtime.config.public_url, desk.url)
    async with desk.agent(viewport={"width": 1440, "height": 900}, forced_colors="active") as page:
        for path, chosen, others in (
            (f"/console/cases/{receipt['case']}", ".tabs input:checked + label", ".tabs input:not(:checked) + label"),
            (f"/console/cases/{receipt['case']}", ".case-link[aria-current]", None),
            ("/console", ".nav a[aria-current]", ".nav a:not([aria-current])"),
            ("/managers", ".rooms a[aria-current]", ".rooms a:not([aria-current])"),
            ("/managers", ".period a[aria-current]", ".period a:not([aria-current])"),
            ("/portal/login", ".langs a[aria-current]", ".langs a:not([aria-current])"),
        ):
            await page.goto(path)
            assert await page.locator(chosen).first.evaluate(MARKED), chosen
            for one in await page.locator(others).all() if others else ():
                assert not await one.evaluate(MARKED), others
        await page.goto(status)
        dots = [await page.locator(f".track li.{state}").first.evaluate(DOT) for state in ("done", "now", "later")]
        assert len(set(dots)) == len(dots), dots


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_no_heading_of_figures_and_no_figure_is_broken_within_a_word(desk: Desk, language: str) -> None:
    await desk.house.report("The charger is dead", charger="21007", **{"from": SENDER})
    async with desk.agent() as page:
        for path in ("/managers", "/managers?by=agent", "/managers/accounts", "/managers/recurring"):
            await page.goto(f"{path}{'&' if '?' in path else '?'}language={language}")
            for width in (360, 1440):
                await page.set_viewport_size({"width": width, "height": 900})
                assert await page.evaluate(BROKEN) == [], (path, width)
                assert await page.evaluate(SPILT) == [], (path, width)


async def test_initials_are_two_letters_however_many_names_somebody_has(desk: Desk) -> None:
    async with desk.agent() as page:
        for name, initials in (("Anna Wilhelmina von Stråle", "AW"), ("Bo", "B"), ("a b c", "AB")):
            await desk.house.runtime.db.run("UPDATE agents SET name = %(name)s WHERE id = 'a01'", {"name": name})
            await page.goto("/console")
            assert await page.locator(".me .face").text_content() == initials


async def test_the_fields_of_one_row_begin_and_end_together(desk: Desk) -> None:
    await desk.house.hire("a01", role="admin")
    async with desk.agent() as page:
        for path in ("/console/people", "/console/people/a02", "/managers/rota", "/managers/acts"):
            await page.goto(path)
            await page.evaluate(UNFOLD)
            assert await page.evaluate(UNEVEN) == [], path


async def test_on_a_telephone_owners_see_where_they_are_in_the_menu(desk: Desk) -> None:
    async with desk.visitor(viewport={"width": 360, "height": 740}) as page:
        await enter(desk, page)
        for path in PORTAL:
            await page.goto(f"{path}{'&' if '?' in path else '?'}language=sv")
            at = await page.locator(".rail .nav [aria-current]").bounding_box()
            assert at, path
            assert at["x"] >= 0, path
            assert at["x"] + at["width"] <= 360, path


async def test_on_a_telephone_the_menu_leaves_the_screen_to_the_cases(desk: Desk) -> None:
    await desk.house.hire("a01", role="admin")
    async with desk.agent(viewport={"width": 390, "height": 844}) as page:
        for path in ("/console", "/console/phone", "/managers/rota"):
            await page.goto(path)
            menu = await page.locator(".rail").bounding_box()
            assert menu
            assert menu["height"] <= 844 / 4, path
            for way in await page.locator(".rail :is(a, summary, button):visible").all():
                await way.focus()
                assert await way.evaluate(SEEN), await way.inner_text()


async def test_what_is_focused_on_the_report_form_is_not_under_its_button(desk: Desk) -> None:
    async with desk.visitor(viewport={"width": 360, "height": 740}) as page:
        for path in ("/report", "/c/22809"):
            await page.goto(f"{path}?language=sv")
            await page.locator("form[action='/report'] [type=radio]").first.focus()
            for name in ("#phone", "#email", "#text"):
                while not await page.locator(name).evaluate("(one) => one === document.activeElement"):
                    await page.keyboard.press("Tab")
                    if await page.evaluate("document.activeElement.matches('.fold > summary')"):
                        await page.keyboard.press("Enter")
                field, button = [await page.locator(one).bounding_box() for one in (name, ".send")]
                assert field, name
                assert button, name
                assert field["y"] + min(field["height"], 60) <= button["y"], (path, name)


async def test_no_time_of_day_on_a_case_is_broken_in_two(desk: Desk) -> None:
    number = (await desk.house.report("The charger is dead", charger="21007", **{"from": SENDER}))["case"]
    async with desk.agent() as page:
        await page.goto(f"/console/cases/{number}?language=sv")
        for width in (360, 1440):
            await page.set_viewport_size({"width": width, "height": 900})
            lines = await page.locator(".auto time, .report time").evaluate_all(LINES)
            assert lines
            assert set(lines) == {1}, width
