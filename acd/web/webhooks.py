"""Webhooks as an admin sees them: whether they arrive, a test, and what was given up."""

from collections.abc import Sequence
from typing import Protocol

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from acd.model.account import AuditAction
from acd.model.hook import Delivery, HookError, HookRow
from acd.web.access import FormOf, VisitorOf
from acd.web.door import Door
from acd.web.shell import Shell, see_other, tell


class HookDesk(Protocol):
    """What can be done about webhooks. Raises ``Mendable`` when the records cannot be reached."""

    async def overview(self) -> Sequence[HookRow]: ...
    async def dead(self) -> Sequence[Delivery]: ...
    async def test(self, name: str) -> int:
        """Send a signed test, once; returns what the receiver answered.

        Raises:
            HookError: there is no such hook, or its receiver did not take it.
        """

    async def redeliver(self, name: str, news: str | None) -> int:
        """Send again what was given up, or one delivery; returns how many.

        Raises:
            HookError: there is no such hook.
        """


def add_webhooks(app: FastAPI, door: Door, shell: Shell, desk: HookDesk | None) -> None:
    async def page(request: Request, status: int = 200, why: str = "") -> Response:
        rows, dead = (await desk.overview(), await desk.dead()) if desk else ([], [])
        return shell.page(request, "webhooks.html", status, rows=rows, dead=dead, why=why)

    @app.get("/webhooks", response_class=HTMLResponse, tags=["pages"])
    async def webhooks(request: Request) -> Response:
        """All webhooks, and what was given up."""
        return await page(request)

    @app.post("/webhooks/{name}", response_class=HTMLResponse, tags=["pages"])
    async def act(request: Request, visitor: VisitorOf, form: FormOf, name: str) -> Response:
        """Send a test, or what was given up once more."""
        if desk is None or form.get("do") not in ("test", "redeliver"):
            return shell.fault(request, 404 if desk is None else 422)
        now, testing = door.clock(), form["do"] == "test"
        action = AuditAction.HOOK_TESTED if testing else AuditAction.HOOK_REDELIVERED
        detail = "" if testing else form.get("news", "")[:100]
        try:
            await (desk.test(name) if testing else desk.redeliver(name, detail or None))
        except HookError as error:
            await door.book.write(visitor.entry(now, action, name[:100], str(error)[:200]))
            return await page(request, 422, str(error))
        await door.book.write(visitor.entry(now, action, name, detail))
        tell(request, "hook_tested" if testing else "hook_again")
        return see_other("/webhooks")
