"""Rows for every table, whatever revision the tables are of, and what is in them."""

from typing import Any

from sqlalchemy import Boolean, Connection, Double, Float, Integer, Table, insert, select

from acd.records.contents import tables_of

Dump = dict[str, list[dict[str, Any]]]


def fill(connection: Connection, *, spare: frozenset[str] = frozenset()) -> None:
    """Two rows for each table that is empty."""
    for table in tables_of(connection):
        if table.name not in spare and connection.execute(select(table).limit(1)).first() is None:
            connection.execute(insert(table), [_row(table, n) for n in (1, 2)])


def _row(table: Table, n: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for place, column in enumerate(table.columns):
        match column.type:
            case Boolean():
                values[column.name] = n == 1
            case Double() | Float():
                values[column.name] = 1000.25 + n
            case Integer():
                values[column.name] = n
            case _:
                values[column.name] = f"é'\"\n{place}-{n}"
    return values


def dump(connection: Connection) -> Dump:
    return {
        table.name: [dict(row) for row in connection.execute(select(table).order_by(*table.columns)).mappings()]
        for table in tables_of(connection)
    }


def common(dump: Dump, other: Dump) -> Dump:
    """What of it the other has a place for."""
    columns = {name: set(rows[0]) for name, rows in other.items() if rows}
    return {
        name: [{column: value for column, value in row.items() if column in columns[name]} for row in rows]
        for name, rows in dump.items()
        if name in columns
    }
