"""Reports and files at the command line."""

import csv
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import xlsxwriter

from acd.bootstrap.settings import Settings
from acd.config import City, load
from acd.config.private import make_private
from acd.figures.limits import Limits
from acd.figures.periods import Grain, moment
from acd.figures.repeats import RepeatReport
from acd.figures.report import Behind, Dimension, Query, Ref, Report, read_ref, read_refs
from acd.figures.sheets import Sheet, csv_line, sheet_csv, sheet_xlsx
from acd.figures.states import StateRow, state_rows, together
from acd.figures.subjects import SubjectReport
from acd.figures.survey import SurveyReport
from acd.figures.table import NORMS, Norm
from acd.figures.waits import BY_WAIT, STEP, WaitRow, wait_rows
from acd.model.mendable import Mendable
from acd.records import FigureBook, NoSuchView, read_view, rebuild, retell, upgrade, view_named
from acd.records.checking import Checked, check
from acd.records.views import View
from acd.web.reports_api import CityNames

MOST_ROWS: Final = 1_048_575
"""Of a sheet of XLSX, besides its header."""


class CannotWrite(Mendable):
    """{file}: {why}."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file}: {why}")


def asked(
    settings: Settings,
    first: str,
    last: str,
    now: float,
    *,
    figures: Sequence[str] = (),
    grain: Grain = Grain.TOTAL,
    by: Sequence[Dimension] = (),
    lines: Sequence[str] = (),
    operators: Sequence[str] = (),
) -> Query:
    """What is asked at the command line.

    Raises:
        BadPeriod, UnknownFigure, ConfigError: something is written wrongly, or queues.yaml is.
    """
    return Query(
        since=moment(first),
        until=moment(last, end=True),
        now=now,
        figures=read_refs(figures),
        grain=grain,
        by=tuple(by),
        lines=tuple(lines),
        operators=tuple(operators),
        limits=Limits.of_lines(load(settings.queues).policy.lines.values()),
    )


async def make_report(settings: Settings, query: Query) -> Report:
    """
    Raises:
        DatabaseUnusable: the records cannot be read.
    """
    async with _book(settings) as book:
        return await book.report(query)


async def survey_report(settings: Settings, query: Query) -> SurveyReport:
    """What callers answered after the conversation.

    Raises:
        DatabaseUnusable: the records cannot be read.
    """
    async with _book(settings) as book:
        return await book.survey(query)


async def subject_report(settings: Settings, query: Query) -> SubjectReport:
    """What the conversations were about.

    Raises:
        DatabaseUnusable: the records cannot be read.
    """
    async with _book(settings) as book:
        return await book.subjects(query)


async def repeat_report(settings: Settings, query: Query) -> RepeatReport:
    """Who called again.

    Raises:
        DatabaseUnusable: the records cannot be read.
    """
    async with _book(settings) as book:
        return await book.repeats(query)


async def wait_report(settings: Settings, query: Query) -> tuple[tuple[WaitRow, ...], Report]:
    """How long callers waited, and the figures of these rows.

    Raises:
        DatabaseUnusable: the records cannot be read.
    """
    async with _book(settings) as book:
        counted = await book.waits(query, STEP)
        keys = msgspec.structs.replace(query, figures=read_refs([*BY_WAIT, "reachability"]), grain=Grain.TOTAL, by=())
        return wait_rows(counted), await book.report(keys)


async def state_report(settings: Settings, query: Query) -> tuple[tuple[StateRow, ...], Report]:
    """Operators' time by state, by operator if that is asked, and what could not be seen of it.

    Raises:
        DatabaseUnusable: the records cannot be read.
    """
    async with _book(settings) as book:
        whole = msgspec.structs.replace(query, grain=Grain.TOTAL, by=(), figures=read_refs(["offered"]))
        rows = state_rows(await book.states(whole))
        shown = (*rows, together(rows)) if Dimension.OPERATOR in query.by else (together(rows),)
        return shown, await book.report(whole)


@asynccontextmanager
async def _book(settings: Settings) -> AsyncIterator[FigureBook]:
    book = FigureBook(settings.database_url)
    try:
        yield book
    finally:
        await book.close()


async def rows_behind(settings: Settings, query: Query, ref: Ref, limit: int) -> list[Behind]:
    """The first rows behind a figure.

    Raises:
        DatabaseUnusable: the records cannot be read.
        CountsNoRows: it counts time, or citizens.
    """
    book = FigureBook(settings.database_url)
    found: list[Behind] = []
    try:
        async with aclosing(book.behind(query, ref)) as rows:
            async for behind in rows:
                found.append(behind)
                if len(found) == limit:
                    break
        return found
    finally:
        await book.close()


def norm_refs() -> list[tuple[Norm, Ref]]:
    """The norms that are kept side by side."""
    return [(norm, read_ref(norm.figure)) for norm in NORMS]


def write_sheet(sheet: Sheet, to: Path) -> None:
    """As CSV or XLSX, by the end of the file's name; for its owner and his group alone.

    Raises:
        CannotWrite: it is another end.
        OSError: it cannot be written.
    """
    if to.suffix.lower() in (".csv", ".xlsx"):
        # There may be figures of single operators in it.
        make_private(to)
    match to.suffix.lower():
        case ".csv":
            with to.open("w", encoding="utf-8-sig", newline="") as file:
                file.writelines(sheet_csv(sheet))
        case ".xlsx":
            to.write_bytes(sheet_xlsx(sheet))
        case other:
            raise CannotWrite(to, f"a report is a .csv or an .xlsx, not {other or 'without an end'}")


def names_of(city: City) -> CityNames:
    """How the city calls its lines, subjects, questions and reasons."""
    subjects = {id: names for line in city.lines.values() for id, names in line.subjects.items()}
    return CityNames.of_lines(city.policy.lines.values(), subjects | dict(city.subjects), city.reasons)


class ReportViews:
    """The views as the pages read them."""

    def __init__(self, url: str) -> None:
        self._url = url

    def columns(self, name: str) -> list[str] | None:
        try:
            return [column.name for column in view_named(name).columns]
        except NoSuchView:
            return None

    def rows(self, name: str, since: float, until: float) -> AsyncIterator[tuple[Any, ...]]:
        return read_view(self._url, view_named(name), since, until)


async def make_anew(settings: Settings, *, incomplete: bool = False) -> tuple[int, int]:
    """Fold the whole ledger again, and make promises and attempts what their log says.

    Returns:
        How many events the ledger holds, and how many promises and attempts were not what their log says.

    Args:
        incomplete: also when events are missing.

    Raises:
        LedgerIncomplete: events are missing.
        DatabaseUnusable: the database cannot be reached or changed.
    """
    await upgrade(settings.database_url)
    return await rebuild(settings.database_url, incomplete=incomplete), await retell(settings.database_url)


async def check_ledger(settings: Settings) -> Checked:
    """
    Raises:
        DatabaseUnusable: the records cannot be read.
    """
    return await check(settings.database_url)


# --- Views as files --------------------------------------------------------------------------------------------------


async def export_view(settings: Settings, name: str, first: str, last: str, to: Path) -> int:
    """Write the rows of a view to a .csv, .xlsx or .parquet; how many.

    Raises:
        NoSuchView, BadPeriod: something is written wrongly.
        CannotWrite: the end of the file's name is another, or it does not hold so many rows.
        DatabaseUnusable: the records cannot be read.
        OSError: the file cannot be written.
    """
    view = view_named(name)
    bounds = moment(first), moment(last, end=True)
    if to.suffix.lower() in (".csv", ".xlsx", ".parquet"):
        # Citizens' numbers may be in it.
        make_private(to)
    match to.suffix.lower():
        case ".csv":
            return await _write_csv(settings, view, bounds, to)
        case ".xlsx":
            return await _write_xlsx(settings, view, bounds, to)
        case ".parquet":
            return await _write_parquet(settings, view, bounds, to)
        case other:
            raise CannotWrite(to, f"a view is written as .csv, .xlsx or .parquet, not {other or 'without an end'}")


Bounds = tuple[float, float]


async def _write_csv(settings: Settings, view: View, bounds: Bounds, to: Path) -> int:
    count = 0
    with to.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_line([column.name for column in view.columns]))
        async for row in read_view(settings.database_url, view, *bounds):
            file.write(csv_line(row))
            count += 1
    return count


async def _write_xlsx(settings: Settings, view: View, bounds: Bounds, to: Path) -> int:
    count = 0
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(to, options) as book:
        sheet = book.add_worksheet(view.name)
        sheet.write_row(0, 0, [column.name for column in view.columns], book.add_format({"bold": True}))
        sheet.freeze_panes(1, 1)
        async for row in read_view(settings.database_url, view, *bounds):
            count += 1
            if count > MOST_ROWS:
                raise CannotWrite(to, f"more than {MOST_ROWS} rows do not fit in a sheet: take .csv or .parquet")
            sheet.write_row(count, 0, [str(cell) if hasattr(cell, "isoformat") else cell for cell in row])
    return count


_PARQUET: Final = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "real": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


async def _write_parquet(settings: Settings, view: View, bounds: Bounds, to: Path) -> int:
    """By way of a CSV, which DuckDB reads with the types of the column dictionary."""
    try:
        import duckdb  # noqa: PLC0415 - an extra that few need
    except ImportError:
        raise CannotWrite(to, "Parquet needs the extra: pip install acd[parquet]") from None
    types = {column.name: _PARQUET[column.kind] for column in view.columns}
    with tempfile.TemporaryDirectory() as folder:
        path, count = Path(folder) / "rows.csv", 0
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            async for row in read_view(settings.database_url, view, *bounds):
                writer.writerow(row)
                count += 1
        _copy(duckdb.connect(), path, types, to)
    return count


def _copy(database: Any, path: Path, types: dict[str, str], to: Path) -> None:
    rows = database.read_csv(str(path), header=False, columns=types, delimiter=",", quotechar='"', escapechar='"')
    rows.write_parquet(str(to))
