"""The addresses of the report pages."""

from collections.abc import Awaitable
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from acd.web.access import VisitorOf
from acd.web.door import Door
from acd.web.hub import Hub
from acd.web.reports import shown
from acd.web.reports.asked import Address, Asked, address_of
from acd.web.reports.citizens import CitizenMaker
from acd.web.reports.lists import add_report_lists
from acd.web.reports.press import Make, Press, names_of
from acd.web.reports.words import Words
from acd.web.reports_api import Desk, Reports
from acd.web.shell import Shell

AddressOf = Annotated[Address, Depends(address_of)]


def add_report_pages(app: FastAPI, hub: Hub, door: Door, shell: Shell, reports: Reports | None) -> None:
    press = Press(hub, door, shell, reports)

    @app.get("/reports", response_class=HTMLResponse, tags=["pages"])
    async def report_page(request: Request, address: AddressOf) -> Response:
        """The figures of a time, with charts; compared with another time."""
        return await press.page(request, address, "reports.html", lambda *asked: shown.Maker(*asked).overview())

    @app.get("/reports/operators", response_class=HTMLResponse, tags=["pages"])
    async def report_operators(request: Request, visitor: VisitorOf, address: AddressOf) -> Response:
        """Figures and time by operator."""

        def make(desk: Desk, asked: Asked, words: Words) -> Awaitable[object]:
            return shown.Maker(desk, asked, words).by_operator(visitor, names_of(hub)["people"])

        return await press.page(request, address, "report_operators.html", make)

    @app.get("/reports/citizens", response_class=HTMLResponse, tags=["pages"])
    async def report_citizens(request: Request, address: AddressOf) -> Response:
        """What citizens called about, who called again, and how they scored the conversation."""
        make: Make = lambda *asked: CitizenMaker(*asked).citizens()  # noqa: E731
        return await press.page(request, address, "report_citizens.html", make)

    add_report_lists(app, press)
