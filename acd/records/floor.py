"""The whole number at or below another, in both databases."""

from typing import Any

from sqlalchemy import Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class floor(FunctionElement[float]):  # noqa: N801 - as a statement has it
    """SQLAlchemy gives SQLite the ``floor()`` of Python, which needs the interpreter for each row: two statements of a
    year at once took three times as long as one. So it is written in what SQLite does by itself."""

    inherit_cache = True
    type = Double()


@compiles(floor)
def _by_name(element: floor, compiler: SQLCompiler, **more: Any) -> str:
    return f"floor({compiler.process(element.clauses, **more)})"


@compiles(floor, "sqlite")
def _by_cutting(element: floor, compiler: SQLCompiler, **more: Any) -> str:
    number = compiler.process(element.clauses, **more)
    return f"(CAST({number} AS INTEGER) - (({number}) < CAST({number} AS INTEGER)))"
