"""A report goes to the screen, into a file, or out as JSON."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from acd.cli.terminal import out, plainly

if TYPE_CHECKING:
    from acd.figures.sheets import Sheet


def deliver(sheet: "Sheet", made: Any, to: Path | None, *, as_json: bool, show: Callable[[], None]) -> None:
    """
    Args:
        sheet: what a file gets.
        made: what is said as JSON.
        show: puts it on the screen.
    """
    from acd.bootstrap.reports import write_sheet

    if to is not None:
        with plainly():
            write_sheet(sheet, to)
        out.print(f"written to {to}")
    elif as_json:
        sys.stdout.write(msgspec.json.encode(made).decode() + "\n")
    else:
        show()
