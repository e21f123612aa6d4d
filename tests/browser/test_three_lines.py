"""One case in a real browser, from a driver's mail through three lines to the driver's yes; one that goes on by itself;
and a danger at night that rings until somebody presses 1."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from zoneinfo import ZoneInfo

import aiosmtplib
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from gateway.clock import SetClock
from gateway.config import load
from gateway.doors import smtp_door
from gateway.worker import Chores, open_chores
from tests.browser.conftest import PASSWORD, Desk
from tests.fakes.clock import LeaseClock
from tests.fakes.house import House, open_house
from tests.fakes.mail import MailServer
from tests.stories.test_phone_oncall import Night, on_call, open_night

pytestmark = pytest.mark.asyncio(loop_scope="session")
STOCKHOLM = ZoneInfo("Europe/Stockholm")
MORNING = datetime(2026, 9, 15, 7, 0, tzinfo=UTC)
DRIVER = "therese@example.net"
MAIL = f"""From: Therese Wik <{DRIVER}>\r
To: support@support.example\r
Subject: Laddaren startar inte\r
Message-ID: <morning@example.net>\r
Date: Tue, 15 Sep 2026 09:00:00 +0200\r
\r
Hej! Laddare 21007 startar inte. Jag har provat två gånger, den blinkar bara blått.\r
Hälsningar Therese\r
"""
LINES = {1: "a02", 2: "a16", 3: "a23"}  # whoever goes out lives in the north, where the charger is


@dataclass
class Office:
    """The product with its mail door and worker, at a moment that the test sets, and the pages in a browser."""

    desk: Desk
    house: House
    chores: Chores
    clock: SetClock
    door: int
    relay: MailServer

    async def later(self, **passed: float) -> None:
        self.clock.forward(timedelta(**passed))
        await self.chores.sweep()

    def link(self, path: str) -> str:
        """The newest link of a kind in what the driver was sent."""
        mails = [message_from_bytes(taken.raw, policy=default) for taken in self.relay.mails]
        words = [str(mail.get_body(("plain",)).get_content()) for mail in mails]  # type: ignore[attr-defined,union-attr]
        found = [link for text in words for link in re.findall(rf"https?://\S+({path}\S+)", text)]
        assert found, words
        return str(found[-1])

    @asynccontextmanager
    async def at_work(self, line: int) -> AsyncIterator[Page]:
        """An agent of a line who logs in and says in the settings that they are there."""
        async with self.desk.agent(LINES[line]) as page:
            await page.locator(".settings summary").click()
            await page.select_option("#activity", "available")
            await page.locator(".settings button").click()
            await expect(page.locator(".me")).to_contain_text("available")
            yield page

    async def takes_what_is_offered(self, page: Page, number: str) -> None:
        await self.chores.sweep()
        await page.goto("/console")
        await expect(page.locator("#offers")).to_contain_text(number)
        await page.keyboard.press("a")
        await page.wait_for_url(f"**/console/cases/{number}*")
        await expect(page.get_by_text("The case is yours.")).to_be_visible()


@pytest_asyncio.fixture(loop_scope="session")
async def night(environ: dict[str, str], database_url: str, redis_url: str) -> AsyncIterator[Night]:
    async with open_night(environ, database_url, redis_url) as night:
        yield night


@pytest_asyncio.fixture(loop_scope="session")
async def office(environ: dict[str, str], database_url: str, redis_url: str, browser: Browser) -> AsyncIterator[Office]:
    clock = LeaseClock(MORNING, database_url)
    async with MailServer() as relay:
        servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "OUTBOUND_SMTP_URL": relay.url}
        config = load({**environ, **servers, "MAIL_DOMAINS": "support.example"})
        async with (
            open_house(config, clock=clock) as house,
            smtp_door(house.runtime, 0) as door,
            open_chores(house.runtime) as chores,
        ):
            for agent in LINES.values():
                await house.hire(agent, PASSWORD)
            yield Office(Desk(house, browser), house, chores, clock, door, relay)


async def by_mail(office: Office) -> str:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=office.door, start_tls=False) as line:
        await line.sendmail(DRIVER, ["support@support.example"], MAIL.encode())
    (case,) = await office.house.cases()
    return str(case["number"])


async def test_a_drivers_mail_goes_through_three_lines_to_a_confirmed_conclusion_with_a_service_card(
    office: Office,
) -> None:
    number = await by_mail(office)
    async with office.at_work(1) as page:
        await office.takes_what_is_offered(page, number)
        await page.keyboard.press("r")
        await page.keyboard.type("Hej! Jag har startat om laddaren härifrån. Fungerar det nu?")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_text("The reply is on its way.")).to_be_visible()
        await office.later(minutes=20)
        await page.keyboard.press("e")
        await page.keyboard.type("Restarted twice, it still blinks blue.")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#case-head")).to_contain_text("Operations · line 2")
    async with office.at_work(2) as page:
        await office.takes_what_is_offered(page, number)
        await expect(page.locator("#timeline")).to_contain_text("Escalated")
        await expect(page.locator("#said")).to_contain_text("it still blinks blue")
        await page.locator("label[for=act-analyse]").click()
        await page.select_option("#analyse-component", "contactor")
        await page.fill("#analyse-fault_code", "PowerSwitchFailure")
        await page.fill("#analyse-cause", "Contactor K1 is welded")
        await page.fill("#analyse-evidence", "The log says so after every start")
        await page.locator(".panel.analyse").get_by_label("Yes").check()
        await page.get_by_role("button", name="Keep the analysis").click()
        await expect(page.locator("#side")).to_contain_text("Contactor K1 is welded")
        await page.keyboard.press("e")
        await page.keyboard.type("The contactor must be changed on site.")
        await page.locator(".panel.escalate").evaluate("form => form.noValidate = true")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#case-head")).to_contain_text("line 2")
        await expect(page.locator(".panel.escalate .error").first).to_be_visible()
        for name, words in (
            ("fault", "Contactor K1 is burnt"),
            ("parts", "Contactor K1, 40 A"),
            ("tools", "Torque screwdriver"),
            ("access", "Garage door, code from the owner"),
            ("safety", "Switch off and lock F3 first"),
        ):
            await page.fill(f"#proposal-{name}", words)
        await page.locator(".panel.escalate button[type=submit]").click()
        await expect(page.locator("#case-head")).to_contain_text("Field · line 3")
    async with office.at_work(3) as page:
        await office.takes_what_is_offered(page, number)
        await expect(page.locator("#side")).to_contain_text("Switch off and lock F3 first")
        await page.locator("label[for=act-visit]").click()
        start = MORNING.astimezone(STOCKHOLM)
        for nth in (1, 2):
            begins = start + timedelta(hours=2 * nth)
            await page.fill(f"#visit-from{nth}", begins.strftime("%Y-%m-%dT%H:%M"))
            await page.fill(f"#visit-until{nth}", (begins + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"))
        await page.get_by_role("button", name="Ask the customer").click()
        await expect(page.get_by_text("The customer is asked which time fits.")).to_be_visible()
        await office.chores.sweep()
        async with office.desk.visitor(viewport={"width": 360, "height": 740}) as phone:
            await phone.goto(office.link("/v/"))
            await phone.locator("button[name=time][value='2']").click()
            await expect(phone.get_by_role("status")).to_contain_text("bokat")
            calendar = await phone.request.get(
                (await phone.get_by_role("link", name="kalender").get_attribute("href")) or ""
            )
            assert "BEGIN:VEVENT" in await calendar.text()
        await office.later(hours=5)
        await page.goto(f"/console/cases/{number}")
        await page.locator("label[for=act-visit]").click()
        await page.fill("#perform_visit-work", "Changed contactor K1, charged for five minutes")
        await page.fill("#perform_visit-parts", "Contactor K1")
        await page.get_by_label("Operation is verified").check()
        await page.get_by_role("button", name="The visit is done").click()
        await expect(page.locator("#side")).to_contain_text("Changed contactor K1")
        await page.keyboard.press("x")
        await page.select_option("#conclude-disposition", "solved_on_site")
        await page.fill("#conclude-text", "A burnt contactor was changed.")
        await page.locator(".panel.conclude button[type=submit]").click()
        await expect(page.locator("#case-head .tag.concluded")).to_be_visible()
        await office.chores.sweep()
        async with office.desk.visitor(viewport={"width": 360, "height": 740}) as phone:
            await phone.goto(office.link("/s/"))
            await phone.get_by_role("button", name="Ja").click()
            await expect(phone.locator("h1")).to_have_text("Ärendet är stängt")
            await phone.locator("input[name=score][value='5']").check()
            await phone.get_by_role("button", name="Skicka").click()
            await expect(phone.get_by_role("status")).to_be_visible()
    case = await office.house.case(number)
    assert (case["status"], case["line"]) == ("closed", 3)
    kinds = [entry["kind"] for entry in case["timeline"]]
    wanted = ("claimed", "first_response", "escalated", "proposed", "visit_planned", "visit_booked", "visit_performed")
    for kind in (*wanted, "concluded", "confirmed", "closed", "rated"):
        assert kind in kinds, kind
    (done,) = (await office.house.api("GET", f"/sites/{case['site']}/card"))[1]["items"]
    assert (done["case"], done["parts"]) == (number, "Contactor K1")
    assert [one for one in office.desk.complaints if "422" not in one] == []
    assert office.desk.strangers == []


async def test_a_case_that_nobody_solves_in_time_goes_to_the_second_line_by_itself(office: Office) -> None:
    number = await by_mail(office)
    async with office.at_work(1) as first:
        await office.takes_what_is_offered(first, number)
        await first.keyboard.press("n")
        await first.keyboard.type("I look at it after lunch")
        await first.keyboard.press("Control+Enter")
        await expect(first.locator("#said .note")).to_contain_text("after lunch")
        await office.later(hours=1)
        await expect(first.locator("#case-head")).to_contain_text("line 1")
        await office.later(hours=3, minutes=1)
        await first.goto(f"/console/cases/{number}")
        await expect(first.locator("#case-head")).to_contain_text("Operations · line 2")
        await expect(first.locator("#timeline")).to_contain_text("Escalated to line 2 by itself")
    async with office.at_work(2) as second:
        await office.takes_what_is_offered(second, number)
        await expect(second.locator("#said .note")).to_contain_text("after lunch")
    case = await office.house.case(number)
    assert (case["line"], case["assignee"]) == (2, LINES[2])
    assert [entry["data"]["because"] for entry in case["timeline"] if entry["kind"] == "escalated"] == ["line_overdue"]


async def test_a_danger_at_night_climbs_the_ladder_and_waits_on_the_page_of_who_pressed_1(
    night: Night,
    browser: Browser,
) -> None:
    await on_call(night, "a17", "a18")
    await night.house.hire("a18", PASSWORD)
    desk = Desk(night.house, browser)
    async with desk.visitor(viewport={"width": 360, "height": 740}) as driver:
        await driver.goto("/report?language=sv")
        await driver.get_by_text("Berätta mer, eller lägg till en bild").click()
        await driver.fill("#text", "Det brinner i laddaren, det ryker och sprakar!")
        await driver.fill("#charger", "21007")
        await driver.get_by_role("button", name="Skicka anmälan").click()
        number = (await driver.locator(".big-number").inner_text()).strip()
        await expect(driver.locator("main")).to_contain_text("112")
    await night.work()
    await night.picks_up()
    await night.ends("completed")
    await night.later(60)
    assert night.rung() == ["+46313900617", "+46313900618"]
    await night.picks_up()
    await night.picks_up("1")
    async with desk.agent("a18") as page:
        await page.goto("/console?view=mine")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/console/cases/{number}*")
        await expect(page.locator("#case-head")).to_contain_text("Agent 18")
        timeline = page.locator("#timeline")
        await expect(timeline).to_contain_text("On call: rang Agent 17 (step 1, round 1)")
        await expect(timeline).to_contain_text("On call: rang Agent 18 (step 2, round 1)")
    assert await night.told(number) == ["began", "rung", "rung", "ended"]
    await night.later(600)
    assert len(night.rung()) == 2
