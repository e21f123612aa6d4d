"""A real browser before the real application: one Chromium of the system's, one web role and one context a test.

All tests here and what they are given run in one event loop, which is the browser's: it takes longer to start than most
of them to run. `--pictures` writes screenshots into docs/pictures. Without Chromium the tests are skipped and say so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from gateway.config import Config, load
from tests.fakes.house import House, open_house

PASSWORD = "a quiet shift for everybody"
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # the first does least beside
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", action="store_true", help="write screenshots into docs/pictures")


class Desk:
    """The house as people see it: pages in browser contexts of their own, each with its complaints collected."""

    def __init__(self, house: House, browser: Browser) -> None:
        self.house, self.browser = house, browser
        self.complaints: list[str] = []
        self.strangers: list[str] = []

    @property
    def url(self) -> str:
        return str(self.house.client.make_url("")).rstrip("/")

    @asynccontextmanager
    async def visitor(self, **options: Any) -> AsyncIterator[Page]:
        """Somebody without a log-in. Options are Playwright's for a context."""
        settings = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce"}
        context: BrowserContext = await self.browser.new_context(base_url=self.url, **(settings | options))
        context.set_default_timeout(10_000)
        page = await context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith(self.url) or self.strangers.append(asked.url))
        try:
            yield page
        finally:
            await context.close()

    @asynccontextmanager
    async def agent(self, name: str = "a01", **options: Any) -> AsyncIterator[Page]:
        """An agent of the demo who has just logged in."""
        async with self.visitor(**options) as page:
            await page.goto("/login?language=en")
            await page.fill("#email", f"agent{name.removeprefix('a')}@support.example")
            await page.fill("#password", PASSWORD)
            await page.click("main button[type=submit]")
            await page.wait_for_url("**/console")
            yield page


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, headless=True)
        yield running
        await running.close()


@pytest.fixture
def config(environ: dict[str, str], database_url: str, redis_url: str) -> Config:
    """A support number besides, so that pages have one to show."""
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    return load({**environ, **servers, "TWILIO_NUMBERS": "+46313900100"})


@pytest_asyncio.fixture(loop_scope="session")
async def desk(config: Config, browser: Browser) -> AsyncIterator[Desk]:
    async with open_house(config) as house:
        await house.hire("a01", PASSWORD, "lead")
        await house.hire("a02", PASSWORD)
        yield Desk(house, browser)


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path:
    """The folder for screenshots; skips the test unless they are asked for."""
    if not request.config.getoption("--pictures"):
        pytest.skip("pictures are made on request: --pictures")
    folder = Path(__file__).parents[2] / "docs" / "pictures"
    os.makedirs(folder, exist_ok=True)
    return folder
