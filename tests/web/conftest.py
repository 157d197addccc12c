"""A real browser for the tests of pages, one for each file of tests."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from sim.lab.stalls import Stalls
from tests.web.screenshots import CHROMIUM

expect.set_options(timeout=15_000)
"""What must come anyway may take its time on a busy machine; a promise in seconds says so by itself."""


async def within(seconds: float, expected: Callable[..., Awaitable[None]], text: str) -> None:
    """A promise in seconds, of which those do not count in which the machine itself stood still.

    Args:
        seconds: within which it must be seen, from now on.
        expected: Playwright's ``expect(...).to_have_text`` or the like.
        text: what it expects.
    """
    begun, left = time.time(), seconds
    with Stalls() as stalls:
        while True:
            try:
                return await expected(text, timeout=1000 * left)
            except AssertionError:
                now = time.time()
                left = seconds - (now - begun) + stalls.between(begun, now)
                if left <= 0:
                    raise


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A window as at a desk, of somebody who is not signed in."""
    context = await browser.new_context(viewport={"width": 1366, "height": 768})
    yield await context.new_page()
    await context.close()
