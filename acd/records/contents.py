"""What is in the tables, whatever revision they are of: for going back, and for a backup."""

from collections.abc import Mapping
from typing import Final

from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, func, select, text

from acd.model.mendable import Mendable
from acd.records.tables import PLACE, PROJECTION
from acd.records.views import VIEWS

DERIVED: Final = frozenset({*(table.name for table in PROJECTION), "clock_change", "version"})
"""Made anew from the rest."""

DERIVED_COLUMNS: Final = frozenset(("citizen", name) for name in PLACE)
"""The same, of tables that are not made anew."""

VIEWS_MADE: Final = "views"
"""In ``version``: which text the views were made from."""

Contents = Mapping[tuple[str, str], int]
"""How many rows of a table have something in a column."""


def revision_of(connection: Connection) -> str | None:
    """Which migration made the tables last; None: none did."""
    return MigrationContext.configure(connection).get_current_revision()


def tables_of(connection: Connection) -> list[Table]:
    """Ours, as they are there and not as the code wants them, in an order of their own."""
    found = MetaData()
    found.reflect(connection, views=False)
    return sorted((table for table in found.tables.values() if table.name != "alembic_version"), key=lambda t: t.name)


def contents(connection: Connection) -> Contents:
    """Without what can be made anew."""
    counted: dict[tuple[str, str], int] = {}
    for table in tables_of(connection):
        if table.name not in DERIVED:
            columns = [column for column in table.columns if (table.name, column.name) not in DERIVED_COLUMNS]
            row = connection.execute(select(*(func.count(column) for column in columns)).select_from(table)).one()
            counted |= {(table.name, column.name): count for column, count in zip(columns, row, strict=True)}
    return counted


class InUse(Mendable):
    """The service works on the database."""

    def __init__(self, url: str) -> None:
        super().__init__(f"database {url} is in use by the service; stop it first, on every host")


def refuse_in_use(connection: Connection) -> None:
    """Known on PostgreSQL only, for all hosts; on SQLite the control socket says so. An engine's connections are named
    after it, and one that stands by has one, too.

    Raises:
        InUse: an engine, or another command, is connected.
    """
    if connection.dialect.name != "postgresql":
        return
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND (application_name = 'acd' OR starts_with(application_name, 'acd ')) AND pid <> pg_backend_pid()"
    )
    if connection.scalar(text(others)):
        raise InUse(str(connection.engine.url))


def is_empty(connection: Connection) -> bool:
    """Nothing has happened in it, and nobody has an account."""
    telling = ("event", "account", "callback")
    tables = {table.name: table for table in tables_of(connection)}
    found = (tables[name] for name in telling if name in tables)
    return all(connection.scalar(select(func.count()).select_from(table)) == 0 for table in found)


def drop_views(connection: Connection) -> None:
    """They stand on columns that are about to change; the next start makes them anew."""
    for view in VIEWS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {view.name}")


def forget_made(connection: Connection, *names: str) -> None:
    """Whoever starts next makes this anew (without ``names`` all that is derived): his code may know fewer or more."""
    for table in tables_of(connection):
        if table.name == "version":
            connection.execute(table.delete().where(table.c.name.in_(names)) if names else table.delete())
