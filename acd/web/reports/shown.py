"""What a report page shows: asked of the records, and put together for the templates."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from acd.figures.folding import folded, united, with_time
from acd.figures.periods import DAYS, Grain
from acd.figures.report import Dimension, Meaning, Query, Report, Row, StateTime, read_ref
from acd.figures.rows import Population
from acd.figures.states import StateRow, state_rows, together
from acd.figures.table import FIGURES, NORMS, Norm
from acd.figures.terms import fields
from acd.figures.waits import BY_WAIT, STEP, WaitRow, wait_rows, waited
from acd.model.account import AuditAction
from acd.web.door import Visitor
from acd.web.reports import charts
from acd.web.reports.asked import Asked, Span
from acd.web.reports.charts import Bar, Chart
from acd.web.reports.words import Words
from acd.web.reports_api import Desk, Wanted

SERIES: Final = ("offered", "answered", "abandoned", "reachability", "service_level", "promises", "kept_promise")
"""Of each period, line by line of a table."""
BY_LINE: Final = ("offered", "answered", "abandoned", "reachability", "service_level", "reached", "asa", "aht")
BY_OPERATOR: Final = ("handled", "aht", "mean_talk", "mean_hold", "mean_wrap_up", "occupancy", "fcr_not_passed_on")
ALL: Final = (*FIGURES, *dict.fromkeys(norm.figure for norm in NORMS if norm.figure not in FIGURES))
"""Everything that there is, and what the norms ask."""
OF_TIME: Final = tuple(key for key in FIGURES if FIGURES[key].population is Population.TIME)
"""Follow from operators' states, which the page shows, too."""
OF_CITIZENS: Final = tuple(
    key for key, figure in FIGURES.items() if figure.population is Population.CITIZENS or "citizen" in fields(figure.of)
)
"""Must be asked citizen by citizen: by themselves, beside the others."""
SHARES: Final = tuple(key for key in FIGURES if FIGURES[key].kind.value == "share")
COUNTED: Final = tuple(key for key in FIGURES if FIGURES[key].kind.value == "count" and not FIGURES[key].limit)
DURATIONS: Final = tuple(key for key in FIGURES if FIGURES[key].kind.value in ("mean", "longest"))
ALWAYS_CUT: Final = (Grain.DAY, Grain.WEEKDAY, Grain.WEEK)
"""Besides what is chosen."""


class Cut(msgspec.Struct, frozen=True):
    """The calls by period."""

    grain: Grain
    rows: tuple[Row, ...]
    chart: Chart


class Heat(msgspec.Struct, frozen=True):
    """Calls by weekday and half-hour."""

    chart: Chart
    heads: tuple[str, ...]
    table: tuple[tuple[str, tuple[int, ...]], ...]


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the first page."""

    total: Report
    base: Report | None
    lines: tuple[Row, ...]
    base_lines: Mapping[str | None, Row]
    cuts: tuple[Cut, ...]
    heat: Heat | None
    waits: tuple[WaitRow, ...]
    waits_chart: Chart
    hang_ups_chart: Chart
    states: StateRow
    states_chart: Chart
    promises: tuple[Row, ...]
    promises_grain: Grain
    promises_chart: Chart

    @property
    def empty(self) -> bool:
        """Nobody called, nobody worked, nothing was promised."""
        offered = self.total.total.values.get("offered")
        promises = self.total.total.values.get("promises")
        return not (offered and offered.of) and not (promises and promises.of) and not self.states.total

    def meaning(self, key: str) -> Meaning:
        return Meaning.of(read_ref(key))

    @property
    def norms(self) -> Sequence[Norm]:
        return NORMS


class ByOperator(msgspec.Struct, frozen=True, kw_only=True):
    report: Report
    states: tuple[StateRow, ...]
    chart: Chart


class Maker:
    """Asks the records what a page needs, in as few questions as it takes."""

    def __init__(self, desk: Desk, asked: Asked, words: Words) -> None:
        self._desk = desk
        self._asked = asked
        self._words = words
        self._now = desk.now()

    async def overview(self) -> Overview:
        asked, book = self._asked, self._desk.plugged.book
        # All at once: how many are counted at a time is the book's to say. The longest go first.
        whole, start = self._query(asked.wanted(())), asyncio.create_task
        now = start(self._calls(asked.span, charts_too=True))
        known = start(self._citizens(asked.span))
        spent = start(book.states(whole))
        counted = start(book.waits(whole, STEP))
        slots = start(book.report(self._query(asked.wanted(("offered",), Grain.SLOT))))
        then = start(self._then())
        await all_done(now, known, spent, counted, slots, then)
        total, lines, days, *finely = now.result()
        total = self._with_time(united((*ALL, *BY_WAIT), total, known.result()), spent.result())
        base, base_lines = then.result()
        waits, states = wait_rows(counted.result()), together(state_rows(spent.result()))
        promises_grain = asked.grain if asked.grain in (Grain.DAY, Grain.WEEK, Grain.MONTH) else Grain.WEEK
        promises = folded(days, promises_grain)
        return Overview(
            total=total,
            base=base,
            lines=lines.rows,
            base_lines={row.line: row for row in base_lines},
            cuts=tuple(self._cuts(days, *finely)),
            heat=self._heat(slots.result()),
            waits=waits,
            waits_chart=self._waits_chart(waits),
            hang_ups_chart=self._hang_ups_chart(waits),
            states=states,
            states_chart=self._states_chart((states,)),
            promises=tuple(row for row in promises if "promises" in row.values),
            promises_grain=promises_grain,
            promises_chart=self._promises_chart(promises, promises_grain),
        )

    async def by_operator(self, visitor: Visitor, names: Mapping[str, str]) -> ByOperator:
        """Written down: this tells of single persons."""
        by, book, start = (Dimension.OPERATOR,), self._desk.plugged.book, asyncio.create_task
        wanted = self._asked.wanted(tuple(key for key in BY_OPERATOR if key not in OF_TIME), by=by)
        made = start(book.report(self._query(wanted)))
        spent = start(book.states(self._query(wanted)))
        await all_done(made, spent)
        shown = str(self._asked.wanted(BY_OPERATOR, by=by))
        await self._desk.note(visitor, AuditAction.REPORT_OPERATORS_SEEN, shown)
        report = self._with_time(made.result(), spent.result(), BY_OPERATOR, by_operator=True)
        states = state_rows(spent.result())
        return ByOperator(report=report, states=states, chart=self._states_chart(states, names))

    async def _calls(self, span: Span, *, charts_too: bool) -> list[Report]:
        """The total, the lines, and for the charts the days, and what is cut more finely than they are."""
        asked, cuts = self._asked, [Grain.DAY] if charts_too else []
        if charts_too and asked.grain not in DAYS:
            cuts.append(asked.grain)
        all_keys = (*ALL, *BY_WAIT) if charts_too else ALL
        wanted = [
            asked.wanted(tuple(key for key in all_keys if key not in (*OF_TIME, *OF_CITIZENS)), span=span),
            asked.wanted(BY_LINE, by=(Dimension.LINE,), span=span),
            *(asked.wanted(SERIES, grain, span=span) for grain in cuts),
        ]
        return await self._desk.plugged.book.reports([self._query(one) for one in wanted])

    async def _citizens(self, span: Span) -> Report:
        return await self._desk.plugged.book.report(self._query(self._asked.wanted(OF_CITIZENS, span=span)))

    async def _then(self) -> tuple[Report | None, tuple[Row, ...]]:
        """The time with which it is compared: its total and its lines."""
        base = self._asked.base
        if base is None:
            return None, ()
        start, whole = asyncio.create_task, self._query(self._asked.wanted((), span=base))
        counted, known = start(self._calls(base, charts_too=False)), start(self._citizens(base))
        spent = start(self._desk.plugged.book.states(whole))
        await all_done(counted, known, spent)
        total, lines = counted.result()
        return self._with_time(united(ALL, total, known.result()), spent.result(), ALL), lines.rows

    def _with_time(
        self,
        report: Report,
        spent: Iterable[StateTime],
        keys: Sequence[str] = (*ALL, *BY_WAIT),
        *,
        by_operator: bool = False,
    ) -> Report:
        """An idle operator is idle for all his lines: nothing is told of some of them."""
        return with_time(report, keys, None if self._asked.lines else spent, by_operator=by_operator)

    def _query(self, wanted: Wanted) -> Query:
        return msgspec.structs.replace(self._desk.query(wanted), now=self._now)

    # --- Charts

    def _cuts(self, days: Report, fine: Report | None = None) -> Iterable[Cut]:
        grains = [self._asked.grain, *(grain for grain in ALWAYS_CUT if grain is not self._asked.grain)]
        for grain in grains:
            rows = fine.rows if fine is not None and grain is fine.grain else tuple(folded(days, grain))
            rows = tuple(row for row in rows if "offered" in row.values)
            if len(rows) > 1 or grain is self._asked.grain:
                yield Cut(grain, rows, self._calls_chart(rows, grain))

    def _calls_chart(self, rows: Sequence[Row], grain: Grain) -> Chart:
        return charts.columns(
            [
                Bar(
                    self._words.brief(grain, row.number),
                    split(row),
                    f"{self._words.period(grain, row.number)}: {self._told(split(row))}",
                    gap=row.gap > 0,
                )
                for row in rows
            ]
        )

    def _told(self, values: Mapping[str, float]) -> str:
        return ", ".join(
            f"{self._words.text(f'report_kind_{kind}')} {self._words.number(value)}" for kind, value in values.items()
        )

    def _heat(self, slots: Report) -> Heat | None:
        counted = {row.number: int(row.values["offered"].of) for row in slots.rows if "offered" in row.values}
        if not counted:
            return None
        halves = [number % 48 for number in counted]
        heads = range(min(halves), max(halves) + 1)
        weekdays = sorted({number // 48 for number in counted} | set(range(5)))
        table = tuple(
            (self._words.text(f"weekday_{day}"), tuple(counted.get(day * 48 + half, 0) for half in heads))
            for day in weekdays
        )
        names = tuple(f"{half // 2}:{half % 2 * 30:02}" for half in heads)
        return Heat(charts.heat(table, names), names, table)

    def _waits_chart(self, rows: Sequence[WaitRow]) -> Chart:
        bars = []
        for row in rows:
            values = {"answered": float(row.answered), "abandoned": float(row.abandoned), "other": float(row.other)}
            bars.append(Bar(waited(row), values, f"{waited(row)} s: {self._told(values)}"))
        return charts.columns(bars)

    def _hang_ups_chart(self, rows: Sequence[WaitRow]) -> Chart:
        return charts.columns(
            [
                Bar(
                    waited(row),
                    {"abandoned": 100 * (row.hung_up.value or 0.0)},
                    f"{waited(row)} s: {self._words.share(row.hung_up.value or 0.0)}",
                )
                for row in rows
            ],
            unit="%",
        )

    def _states_chart(self, rows: Sequence[StateRow], names: Mapping[str, str] | None = None) -> Chart:
        names = names or {}
        return charts.rows(
            [
                Bar(
                    self._words.text("report_together") if row.who is None else names.get(row.who, row.who),
                    {state.value: seconds / 3600 for state, seconds in row.states.items()},
                    f"{names.get(row.who or '', row.who or '')} {self._words.hours(row.total)}".strip(),
                )
                for row in rows
            ],
            width=charts.WIDTH if rows and rows[0].who is None else charts.WIDE,
        )

    def _promises_chart(self, rows: Sequence[Row], grain: Grain) -> Chart:
        bars = []
        for row in rows:
            given, kept = row.values.get("promises"), row.values.get("kept_promise")
            if given is None or kept is None:
                continue
            values = {"kept": kept.part, "broken": kept.of - kept.part, "open": given.of - kept.of}
            told = f"{self._words.period(grain, row.number)}: {self._told(values)}"
            bars.append(Bar(self._words.brief(grain, row.number), values, told, gap=row.gap > 0))
        return charts.columns(bars)


async def all_done(*tasks: "asyncio.Task[Any]") -> None:
    """Wait for all of them, also when one fails: nobody is left counting for a page that is not shown."""
    try:
        await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
    for error in [error for task in tasks if (error := task.exception())]:
        raise error


def split(row: Row) -> dict[str, float]:
    """Calls that were answered, that were not, and the rest: callbacks, the partner, closed, the menu, still open."""
    offered, answered, abandoned = (row.values[key].of for key in ("offered", "answered", "abandoned"))
    return {"answered": answered, "abandoned": abandoned, "other": offered - answered - abandoned}
