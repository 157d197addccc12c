"""From one revision of the schema to another, also back: before an older version of the product is installed again."""

from collections.abc import Sequence

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from acd.model.mendable import Mendable
from acd.records.contents import Contents, contents, drop_views, forget_made, refuse_in_use, revision_of
from acd.records.database import DatabaseUnusable, alembic_config, connect, writing


class WouldBeLost(Mendable):
    """Revision {revision} has no place for {what}."""

    def __init__(self, revision: str, lost: Sequence[str]) -> None:
        super().__init__(f"revision {revision} has no place for: {', '.join(lost)}; nothing was changed")


class NoSuchRevision(Mendable):
    """There is no revision {revision}; there are: {known}."""

    def __init__(self, revision: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no revision {revision!r} before this one; there are: {', '.join(known)}")


async def go_back(url: str, revision: str, *, lose: bool = False) -> list[str]:
    """Bring the schema back to an older revision, in one transaction; what can be made anew is left to the next start.

    Args:
        lose: also when something is lost that the older schema cannot hold.

    Returns:
        What was lost, in words: ``contact (17 rows)``.

    Raises:
        NoSuchRevision: it is not an older one of ours.
        WouldBeLost: and ``lose`` was not said.
        InUse: the service runs on it, here or on another host.
        DatabaseUnusable: it cannot be reached or changed.
    """
    engine = connect(url)
    try:
        async with writing(engine) as connection:
            await connection.run_sync(refuse_in_use)
            return await connection.run_sync(_go_back, revision, lose)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnusable(str(engine.url), str(getattr(error, "orig", error))) from error
    finally:
        await engine.dispose()


def _go_back(connection: Connection, revision: str, lose: bool) -> list[str]:
    config = alembic_config(connection)
    now = revision_of(connection)
    scripts = ScriptDirectory.from_config(config)
    try:
        older = [script.revision for script in scripts.walk_revisions("base", now or "base")]
    except CommandError:
        raise NoSuchRevision(str(now), [script.revision for script in scripts.walk_revisions()]) from None
    if revision not in older:
        raise NoSuchRevision(revision, older)
    before = contents(connection)
    drop_views(connection)
    command.downgrade(config, revision)
    lost = missing(before, contents(connection))
    if lost and not lose:
        raise WouldBeLost(revision, lost)
    forget_made(connection)
    return lost


def missing(before: Contents, after: Contents) -> list[str]:
    """What had something in it and is not there any more. A table is said once, not with each of its columns."""
    tables_left = {table for table, _ in after}
    whole = {table: max(n for (of, _), n in before.items() if of == table) for table, _ in before}
    lost = [f"{table} ({n} rows)" for table, n in whole.items() if table not in tables_left and n]
    gone = (((table, column), n) for (table, column), n in before.items() if table in tables_left and n)
    return lost + [f"{table}.{column} ({n} rows)" for (table, column), n in gone if (table, column) not in after]


def newest() -> str:
    """The revision that this version works with."""
    return _scripts().get_current_head() or ""


def known_revisions() -> frozenset[str]:
    """All that this version can work on, or bring up to date."""
    return frozenset(script.revision for script in _scripts().walk_revisions())


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", "acd.records:migrations")
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


async def revision_at(url: str) -> str | None:
    """The revision of a database; None: none of ours.

    Raises:
        DatabaseUnusable: it cannot be read.
    """
    engine = connect(url, readonly=True)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(revision_of)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnusable(str(engine.url), str(getattr(error, "orig", error))) from error
    finally:
        await engine.dispose()
