"""The planner's roster: a CSV file, one row an operator and date, as a spreadsheet saves it.

Columns, in any order: ``date`` (2027-03-01 or 1/3/2027, day first), ``operator`` (his id), ``start``, ``end``
(09:00) and ``breaks`` (``12:00-12:30 15:00-15:10``; may be left out). Other columns are the planner's own. Commas,
semicolons or tabs part them. Two rows of one operator and date are two parts of one day's work.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from acd.config.city import Duty, FrozenDict, Interval
from acd.config.faults import Fault, did_you_mean, shown
from acd.config.fields import interval
from acd.model.ids import OperatorId

COLUMNS: Final = ("date", "operator", "start", "end")
"""Those that must be there."""
BREAKS: Final = "breaks"
MAX_BYTES: Final = 4 * 1024 * 1024
"""100 operators for two years have about 2 MB."""
MAX_FAULTS: Final = 100
"""As many are told; a file of another kind has thousands."""

_CLOCK: Final = re.compile(r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]|24:00")
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_FIRST: Final = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_BETWEEN_BREAKS: Final = re.compile(r"[ ,+|]+")

Roster = Mapping[date, tuple[Duty, ...]]


class _Column(Exception):
    """What is wrong in one column of a row."""

    def __init__(self, column: str, says: str) -> None:
        super().__init__(says)
        self.column = column


def read_roster(path: Path, operators: Iterable[str]) -> tuple[Roster, list[Fault]]:
    """The roster by date, and what is wrong with the file.

    Args:
        operators: those of the city.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    file = str(path)
    if len(content) > MAX_BYTES:
        return FrozenDict(), [Fault(file, 1, "", f"the file is too large: more than {MAX_BYTES // 1024} kB")]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return FrozenDict(), [Fault(file, line, "", "is not UTF-8: save the file as CSV UTF-8")]
    return _read(text, file, frozenset(operators))


def _read(text: str, file: str, operators: frozenset[str]) -> tuple[Roster, list[Fault]]:
    lines = text.splitlines()
    if not lines:
        return FrozenDict(), [Fault(file, 1, "", "the file is empty")]
    rows = csv.reader(lines, delimiter=max(",;\t", key=lines[0].count))
    duties: dict[date, list[Duty]] = {}
    faults: list[Fault] = []
    try:
        header = [name.strip().lower() for name in next(rows)]
        faults += (Fault(file, 1, "", says) for says in _header_faults(header))
        for row in rows if not faults else ():
            if not any(cell.strip() for cell in row) or len(faults) >= MAX_FAULTS:
                continue
            try:
                duty = _duty(dict(zip(header, (cell.strip() for cell in row), strict=False)), operators)
                _no_overlap(duty, duties.setdefault(duty.day, []))
            except _Column as wrong:
                faults.append(Fault(file, rows.line_num, wrong.column, str(wrong)))
    except csv.Error as error:
        faults.append(Fault(file, rows.line_num, "", f"cannot be read as CSV ({shown(error)})"))
    return FrozenDict({day: tuple(duties[day]) for day in sorted(duties)}), faults


def _header_faults(header: list[str]) -> Iterator[str]:
    for column in COLUMNS:
        if column not in header:
            near = did_you_mean(column, header).replace("did you mean", "is it called")
            yield f"the column '{column}' is missing: the first line must name date, operator, start, end, breaks{near}"
    for column in {*COLUMNS, BREAKS}:
        if header.count(column) > 1:
            yield f"the column '{column}' is there twice"


def _duty(row: Mapping[str, str], operators: frozenset[str]) -> Duty:
    operator = row.get("operator", "")
    if operator not in operators:
        says = f"there is no operator '{shown(operator)}'{did_you_mean(operator, operators)}" if operator else ""
        raise _Column("operator", says or "is missing")
    start, end = _clock(row, "start"), _clock(row, "end")
    day = _date(row.get("date", ""))
    try:
        hours = interval(f"{start}-{end}")
    except ValueError as wrong:
        raise _Column("end", str(wrong)) from None
    return Duty(day, OperatorId(operator), hours, tuple(_breaks(row.get(BREAKS, ""), hours)))


def _clock(row: Mapping[str, str], column: str) -> str:
    text = row.get(column, "")
    if not _CLOCK.fullmatch(text):
        raise _Column(column, f"must be a time such as 09:00, not '{shown(text)}'" if text else "is missing")
    return text


def _date(text: str) -> date:
    try:
        if _ISO.fullmatch(text):
            return date.fromisoformat(text)
        if match := _DAY_FIRST.fullmatch(text):
            return date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        raise _Column("date", f"{text} is not in the calendar") from None
    says = f"must be a date such as 2027-03-01 or 1/3/2027, not '{shown(text)}'"
    raise _Column("date", says if text else "is missing")


def _breaks(text: str, hours: Interval) -> Iterator[Interval]:
    for part in filter(None, _BETWEEN_BREAKS.split(text)):
        try:
            pause = interval(part)
        except ValueError as wrong:
            raise _Column(BREAKS, str(wrong)) from None
        if not (hours.start <= pause.start and pause.end <= hours.end):
            raise _Column(BREAKS, f"{pause} is outside the hours {hours}")
        yield pause


def _no_overlap(duty: Duty, of_the_day: list[Duty]) -> None:
    """Add the duty to its day."""
    for other in of_the_day:
        if (
            other.operator == duty.operator
            and other.hours.start < duty.hours.end
            and duty.hours.start < other.hours.end
        ):
            raise _Column("start", f"{duty.operator} works {other.hours} on {duty.day} already")
    of_the_day.append(duty)
