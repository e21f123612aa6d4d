"""Agents at work in a real browser: live queues, claims, answers, keys, and words that are never lost."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.axe import faults
from tests.browser.conftest import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")
STUCK = "The cable is stuck in my car at charger 22809 and I cannot leave, please help me"
POLL = 20_000  # milliseconds; a page that polls does so every 5 s
LISTENS = """() => new Promise((listens) => {
    const look = () => document.querySelector("#live")._htmx?.sse?.reader ? listens() : requestAnimationFrame(look)
    look()
})"""  # `wait_for_function` looks by `eval`, which the page's policy forbids whenever the first look is too early
NAMED = (
    "(field) => field.getAttribute('aria-describedby').split(' ').some((id) => document.querySelector(`#${id}.error`))"
)
REPORTER = {"name": "Mette Larsen", "email": "mette@example.com"}


async def open_case(page: Page, number: str) -> None:
    await page.goto(f"/console/cases/{number}")
    await expect(page.locator("#case")).to_be_visible()


async def connected(page: Page) -> None:
    """Until the page listens; what happens before is shown by its first look."""
    async with asyncio.timeout(10):
        await page.evaluate(LISTENS)


async def test_an_open_console_shows_a_new_case_by_itself_and_says_it_aloud(desk: Desk) -> None:
    async with desk.agent() as page:
        await expect(page.get_by_text("Nothing waits here")).to_be_visible()
        await connected(page)
        receipt = await desk.house.report(STUCK, **{"from": REPORTER})
        row = page.locator(f"[data-case='{receipt['case']}']")
        await expect(row).to_be_visible()
        await expect(row).to_contain_text("Cable is stuck")
        await expect(page.locator("#said-aloud")).to_contain_text("Cable is stuck")
        await expect(page.locator(".rail [aria-current] .count")).to_have_text("1")
    assert desk.complaints == []
    assert desk.strangers == []


async def test_of_two_agents_who_claim_one_wins_and_the_other_is_told_who(desk: Desk) -> None:
    receipt = await desk.house.report(STUCK)
    async with desk.agent("a01") as first, desk.agent("a02", java_script_enabled=False) as second:
        await open_case(first, receipt["case"])
        await open_case(second, receipt["case"])
        await first.keyboard.press("c")
        await expect(first.get_by_text("The case is yours.")).to_be_visible()
        await second.get_by_role("button", name="Claim").click()
        await expect(second.get_by_role("alert")).to_contain_text("Agent 01 was first and took the case at")
    assert (await desk.house.case(receipt["case"]))["assignee"] == "a01"


async def test_a_case_is_answered_noted_corrected_and_concluded_with_keys(desk: Desk) -> None:
    receipt = await desk.house.report(STUCK, **{"from": REPORTER})
    number = receipt["case"]
    async with desk.agent() as page:
        await page.goto("/console")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/console/cases/{number}*")
        await page.keyboard.press("c")
        await expect(page.get_by_text("The case is yours.")).to_be_visible()
        await page.keyboard.press("r")
        await page.keyboard.type("Unlock the car and pull straight out.")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_text("The reply is on its way.")).to_be_visible()
        await expect(page.locator("#said .ours", has_text="Unlock the car")).to_be_visible()
        await expect(page.locator(".clocks .met").first).to_contain_text("after")
        await expect(page.locator("#case")).to_be_focused()
        await page.keyboard.press("n")
        await page.keyboard.type("Second time this week.")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#said .note")).to_contain_text("Second time this week.")
        await expect(page.locator("#case")).to_be_focused()  # the note may be told before it is answered
        await page.locator("label[for=act-correct]").click()
        await page.select_option("#correct-category", "damage")
        await page.select_option("#correct-priority", "P3")
        await page.fill("#correct-reason", "The latch is broken.")
        await page.locator(".panel.correct button[type=submit]").click()
        await expect(page.locator("#case-title")).to_have_text("Damage")
        await expect(page.locator("#case")).to_be_focused()
        await page.keyboard.press("x")
        await page.keyboard.type("New latch fitted.")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#case-head .tag.concluded")).to_be_visible()
    case = await desk.house.case(number)
    assert (case["status"], case["category"], case["priority"]) == ("concluded", "damage", "P3")
    assert case["first_response_at"]
    kinds = [entry["kind"] for entry in case["timeline"]]
    assert kinds.count("first_response") == 1
    assert desk.complaints == []


async def test_a_case_page_follows_what_a_colleague_does_and_leaves_typed_words_alone(desk: Desk) -> None:
    receipt = await desk.house.report(STUCK, **{"from": REPORTER})
    number = receipt["case"]
    async with desk.agent() as page:
        await open_case(page, number)
        await connected(page)
        await page.keyboard.press("r")
        await page.keyboard.type("Half a sen")
        status, _ = await desk.house.api("POST", f"/cases/{number}/claim", {"as": "a02"})
        assert status == 200
        await expect(page.locator("#case-head")).to_contain_text("Agent 02")
        await expect(page.locator("#timeline")).to_contain_text("Claimed by Agent 02")
        await page.keyboard.type("tence")
        await expect(page.locator("#reply-text")).to_have_value("Half a sentence")
        await expect(page.locator("#reply-text")).to_be_focused()


async def test_a_reply_goes_to_whom_the_agent_saw_whoever_reports_meanwhile(desk: Desk) -> None:
    receipt = await desk.house.report(STUCK, **{"from": REPORTER})
    async with desk.agent() as page:
        await open_case(page, receipt["case"])
        await connected(page)
        await page.keyboard.press("r")
        await page.keyboard.type("Hello Mette, we refund 340 kr.")
        other = await desk.house.report(STUCK, **{"from": {"name": "Bertil", "email": "bertil@example.com"}})
        assert other["case"] == receipt["case"]
        await expect(page.locator("#said .report")).to_have_count(2)
        await page.reload()
        await expect(page.get_by_label("To whom")).to_have_value("mette@example.com")
        await expect(page.get_by_label("To whom").locator("option")).to_contain_text(
            ["Bertil · bertil@example.com", "Mette Larsen · mette@example.com"]
        )
        await page.locator(".panel.reply button[type=submit]").click()
        await expect(page.get_by_text("The reply is on its way.")).to_be_visible()
        await expect(page.get_by_label("To whom")).to_have_value("bertil@example.com")
    rows = await desk.house.runtime.db.rows(
        "SELECT recipient FROM message_contents c JOIN messages m ON m.id = c.message_id WHERE m.kind = 'reply'"
    )
    assert [row["recipient"] for row in rows] == ["mette@example.com"]


async def test_one_of_many_who_reported_is_looked_for_and_answered(desk: Desk) -> None:
    for nth in range(22):
        where = {"name": f"Kund {nth}", "email": f"kund{nth}@example.com"}
        await desk.house.report(STUCK, charger="22809", **{"from": where})
    await desk.house.runtime.db.run("UPDATE reports SET case_id = (SELECT min(id) FROM cases)")
    async with desk.agent() as page:
        await open_case(page, (await desk.house.cases())[-1]["number"])
        await connected(page)
        await expect(page.get_by_label("To whom").locator("option")).to_have_count(20)
        await page.keyboard.press("r")
        await page.keyboard.type("Hello, we refund 340 kr.")
        await page.get_by_label("Look for somebody").fill("kund 0")
        await expect(page.get_by_label("To whom").locator("option")).to_have_count(1)
        await expect(page.get_by_label("To whom")).to_have_value("kund0@example.com")
        await page.reload()
        await expect(page.locator("#reply-text")).to_have_value("Hello, we refund 340 kr.")
        await expect(page.get_by_label("To whom")).to_have_value("")
        await page.get_by_label("Look for somebody").fill("kund 0")
        await expect(page.get_by_label("To whom")).to_have_value("kund0@example.com")
        await page.locator(".panel.reply button[type=submit]").click()
        await expect(page.get_by_text("The reply is on its way.")).to_be_visible()
    rows = await desk.house.runtime.db.rows(
        "SELECT recipient FROM message_contents c JOIN messages m ON m.id = c.message_id WHERE m.kind = 'reply'"
    )
    assert [row["recipient"] for row in rows] == ["kund0@example.com"]


async def test_whoever_writes_on_while_an_answer_is_on_its_way_presses_no_keys(desk: Desk) -> None:
    receipt = await desk.house.report(STUCK, **{"from": REPORTER})
    sent, let_go = asyncio.Event(), asyncio.Event()

    async def slow(route: Route) -> None:
        sent.set()
        await let_go.wait()
        await route.continue_()

    async with desk.agent() as page:
        await open_case(page, receipt["case"])
        await page.route("**/note*", slow)
        await page.keyboard.press("n")
        await page.keyboard.type("Second time this week.")
        await page.keyboard.press("Control+Enter")
        await sent.wait()
        await page.locator("#case").focus()
        await page.keyboard.press("e")
        await page.keyboard.type("The c")
        let_go.set()
        await expect(page.locator("#said .note")).to_contain_text("Second time this week.")
        await page.keyboard.type("hain broke")
        await expect(page.locator("#act-escalate")).to_be_checked()
        await expect(page.locator("#escalate-reason")).to_have_value("The chain broke")


async def test_no_letter_is_lost_that_is_typed_while_an_answer_takes_its_place(desk: Desk) -> None:
    receipt = await desk.house.report(STUCK, **{"from": REPORTER})
    reason = "Needs an electrician number 3 and jokes, called back"
    async with desk.agent() as page:
        await open_case(page, receipt["case"])
        await page.keyboard.press("n")
        await page.keyboard.type("Second time this week.")
        await page.keyboard.press("Control+Enter")
        await page.locator("#case").focus()
        await page.keyboard.press("e")
        await page.keyboard.type(reason)
        await expect(page.locator("#said .note")).to_contain_text("Second time this week.")
        await expect(page.locator("#act-escalate")).to_be_checked()
        await expect(page.locator("#escalate-reason")).to_have_value(reason)


async def test_half_written_text_outlives_a_reload_and_a_lost_line(desk: Desk) -> None:
    receipt = await desk.house.report(STUCK, **{"from": REPORTER})
    async with desk.agent() as page:
        await open_case(page, receipt["case"])
        await page.fill("#reply-text", "Please try again in")
        await page.reload()
        await expect(page.locator("#reply-text")).to_have_value("Please try again in")
        await page.context.set_offline(True)
        await page.locator(".panel.reply button[type=submit]").click()
        await expect(page.locator("#lost-act")).to_be_visible()
        await expect(page.locator("#reply-text")).to_have_value("Please try again in")
        await page.context.set_offline(False)
        await page.locator(".panel.reply button[type=submit]").click()
        await expect(page.get_by_text("The reply is on its way.")).to_be_visible()
        await expect(page.locator("#reply-text")).to_have_value("")
        await page.reload()
        await expect(page.locator("#reply-text")).to_have_value("")


async def test_without_the_stream_the_page_polls_and_without_a_line_it_says_so(desk: Desk) -> None:
    async def lost(route: Route) -> None:
        await route.abort()

    async with desk.agent() as page:
        await page.route("**/console/events", lost)
        await page.goto("/console")
        first = await desk.house.report(STUCK, **{"from": REPORTER})
        await expect(page.locator(f"[data-case='{first['case']}']")).to_be_visible(timeout=POLL)
        polled = re.compile(r"/console(\?.*)?$")
        await page.route(polled, lost)
        await expect(page.locator(".lost")).to_be_visible(timeout=POLL)
        second = await desk.house.report("My invoice for September is wrong, I was charged twice")
        await page.unroute(polled)
        await expect(page.locator(f"[data-case='{second['case']}']")).to_be_visible(timeout=POLL)
        await expect(page.locator(".lost")).to_be_hidden()


async def test_what_is_missing_is_named_beside_its_field_and_typed_words_stay(desk: Desk) -> None:
    receipt = await desk.house.report(STUCK)
    async with desk.agent(java_script_enabled=False) as page:
        await open_case(page, receipt["case"])
        await page.locator("label[for=act-correct]").click()
        await page.select_option("#correct-category", "safety")
        await page.fill("#correct-reason", "It smells burnt")
        await page.locator(".panel.correct button[type=submit]").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing you wrote is lost")
        await expect(page.locator("#correct-reason")).to_have_value("It smells burnt")
        await expect(page.locator("#correct-category")).to_have_value("safety")


async def test_a_number_in_the_search_opens_its_case_and_words_find_theirs(desk: Desk) -> None:
    receipt = await desk.house.report(STUCK, **{"from": REPORTER})
    async with desk.agent() as page:
        await page.keyboard.press("/")
        await page.keyboard.type(receipt["case"].replace("-", ""))
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/console/cases/{receipt['case']}")
        await page.goto("/console?q=stuck+cable")
        await expect(page.locator(".case-link")).to_have_count(1)
        await page.goto("/console?q=elephants")
        await expect(page.get_by_text("Nothing found")).to_be_visible()
        await page.keyboard.press("?")
        await expect(page.locator("#keys")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator("#keys")).to_be_hidden()


async def test_language_and_colours_follow_the_agent_to_another_device(desk: Desk) -> None:
    async with desk.agent() as page:
        await page.locator(".settings summary").click()
        await page.select_option("#language", "sv")
        await page.select_option("#theme", "dark")
        await page.select_option("#activity", "away")
        await page.locator(".settings button").click()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await expect(page.locator("h1")).to_have_text("Alla öppna")
        await expect(page.locator(".me")).to_contain_text("borta")
    async with desk.visitor() as page:
        await page.goto("/login")
        await page.fill("#email", "agent01@support.example")
        await page.fill("#password", "a quiet shift for everybody")
        await page.click("main button[type=submit]")
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await expect(page.locator("h1")).to_have_text("Alla öppna")


@pytest.mark.parametrize(("language", "summary"), [("en", "Why these addresses are one person"), ("sv", "Varför")])
async def test_n13_two_people_are_told_apart_with_the_keyboard(desk: Desk, language: str, summary: str) -> None:
    sender = {**REPORTER, "phone": "+46701740301"}
    number = (await desk.house.report(STUCK, **{"from": sender}))["case"]
    async with desk.agent() as page:
        await page.goto(f"/console/cases/{number}?language={language}")
        await page.locator("#joined summary", has_text=summary).press("Enter")
        form = page.locator("#joined form").last
        await expect(form).to_be_visible()
        assert await faults(page) == []
        for _ in ("the number to call", "its checkbox", "its button", "the checkbox of the address"):
            await page.keyboard.press("Tab")
        await expect(form.get_by_role("checkbox")).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(form).to_be_visible()
        assert (await desk.house.case(number))["timeline"][-1]["kind"] != "parted", "not without being sure"
        await form.get_by_role("checkbox").press("Space")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("#joined")).to_have_count(0)
    entry = (await desk.house.case(number))["timeline"][-1]
    assert (entry["kind"], entry["actor"]["id"]) == ("parted", "a01")
    assert desk.complaints == []


async def test_a_customers_word_on_the_telephone_closes_the_case(desk: Desk) -> None:
    number = (await desk.house.report(STUCK, **{"from": REPORTER}))["case"]
    ended = {"as": "a01", "disposition": "explained", "text": "Pulled straight out."}
    assert (await desk.house.api("POST", f"/cases/{number}/conclude", ended))[0] == 200
    async with desk.agent() as page:
        await open_case(page, number)
        assert await faults(page) == []
        await page.get_by_role("button", name="Confirm for the customer").press("Enter")
        await expect(page.get_by_text("The customer's word is kept")).to_be_visible()
        await expect(page.get_by_role("button", name="Confirm for the customer")).to_have_count(0)
    assert (await desk.house.case(number))["status"] == "closed"
    assert desk.complaints == []


async def test_after_a_refused_act_the_page_still_follows_what_colleagues_do(desk: Desk) -> None:
    number = (await desk.house.report(STUCK, **{"from": REPORTER}))["case"]
    async with desk.agent() as page:
        await page.goto(f"/console/cases/{number}?view=unassigned")
        await page.locator("label[for=act-together]").click()
        await page.fill("#attach-case", "9999-9")
        await page.get_by_role("button", name="Bring here").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing you wrote is lost")
        await connected(page)
        assert (await desk.house.api("POST", f"/cases/{number}/claim", {"as": "a02"}))[0] == 200
        await expect(page.locator("#case-head")).to_contain_text("Agent 02")
        await page.locator(".settings summary").click()
        await page.locator(".settings button").click()
        await expect(page.locator("#case-head")).to_contain_text("Agent 02")
    assert [one for one in desk.complaints if "422" not in one] == []


async def test_after_a_refused_act_the_keyboard_is_at_the_field_that_is_wrong(desk: Desk) -> None:
    number = (await desk.house.report(STUCK, **{"from": REPORTER}))["case"]
    await desk.house.runtime.db.run("UPDATE cases SET line = 2")
    async with desk.agent() as page:
        for act, fields, wrong in (
            ("correct", {"#correct-charger": "99999", "#correct-reason": "no"}, "#correct-charger"),
            ("correct", {"#correct-site": "nowhere", "#correct-reason": "no"}, "#correct-site"),
            ("hand_over", {"#hand_over-reason": "  "}, "#hand_over-reason"),
            ("wait", {"#wait-until": "2020-01-01T08:00", "#wait-reason": "no"}, "#wait-until"),
            ("together", {"#attach-case": "9999-9"}, "#attach-case"),
            ("analyse", {"#analyse-cause": "a"}, ".panel.analyse fieldset"),
            ("escalate", {"#escalate-reason": "a", "#proposal-tools": " "}, "#proposal-fault"),
        ):
            await page.goto(f"/console/cases/{number}")
            await page.locator(f"label[for=act-{act}]").click()
            for field, text in fields.items():
                await page.fill(field, text)
            form = page.locator("form", has=page.locator(next(iter(fields)))).last
            await form.evaluate("(form) => { form.noValidate = true; form.requestSubmit() }")
            await expect(page.locator(wrong)).to_have_attribute("aria-invalid", "true")
            await expect(page.locator(wrong)).to_be_focused()
            assert await page.locator(wrong).evaluate(NAMED), act
            assert await faults(page) == [], act


async def test_after_an_act_that_no_field_is_to_blame_for_the_keyboard_is_at_what_is_told(desk: Desk) -> None:
    number = (await desk.house.report(STUCK, **{"from": REPORTER}))["case"]
    async with desk.agent() as page:
        await open_case(page, number)
        assert (await desk.house.api("POST", f"/cases/{number}/claim", {"as": "a02"}))[0] == 200
        await page.get_by_role("button", name="Claim").click()
        await expect(page.locator("#case").get_by_role("alert")).to_be_focused()
