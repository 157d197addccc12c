"""Reports as files: CSV for whatever reads text, XLSX for a spreadsheet. Every file says by which formulas it came
about, and where nothing could be seen."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import xlsxwriter

from acd.figures.report import Gap, Report, Row
from acd.figures.table import Unit
from acd.model.zone import ZONE

Cell = str | float | int | None

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so would be worked out by a spreadsheet."""
_ROUNDED: Final = 6


def header(report: Report) -> list[str]:
    """The columns of :func:`table`: each share and mean with what stands above and below its line."""
    names = ["period", "line", "operator", "gap_seconds"]
    for meaning in report.figures:
        names.append(meaning.key)
        if meaning.unit != Unit.COUNT.value:
            names += [f"{meaning.key}_part", f"{meaning.key}_of"]
    return names


def table(report: Report) -> Iterator[list[Cell]]:
    """The rows of a report, and last its total."""
    for row in report.rows:
        yield _cells(row, report)
    yield ["total", *_cells(report.total, report)[1:]]


def _cells(row: Row, report: Report) -> list[Cell]:
    cells: list[Cell] = [row.period, row.line, row.operator, round(row.gap, 1)]
    for meaning in report.figures:
        value = row.values.get(meaning.key)
        if meaning.unit == Unit.COUNT.value:
            nothing = None if meaning.key in report.untold else 0
            cells.append(nothing if value is None else _whole(value.of))
        elif value is None:
            cells += [None, None, None]
        else:
            share = None if value.value is None else round(value.value, _ROUNDED)
            cells += [share, _whole(value.part), _whole(value.of)]
    return cells


def _whole(number: float) -> float | int:
    return int(number) if float(number).is_integer() else round(number, 3)


def notes(report: Report) -> Iterator[list[Cell]]:
    """What one must know to check it: the formulas with their versions, the limits, and the gaps."""
    yield ["made at", _clock(report.made_at)]
    yield from span_notes(report.since, report.until)
    for meaning in report.figures:
        yield [meaning.key, meaning.nl, meaning.formula, f"version {meaning.version}"]
    for limit, lines in report.limits.items():
        for line, seconds in lines.items():
            yield [f"limit {limit}", line, "never" if seconds is None else f"{seconds:g} s"]
    yield from gap_notes(report.gaps)


def gap_notes(gaps: Iterable[Gap]) -> Iterator[list[Cell]]:
    for gap in gaps:
        began = "" if gap.began_at is None else _clock(gap.began_at)
        ended = "" if gap.ended_at is None else _clock(gap.ended_at)
        repaired = f"{gap.repaired} calls repaired from Asterisk's own record"
        yield ["gap: counts are a lower bound", began, ended, gap.reason, repaired]


def span_notes(since: float, until: float) -> Iterator[list[Cell]]:
    yield ["from", _clock(since)]
    yield ["until, outside", _clock(until)]


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, ZONE).isoformat(sep=" ", timespec="seconds")


def csv_line(cells: Iterable[Any]) -> str:
    """One line of CSV, as RFC 4180 has it; safe to be opened by a spreadsheet."""
    text = io.StringIO()
    csv.writer(text).writerow([_harmless(cell) for cell in cells])
    return text.getvalue()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


class Sheet(msgspec.Struct, frozen=True):
    """A table for a file, and what one must know to check it."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    notes: Iterable[Sequence[Cell]]
    shares: Collection[str] = ()
    """The columns that are shares, 0 to 1."""


def report_sheet(report: Report) -> Sheet:
    shares = {meaning.key for meaning in report.figures if meaning.unit == Unit.SHARE.value}
    return Sheet(header(report), table(report), notes(report), shares)


def compared_sheet(now: Report, then: Report) -> Sheet:
    """The figures of two times side by side, and how much more they are."""
    columns = ["figure", "now", "now_of", "then", "then_of", "change", "gap_seconds", "then_gap_seconds"]
    rows: list[list[Cell]] = []
    for meaning in now.figures:
        cells: list[Cell] = [meaning.key]
        for report in (now, then):
            value = report.total.values.get(meaning.key)
            cells += [None, None] if value is None else [value.value, _whole(value.of)]
        after, before = cells[1], cells[3]
        known = isinstance(after, int | float) and isinstance(before, int | float)
        cells.append(round(float(after) - float(before), _ROUNDED) if known else None)  # type: ignore[arg-type]
        rows.append([*cells, round(now.total.gap, 1), round(then.total.gap, 1)])
    return Sheet(
        columns, rows, [*notes(now), ["compared with"], *span_notes(then.since, then.until), *gap_notes(then.gaps)]
    )


def sheet_csv(sheet: Sheet) -> Iterator[str]:
    """The figures, an empty line, and the notes."""
    yield csv_line(sheet.columns)
    yield from map(csv_line, sheet.rows)
    yield "\r\n"
    yield from map(csv_line, sheet.notes)


def sheet_xlsx(sheet: Sheet) -> bytes:
    """A workbook with two sheets: the figures and the notes."""
    file = io.BytesIO()
    # Texts stay texts, whatever they begin with.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        bold, share = book.add_format({"bold": True}), book.add_format({"num_format": "0.0%"})
        page = book.add_worksheet("Cijfers")
        for column, name in enumerate(sheet.columns):
            page.set_column(column, column, max(10, len(name) + 2), share if name in sheet.shares else None)
        page.write_row(0, 0, sheet.columns, bold)
        page.freeze_panes(1, 1)
        for place, row in enumerate(sheet.rows, 1):
            page.write_row(place, 0, row)
        about = book.add_worksheet("Toelichting")
        about.set_column(0, 3, 34)
        for place, note in enumerate(sheet.notes):
            about.write_row(place, 0, note)
    return file.getvalue()
