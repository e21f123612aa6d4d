"""The telephone window: registered with the provider by our token, rung, taken, muted and hung up by its buttons.

The provider's SDK is replaced by a peer that rings when it is told to; the real one is loaded once, to see that the
page's policy lets it run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from gateway.config import Config, load
from gateway.phone.wrapping import tell
from tests.browser.axe import serious
from tests.browser.conftest import PASSWORD, Desk
from tests.fakes.house import open_house

pytestmark = pytest.mark.asyncio(loop_scope="session")
PEER = """
window.Twilio = { Device: class {
  constructor(token) { this.on_ = {}; this.token = token; window.device = this; }
  on(name, act) { this.on_[name] = act; }
  async register() { this.on_.registered(); }
  destroy() { window.destroyed = true; }
  updateToken(token) { this.token = token; }
  ring() {
    const call = { on_: {}, muted: false, done: [], on(name, act) { (this.on_[name] ??= []).push(act); } };
    const tell = (name) => (call.on_[name] ?? []).forEach((act) => act());
    call.accept = () => { call.done.push("accept"); tell("accept"); };
    call.reject = () => { call.done.push("reject"); tell("reject"); };
    call.disconnect = () => { call.done.push("disconnect"); tell("disconnect"); };
    call.isMuted = () => call.muted;
    call.mute = (muted) => { call.muted = muted; };
    window.call = call;
    this.on_.incoming(call);
  }
} };
"""


@pytest.fixture
def config(environ: dict[str, str], database_url: str, redis_url: str) -> Config:
    return load(
        {
            **environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "TWILIO_NUMBERS": "+46313900100",
            "TWILIO_ACCOUNT_SID": "AC" + "a" * 32,
            "TWILIO_AUTH_TOKEN": "token-of-the-provider",
            "TWILIO_API_KEY": "SK1",
            "TWILIO_API_SECRET": "a-secret-that-is-long-enough-for-it",
            "TWILIO_APP_SID": "AP1",
            "TWILIO_API_URL": "http://127.0.0.1:1",
        }
    )


@pytest_asyncio.fixture(loop_scope="session")
async def desk(config: Config, browser: Browser) -> AsyncIterator[Desk]:
    async with open_house(config) as house:
        await house.hire("a01", PASSWORD)
        yield Desk(house, browser)


async def opened(page: Page) -> None:
    """The telephone window with the peer behind it; calls are answered in it."""

    async def answer(route: Route) -> None:
        await route.fulfill(body=PEER, content_type="text/javascript")

    await page.route("**/vendor/twilio-voice*", answer)
    await page.goto("/console/phone")
    async with page.expect_response("**/console/phone/here"):
        await page.click("#phone-on")


async def answers_here(desk: Desk) -> bool:
    row = await desk.house.runtime.db.row("SELECT browser_until FROM agents WHERE id = 'a01'")
    return bool(row and row["browser_until"])


async def test_a_call_is_taken_muted_and_hung_up_in_the_window(desk: Desk) -> None:
    async with desk.agent() as page:
        await opened(page)
        status = page.locator("#softphone [role=status]")
        await expect(status).to_have_text("Calls ring here. Leave this window open.", use_inner_text=True)
        assert await answers_here(desk)
        assert str(await page.evaluate("device.token")).count(".") == 2
        await page.evaluate("device.ring()")
        await expect(status).to_have_text("Somebody wants to talk to you.", use_inner_text=True)
        assert (await page.title()).startswith("☎")
        await page.click("#phone-take")
        await expect(status).to_have_text("You are talking.", use_inner_text=True)
        await page.click("#phone-mute")
        await expect(page.locator("#phone-mute")).to_have_attribute("aria-pressed", "true")
        await page.evaluate("window.first = call; device.ring()")
        assert await page.evaluate("call.done") == ["reject"]
        await page.click("#phone-end")
        assert await page.evaluate("first.done") == ["accept", "disconnect"]
        await page.evaluate("device.ring()")
        await page.click("#phone-pass")
        await expect(page.locator("#phone-off")).to_be_visible()
        async with page.expect_response("**/console/phone/here"):
            await page.click("#phone-off")
        assert not await answers_here(desk)
        assert await page.evaluate("destroyed")
    assert desk.complaints == []
    assert desk.strangers == []


async def test_a_new_call_is_not_said_to_be_muted_because_the_last_one_was(desk: Desk) -> None:
    async with desk.agent() as page:
        await opened(page)
        for _ in range(2):
            await page.evaluate("device.ring()")
            await page.click("#phone-take")
            await expect(page.locator("#phone-mute")).to_have_attribute("aria-pressed", "false")
            await page.click("#phone-mute")
            assert await page.evaluate("call.muted")
            await page.click("#phone-end")


@pytest.mark.parametrize("lost", ["device.on_.error(new Error('token expired'))", "device.on_.unregistered()"])
async def test_a_window_that_loses_the_line_during_a_call_says_so_and_is_rung_no_more(desk: Desk, lost: str) -> None:
    async with desk.agent() as page:
        await page.clock.install()
        await opened(page)
        await page.evaluate("device.ring()")
        await page.click("#phone-take")
        async with page.expect_response("**/console/phone/here"):
            await page.evaluate(lost)
        assert not await answers_here(desk)
        status = page.locator("#softphone [role=status]")
        await expect(status).to_have_text("You are talking.", use_inner_text=True)
        beats: list[str | None] = []
        page.on("request", lambda request: beats.append(request.post_data) if request.url.endswith("/here") else None)
        await page.clock.run_for(90_000)
        await page.click("#phone-end")
        await expect(status).to_contain_text("No connection to the telephone network.", use_inner_text=True)
        await expect(page.locator("#phone-on")).to_be_visible()
        await page.clock.run_for(90_000)
        assert await page.evaluate("destroyed")
        assert set(beats) == {"answers=no"}
        assert not await answers_here(desk)


async def test_a_line_that_comes_back_by_itself_is_answered_again(desk: Desk) -> None:
    async with desk.agent() as page:
        await opened(page)
        status = page.locator("#softphone [role=status]")
        async with page.expect_response("**/console/phone/here"):
            await page.evaluate("device.on_.unregistered()")
        await expect(status).to_have_text("Connecting …", use_inner_text=True)
        assert not await answers_here(desk)
        await page.evaluate("device.ring()")
        await page.click("#phone-take")
        async with page.expect_response("**/console/phone/here"):
            await page.evaluate("device.on_.error(new Error('of the call'), call); device.on_.registered()")
        await page.click("#phone-end")
        await expect(status).to_have_text("Calls ring here. Leave this window open.", use_inner_text=True)
        assert await answers_here(desk)


async def test_a_token_that_could_not_be_renewed_is_asked_for_again(desk: Desk) -> None:
    async with desk.agent() as page:
        await page.clock.install()
        await opened(page)
        await page.evaluate("device.token = 'old'")
        troubles = [503]

        async def answer(route: Route) -> None:
            if troubles:
                await route.fulfill(status=troubles.pop())
            else:
                await route.continue_()

        await page.route("**/console/phone/token", answer)
        async with page.expect_response("**/console/phone/token"):
            await page.clock.run_for(50 * 60_000)
        assert await page.evaluate("device.token") == "old"
        async with page.expect_response("**/console/phone/token"):
            await page.clock.run_for(60_000)
        await page.wait_for_function("device.token.split('.').length === 3")
        await expect(page.locator("#phone-off")).to_be_visible()


async def test_what_is_done_while_one_talks_leaves_the_window_and_its_call_alone(desk: Desk) -> None:
    await desk.house.runtime.db.run(
        "INSERT INTO calls (sid, status, started_at, answered_at) VALUES ('CA1', 'in-progress', now(), now())"
    )
    await desk.house.runtime.db.run(
        "INSERT INTO rings (purpose, agent_id, state, sid, room, created_at, ended_at)"
        " VALUES ('agent', 'a01', 'taken', 'CA2', 'call-CA1', now(), now())"
    )
    async with desk.agent() as page:
        await opened(page)
        await page.evaluate("device.ring()")
        await page.click("#phone-take")
        await page.click("#talk button:has-text('Hold')")
        await expect(page.locator("#talk [role=alert]")).to_contain_text("could not do that")
        await page.keyboard.press("l")
        await expect(page.locator("#talk")).to_contain_text("Leads see that you want")
        assert await serious(page) == []
        await page.keyboard.press("l")
        await expect(page.locator("#talk")).not_to_contain_text("Leads see that you want")
        assert await page.evaluate("[call.done, window.destroyed]") == [["accept"], None]
    assert [said for said in desk.complaints if "409" not in said] == []


async def test_what_came_of_a_call_is_said_with_one_press_in_the_window(desk: Desk) -> None:
    await desk.house.runtime.db.run(
        "INSERT INTO calls (sid, status, started_at, ended_at) VALUES ('CA1', 'completed', now(), now())"
    )
    async with desk.agent() as page:
        await opened(page)
        await desk.house.runtime.db.run(
            "UPDATE agents SET wrap_sid = 'CA1', wrap_until = now() + interval '1 minute' WHERE id = 'a01'"
        )
        tell(desk.house.runtime, "a01")
        wrap_up = page.get_by_role("group", name="What came of the call?")
        await expect(wrap_up).to_be_visible()
        assert await serious(page) == []
        await wrap_up.get_by_role("button", name="The case goes on").click()
        await expect(wrap_up).to_have_count(0)
        assert await page.evaluate("window.destroyed") is None
    row = await desk.house.runtime.db.row("SELECT disposition FROM calls")
    assert row == {"disposition": "goes_on"}
    assert desk.complaints == []


async def test_whoever_closes_the_window_answers_there_no_more(desk: Desk) -> None:
    async with desk.agent() as page:
        await opened(page)
        assert await answers_here(desk)
        await page.goto("/console")
        async with asyncio.timeout(10):
            while await answers_here(desk):
                await page.reload()


async def test_the_real_sdk_runs_under_the_policy_of_the_page_which_axe_finds_nothing_serious_on(desk: Desk) -> None:
    async with desk.agent() as page:
        await page.goto("/console/phone")
        assert await page.evaluate("typeof Twilio.Device") == "function"
        assert await serious(page) == []
    assert desk.complaints == []
