"""What axe finds on a page; of what it finds right one example, and only what a test asks for leaves the browser."""

from __future__ import annotations

from typing import Any

from axe_core_python.async_playwright import Axe
from playwright.async_api import Page

BAD = ("moderate", "serious", "critical")
SCRIPT = Axe().axe_script
LOOK = """async (options) => {
    const found = await axe.run({ resultTypes: ["violations"], ...options })
    const html = (nodes) => nodes.map((node) => node.html.slice(0, 160))
    return {
        passed: found.passes.length,
        broken: found.incomplete.filter((rule) => rule.error).map((rule) => rule.message),
        faults: found.violations.map((rule) => [rule.id, rule.impact, html(rule.nodes)]),
    }
}"""
OTHER_THEME = """() => {
    const root = document.documentElement
    return (root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark")
}"""


async def faults(page: Page) -> list[tuple[str, list[str]]]:
    """Of everything as the page is; then of its colours in the other theme, which differs from it in nothing else."""
    found = await serious(page)
    shown = await page.evaluate(OTHER_THEME)
    found += await serious(page, {"runOnly": ["color-contrast", "link-in-text-block"]})
    assert await page.evaluate(OTHER_THEME) != shown
    return found


async def serious(page: Page, options: dict[str, Any] | None = None) -> list[tuple[str, list[str]]]:
    """What keeps somebody out or leads them astray."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(SCRIPT)
    found: dict[str, Any] = await page.evaluate(LOOK, options or {})
    assert found["passed"], "something was looked at"
    assert found["broken"] == [], "no rule broke off"
    return [(rule, nodes) for rule, impact, nodes in found["faults"] if impact in BAD]
