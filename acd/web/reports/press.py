"""Makes the report pages."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from fastapi import HTTPException, Request
from fastapi.responses import Response

from acd.figures.periods import Grain
from acd.figures.repeats import called
from acd.figures.report import Behind, CountsNoRows, Ref, Value
from acd.figures.report import Query as Question
from acd.figures.states import STATES
from acd.figures.subjects import ContactFact
from acd.model.mailing import Mail, Mailing
from acd.web.door import Door
from acd.web.hub import Hub
from acd.web.reports import citizens, shown
from acd.web.reports.asked import GRAINS, Address, Asked, Span, Unclear, read, usual
from acd.web.reports.words import Words
from acd.web.reports_api import Desk, Reports, Wanted
from acd.web.shell import Shell

PAGE: Final = 200
"""Rows behind a figure at once."""

Make = Callable[[Desk, Asked, Words], Awaitable[object]]


class Press:
    """Makes the pages."""

    def __init__(self, hub: Hub, door: Door, shell: Shell, reports: Reports | None) -> None:
        self.hub = hub
        self._door = door
        self.shell = shell
        self._reports = reports
        self.desk = Desk(door, reports)

    async def page(self, request: Request, address: Address, template: str, make: Make) -> Response:
        """A report; or, where nothing was asked that can be answered, the form with what is wrong."""
        today = datetime.fromtimestamp(self._door.clock(), self.shell.zone).date()
        words = Words(self.shell.lang(request))
        fault, values, found = "", dict[str, int](), None
        asked = Asked(span=usual(today), lines=address.lines)
        try:
            asked = read(address, today)
        except Unclear as unclear:
            fault, values = unclear.key, unclear.values
        if self._reports is not None and not fault:
            found = await make(self.desk, asked, words)
        names: dict[str, Any] = {
            "mails": await self._mails(),
            "found": found,
            "asked": asked,
            "address": address,
            "fault": fault,
            "fault_values": values,
            "grains": GRAINS,
            "plugged": self._reports is not None,
            "periods": _periods(today),
        }
        return self.show(request, template, words, 422 if fault else 200, **names)

    async def _mails(self) -> Sequence[tuple[Mailing, Mail | None]]:
        reports = self._reports
        return () if reports is None or reports.mails is None else await reports.mails()

    def show(self, request: Request, template: str, words: Words, status: int = 200, **names: Any) -> Response:
        usual = {
            "words": words,
            "shown": shown,
            "STATES": STATES,
            "citizens": citizens,
            "called": called,
            "Grain": Grain,
            "city": self._reports.city if self._reports else "",
            "folding": self._reports is not None and self._reports.folding(),
            "made_at": words.moment(datetime.fromtimestamp(self._door.clock(), self.shell.zone)),
        }
        return self.shell.page(request, template, status, **usual, **names_of(self.hub), **names)

    async def behind(self, question: Question, ref: Ref, number: int | None, skip: int, part: bool) -> "Pile":
        """
        Raises:
            HTTPException: 422, it counts no single rows.
        """
        rows = self.desk.plugged.book.behind(question, ref, number=number, only_part=part, skip=skip, most=PAGE)
        try:
            kept = [row async for row in rows]
        except CountsNoRows as error:
            raise HTTPException(422, str(error)) from None
        return Pile(tuple(kept), await self._value(question, ref, number), skip, part)

    async def about(
        self, question: Question, subject: str | None, skip: int, *, noted: bool
    ) -> tuple[list[ContactFact], int]:
        """Some of the conversations about a subject, and how many there are."""
        kept, of = [], 0
        async with aclosing(self.desk.plugged.book.about(question, subject)) as found:  # type: ignore[type-var]
            wanted = (fact async for fact in found if not noted or fact.settled is not None)
            async for fact in wanted:
                of += 1
                if skip < of <= skip + PAGE:
                    kept.append(fact)
        return kept, of

    def listed(
        self,
        request: Request,
        template: str,
        wanted: Wanted,
        question: Question,
        facts: Sequence[object],
        *,
        of: int,
        skip: int,
        **names: Any,
    ) -> Response:
        """A piece of a list that has no figure of its own.

        Args:
            of: how many there are in all.
        """
        usual: dict[str, Any] = {"facts": facts, "of": of, "skip": skip, "step": PAGE, "wanted": wanted}
        usual |= {"span": self.span_of(question), "named": self.desk.plugged.names()}
        return self.show(request, template, Words(self.shell.lang(request)), **usual, **names)

    def span_of(self, question: Question) -> Span:
        """The days that are asked for, both inside."""
        zone = self.shell.zone
        first, last = (datetime.fromtimestamp(at, zone).date() for at in (question.since, question.until - 1))
        return Span(first, last)

    async def _value(self, question: Question, ref: Ref, number: int | None) -> Value | None:
        report = await self.desk.plugged.book.report(msgspec.structs.replace(question, figures=(ref,), by=()))
        if number is None:
            return report.total.values.get(ref.key)
        found = [row.values.get(ref.key) for row in report.rows if row.number == number]
        return found[0] if found else None


class Pile(msgspec.Struct, frozen=True):
    """Some of the rows behind a figure."""

    rows: tuple[Behind, ...]
    value: Value | None
    skip: int
    part: bool

    @property
    def of(self) -> int:
        """How many there are in all."""
        return 0 if self.value is None else int(self.value.part if self.part else self.value.of)


def _periods(today: date) -> list[tuple[str, Span]]:
    """Times that are often asked for; the text of each."""
    monday = today - timedelta(today.weekday())
    first = today.replace(day=1)
    before = first - timedelta(1)
    return [
        ("report_today", Span(today, today)),
        ("report_last_week", Span(monday - timedelta(7), monday - timedelta(1))),
        ("report_four_weeks", usual(today)),
        ("report_this_month", Span(first, today)),
        ("report_last_month", Span(before.replace(day=1), before)),
        ("report_this_year", Span(today.replace(month=1, day=1), today)),
    ]


def names_of(hub: Hub) -> Mapping[str, Any]:
    """How lines and operators are called, for the templates."""
    now = hub.snapshot()
    return {
        "line_names": {} if now is None else {row.line: row.names for row in now.lines},
        "people": {} if now is None else {row.operator: row.name for row in now.operators},
    }
