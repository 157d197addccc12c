"""An operator's page in Debian's Chromium, with a microphone that beeps: what he sees and does, and the sound of it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Self

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from acd.model.account import Account, AuditAction, AuditEntry, Role
from acd.model.ids import OperatorId
from acd.records import AccountStore
from acd.web import passwords
from sim.lab.service import LabService

expect.set_options(timeout=15_000)
"""What must come anyway may take its time on a busy machine."""
CHROMIUM: Final = "/usr/bin/chromium"
PASSWORD: Final = "een lang genoeg wachtwoord"
DIGEST: Final = passwords.hash_now(PASSWORD)
_COUNT_CONNECTIONS: Final = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...all) { super(...all); window.connections.push(this); }
};
"""
_PACKETS: Final = """async () => {
  const counts = { sent: 0, received: 0 };
  for (const connection of window.connections) {
    if (connection.connectionState === "closed") continue;
    for (const one of (await connection.getStats()).values()) {
      if (one.type === "outbound-rtp") counts.sent += one.packetsSent;
      if (one.type === "inbound-rtp") counts.received += one.packetsReceived;
    }
  }
  return counts;
}"""


async def accounts(service: LabService, *operators: str, supervisor: str | None = None) -> None:
    """An account for each, of the same name."""
    people = [Account(name, Role.OPERATOR, 1.0, OperatorId(name)) for name in operators]
    people += [] if supervisor is None else [Account(supervisor, Role.SUPERVISOR, 1.0)]
    store = AccountStore(service.database)
    for account in people:
        entry = AuditEntry(1.0, "cli:test", "", AuditAction.ACCOUNT_ADDED, account.name)
        await store.add(account, DIGEST, None, entry)
    await store.close()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    sound = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *sound])
        yield browser
        await browser.close()


class DeskPage:
    """One operator's telephone page. ``async with`` opens it and waits until the phone is registered."""

    def __init__(self, browser: Browser, url: str, name: str) -> None:
        self._browser, self._url, self._name = browser, url, name
        self.faults: list[str] = []

    async def __aenter__(self) -> Self:
        self._context = await self._browser.new_context(viewport={"width": 1366, "height": 768})
        self.page: Page = await self._context.new_page()
        await self.page.add_init_script(_COUNT_CONNECTIONS)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        await self.page.goto(f"{self._url}/login?next=/desk/phone")
        await self.page.fill("#name", self._name)
        await self.page.fill("#password", PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url("**/desk/phone")
        await self.sees("status", "Klaar", 30)
        await expect(self.page.locator("#phone")).to_have_attribute("data-state", "idle")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._context.close()
        assert self.faults == []

    def part(self, name: str) -> Locator:
        return self.page.locator(f'[data-part="{name}"]')

    async def sees(self, part: str, text: str, seconds: float = 15) -> None:
        await expect(self.part(part)).to_have_text(re.compile(text), timeout=seconds * 1000, use_inner_text=True)

    async def state(self, state: str, seconds: float = 15) -> None:
        """Wait until the phone is so: ``idle``, ``ringing``, ``talking``, ``held``."""
        await expect(self.page.locator("#phone")).to_have_attribute("data-state", state, timeout=seconds * 1000)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def pass_on(self, to: str, note: str = "", *, consult: bool = False) -> None:
        """With the keyboard: D, to whom, the note, and then."""
        await self.press("d")
        await expect(self.part("to")).to_be_focused()
        await self.page.keyboard.type(to)
        await self.press("ArrowDown", "Tab")
        await self.page.keyboard.type(note)
        await self.press("Tab", *(["Tab"] if consult else []), "Enter")

    async def packets(self) -> dict[str, Any]:
        """RTP packets ``sent`` and ``received`` by this page so far."""
        counts: dict[str, Any] = await self.page.evaluate(_PACKETS)
        return counts
