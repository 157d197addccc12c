"""What stands in a file that a spreadsheet opens is a text or a number, never something to be worked out."""

import csv
import io
import zipfile

import pytest

from acd.figures.sheets import Sheet, csv_line, sheet_csv, sheet_xlsx

FORMULAS = ("=1+1", "+32470000001", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", '=HYPERLINK("https://evil.example";"x")')


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_csv_begins_as_a_formula(text: str) -> None:
    sheet = Sheet([text], [[text, 1, -2.5]], [[text]])
    for line in ("".join(sheet_csv(sheet)), csv_line([text, 1])):
        cells = [cell for row in csv.reader(io.StringIO(line, newline="")) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]
        assert [cell for cell in cells if cell.startswith("-")] in ([], ["-2.5"])
        assert f"'{text}" in cells


@pytest.mark.parametrize("text", FORMULAS)
def test_nor_is_a_cell_of_a_workbook_one(text: str) -> None:
    with zipfile.ZipFile(io.BytesIO(sheet_xlsx(Sheet([text], [[text]], [[text]])))) as book:
        sheets = [book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/")]
    assert len(sheets) == 2
    assert not any(b"<f>" in sheet or b"<hyperlink" in sheet for sheet in sheets)
