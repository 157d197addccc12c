"""The lines' names and limits of today, where the views for reports find them."""

from collections.abc import Iterable

from sqlalchemy import delete, insert
from sqlalchemy.exc import SQLAlchemyError

from acd.model.policy import Line
from acd.records.database import DatabaseUnusable, connect, writing
from acd.records.tables import line_setting


async def store_lines(url: str, lines: Iterable[Line]) -> None:
    """Put these lines in the place of those that are there.

    Raises:
        DatabaseUnusable: it cannot be written.
    """
    rows = [
        {
            "line": line.id,
            "place": place,
            "name_nl": line.names.get("nl", line.id),
            "name_en": line.names.get("en", line.id),
            "name_fr": line.names.get("fr", line.id),
            "short_abandon": line.short_abandon,
            "target_wait": line.target_wait,
            "target_share": line.target_share,
            "target_reachability": line.target_reachability,
            "offer_after": None if line.callback is None else line.callback.after,
        }
        for place, line in enumerate(lines, 1)
    ]
    engine = connect(url)
    try:
        async with writing(engine) as connection:
            await connection.execute(delete(line_setting))
            if rows:
                await connection.execute(insert(line_setting), rows)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnusable(str(engine.url), str(getattr(error, "orig", error))) from error
    finally:
        await engine.dispose()
