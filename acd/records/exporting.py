"""The rows of a view, for files of others: read page by page, so that years go through little memory."""

from collections.abc import AsyncIterator
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from acd.figures.periods import Grain, date_of, raw
from acd.model.mendable import Mendable
from acd.records.database import DatabaseUnusable, connect
from acd.records.views import VIEWS, View

_PAGE: Final = 2000


class NoSuchView(Mendable):
    """There is no view {name}."""

    def __init__(self, name: str) -> None:
        known = ", ".join(view.name for view in VIEWS)
        super().__init__(f"there is no view {name!r}; there are: {known}")


def view_named(name: str) -> View:
    """
    Raises:
        NoSuchView: there is none.
    """
    for view in VIEWS:
        if view.name in (name, f"report_{name}"):
            return view
    raise NoSuchView(name)


async def read_view(url: str, view: View, since: float, until: float) -> AsyncIterator[tuple[Any, ...]]:
    """The rows of ``view`` that belong to the time from ``since`` to before ``until``, seconds since the epoch, in
    order; all of a view that belongs to no time. Columns as in :attr:`~acd.records.views.View.columns`.

    Raises:
        DatabaseUnusable: it cannot be read.
    """
    engine = connect(url, readonly=True)
    where, bounds = _period(view, since, until)
    order = ", ".join(f'"{part.strip()}"' for part in ([view.period] if view.period else []) + view.key.split(","))
    statement = text(f"SELECT * FROM {view.name}{where} ORDER BY {order}")  # noqa: S608 - our own names
    try:
        async with engine.connect() as connection:
            found = await connection.stream(statement.execution_options(yield_per=_PAGE), bounds)
            async for row in found:
                yield tuple(row)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnusable(str(engine.url), str(getattr(error, "orig", error))) from error
    finally:
        await engine.dispose()


def _period(view: View, since: float, until: float) -> tuple[str, dict[str, Any]]:
    match view.period:
        case "":
            return "", {}
        case "day":
            first, last = (date_of(raw(Grain.DAY, at)).isoformat() for at in (since, until - 1e-3))
            return " WHERE CAST(day AS text) BETWEEN :first AND :last", {"first": first, "last": last}
        case column:
            return f' WHERE "{column}" >= :since AND "{column}" < :until', {"since": since, "until": until}
